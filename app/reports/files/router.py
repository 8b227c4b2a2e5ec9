"""The HTTP side of reports as files and pictures."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.access.dependencies import SnapshotBook, waits_for
from app.core.conditional import IfNoneMatch, end_if_unchanged, list_tag
from app.core.problems import not_modified, problems
from app.core.routing import routes
from app.rendering import charts
from app.rendering.charts import PictureFormat, ThemeName
from app.rendering.files import MEDIA_TYPES, Export, pieces
from app.reports.files import service, yearly
from app.reports.files.asking import asked_of, parameters, report_named
from app.reports.files.service import FileFormat
from app.reports.registry import REPORTS
from app.reports.router import answer

files = routes("/exports", "exports", reads="exports:read")
pictures = routes("/reports", "reports", reads="reports:read")
ROUTERS = (files, pictures)

NAMES = {"type": "string", "enum": list(REPORTS)}
PARAMETERS = {"parameters": parameters()}
PICTURE_HEADERS = {
    # A drawing is shown where it is put, and runs nothing even where it is opened by itself.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}


def _answers(what: str, *formats: str) -> dict[int | str, dict[str, Any]]:
    found = {
        "description": what,
        "content": {
            MEDIA_TYPES[name].partition(";")[0]: {"schema": {"type": "string", "format": "binary"}} for name in formats
        },
        "headers": {"ETag": {"description": "For `If-None-Match`.", "schema": {"type": "string"}}},
    }
    return {200: found, **problems(404), **not_modified()}


def _download(export: Export, tag: str) -> StreamingResponse:
    headers = {
        "Content-Disposition": f'attachment; filename="{export.name}"',
        "Content-Length": str(export.size),
        "ETag": tag,
    }
    kind = export.name.rpartition(".")[2]
    return StreamingResponse(pieces(export), headers=headers, media_type=MEDIA_TYPES[kind])


@files.get(
    "/reports",
    response_class=Response,
    operation_id="export_report",
    summary="A report as CSV, XLSX or PDF",
    responses=_answers("The report as a file.", "csv", "xlsx", "pdf", "zip"),
    dependencies=[waits_for("writing_files")],
    openapi_extra=PARAMETERS,
)
async def export_report(
    request: Request,
    response: Response,
    book: SnapshotBook,
    report: Annotated[str, Query(description="Which one, by the name in its path.", json_schema_extra=NAMES)],
    format: Annotated[FileFormat, Query(description="`zip` has every table as CSV.")] = "csv",  # noqa: A002  # public
    table: Annotated[
        str | None,
        Query(max_length=50, description="One table of the report alone; CSV without it has the first."),
    ] = None,
    bom: Annotated[bool, Query(description="CSV that begins with a byte order mark, for Excel.")] = False,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The same as the report at `/reports/{report}`, with the same parameters.

    XLSX has a sheet for each table; PDF the chart and every table.
    """
    wanted = report_named(report)
    document = await answer(wanted, book, response, asked_of(wanted, request.query_params), if_none_match)
    return _download(await service.as_file(wanted, document, format, table, mark=bom), response.headers["ETag"])


@files.get(
    "/yearly.pdf",
    response_class=Response,
    operation_id="export_year",
    summary="A year on paper",
    responses=_answers("The year as PDF.", "pdf"),
    dependencies=[waits_for("writing_files")],
)
async def export_year(
    response: Response,
    book: SnapshotBook,
    year: Annotated[
        int | None, Query(ge=yearly.FIRST_YEAR, le=9998, description="The last whole year when absent.")
    ] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Income and expenses by month, categories, net worth, budgets and the largest transactions, with charts.

    Of the present year it tells what has been.
    """
    today = book.actor.today()
    wanted = year or today.year - 1
    # Rates and prices change without the book, and net worth by them: nothing older than today is as good as this.
    tag = list_tag(book.book_id, book.revision, "year", wanted, today)
    end_if_unchanged(response, if_none_match, tag)
    return _download(await yearly.summary(book, wanted), tag)


def _draws(picture: PictureFormat) -> Callable[..., Awaitable[Response]]:
    async def draw_report(
        request: Request,
        response: Response,
        book: SnapshotBook,
        report: Annotated[str, Path(description="The report, by the name in its path.", json_schema_extra=NAMES)],
        theme: Annotated[ThemeName, Query(description="The ground that it stands on.")] = "light",
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        wanted = report_named(report)
        document = await answer(wanted, book, response, asked_of(wanted, request.query_params), if_none_match)
        content = await charts.draw(wanted.chart(document), picture, theme)
        headers = {**PICTURE_HEADERS, "ETag": response.headers["ETag"]}
        return Response(content, headers=headers, media_type=MEDIA_TYPES[picture])

    return draw_report


for _picture in ("svg", "png"):
    pictures.add_api_route(
        f"/{{report}}/chart.{_picture}",
        _draws(_picture),
        methods=["GET"],
        response_class=Response,
        operation_id=f"draw_report_{_picture}",
        summary=f"The chart of a report as {_picture.upper()}",
        description="Of the report at `/reports/{report}` with the same parameters. "
        "It has a ground of its own; `<title>` and `<desc>` of the SVG say the same in words.",
        responses=_answers("The chart.", _picture),
        dependencies=[waits_for("drawing")],
        openapi_extra=PARAMETERS,
    )

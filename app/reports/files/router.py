"""The HTTP side of reports as files and pictures."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

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
from app.reports.saved_router import run_saved_report

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


FormatParam = Annotated[FileFormat, Query(description="`zip` has every table as CSV.")]
TableParam = Annotated[
    str | None,
    Query(max_length=50, description="One table of the report alone; CSV without it has the first."),
]
MarkParam = Annotated[bool, Query(description="CSV that begins with a byte order mark, for Excel.")]
ThemeParam = Annotated[ThemeName, Query(description="The ground that it stands on.")]


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
    format: FormatParam = "csv",  # noqa: A002  # its public name
    table: TableParam = None,
    bom: MarkParam = False,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The same as the report at `/reports/{report}`, with the same parameters.

    XLSX has a sheet for each table; PDF the chart and every table.
    """
    made = await _made(request, response, book, report, if_none_match)
    return _download(await service.as_file(made, format, table, mark=bom), response.headers["ETag"])


@files.get(
    "/reports/saved/{saved_report_id}",
    response_class=Response,
    operation_id="export_saved_report",
    summary="A saved report as CSV, XLSX or PDF",
    responses=_answers("The report as a file.", "csv", "xlsx", "pdf", "zip"),
    dependencies=[waits_for("writing_files")],
)
async def export_saved_report(
    saved_report_id: UUID,
    response: Response,
    book: SnapshotBook,
    format: FormatParam = "csv",  # noqa: A002  # its public name
    table: TableParam = None,
    bom: MarkParam = False,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """What `/reports/saved/{saved_report_id}/run` says now."""
    made = service.of_saved(await run_saved_report(saved_report_id, book, response, if_none_match))
    return _download(await service.as_file(made, format, table, mark=bom), response.headers["ETag"])


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


async def _made(
    request: Request, response: Response, book: SnapshotBook, name: str, if_none_match: str | None
) -> service.Made:
    """The report of this name with the request's parameters; or the end of the request where the client has it."""
    report = report_named(name)
    asked = asked_of(report, request.query_params)
    return service.of_registry(report, await answer(report, book, response, asked, if_none_match))


async def _picture_of(made: service.Made, picture: PictureFormat, theme: ThemeName, tag: str) -> Response:
    content = await charts.draw(made.chart, picture, theme)
    return Response(content, headers={**PICTURE_HEADERS, "ETag": tag}, media_type=MEDIA_TYPES[picture])


def _draws(picture: PictureFormat) -> Callable[..., Awaitable[Response]]:
    async def draw_report(
        request: Request,
        response: Response,
        book: SnapshotBook,
        report: Annotated[str, Path(description="The report, by the name in its path.", json_schema_extra=NAMES)],
        theme: ThemeParam = "light",
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        made = await _made(request, response, book, report, if_none_match)
        return await _picture_of(made, picture, theme, response.headers["ETag"])

    return draw_report


def _draws_saved(picture: PictureFormat) -> Callable[..., Awaitable[Response]]:
    async def draw_saved_report(
        saved_report_id: UUID,
        response: Response,
        book: SnapshotBook,
        theme: ThemeParam = "light",
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        made = service.of_saved(await run_saved_report(saved_report_id, book, response, if_none_match))
        return await _picture_of(made, picture, theme, response.headers["ETag"])

    return draw_saved_report


WORDS = "It has a ground of its own; `<title>` and `<desc>` of the SVG say the same in words."
_pictures: tuple[PictureFormat, ...] = ("svg", "png")
for _picture in _pictures:
    pictures.add_api_route(
        f"/{{report}}/chart.{_picture}",
        _draws(_picture),
        methods=["GET"],
        response_class=Response,
        operation_id=f"draw_report_{_picture}",
        summary=f"The chart of a report as {_picture.upper()}",
        description=f"Of the report at `/reports/{{report}}` with the same parameters. {WORDS}",
        responses=_answers("The chart.", _picture),
        dependencies=[waits_for("drawing")],
        openapi_extra=PARAMETERS,
    )
    pictures.add_api_route(
        f"/saved/{{saved_report_id}}/chart.{_picture}",
        _draws_saved(_picture),
        methods=["GET"],
        response_class=Response,
        operation_id=f"draw_saved_report_{_picture}",
        summary=f"The chart of a saved report as {_picture.upper()}",
        description=f"Of what `/reports/saved/{{saved_report_id}}/run` says now. {WORDS}",
        responses=_answers("The chart.", _picture),
        dependencies=[waits_for("drawing")],
    )

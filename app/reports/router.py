"""The HTTP side of reports."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import BaseModel

from app.access.dependencies import ReadBook
from app.budgets.outputs import ReportOut
from app.core.conditional import IfNoneMatch, end_if_unchanged, list_tag
from app.core.fields import CivilDate
from app.core.problems import not_modified, problems
from app.core.routing import routes
from app.reports import categories, service
from app.reports.asked import digest
from app.reports.registry import REPORTS, Report
from app.reports.saved_router import router as saved
from app.reports.schemas import CategoriesReport

router = routes("/reports", "reports", reads="reports:read")
analytics = routes("/analytics", "reports", reads="reports:read")
ROUTERS = (router, analytics, saved)


@router.get(
    "/budgets",
    response_model=ReportOut,
    operation_id="report_budgets",
    summary="How the budgets stand, and their sums",
    responses={**problems(404), **not_modified()},
)
async def report_budgets(
    book: ReadBook,
    response: Response,
    date: Annotated[CivilDate | None, Query(description="Today when absent.")] = None,
    if_none_match: IfNoneMatch = None,
) -> object:
    """Every budget in its period that contains the day. Archived ones and those that do not cover it are left out."""
    today = book.actor.today()
    day = date or today
    end_if_unchanged(response, if_none_match, list_tag(book.book_id, book.revision, "budgets", day, today))
    return await service.of_budgets(book, day)


async def answer(
    report: Report, book: ReadBook, response: Response, asked: BaseModel, if_none_match: str | None
) -> dict[str, Any]:
    """The report's document with its `ETag`, or the end of the request where the client has it.

    What depends on rates or prices changes without the book: its tag is that of the document, and it is computed.
    """
    own = getattr(asked, "currency", None) in {None, book.base_currency}
    question = digest(report.name, asked)
    if own and not report.valued:
        tag = list_tag(book.book_id, book.revision, question, book.actor.today())
        end_if_unchanged(response, if_none_match, tag)
        return await report.run(book, asked)
    document = await report.run(book, asked)
    end_if_unchanged(response, if_none_match, list_tag(book.book_id, book.revision, question, digest(document)))
    return document


def _endpoint(report: Report) -> Callable[..., Awaitable[dict[str, Any]]]:
    async def read_report(
        book: ReadBook, response: Response, asked: Any, if_none_match: IfNoneMatch = None
    ) -> dict[str, Any]:
        return await answer(report, book, response, asked, if_none_match)

    read_report.__annotations__["asked"] = Annotated[report.asked, Query()]
    return read_report


for _report in REPORTS.values():
    router.add_api_route(
        f"/{_report.name}",
        _endpoint(_report),
        response_model=_report.out,
        operation_id=f"report_{_report.name.replace('-', '_')}",
        summary=_report.title,
        description=inspect.cleandoc(_report.description),
        responses={**problems(404), **not_modified()},
    )


@analytics.get(
    "/categories",
    response_model=CategoriesReport,
    operation_id="analyse_categories",
    summary="Spending of this month by category",
    responses={**problems(404), **not_modified()},
)
async def analyse_categories(book: ReadBook, response: Response, if_none_match: IfNoneMatch = None) -> dict[str, Any]:
    """The report of categories for the present month, with the five before it as its trend."""
    return await answer(REPORTS["categories"], book, response, categories.Asked(), if_none_match)

"""The HTTP side of reports."""

from typing import Annotated

from fastapi import Query, Response

from app.access.dependencies import ReadBook
from app.budgets.outputs import ReportOut
from app.core.conditional import IfNoneMatch, end_if_unchanged, list_tag
from app.core.fields import CivilDate
from app.core.problems import not_modified, problems
from app.core.routing import routes
from app.reports import service
from app.reports.schemas import MonthlyReport

router = routes("/reports", "reports", reads="reports:read")


@router.get(
    "/monthly",
    response_model=MonthlyReport,
    operation_id="report_monthly",
    summary="Income and expenses of a month",
    responses={**problems(404), **not_modified()},
)
async def report_monthly(
    book: ReadBook,
    response: Response,
    year: Annotated[int | None, Query(ge=1900, le=9998, description="This year when absent.")] = None,
    month: Annotated[int | None, Query(ge=1, le=12, description="This month when absent.")] = None,
    if_none_match: IfNoneMatch = None,
) -> object:
    """What came in and went out, by category, as a tree; the amounts of a category include those below it.

    Transfers are neither. Costs the same however many transactions the book has.
    """
    today = book.actor.today()
    wanted = year or today.year, month or today.month
    end_if_unchanged(response, if_none_match, list_tag(book.book_id, book.revision, *wanted, today))
    return await service.monthly(book, *wanted)


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

"""The HTTP side of the weekly report."""

from typing import Annotated, Any

from fastapi import Query, Request, Response

from app.access.context import BookReader
from app.access.dependencies import Idempotent, ReadBook
from app.core.conditional import IfNoneMatch, end_if_unchanged, list_tag
from app.core.fields import CivilDate
from app.core.problems import not_modified, problems
from app.core.routing import require, routes
from app.weekly import sending, service
from app.weekly.schemas import SendWeekly, WeeklyReport, WeeklySent

router = routes("/reports/weekly", "reports", reads="reports:read", errors=(404,))
WeekQuery = Annotated[
    CivilDate | None, Query(description="Any day of the week, which begins on Monday; the last whole one when absent.")
]


def _monday(book: BookReader, week: CivilDate | None) -> CivilDate:
    return service.week_of(week) if week is not None else service.last_whole_week(book.actor.today())


@router.get(
    "",
    response_model=WeeklyReport,
    operation_id="report_weekly",
    summary="A week against the one before",
    responses=not_modified(),
)
async def report_weekly(
    book: ReadBook, response: Response, week: WeekQuery = None, if_none_match: IfNoneMatch = None
) -> dict[str, Any]:
    """What came in and went out, budgets, bills of the next seven days, notable expenses, and how balances changed.

    It is what the mail of each Monday morning says. Accounts that are hidden from you are in none of it.
    """
    first = _monday(book, week)
    end_if_unchanged(response, if_none_match, list_tag(book.book_id, book.revision, first, book.actor.today()))
    return await service.weekly(book, first)


@router.post(
    "/send",
    status_code=202,
    response_model=WeeklySent,
    operation_id="send_weekly_report",
    summary="Mail me a weekly report now",
    dependencies=[require("reports:send"), Idempotent],
    responses=problems(409),
)
async def send_weekly_report(request: Request, book: ReadBook, body: SendWeekly | None = None) -> dict[str, Any]:
    """Sends the report of the open book to your own address, with a chart. It has to be confirmed (409)."""
    first = _monday(book, body.week if body is not None else None)
    address = await sending.send_now(book, request.app.state.settings, first)
    return {"mail_address": address, "from": first, "to": first + 6 * service.DAY}

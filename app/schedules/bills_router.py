"""The HTTP side of bills."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from app.access.dependencies import Idempotent, ReadBook, WriteBook
from app.core.conditional import IfNoneMatch, end_if_unchanged, list_tag
from app.core.errors import invalid
from app.core.fields import CivilDate
from app.core.problems import not_modified, problems
from app.core.routing import routes
from app.schedules import bills
from app.schedules.bills_schemas import BillOut, BillsOut, BillStatus, MatchIn

router = routes("/bills", "bills", reads="schedules:read", writes="schedules:write")
payments = routes("/schedules/{schedule_id}/occurrences/{due_on}", "bills", reads="schedules:write")
ROUTERS = (router, payments)

SPAN = timedelta(days=31)
LONGEST = timedelta(days=731)


@router.get(
    "",
    response_model=BillsOut,
    operation_id="list_bills",
    summary="List bills with their status",
    responses={**problems(404), **not_modified()},
)
async def list_bills(
    book: ReadBook,
    response: Response,
    date_from: Annotated[CivilDate | None, Query(alias="from", description="31 days ago when absent.")] = None,
    date_to: Annotated[CivilDate | None, Query(alias="to", description="In 31 days when absent.")] = None,
    status: Annotated[list[BillStatus] | None, Query(description="Only these; more than one may be named.")] = None,
    if_none_match: IfNoneMatch = None,
) -> object:
    """Schedules of kind `bill` whose date lies in these days, two years at most, by date, with what is ahead.

    `due` is due today, or within the bill's `remind_days`; `overdue` has its date behind it and no payment.
    """
    today = book.actor.today()
    first, last = date_from or today - SPAN, date_to or today + SPAN
    if last < first:
        raise invalid("query.to", "before_from", "lies before the first day")
    if last - first > LONGEST:
        raise invalid("query.to", "too_long", "ask for two years at most")
    wanted = sorted(set(status or ()))
    end_if_unchanged(response, if_none_match, list_tag(book.book_id, book.revision, today, first, last, *wanted))
    return await bills.listed(book, first, last, wanted)


@payments.post(
    "/match",
    response_model=BillOut,
    operation_id="match_bill",
    summary="Say which transaction pays a bill",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def match_bill(schedule_id: UUID, due_on: CivilDate, body: MatchIn, book: WriteBook) -> dict[str, Any]:
    """Whatever its day and amount are; it is on the bill's account and of its type. It then stays matched."""
    return await bills.match(book, schedule_id, due_on, body.transaction_id)


@payments.post(
    "/unmatch",
    response_model=BillOut,
    operation_id="unmatch_bill",
    summary="Take a bill's payment away",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def unmatch_bill(schedule_id: UUID, due_on: CivilDate, book: WriteBook) -> dict[str, Any]:
    """The bill is open again. The transaction stays, and is not matched with this occurrence again by itself."""
    return await bills.unmatch(book, schedule_id, due_on)

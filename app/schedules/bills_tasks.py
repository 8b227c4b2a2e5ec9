"""Reminding of bills, once a day: before they are due, and once they are overdue."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.access.acting import open_for
from app.access.context import BookReader
from app.core.errors import NotFoundError
from app.core.jobs.queue import defer
from app.core.jobs.tasks import Task, Work
from app.core.money import plain
from app.notifications.notices import Kind, Notice, notify_members
from app.schedules import bills_repository as repository
from app.schedules.bills import is_bill, status_of
from app.schedules.bills_writing import due_key, overdue_key
from app.schedules.planned import Occurrence, occurrences_of

REMIND = "bills.remind"
LOOKS_BACK = timedelta(days=62)
"""For how long what is overdue is still told, where nobody was told before."""
LOOKS_AHEAD = timedelta(days=62)


async def remind_books(work: Work, _: Mapping[str, Any]) -> None:
    """Have each book that has bills looked at by a job of its own."""
    for book_id in await repository.books_with_bills(work.connection):
        await defer(work.connection, REMIND, {"book_id": str(book_id)}, key=f"{REMIND}:{book_id}")


async def remind(work: Work, payload: Mapping[str, Any]) -> None:
    """Tell the members of one book which bills are due and which overdue, each once, until it is paid or skipped.

    Today is that of the member for whom the job acts. A book that is gone has nobody to tell.
    """
    try:
        book = await open_for(work.connection, UUID(payload["book_id"]), None)
    except NotFoundError:
        return
    today = work.at.astimezone(ZoneInfo(book.actor.time_zone)).date()
    await _remind(book, today)


async def _remind(book: BookReader, today: date) -> None:
    first, last = today - LOOKS_BACK, today + LOOKS_AHEAD
    schedules = await repository.bills(book.connection, book.book_id, first, last)
    for bill in await occurrences_of(book, schedules, first, last, [(first, last)]):
        status = status_of(bill, today)
        if is_bill(bill) and (status == "overdue" or (status == "due" and bill.schedule.remind_days is not None)):
            await notify_members(book.connection, _notice(bill, status))


def _notice(bill: Occurrence, status: str) -> Notice:
    schedule, about = bill.schedule, bill.estimate
    link = (schedule.id, bill.due_on)
    late = status == "overdue"
    amount = f"{plain(about.expected)} {schedule.currency}" if about is not None else schedule.currency
    return Notice(
        Kind.BILL_OVERDUE if late else Kind.BILL_DUE,
        overdue_key(link) if late else due_key(link),
        f"{schedule.name} {'was' if late else 'is'} due on {bill.date}",
        f"{amount} expected; no payment has come yet." if late else f"{amount} expected.",
        {
            "schedule_id": schedule.id,
            "due_on": bill.due_on,
            "date": bill.date,
            "amount": plain(about.expected) if about is not None else None,
            "currency": schedule.currency,
            "direction": schedule.template["type"],
        },
        schedule.account_ids,
    )


TASKS = (Task("bills.daily", remind_books, every="0 5 * * *"), Task(REMIND, remind))

"""What the scheduler does in a book: post what is due, or put it up to be confirmed; each occurrence once.

The book is held meanwhile, so that nobody confirms what is being posted, and each occurrence has one row by its key.
Missed days are caught up with. An occurrence that cannot be posted fails by itself.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.acting import open_for, writing_for
from app.access.context import BookWriter
from app.core.database import AnyRow, domain_error_of
from app.core.errors import BusyError, DomainError, NotFoundError
from app.core.ids import new_id
from app.core.money import plain
from app.notifications.notices import Kind, Notice, notify_members
from app.schedules import repository, templates
from app.schedules.planned import Occurrence, occurrence
from app.schedules.service import notice_key
from app.schedules.upcoming import next_on, sleeps, waiting
from app.transactions import service as transactions

Document = dict[str, Any]

MOST_AT_ONCE = 500
"""Occurrences of one book in one transaction; the rest comes with the next tick."""


@dataclass(frozen=True)
class Due:
    """An occurrence that is to be posted, or put up, now."""

    one: Occurrence
    values: Document
    """What is to be kept of it."""


async def post_due(connection: AsyncConnection, book_id: UUID, user_id: UUID | None, at: datetime) -> None:
    """Do what is due in a book by the schedules of this person, whose civil day `at` is taken as.

    Does nothing, and leaves the book alone, where it was done already or the book is gone.
    """
    try:
        reader = await open_for(connection, book_id, user_id)
    except NotFoundError:
        return
    today = at.astimezone(ZoneInfo(reader.actor.time_zone)).date()
    if not await repository.is_due(connection, book_id, user_id, today):
        return
    async with writing_for(connection, book_id, user_id) as book:
        await _do(book, await repository.due(connection, book_id, user_id, today), today)


async def _do(book: BookWriter, schedules: Sequence[AnyRow], today: date) -> None:
    kept = await repository.kept_of(book.connection, book.book_id, [schedule.id for schedule in schedules])
    found = [
        _due(book, schedule, due_on, day, kept[schedule.id].get(due_on), today)
        for schedule in schedules
        if not sleeps(schedule)
        for due_on, day in waiting(schedule, kept[schedule.id], today)
    ]
    # The oldest first, of whichever schedule.
    found = sorted(found, key=lambda due: (due.one.date, due.one.due_on))[:MOST_AT_ONCE]
    await _put_up(book, [due for due in found if due.one.schedule.mode == "confirm"])
    await _post(book, [due for due in found if due.one.schedule.mode == "post"])
    kept = await repository.kept_of(book.connection, book.book_id, [schedule.id for schedule in schedules])
    days = {schedule.id: next_on(schedule, kept[schedule.id]) for schedule in schedules}
    await repository.set_next(book.connection, book.book_id, days)


def _due(book: BookWriter, schedule: AnyRow, due_on: date, day: date, kept: AnyRow | None, today: date) -> Due:
    values = {
        "book_id": book.book_id,
        "schedule_id": schedule.id,
        "due_on": due_on,
        "id": kept.id if kept is not None else new_id(),
        "date": day,
        "status": "due",
        "amount": kept.amount if kept is not None else None,
        "transaction_id": None,
        "reason": None,
        "reason_code": None,
        "revision": book.revision,
    }
    return Due(occurrence(schedule, due_on, kept, today), values)


async def _put_up(book: BookWriter, found: Sequence[Due]) -> None:
    if not found:
        return
    await repository.keep(book.connection, [due.values for due in found])
    for due in found:
        if due.one.schedule.kind != "bill":  # people are told of bills as bills
            await _tell(book, due.one, Kind.SCHEDULE_DUE, "due", f"{due.one.schedule.name} waits for you to confirm it")


async def _post(book: BookWriter, found: Sequence[Due]) -> None:
    """All together; where one of them is refused, one by one."""
    if not found:
        return
    try:
        async with _attempt(book):
            await _write(book, found)
    except DomainError:
        for due in found:
            await _post_one(book, due)
    else:
        for due in found:
            await _tell(book, due.one, Kind.SCHEDULE_POSTED, "posted", f"{due.one.schedule.name} was posted")


async def _post_one(book: BookWriter, due: Due) -> None:
    try:
        async with _attempt(book):
            await _write(book, [due])
    except DomainError as error:
        failed = {**due.values, "status": "failed", "reason": error.detail, "reason_code": error.code}
        await repository.keep(book.connection, [failed])
        title = f"{due.one.schedule.name} could not be posted"
        await _tell(book, due.one, Kind.SCHEDULE_FAILED, "failed", title, error.detail)
    else:
        await _tell(book, due.one, Kind.SCHEDULE_POSTED, "posted", f"{due.one.schedule.name} was posted")


@asynccontextmanager
async def _attempt(book: BookWriter) -> AsyncIterator[None]:
    """A savepoint; what the block did and was about to tell is as if it never was when it raises.

    The database's refusals are raised as the domain errors that they stand for.
    """
    pending, written, days = list(book.pending), list(book.written), list(book.days)
    try:
        async with book.connection.begin_nested():
            yield
    except (DomainError, DBAPIError) as error:
        book.pending[:], book.written[:], book.days[:] = pending, written, days
        meant = domain_error_of(error) if isinstance(error, DBAPIError) else error
        if meant is None or isinstance(meant, BusyError):
            raise  # nothing about this occurrence: the job is tried again
        raise meant from error


async def _write(book: BookWriter, found: Sequence[Due]) -> None:
    bodies, rows = [], []
    for due in found:
        schedule, transaction_id = due.one.schedule, new_id()
        rows.append({**due.values, "status": "posted", "transaction_id": transaction_id})
        bodies.append(
            templates.of_occurrence(schedule.template, due.one.date, _amount(due), schedule.exponent, id=transaction_id)
        )
    # First what they stand for, so that who looks at what was written finds it.
    await repository.keep(book.connection, rows)
    await transactions.create_many(book, bodies)


def _amount(due: Due) -> Decimal | None:
    return due.one.estimate.expected if due.one.estimate is not None else None


async def _tell(book: BookWriter, one: Occurrence, kind: Kind, what: str, title: str, reason: str = "") -> None:
    schedule = one.schedule
    amount = plain(one.estimate.expected) if one.estimate is not None else None
    about = f"{amount} {schedule.currency}, {one.date}" if amount is not None else f"{one.date}"
    data = {
        "schedule_id": schedule.id,
        "due_on": one.due_on,
        "date": one.date,
        "amount": amount,
        "currency": schedule.currency,
    }
    await notify_members(
        book.connection,
        Notice(
            kind,
            notice_key(what, schedule.id, one.due_on),
            title,
            f"{about}. {reason}".strip() if reason else about,
            {name: str(value) if value is not None else None for name, value in data.items()},
            schedule.account_ids,
        ),
    )

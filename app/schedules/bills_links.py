"""Which schedules stand for which part of the history, for what looks at the history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.context import BookReader, BookWriter, Event
from app.access.private import seeing_all
from app.core.ids import new_id
from app.notifications.notices import notify_members
from app.schedules import bills_repository as repository
from app.schedules import reading
from app.schedules.bills_writing import ENTITY, price_notice
from app.schedules.planned import OPEN, occurrences_of
from app.schedules.prices import PriceChange


@dataclass(frozen=True)
class Linked:
    """A live schedule and the transactions of its occurrences; `amount` is its fixed one, a magnitude."""

    id: UUID
    name: str
    account_id: UUID
    direction: str
    payee: str | None
    amount: Decimal | None
    transaction_ids: frozenset[UUID]


async def linked(book: BookReader, since: date) -> list[Linked]:
    """Every schedule that is not archived, in one statement; its transactions are those of occurrences since a day."""
    return [
        Linked(row.id, row.name, row.account_id, row.direction, row.payee, row.amount, frozenset(row.transaction_ids))
        for row in await repository.linked(book.connection, book.book_id, since)
    ]


@dataclass(frozen=True)
class Yearly:
    """What one schedule is still to bring in some days; `total` is a magnitude in its currency."""

    id: UUID
    name: str
    direction: str
    currency: str
    exponent: int
    total: Decimal


async def yearly(book: BookReader, first: date, last: date) -> list[Yearly]:
    """The expenses and incomes that schedules bring in these days, one line for each schedule, in two statements."""
    schedules = [
        row
        for row in await reading.active(book.connection, book.book_id, last)
        if row.template["type"] in {"expense", "income"}
    ]
    totals: dict[UUID, Decimal] = {}
    for one in await occurrences_of(book, schedules, first, last):
        if one.status in OPEN and one.estimate is not None:
            totals[one.schedule.id] = totals.get(one.schedule.id, Decimal(0)) + one.estimate.expected
    return [
        Yearly(row.id, row.name, row.template["type"], row.currency, row.exponent, totals[row.id])
        for row in schedules
        if row.id in totals
    ]


async def link_history(book: BookWriter, schedule_id: UUID, paid: Sequence[tuple[date, UUID]]) -> None:
    """Keep which transactions paid the occurrences that lie before a bill's beginning; nobody is told of them.

    What stands for an occurrence of another schedule, an archived or a hidden one too, stays with that.
    """
    async with seeing_all(book):
        taken = await repository.taken(book.connection, book.book_id, [transaction_id for _, transaction_id in paid])
    links: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "schedule_id": schedule_id,
            "due_on": due_on,
            "date": due_on,
            "status": "matched",
            "amount": None,
            "transaction_id": transaction_id,
            "reason": None,
            "reason_code": None,
        }
        for due_on, transaction_id in paid
        if transaction_id not in taken
    ]
    await repository.link(book.connection, book.book_id, book.revision, links)
    for row in links:
        book.record(Event(ENTITY, row["id"], "created", after=row))


async def books_with_bills(connection: AsyncConnection) -> Sequence[UUID]:
    """Every book that has a bill; for jobs, before a book is open."""
    return await repository.books_with_bills(connection)


async def tell_of_price(
    book: BookReader, schedule_id: UUID, transaction_id: UUID, before: Decimal, after: Decimal
) -> None:
    """Tell who sees a bill that it costs something else since a transaction; the same is told once."""
    schedule = await repository.bill(book.connection, book.book_id, schedule_id)
    if schedule is not None:
        await notify_members(book.connection, price_notice(schedule, transaction_id, PriceChange(before, after)))

"""Money set aside: assigning it to envelopes, moving it between them, and what is in none.

What is unassigned is the money on the liquid accounts less what is available in the envelopes. So spending from an
envelope leaves it as it is, and assigning money takes it from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Uuid, bindparam, text

from app.access.context import BookReader, BookWriter, Event
from app.access.private import CLOSED_ACCOUNTS
from app.budgets import alerts, amounts, repository, service
from app.budgets.calculation import Budget, Status
from app.budgets.errors import ArchivedBudgetError, NotAnEnvelopeError, NotEnoughInEnvelopeError
from app.budgets.schemas import AssignmentIn, MoveIn
from app.core.database import AnyRow
from app.core.errors import invalid
from app.core.ids import new_id
from app.core.money import plain, quantum
from app.core.pagination import PageRequest, bad_cursor, decode_cursor, encode_cursor

LIQUID = ("checking", "savings", "cash", "credit_card")
"""Types of accounts that money is spent from. What a card owes is spent already."""

_MONEY = text(
    f"""
    WITH closed AS MATERIALIZED ({CLOSED_ACCOUNTS})
    SELECT a.currency, y.exponent, coalesce(sum(m.base), 0) AS base, coalesce(sum(m.unconverted), 0) AS unconverted
    FROM accounts a
    JOIN currencies y ON y.code = a.currency
    CROSS JOIN LATERAL (
        SELECT sum(t.base_inflow - t.base_outflow) AS base,
               sum(t.unconverted_inflow - t.unconverted_outflow) AS unconverted
        FROM monthly_totals t
        WHERE t.book_id = :book AND t.account_id = a.id AND t.month < date_trunc('month', CAST(:day AS timestamp))::date
        UNION ALL
        SELECT sum(p.base_amount), sum(p.amount) FILTER (WHERE p.base_amount IS NULL)
        FROM postings p
        WHERE p.book_id = :book AND p.account_id = a.id
          AND p.date BETWEEN date_trunc('month', CAST(:day AS timestamp))::date AND :day
    ) AS m
    WHERE a.book_id = :book AND a.type IN ({", ".join(f"'{name}'" for name in LIQUID)})
      AND a.id NOT IN (SELECT account_id FROM closed)
    GROUP BY 1, 2
    """  # noqa: S608  # nosec B608  # constants
).bindparams(bindparam("book", type_=Uuid), bindparam("day", type_=Date))
_CLOSED = text(CLOSED_ACCOUNTS).bindparams(bindparam("book", type_=Uuid))
SORT = "-date"


@dataclass(frozen=True)
class Envelopes:
    """The envelopes at the end of a day, in the base currency; `unassigned` is `money` less `assigned`."""

    date: date
    currency: str
    money: Decimal
    assigned: Decimal
    unassigned: Decimal
    items: list[Status]
    unconverted: list[tuple[str, Decimal]]


async def at(book: BookReader, day: date) -> Envelopes:
    """By what was earned, spent and assigned up to the end of a day: three statements.

    An envelope that has not begun, has ended or is archived holds nothing. One over accounts that not every member sees
    is left out: the money of those accounts is, too.
    """
    rows = await repository.budgets(book.connection, book.book_id, live=True)
    found = [b for b in map(repository.budget_of, rows) if b.kind == "envelope" and b.covers(day)]
    if any(budget.account_ids for budget in found):
        closed = set((await book.connection.execute(_CLOSED, {"book": book.book_id})).scalars())
        found = [budget for budget in found if closed.isdisjoint(budget.account_ids)]
    items = await service.standing(book, [(b, b.cadence.number(day)) for b in found], day)
    balances = (await book.connection.execute(_MONEY, {"book": book.book_id, "day": day})).all()
    step = quantum(book.base_exponent)
    money = sum((row.base for row in balances), Decimal(0)).quantize(step)
    assigned = sum((item.remaining for item in items), Decimal(0)).quantize(step)
    foreign = [(row.currency, row.unconverted.quantize(quantum(row.exponent))) for row in balances if row.unconverted]
    return Envelopes(day, book.base_currency, money, assigned, money - assigned, items, sorted(foreign))


async def assignments(book: BookReader, budget_id: UUID, page: PageRequest) -> dict[str, Any]:
    """What was put into an envelope and taken out, the newest first."""
    await service.row_of(book, budget_id)
    before = None if page.cursor is None else _place(page.cursor)
    rows = await repository.assignments(book.connection, book.book_id, budget_id, limit=page.limit + 1, before=before)
    shown = rows[: page.limit]
    cursor = encode_cursor(SORT, [shown[-1].date, shown[-1].id]) if len(rows) > page.limit else None
    return {"items": shown, "next_cursor": cursor}


def _place(cursor: str) -> tuple[date, UUID]:
    day, row_id = decode_cursor(cursor, SORT, 2)
    try:
        return date.fromisoformat(day), UUID(row_id)
    except (TypeError, ValueError, AttributeError):
        raise bad_cursor() from None


async def assign(book: BookWriter, budget_id: UUID, body: AssignmentIn) -> AnyRow:
    """Put money into an envelope for the period of a day, or take it out with a negative amount.

    More may be assigned than there is: then what is unassigned is negative. Raises `NotEnoughInEnvelopeError` for
    taking out more than remains in that period.
    """
    day = body.date or book.actor.today()
    amount = amounts.exact(book, "amount", body.amount)
    row = await _envelope(book, budget_id, day)
    if amount < 0:
        await _check_holds(book, repository.budget_of(row), day, -amount)
    return (await _write(book, day, [(row, amount)]))[0]


async def move(book: BookWriter, body: MoveIn) -> tuple[UUID, Sequence[AnyRow]]:
    """Take money out of one envelope and put it into another, both or neither."""
    if body.from_id == body.to_id:
        raise invalid("to", "same_budget", "is the envelope that the money is in")
    day = body.date or book.actor.today()
    amount = amounts.exact(book, "amount", body.amount)
    source, target = await _envelope(book, body.from_id, day), await _envelope(book, body.to_id, day)
    await _check_holds(book, repository.budget_of(source), day, amount)
    move_id = new_id()
    return move_id, await _write(book, day, [(source, -amount), (target, amount)], move_id)


async def _envelope(book: BookWriter, budget_id: UUID, day: date) -> AnyRow:
    row = await service.row_of(book, budget_id)
    if row.kind != "envelope":
        raise NotAnEnvelopeError(row.name)
    if row.archived_at is not None:
        raise ArchivedBudgetError(row.name)
    amounts.check_within("date", repository.budget_of(row), day)
    return row


async def _check_holds(book: BookWriter, budget: Budget, day: date, amount: Decimal) -> None:
    [status] = await service.standing(book, [(budget, budget.cadence.number(day))])
    if status.remaining < amount:
        raise NotEnoughInEnvelopeError(
            f"{budget.name} has {plain(status.remaining)} {status.currency} left in the period from "
            f"{status.period_start} to {status.period_end}.",
            remaining=plain(status.remaining),
        )


async def _write(
    book: BookWriter, day: date, parts: list[tuple[AnyRow, Decimal]], move_id: UUID | None = None
) -> Sequence[AnyRow]:
    values = [
        {"book_id": book.book_id, "id": new_id(), "budget_id": budget.id, "date": day, "amount": a, "move_id": move_id}
        for budget, a in parts
    ]
    rows = await repository.add_assignments(book.connection, values)
    by_budget = {row.budget_id: row for row in rows}
    written = [by_budget[budget.id] for budget, _ in parts]
    for (budget, _), row in zip(parts, written, strict=True):
        book.record(Event(amounts.ASSIGNMENT, row.id, "created", after=amounts.part_image(budget, row)))
        await amounts.mark_changed(book, budget)
    await alerts.evaluate(book)
    return written

"""Reading budgets: how they stand at a date, and how they stood before."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.access.context import BookReader
from app.budgets import repository, totals
from app.budgets.calculation import NOTHING, Budget, Status, Sums, status
from app.budgets.errors import BudgetNotFoundError
from app.budgets.totals import Window
from app.core.database import AnyRow
from app.core.errors import invalid
from app.core.money import quantum

Document = dict[str, Any]


async def statuses(
    book: BookReader,
    at: date,
    *,
    group_id: UUID | None = None,
    until: date | None = None,
) -> list[Status]:
    """How each budget stands in its period that contains a day: two statements, however many budgets there are.

    With `until`, by what was spent and assigned up to that day.

    Those that are archived or do not cover the day are left out; so are those that this member does not see.
    """
    rows = await repository.budgets(book.connection, book.book_id, live=True)
    found = [b for b in map(repository.budget_of, rows) if b.covers(at) and group_id in {None, b.group_id}]
    return await standing(book, [(b, b.cadence.number(at)) for b in found], until)


async def live(book: BookReader) -> list[Budget]:
    """Every budget that is not archived and that this member sees: what runs now, will run and has run."""
    return [repository.budget_of(row) for row in await repository.budgets(book.connection, book.book_id, live=True)]


async def standing(book: BookReader, wanted: Sequence[tuple[Budget, int]], until: date | None = None) -> list[Status]:
    """How these periods stand; with `until`, by what was spent and assigned up to that day."""
    spent = await totals.spending(book, windows(wanted, until))
    return [status_of(book, budget, number, spent, until) for budget, number in wanted]


def windows(wanted: Iterable[tuple[Budget, int]], until: date | None = None) -> list[Window]:
    """The days of which these periods need the spending, once for each budget."""
    days: dict[UUID, Window] = {}
    for budget, number in wanted:
        last = budget.last_day(number) if until is None else min(until, budget.last_day(number))
        window = Window(budget, budget.needs_from(number), budget.first_day(number), last)
        known = days.get(budget.id, window)
        days[budget.id] = Window(
            budget, min(window.first, known.first), min(window.apart, known.apart), max(window.last, known.last)
        )
    return list(days.values())


def status_of(
    book: BookReader, budget: Budget, number: int, spent: dict[UUID, Sums], until: date | None = None
) -> Status:
    return status(
        budget,
        number,
        spent.get(budget.id, NOTHING),
        currency=book.base_currency,
        exponent=book.base_exponent,
        today=book.actor.today(),
        until=until,
    )


async def status_at(book: BookReader, budget_id: UUID, at: date) -> Status:
    """Raises `BudgetNotFoundError`, and `InvalidError` for a day that the budget does not cover."""
    budget = await load(book, budget_id)
    check_covers(budget, at)
    return (await standing(book, [(budget, budget.cadence.number(at))]))[0]


async def history(book: BookReader, budget_id: UUID, at: date, periods: int) -> list[Status]:
    """The period that contains a day and those before it, the newest first; a day behind the end is the last one."""
    budget = await load(book, budget_id)
    day = at if budget.end_date is None else min(at, budget.end_date)
    check_covers(budget, day)
    newest = budget.cadence.number(day)
    return await standing(book, [(budget, n) for n in range(newest, max(newest - periods, -1), -1)])


async def load(book: BookReader, budget_id: UUID) -> Budget:
    return repository.budget_of(await row_of(book, budget_id))


async def row_of(book: BookReader, budget_id: UUID) -> AnyRow:
    rows = await repository.budgets(book.connection, book.book_id, [budget_id])
    if not rows:
        raise BudgetNotFoundError(budget_id)
    return rows[0]


def check_covers(budget: Budget, at: date) -> None:
    if at < budget.cadence.anchor:
        raise invalid("query.date", "before_budget", f"the budget begins on {budget.cadence.anchor}")
    if budget.end_date is not None and at > budget.end_date:
        raise invalid("query.date", "after_budget", f"the budget ended on {budget.end_date}")


async def every(book: BookReader, *, archived: bool | None, group_id: UUID | None = None) -> list[Document]:
    """All that this member sees; with `archived` those that are, or are not."""
    rows = await repository.budgets(book.connection, book.book_id)
    return [
        document(book, row)
        for row in rows
        if archived in {None, row.archived_at is not None} and group_id in {None, row.group_id}
    ]


async def get(book: BookReader, budget_id: UUID) -> Document:
    return document(book, await row_of(book, budget_id))


async def states(book: BookReader, ids: Sequence[UUID]) -> dict[UUID, Document]:
    """These budgets as they were set, whole, for clients that keep a copy."""
    rows = await repository.budgets(book.connection, book.book_id, ids)
    amounts, assigned = await repository.parts(book.connection, book.book_id, ids)
    found: dict[UUID, Document] = {}
    for row in rows:
        thresholds = list(repository.budget_of(row).thresholds)
        found[row.id] = {**row._mapping, "thresholds": thresholds, "amounts": [], "assignments": []}  # noqa: SLF001  # as below
    step = quantum(book.base_exponent)
    for name, parts in (("amounts", amounts), ("assignments", assigned)):
        for part in parts:
            if part.budget_id in found:
                image = {**part._mapping, "amount": part.amount.quantize(step)}  # noqa: SLF001  # as below
                found[part.budget_id][name].append(image)
    return found


def document(book: BookReader, row: AnyRow) -> Document:
    """What clients get of a budget, with its present amount."""
    budget = repository.budget_of(row)
    shown = dict(row._mapping)  # noqa: SLF001  # the documented way to a row's mapping
    for name in ("amounts", "assigned", "reached", "kept_start", "kept"):
        del shown[name]
    number = max(0, budget.cadence.number(book.actor.today()))
    amount: Decimal = budget.target(number).quantize(quantum(book.base_exponent))
    return {**shown, "amount": amount, "currency": book.base_currency, "thresholds": list(budget.thresholds)}

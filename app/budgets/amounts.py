"""What budgets may cost from which period on, and what all that hangs on a budget has in common."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.access.context import BookReader, BookWriter, Event
from app.budgets import alerts, repository, service
from app.budgets.calculation import Budget
from app.budgets.errors import BudgetAmountNotFoundError, FirstAmountError
from app.budgets.schemas import AmountIn
from app.core.conditional import check_revision
from app.core.database import AnyRow
from app.core.errors import invalid
from app.core.ids import new_id
from app.core.money import decimals, quantum

BUDGET = "budget"
AMOUNT = "budget_amount"
ASSIGNMENT = "budget_assignment"

Document = dict[str, Any]


async def every(book: BookReader, budget_id: UUID) -> Sequence[AnyRow]:
    return await repository.amounts(book.connection, book.book_id, budget_id)


async def set_amount(book: BookWriter, budget_id: UUID, body: AmountIn, expected: int | None) -> AnyRow:
    """From the period on that the day is in; one that is there for that period is replaced. Earlier ones stay."""
    before = await service.row_of(book, budget_id)
    check_revision(expected, before.revision)
    budget = repository.budget_of(before)
    check_within("from", budget, body.from_date)
    amount = exact(book, "amount", body.amount)
    begin = budget.first_day(budget.cadence.number(body.from_date))
    await put(book, before, begin, amount)
    await _touch(book, before)
    rows = await repository.amounts(book.connection, book.book_id, budget_id)
    return next(row for row in rows if row.from_date == begin)


async def delete_amount(book: BookWriter, budget_id: UUID, amount_id: UUID, expected: int | None) -> None:
    """What held before holds on. Raises `FirstAmountError` for that of the start."""
    before = await service.row_of(book, budget_id)
    check_revision(expected, before.revision)
    rows = await repository.amounts(book.connection, book.book_id, budget_id)
    row = next((row for row in rows if row.id == amount_id), None)
    if row is None:
        raise BudgetAmountNotFoundError(amount_id)
    if row is rows[0]:
        raise FirstAmountError
    await repository.remove_amount(book.connection, book.book_id, amount_id)
    book.record(Event(AMOUNT, amount_id, "deleted", before=part_image(before, row)))
    await _touch(book, before)


async def put(book: BookWriter, budget: AnyRow, begin: date, amount: Decimal) -> None:
    rows = await repository.amounts(book.connection, book.book_id, budget.id)
    row = next((row for row in rows if row.from_date == begin), None)
    if row is None:
        await add(book, budget, begin, amount)
    else:
        await _change_amount(book, budget, row, {"amount": amount})


async def restart(book: BookWriter, budget: AnyRow, start: date, amount: Decimal | None) -> None:
    """The one amount that there is holds from the new start on."""
    (row,) = await repository.amounts(book.connection, book.book_id, budget.id)
    await _change_amount(book, budget, row, {"from_date": start, "amount": row.amount if amount is None else amount})


async def add(book: BookWriter, budget: AnyRow, begin: date, amount: Decimal) -> None:
    values = {"id": new_id(), "budget_id": budget.id, "from_date": begin, "amount": amount}
    await repository.add_amount(book.connection, {**values, "book_id": book.book_id})
    book.record(Event(AMOUNT, values["id"], "created", after={**values, "account_ids": budget.account_ids}))


async def _change_amount(book: BookWriter, budget: AnyRow, row: AnyRow, values: Document) -> None:
    await repository.change_amount(book.connection, book.book_id, row.id, values)
    before = part_image(budget, row)
    book.record(Event(AMOUNT, row.id, "updated", before=before, after={**before, **values}))


async def _touch(book: BookWriter, before: AnyRow) -> None:
    await mark_changed(book, before)
    await alerts.evaluate(book)


async def mark_changed(book: BookWriter, budget: AnyRow) -> None:
    """What hangs on a budget is a part of it: it has another revision, and an undo gives it another one, too."""
    await repository.change(book.connection, book.book_id, budget.id, {"revision": book.revision})
    accounts = {"account_ids": budget.account_ids}
    book.record(Event(BUDGET, budget.id, "updated", before=accounts, after=accounts))


def exact(book: BookWriter, field: str, amount: Decimal) -> Decimal:
    """An amount with the decimals of the base currency; raises `InvalidError` for one with more."""
    if decimals(amount) > book.base_exponent:
        detail = f"{book.base_currency} has {book.base_exponent} decimals, this amount has {decimals(amount)}"
        raise invalid(field, "too_many_decimals", detail)
    return amount.quantize(quantum(book.base_exponent))


def check_within(field: str, budget: Budget, day: date) -> None:
    if day < budget.cadence.anchor:
        raise invalid(field, "before_budget", f"the budget begins on {budget.cadence.anchor}")
    if budget.end_date is not None and day > budget.end_date:
        raise invalid(field, "after_budget", f"the budget ended on {budget.end_date}")


def part_image(budget: AnyRow, row: AnyRow) -> Document:
    """What the log keeps of what hangs on a budget, with the accounts that make it private."""
    return {**row._mapping, "account_ids": budget.account_ids}  # noqa: SLF001  # the documented way to a row's mapping

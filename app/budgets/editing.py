"""Making, changing and deleting budgets, and what they may cost from which period on."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from app.access.context import BookWriter, Event
from app.budgets import alerts, amounts, repository, service
from app.budgets.amounts import AMOUNT, ASSIGNMENT, BUDGET, exact, part_image
from app.budgets.calculation import DEFAULT_THRESHOLDS, Budget
from app.budgets.errors import (
    BudgetBegunError,
    BudgetGroupNotFoundError,
    TooManyBudgetsError,
)
from app.budgets.periods import LENGTHS, Cadence
from app.budgets.schemas import BudgetIn, BudgetPatch, BudgetReplace
from app.core.clock import now
from app.core.conditional import check_revision
from app.core.database import AnyRow
from app.core.errors import FieldError, InvalidError, invalid
from app.core.ids import new_id
from app.notifications.planning import budget_thresholds
from app.transactions.errors import ArchivedError, ReferenceNotFoundError

MOST_BUDGETS = 500
"""Of one book: each is looked at with every change of transactions."""
OWN = (
    "name", "kind", "group_id", "period", "every", "unit", "start_date", "end_date", "rollover", "rollover_since",
    "category_ids", "account_ids", "tag_ids", "thresholds", "notes", "sort", "archived_at",
)  # fmt: skip
NAMED = (("category_ids", "category"), ("account_ids", "account"), ("tag_ids", "tag"))
CUT = ("period", "every", "unit", "start_date")
"""What says where periods begin."""

Document = dict[str, Any]


async def create(book: BookWriter, body: BudgetIn) -> Document:
    """Raises `InvalidError` naming what is wrong, and what `_check_references` raises."""
    if await repository.count(book.connection, book.book_id) >= MOST_BUDGETS:
        raise TooManyBudgetsError(f"A book has at most {MOST_BUDGETS} budgets: delete what you do not need.")
    values = body.model_dump(exclude={"id", "amount"})
    values["every"], values["unit"] = _length(values, None)
    values["rollover"] = body.rollover or default_rollover(body.kind)
    values["rollover_since"] = body.rollover_since or body.start_date
    _check_dates(values)
    amount = exact(book, "amount", body.amount)
    await _check_references(book, values, None)
    if values["thresholds"] is None:
        values["thresholds"] = await _chosen_thresholds(book)
    budget_id = body.id or new_id()
    await repository.add(
        book.connection, {**values, "book_id": book.book_id, "id": budget_id, "revision": book.revision}
    )
    row = await service.row_of(book, budget_id)
    book.record(Event(BUDGET, budget_id, "created", after=image(row)))
    await amounts.add(book, row, body.start_date, amount)
    await alerts.evaluate(book)
    return await service.get(book, budget_id)


async def _chosen_thresholds(book: BookWriter) -> list[Decimal] | None:
    """Those that its maker chose for budgets that name none; None for who chose nothing else than the defaults."""
    chosen = await budget_thresholds(book.connection, book.actor.user_id)
    return chosen if tuple(chosen) != DEFAULT_THRESHOLDS else None


async def replace(book: BookWriter, budget_id: UUID, body: BudgetReplace, expected: int | None) -> Document:
    changes = body.model_dump()
    if changes["rollover_since"] is None:
        del changes["rollover_since"]
    return await _change(book, budget_id, changes, expected)


async def patch(book: BookWriter, budget_id: UUID, body: BudgetPatch, expected: int | None) -> Document:
    return await _change(book, budget_id, body.model_dump(exclude_unset=True), expected)


async def _change(book: BookWriter, budget_id: UUID, changes: Document, expected: int | None) -> Document:
    before = await service.row_of(book, budget_id)
    check_revision(expected, before.revision)
    old = repository.budget_of(before)
    values = _changed(book, before, old, changes)
    await _check_references(book, values, before)
    await repository.change(book.connection, book.book_id, budget_id, {**values, "revision": book.revision})
    amount = None if changes.get("amount") is None else exact(book, "amount", changes["amount"])
    new = Cadence.of(values["start_date"], values["every"], values["unit"])
    if new != old.cadence:
        await amounts.restart(book, before, values["start_date"], amount)
    elif amount is not None:
        number = max(0, old.cadence.number(book.actor.today()))
        if amount != old.target(number):
            await amounts.put(book, before, old.first_day(number), amount)
    after = await service.row_of(book, budget_id)
    book.record(Event(BUDGET, budget_id, "updated", before=image(before), after=image(after)))
    if after.archived_at is not None:
        await alerts.forget(book, old)
    await alerts.evaluate(book)
    return await service.get(book, budget_id)


def _changed(book: BookWriter, before: AnyRow, old: Budget, changes: Document) -> Document:
    """The row's own columns as they shall be; raises what is wrong with them together."""
    values = {name: changes.get(name, getattr(before, name)) for name in OWN if name != "archived_at"}
    values["every"], values["unit"] = _length({**values, **_only(changes, "every", "unit")}, before)
    if values["rollover"] is None:
        values["rollover"] = default_rollover(before.kind)
    today = book.actor.today()
    if "rollover_since" not in changes:
        if values["rollover"] != before.rollover:
            values["rollover_since"] = max(old.first_day(max(0, old.cadence.number(today))), values["start_date"])
        elif before.rollover_since == before.start_date:
            values["rollover_since"] = values["start_date"]
    _check_dates(values)
    if any(values[name] != getattr(before, name) for name in CUT):
        begun = today > old.last_day(0) or len(old.amounts) > 1 or bool(old.assigned)
        if begun:
            raise BudgetBegunError
    archived = changes.get("archived")
    values["archived_at"] = before.archived_at
    if archived is not None and archived != (before.archived_at is not None):
        values["archived_at"] = now() if archived else None
    return values


def _only(changes: Document, *names: str) -> Document:
    """Of these what was sent; what was not is left to the period."""
    return {name: changes.get(name) for name in names}


def _length(values: Document, before: AnyRow | None) -> tuple[int, str]:
    """How long a period is: known by its name, or what a custom one says or said before."""
    period, every, unit = values["period"], values["every"], values["unit"]
    if period in LENGTHS:
        for name, given, known in zip(("every", "unit"), (every, unit), LENGTHS[period], strict=True):
            if given not in {None, known}:
                raise invalid(name, "only_custom", f"goes with the period custom; {period} says it already")
        return LENGTHS[period]
    if before is not None and before.period == "custom":
        every, unit = every or before.every, unit or before.unit
    missing = [
        FieldError(name, "missing", "a custom period says every how many of which unit it begins")
        for name, given in (("every", every), ("unit", unit))
        if given is None
    ]
    if missing:
        raise InvalidError(missing)
    return every, unit


def _check_dates(values: Document) -> None:
    start, end = values["start_date"], values["end_date"]
    if end is not None and end < start:
        raise invalid("end_date", "before_start", f"is before the start, {start}")
    if values["rollover_since"] < start:
        raise invalid("rollover_since", "before_start", f"is before the start, {start}")


def default_rollover(kind: str) -> str:
    """What was set aside stays; a limit begins anew."""
    return "both" if kind == "envelope" else "none"


async def _check_references(book: BookWriter, values: Document, before: AnyRow | None) -> None:
    """Raise for what the book does not have, for categories of income, and for what is archived and was not named."""
    group_id = values["group_id"]
    rows = await repository.known(
        book.connection,
        book.book_id,
        categories=values["category_ids"],
        accounts=values["account_ids"],
        tags=values["tag_ids"],
        groups=[] if group_id is None else [group_id],
    )
    known = {(row.what, row.id): row for row in rows}
    if group_id is not None and ("group", group_id) not in known:
        raise BudgetGroupNotFoundError(group_id)
    missing: list[FieldError] = []
    archived: list[FieldError] = []
    wrong: list[FieldError] = []
    for field, what in NAMED:
        had = set(getattr(before, field)) if before is not None else set()
        for place, row_id in enumerate(values[field]):
            row = known.get((what, row_id))
            where = f"{field}.{place}"
            if row is None:
                missing.append(FieldError(where, f"{what}_not_found", f"there is no {what} {row_id}"))
            elif what == "category" and row.kind != "expense":
                wrong.append(FieldError(where, "category_kind_mismatch", "is no category of expenses"))
            elif row.archived_at is not None and row_id not in had:
                archived.append(FieldError(where, f"{what}_archived", "is archived"))
    if missing:
        raise ReferenceNotFoundError(missing)
    if wrong:
        raise InvalidError(wrong)
    if archived:
        raise ArchivedError(archived)


async def delete(book: BookWriter, budget_id: UUID, expected: int | None) -> None:
    """With its amounts and assignments; the transactions stay as they are."""
    before = await service.row_of(book, budget_id)
    check_revision(expected, before.revision)
    await alerts.forget(book, repository.budget_of(before))
    for row in await repository.every_assignment(book.connection, book.book_id, budget_id):
        book.record(Event(ASSIGNMENT, row.id, "deleted", before=part_image(before, row)))
    for row in await repository.amounts(book.connection, book.book_id, budget_id):
        book.record(Event(AMOUNT, row.id, "deleted", before=part_image(before, row)))
    await repository.remove(book.connection, book.book_id, budget_id)
    book.record(Event(BUDGET, budget_id, "deleted", before=image(before)))


def image(row: AnyRow) -> Document:
    """What the log keeps of a budget."""
    return {name: getattr(row, name) for name in ("id", *OWN, "created_at", "revision")}

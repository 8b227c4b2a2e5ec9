"""Schedules and budgets, as the forecast reckons with them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from anyio import to_thread

from app.access.context import BookReader
from app.budgets import service as budgets
from app.budgets.calculation import ZERO, Status, carry
from app.budgets.calculation import Budget as Set
from app.forecast.model import Account, Entry, Range, Source
from app.forecast.spending import Budget, Period
from app.schedules.planned import planned

OVERDUE = timedelta(days=31)
"""What was due longer ago and was neither posted nor skipped is not waited for."""
FURTHEST = timedelta(days=3 * 366)
"""How far from today a budget's period is looked at, however long it is."""


def furthest(today: date) -> date:
    """From when on what is overdue is still expected."""
    return today - OVERDUE


async def entries_of(book: BookReader, accounts: Iterable[Account], first: date, last: date) -> list[Entry]:
    """What schedules are still to bring. An occurrence that touches an archived account could not be posted."""
    known = {account.id: account for account in accounts if not account.is_archived}
    found = []
    for occurrence in await planned(book, first, last):
        if any(each.account_id not in known for each in occurrence.movements):
            continue
        source = Source("schedule", occurrence.schedule_id, occurrence.name)
        for each in occurrence.movements:
            units = known[each.account_id].units
            found.append(
                Entry(
                    source,
                    each.account_id,
                    each.category_id,
                    occurrence.date,
                    Range(units(each.low), units(each.expected), units(each.high)),
                    is_transfer=each.role != "flow",
                    due_on=occurrence.due_on,
                )
            )
    return found


async def budgets_of(
    book: BookReader, tree: Sequence[dict[str, Any]], base: Account, today: date, until: date
) -> tuple[date, tuple[Budget, ...]]:
    """What budgets leave to spend, in two statements; and up to when everything must be known for it.

    Budgets of tags are left out: they are about some of the spending in their categories, and no total says which.
    """
    found = [each for each in await budgets.live(book) if not each.tag_ids]
    running = [each for each in found if each.covers(today)]
    standing = await budgets.standing(book, [(each, each.cadence.number(today)) for each in running])
    now = {status.budget_id: status for status in standing}

    def in_periods() -> tuple[date, tuple[Budget, ...]]:
        end = min(max([until, *(_end(each, until) for each in found)]), today + FURTHEST)
        below = _below(tree)
        return end, tuple(_budget(each, now.get(each.id), below, base, today, end) for each in found)

    return await to_thread.run_sync(in_periods)


def _end(budget: Set, day: date) -> date:
    """The last day of the period that a day is in; nothing later than the budget."""
    if day < budget.cadence.anchor:
        return day
    return budget.last_day(budget.cadence.number(day))


def _budget(
    budget: Set, now: Status | None, below: dict[UUID, frozenset[UUID]], base: Account, today: date, until: date
) -> Budget:
    periods = []
    carried = ZERO
    number = max(0, budget.cadence.number(today) + 1)
    if now is not None:
        periods.append(Period(now.period_start, now.period_end, base.units(max(now.remaining, ZERO))))
        # Whatever is left is expected to be spent by then; what is missing may be taken from the next period.
        carried = _carried_on(budget, number - 1, now.remaining)
    assigned = budget.assigned_in()
    while (first := budget.first_day(number)) <= until and (budget.end_date is None or first <= budget.end_date):
        target = budget.target(number)
        amount = carried + (target if budget.kind == "limit" else assigned.get(number, target))
        periods.append(Period(first, budget.last_day(number), base.units(max(amount, ZERO))))
        carried = _carried_on(budget, number, amount)
        number += 1
    return Budget(
        Source("budget", budget.id, budget.name),
        frozenset().union(*(below.get(each, ()) for each in budget.category_ids)) if budget.category_ids else None,
        frozenset(budget.account_ids) or None,
        tuple(periods),
    )


def _carried_on(budget: Set, number: int, rest: Decimal) -> Decimal:
    """What of a period's overspending the next one has to bear."""
    return carry(budget.rollover, min(rest, ZERO)) if number >= budget.carries_from else ZERO


def _below(tree: Sequence[dict[str, Any]]) -> dict[UUID, frozenset[UUID]]:
    """Each category with all its descendants."""
    children: defaultdict[str | None, list[str]] = defaultdict(list)
    for each in tree:
        children[each["parent_id"]].append(each["id"])
    found: dict[UUID, frozenset[UUID]] = {}

    def walk(category_id: str) -> frozenset[UUID]:
        reached = frozenset({UUID(category_id)}).union(*(walk(child) for child in children[category_id]))
        found[UUID(category_id)] = reached
        return reached

    for root in list(children[None]):
        walk(root)
    return found

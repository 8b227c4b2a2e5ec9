"""Telling in time: which thresholds of a budget are reached, and which no more.

What was told is kept in `budget_alerts`, by budget, period and threshold, so that each is told once a period and may be
told again after a change took it back. The present period and the one before are looked at; people are notified of the
present one.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from app.access.context import BookWriter, Days
from app.access.private import seeing_all
from app.access.watching import Warnings, watches
from app.budgets import repository, service, totals
from app.budgets.calculation import Budget, Status, Sums, carried_into
from app.core.database import AnyRow
from app.core.money import plain
from app.notifications.notices import Kind, Notice, notify_members, withdraw

FEATURE = "budgets"

Reached = tuple[UUID, date, Decimal]


@watches(FEATURE)
async def after_change(book: BookWriter, days: Days) -> Warnings:
    """Warn of what the change made budgets reach. What this member does not see is not in it."""
    return await evaluate(book, days)


async def evaluate(book: BookWriter, days: Days | None = None) -> Warnings:
    """Compare every budget with what was told of it: three statements where nothing is new, whatever was changed.

    Budgets that this member does not see are looked at, too, for those who do. Of several thresholds that are reached
    at once the highest is told.
    """
    seen = await repository.seen(book.connection, book.book_id) if book.hides else None
    async with seeing_all(book):
        return await _evaluate(book, days, seen)


async def _evaluate(book: BookWriter, days: Days | None, seen: Collection[UUID] | None) -> Warnings:
    rows = await repository.budgets(book.connection, book.book_id, live=True)
    today = book.actor.today()
    budgets = [_believed(repository.budget_of(row), days) for row in rows]
    wanted = [(budget, n) for budget in budgets if _concerns(budget, today, days) for n in _periods(budget, today)]
    spent = await totals.spending(book, service.windows(wanted))
    await _keep_carried(book, rows, {budget.id: (budget, number) for budget, number in wanted}, spent)
    fresh: set[Reached] = set()
    gone: set[Reached] = set()
    old: set[Reached] = set()
    told: list[tuple[Budget, Status, Decimal]] = []
    for budget, number in wanted:
        status = service.status_of(book, budget, number, spent)
        reached = {(budget.id, status.period_start, threshold) for threshold in status.alerts}
        known = {(budget.id, *entry) for entry in budget.reached}
        here = {entry for entry in known if entry[1] == status.period_start}
        old |= {entry for entry in known if entry[1] < budget.first_day(_periods(budget, today)[-1])}
        gone |= here - reached
        if new := reached - here:
            fresh |= new
            told.append((budget, status, max(threshold for _, _, threshold in new)))
    if fresh or gone or old:
        await repository.note_reached(book.connection, book.book_id, fresh=fresh, gone=gone | old)
    if gone:
        await withdraw(book.connection, [_key(*entry) for entry in gone])
    for budget, status, threshold in told:
        if status.period_start <= today <= status.period_end:
            await notify_members(book.connection, _notice(budget, status, threshold))
    return [_warning(status, threshold) for budget, status, threshold in told if seen is None or budget.id in seen]


async def forget(book: BookWriter, budget: Budget) -> None:
    """Take back what was told of a budget that is no more, or at rest."""
    if budget.reached:
        entries = [(budget.id, *entry) for entry in budget.reached]
        await repository.note_reached(book.connection, book.book_id, fresh=(), gone=entries)
        await withdraw(book.connection, [_key(*entry) for entry in entries])


async def forget_many(book: BookWriter, ids: Collection[UUID]) -> None:
    """The same of several, those that this member does not see included."""
    async with seeing_all(book):
        for row in await repository.budgets(book.connection, book.book_id, ids):
            await forget(book, repository.budget_of(row))


def _believed(budget: Budget, days: Days | None) -> Budget:
    """The budget without what was kept of it where the change lies before that."""
    if budget.kept is None or (days is not None and days.first >= budget.kept[0]):
        return budget
    return replace(budget, kept=None)


async def _keep_carried(
    book: BookWriter, rows: Sequence[AnyRow], oldest: Mapping[UUID, tuple[Budget, int]], spent: dict[UUID, Sums]
) -> None:
    """Keep what was carried into the oldest period looked at, so that the next change need not reckon it again."""
    changed: dict[UUID, tuple[date, Decimal] | None] = {}
    for row in rows:
        before, now = repository.budget_of(row).kept, None
        if row.id in oldest:
            budget, number = oldest[row.id]
            if budget.rollover != "none" and not budget.tag_ids and number > budget.carries_from:
                carried = carried_into(budget, number, spent[budget.id].spent, budget.assigned_in())
                now = budget.first_day(number), carried
        if before != now:
            changed[row.id] = now
    if changed:
        await repository.keep_carried(book.connection, book.book_id, changed)


def _periods(budget: Budget, today: date) -> list[int]:
    """The present one and the one before, the newest first."""
    present = budget.cadence.number(today)
    return [present, present - 1] if present else [present]


def _concerns(budget: Budget, today: date, days: Days | None) -> bool:
    """Whether a change of these days can change what is reached now; a rest that is carried comes from any day."""
    if not budget.covers(today) or not (budget.thresholds or budget.reached):
        return False
    return days is None or budget.rollover != "none" or days.last >= budget.first_day(_periods(budget, today)[-1])


def _key(budget_id: UUID, period_start: date, threshold: Decimal) -> str:
    return f"budget:{budget_id}:{period_start}:{plain(threshold)}"


def _words(status: Status) -> str:
    return (
        f"{plain(status.spent)} of {plain(status.available)} {status.currency} spent from {status.period_start} "
        f"to {status.period_end}."
    )


def _warning(status: Status, threshold: Decimal) -> dict[str, object]:
    return {
        "code": "budget_threshold",
        "detail": f"{status.name} has reached {plain(threshold)} %: {_words(status)}",
        "budget_id": status.budget_id,
        "name": status.name,
        "threshold": threshold,
        "percent_used": status.percent_used,
        "period_start": status.period_start,
        "period_end": status.period_end,
    }


def _notice(budget: Budget, status: Status, threshold: Decimal) -> Notice:
    used = status.percent_used
    return Notice(
        Kind.BUDGET_THRESHOLD,
        _key(budget.id, status.period_start, threshold),
        f"{budget.name}: {plain(threshold)} % of the budget is reached",
        _words(status),
        {
            "budget_id": str(budget.id),
            "name": budget.name,
            "threshold": plain(threshold),
            "percent_used": None if used is None else plain(used),
            "period_start": str(status.period_start),
            "period_end": str(status.period_end),
            "spent": plain(status.spent),
            "available": plain(status.available),
            "currency": status.currency,
        },
        budget.account_ids,
    )

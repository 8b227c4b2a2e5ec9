"""What budgets say will be spent: what remains of a period, over its remaining days, net of what is planned anyway.

Nothing counts twice. An item planned in a budget's categories is in the line already, so the budget's period is
smaller by it. Where two budgets cover the same categories the narrower one counts first, and the wider one is smaller
by what the narrower takes. What a budget covers is not learned from the past a second time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from uuid import UUID

from app.forecast.arithmetic import divided, shared, spread_by_day
from app.forecast.learning import MONTHS, Key, spread_of
from app.forecast.model import Account, Budgeted, Entry, Share, Source


@dataclass(frozen=True)
class Period:
    """From `first` to `last`; `amount` units of the base currency are expected to leave in the days after today."""

    first: date
    last: date
    amount: int


@dataclass(frozen=True)
class Budget:
    """A budget as the forecast needs it; None for `categories` or `accounts` is all of them.

    `categories` has the descendants, too; all accounts are those that every member sees. Budgets are in the base
    currency.
    """

    source: Source
    categories: frozenset[UUID] | None
    accounts: frozenset[UUID] | None
    periods: tuple[Period, ...]

    def covers(self, account_id: UUID, category_id: UUID | None) -> bool:
        return (self.accounts is None or account_id in self.accounts) and (
            self.categories is None or category_id in self.categories
        )


class _Claims:
    """What is spent already by day, account and category: planned items, then budgets one after the other.

    Sums are kept by day up to `until`, so that a period costs the same however long it is.
    """

    def __init__(self, entries: Sequence[Entry], today: date, until: date, expense: frozenset[UUID]) -> None:
        self._today = today
        self._days = (until - today).days
        self._planned: list[tuple[int, UUID, UUID | None, int]] = []
        self._budgets: list[tuple[Budget, list[int]]] = []
        for entry in entries:
            loose = entry.category_id is None and entry.change.expected < 0
            index = max((entry.day - today).days, 1)
            if not entry.is_transfer and index <= self._days and (loose or entry.category_id in expense):
                self._planned.append((index, entry.account_id, entry.category_id, -entry.change.expected))

    def left(self, budget: Budget, accounts: frozenset[UUID]) -> tuple[Share, ...]:
        """What the budget's periods leave to spend; a planned refund makes no room for more."""
        planned = [0] * (self._days + 1)
        for index, account_id, category_id, amount in self._planned:
            if account_id in accounts and budget.covers(account_id, category_id):
                planned[index] += amount
        planned = list(accumulate(planned))
        others = [(sums, *overlap) for other, sums in self._budgets if (overlap := _overlap(budget, other))[0]]
        found = []
        for period in budget.periods:
            first = max(period.first, self._today + timedelta(days=1))
            before, upto = self._index(first - timedelta(days=1)), self._index(period.last)
            taken = max(planned[upto] - planned[before], 0)
            taken += sum(divided((sums[upto] - sums[before]) * part, whole) for sums, part, whole in others)
            if first <= period.last and period.amount > taken:
                found.append(Share(first, period.last, period.amount - taken))
        return tuple(found)

    def add(self, budget: Budget, shares: tuple[Share, ...]) -> None:
        self._budgets.append((budget, list(accumulate(spread_by_day(shares, self._today, self._days)))))

    def _index(self, day: date) -> int:
        return min(max((day - self._today).days, 0), self._days)


def spend(
    budgets: Sequence[Budget],
    entries: Sequence[Entry],
    series: Mapping[Key, list[int]],
    months: Mapping[UUID, int],
    accounts: Sequence[Account],
    expense: frozenset[UUID],
    today: date,
    until: date,
) -> tuple[list[Budgeted], frozenset[Key]]:
    """What each budget takes from each account, and which of the learned series are explained by that.

    `accounts` are those in the base currency; a budget's spending is shared among them as it was in the months learned
    from. `expense` are the categories of that kind; `until` is the last day of which `entries` tell.
    """
    claims = _Claims(entries, today, until, expense)
    found: list[Budgeted] = []
    explained: set[Key] = set()
    for budget in sorted(budgets, key=_width):
        eligible = [each for each in accounts if _counts(budget, each)]
        if not eligible:
            continue
        ids = frozenset(each.id for each in eligible)
        covered = [key for key in series if key[2] == "expense" and key[0] in ids and budget.covers(key[0], key[1])]
        explained.update(covered)
        shares = claims.left(budget, ids)
        claims.add(budget, shares)
        past = {each.id: _past(covered, series, each.id) for each in eligible}
        weights = _weights(eligible, past)
        parts = [shared(share.amount, weights) for share in shares]
        for number, account in enumerate(eligible):
            own = tuple(
                Share(share.first, share.last, part[number])
                for share, part in zip(shares, parts, strict=True)
                if part[number]
            )
            if own:
                known = months.get(account.id, 0)
                spread = spread_of(past[account.id][-known:] if known > 0 else [])
                found.append(Budgeted(budget.source, account.id, own, spread))
    return found, frozenset(explained)


def _counts(budget: Budget, account: Account) -> bool:
    return not account.is_private if budget.accounts is None else account.id in budget.accounts


def _width(budget: Budget) -> tuple[int, int, int, str]:
    """Narrow ones first: by categories, by accounts, and the shorter period before the longer."""
    many = 10**9
    period = budget.periods[0] if budget.periods else None
    return (
        many if budget.categories is None else len(budget.categories),
        many if budget.accounts is None else len(budget.accounts),
        0 if period is None else (period.last - period.first).days,
        str(budget.source.id),
    )


def _overlap(wide: Budget, narrow: Budget) -> tuple[int, int]:
    """Which part of the narrower budget lies in the wider one, as a fraction of its categories; none is 0 of any."""
    if wide.accounts is not None and narrow.accounts is not None and not wide.accounts & narrow.accounts:
        return 0, 1
    if wide.categories is None:
        return 1, 1
    inside = narrow.categories or frozenset()
    return len(wide.categories & inside), len(inside)


def _past(covered: Sequence[Key], series: Mapping[Key, list[int]], account_id: UUID) -> list[int]:
    found = [0] * MONTHS
    for key in covered:
        if key[0] == account_id:
            found = [a + b for a, b in zip(found, series[key], strict=True)]
    return found


def _weights(eligible: Sequence[Account], past: Mapping[UUID, list[int]]) -> list[int]:
    """As it was spent; where nothing was, all from the first account of every day, else from the first of all."""
    weights = [max(0, -sum(past[each.id])) for each in eligible]
    if any(weights):
        return weights
    usual = next((each for each in eligible if each.type == "checking"), eligible[0])
    return [int(each is usual) for each in eligible]

"""Balances day by day from a plan. Pure arithmetic on whole units: what went in is in the line, to the cent.

On every day `low = balance + the sum of the lows of all sources`, and likewise for expected and high.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from uuid import UUID

from app.forecast.arithmetic import MONTH, divided, elapsed, roots, spread_by_day
from app.forecast.model import NOTHING, Account, Budgeted, Entry, Plan, Range, Rest, Source, SourceKind

REST = Source("rest", None, "Usual income and spending")
GROUPS: dict[SourceKind, str] = {"schedule": "planned", "what_if": "planned", "budget": "budgets", "rest": "rest"}
NAMES = ("planned", "budgets", "rest")


@dataclass(frozen=True)
class Sums:
    """What one source, or a group of them, has come to by the end of each day from today on."""

    low: list[int]
    expected: list[int]
    high: list[int]

    def at(self, index: int) -> Range:
        return Range(self.low[index], self.expected[index], self.high[index])


@dataclass(frozen=True)
class Line:
    """The balance of an account, or of all in a currency, at the end of each day from today on."""

    balance: int
    sums: Sums
    groups: dict[str, Sums]
    """By `planned`, `budgets` and `rest`."""
    sources: dict[Source, Range]
    """What each source comes to by the last day."""

    def lowest(self) -> tuple[int, int]:
        """The smallest expected balance, and the index of the first day that has it."""
        amount = min(self.sums.expected)
        return amount, self.sums.expected.index(amount)

    def lowest_low(self) -> tuple[int, int]:
        """The same of the low line."""
        amount = min(self.sums.low)
        return amount, self.sums.low.index(amount)


def project(plan: Plan) -> dict[UUID, Line]:
    """The line of each account of the plan. Entries of accounts that are not among them are passed over."""
    days = (plan.last - plan.today).days
    times = elapsed(plan.today, days)
    widths = roots(times)
    entries: defaultdict[UUID, list[Entry]] = defaultdict(list)
    for entry in plan.entries:
        entries[entry.account_id].append(entry)
    budgeted: defaultdict[UUID, list[Budgeted]] = defaultdict(list)
    for each in plan.budgeted:
        budgeted[each.account_id].append(each)
    rest = {each.account_id: each for each in plan.rest}
    found = {}
    for account in plan.accounts:
        sources: defaultdict[Source, Range] = defaultdict(lambda: NOTHING)
        groups = {
            "planned": _planned(plan, entries[account.id], days, sources),
            "budgets": _budgets(plan, budgeted[account.id], widths, sources),
            "rest": _rest(rest.get(account.id), times, widths, sources),
        }
        found[account.id] = _line(account, groups, dict(sources), days)
    return found


def together(lines: Iterable[Line]) -> Line:
    """The sum of several lines, not none. The lows are added as they are: as if all went badly at once."""
    given = list(lines)
    sources: defaultdict[Source, Range] = defaultdict(lambda: NOTHING)
    for line in given:
        for source, change in line.sources.items():
            sources[source] += change
    return Line(
        sum(line.balance for line in given),
        _added([line.sums for line in given]),
        {name: _added([line.groups[name] for line in given]) for name in NAMES},
        dict(sources),
    )


def _line(account: Account, groups: dict[str, Sums], sources: dict[Source, Range], days: int) -> Line:
    flat = [account.balance] * (days + 1)
    return Line(account.balance, _added([Sums(flat, flat, flat), *groups.values()]), groups, sources)


def _added(parts: list[Sums]) -> Sums:
    return Sums(
        [sum(each) for each in zip(*(part.low for part in parts), strict=True)],
        [sum(each) for each in zip(*(part.expected for part in parts), strict=True)],
        [sum(each) for each in zip(*(part.high for part in parts), strict=True)],
    )


def _planned(plan: Plan, entries: list[Entry], days: int, sources: defaultdict[Source, Range]) -> Sums:
    """What is overdue counts today; what comes after the last day does not."""
    low, expected, high = [0] * (days + 1), [0] * (days + 1), [0] * (days + 1)
    for entry in entries:
        index = max((entry.day - plan.today).days, 0)
        if index > days:
            continue
        low[index] += entry.change.low
        expected[index] += entry.change.expected
        high[index] += entry.change.high
        sources[entry.source] += entry.change
    return Sums(list(accumulate(low)), list(accumulate(expected)), list(accumulate(high)))


def _budgets(plan: Plan, budgeted: list[Budgeted], widths: list[int], sources: defaultdict[Source, Range]) -> Sums:
    """Each share evenly by days; the spread widens it, and nobody is expected to spend less than nothing."""
    parts = [_flat(len(widths))]
    for each in budgeted:
        spent = spread_by_day(each.shares, plan.today, len(widths) - 1)
        expected = [-amount for amount in accumulate(spent)]
        moved = [amount != 0 for amount in expected]
        part = Sums(
            [
                e - divided(each.spread.down * w, MONTH) if m else e
                for e, w, m in zip(expected, widths, moved, strict=True)
            ],
            expected,
            [min(0, e + divided(each.spread.up * w, MONTH)) for e, w in zip(expected, widths, strict=True)],
        )
        sources[each.source] += part.at(-1)
        parts.append(part)
    return _added(parts)


def _rest(rest: Rest | None, times: list[int], widths: list[int], sources: defaultdict[Source, Range]) -> Sums:
    if rest is None:
        return _flat(len(times))
    monthly = rest.income + rest.spending
    expected = [divided(monthly * time, MONTH) for time in times]
    sums = Sums(
        [e - divided(rest.spread.down * w, MONTH) for e, w in zip(expected, widths, strict=True)],
        expected,
        [e + divided(rest.spread.up * w, MONTH) for e, w in zip(expected, widths, strict=True)],
    )
    sources[REST] += sums.at(-1)
    return sums


def _flat(length: int) -> Sums:
    return Sums([0] * length, [0] * length, [0] * length)

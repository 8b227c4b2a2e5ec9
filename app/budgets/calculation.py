"""What is left of a budget: arithmetic over periods, amounts and what was spent. Nothing here reads anything."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from app.budgets.periods import Cadence
from app.core.money import percent, quantum

Kind = Literal["limit", "envelope"]
Rollover = Literal["none", "surplus", "deficit", "both"]

DEFAULT_THRESHOLDS = (Decimal(80), Decimal(100))
"""In percent; of budgets that name none."""
ZERO = Decimal(0)
NOT_USED = Decimal("0.00")


@dataclass(frozen=True)
class Budget:
    """A budget with all that its sums depend on besides the transactions."""

    id: UUID
    name: str
    kind: Kind
    group_id: UUID | None
    cadence: Cadence
    end_date: date | None
    rollover: Rollover
    rollover_since: date
    category_ids: tuple[UUID, ...]
    account_ids: tuple[UUID, ...]
    tag_ids: tuple[UUID, ...]
    thresholds: tuple[Decimal, ...]
    amounts: tuple[tuple[date, Decimal], ...]
    """From which day on which amount holds, the earliest first; each day begins a period."""
    assigned: tuple[tuple[date, Decimal], ...] = ()
    """What was put into the envelope on which day, taken out is negative."""
    reached: frozenset[tuple[date, Decimal]] = frozenset()
    """Thresholds that are known to be reached, each with the first day of its period."""
    kept: tuple[date, Decimal] | None = None
    """What is carried into a period, by its first day, where that is known already."""

    def covers(self, day: date) -> bool:
        """Whether a day is between the start and the end."""
        return self.cadence.anchor <= day and (self.end_date is None or day <= self.end_date)

    def first_day(self, number: int) -> date:
        return self.cadence.start(number)

    def last_day(self, number: int) -> date:
        """Of a period; the one in which the budget ends is shorter."""
        last = self.cadence.end(number)
        return last if self.end_date is None else min(last, self.end_date)

    def target(self, number: int) -> Decimal:
        """The amount that holds in a period."""
        begin = self.first_day(number)
        found = bisect_right(self.amounts, begin, key=lambda entry: entry[0])
        return self.amounts[found - 1][1] if found else ZERO

    @property
    def carries_from(self) -> int:
        """The first period whose rest is carried."""
        return max(0, self.cadence.number(self.rollover_since))

    def needs_from(self, number: int) -> date:
        """From which day on the spending is needed to say how a period stands."""
        return self.first_day(number if self.rollover == "none" else min(number, self.known(number)[0]))

    def known(self, number: int) -> tuple[int, Decimal]:
        """The last period up to this one, or else the first that carries, into which it is known what is carried."""
        if self.kept is not None and self.carries_from < (kept := self.cadence.number(self.kept[0])) <= number:
            return kept, self.kept[1]
        return self.carries_from, ZERO

    def assigned_in(self, until: date | None = None) -> dict[int, Decimal]:
        """What was put into the envelope, by period, up to a day."""
        found: dict[int, Decimal] = {}
        for day, amount in self.assigned:
            if until is None or day <= until:
                number = self.cadence.number(day)
                found[number] = found.get(number, ZERO) + amount
        return found


@dataclass
class Sums:
    """What a budget spent, by period: in the base currency, and by currency what has no known rate."""

    spent: dict[int, Decimal] = field(default_factory=dict)
    unconverted: dict[int, dict[str, Decimal]] = field(default_factory=dict)


NOTHING = Sums()


@dataclass(frozen=True)
class Pace:
    """How fast it goes, in the base currency a day. `left_per_day` is None when no day is left."""

    days: int
    days_passed: int
    allowed_per_day: Decimal
    actual_per_day: Decimal
    left_per_day: Decimal | None
    expected_spent: Decimal
    """What will be spent at the end of the period if it goes on like this."""


@dataclass(frozen=True)
class Status:
    """How a budget stands in one period, in the base currency; spending is positive, refunds lower it.

    `amount` is what the period may cost: the limit, or what was assigned to the envelope. `available` is that with what
    was carried, `remaining` what is left of it. `percent_used` is of what is available, None where nothing is and
    something was spent.
    """

    budget_id: UUID
    name: str
    kind: Kind
    group_id: UUID | None
    currency: str
    period_start: date
    period_end: date
    amount: Decimal
    target: Decimal
    carried: Decimal
    available: Decimal
    spent: Decimal
    remaining: Decimal
    percent_used: Decimal | None
    pace: Pace
    unconverted: tuple[tuple[str, Decimal], ...]
    """By currency, in its own units; it is counted nowhere else."""
    alerts: tuple[Decimal, ...]
    """The thresholds that are reached, the lowest first, in percent."""


def carry(rollover: Rollover, rest: Decimal) -> Decimal:
    """What of a period's rest goes into the next one."""
    if rollover == "both":
        return rest
    if rollover == "surplus":
        return max(rest, ZERO)
    return min(rest, ZERO) if rollover == "deficit" else ZERO


def carried_into(budget: Budget, number: int, spent: Mapping[int, Decimal], assigned: Mapping[int, Decimal]) -> Decimal:
    """What a period has from those before it.

    Each period's rest is carried into the next one as the budget's `rollover` says, from the first that carries. A run
    of periods of the same amount in which nothing was spent is one step: with an amount that is not negative, what is
    clipped at 0 after each of n steps is what is clipped once after n of them.
    """
    first, carried = budget.known(number)
    if budget.rollover == "none" or number <= first:
        return ZERO if budget.rollover == "none" else carried
    changes = {n for day, _ in budget.amounts if first < (n := budget.cadence.number(day)) < number}
    moved = {n for n in (*spent, *assigned) if first <= n < number}
    stops = sorted({first, *changes, *moved, *(n + 1 for n in moved if n + 1 < number)})
    for place, begin in enumerate(stops):
        until = stops[place + 1] if place + 1 < len(stops) else number
        amount = budget.target(begin) if budget.kind == "limit" else assigned.get(begin, ZERO)
        rest = carried + amount * (until - begin) - spent.get(begin, ZERO)
        carried = carry(budget.rollover, rest)
    return carried


def is_reached(threshold: Decimal, spent: Decimal, available: Decimal) -> bool:
    """Whether spending is at this many percent of what is available; of nothing, any spending is at all of them."""
    return spent > 0 and spent * 100 >= threshold * available


def status(
    budget: Budget,
    number: int,
    sums: Sums,
    *,
    currency: str,
    exponent: int,
    today: date,
    until: date | None = None,
) -> Status:
    """How a period stands, with what was spent and assigned up to `until`; the sums go no further than that."""
    step = quantum(exponent)
    assigned = budget.assigned_in(until)
    target = budget.target(number)
    amount = target if budget.kind == "limit" else assigned.get(number, ZERO)
    carried = carried_into(budget, number, sums.spent, assigned)
    spent = sums.spent.get(number, ZERO)
    available = amount + carried
    begin, end = budget.first_day(number), budget.last_day(number)
    return Status(
        budget_id=budget.id,
        name=budget.name,
        kind=budget.kind,
        group_id=budget.group_id,
        currency=currency,
        period_start=begin,
        period_end=end,
        amount=amount.quantize(step),
        target=target.quantize(step),
        carried=carried.quantize(step),
        available=available.quantize(step),
        spent=spent.quantize(step),
        remaining=(available - spent).quantize(step),
        percent_used=used(spent, available),
        pace=pace(begin, end, min(today, until or today), spent, available, step),
        unconverted=tuple(sorted((code, a) for code, a in sums.unconverted.get(number, {}).items() if a)),
        alerts=tuple(t for t in budget.thresholds if is_reached(t, spent, available)),
    )


def used(spent: Decimal, available: Decimal) -> Decimal | None:
    """In percent, rounded half to even to 2 decimals; None where something was spent of nothing."""
    if available > 0:
        return percent(spent, available)
    return NOT_USED if spent <= 0 else None


def pace(begin: date, end: date, today: date, spent: Decimal, available: Decimal, step: Decimal) -> Pace:
    """Amounts a day, rounded half to even; today counts as passed."""
    days = (end - begin).days + 1
    passed = min(max((today - begin).days + 1, 0), days)
    left = days - passed
    actual = spent / passed if passed else ZERO
    return Pace(
        days=days,
        days_passed=passed,
        allowed_per_day=(available / days).quantize(step),
        actual_per_day=actual.quantize(step),
        left_per_day=(max(available - spent, ZERO) / left).quantize(step) if left else None,
        expected_spent=(spent + actual * left).quantize(step),
    )


@dataclass(frozen=True)
class Whole:
    """The sums of several budgets, each in its own period."""

    amount: Decimal
    carried: Decimal
    available: Decimal
    spent: Decimal
    remaining: Decimal
    percent_used: Decimal | None


def whole_of(statuses: Sequence[Status], exponent: int) -> Whole:
    """The plain sums: what two budgets both count is in them twice."""

    def total(name: str) -> Decimal:
        return sum((getattr(each, name) for each in statuses), ZERO).quantize(quantum(exponent))

    spent, available = total("spent"), total("available")
    return Whole(total("amount"), total("carried"), available, spent, total("remaining"), used(spent, available))

"""Paying several debts off together, month by month: freed payments roll over to the next debt.

Each month interest is added to what is owed (the annual rate's twelfth, or what compounds to it in a year; rounded
half to even to the currency's unit), every debt gets its minimum, and what is left of the month's money goes to the
debts in the order of the strategy. All arithmetic is decimal, in the context of `amortisation`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from typing import Literal

from dateutil.relativedelta import relativedelta

from app.core.money import quantum
from app.goals.amortisation import CONTEXT

MAX_MONTHS = 1200
BEYOND = Decimal(10) ** 30
"""More than 1200 months of the largest amount can pay: what is owed beyond it is not paid off."""
ZERO = Decimal(0)

Strategy = Literal["avalanche", "snowball", "custom"]


@dataclass(frozen=True)
class MonthlyRate:
    """From a day on (None for the first): the annual rate in percent, and the fraction of 1 a month adds."""

    from_date: date | None
    annual_rate: Decimal
    fraction: Decimal


@dataclass(frozen=True)
class Debt:
    """What is owed, positive, at which rates (in order of their days), and the least to pay each month."""

    balance: Decimal
    rates: tuple[MonthlyRate, ...]
    minimum: Decimal

    def rate_at(self, day: date) -> MonthlyRate:
        found = self.rates[0]
        for rate in self.rates[1:]:
            if rate.from_date is not None and rate.from_date > day:
                break
            found = rate
        return found


@dataclass(frozen=True)
class Payment:
    """What one debt got in a month, the interest that was added before, and what is owed after."""

    debt: int
    payment: Decimal
    interest: Decimal
    balance: Decimal


@dataclass(frozen=True)
class Month:
    number: int
    date: date
    payments: tuple[Payment, ...]


@dataclass(frozen=True)
class Outcome:
    """How a plan ends: `months` is None where something is still owed after `MAX_MONTHS`."""

    months: int | None
    total_interest: Decimal
    total_paid: Decimal
    paid_off: tuple[tuple[int, Month], ...]
    """The debts by their number in the order in which they end, with the month of that."""
    interest: tuple[Decimal, ...]
    """For each debt."""
    schedule: tuple[Month, ...]


@dataclass(frozen=True)
class Plan:
    """What is planned with: `first` is the day of the first payments; `extra` is by number of the month, 1 first."""

    debts: tuple[Debt, ...]
    first: date
    exponent: int
    monthly_amount: Decimal
    extra: Mapping[int, Decimal]

    def day(self, number: int) -> date:
        found: date = self.first + relativedelta(months=number - 1)
        return found


Order = Callable[[Sequence[int], date], Sequence[int]]


def order_of(plan: Plan, strategy: Strategy, custom: Sequence[int] = ()) -> Order:
    """Which debt gets the freed money first: the dearest in that month, the one smallest at the start, or as given.

    Equal ones follow their other measure, then the order in which they were given.
    """
    debts = plan.debts
    if strategy == "avalanche":
        return lambda owing, day: sorted(owing, key=lambda i: (-debts[i].rate_at(day).fraction, debts[i].balance, i))
    if strategy == "snowball":
        first = plan.first
        key = {i: (debt.balance, -debt.rate_at(first).fraction, i) for i, debt in enumerate(debts)}
        return lambda owing, _: sorted(owing, key=key.__getitem__)
    place = {debt: number for number, debt in enumerate(custom)}
    return lambda owing, _: sorted(owing, key=place.__getitem__)


def pay_off(plan: Plan, order: Order, *, keep: bool = False) -> Outcome:
    """Follow an order to its end; with `keep` the months are in the outcome."""
    return _follow(plan, order, keep=keep)


def minimums_only(plan: Plan) -> Outcome:
    """What becomes of the debts when each gets its minimum and nothing rolls over."""
    return _follow(plan, None, keep=False)


def first_interest(plan: Plan) -> Decimal:
    """The interest of the first month, of all debts."""
    with localcontext(CONTEXT):
        unit = quantum(plan.exponent)
        found = ((debt.balance * debt.rate_at(plan.first).fraction).quantize(unit) for debt in plan.debts)
        return sum(found, ZERO.quantize(unit))


def _follow(plan: Plan, order: Order | None, *, keep: bool) -> Outcome:
    with localcontext(CONTEXT):
        unit = quantum(plan.exponent)
        none = ZERO.quantize(unit)
        balances = [debt.balance + none for debt in plan.debts]
        interest, paid_off = [none] * len(balances), []
        paid, schedule = none, []
        owing = [number for number, balance in enumerate(balances) if balance > 0]
        months = 0
        while owing and months < MAX_MONTHS:
            months += 1
            day = plan.day(months)
            added: dict[int, Decimal] = {}
            given: dict[int, Decimal] = {}
            for i in owing:
                debt = plan.debts[i]
                added[i] = (balances[i] * debt.rate_at(day).fraction).quantize(unit)
                interest[i] += added[i]
                given[i] = min(debt.minimum + none, balances[i] + added[i])
                balances[i] += added[i] - given[i]
            if order is not None:
                left = plan.monthly_amount + plan.extra.get(months, none) - sum(given.values(), none)
                for i in order(owing, day):
                    if left <= 0:
                        break
                    more = min(left, balances[i])
                    given[i] += more
                    balances[i] -= more
                    left -= more
            paid += sum(given.values(), none)
            month = Month(months, day, tuple(Payment(i, given[i], added[i], balances[i]) for i in owing))
            if keep:
                schedule.append(month)
            paid_off += [(i, month) for i in owing if not balances[i]]
            owing = [i for i in owing if balances[i]]
            if any(balances[i] > BEYOND for i in owing):
                break
        ended = None if owing else months
        total = sum(interest, none)
        return Outcome(ended, total, paid, tuple(paid_off), tuple(interest), tuple(schedule))

"""Rates of return from flows and values; nothing here knows where they come from.

Signs are those of the holdings: what goes into them (a purchase) is an inflow, what comes out (a sale) an outflow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from math import isfinite

import pyxirr

ONE, ZERO = Decimal(1), Decimal(0)
YEAR = 365
"""Days of a year, as XIRR counts them."""
RATE_PLACES = Decimal("0.000000000001")


class Reason(StrEnum):
    """Why there is no rate of return."""

    NOTHING_HELD = "nothing_held"
    NO_PRICE = "no_price"
    NO_RATE = "no_rate"
    NO_SIGN_CHANGE = "no_sign_change"
    UNDER_A_DAY = "under_a_day"
    NO_SOLUTION = "no_solution"
    LOST_MORE_THAN_ALL = "lost_more_than_all"

    @property
    def words(self) -> str:
        """The same for people."""
        return _WORDS[self]


_WORDS = {
    Reason.NOTHING_HELD: "Nothing was held in this time.",
    Reason.NO_PRICE: "Something that was held has no price on a day on which its value is needed.",
    Reason.NO_RATE: "There is no exchange rate for a day on which one is needed.",
    Reason.NO_SIGN_CHANGE: "Money went only in, or only out: no rate of return makes the two equal.",
    Reason.UNDER_A_DAY: "Everything happened on one day: a rate a year says nothing about it.",
    Reason.NO_SOLUTION: "No rate of return makes what went in equal to what came out.",
    Reason.LOST_MORE_THAN_ALL: "Costs were higher than the value that they were paid from.",
}


@dataclass(frozen=True)
class Outcome:
    """A rate as a fraction (0.05 is 5 %), or None and why."""

    rate: Decimal | None = None
    reason: Reason | None = None


@dataclass(frozen=True)
class FlowDay:
    """A day on which something went in or came out, in one currency.

    `before` is what was held the evening before at this day's prices, `after` what was held this evening; None where
    that is not known. `income` (dividends, interest and returned capital, less fees) has a sign, the others have none.
    """

    day: date
    before: Decimal | None
    after: Decimal | None
    inflow: Decimal = ZERO
    outflow: Decimal = ZERO
    income: Decimal = ZERO


def time_weighted(start: Decimal | None, days: Sequence[FlowDay], end: Decimal | None) -> Outcome:
    """The true time-weighted return of the whole time: what one unit of money would have grown by.

    The time is cut at every external flow, the holdings are valued right before it at that day's prices, and the
    growths of the parts are multiplied (GIPS 2020, provision 2.A.20 and glossary; CFA Institute, "Time-weighted rate of
    return"). With the value `base` after the flow before:

        part before the day    (before + income) / base
        the day itself         (after + outflow) / (before + inflow)

    of the day's in- and outflows only their difference is a flow. The second factor holds what trading itself cost or
    brought (fees, a price other than the day's last) and is 1 where there is none. Where nothing was held before, the
    income has no base of its own and joins the outflow. `start` and `end` are the values at the ends of the time.
    """
    if start is None or end is None:
        return Outcome(reason=Reason.NO_PRICE)
    growth, base, held = ONE, start, start > 0
    for day in days:
        if base > 0:
            if day.before is None:
                return Outcome(reason=Reason.NO_PRICE)
            growth *= (day.before + day.income) / base
            before, income = day.before, ZERO
        else:
            before, income = ZERO, day.income
        net = day.inflow - day.outflow
        capital = before + max(net, ZERO)
        if capital <= 0:
            base = day.after or ZERO
            continue
        held = True
        out = max(-net, ZERO) + income
        if day.after is None and (before or out):
            return Outcome(reason=Reason.NO_PRICE)
        # Of a first purchase without a price that day, what was paid stands for the value: it would cancel out.
        base = capital if day.after is None else day.after
        growth *= (base + out) / capital
        if growth < 0:
            return Outcome(reason=Reason.LOST_MORE_THAN_ALL)
    if not held:
        return Outcome(reason=Reason.NOTHING_HELD)
    if base > 0:
        growth *= end / base
    return Outcome(growth - 1)


def a_year(outcome: Outcome, days: int) -> Decimal | None:
    """A return over so many days as one a year, compounded; None for less than a year: GIPS scales none of those up."""
    if outcome.rate is None or days < YEAR:
        return None
    growth = outcome.rate + 1
    return growth ** (Decimal(YEAR) / days) - 1 if growth > 0 else -ONE


def money_weighted(flows: Sequence[tuple[date, Decimal]]) -> Outcome:
    """The money-weighted return a year: the rate at which these flows are worth nothing together (XIRR).

    It solves sum(amount / (1 + rate) ** (days since the first / 365)) = 0, as the function XIRR of spreadsheets does
    (Microsoft, "XIRR function"). What is paid in is negative here, what comes back, the value in the end too, positive.
    It is a ratio and computed in floating point; call it in a thread.
    """
    moved = [(day, amount) for day, amount in flows if amount]
    if not moved:
        return Outcome(reason=Reason.NOTHING_HELD)
    if len({day for day, _ in moved}) == 1:
        return Outcome(reason=Reason.UNDER_A_DAY)
    if all(amount > 0 for _, amount in moved) or all(amount < 0 for _, amount in moved):
        return Outcome(reason=Reason.NO_SIGN_CHANGE)
    found = pyxirr.xirr([day for day, _ in moved], [amount for _, amount in moved])
    if found is None or not isfinite(found):
        return Outcome(reason=Reason.NO_SOLUTION)
    return Outcome(Decimal(repr(found)).quantize(RATE_PLACES))


def average_capital(start: Decimal, flows: Sequence[tuple[date, Decimal, Decimal]], first: date, last: date) -> Decimal:
    """The money that worked on average from `first` to `last`, both included (modified Dietz).

    Each flow is (day, inflow, outflow) and counts for the part of the time in which it was there: an inflow from the
    morning of its day, an outflow until the evening (P. O. Dietz, "Measurement of Performance of Security Portfolios",
    The Journal of Finance 23, 1968; C. R. Bacon, "Practical Portfolio Performance Measurement and Attribution", 2008).
    """
    whole = (last - first).days + 1
    capital = start
    for day, inflow, outflow in flows:
        left = (last - day).days
        capital += (inflow * (left + 1) - outflow * left) / whole
    return capital


def modified_dietz(gain: Decimal, capital: Decimal) -> Outcome:
    """The gain over the average capital of the time; it is not scaled to a year."""
    if capital <= 0:
        return Outcome(reason=Reason.NOTHING_HELD)
    return Outcome(gain / capital)

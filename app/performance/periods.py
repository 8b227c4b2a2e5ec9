"""What holdings did in a time: what they gained, through what, and at which rates of return.

The holdings are looked at, not the cash on their accounts. Purchases and what comes in kind go in; sales, what goes out
in kind, and what they pay (dividends, interest, returned capital) come out. Fees and taxes count against them.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.access.context import BookReader
from app.core.database import AnyRow
from app.core.money import quantum
from app.core.rounding import rounded_parts
from app.performance import many_days, repository
from app.performance.history import Span
from app.performance.repository import Asked
from app.performance.returns import (
    FlowDay,
    Outcome,
    Reason,
    a_year,
    average_capital,
    modified_dietz,
    money_weighted,
    time_weighted,
)

Document = dict[str, Any]
Position = tuple[UUID, UUID]
DAY = timedelta(days=1)
ZERO = Decimal(0)
RATE = Decimal("0.0001")
"""Rates of return are told in percent, with four decimals."""
MOST_DIGITS = 30
IN_PERIOD = ("dividends", "interest", "fees", "taxes")


@dataclass
class Holding:
    """One position in the time; a value is None where it was held and could not be valued."""

    start: Decimal | None = ZERO
    end: Decimal | None = ZERO
    start_cost: Decimal | None = ZERO
    end_cost: Decimal | None = ZERO
    inflow: Decimal = ZERO
    outflow: Decimal = ZERO
    income: Decimal = ZERO
    realised: Decimal | None = ZERO
    known: bool = True
    """Whether every flow has a price and a rate."""

    @property
    def gain(self) -> Decimal | None:
        """What it is worth more than in the beginning, less what went in, and what came out of it."""
        if self.start is None or self.end is None or not self.known:
            return None
        return self.end - self.start - self.inflow + self.outflow + self.income

    @property
    def unrealised(self) -> Decimal | None:
        """How much more its value was above its cost in the end than in the beginning."""
        if None in (self.start, self.end, self.start_cost, self.end_cost):
            return None
        return (self.end or ZERO) - (self.end_cost or ZERO) - (self.start or ZERO) + (self.start_cost or ZERO)


@dataclass
class Day:
    """The flows of a day through what was asked for; what only changes place inside is none."""

    inflow: Decimal = ZERO
    outflow: Decimal = ZERO
    income: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        """What was put in, less what came back."""
        return self.inflow - self.outflow - self.income

    @property
    def put_in(self) -> Decimal:
        """Of purchases and sales of one day only the difference is a flow."""
        return max(self.inflow - self.outflow, ZERO)

    @property
    def taken_out(self) -> Decimal:
        return max(self.outflow - self.inflow, ZERO) + self.income


@dataclass
class Period:
    """All that there is to know of a time, in one currency."""

    asked: Asked
    span: Span
    holdings: dict[Position, Holding] = field(default_factory=lambda: defaultdict(Holding))
    days: dict[date, Day] = field(default_factory=dict)
    sums: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(IN_PERIOD, ZERO))
    unpriced: set[tuple[UUID, date]] = field(default_factory=set)
    unconverted: set[tuple[str, date]] = field(default_factory=set)
    course: list[FlowDay] = field(default_factory=list)

    @property
    def before(self) -> date:
        """The evening on which the time begins."""
        return self.span.first - DAY

    @property
    def length(self) -> int:
        return (self.span.last - self.before).days

    @property
    def worked(self) -> int:
        """Days in which there was money in it: since the first flow where nothing was held in the beginning."""
        if self.total("start"):
            return self.length
        first = min((day for day, one in self.days.items() if one.net), default=self.before)
        return (self.span.last - first).days

    def total(self, name: str) -> Decimal | None:
        """The sum of this of all holdings; None where one of them lacks it."""
        parts = [getattr(holding, name) for holding in self.holdings.values()]
        return None if None in parts else sum(parts, self.nothing)

    @property
    def nothing(self) -> Decimal:
        return ZERO.quantize(quantum(self.asked.exponent))

    @property
    def lacking(self) -> Reason:
        """Why something has no value."""
        return Reason.NO_PRICE if self.unpriced else Reason.NO_RATE


async def look(book: BookReader, asked: Asked, span: Span, *, course: bool = True) -> Period:
    """Read a time: its ends, its flows, and, for a `course`, the value around each flow."""
    found = Period(asked, span)
    ends = [(found.before, found.before), (span.last, span.last)]
    for row in await repository.cells(book, asked, ends):
        holding = found.holdings[row.account_id, row.asset_id]
        name = "start" if row.n == 1 else "end"
        setattr(holding, name, row.value)
        setattr(holding, f"{name}_cost", row.cost_there)
        _note(found, row)
    add_flows(found, await repository.flows(book, asked, span.first, span.last))
    for row in await repository.realised(book, asked, span.first, span.last):
        found.holdings[row.account_id, row.asset_id].realised = None if row.unrated else row.gain
        found.unconverted |= {(code, span.last) for code in row.unrated or ()}
    if course:
        await _add_course(book, found)
    return found


def _note(found: Period, row: AnyRow) -> None:
    if row.price is None:
        found.unpriced.add((row.asset_id, row.day))
    elif row.value is None:
        found.unconverted.add((row.price_currency, row.day))


def add_flows(found: Period, rows: Sequence[AnyRow]) -> None:
    """Take the flows of the time, as `repository.flows` reads them: of each day, and of each position."""
    for row in rows:
        unrated = [*(row.unrated or ()), *(row.unrated_kind or ())]
        if row.day is not None:
            found.days[row.day] = Day(row.put_in, row.taken_out, row.income)
            found.unconverted |= {(code, row.day) for code in unrated}
            found.unpriced |= {(asset, row.day) for asset in row.unpriced or ()}
            continue
        holding = found.holdings[row.account_id, row.asset_id]
        holding.inflow += row.inflow
        holding.outflow += row.outflow
        holding.income += row.income
        for name in IN_PERIOD:
            found.sums[name] += getattr(row, name)
        holding.known = not (unrated or row.unpriced)


async def _add_course(book: BookReader, found: Period) -> None:
    days = sorted(found.days)
    pairs = [pair for day in days for pair in ((day - DAY, day), (day, day))]
    rows = {row.n: row for row in await many_days.by_day(book, found.asked, pairs)}
    for number, day in enumerate(days):
        before, after = rows.get(2 * number + 1), rows.get(2 * number + 2)
        moved = found.days[day]
        worth = [_worth(found, row, day) for row in (before, after)]
        found.course.append(FlowDay(day, worth[0], worth[1], moved.inflow, moved.outflow, moved.income))


def _worth(found: Period, row: AnyRow | None, day: date) -> Decimal | None:
    if row is None:
        return ZERO
    if row.unvalued:
        found.unpriced |= {(asset, day) for asset in row.unpriced or ()}
        found.unconverted |= {(code, day) for code in row.unrated or ()}
        return None
    worth: Decimal = row.worth
    return worth


def weighted_by_time(found: Period) -> Outcome:
    """See `returns.time_weighted`."""
    if not all(holding.known for holding in found.holdings.values()):
        return Outcome(reason=found.lacking)
    outcome = time_weighted(found.total("start"), found.course, found.total("end"))
    return Outcome(reason=found.lacking) if outcome.reason is Reason.NO_PRICE else outcome


def weighted_by_money(found: Period) -> Outcome:
    """See `returns.money_weighted`; what was held in the beginning counts as bought then, the end as sold."""
    start, end = found.total("start"), found.total("end")
    if start is None or end is None or found.total("gain") is None:
        return Outcome(reason=found.lacking)
    flows = [(found.before, -start), *((day, -one.net) for day, one in sorted(found.days.items()))]
    return money_weighted([*flows, (found.span.last, end)])


def capital_of(found: Period) -> Decimal | None:
    """The average capital of the whole; see `returns.average_capital`."""
    start = found.total("start")
    if start is None or found.total("gain") is None:
        return None
    moved = [(day, one.put_in, one.taken_out) for day, one in found.days.items()]
    return average_capital(start, moved, found.span.first, found.span.last)


def contributions(found: Period, positions: Iterable[Position]) -> list[Decimal | None]:
    """What each gain is of the average capital of the whole, in percent; together the modified Dietz return."""
    capital = capital_of(found)
    listed = [found.holdings[position].gain for position in positions]
    if capital is None or capital <= 0:
        return [None] * len(listed)
    return list(rounded_parts([(gain or ZERO) * 100 / capital for gain in listed], RATE))


def dietz(found: Period) -> Outcome:
    """See `returns.modified_dietz`."""
    capital, gain = capital_of(found), found.total("gain")
    if capital is None or gain is None:
        return Outcome(reason=found.lacking)
    return modified_dietz(gain, capital)


def rate_document(outcome: Outcome, days: int, *, annual: bool = False) -> Document:
    """A rate of the time, and one a year; `annual` says that it is one a year already."""
    rate, yearly = outcome.rate, a_year(outcome, days)
    if annual and rate is not None:
        yearly = rate
        rate = (1 + rate) ** (Decimal(days) / 365) - 1 if rate > -1 else rate
    reason = outcome.reason
    return {
        "percent": in_percent(rate),
        "annual_percent": in_percent(yearly),
        "reason": reason,
        "detail": None if reason is None else reason.words,
    }


def in_percent(rate: Decimal | None) -> Decimal | None:
    """A fraction in percent; None for what is out of all proportion."""
    if rate is None or (rate and rate.adjusted() > MOST_DIGITS):
        return None
    return (rate * 100).quantize(RATE)

"""Many days of holdings at once: each position is walked along its states, each price along its days.

It says of many days what `cells_sql` says of few,

    quantity x price x splits(met) x rate / splits(unit_day), rounded half away from zero,

in whole numbers. It only computes; many days take a while, and belong in a thread.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import accumulate, pairwise
from math import gcd
from operator import add
from typing import NamedTuple
from uuid import UUID

from app.performance.courses import DIGITS, Course, Days, Prices, Rates, Scaled, rates_on

UNKNOWN = "-"


class Step(NamedTuple):
    """A row of `series_sql.STEPS`: the states of a position, texts with blanks between."""

    account_id: UUID
    asset_id: UUID
    account_currency: str
    days: str
    quantities: str
    costs: str


@dataclass(frozen=True)
class Missing:
    """A position on a day, by its place, that has no value, or no cost to go with it (`valued`).

    Without `currency` it has no price; with it, `amount` is what it was worth there.
    """

    place: int
    account_id: UUID
    asset_id: UUID
    currency: str | None = None
    amount: Decimal | None = None
    valued: bool = False


@dataclass
class Sums:
    """By the place of the day; amounts in the currency's smallest part, but for `cost`.

    `held` and `cost` are told by how they change from one day to the next. `costless` is what in `worth` has no cost,
    `converted` what is beside `cost`: costs at the rate of the day.
    """

    held: list[int]
    worth: list[int]
    costless: list[int]
    converted: list[int]
    cost: list[Decimal]

    @classmethod
    def over(cls, length: int) -> "Sums":
        return cls([0] * (length + 1), [0] * length, [0] * length, [0] * length, [Decimal(0)] * (length + 1))


@dataclass(frozen=True)
class Total:
    """What was held at the end of one day, by its place; `value` and `cost` of what has both, `worth` of all else too.

    A `worth` lacks what is `missing` and not valued.
    """

    place: int
    value: Decimal
    cost: Decimal
    worth: Decimal
    missing: Sequence[Missing]


@dataclass(frozen=True)
class Read:
    """Rows of `series_sql`, the days they are of, and what they are to be converted to.

    `convert` says that a cost is the account's, at the rate of the day: not for the book's currency.
    """

    steps: Sequence[Step]
    prices: Sequence[Prices]
    rates: Mapping[str, Rates]
    currency: str
    exponent: int
    convert: bool


class Walk:
    """What was held on ascending `days`, valued at their prices and rates."""

    def __init__(self, read: Read, days: Sequence[int]) -> None:
        self._read = read
        self._days = Days(days)
        codes = {code for row in read.prices for code in currencies_of(row)}
        codes |= {row.account_currency for row in read.steps}
        self._rates = {code: rates_on(self._days, read.rates.get(code)) for code in codes}
        self._courses = {row.id: Course(row, self._days, self._rates) for row in read.prices}

    def totals(self, units: Sequence[int], *, by_account: bool = False) -> dict[UUID | None, list[Total]]:
        """A sum for each day on which anything was held: of everything, or of each account.

        `units` are the days, as many as there are and ascending too, at whose end it was held.
        """
        sums: dict[UUID | None, Sums] = defaultdict(lambda: Sums.over(len(self._days)))
        missing: dict[UUID | None, list[Missing]] = defaultdict(list)
        held = Days(units)
        with localcontext(prec=DIGITS):
            for row in self._read.steps:
                key = row.account_id if by_account else None
                position = _Position(self._read, row, self._courses.get(row.asset_id), self._rates)
                position.walk(held, sums[key], missing[key])
            return {key: list(self._told(found, missing[key])) for key, found in sums.items()}

    def _told(self, sums: Sums, missing: Iterable[Missing]) -> Iterable[Total]:
        lacking: dict[int, list[Missing]] = defaultdict(list)
        for each in missing:
            lacking[each.place].append(each)
        part = Decimal(1).scaleb(-self._read.exponent)
        held, cost = accumulate(sums.held[:-1]), accumulate(sums.cost[:-1])
        for place, (count, paid, worth, costless, converted) in enumerate(
            zip(held, cost, sums.worth, sums.costless, sums.converted, strict=True)
        ):
            if count:
                yield Total(
                    place, (worth - costless) * part, paid + converted * part, worth * part, lacking.get(place, ())
                )


def currencies_of(row: Prices) -> set[str]:
    """Those in which an asset has prices."""
    found = {row.currency}
    if row.quoted_prices and "/" in row.quoted_prices:
        found |= {price.split("/")[1] for price in row.quoted_prices.split() if "/" in price}
    return found


@dataclass(frozen=True)
class _Position:
    read: Read
    row: Step
    course: Course | None
    rates: Mapping[str, Scaled]

    def walk(self, units: Days, sums: Sums, missing: list[Missing]) -> None:
        row = self.row
        quantities, costs = row.quantities.split(), row.costs.split()
        ends = [*units.places(map(int, row.days.split())), len(units)]
        for number, (first, behind) in enumerate(pairwise(ends)):
            quantity = Decimal(quantities[number])
            if first == behind or not quantity:
                continue
            cost = None if costs[number] == UNKNOWN else Decimal(costs[number])
            sums.held[first] += 1
            sums.held[behind] -= 1
            if self.course is None:
                missing.extend(self._unpriced(place) for place in range(first, behind))
                continue
            for start, end, own in self.course.pieces(units, first, behind):
                self._add(start, end, (quantity, own, cost), sums, missing)

    def _add(
        self,
        first: int,
        behind: int,
        state: tuple[Decimal, Fraction, Decimal | None],
        sums: Sums,
        missing: list[Missing],
    ) -> None:
        """Add one state; days that lack something are added one by one."""
        quantity, own, cost = state
        assert self.course is not None  # noqa: S101  # nosec B101  # `walk` looked
        own_currency = self.row.account_currency == self.read.currency
        converting = self.read.convert and not own_currency
        rates = self.rates[self.row.account_currency].numbers
        gaps = (self.course.gaps and None in self.course.levels[first:behind]) or (
            converting and None in rates[first:behind]
        )
        if gaps and behind - first > 1:
            for place in range(first, behind):
                self._add(place, place + 1, state, sums, missing)
            return
        if gaps and self.course.levels[first] is None:
            missing.append(self._unvalued(first, quantity, own))
            return
        numerator, denominator = quantity.as_integer_ratio()
        by = numerator * own.denominator * 10**self.read.exponent
        values = _rounded(self.course.levels[first:behind], by, denominator * own.numerator * self.course.scale)
        _add_to(sums.worth, first, behind, values)
        if cost is None or gaps:
            _add_to(sums.costless, first, behind, values)
            currency = self.row.account_currency
            missing.extend(
                Missing(place, self.row.account_id, self.row.asset_id, currency, valued=True)
                for place in range(first, behind)
            )
        elif converting:
            _add_to(sums.converted, first, behind, self._converted(cost, first, behind))
        else:
            sums.cost[first] += cost
            sums.cost[behind] -= cost

    def _converted(self, cost: Decimal, first: int, behind: int) -> list[int]:
        rates = self.rates[self.row.account_currency]
        numerator, denominator = cost.as_integer_ratio()
        by = numerator * 10**self.read.exponent
        return _rounded(rates.numbers[first:behind], by, denominator * rates.scale)

    def _unpriced(self, place: int) -> Missing:
        return Missing(place, self.row.account_id, self.row.asset_id)

    def _unvalued(self, place: int, quantity: Decimal, own: Fraction) -> Missing:
        assert self.course is not None  # noqa: S101  # nosec B101  # `walk` looked
        run = self.course.run_at(place)
        if run is None:
            return self._unpriced(place)
        amount = self.course.amount(run, place, quantity, own)
        return Missing(place, self.row.account_id, self.row.asset_id, run.currency, amount)


def _rounded(levels: Sequence[int | None], by: int, through: int) -> list[int]:
    """Each times `by` and divided, a half away from zero; none of the levels is negative or None."""
    if by < 0:
        return [-each for each in _rounded(levels, -by, through)]
    common = gcd(by, through)
    double, half = 2 * (by // common), through // common
    whole = 2 * half
    return [(double * level + half) // whole for level in levels]  # type: ignore[operator]  # the caller looked


def _add_to(sums: list[int], first: int, behind: int, values: Sequence[int]) -> None:
    sums[first:behind] = map(add, sums[first:behind], values)

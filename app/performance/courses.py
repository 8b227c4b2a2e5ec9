"""What one unit of an asset was worth over many days, in whole numbers, so that nothing is rounded on the way."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import lcm
from operator import mul
from typing import NamedTuple
from uuid import UUID

ONE = Fraction(1)
DIGITS = 400
"""Of a number that is not rounded: more than any of the ledger has."""
PART = Decimal("1e-16")
"""To so much is told what a split leaves without an end."""


class Prices(NamedTuple):
    """A row of `series_sql.prices`: days and prices are texts with blanks between."""

    id: UUID
    currency: str
    splits: str | None = None
    own_days: str | None = None
    own_prices: str | None = None
    quoted_days: str | None = None
    quoted_prices: str | None = None


class Rates(NamedTuple):
    """A row of `series_sql.RATES`: how much of the currency asked for one unit of `code` was on each of its days."""

    code: str
    days: str
    rates: str


@dataclass(frozen=True)
class Scaled:
    """Numbers times `scale`, a power of ten, by the place of the day; None where there is none."""

    numbers: Sequence[int | None]
    scale: int


def scaled(texts: Sequence[str | None]) -> Scaled:
    """Decimals without a sign, as PostgreSQL writes them, all times the same power of ten."""
    parts = [(None, "") if text is None else (text.partition(".")[::2]) for text in texts]
    places = max((len(fraction) for _, fraction in parts), default=0)
    numbers = [
        None
        if whole is None
        else int(whole + fraction)
        if len(fraction) == places
        else int(whole + fraction.ljust(places, "0"))
        for whole, fraction in parts
    ]
    return Scaled(numbers, 10**places)


class Days:
    """Days that ascend; a place is where a day stands among them."""

    def __init__(self, days: Sequence[int]) -> None:
        self.days = days
        self._gapless = bool(days) and days[-1] - days[0] == len(days) - 1

    def __len__(self) -> int:
        return len(self.days)

    def places(self, of: Iterable[int]) -> list[int]:
        """How many days are before each of these."""
        if self._gapless:
            first, most = self.days[0], len(self.days)
            return [min(day - first, most) if day > first else 0 for day in of]
        return [bisect_left(self.days, day) for day in of]


def rates_on(days: Days, row: Rates | None) -> Scaled:
    """Rates by the place of the day; none where there is no row."""
    found = {} if row is None else dict(zip(map(int, row.days.split()), row.rates.split(), strict=True))
    return scaled([found.get(day) for day in days.days])


@dataclass(frozen=True)
class Run:
    """Days, by their places, on which the price is in one currency and counts the same splits."""

    first: int
    behind: int
    currency: str
    factor: Fraction


class Course:
    """An asset on some days; a price lasts until the next one.

    `levels` are what a unit of the very first was worth in the currency asked for, times `scale`; None where a price
    or a rate lacks.
    """

    def __init__(self, row: Prices, days: Days, rates: Mapping[str, Scaled]) -> None:
        self._splits = _splits(row.splits)
        self._days = days
        self._currency: str = row.currency
        self.runs: list[Run] = []
        self._prices = self._read(row)
        deepest = max((rates[run.currency].scale for run in self.runs), default=1)
        common = lcm(*(run.factor.denominator for run in self.runs))
        self.scale = self._prices.scale * deepest * common
        self.levels: list[int | None] = [None] * len(days)
        for run in self.runs:
            by = int(run.factor * common) * (deepest // rates[run.currency].scale)
            places = slice(run.first, run.behind)
            self.levels[places] = _product(self._prices.numbers[places], rates[run.currency].numbers[places], by)

    @cached_property
    def gaps(self) -> bool:
        """Whether there are days without a level."""
        return None in self.levels

    def factor(self, day: int) -> Fraction:
        """How many units one of the very first has become at the end of a day."""
        found = ONE
        for split, factor in self._splits:
            if split > day:
                break
            found = factor
        return found

    def pieces(self, units: Days, first: int, behind: int) -> Iterable[tuple[int, int, Fraction]]:
        """These places cut where units became others: from, up to, and how many one of the first is in between."""
        if not self._splits:
            return [(first, behind, ONE)]
        cuts = {place for place in units.places(split for split, _ in self._splits) if first < place < behind}
        ends = sorted({first, behind, *cuts})
        return [(start, end, self.factor(units.days[start])) for start, end in pairwise(ends)]

    def run_at(self, place: int) -> Run | None:
        """The run of a day; None before the first price."""
        return next((run for run in self.runs if run.first <= place < run.behind), None)

    def amount(self, run: Run, place: int, quantity: Decimal, own: Fraction) -> Decimal:
        """What so many units, of which `own` are one of the first, were worth on a day in the currency of its price."""
        with localcontext(prec=DIGITS):
            by = run.factor / own
            exact = quantity * (self._prices.numbers[place] or 0) * by.numerator / self._prices.scale
            return exact if by.denominator == 1 else (exact / by.denominator).quantize(PART, ROUND_HALF_UP)

    def _read(self, row: Prices) -> Scaled:
        """The price of each day, and by the way the runs."""
        known, texts = _merged(row)
        ends = [*self._days.places(known), len(self._days)]
        lasting = [(first, behind, number) for number, (first, behind) in enumerate(pairwise(ends)) if first < behind]
        found: list[str | None] = [None] * (lasting[0][0] if lasting else len(self._days))
        plain = not self._splits and "/" not in (row.quoted_prices or "")
        for first, behind, number in lasting:
            text = texts[number]
            if not plain:
                text, _, more = text.partition("/")
                currency, _, adjusted = more.partition("/")
                met = int(adjusted) if adjusted else known[number]
                self._add(first, behind, currency or self._currency, self.factor(met))
            if behind - first == 1:
                found.append(text)
            else:
                found += [text] * (behind - first)
        if plain and lasting:
            self._add(lasting[0][0], len(self._days), self._currency, ONE)
        return scaled(found)

    def _add(self, first: int, behind: int, currency: str, factor: Fraction) -> None:
        last = self.runs[-1] if self.runs else None
        if last is not None and last.currency == currency and last.factor == factor:
            self.runs[-1] = Run(last.first, behind, currency, factor)
        else:
            self.runs.append(Run(first, behind, currency, factor))


def _product(prices: Sequence[int | None], rates: Sequence[int | None], by: int) -> Sequence[int | None]:
    if None in prices or None in rates:
        return [
            None if price is None or rate is None else price * rate * by
            for price, rate in zip(prices, rates, strict=True)
        ]
    found = list(map(mul, prices, rates))
    return found if by == 1 else [each * by for each in found]


def _splits(text: str | None) -> list[tuple[int, Fraction]]:
    """The day of each split, and what all up to it make of one unit."""
    found, product = [], ONE
    for each in text.split(",") if text else ():
        day, ratio = each.split()
        product *= Fraction(ratio)
        found.append((int(day), product))
    return found


def _merged(row: Prices) -> tuple[list[int], list[str]]:
    """All prices by the day; of one day the book's own."""
    quoted = _pairs(row.quoted_days, row.quoted_prices)
    own = _pairs(row.own_days, row.own_prices)
    if not own[0] or not quoted[0]:
        return quoted if quoted[0] else own
    found = dict(zip(*quoted, strict=True)) | dict(zip(*own, strict=True))
    ordered = sorted(found)
    return ordered, [found[day] for day in ordered]


def _pairs(days: str | None, prices: str | None) -> tuple[list[int], list[str]]:
    return (list(map(int, days.split())), prices.split()) if days and prices else ([], [])

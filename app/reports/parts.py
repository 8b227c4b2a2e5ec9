"""How the totals by payee and by tag have the days of a bucket: years, months, and days, added or taken away.

A year of which more than half counts is the whole year without the other months, and a month the whole month without
the other days: what is left to be read day by day is at most half a month at each end.
"""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Literal, NamedTuple

from app.reports.periods import ONE_DAY, Bucket

Unit = Literal["year", "month", "day"]


class Part(NamedTuple):
    """Units of one bucket from `first` to `last`, each named by its first day; with sign -1 they are taken away."""

    bucket: int
    unit: Unit
    sign: int
    first: date
    last: date


def parts(buckets: Sequence[Bucket], *, years: bool = True) -> list[Part]:
    """Parts that make up the buckets; without `years` of months and days alone."""
    found: list[Part] = []
    for number, bucket in enumerate(buckets):
        for year in range(bucket.first.year, bucket.last.year + 1):
            first, last = max(bucket.first, date(year, 1, 1)), min(bucket.last, date(year, 12, 31))
            found += [Part(number, *part) for part in _of_year(year, first, last, years=years)]
    return found


_Span = tuple[Unit, int, date, date]


def _of_year(year: int, first: date, last: date, *, years: bool) -> Iterator[_Span]:
    whole: list[int] = []
    for month in range(first.month, last.month + 1):
        begins, ends = date(year, month, 1), date(year, month, monthrange(year, month)[1])
        inside = (max(first, begins), min(last, ends))
        if ((inside[1] - inside[0]).days + 1) * 2 <= ends.day:
            yield "day", 1, *inside
            continue
        whole.append(month)
        if begins < inside[0]:
            yield "day", -1, begins, inside[0] - ONE_DAY
        if inside[1] < ends:
            yield "day", -1, inside[1] + ONE_DAY, ends
    if years and len(whole) > 6:
        yield "year", 1, date(year, 1, 1), date(year, 1, 1)
        yield from _months(year, 1, whole[0] - 1, -1)
        yield from _months(year, whole[-1] + 1, 12, -1)
    elif whole:
        yield from _months(year, whole[0], whole[-1], 1)


def _months(year: int, first: int, last: int, sign: int) -> Iterator[_Span]:
    if first <= last:
        yield "month", sign, date(year, first, 1), date(year, last, 1)

"""How the totals by payee and by tag have the days of a bucket: years, months, thirds of months, and days.

Each may be taken away: a year of which more than half counts is the whole year without the other months, a month the
whole month without its other thirds and days, and a third the whole third without its other days. What is left to be
read by days is at most half a third at each end of a bucket, or half a month where no thirds are kept.
"""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Literal, NamedTuple

from app.reports.periods import ONE_DAY, Bucket

Unit = Literal["year", "month", "third", "day"]
THIRDS = (1, 11, 21)
"""The days on which thirds of a month begin."""


class Part(NamedTuple):
    """Units of one bucket from `first` to `last`, each named by its first day; with sign -1 they are taken away."""

    bucket: int
    unit: Unit
    sign: int
    first: date
    last: date


def parts(buckets: Sequence[Bucket], *, years: bool = True, thirds: bool = True) -> list[Part]:
    """Parts that make up the buckets; without `years` or `thirds` none of these."""
    found: list[Part] = []
    for number, bucket in enumerate(buckets):
        for year in range(bucket.first.year, bucket.last.year + 1):
            first, last = max(bucket.first, date(year, 1, 1)), min(bucket.last, date(year, 12, 31))
            found += [Part(number, *part) for part in _of_year(year, first, last, years=years, thirds=thirds)]
    return found


_Span = tuple[Unit, int, date, date]


def _of_year(year: int, first: date, last: date, *, years: bool, thirds: bool) -> Iterator[_Span]:
    whole: list[int] = []
    for month in range(first.month, last.month + 1):
        begins, ends = date(year, month, 1), date(year, month, monthrange(year, month)[1])
        inside = (max(first, begins), min(last, ends))
        if _is_half(inside, ends.day):
            yield from _of_month(*inside, ends, 1, thirds=thirds)
            continue
        whole.append(month)
        if begins < inside[0]:
            yield from _of_month(begins, inside[0] - ONE_DAY, ends, -1, thirds=thirds)
        if inside[1] < ends:
            yield from _of_month(inside[1] + ONE_DAY, ends, ends, -1, thirds=thirds)
    if years and len(whole) > 6:
        yield "year", 1, date(year, 1, 1), date(year, 1, 1)
        yield from _months(year, 1, whole[0] - 1, -1)
        yield from _months(year, whole[-1] + 1, 12, -1)
    elif whole:
        yield from _months(year, whole[0], whole[-1], 1)


def _is_half(inside: tuple[date, date], days: int) -> bool:
    """Whether these are half of so many days, or less."""
    return ((inside[1] - inside[0]).days + 1) * 2 <= days


def _months(year: int, first: int, last: int, sign: int) -> Iterator[_Span]:
    if first <= last:
        yield "month", sign, date(year, first, 1), date(year, last, 1)


def _of_month(first: date, last: date, month_ends: date, sign: int, *, thirds: bool) -> Iterator[_Span]:
    """Days of one month, with this sign."""
    if not thirds:
        yield "day", sign, first, last
        return
    ends = (*(date(first.year, first.month, day - 1) for day in THIRDS[1:]), month_ends)
    for begins, end in zip((first.replace(day=day) for day in THIRDS), ends, strict=True):
        inside = (max(first, begins), min(last, end))
        if inside[0] > inside[1]:
            continue
        if _is_half(inside, (end - begins).days + 1):
            yield "day", sign, *inside
            continue
        yield "third", sign, begins, begins
        if begins < inside[0]:
            yield "day", -sign, begins, inside[0] - ONE_DAY
        if inside[1] < end:
            yield "day", -sign, inside[1] + ONE_DAY, end

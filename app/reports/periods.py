"""Periods: what a report is asked for, the months, quarters or years in it, and how the totals have them.

A person's own month may begin on any day, `start_day`: from the 23rd to the 22nd. It bears the name of the calendar
month in which it begins; one from the 31st begins on the last day of a shorter month.
"""

import re
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, NamedTuple

from app.core.errors import invalid
from app.core.fields import EARLIEST, LATEST

ONE_DAY = timedelta(days=1)
MOST_MONTHS = 600
MOST_MONTHS_OF_POSTINGS = 24
"""What no totals tell is read posting by posting, so for a bounded time."""

By = Literal["month", "quarter", "year"]
MONTHS_OF: dict[str, int] = {"month": 1, "quarter": 3, "year": 12}
RELATIVE = re.compile(r"(\d{1,4})(month|quarter|year)s?", re.ASCII)
RANGE = re.compile(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})", re.ASCII)
PATTERN = r"^((last)?(month|quarter|year)|[0-9]{1,4}(month|quarter|year)s?|[0-9-]{10}\.\.[0-9-]{10})$"


class Period(NamedTuple):
    """From one day to another, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class Bucket:
    """A month, quarter or year of a period, cut at its edges; `name` is `2026-01`, `2026-Q1` or `2026`."""

    name: str
    first: date
    last: date


class Piece(NamedTuple):
    """Days of one bucket that the totals have: whole calendar months (`first` and `last` begin months), or days."""

    bucket: int
    monthly: bool
    first: date
    last: date


def resolve(text: str, today: date, start_day: int = 1, field: str = "query.period") -> Period:
    """The days that a period's text means on a day.

    `month`, `quarter` and `year` are the present ones, whole; with `last` before them the ones before. `6months` are
    the present month and the five before it, whole. `2026-01-01..2026-03-31` is what it says. Raises `InvalidError`.
    """
    ranged = RANGE.fullmatch(text)
    if ranged is not None:
        try:
            return between(date.fromisoformat(ranged[1]), date.fromisoformat(ranged[2]), field)
        except ValueError:
            raise invalid(field, "bad_period", "there is no such day") from None
    back, unit, count = 0, text, 1
    if text.startswith("last"):
        back, unit = 1, text[4:]
    elif (relative := RELATIVE.fullmatch(text)) is not None:
        count, unit = int(relative[1]), relative[2]
    if unit not in MONTHS_OF or not 1 <= count * MONTHS_OF[unit] <= MOST_MONTHS:
        raise invalid(
            field,
            "bad_period",
            "is month, quarter, year, lastmonth, lastquarter, lastyear, a number of months, quarters or years such as "
            f"6months, at most {MOST_MONTHS} months, or two days such as 2026-01-01..2026-03-31",
        )
    months = MONTHS_OF[unit]
    # Years may begin in any month when several are asked for back from now: 1year are the twelve months up to now.
    number = month_number(today, start_day)
    if count > 1 or RELATIVE.fullmatch(text) is not None:
        return Period(month_start(number + 1 - count * months, start_day), month_start(number + 1, start_day) - ONE_DAY)
    number = number // months * months - back * months
    return Period(month_start(number, start_day), month_start(number + months, start_day) - ONE_DAY)


def between(first: date, last: date, field: str = "query.from") -> Period:
    """Raises `InvalidError` for an end before the beginning and for days that nothing is dated on."""
    if first > last:
        raise invalid(field, "empty_range", f"{first} is after {last}")
    if first < EARLIEST or last > LATEST:
        raise invalid(field, "bad_period", f"a date lies between {EARLIEST} and {LATEST}")
    return Period(first, last)


def month_number(day: date, start_day: int = 1) -> int:
    """The own month that a day is in, counted from the year 0."""
    number = day.year * 12 + day.month - 1
    return number if day.day >= _clipped(number, start_day) else number - 1


def month_start(number: int, start_day: int = 1) -> date:
    return date(number // 12, number % 12 + 1, _clipped(number, start_day))


def _clipped(number: int, start_day: int) -> int:
    return min(start_day, monthrange(number // 12, number % 12 + 1)[1])


def buckets(period: Period, by: By, start_day: int = 1, field: str = "query.period") -> list[Bucket]:
    """The months, quarters or years of a period. Raises `InvalidError` for more than 50 years of months."""
    months = MONTHS_OF[by]
    start, end = (month_number(day, start_day) // months * months for day in period)
    if (end - start) // months >= MOST_MONTHS:
        raise invalid(field, "period_too_long", f"there are more than {MOST_MONTHS} of a {by} in it")
    return [
        Bucket(
            bucket_name(number, by),
            max(period.first, month_start(number, start_day)),
            min(period.last, month_start(number + months, start_day) - ONE_DAY),
        )
        for number in range(start, end + 1, months)
    ]


def bucket_name(number: int, by: By) -> str:
    year, month = divmod(number, 12)
    if by == "year":
        return f"{year:04}"
    return f"{year:04}-Q{month // 3 + 1}" if by == "quarter" else f"{year:04}-{month + 1:02}"


def whole(period: Period) -> list[Bucket]:
    """All of it as one."""
    return [Bucket(f"{period.first}..{period.last}", *period)]


def pieces(wanted: Sequence[Bucket]) -> list[Piece]:
    """How the totals have these: whole calendar months where there are some, and days around them."""
    return [piece for number, bucket in enumerate(wanted) for piece in _split(number, bucket.first, bucket.last)]


def _split(number: int, first: date, last: date) -> Iterator[Piece]:
    begin = first if first.day == 1 else _next_month(first)
    end = last if (last + ONE_DAY).day == 1 else last.replace(day=1) - ONE_DAY
    if begin > end:
        yield Piece(number, monthly=False, first=first, last=last)
        return
    if first < begin:
        yield Piece(number, monthly=False, first=first, last=begin - ONE_DAY)
    yield Piece(number, monthly=True, first=begin, last=end.replace(day=1))
    if end < last:
        yield Piece(number, monthly=False, first=end + ONE_DAY, last=last)


def _next_month(day: date) -> date:
    return month_start(month_number(day) + 1)


def month_end(day: date) -> date:
    return _next_month(day) - ONE_DAY


def before(period: Period, start_day: int = 1) -> Period:
    """The period before one: as many own months where it is whole ones, else as many days; no earlier than all days."""
    first, following = month_number(period.first, start_day), month_number(period.last + ONE_DAY, start_day)
    whole_months = (
        month_start(first, start_day) == period.first and month_start(following, start_day) == period.last + ONE_DAY
    )
    if whole_months:
        start = month_start(max(first - (following - first), month_number(EARLIEST)), start_day)
    else:
        start = period.first - min(timedelta(days=period.days), period.first - EARLIEST)
    return Period(start, period.first - ONE_DAY)


def year_before(period: Period) -> Period:
    """The same days a year before; the end of February stays the end of February."""
    ends_month = period.last == month_end(period.last)
    last = _year_back(period.last)
    return Period(_year_back(period.first), month_end(last) if ends_month else last)


def _year_back(day: date) -> date:
    return day.replace(year=day.year - 1, day=min(day.day, monthrange(day.year - 1, day.month)[1]))


def check_bounded(period: Period, field: str = "query.period") -> None:
    """Raise `InvalidError` for what is too long to be read posting by posting."""
    following = month_number(period.first) + MOST_MONTHS_OF_POSTINGS
    if period.last >= month_start(following, period.first.day):
        raise invalid(
            field,
            "period_too_long",
            f"this is read posting by posting, for at most {MOST_MONTHS_OF_POSTINGS} months at once",
        )

"""Whether dates keep a rhythm: every so many weeks, or every so many months on about the same day.

A month is counted by the day that fits all of the dates best, its anchor: what falls on a weekend comes a few days
early or late, and the 31st of a short month is its last day.
"""

import calendar
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

Unit = Literal["week", "month", "year"]
MONTH_DAYS = Decimal("30.436875")
LAST_DAY = 31


@dataclass(frozen=True)
class Interval:
    """From one payment to the next; `tolerance` is by how many days one may come early or late."""

    unit: Unit
    every: int
    tolerance: int
    least: int = 3
    """How many payments there must be before it is believed."""

    @property
    def months(self) -> int:
        """How many months it is, 0 for one of weeks."""
        return {"week": 0, "month": self.every, "year": 12 * self.every}[self.unit]

    @property
    def days(self) -> Decimal:
        return self.months * MONTH_DAYS if self.months else Decimal(7 * self.every)

    @property
    def times_a_year(self) -> Decimal:
        """How often it comes in a year: 12 for monthly, 52 weeks and a day for weekly."""
        return Decimal(12) / self.months if self.months else Decimal("365.2425") / (7 * self.every)


INTERVALS = (
    Interval("week", 1, 1),
    Interval("week", 2, 2),
    Interval("week", 4, 2),
    Interval("month", 1, 4),
    Interval("month", 3, 6),
    Interval("month", 6, 8),
    Interval("year", 1, 10, least=2),
)


@dataclass(frozen=True)
class Rhythm:
    """How dates keep an interval."""

    interval: Interval
    anchor: int
    """The day of the month, or of the week (Monday is 0) for weeks; 31 is the last day of any month."""
    next_on: date
    """When the next one would come."""
    jitter: Decimal
    """By how many days they miss their day on average."""
    missed: int
    """How many did not come."""

    def due_days(self, days: Sequence[date]) -> list[date]:
        """For each of the dates the day that it stands for by the anchor."""
        if not self.interval.months:
            return [_on_weekday(day, self.anchor) for day in days]
        return [on_month(_nearest(day, self.anchor), self.anchor) for day in days]


def rhythm_of(days: Sequence[date]) -> Rhythm | None:
    """The rhythm that these dates keep, in their order; None without one. Of two that fit, the one that fits better."""
    if len(days) < 2:
        return None
    gaps = sorted((b - a).days for a, b in itertools.pairwise(days))
    usual = gaps[(len(gaps) - 1) // 2]
    found = [
        rhythm
        for interval in INTERVALS
        if len(days) >= interval.least and abs(usual - interval.days) <= interval.days / 5 + 1
        for rhythm in [_kept(days, interval)]
        if rhythm is not None
    ]
    return min(found, key=lambda r: (r.missed, r.jitter / (r.interval.tolerance + 1)), default=None)


def on_month(months: int, anchor: int) -> date:
    """The anchor's day of a month, which is counted from year 0; the last day of a month that is too short."""
    year, month = divmod(months, 12)
    return date(year, month + 1, min(anchor, calendar.monthrange(year, month + 1)[1]))


def _kept(days: Sequence[date], interval: Interval) -> Rhythm | None:
    return _by_months(days, interval) if interval.months else _by_weeks(days, interval)


def _by_weeks(days: Sequence[date], interval: Interval) -> Rhythm | None:
    weekdays = [day.weekday() for day in days]
    anchor = max(set(weekdays), key=lambda each: (weekdays.count(each), -each))
    due = [_on_weekday(day, anchor) for day in days]
    off = [abs((day - meant).days) for day, meant in zip(days, due, strict=True)]
    gaps = [(b - a).days // 7 for a, b in itertools.pairwise(due)]
    steps = [gap // interval.every for gap in gaps]
    if max(off) > interval.tolerance or any(gap % interval.every for gap in gaps) or not _may_miss(steps):
        return None
    next_on = due[-1] + timedelta(weeks=interval.every)
    return Rhythm(interval, anchor, next_on, Decimal(sum(off)) / len(off), sum(steps) - len(steps))


def _by_months(days: Sequence[date], interval: Interval) -> Rhythm | None:
    best: tuple[int, int, list[int]] | None = None
    for anchor in sorted({*(day.day for day in days), LAST_DAY}):
        places = [_nearest(day, anchor) for day in days]
        off = [abs((day - on_month(place, anchor)).days) for day, place in zip(days, places, strict=True)]
        if max(off) <= interval.tolerance and (best is None or sum(off) < best[0]):
            best = (sum(off), anchor, places)
    if best is None:
        return None
    missing, anchor, places = best
    gaps = [b - a for a, b in itertools.pairwise(places)]
    steps = [gap // interval.months for gap in gaps]
    if any(gap % interval.months for gap in gaps) or not _may_miss(steps):
        return None
    next_on = on_month(places[-1] + interval.months, anchor)
    return Rhythm(interval, anchor, next_on, Decimal(missing) / len(days), sum(steps) - len(steps))


def _on_weekday(day: date, anchor: int) -> date:
    """The nearest day that is this day of the week."""
    return day + timedelta(days=(anchor - day.weekday() + 3) % 7 - 3)


def _nearest(day: date, anchor: int) -> int:
    """The month, counted from year 0, whose anchor is the nearest."""
    here = day.year * 12 + day.month - 1
    return min((here - 1, here, here + 1), key=lambda month: abs((day - on_month(month, anchor)).days))


def _may_miss(steps: Sequence[int]) -> bool:
    """None twice at once, never two in a row, and one in six at most, but one in any case."""
    return set(steps) <= {1, 2} and steps.count(2) <= max(1, len(steps) // 6)

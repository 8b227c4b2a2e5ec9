"""On which days a rule falls, as python-dateutil has it, with bounded work; and where weekends move them.

dateutil looks for days up to the year 9999, whatever end it is given. The calendar repeats every 400 years, weekdays
included, so a rule is looked up where that end is near. It begins in the period in question, not at the rule's first.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import groupby, islice
from math import gcd
from typing import Literal

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, YEARLY, rrule, rruleset, weekday

from app.core.fields import EARLIEST, LATEST
from app.schedules.rrule import LONGEST_COUNTED, Rule

MAX_GAP = timedelta(days=366 * 41)
"""Where a rule has no day for so long, it has none: a 29 February that is a Monday is at most 40 years away."""
FURTHEST_MOVE = timedelta(days=2)
"""How far a weekend moves a day, at most."""
CYCLE = 400
LAST_BEGIN = 9999 - 42
"""The last year in which a look-up of `MAX_GAP` may begin."""
MOST_KEPT = 1024
SHORT = timedelta(days=100)
FREQUENCIES: dict[str, Literal[0, 1, 2, 3]] = {"DAILY": DAILY, "WEEKLY": WEEKLY, "MONTHLY": MONTHLY, "YEARLY": YEARLY}
FEBRUARY = 2


@dataclass(frozen=True)
class Recurrence:
    """A rule and its first day. With `clamp`, a day that a month lacks is its last day; without, there is none in it.

    `ends_before` cuts the rule off; it does not change which days the rule counts.
    """

    rule: Rule
    starts_on: date
    clamp: bool = True
    ends_before: date | None = None

    def days(self, first: date, last: date = LATEST) -> Iterator[date]:
        """The days of the rule from `first` to `last`, in order. Ends after `MAX_GAP` without any."""
        if self.rule.until is not None:
            last = min(last, self.rule.until)
        if self.ends_before is not None:
            last = min(last, self.ends_before - timedelta(days=1))
        if self.rule.count is None:
            return self._walk(max(first, self.starts_on), last)
        ends = _last_counted(self.rule, self.starts_on, self.clamp)
        return self._walk(max(first, self.starts_on), min(last, ends)) if ends is not None else iter(())

    def includes(self, day: date) -> bool:
        return next(self.days(day, day), None) is not None

    def count_before(self, day: date) -> int:
        """How many days of the rule lie before this one; for rules with COUNT."""
        return sum(1 for _ in self.days(self.starts_on, day - timedelta(days=1)))

    def _walk(self, first: date, last: date) -> Iterator[date]:
        """From one look-up to the next, until there is nothing in one."""
        rule = replace(self.rule.explicit(self.starts_on), count=None, until=None)
        while first <= last:
            end = last if last - first <= MAX_GAP else first + MAX_GAP
            found = False
            begins = _period_of(rule, self.starts_on, first)
            look_up = _short if end - first <= SHORT else _look_up
            for day in look_up(rule, begins, first, end, clamp=self.clamp):
                found = True
                yield day
            if not found or end == last:
                return
            first = end + timedelta(days=1)


@lru_cache(maxsize=10_000)
def _last_counted(rule: Rule, starts_on: date, clamp: bool) -> date | None:
    """The last day of a rule with COUNT, looked for once: it has to be counted from the first day on."""
    longest = starts_on + LONGEST_COUNTED if LATEST - starts_on > LONGEST_COUNTED else LATEST
    every = Recurrence(replace(rule, count=None), starts_on, clamp)
    last = deque(islice(every.days(starts_on, longest), rule.count), maxlen=1)
    return last[0] if last else None


def _look_up(rule: Rule, begins: date, first: date, last: date, *, clamp: bool) -> Iterator[date]:
    """The days from `first` to `last`, of which the period of the first begins on `begins`."""
    years = (LAST_BEGIN - begins.year) // CYCLE * CYCLE
    for at in _days(rule, begins.replace(year=begins.year + years), clamp=clamp):
        day = at.date().replace(year=at.year - years)
        if day > last:
            return
        if day >= first:
            yield day


@lru_cache(maxsize=MOST_KEPT)
def _short(rule: Rule, begins: date, first: date, last: date, *, clamp: bool) -> tuple[date, ...]:
    """The same, kept: many schedules have the same days, and are asked for the same ones again."""
    return tuple(_look_up(rule, begins, first, last, clamp=clamp))


def _period_of(rule: Rule, starts_on: date, first: date) -> date:
    """Where the period of `first` begins, or the last one before it that the rule looks at.

    Periods keep the beat that they have from `starts_on`: every second week is every second one from that.
    """
    if rule.freq == "DAILY":
        return starts_on + timedelta(days=(first - starts_on).days // rule.interval * rule.interval)
    if rule.freq == "WEEKLY":
        week = starts_on - timedelta(days=(starts_on.weekday() - rule.week_start) % 7)
        return week + timedelta(weeks=(first - week).days // 7 // rule.interval * rule.interval)
    if rule.freq == "MONTHLY":
        began = starts_on.year * 12 + starts_on.month - 1
        month = began + (first.year * 12 + first.month - 1 - began) // rule.interval * rule.interval
        return date(month // 12, month % 12 + 1, 1)
    return date(starts_on.year + (first.year - starts_on.year) // rule.interval * rule.interval, 1, 1)


@lru_cache(maxsize=MOST_KEPT)
def _days(rule: Rule, begins: date, *, clamp: bool) -> Iterable[datetime]:
    """The days of an explicit rule, without an end.

    dateutil's own cache is left alone: it holds its lock for good when one of two who look at once comes to the end.
    """
    if not clamp or rule.days or not any(number > 28 for number in rule.month_days):
        return _asked(rule, begins)
    # The 31st is then the last day of every month, and in February the 29th and the 30th are, too.
    months = set(rule.months or range(1, 13)) & _reached(rule, begins)
    cut = rruleset()
    for among, longest in ((months & {FEBRUARY}, 28), (months - {FEBRUARY}, 30)):
        if among:
            numbers = {number if number <= longest else -1 for number in rule.month_days}
            part = replace(rule, months=tuple(sorted(among)), month_days=tuple(sorted(numbers)))
            if rule.freq == "YEARLY":
                part = replace(part, positions=())
            cut.rrule(_asked(part, begins))
    return _Chosen(cut, rule.positions) if rule.freq == "YEARLY" and rule.positions else cut


def _asked(rule: Rule, begins: date) -> rrule:
    return rrule(
        FREQUENCIES[rule.freq],
        dtstart=datetime.combine(begins, time()),
        interval=rule.interval,
        wkst=weekday(rule.week_start),
        bymonth=rule.months or None,
        bymonthday=rule.month_days or None,
        byweekday=[weekday(day, nth or None) for day, nth in _weekdays(rule)] or None,
        bysetpos=rule.positions or None,
    )


def _weekdays(rule: Rule) -> tuple[tuple[int, int], ...]:
    """Of some that are counted and some that are not dateutil takes what is both: all are counted then."""
    if len({nth == 0 for _, nth in rule.days}) < 2:
        return rule.days
    most = 53 if rule.freq == "YEARLY" and not rule.months else 5
    return tuple((day, each) for day, nth in rule.days for each in ([nth] if nth else range(1, most + 1)))


def _reached(rule: Rule, begins: date) -> set[int]:
    """The months in which the rule has a period; dateutil would look for a day in the others to the end."""
    if rule.freq == "YEARLY":
        return set(range(1, 13))
    return {(begins.month - 1 + step) % 12 + 1 for step in range(0, 12, gcd(rule.interval, 12))}


@dataclass(frozen=True)
class _Chosen:
    """Of each year's days those at these positions."""

    days: Iterable[datetime]
    positions: tuple[int, ...]

    def __iter__(self) -> Iterator[datetime]:
        for _, found in groupby(self.days, key=lambda at: at.year):
            year = list(found)
            places = (position - 1 if position > 0 else position for position in self.positions)
            yield from sorted({year[at] for at in places if -len(year) <= at < len(year)})


def moved(day: date, weekend: str) -> date:
    """Where a day goes that falls on a Saturday or Sunday: to the Friday before, the Monday after, or nowhere."""
    over = day.weekday() - 4  # 1 on a Saturday, 2 on a Sunday
    if weekend == "keep" or over <= 0:
        return day
    return day - timedelta(days=over) if weekend == "before" else day + timedelta(days=3 - over)


def shifted(day: date, by: timedelta) -> date:
    """A day moved, but not out of the calendar."""
    if by < timedelta(0):
        return day + by if day - EARLIEST > -by else EARLIEST
    return day + by if LATEST - day > by else LATEST

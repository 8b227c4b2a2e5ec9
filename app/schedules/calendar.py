"""On which days a rule falls, with bounded work however far away they are; and where weekends move them."""

from calendar import monthrange
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from itertools import islice

from app.core.fields import LATEST
from app.schedules.rrule import LONGEST_COUNTED, Rule

MAX_GAP = timedelta(days=366 * 41)
"""Where a rule has no day for so long, it has none: a 29 February that is a Monday is at most 40 years away."""
FURTHEST_MOVE = timedelta(days=2)
"""How far a weekend moves a day, at most."""


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
        """Period by period, from the one of `first` on."""
        rule = self.rule.explicit(self.starts_on)
        found = first
        for begins, period in _periods(rule, self.starts_on, first, clamp=self.clamp):
            if begins > last or begins - found > MAX_GAP:
                return
            chosen = sorted(period)
            if rule.positions:
                chosen = sorted({chosen[at] for at in map(_index, rule.positions) if -len(chosen) <= at < len(chosen)})
            for day in chosen:
                if day > last:
                    return
                if day >= first:
                    found = day
                    yield day


@lru_cache(maxsize=10_000)
def _last_counted(rule: Rule, starts_on: date, clamp: bool) -> date | None:
    """The last day of a rule with COUNT, looked for once: it has to be counted from the first day on."""
    longest = starts_on + LONGEST_COUNTED if LATEST - starts_on > LONGEST_COUNTED else LATEST
    every = Recurrence(replace(rule, count=None), starts_on, clamp)
    last = deque(islice(every.days(starts_on, longest), rule.count), maxlen=1)
    return last[0] if last else None


def _index(position: int) -> int:
    return position - 1 if position > 0 else position


def _periods(rule: Rule, starts_on: date, first: date, *, clamp: bool) -> Iterator[tuple[date, Iterable[date]]]:
    """The days of each period of an explicit rule, with where the period begins, from the one of `first` on.

    Periods keep the beat that they have from `starts_on`: every second week is every second one from that.
    """
    if rule.freq == "DAILY":
        for day in _steps(starts_on, rule.interval, first):
            yield day, _fitting(rule, (day,))
    elif rule.freq == "WEEKLY":
        week = starts_on - timedelta(days=(starts_on.weekday() - rule.week_start) % 7)
        for day in _steps(week, rule.interval * 7, first):
            yield day, _fitting(rule, (day + timedelta(days=offset) for offset in range(7)))
    elif rule.freq == "MONTHLY":
        began = starts_on.year * 12 + starts_on.month - 1
        reached = max(0, first.year * 12 + first.month - 1 - began) // rule.interval
        for month in range(began + reached * rule.interval, LATEST.year * 12 + 12, rule.interval):
            yield date(month // 12, month % 12 + 1, 1), _of_month(rule, month // 12, month % 12 + 1, clamp=clamp)
    else:
        reached = max(0, first.year - starts_on.year) // rule.interval
        for year in range(starts_on.year + reached * rule.interval, LATEST.year + 1, rule.interval):
            yield date(year, 1, 1), _of_year(rule, year, clamp=clamp)


def _steps(start: date, length: int, first: date) -> Iterator[date]:
    day = start + timedelta(days=max(0, (first - start).days) // length * length)
    while True:
        yield day
        if LATEST - day < timedelta(days=length):
            return
        day += timedelta(days=length)


def _fitting(rule: Rule, days: Iterable[date]) -> Iterator[date]:
    """Those of a few days that BYMONTH and BYDAY let through."""
    weekdays = {weekday for weekday, _ in rule.days}
    for day in days:
        if (not rule.months or day.month in rule.months) and (not weekdays or day.weekday() in weekdays):
            yield day


def _of_month(rule: Rule, year: int, month: int, *, clamp: bool) -> set[date]:
    if rule.months and month not in rule.months:
        return set()
    length = monthrange(year, month)[1]
    numbers = set(range(1, length + 1))
    if rule.month_days:
        cut = clamp and not rule.days
        wanted = {number if number > 0 else length + 1 + number for number in rule.month_days}
        numbers &= {min(number, length) for number in wanted} if cut else wanted
    days = {date(year, month, number) for number in numbers}
    if rule.days:
        days &= _weekdays(rule, date(year, month, 1), date(year, month, length))
    return days


def _of_year(rule: Rule, year: int, *, clamp: bool) -> set[date]:
    if rule.days and not rule.months:  # the second Monday is then the year's
        days = _weekdays(rule, date(year, 1, 1), date(year, 12, 31))
        if not rule.month_days:
            return days
        return {day for day in days if _is_among(rule.month_days, day)}
    months = rule.months or range(1, 13)
    return {day for month in months for day in _of_month(rule, year, month, clamp=clamp)}


def _is_among(month_days: tuple[int, ...], day: date) -> bool:
    from_the_end = day.day - monthrange(day.year, day.month)[1] - 1
    return day.day in month_days or from_the_end in month_days


def _weekdays(rule: Rule, first: date, last: date) -> set[date]:
    """What BYDAY names from `first` to `last`: each such weekday, or one of them counted from either end."""
    found: set[date] = set()
    for weekday, nth in rule.days:
        begin = first + timedelta(days=(weekday - first.weekday()) % 7)
        same = [begin + timedelta(days=7 * number) for number in range((last - begin).days // 7 + 1)]
        if nth == 0:
            found.update(same)
        elif abs(nth) <= len(same):
            found.add(same[_index(nth)])
    return found


def moved(day: date, weekend: str) -> date:
    """Where a day goes that falls on a Saturday or Sunday: to the Friday before, the Monday after, or nowhere."""
    over = day.weekday() - 4  # 1 on a Saturday, 2 on a Sunday
    if weekend == "keep" or over <= 0:
        return day
    return day - timedelta(days=over) if weekend == "before" else day + timedelta(days=3 - over)

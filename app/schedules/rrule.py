"""Recurrence rules: the part of RFC 5545's RRULE that says on which civil days something comes again.

`FREQ=DAILY|WEEKLY|MONTHLY|YEARLY` with INTERVAL, BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS, WKST, and COUNT or UNTIL. What
is finer than a day is refused, and what would have a rule be looked for without end.
"""

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache

from app.core.errors import FieldError, InvalidError
from app.core.fields import EARLIEST, LATEST

MAX_LENGTH = 500
MAX_COUNT = 2000
LONGEST_COUNTED = timedelta(days=366 * 200)
"""For how long a COUNT is counted: a rule that falls on few days is not walked through for thousands of years."""
MAX_INTERVAL = {"DAILY": 3660, "WEEKLY": 520, "MONTHLY": 120, "YEARLY": 20}
"""About ten years, and twenty for what comes by the year."""
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
TAKES = {
    "DAILY": {"BYDAY", "BYMONTH"},
    "WEEKLY": {"BYDAY", "BYMONTH"},
    "MONTHLY": {"BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS"},
    "YEARLY": {"BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS"},
}
"""The parts that choose days, for each frequency; the others are not defined for it, or need no rule to say."""
GENERAL = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"}
TOO_FINE = {"SECONDLY", "MINUTELY", "HOURLY"}

_PART = re.compile(r"[A-Z-]+=[A-Z0-9+,-]+", re.ASCII)
_DAY = re.compile(r"([+-]?[1-9]\d?)?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,4}", re.ASCII)
_UNTIL = re.compile(r"(\d{4})(\d{2})(\d{2})(T\d{6}Z?)?", re.ASCII)


@dataclass(frozen=True)
class Rule:
    """A rule that was read; a weekday is its number (Monday is 0) and which of the period (0 is every one)."""

    freq: str
    interval: int = 1
    days: tuple[tuple[int, int], ...] = ()
    month_days: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()
    week_start: int = 0
    count: int | None = None
    until: date | None = None

    def __str__(self) -> str:
        """The rule in RFC 5545's own words, always the same for the same rule."""
        parts = [f"FREQ={self.freq}"]
        if self.interval != 1:
            parts.append(f"INTERVAL={self.interval}")
        for name, numbers in (("BYMONTH", self.months), ("BYMONTHDAY", self.month_days)):
            if numbers:
                parts.append(f"{name}={','.join(map(str, numbers))}")
        if self.days:
            parts.append(f"BYDAY={','.join(f'{nth or str()}{WEEKDAYS[day]}' for day, nth in self.days)}")
        if self.positions:
            parts.append(f"BYSETPOS={','.join(map(str, self.positions))}")
        if self.week_start:
            parts.append(f"WKST={WEEKDAYS[self.week_start]}")
        if self.count is not None:
            parts.append(f"COUNT={self.count}")
        if self.until is not None:
            parts.append(f"UNTIL={self.until:%Y%m%d}")
        return ";".join(parts)

    def explicit(self, starts_on: date) -> "Rule":
        """The rule with what it takes from its first day written out, so that it may start on another one."""
        if self.freq == "WEEKLY" and not self.days:
            return replace(self, days=((starts_on.weekday(), 0),))
        if self.freq in {"MONTHLY", "YEARLY"} and not self.days and not self.month_days:
            months = self.months or ((starts_on.month,) if self.freq == "YEARLY" else ())
            return replace(self, months=months, month_days=(starts_on.day,))
        return self


@lru_cache(maxsize=4096)
def stored(text: str) -> Rule:
    """A rule that was read before and kept in its own words."""
    return parse(text)


def parse(text: str, field: str = "rrule") -> Rule:
    """Read a rule. Raises `InvalidError` about `field`, saying what is wrong and what would do."""
    try:
        return _parse(text)
    except _BadRuleError as error:
        raise InvalidError(FieldError(field, error.code, error.detail)) from None


class _BadRuleError(Exception):
    def __init__(self, detail: str, code: str = "bad_rrule") -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code


def _parse(text: str) -> Rule:
    parts = _parts(text)
    freq = parts.pop("FREQ", None)
    if freq in TOO_FINE:
        raise _BadRuleError(
            "a schedule comes at most once a day: FREQ is DAILY, WEEKLY, MONTHLY or YEARLY", "too_often"
        )
    if freq not in TAKES:
        raise _BadRuleError("FREQ is DAILY, WEEKLY, MONTHLY or YEARLY")
    for name in parts.keys() - GENERAL - TAKES[freq]:
        if any(name in taken for taken in TAKES.values()):
            raise _BadRuleError(f"{name} does not go with FREQ={freq}")
        raise _BadRuleError(f"{name} is not understood", "unsupported_part")
    if "COUNT" in parts and "UNTIL" in parts:
        raise _BadRuleError("give COUNT or UNTIL, not both")
    rule = Rule(
        freq=freq,
        interval=_whole(parts, "INTERVAL", MAX_INTERVAL[freq]) or 1,
        days=_days(parts.get("BYDAY"), freq),
        month_days=_numbers(parts, "BYMONTHDAY", 31),
        months=_months(parts),
        positions=_numbers(parts, "BYSETPOS", 366),
        week_start=_week_start(parts.get("WKST")),
        count=_whole(parts, "COUNT", MAX_COUNT),
        until=_until(parts.get("UNTIL")),
    )
    if rule.positions and not (rule.days or rule.month_days or rule.months):
        raise _BadRuleError("BYSETPOS chooses among the days of another BY part")
    return rule


def _parts(text: str) -> dict[str, str]:
    if len(text) > MAX_LENGTH:
        raise _BadRuleError(f"a rule has at most {MAX_LENGTH} characters")
    found: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").split(";"):
        if not _PART.fullmatch(part):
            raise _BadRuleError('a rule is written as in RFC 5545: "FREQ=MONTHLY;BYMONTHDAY=-1"')
        name, _, value = part.partition("=")
        if name in found:
            raise _BadRuleError(f"{name} is there twice")
        found[name] = value
    return found


def _integer(name: str, text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise _BadRuleError(f"{name} takes whole numbers")
    return int(text)


def _whole(parts: dict[str, str], name: str, most: int) -> int | None:
    if name not in parts:
        return None
    number = _integer(name, parts[name])
    if not 1 <= number <= most:
        raise _BadRuleError(f"{name} is from 1 to {most} here")
    return number


def _numbers(parts: dict[str, str], name: str, most: int) -> tuple[int, ...]:
    if name not in parts:
        return ()
    numbers = {_integer(name, item) for item in parts[name].split(",")}
    if any(not 1 <= abs(number) <= most for number in numbers):
        raise _BadRuleError(f"{name} takes 1 to {most}, or -1 to -{most} from the end")
    return tuple(sorted(numbers))


def _months(parts: dict[str, str]) -> tuple[int, ...]:
    months = _numbers(parts, "BYMONTH", 12)
    if any(month < 0 for month in months):
        raise _BadRuleError("BYMONTH takes 1 to 12")
    return months


def _days(value: str | None, freq: str) -> tuple[tuple[int, int], ...]:
    found = set()
    for item in value.split(",") if value is not None else ():
        match = _DAY.fullmatch(item)
        if match is None:
            raise _BadRuleError("BYDAY takes weekdays such as MO, or 2TU and -1FR by the month or the year")
        nth = int(match[1] or 0)
        most = {"MONTHLY": 5, "YEARLY": 53}.get(freq, 0)
        if abs(nth) > most:
            raise _BadRuleError(f"{item} does not go with FREQ={freq}")
        found.add((WEEKDAYS.index(match[2]), nth))
    return tuple(sorted(found, key=lambda day: (day[1], day[0])))


def _week_start(value: str | None) -> int:
    if value is None:
        return 0
    if value not in WEEKDAYS:
        raise _BadRuleError("WKST is a weekday such as MO")
    return WEEKDAYS.index(value)


def _until(value: str | None) -> date | None:
    """The last day, included. A time of day is let go of: days are civil dates here."""
    if value is None:
        return None
    match = _UNTIL.fullmatch(value)
    try:
        until = date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        until = None
    if until is None or not EARLIEST <= until <= LATEST:
        raise _BadRuleError("UNTIL is a day, written YYYYMMDD")
    return until

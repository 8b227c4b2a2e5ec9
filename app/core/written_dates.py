"""Dates as people and programs write them, and the orders of day, month and year in which they exist."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Literal, NamedTuple, get_args

from app.core.fields import ISO_DATE
from app.core.text import folded

DateOrder = Literal["DMY", "MDY", "YMD"]
ORDERS: tuple[DateOrder, ...] = get_args(DateOrder)

_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_CENTURY_PIVOT = 70

_TIME = (
    r"(?:(?:,? +|T|,? +- +|,)\d{1,2}[:.h]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?"
    r" *(?:[AaPp]\.?[Mm]\.?)? *(?:Z|[A-Z]{2,5}|(?:UTC|GMT)?[+-]\d{2}:?\d{2})?)?"
)
_NUMERIC = re.compile(rf"(\d{{1,4}}) ?[-./ ] ?(\d{{1,2}}) ?[-./ ] ?(\d{{4}}|\d{{1,2}})\.?{_TIME}", re.ASCII)
_COMPACT = re.compile(rf"(\d{{8}})(?:\d{{6}}|{_TIME})", re.ASCII)
_NAME = r"([^\W\d_]+)"
_WEEKDAY = rf"(?:{_NAME}[.,]* +)?"
_DAY_FIRST = re.compile(
    rf"{_WEEKDAY}([0-9]{{1,2}})(?:st|nd|rd|th|er|º|\.)?(?:[-/. ]| de )?{_NAME}\.?(?:[-/., ]+| del? )?"
    rf"([0-9]{{4}}|[0-9]{{2}})\.?{_TIME}"
)
_MONTH_FIRST = re.compile(
    rf"{_WEEKDAY}{_NAME}[-/. ]+([0-9]{{1,2}})(?:st|nd|rd|th)?(?:,? +|[-/])([0-9]{{4}}|[0-9]{{2}}){_TIME}"
)
_YEAR_FIRST = re.compile(rf"([0-9]{{4}})[-/. ]+{_NAME}[-/. ]+([0-9]{{1,2}})\.?{_TIME}")
_LENGTH_LIMIT = 60
_DIGIT = re.compile("[0-9]")

# English, German, French and Spanish, short and long, without accents.
_MONTH_NAMES = (
    "jan january januar janner janvier janv ene enero",
    "feb february februar fevrier fevr fev febrero",
    "mar march marz mrz mars marzo",
    "apr april avril avr abr abril",
    "may mai mayo",
    "jun june juni juin junio",
    "jul july juli juillet juil julio",
    "aug august aout ago agosto",
    "sep sept september septembre septiembre setiembre",
    "oct october okt oktober octobre octubre",
    "nov november novembre noviembre",
    "dec december dez dezember decembre dic diciembre",
)
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, start=1) for name in names.split()}
_WEEKDAY_NAMES = """
    mon monday tue tues tuesday wed wednesday thu thur thurs thursday fri friday sat saturday sun sunday mo montag
    di dienstag mi mittwoch do donnerstag fr freitag sa samstag sonnabend so sonntag lun lundi mar mardi mer
    mercredi jeu jeudi ven vendredi sam samedi dim dimanche lunes martes mie miercoles jue jueves vie viernes sab
    sabado dom domingo
"""
_WEEKDAYS = frozenset(_WEEKDAY_NAMES.split())


class Numeric(NamedTuple):
    """A date of three numbers whose meaning depends on the order."""

    first: str
    second: str
    third: str

    def read(self, order: DateOrder) -> date | None:
        """The date in the order given, or None when there is no such date."""
        if order == "YMD":
            # A year of one digit is no year, and a day of four is no day.
            return _date(self.first, self.second, self.third) if len(self.first) == len(self.third) == 2 else None
        day, month = (self.first, self.second) if order == "DMY" else (self.second, self.first)
        return _date(self.third, month, day)


def date_like(text: str) -> bool:
    """Whether the text is written like a date, be there such a day or not."""
    return dissect(text) is not None


def parse_date(text: str, order: DateOrder | None) -> date | None:
    """The civil date as written, whatever time or zone follows it; None when it is none in this order."""
    parts = dissect(text)
    if isinstance(parts, Numeric):
        return parts.read(order or "DMY")
    return parts or None


def dissect(text: str) -> date | Numeric | Literal[False] | None:
    """A date whose reading is plain, or its numbers when an order is needed.

    False for a text written like a date with a plain reading which does not exist, such as 2025-02-30; None for other
    text.
    """
    if not _DIGIT.search(text):
        return None
    text = " ".join(text.split())
    if len(text) > _LENGTH_LIMIT:
        return None
    numeric = _NUMERIC.fullmatch(text)
    if numeric is not None:
        first, second, third = numeric.groups()
        if len(first) == 4:
            return False if len(third) == 4 else _date(first, second, third) or False
        return Numeric(first, second, third) if len(first) < 3 else None
    compact = _COMPACT.fullmatch(text)
    if compact is not None:
        return _dissect_compact(compact[1])
    return _dissect_named(text)


def _dissect_compact(digits: str) -> date | Numeric | None:
    # 20251204, or 04122025: never both, since no year of these centuries begins with a month.
    whole = _date(digits[:4], digits[4:6], digits[6:])
    if whole is not None:
        return whole
    numeric = Numeric(digits[:2], digits[2:4], digits[4:])
    return numeric if numeric.read("DMY") or numeric.read("MDY") else None


def _dissect_named(text: str) -> date | Literal[False] | None:
    weekday: str | None = None
    if found := _DAY_FIRST.fullmatch(text):
        weekday, day, month, year = found.groups()
    elif found := _MONTH_FIRST.fullmatch(text):
        weekday, month, day, year = found.groups()
    elif found := _YEAR_FIRST.fullmatch(text):
        year, month, day = found.groups()
    else:
        return None
    number = _MONTHS.get(folded(month))
    if number is None or (weekday is not None and folded(weekday) not in _WEEKDAYS):
        return None
    return _date(year, str(number), day) or False


def _date(year: str, month: str, day: str) -> date | None:
    number = int(year)
    if len(year) == 2:
        number += 2000 if number < _CENTURY_PIVOT else 1900
    if not _FIRST_YEAR <= number <= _LAST_YEAR:
        return None
    try:
        return date(number, int(month), int(day))
    except ValueError:
        return None


def numeric_dates(cells: Iterable[str]) -> dict[Numeric, str]:
    """The distinct dates which need an order, and exist in one, in the order of the file; each as it is written."""
    found: dict[Numeric, str] = {}
    for text in dict.fromkeys(cells):
        parts = dissect(text)
        if isinstance(parts, Numeric):
            found.setdefault(parts, " ".join(text.split()))
    return {parts: text for parts, text in found.items() if any(parts.read(order) for order in ORDERS)}


def orders_of_all(dates: Iterable[Numeric]) -> list[DateOrder]:
    """The orders in which every one of the dates exists."""
    return [order for order in ORDERS if all(numeric.read(order) for numeric in dates)]


def _iso(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


class Days:
    """Reads the dates of one column, in the one order that all of them exist in; an ISO date needs none, of any year.

    Where no order fits all, each date counts that exists in one order alone.
    """

    def __init__(self, cells: Iterable[str]) -> None:
        self._orders = orders_of_all(numeric_dates(cells)) or list(ORDERS)

    def read(self, text: str) -> date | None:
        """The date, None for a text that is none; ValueError where two orders make two dates of it."""
        if ISO_DATE.fullmatch(text):
            return _iso(text)
        parts = dissect(text)
        if not isinstance(parts, Numeric):
            return parts or None
        found = {day for order in self._orders if (day := parts.read(order)) is not None}
        if len(found) > 1:
            either = " or ".join(map(str, sorted(found)))
            raise ValueError(f"{text!r} may be {either}: write dates such as 2026-01-31")
        return next(iter(found), None)

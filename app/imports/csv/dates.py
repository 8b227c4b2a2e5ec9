"""Dates as banks write them, and the order of day, month and year when a file leaves it open."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Literal, NamedTuple, get_args

from app.imports.csv.headers import plain
from app.imports.csv.mapping import DateOrder
from app.imports.csv.outcome import Confidence, Question

ORDERS: tuple[DateOrder, ...] = get_args(DateOrder)

_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_CENTURY_PIVOT = 70
# Two readings of dates with two-digit years are told apart by the years they give: a bank export spans few of them.
_FEW_YEARS, _MANY_YEARS = 2, 10

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


class OrderDecision(NamedTuple):
    """The order of a column, None where every order reads it the same; or the question to ask."""

    order: DateOrder | None
    confidence: Confidence
    question: Question | None = None


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
    number = _MONTHS.get(plain(month))
    if number is None or (weekday is not None and plain(weekday) not in _WEEKDAYS):
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


def decide_order(column: Sequence[str], others: Iterable[str]) -> OrderDecision:
    """The one order in which all dates of the column exist.

    Dates which exist in no order count for nothing. Where the column leaves two orders open, `others`, the cells of the
    file's other date columns, may decide. Nothing else does: which order is more usual is never asked.
    """
    dates = _numeric_dates(column)
    if not dates:
        year_first = any(isinstance(dissect(text), date) and text.strip()[:4].isdigit() for text in column[:1])
        return OrderDecision("YMD" if year_first else None, "certain")
    orders = _orders_of_all(dates)
    if len(orders) == 1:
        return OrderDecision(orders[0], "certain")
    if orders and all(numeric.read("DMY") == numeric.read("MDY") for numeric in dates):
        return OrderDecision(None, "certain")
    orders = [order for order in _orders_of_all(dates | _numeric_dates(others)) if order in orders] or orders
    orders = _by_years(dates, orders)
    if len(orders) == 1:
        return OrderDecision(orders[0], "likely")
    if orders and all(len({numeric.read(order) for order in orders}) == 1 for numeric in dates):
        return OrderDecision(None, "certain")
    return OrderDecision(None, "guess", _order_question(dates, orders))


def _numeric_dates(cells: Iterable[str]) -> dict[Numeric, str]:
    """The distinct dates which need an order, and exist in one, in the order of the file; each as it is written."""
    found: dict[Numeric, str] = {}
    for text in dict.fromkeys(cells):
        parts = dissect(text)
        if isinstance(parts, Numeric):
            found.setdefault(parts, " ".join(text.split()))
    return {parts: text for parts, text in found.items() if any(parts.read(order) for order in ORDERS)}


def _orders_of_all(dates: Iterable[Numeric]) -> list[DateOrder]:
    return [order for order in ORDERS if all(numeric.read(order) for numeric in dates)]


def _by_years(dates: Iterable[Numeric], orders: list[DateOrder]) -> list[DateOrder]:
    """Of the orders, those left when one that puts the year first and one that puts it last differ widely in years."""
    spans = {order: _years(dates, order) for order in orders}
    few = [order for order in orders if spans[order] <= _FEW_YEARS]
    if few and all(order in few or spans[order] >= _MANY_YEARS for order in orders):
        return few
    return orders


def _years(dates: Iterable[Numeric], order: DateOrder) -> int:
    return len({found.year for numeric in dates if (found := numeric.read(order)) is not None})


def _order_question(dates: Mapping[Numeric, str], orders: list[DateOrder]) -> Question:
    options = orders or [order for order in ORDERS if any(numeric.read(order) for numeric in dates)]
    code = "ambiguous_date_order" if orders else "conflicting_date_orders"
    example = next(n for n in dates if len({n.read(order) for order in options}) > 1)
    readings = [(order, example.read(order)) for order in options]
    meanings = " or ".join(f"{found:%d %B %Y} ({order})" for order, found in readings if found is not None)
    shown = dates[example]
    if orders:
        detail = f"The dates can be read in more than one order: {shown} may be {meanings}."
    else:
        detail = f"No one order of day, month and year fits all dates; {shown}, for one, only fits {meanings}."
    return Question("date_order", code, detail, list(options))

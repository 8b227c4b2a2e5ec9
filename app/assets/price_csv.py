"""Files of prices: a symbol, a day and a price in each row."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.core.csv_rows import Row, table_of
from app.core.fields import EARLIEST, LATEST
from app.core.written_dates import Days

COLUMNS = {
    "symbol": "name",
    "asset": "name",
    "asset_id": "name",
    "ticker": "name",
    "date": "date",
    "day": "date",
    "price": "price",
    "close": "price",
    "value": "price",
}
NUMBER = re.compile(r"\d{1,15}(\.\d{1,18})?", re.ASCII)


@dataclass(frozen=True)
class CsvRow:
    line: int
    name: str
    date: date
    price: Decimal


@dataclass(frozen=True)
class RowProblem:
    """What is wrong with a row; `line` is where it begins in the file, the first one 1."""

    line: int
    code: str
    detail: str


@dataclass(frozen=True)
class Reading:
    rows: Sequence[CsvRow]
    problems: Sequence[RowProblem]
    count: int


def read(content: bytes) -> Reading:
    """Without a header the columns are symbol, date and price.

    Dates are read as by `Days`. A price has a decimal point, or a comma where that does not part columns. Raises
    `InvalidError` for what is no such file at all; see `csv_rows`.
    """
    table = table_of(content, COLUMNS, ("name", "date", "price"))
    rows: list[CsvRow] = []
    problems: list[RowProblem] = []
    lines = list(table.rows)
    place = table.places["date"]
    days = Days(row.cells[place] for row in lines if len(row.cells) > place)
    for row in lines:
        found = _row(row, table.places, days)
        if isinstance(found, CsvRow):
            rows.append(found)
        else:
            problems.append(found)
    return Reading(rows, problems, len(rows) + len(problems))


def _row(row: Row, places: Mapping[str, int], days: Days) -> CsvRow | RowProblem:
    line, cells = row.line, row.cells
    if len(cells) <= max(places.values()):
        return RowProblem(line, "missing_column", "has fewer columns than symbol, date and price")
    name, day, price = (cells[places[column]] for column in ("name", "date", "price"))
    if not name or len(name) > 200:
        return RowProblem(line, "missing_symbol", "names no asset")
    try:
        on = days.read(day)
    except ValueError as error:
        return RowProblem(line, "ambiguous_date", str(error))
    if on is None or not EARLIEST <= on <= LATEST:
        return RowProblem(line, "bad_date", f"{day[:40]!r} is no date such as 2026-01-31")
    number = price.replace(",", ".") if "." not in price else price
    if not NUMBER.fullmatch(number):
        return RowProblem(line, "bad_price", f"{price[:40]!r} is no price such as 12.34")
    return CsvRow(line, name, on, Decimal(number))

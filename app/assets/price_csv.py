"""Files of prices: a symbol, a day and a price in each row."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.core.errors import invalid
from app.core.fields import EARLIEST, ISO_DATE, LATEST

MAX_ROWS = 20_000
MAX_ERRORS = 100
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
DELIMITERS = (";", "\t", ",")
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
    """Read UTF-8 text with commas, semicolons or tabs; without a header the columns are symbol, date and price.

    Dates are YYYY-MM-DD. A price has a decimal point, or a comma where that does not part columns. Raises
    `InvalidError` for what is no such file at all, and for one of more than `MAX_ROWS` rows.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise invalid("file", "not_text", "is no text in UTF-8") from None
    first = text.split("\n", 1)[0]
    delimiter = next((each for each in DELIMITERS if each in first), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    places: dict[str, int] | None = None
    rows: list[CsvRow] = []
    problems: list[RowProblem] = []
    count, line = 0, 1
    try:
        for raw in reader:
            begins, line = line, reader.line_num + 1
            cells = [cell.strip() for cell in raw]
            if not any(cells):
                continue
            if places is None:
                places, is_header = _places(cells)
                if is_header:
                    continue
            count += 1
            if count > MAX_ROWS:
                raise invalid("file", "too_many_rows", f"has more than {MAX_ROWS} rows: load it in parts")
            found = _row(begins, cells, places)
            if isinstance(found, CsvRow):
                rows.append(found)
            else:
                problems.append(found)
    except csv.Error:
        raise invalid("file", "not_csv", f"is no CSV from line {line} on") from None
    if not count:
        raise invalid("file", "empty", "has no row in it")
    return Reading(rows, problems, count)


def _places(cells: Sequence[str]) -> tuple[dict[str, int], bool]:
    """Where each column is, and whether that was said by a header."""
    found: dict[str, int] = {}
    for number, cell in enumerate(cells):
        column = COLUMNS.get(cell.lower())
        if column is not None:
            found.setdefault(column, number)
    if len(found) == 3:
        return found, True
    return {"name": 0, "date": 1, "price": 2}, False


def _row(line: int, cells: Sequence[str], places: dict[str, int]) -> CsvRow | RowProblem:
    if len(cells) <= max(places.values()):
        return RowProblem(line, "missing_column", "has fewer columns than symbol, date and price")
    name, day, price = (cells[places[column]] for column in ("name", "date", "price"))
    if not name or len(name) > 200 or "\x00" in name:
        return RowProblem(line, "missing_symbol", "names no asset")
    try:
        on = date.fromisoformat(day) if ISO_DATE.fullmatch(day) else None
    except ValueError:
        on = None
    if on is None or not EARLIEST <= on <= LATEST:
        return RowProblem(line, "bad_date", f"{day[:40]!r} is no date such as 2026-01-31")
    number = price.replace(",", ".") if "." not in price else price
    if not NUMBER.fullmatch(number):
        return RowProblem(line, "bad_price", f"{price[:40]!r} is no price such as 12.34")
    return CsvRow(line, name, on, Decimal(number))

"""CSV files of which the columns are known: however they are parted, with a header or without."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.core.errors import invalid

MAX_ROWS = 20_000
MAX_ERRORS = 100
"""So many wrong rows of a file are named; beyond that nobody reads them."""
DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Row:
    """A row with anything in it; `line` is where it begins in the file, the first one 1."""

    line: int
    cells: Sequence[str]


def counted(number: int, what: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number} {what}{'s' * (number != 1)}"


@dataclass(frozen=True)
class Table:
    """`places` says where each column stands, `width` how many a row has, with those that nobody asked for.

    Reading `rows` raises `InvalidError` for what turns out to be no CSV, for no row, and for more than `MAX_ROWS`.
    """

    places: Mapping[str, int]
    width: int
    decimal_comma: bool
    """Whether a comma in a number can be nothing but the decimal one: the columns are parted by something else."""
    rows: Iterator[Row]


def table_of(content: bytes, names: Mapping[str, str], order: Sequence[str]) -> Table:
    """Read UTF-8 text parted by commas, semicolons or tabs, whichever the first line has most of.

    `names` are words of a header, in small letters, and the columns that they mean; where the first row is no header
    with all columns, they stand in this order. Raises `InvalidError` for what is no text.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise invalid("file", "not_text", "is no text in UTF-8") from None
    if "\0" in text:
        raise invalid("file", "not_text", "has NUL characters in it: it is no text")
    delimiter = max(DELIMITERS, key=text.lstrip().split("\n", 1)[0].count)
    lines = _lines(text, delimiter)
    first = next(lines, None)
    places: dict[str, int] = {}
    for place, word in enumerate(first[1] if first else ()):
        if word.lower() in names:
            places.setdefault(names[word.lower()], place)
    is_header = set(places) == set(order)
    if not is_header:
        places = {column: place for place, column in enumerate(order)}
    ahead = [] if first is None or is_header else [first]
    width = len(first[1]) if first is not None and is_header else len(order)
    return Table(places, width, delimiter != ",", _rows(ahead, lines))


def _rows(ahead: Sequence[tuple[int, list[str]]], lines: Iterator[tuple[int, list[str]]]) -> Iterator[Row]:
    number = 0
    for source in (ahead, lines):
        for line, cells in source:
            number += 1
            if number > MAX_ROWS:
                raise invalid("file", "too_many_rows", f"has more than {MAX_ROWS} rows: load it in parts")
            yield Row(line, cells)
    if not number:
        raise invalid("file", "empty_file", "has no row in it")


def _lines(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The cells of each row that has anything in it, and the line in which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for raw in reader:
            cells = [cell.strip() for cell in raw]
            if any(cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error:
        detail = f"is no CSV from line {begins} on: a quote is not closed, or a field is too long"
        raise invalid("file", "not_csv", detail) from None

"""From lines to records: delimiter, quotes, and cells that go over several lines."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from app.core.written_dates import date_like
from app.imports.csv.amounts import amount_like
from app.imports.csv.outcome import Confidence, CsvUnreadableError

CELL_LIMIT = 32_000

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_LINES = 300
_EXCEL_HINT = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_APOSTROPHES = re.compile(r"(?:^|[,;\t|])'[^']*'(?=[,;\t|]|$)")

Fault = Literal["", "unclosed_quote", "long_cell"]


# A tuple, because the garbage collector soon stops looking at tuples of texts, and there are many of these.
Cells = tuple[str, ...]


class Record(NamedTuple):
    """The cells of one record as written, and the physical line (from 1) it starts on."""

    line: int
    cells: Cells
    fault: Fault = ""


class Dialect(NamedTuple):
    """How cells are set apart, and how sure that is."""

    delimiter: str
    quote: str
    delimiter_confidence: Confidence
    quote_confidence: Confidence


class _Cell(NamedTuple):
    """A quoted cell: its text, the index of the line it ends on and the position behind its closing quote."""

    text: str
    last: int
    position: int
    closed: bool


# The standard reader is not used: it takes an unclosed quote for a cell which holds the rest of the file, and its limit
# on the length of a cell belongs to the whole process.
def records(lines: Sequence[str], delimiter: str, quote: str) -> Iterator[Record]:
    """Split lines into records.

    A quote matters only at the beginning of a cell (spaces before it are allowed), is doubled within, and whatever
    follows the closing quote is kept as text. A cell over several lines that never closes, or goes on after its closing
    quote, began with a stray quote: its record has the fault `unclosed_quote` and is the last one.
    """
    index = 0
    between = quote + delimiter + quote
    while index < len(lines):
        line = lines[index]
        if quote not in line:
            record, after = Record(index + 1, tuple(line.split(delimiter))), index + 1
        else:
            cells = tuple(line[1:-1].split(between))
            if line[0] == line[-1] == quote and line.count(quote) == 2 * len(cells):
                record, after = Record(index + 1, cells), index + 1
            else:
                record, after = _with_quotes(lines, index, delimiter, quote)
        if len(line) > CELL_LIMIT and not record.fault and max(map(len, record.cells)) > CELL_LIMIT:
            record = record._replace(fault="long_cell")
        yield record
        if record.fault == "unclosed_quote":
            return
        index = after


def _with_quotes(lines: Sequence[str], first: int, delimiter: str, quote: str) -> tuple[Record, int]:
    """The record which starts at the index, and the index of the line after it."""
    cells: list[str] = []
    index, position = first, 0
    while True:
        line = lines[index]
        opening = position
        while delimiter != " " and line.startswith(" ", opening):
            opening += 1
        text = ""
        if line.startswith(quote, opening):
            cell = _quoted(lines, index, opening + 1, quote)
            spread = cell.last > index
            text, index, position, closed = cell
            if not closed:
                return Record(first + 1, tuple(cells), "unclosed_quote"), len(lines)
            line = lines[index]
            end = _end(line, position, delimiter)
            if spread and line[position:end].strip():
                return Record(first + 1, tuple(cells), "unclosed_quote"), len(lines)
        else:
            end = _end(line, position, delimiter)
        cells.append(text + line[position:end])
        if end == len(line):
            return Record(first + 1, tuple(cells)), index + 1
        position = end + 1


def _end(line: str, position: int, delimiter: str) -> int:
    end = line.find(delimiter, position)
    return len(line) if end < 0 else end


def _quoted(lines: Sequence[str], index: int, position: int, quote: str) -> _Cell:
    """The quoted cell whose text starts at the position; a text longer than any cell may be counts as never closed."""
    parts: list[str] = []
    length = 0
    while True:
        line = lines[index]
        end = line.find(quote, position)
        if end < 0:
            parts += (line[position:], "\n")
            length += len(line) - position + 1
            index, position = index + 1, 0
            if index == len(lines) or length > CELL_LIMIT:
                return _Cell("", index, 0, closed=False)
        elif line.startswith(quote, end + 1):
            parts.append(line[position : end + 1])
            position = end + 2
        else:
            parts.append(line[position:end])
            return _Cell("".join(parts), index, end + 1, closed=True)


def dialect(lines: Sequence[str], delimiter: str | None, quote: str | None) -> Dialect:
    """The given delimiter and quote, completed by what the first lines show."""
    sample = [line for line in lines[:_SAMPLE_LINES] if line.strip()]
    mark, mark_confidence = (quote, _sure()) if quote is not None else _detect_quote(sample, delimiter)
    if delimiter is not None:
        return Dialect(delimiter, mark, "certain", mark_confidence)
    hint = _EXCEL_HINT.fullmatch(sample[0].strip())
    if hint is not None and not hint[1].isalnum() and hint[1] != mark:
        return Dialect(hint[1], mark, "certain", mark_confidence)
    separator, confidence = _detect_delimiter(sample, mark)
    return Dialect(separator, mark, confidence, mark_confidence)


def _sure() -> Confidence:
    return "certain"


def _detect_quote(sample: Sequence[str], delimiter: str | None) -> tuple[str, Confidence]:
    text = "\n".join(sample)
    apostrophes = sum(1 for line in sample if _APOSTROPHES.search(line))
    if delimiter == '"' or ('"' not in text and delimiter != "'" and apostrophes * 2 > len(sample)):
        return "'", "likely"
    return '"', "certain" if '"' in text else "likely"


def _detect_delimiter(sample: Sequence[str], quote: str) -> tuple[str, Confidence]:
    """The delimiter under which most records hold a date and an amount, else the one with the most even columns.

    Counting delimiters alone fails on decimal commas: each amount of a file with semicolons brings one comma.
    """
    scores: list[tuple[int, int, str]] = []
    for delimiter in _DELIMITERS:
        if delimiter == quote:
            continue
        found = list(records(sample, delimiter, quote))
        bookings = sum(1 for record in found if is_booking(record.cells))
        widths = Counter(len(record.cells) for record in found if len(record.cells) > 1)
        scores.append((bookings, max(widths.values(), default=0), delimiter))
    best = max(scores, key=lambda score: score[:2])
    if best[1] == 0:
        detail = "No delimiter divides the lines into columns; this does not look like a CSV file."
        raise CsvUnreadableError("no_columns", detail, "delimiter")
    rivals = sum(1 for score in scores if score[0] == best[0])
    return best[2], "certain" if best[0] and rivals == 1 else "likely"


def is_booking(cells: Sequence[str]) -> bool:
    """Whether a record holds both a date and, in another cell, an amount."""
    dates = {index for index, cell in enumerate(cells) if date_like(cell)}
    return bool(dates) and any(amount_like(cell) for index, cell in enumerate(cells) if index not in dates)

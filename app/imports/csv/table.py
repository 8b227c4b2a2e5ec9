"""Where in a file the table is: the header, the lines above it and the records below."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.core.written_dates import date_like
from app.imports.csv.amounts import amount_like
from app.imports.csv.dialect import Cells, Record, is_booking
from app.imports.csv.headers import roles
from app.imports.csv.mapping import COLUMN_LIMIT, NAME_LIMIT, CsvMapping, fold
from app.imports.csv.outcome import Confidence, CsvUnreadableError, shown
from app.imports.csv.words import Meaning

# A header stands among the first records; what comes later is not looked at as one.
_SEARCHED = 100
_SAMPLE = 200

_COLUMN_FIELDS = (
    "date_column", "amount_column", "debit_column", "credit_column", "direction_column", "payee_column", "notes_column",
    "external_id_column", "currency_column", "category_column", "account_column",
)  # fmt: skip


@dataclass(frozen=True)
class Table:
    """The records of a file below its header; `header_line` is 0 and `header` empty when there is none.

    `header` has the names trimmed, `header_cells` as written.
    """

    header: list[str]
    header_cells: Cells
    header_line: int
    confidence: Confidence
    above: list[Record]
    records: list[Record]
    sample: list[Record]
    width: int
    filled: frozenset[int]
    """The columns in which any record holds something."""

    def name(self, index: int) -> str | int:
        """How a mapping refers to the column: its name where that is unique, else its number."""
        name = self.header[index] if index < len(self.header) else ""
        same = sum(1 for other in self.header if fold(other) == fold(name))
        return name if name and same == 1 and len(name) <= NAME_LIMIT else index + 1

    def index(self, column: str | int, field: str) -> int:
        """The position of the column a mapping refers to."""
        if isinstance(column, int):
            if column <= self.width:
                return column - 1
            raise CsvUnreadableError(
                "column_not_found", f"There is no column {column}; the file has {self.width} columns.", field
            )
        found = [index for index, name in enumerate(self.header) if fold(name) == fold(column)]
        if len(found) == 1:
            return found[0]
        if found:
            detail = f"There are {len(found)} columns named {shown(column)}; give the number of the one that is meant."
            raise CsvUnreadableError("column_not_unique", detail, field)
        raise _no_column(column, field, self.header)

    def column(self, index: int) -> list[str]:
        """The cells of one column over all records, without those that are blank."""
        return _column(self.records, index) if index in self.filled else []

    def is_filled(self, index: int) -> bool:
        """Whether any cell of the column holds something."""
        return index in self.filled

    def sampled(self, index: int) -> list[str]:
        """The cells of one column over a sample of the records, without those that are blank."""
        return _column(self.sample, index)


def _column(records: Sequence[Record], index: int) -> list[str]:
    cells = [record.cells[index] for record in records if index < len(record.cells)]
    return [cell for cell in cells if cell and not cell.isspace()]


def _no_column(column: str, field: str, header: Sequence[str]) -> CsvUnreadableError:
    known = f"; its columns are {shown(', '.join(header))}" if any(header) else "; no line of it names columns"
    return CsvUnreadableError("column_not_found", f"The file has no column named {shown(column)}{known}.", field)


def find_table(records: Sequence[Record], mapping: CsvMapping) -> Table:
    """Divide the records, none of which is blank, into what is above the header, the header, and the bookings."""
    return table_at(records, *_header_position(records, mapping))


def table_at(records: Sequence[Record], position: int | None, confidence: Confidence) -> Table:
    """The same where it is known which record is the header, None for none."""
    cells: Cells
    if position is None:
        first = next((place for place, record in enumerate(records) if is_booking(record.cells)), 0)
        cells, line, below = (), 0, first
    else:
        cells = records[position].cells
        line, below, first = records[position].line, position + 1, position
    header = [" ".join(cell.split()) for cell in cells]
    rows = list(records[below:])
    sample = rows[:_SAMPLE] + rows[_SAMPLE :: max(1, len(rows) // _SAMPLE)]
    widths = Counter(len(record.cells) for record in sample)
    width = max(len(header), widths.most_common(1)[0][0] if widths else 0)
    if width > COLUMN_LIMIT:
        detail = f"The file has {width} columns; at most {COLUMN_LIMIT} can be read."
        raise CsvUnreadableError("too_many_columns", detail, "delimiter")
    return Table(header, cells, line, confidence, list(records[:first]), rows, sample, width, _filled(rows))


def _filled(records: Sequence[Record]) -> frozenset[int]:
    """One pass for all columns, which a file may have a thousand of."""
    found: set[int] = set()
    for record in records:
        found.update(index for index, cell in enumerate(record.cells) if index not in found and cell.strip())
    return frozenset(found)


def _header_position(records: Sequence[Record], mapping: CsvMapping) -> tuple[int | None, Confidence]:
    if mapping.header_line == 0:
        return None, "certain"
    if mapping.header_line is not None:
        for position, record in enumerate(records):
            if record.line == mapping.header_line:
                return position, "certain"
        detail = f"No record begins on line {mapping.header_line}, where the header should be."
        raise CsvUnreadableError("header_not_found", detail, "header_line")
    names = list(_names(mapping))
    if names:
        return _named_header(records[:_SEARCHED], names), "certain"
    return _detect_header(records[:_SEARCHED])


def _names(mapping: CsvMapping) -> Iterator[tuple[str, str]]:
    """Each column the mapping gives by name, with the field that gives it."""
    for field in _COLUMN_FIELDS:
        column = getattr(mapping, field)
        if isinstance(column, str) and column:
            yield field, column
    for column in mapping.description_columns or ():
        if isinstance(column, str):
            yield "description_columns", column


def _named_header(records: Sequence[Record], names: Sequence[tuple[str, str]]) -> int:
    """The first record with all the names; when there is none, the error names one that the likeliest record lacks."""
    best, lacking = 0, list(names)
    for position, record in enumerate(records):
        cells = {fold(cell) for cell in record.cells}
        missing = [(field, name) for field, name in names if fold(name) not in cells]
        if not missing:
            return position
        if len(missing) < len(lacking):
            best, lacking = position, missing
    field, name = lacking[0]
    known = [cell.strip() for cell in records[best].cells] if len(lacking) < len(names) else []
    raise _no_column(name, field, known)


def _detect_header(records: Sequence[Record]) -> tuple[int | None, Confidence]:
    first = next((place for place, record in enumerate(records) if is_booking(record.cells)), len(records))
    best = _known_header(records[:first], {"date", "amount", "debit", "credit"})
    if best is None:
        # What looked like a booking may be a line above the header with a date and a balance.
        best = _known_header(records, {"date"}) if records[first:] else None
    if best is not None:
        return best, "certain"
    # In a language that is not known here: the line of texts right above the first booking.
    if 0 < first < len(records):
        above = records[first - 1]
        filled = sum(1 for cell in above.cells if cell.strip())
        if filled >= 2 and filled * 2 >= len(records[first].cells) and not _has_values(above):
            return first - 1, "likely"
    return None, "likely"


def _known_header(records: Sequence[Record], needed: set[Meaning]) -> int | None:
    """The record whose cells are names of the most kinds of columns, at least two and one of those needed."""
    best, most = None, 1
    for position, record in enumerate(records):
        meanings = {role.meaning for cell in record.cells for role in roles(cell)[:1]} - {"other"}
        if len(meanings) > most and meanings & needed and not _has_values(record):
            best, most = position, len(meanings)
    return best


def _has_values(record: Record) -> bool:
    return any(date_like(cell) or amount_like(cell) for cell in record.cells)

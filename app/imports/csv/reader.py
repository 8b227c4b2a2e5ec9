"""Reading a whole file: settle the mapping, then turn record after record into rows."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from app.imports.csv.columns import Columns
from app.imports.csv.decoding import decode
from app.imports.csv.dialect import Record, dialect, is_booking, records
from app.imports.csv.headers import names_total
from app.imports.csv.mapping import CsvMapping
from app.imports.csv.outcome import (
    CsvError,
    CsvIgnored,
    CsvReading,
    CsvRow,
    CsvUnreadableError,
    CsvWarning,
    shown,
)
from app.imports.csv.rows import CellError, RowReader
from app.imports.csv.settling import settle
from app.imports.csv.table import Table, find_table

_DETECT_ALL = CsvMapping()
_ACCOUNTS_SHOWN = 10
# What one file may hold: a million bookings with CRLF, and some more for breaks within quotes.
LINE_LIMIT = 2_500_000
_AMOUNT_FIELDS = {"amount_column", "debit_column", "credit_column", "direction_column", "debit_values", "credit_values"}


class _Failure(NamedTuple):
    """A record that could not become a row: the position of the cell at fault, if one is, and why."""

    record: Record
    at: int | None
    reason: str


Recall = Callable[[list[str]], CsvMapping | None]


def read_csv(data: bytes, mapping: CsvMapping = _DETECT_ALL, recall: Recall | None = None) -> CsvReading:
    """Read a bank's CSV export; what the mapping leaves open is detected, given what it fixes.

    A record with a fault becomes an error and stops no other. Raises CsvUnreadableError when the file as a whole
    cannot be read, and CsvQuestionError when it can be read in more than one way. Takes time in proportion to the file,
    so that an event loop calls it in a thread.
    """
    check_lines(data)
    decoded = decode(data, mapping.encoding)
    written = dialect(decoded.lines, mapping.delimiter, mapping.quote)
    filled, ignored = divide(decoded.lines, written.delimiter, written.quote)
    table = find_table(filled, mapping)
    mapping = _recalled(mapping, recall(table.header) if recall is not None else None)
    ignored += [CsvIgnored(record.line, "above the header") for record in table.above]
    columns = Columns(table, mapping)
    columns.detect()
    settled = settle(decoded, written, columns, mapping)
    reader = RowReader(columns, settled.mapping)
    rows, failures, repeated = _read_rows(table, reader)
    footer = _footer(table, reader, rows, failures)
    ignored += [CsvIgnored(line, "the header again") for line in repeated]
    ignored += [CsvIgnored(failure.record.line, "a total or a note below the bookings") for failure in footer]
    below = {failure.record.line for failure in footer}
    errors = [_error(table, failure) for failure in failures if failure.record.line not in below]
    warnings = [*settled.warnings, *_row_warnings(columns, rows, errors)]
    return CsvReading(settled.mapping, settled.confidence, warnings, table.header, rows, errors, sorted(ignored))


def check_lines(data: bytes) -> None:
    """Raise CsvUnreadableError for a file of more lines than are read at once."""
    if data.count(b"\n") + data.count(b"\r") > LINE_LIMIT:
        detail = f"The file has more than {LINE_LIMIT:,} lines; split it into smaller ones."
        raise CsvUnreadableError("too_many_lines", detail)


def _recalled(mapping: CsvMapping, known: CsvMapping | None) -> CsvMapping:
    """What is given wins; one way of giving the amount excludes the other, so they are taken as one."""
    if known is None:
        return mapping
    given = mapping.model_dump(exclude_none=True)
    filling = known.model_dump(exclude_none=True)
    if _AMOUNT_FIELDS & given.keys():
        filling = {name: value for name, value in filling.items() if name not in _AMOUNT_FIELDS}
    return CsvMapping.model_validate({**filling, **given})


def divide(lines: Sequence[str], delimiter: str, quote: str) -> tuple[list[Record], list[CsvIgnored]]:
    """The records that hold something, and the blank ones as ignored."""
    filled: list[Record] = []
    blank: list[CsvIgnored] = []
    for record in records(lines, delimiter, quote):
        if record.fault == "unclosed_quote":
            detail = f"A quoted cell that begins on line {record.line} is never closed, so what follows cannot be read."
            raise CsvUnreadableError("unclosed_quote", detail, "quote")
        if any(map(str.strip, record.cells)):
            filled.append(record)
        else:
            blank.append(CsvIgnored(record.line, "blank"))
    return filled, blank


def _read_rows(table: Table, reader: RowReader) -> tuple[list[CsvRow], list[_Failure], list[int]]:
    rows: list[CsvRow] = []
    failures: list[_Failure] = []
    repeated: list[int] = []
    for record in table.records:
        if record.cells == table.header_cells:
            repeated.append(record.line)
            continue
        try:
            rows.append(reader.read(record))
        except CellError as error:
            # Not the exception itself: its traceback would keep the cells of every faulty record alive.
            failures.append(_Failure(record, error.index, error.reason))
    return rows, failures, repeated


def _footer(table: Table, reader: RowReader, rows: Sequence[CsvRow], failures: Sequence[_Failure]) -> list[_Failure]:
    """The failures at the end of the file that are totals or notes rather than bookings with a fault.

    Such a line lacks the date or the amount, and either has a word like `total`, or fewer cells filled than any booking
    and not both an amount and a text, which a booking still waiting for its date would have.
    """
    last = rows[-1].line if rows else 0
    fewest = min((_filled(record) for record in table.sample if is_booking(record.cells)), default=0)
    found: list[_Failure] = []
    for failure in reversed(failures):
        record = failure.record
        cells = record.cells
        dated, valued = reader.has_date(cells), reader.has_amount(cells)
        if record.line < last or record.fault or (dated and valued):
            break
        bare = not dated and _filled(record) < fewest and not (valued and reader.has_text(cells))
        if not bare and not names_total(cells):
            break
        found.append(failure)
    return found


def _filled(record: Record) -> int:
    return sum(1 for cell in record.cells if cell.strip())


def _error(table: Table, failure: _Failure) -> CsvError:
    line = failure.record.line
    if failure.at is None:
        return CsvError(line, None, failure.reason)
    name = table.header[failure.at] if failure.at < len(table.header) else ""
    return CsvError(line, name or str(failure.at + 1), failure.reason)


def _row_warnings(columns: Columns, rows: Sequence[CsvRow], errors: Sequence[CsvError]) -> list[CsvWarning]:
    warnings: list[CsvWarning] = []
    if not rows and not errors:
        warnings.append(CsvWarning("no_rows", "The file has a header and no bookings below it."))
    directed = "amount_column" not in columns.found or "direction_column" in columns.found
    if rows and not directed and all(row.amount >= 0 for row in rows):
        detail = (
            "Every amount is positive and nothing says which way the money goes. "
            "Where these are payments, set amount_sign to 'inverted'."
        )
        warnings.append(CsvWarning("all_amounts_positive", detail))
    accounts = Counter(row.account for row in rows if row.account is not None)
    if len(accounts) > 1:
        listed = ", ".join(f"{shown(name)} ({count})" for name, count in accounts.most_common(_ACCOUNTS_SHOWN))
        more = f" and {len(accounts) - _ACCOUNTS_SHOWN} more" if len(accounts) > _ACCOUNTS_SHOWN else ""
        detail = f"The file holds the bookings of {len(accounts)} accounts: {listed}{more}."
        warnings.append(CsvWarning("several_accounts", detail))
    return warnings

"""Reading a whole file of a broker: find the columns, then turn record after record into lines."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.core.written_dates import DateOrder
from app.imports.broker.columns import OF_ASSET, SEVERAL, Columns, find_table
from app.imports.broker.lines import CellError, Line, LineReader
from app.imports.broker.mapping import BrokerMapping
from app.imports.csv.amounts import decide_separator
from app.imports.csv.dates import decide_order
from app.imports.csv.decoding import decode
from app.imports.csv.dialect import Record, dialect
from app.imports.csv.mapping import DecimalSeparator
from app.imports.csv.outcome import Confidence, CsvError, CsvQuestionError, CsvUnreadableError, Question
from app.imports.csv.reader import check_lines, divide

Recall = Callable[[list[str]], BrokerMapping | None]
_MONEY = ("price", "amount")
_TIME = re.compile(
    r"[T ,-] *(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})(?:[:.](?P<second>\d{2}(?:[.,]\d{1,9})?))?(?!\d)"
    r"(?: *(?P<half>[AaPp])\.?[Mm])?",
    re.ASCII,
)
_DIGITS_ALONE = re.compile(r"\d{8}(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})", re.ASCII)


@dataclass(frozen=True)
class BrokerReading:
    """A whole file as read. `mapping` has what was settled about it so far; amounts are settled over its lines."""

    mapping: dict[str, Any]
    confidence: dict[str, Confidence]
    header: list[str]
    columns: Columns
    lines: list[Line]
    errors: list[CsvError]


def read_broker(data: bytes, mapping: BrokerMapping, recall: Recall) -> BrokerReading:
    """Read a broker's CSV export; what the mapping leaves open is detected, given what it fixes.

    A record with a fault becomes an error and stops no other. Raises CsvUnreadableError when the file as a whole cannot
    be read, and CsvQuestionError when it can be read in more than one way.
    """
    check_lines(data)
    decoded = decode(data, mapping.encoding)
    written = dialect(decoded.lines, mapping.delimiter, mapping.quote)
    filled, _ = divide(decoded.lines, written.delimiter, written.quote)
    table = find_table(filled, mapping)
    known = recall(table.header)
    if known is not None:
        given = mapping.model_dump(exclude_none=True)
        mapping = BrokerMapping.model_validate({**known.model_dump(exclude_none=True), **given})
    columns = Columns(table, mapping)
    order, separator, sure = _notation(columns, mapping)
    reader = LineReader(columns, mapping, order, separator)
    lines, errors = _lines(columns, reader)
    if not lines and not errors:
        raise CsvUnreadableError("no_rows", "The file has a header and no trades below it.")
    settled = mapping.model_dump(exclude_none=True) | {
        "encoding": decoded.encoding,
        "delimiter": written.delimiter,
        "quote": written.quote,
        "header_line": table.header_line,
        **columns.settled(),
        **({"date_order": order} if order else {}),
        **({"decimal_separator": separator} if separator else {}),
    }
    confidence: dict[str, Confidence] = {
        "encoding": decoded.confidence,
        "delimiter": written.delimiter_confidence,
        "quote": written.quote_confidence,
        "header_line": table.confidence,
        **columns.confidence,
        **sure,
    }
    return BrokerReading(settled, confidence, table.header, columns, lines, errors)


def is_of_broker(data: bytes) -> bool:
    """Whether the file has the columns of a broker's trades: dates, quantities, and what they are of."""
    mapping = BrokerMapping()
    try:
        decoded = decode(data, None)
        written = dialect(decoded.lines, None, None)
        filled, _ = divide(decoded.lines, written.delimiter, written.quote)
        found = Columns(find_table(filled, mapping), mapping).found
    except CsvUnreadableError:
        return False
    return "quantity" in found and not found.keys().isdisjoint(OF_ASSET)


def _notation(
    columns: Columns, mapping: BrokerMapping
) -> tuple[DateOrder | None, DecimalSeparator | None, dict[str, Confidence]]:
    """The order of dates and the decimal separator; CsvQuestionError where the file leaves them open."""
    table, questions = columns.table, list[Question]()
    sure: dict[str, Confidence] = {}
    order, separator = mapping.date_order, mapping.decimal_separator
    if order is None:
        dates = [cell.split(" as of ", maxsplit=1)[0] for cell in table.column(columns.found["date"])]
        found = decide_order(dates, ())
        order, questions = found.order, [found.question] if found.question else []
        sure |= {"date_order": found.confidence} if order else {}
    if separator is None:
        indexes = [columns.found[field] for field in _MONEY if field in columns.found]
        indexes += [index for field in SEVERAL for index in columns.several.get(field, ())]
        money = [cell for index in indexes for cell in table.column(index)]
        others = [columns.found[field] for field in ("quantity", "rate") if field in columns.found]
        decided = decide_separator(money, [cell for index in others for cell in table.column(index)])
        if decided.separator is None and decided.question is None:
            decided = decide_separator([cell for index in others for cell in table.column(index)], ())
        separator = decided.separator
        questions += [decided.question] if decided.question else []
        sure |= {"decimal_separator": decided.confidence} if separator else {}
    if questions:
        raise CsvQuestionError(questions)
    return order, separator, sure


def _lines(columns: Columns, reader: LineReader) -> tuple[list[Line], list[CsvError]]:
    table = columns.table
    lines, failures = list[Line](), list[tuple[Record, CellError]]()
    for record in table.records:
        if record.cells == table.header_cells:
            continue
        try:
            lines.append(reader.read(record))
        except CellError as error:
            failures.append((record, CellError(error.index, error.reason)))
    # What lacks a date below the last line is a total, or what the broker wants to have said.
    last = lines[-1].line if lines else 0
    errors = [
        _error(columns, record, error)
        for record, error in failures
        if record.line < last or record.fault or reader.has_date(record)
    ]
    return lines, errors


def _error(columns: Columns, record: Record, error: CellError) -> CsvError:
    return CsvError(record.line, None if error.index is None else str(columns.table.name(error.index)), error.reason)


def in_order(lines: Sequence[Line]) -> list[Line]:
    """The lines as things happened: by day; within one, as the file has them, turned round where it begins with the
    newest.
    """
    if not lines:
        return []
    first, last = lines[0], lines[-1]
    newest_first = (first.day, _time_of(first.moment)) > (last.day, _time_of(last.moment))
    return sorted(reversed(lines) if newest_first else lines, key=lambda line: line.day)


def _time_of(moment: str) -> tuple[Decimal, ...]:
    """Hour, minute and second that stand behind a date; empty where none do."""
    found = _DIGITS_ALONE.fullmatch(moment) or _TIME.search(moment)
    if found is None:
        return ()
    parts = found.groupdict()
    hour = int(parts["hour"])
    if parts.get("half"):
        hour = hour % 12 + (12 if parts["half"] in "Pp" else 0)
    return Decimal(hour), Decimal(parts["minute"]), Decimal((parts["second"] or "0").replace(",", "."))

"""From what was detected to the mapping that says it all, or to the questions that are left."""

from collections.abc import Iterator
from typing import NamedTuple

from app.core.written_dates import date_like
from app.imports.csv.amounts import Directions, amount_like, decide_separator, has_direction
from app.imports.csv.columns import Columns
from app.imports.csv.dates import decide_order
from app.imports.csv.decoding import Decoded
from app.imports.csv.dialect import Dialect
from app.imports.csv.mapping import CsvMapping, fold
from app.imports.csv.outcome import Confidence, CsvQuestionError, CsvWarning, Question


class Settled(NamedTuple):
    """The mapping with everything the file settles, how sure each field is, and what to tell about it."""

    mapping: CsvMapping
    confidence: dict[str, Confidence]
    warnings: list[CsvWarning]


def settle(decoded: Decoded, dialect: Dialect, columns: Columns, mapping: CsvMapping) -> Settled:
    """Complete the mapping; CsvQuestionError with all questions at once where the file alone cannot decide."""
    table = columns.table
    settled = mapping.model_dump() | {
        "encoding": decoded.encoding,
        "delimiter": dialect.delimiter,
        "quote": dialect.quote,
        "header_line": table.header_line,
    }
    confidence: dict[str, Confidence] = {
        "encoding": decoded.confidence,
        "delimiter": dialect.delimiter_confidence,
        "quote": dialect.quote_confidence,
        "header_line": table.confidence,
        **columns.confidence,
    }
    settled |= {field: table.name(index) for field, index in columns.found.items()}
    if columns.descriptions:
        settled["description_columns"] = [table.name(index) for index in columns.descriptions]
    _settle_sign(settled, confidence, columns)
    _settle_directions(settled, confidence, columns)
    questions = _settle_notation(settled, confidence, columns)
    if questions:
        raise CsvQuestionError(questions)
    return Settled(CsvMapping.model_validate(settled), confidence, _warnings(decoded, columns))


def _amount_columns(columns: Columns) -> list[int]:
    fields = ("amount_column", "debit_column", "credit_column")
    return [columns.found[field] for field in fields if field in columns.found]


def _settle_sign(settled: dict[str, object], confidence: dict[str, Confidence], columns: Columns) -> None:
    amount = columns.found.get("amount_column")
    if settled["amount_sign"] is not None:
        confidence["amount_sign"] = "certain"
        return
    settled["amount_sign"] = "as_is"
    told = (
        amount is None or "direction_column" in columns.found or any(map(has_direction, columns.table.column(amount)))
    )
    confidence["amount_sign"] = "likely" if told else "guess"


def _settle_directions(settled: dict[str, object], confidence: dict[str, Confidence], columns: Columns) -> None:
    index = columns.found.get("direction_column")
    meaning = Directions(columns.mapping.debit_values, columns.mapping.credit_values).of
    for field, direction in (("debit_values", "debit"), ("credit_values", "credit")):
        if settled[field] is not None:
            confidence[field] = "certain"
        elif index is not None:
            found = {fold(cell) for cell in columns.table.column(index) if meaning(cell) == direction}
            if found:
                settled[field] = sorted(found)
                confidence[field] = "certain"


def _settle_notation(settled: dict[str, object], confidence: dict[str, Confidence], columns: Columns) -> list[Question]:
    """Settle the order of dates and the decimal separator; the questions where that fails."""
    questions: list[Question] = []
    table, day, amounts = columns.table, columns.found["date_column"], _amount_columns(columns)
    if settled["date_order"] is None:
        order = decide_order(table.column(day), _others(columns, {day}, dates=True))
        settled["date_order"] = order.order
        confidence["date_order"] = order.confidence
        questions += [order.question] if order.question else []
    else:
        confidence["date_order"] = "certain"
    if settled["decimal_separator"] is None:
        cells = [cell for index in amounts for cell in table.column(index)]
        separator = decide_separator(cells, _others(columns, {day, *amounts}, dates=False))
        settled["decimal_separator"] = separator.separator
        confidence["decimal_separator"] = separator.confidence
        questions += [separator.question] if separator.question else []
    else:
        confidence["decimal_separator"] = "certain"
    for field in ("date_order", "decimal_separator"):
        if settled[field] is None:
            del confidence[field]
    return questions


def _others(columns: Columns, known: set[int], *, dates: bool) -> Iterator[str]:
    """The cells of the other columns of dates, or of numbers."""
    for index in range(columns.table.width):
        sample = columns.table.sampled(index)
        dated = bool(sample) and all(map(date_like, sample))
        if index not in known and (dated if dates else not dated and any(map(amount_like, sample))):
            yield from columns.table.column(index)


def _warnings(decoded: Decoded, columns: Columns) -> list[CsvWarning]:
    warnings: list[CsvWarning] = []
    if decoded.broken:
        detail = f"{decoded.broken} characters of the file are broken and were replaced; the rest is sound UTF-8."
        warnings.append(CsvWarning("broken_characters", detail))
    if columns.guessed_amount:
        column = columns.table.name(columns.found["amount_column"])
        detail = f"Several columns hold amounts and none is named so; column {column} was taken. See amount_column."
        warnings.append(CsvWarning("guessed_column", detail))
    return warnings

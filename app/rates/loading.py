"""A book's rates from a CSV file: all of its rows, or none where one is wrong."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from anyio import to_thread
from pydantic import ValidationError

from app.access.context import BookWriter
from app.core.errors import FieldError, InvalidError, invalid
from app.core.ids import new_id
from app.rates import repository
from app.rates.schemas import RateIn
from app.rates.service import problems_of

MAX_ROWS = 20_000
COLUMNS = ("date", "base", "quote", "rate")
DELIMITERS = ",;\t"

Rows = list[tuple[int, RateIn]]


async def load(book: BookWriter, data: bytes) -> dict[str, int]:
    """Set the rates of a file, with one statement; raises `InvalidError` naming every row that is wrong.

    Columns are date, base, quote and rate, in this order where there is no header. A decimal comma is taken where the
    columns are not separated by commas.
    """
    rows, wrong = await to_thread.run_sync(_read, data, book.actor.today())
    known = await repository.exponents(book.connection, {code for _, row in rows for code in (row.base, row.quote)})
    wrong += [
        FieldError(f"rows.{number}.{field}", "unknown_currency", f"{getattr(row, field)} is not known")
        for number, row in rows
        for field in ("base", "quote")
        if getattr(row, field) not in known
    ]
    if wrong:
        raise InvalidError(sorted(wrong, key=lambda error: int(error.field.split(".")[1])))
    wanted = {(row.base, row.quote, row.date): row for _, row in rows}
    rates = [{"id": new_id(), **row.model_dump()} for row in wanted.values()]
    created, updated = await repository.write(book, rates, "csv")
    return {"created": created, "updated": updated, "unchanged": len(wanted) - created - updated}


def _read(data: bytes, today: date) -> tuple[Rows, list[FieldError]]:
    """The rows by their number in the file, 1 for the first behind the header, and what is wrong with others."""
    header, lines, comma = _lines(data)
    rows: Rows = []
    wrong: list[FieldError] = []
    seen: dict[tuple[str, str, date], Decimal] = {}
    for number, line in enumerate(lines, 1):
        if number > MAX_ROWS:
            raise invalid("file", "too_many_rows", f"has more than {MAX_ROWS} rows: load it in parts")
        values = dict(zip(header, (field.strip() for field in line), strict=False))
        if comma and "," in values.get("rate", ""):
            values["rate"] = values["rate"].replace(",", ".", 1)
        found = _row(values, len(line), len(header), today)
        if isinstance(found, RateIn):
            key = (found.base, found.quote, found.date)
            if seen.setdefault(key, found.rate) != found.rate:
                wrong.append(FieldError(f"rows.{number}.rate", "duplicate_rate", "another row says another rate"))
            rows.append((number, found))
        else:
            wrong += [FieldError(f"rows.{number}.{field}", code, detail) for field, code, detail in found]
    if not rows and not wrong:
        raise invalid("file", "empty_file", "has no rates in it")
    return rows, wrong


def _row(values: dict[str, str], width: int, wanted: int, today: date) -> RateIn | list[tuple[str, str, str]]:
    if width != wanted:
        return [("date", "wrong_columns", f"has {width} columns instead of {wanted}")]
    given: dict[str, Any] = {name: values[name] for name in COLUMNS}
    try:
        body = RateIn(**given)
    except ValidationError as error:
        return [(str(e["loc"][0]), e["type"], e["msg"].removeprefix("Value error, ")) for e in error.errors()]
    return problems_of(body, today) or body


def _lines(data: bytes) -> tuple[Sequence[str], Iterator[list[str]], bool]:
    """The names of the columns, the lines behind the header that have anything in them, and whether commas are free."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise invalid("file", "not_text", "is no UTF-8 text") from None
    if "\0" in text:
        raise invalid("file", "not_text", "has NUL characters in it: it is no text")
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count)
    lines = (line for line in _parsed(text, delimiter) if any(field.strip() for field in line))
    header = [field.strip().lower() for field in next(lines, [])]
    if set(COLUMNS) <= set(header):
        return header, lines, delimiter != ","
    return (
        COLUMNS,
        (line for line in _parsed(text, delimiter) if any(field.strip() for field in line)),
        delimiter != ",",
    )


def _parsed(text: str, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except csv.Error:
        raise invalid("file", "not_csv", "is no CSV file: a quote is not closed, or a field is too long") from None

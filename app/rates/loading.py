"""A book's rates from a CSV file: all of its rows, or none where one is wrong."""

from datetime import date
from decimal import Decimal
from typing import Any

from anyio import to_thread
from pydantic import ValidationError

from app.access.context import BookWriter
from app.core.csv_rows import MAX_ERRORS, Row, Table, counted, table_of
from app.core.errors import FieldError, InvalidError
from app.core.ids import new_id
from app.core.written_dates import Days
from app.rates import repository
from app.rates.schemas import RateIn
from app.rates.service import problems_of

COLUMNS = ("date", "base", "quote", "rate")

Rows = list[tuple[int, RateIn]]


async def load(book: BookWriter, data: bytes) -> dict[str, int]:
    """Set the rates of a file, with one statement; raises `InvalidError` naming the first rows that are wrong.

    Columns are date, base, quote and rate, in this order where there is no header. A decimal comma is taken where the
    columns are not separated by commas, and a date in the one order of day, month and year in which all of them exist.
    """
    rows, wrong = await to_thread.run_sync(_read, data, book.actor.today())
    known = await repository.exponents(book.connection, {code for _, row in rows for code in (row.base, row.quote)})
    wrong += [
        FieldError(f"file.{line}.{field}", "unknown_currency", f"{getattr(row, field)} is not known")
        for line, row in rows
        for field in ("base", "quote")
        if getattr(row, field) not in known
    ]
    if wrong:
        wrong.sort(key=_line)
        rows_wrong = counted(len(set(map(_line, wrong))), "row")
        raise InvalidError(wrong[:MAX_ERRORS], f"{rows_wrong} of the file cannot be taken; nothing was stored.")
    wanted = {(row.base, row.quote, row.date): row for _, row in rows}
    rates = [{"id": new_id(), **row.model_dump()} for row in wanted.values()]
    created, updated = await repository.write(book, rates, "csv")
    return {"created": created, "updated": updated, "unchanged": len(wanted) - created - updated}


def _line(error: FieldError) -> int:
    return int(error.field.split(".")[1])


def _read(data: bytes, today: date) -> tuple[Rows, list[FieldError]]:
    """The rows by their lines in the file, and what is wrong with others."""
    table = table_of(data, {name: name for name in COLUMNS}, COLUMNS)
    rows: Rows = []
    wrong: list[FieldError] = []
    seen: dict[tuple[str, str, date], Decimal] = {}
    lines = list(table.rows)
    days = Days(row.cells[table.places["date"]] for row in lines if len(row.cells) == table.width)
    for row in lines:
        found = _row(row, table, days, today)
        if isinstance(found, RateIn):
            key = (found.base, found.quote, found.date)
            if seen.setdefault(key, found.rate) != found.rate:
                wrong.append(FieldError(f"file.{row.line}.rate", "duplicate_rate", "another row says another rate"))
            rows.append((row.line, found))
        else:
            wrong += [FieldError(f"file.{row.line}.{field}", code, detail) for field, code, detail in found]
    return rows, wrong


def _row(row: Row, table: Table, days: Days, today: date) -> RateIn | list[tuple[str, str, str]]:
    if len(row.cells) != table.width:
        return [("date", "wrong_columns", f"has {len(row.cells)} columns instead of {table.width}")]
    given: dict[str, Any] = {name: row.cells[table.places[name]] for name in COLUMNS}
    if table.decimal_comma:
        given["rate"] = given["rate"].replace(",", ".", 1)
    try:
        given["date"] = days.read(given["date"]) or given["date"]
    except ValueError as error:
        return [("date", "ambiguous_date", str(error))]
    try:
        body = RateIn(**given)
    except ValidationError as error:
        return [(str(e["loc"][0]), e["type"], e["msg"].removeprefix("Value error, ")) for e in error.errors()]
    return problems_of(body, today) or body

"""Tables as CSV (RFC 4180): UTF-8, commas, CRLF, a line of names first."""

import codecs
import csv
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import IO

from app.core.money import plain
from app.rendering.cells import guarded, value_of
from app.rendering.model import Cell, Column, Table


class CsvFile:
    """Writes one table into an open file, some rows at a time; call it off the event loop."""

    def __init__(self, file: IO[bytes], columns: Sequence[Column], *, mark: bool = False) -> None:
        """`mark`: begin with a byte order mark, by which Excel knows UTF-8."""
        self._file = file
        self._columns = columns
        if mark:
            file.write(codecs.BOM_UTF8)
        self._put([[column.name for column in columns]])

    def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        self._put([_text(cell, column) for cell, column in zip(row, self._columns, strict=True)] for row in rows)

    def _put(self, rows: Iterable[Sequence[str]]) -> None:
        out = StringIO(newline="")
        csv.writer(out, lineterminator="\r\n").writerows(rows)
        self._file.write(out.getvalue().encode())


def write_csv(file: IO[bytes], table: Table, *, mark: bool = False) -> None:
    """A whole table."""
    CsvFile(file, table.columns, mark=mark).write(table.rows)


def _text(cell: Cell, column: Column) -> str:
    """Numbers and dates as the API writes them; a text is a text wherever it is opened."""
    value = value_of(cell, column)
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, date):
        return value.isoformat()
    return guarded(value) if isinstance(value, str) else str(value)

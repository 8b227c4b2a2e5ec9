"""Tables as CSV (RFC 4180): UTF-8, commas, CRLF, a line of names first."""

import codecs
import csv
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import IO

from app.core.money import PLAIN_NUMBER, plain
from app.rendering.cells import HARMLESS, NUMERIC, guarded
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
        """Column by column: a file has few of them and many rows."""
        table = list(zip(*rows, strict=True))
        if table:
            texts = [_texts(cells, column) for cells, column in zip(table, self._columns, strict=True)]
            self._put(zip(*texts, strict=True))

    def _put(self, rows: Iterable[Sequence[str]]) -> None:
        out = StringIO(newline="")
        csv.writer(out, lineterminator="\r\n").writerows(rows)
        self._file.write(out.getvalue().encode())


def write_csv(file: IO[bytes], table: Table, *, mark: bool = False) -> None:
    """A whole table."""
    CsvFile(file, table.columns, mark=mark).write(table.rows)


def _texts(cells: Sequence[Cell], column: Column) -> list[str]:
    """Cells of one column as they are written; what most of them are is told apart without a call."""
    if column.kind in NUMERIC:
        return [
            "" if cell is None else cell if type(cell) is str and PLAIN_NUMBER.fullmatch(cell) else _text(cell)
            for cell in cells
        ]
    return [
        "" if cell is None else cell if type(cell) is str and cell[:1] in HARMLESS else _text(cell) for cell in cells
    ]


def _text(cell: Cell) -> str:
    """Numbers and dates as the API writes them; a text is a text wherever it is opened."""
    if isinstance(cell, Decimal):
        return plain(cell)
    if isinstance(cell, date):
        return cell.isoformat()
    return guarded(cell) if isinstance(cell, str) else str(cell)

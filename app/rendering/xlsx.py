"""Tables as a workbook: numbers are numbers, dates are dates, and a text is never a formula."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import IO, Any

from xlsxwriter import Workbook as XlsxWorkbook

from app.core.money import plain
from app.rendering.cells import value_of
from app.rendering.model import Cell, Column, Table

MOST_ROWS = 1_048_576
"""Of a sheet, the header included; the format has no more."""
MOST_DIGITS = 15
"""That a spreadsheet keeps of a number; one with more is written as text, so that none is lost."""
MOST_CHARACTERS = 32_767
"""Of a cell, in UTF-16; the format has no more."""
CUT = " [... cut: CSV has all of it]"
NARROWEST, WIDEST = 8, 60
NAME_LENGTH = 31

_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    # A sheet that is full has more than 2 GiB before it is packed; smaller files are as they are without it.
    "use_zip64": True,
}
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


class Workbook:
    """Writes sheets one after another into an open file, holding one row at a time; `close` it, whatever happens."""

    def __init__(self, file: IO[bytes]) -> None:
        self._book = XlsxWorkbook(file, _OPTIONS)
        self._names: set[str] = {"history"}  # Excel keeps this one for itself
        self._formats: dict[tuple[str, bool], Any] = {}
        self._sheet: _Sheet | None = None

    def begin(self, name: str, columns: Sequence[Column]) -> None:
        """A new sheet, the last one is complete."""
        if self._sheet is not None:
            self._sheet.end()
        taken = self._unused(name)
        sheet = self._book.add_worksheet(taken)
        self._sheet = _Sheet(name, sheet, columns, self._format)

    def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Rows of the sheet that was begun; where it is full, another one of its name goes on."""
        assert self._sheet is not None  # noqa: S101  # nosec B101  # `begin` comes first
        for row in rows:
            if self._sheet.height == MOST_ROWS:
                self.begin(self._sheet.name, self._sheet.columns)
            self._sheet.add(row)

    def close(self) -> None:
        if self._sheet is not None:
            self._sheet.end()
        self._book.close()

    def _format(self, number_format: str, *, bold: bool = False) -> Any:
        key = (number_format, bold)
        if key not in self._formats:
            style: dict[str, Any] = {"num_format": number_format}
            if bold:
                style |= {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}
            self._formats[key] = self._book.add_format(style)
        return self._formats[key]

    def _unused(self, name: str) -> str:
        """As the format wants names: short, without some characters, and each once whatever its case."""
        clean = _NOT_IN_NAMES.sub(" ", name).strip(" '")[:NAME_LENGTH].rstrip(" '") or "Sheet"
        found, number = clean, 1
        while found.casefold() in self._names:
            number += 1
            found = f"{clean[: NAME_LENGTH - len(str(number)) - 1]} {number}"
        self._names.add(found.casefold())
        return found


class _Sheet:
    def __init__(self, name: str, sheet: Any, columns: Sequence[Column], style: Any) -> None:
        self.name = name
        self.columns = columns
        self.height = 1
        self._sheet = sheet
        self._style = style
        self._widths = [max(NARROWEST, len(column.title) + 3) for column in columns]
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(columns):
            sheet.write_string(0, place, column.title, style("@", bold=True))

    def add(self, row: Sequence[Cell]) -> None:
        for place, (cell, column) in enumerate(zip(row, self.columns, strict=True)):
            if cell is not None:
                width = self._put(place, value_of(cell, column), column)
                self._widths[place] = max(self._widths[place], width)
        self.height += 1

    def _put(self, place: int, value: Cell, column: Column) -> int:
        """Write one cell; how many characters wide it is."""
        if isinstance(value, date):
            self._sheet.write_datetime(self.height, place, value, self._style("yyyy-mm-dd"))
            return 11
        if isinstance(value, (int, Decimal)):
            shown = Decimal(value).scaleb(-2) if column.kind == "percent" else Decimal(value)
            if len(shown.normalize().as_tuple().digits) <= MOST_DIGITS:
                self._sheet.write_number(self.height, place, shown, self._style(_number_format(Decimal(value), column)))
                return len(f"{value:,}") + len(column.currency or "") + 2
        text = _fitting(str(value))
        self._sheet.write_string(self.height, place, text, self._style("@"))
        return min(len(text), WIDEST) + 1

    def end(self) -> None:
        for place, width in enumerate(self._widths):
            self._sheet.set_column(place, place, min(width, WIDEST))
        self._sheet.autofilter(0, 0, self.height - 1, len(self.columns) - 1)


def _fitting(text: str) -> str:
    """A text that is too long for a cell is cut, and says so."""
    if len(text.encode("utf-16-le")) <= 2 * MOST_CHARACTERS:
        return text
    kept = text.encode("utf-16-le")[: 2 * (MOST_CHARACTERS - len(CUT))]
    return kept.decode("utf-16-le", errors="ignore") + CUT


def _number_format(value: Decimal, column: Column) -> str:
    """As many decimals as the amount has, and the currency behind it."""
    places = len(plain(value).partition(".")[2])
    digits = "0" + ("." + "0" * places if places else "")
    if column.kind == "percent":
        return f"{digits}%"
    if column.kind == "money":
        sign = f'" {re.sub("[^A-Z0-9]", "", column.currency)}"' if column.currency else ""
        return f"#,##{digits}{sign}"
    return digits


def write_workbook(file: IO[bytes], tables: Sequence[Table]) -> None:
    """A sheet for each table."""
    book = Workbook(file)
    try:
        for table in tables:
            book.begin(table.title, table.columns)
            book.write(table.rows)
    finally:
        book.close()

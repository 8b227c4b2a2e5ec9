"""Reports on paper: a PDF with headings, tables that go on over pages, and charts. Call it off the event loop."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.core.money import plain
from app.rendering.cells import NUMERIC, value_of
from app.rendering.fonts import path_of, printable
from app.rendering.model import Cell, Column, Table

FAMILY = "dejavu"
MOST_ROWS = 2_000
"""Of a table on paper; behind them stands how many more there are."""
SMALLEST, USUAL = 5.0, 9.0
NARROWEST_TEXT = 24.0
"""Millimetres that a column of text keeps; numbers are never cut."""
MEASURED = 300
MOST_COLUMNS = 14
TOGETHER = 30.0
"""Millimetres below a heading that are wanted on its page."""
PAD = 1.2
INK, FAINT = (31, 41, 55), (229, 231, 235)


class Paper:
    """One document; things stand on it in the order in which they are put there."""

    def __init__(self, title: str, at: datetime, *, subtitle: str = "", wide: bool = False) -> None:
        """`at` is when it was made; `wide` turns the page."""
        self._pdf = _document(title, at, wide=wide)
        self._pdf.add_page()
        self._write(title, 18, bold=True)
        if subtitle:
            self._write(subtitle, 10)

    def heading(self, text: str, picture: bytes | None = None) -> None:
        """Never the last line of a page; on one page with the picture that follows, if one does."""
        room = TOGETHER + (0 if picture is None else self._pdf.epw * _ratio(picture))
        if self._pdf.will_page_break(room):
            self._pdf.add_page()
        self._pdf.ln(4)
        self._pdf.start_section(printable(text))
        self._write(text, 12, bold=True)

    def caption(self, text: str) -> None:
        """Above one of several tables."""
        if self._pdf.will_page_break(20):
            self._pdf.add_page()
        self._write(text, 10, bold=True)

    def paragraph(self, text: str) -> None:
        self._write(text, USUAL)

    def picture(self, png: bytes, words: str) -> None:
        """A chart as wide as the page, and what it says in words for who does not see it."""
        width, height = self._pdf.epw, self._pdf.epw * _ratio(png)
        if self._pdf.will_page_break(height):
            self._pdf.add_page()
        self._pdf.image(png, w=width, h=height, alt_text=words)
        self._pdf.ln(2)

    def table(self, table: Table) -> None:
        """Its header again on each page; where it has no rows, that is said."""
        if not table.rows:
            self.paragraph("Nothing.")
            return
        for part in _beside(table):
            _TableWriter(self._pdf, part).write()
        if len(table.rows) > MOST_ROWS:
            more = len(table.rows) - MOST_ROWS
            self.paragraph(f"{more:,} more rows are in the same report as CSV or XLSX.")

    def close(self) -> bytes:
        return bytes(self._pdf.output())

    def _write(self, text: str, size: float, *, bold: bool = False) -> None:
        self._pdf.set_font(FAMILY, "B" if bold else "", size)
        self._pdf.multi_cell(0, size * 0.55, printable(text), align="L", new_x="LMARGIN", new_y="NEXT")


def _beside(table: Table) -> list[Table]:
    """A table of very many columns as several below one another, each with the first column again."""
    if len(table.columns) <= MOST_COLUMNS:
        return [table]
    step = MOST_COLUMNS - 1
    return [
        replace(
            table,
            columns=[table.columns[0], *table.columns[start : start + step]],
            rows=[[row[0], *row[start : start + step]] for row in table.rows],
        )
        for start in range(1, len(table.columns), step)
    ]


def is_wide(tables: Sequence[Table]) -> bool:
    """Whether any of them wants the long side of the page."""
    return any(len(table.columns) > 6 for table in tables)


def _document(title: str, at: datetime, *, wide: bool) -> Any:
    from fpdf import FPDF  # noqa: PLC0415  # a third of a second, for this alone

    class Document(FPDF):
        def footer(self) -> None:
            self.set_y(-12)
            self.set_font(FAMILY, "", 8)
            self.cell(0, 6, printable(title), align="L")
            self.set_x(self.l_margin)
            self.cell(0, 6, f"Page {self.page_no()} of {{nb}}", align="R")

    found = Document(orientation="L" if wide else "P", format="A4")
    found.add_font(FAMILY, "", path_of())
    found.add_font(FAMILY, "B", path_of(bold=True))
    found.set_title(printable(title))
    found.set_lang("en")
    found.set_creator("Finance Tracker")
    found.set_creation_date(at)
    found.set_auto_page_break(auto=True, margin=16)
    found.c_margin = 0  # cells are padded where they are put
    found.set_text_color(*INK)
    found.set_draw_color(*FAINT)
    found.set_fill_color(*FAINT)
    return found


def _ratio(png: bytes) -> float:
    """Height by width, from the picture's first chunk."""
    width, height = int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
    return height / width


def shown(cell: Cell, column: Column) -> str:
    """As people read it: thousands apart, the currency in the heading and not in each cell."""
    value = value_of(cell, column)
    if value is None:
        return ""
    if isinstance(value, Decimal):
        grouped = f"{value:,f}" if column.kind == "money" else plain(value)
        return f"{grouped}%" if column.kind == "percent" else grouped
    return value.isoformat() if isinstance(value, date) else printable(str(value))


class _TableWriter:
    """Lays out one table: columns as wide as they need, texts on more lines where there is no room."""

    def __init__(self, pdf: Any, table: Table) -> None:
        self._pdf = pdf
        self._columns = table.columns
        self._rows = [
            [shown(cell, column) for cell, column in zip(row, table.columns, strict=True)]
            for row in table.rows[:MOST_ROWS]
        ]
        self._titles = [
            printable(f"{column.title} ({column.currency})" if column.currency else column.title)
            for column in table.columns
        ]
        self._size, self._widths = self._layout()
        self._line = self._size * 0.45

    def write(self) -> None:
        self._put(self._titles, bold=True)
        for row in self._rows:
            lines = self._wrapped(row)
            if self._pdf.will_page_break(max(map(len, lines)) * self._line + PAD):
                self._pdf.add_page()
                self._put(self._titles, bold=True)
            self._put(row)
        self._pdf.ln(2)

    def _layout(self) -> tuple[float, list[float]]:
        """The size of the font and the widths: text gives way first, then the font."""
        size = USUAL
        while True:
            self._pdf.set_font(FAMILY, "B", size)
            natural = [self._natural(place) for place in range(len(self._columns))]
            if sum(natural) <= self._pdf.epw:
                return size, natural
            fixed = sum(w for w, c in zip(natural, self._columns, strict=True) if c.kind in NUMERIC or c.kind == "date")
            texts = [w for w, c in zip(natural, self._columns, strict=True) if c.kind == "text"]
            room = self._pdf.epw - fixed
            if texts and room >= sum(min(width, NARROWEST_TEXT) for width in texts):
                most = _ceiling(texts, room)
                return size, [
                    min(width, most) if column.kind == "text" else width
                    for width, column in zip(natural, self._columns, strict=True)
                ]
            if size <= SMALLEST:
                return size, [width * self._pdf.epw / sum(natural) for width in natural]
            size -= 0.5

    def _natural(self, place: int) -> float:
        """Of the longest of its texts; a title may break between words."""
        texts = [*self._titles[place].split(), *(row[place] for row in self._rows[:MEASURED])]
        # Numbers further down may be longer than those measured: digits are equally wide.
        texts.append("0" * max(len(row[place]) for row in self._rows) if self._columns[place].kind in NUMERIC else "")
        return float(max(map(self._pdf.get_string_width, texts))) + 2 * PAD + 0.5

    def _wrapped(self, row: Sequence[str]) -> list[list[str]]:
        return [
            _lines(text, width - 2 * PAD, self._pdf.get_string_width)
            for text, width in zip(row, self._widths, strict=True)
        ]

    def _put(self, row: Sequence[str], *, bold: bool = False) -> None:
        self._pdf.set_font(FAMILY, "B" if bold else "", self._size)
        cells = self._wrapped(row)
        height = max(map(len, cells)) * self._line + PAD
        left, top = self._pdf.l_margin, self._pdf.get_y()
        if bold:
            self._pdf.rect(left, top, sum(self._widths), height, style="F")
        for column, width, lines in zip(self._columns, self._widths, cells, strict=True):
            for place, line in enumerate(lines):
                self._pdf.set_xy(left + PAD, top + PAD / 2 + place * self._line)
                align = "R" if column.kind in NUMERIC else "L"
                self._pdf.cell(width - 2 * PAD, self._line, line, align=align)
            left += width
        self._pdf.line(self._pdf.l_margin, top + height, left, top + height)
        self._pdf.set_xy(self._pdf.l_margin, top + height)


def _ceiling(widths: Sequence[float], room: float) -> float:
    """How wide any of them may be so that all have room: narrow ones keep what they need."""
    left = sorted(widths)
    while len(left) > 1 and left[0] <= room / len(left):
        room -= left.pop(0)
    return room / len(left)


def _lines(text: str, width: float, measure: Any) -> list[str]:
    """The text in lines that fit; a word that is longer than a line is broken."""
    if measure(text) <= width:
        return [text]
    lines = [""]
    for word in text.split():
        joined = f"{lines[-1]} {word}".strip()
        if measure(joined) <= width:
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append("")
        for character in word:
            if lines[-1] and measure(lines[-1] + character) > width:
                lines.append("")
            lines[-1] += character
    return lines

"""Tables as CSV and as workbooks, read again by other hands."""

import csv
import io
import tracemalloc
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from tempfile import TemporaryFile
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from app.rendering import xlsx
from app.rendering.cells import guarded, unguarded
from app.rendering.csv_files import CsvFile, write_csv
from app.rendering.model import Cell, Column, Table
from app.rendering.xlsx import Workbook, write_workbook

COLUMNS = (
    Column("name", "Name"),
    Column("day", "Day", "date"),
    Column("amount", "Amount", "money", "EUR"),
    Column("share", "Share", "percent"),
    Column("count", "Count", "number"),
)
ROWS: list[tuple[Cell, ...]] = [
    ('Café, "Paris"\nline two', date(2026, 1, 31), Decimal("-1234.50"), Decimal("12.50"), 3),
    ('=HYPERLINK("http://x")', None, Decimal("0.00"), Decimal("-0.07"), None),
]
TABLE = Table("parts", "All: the parts/of [it]", COLUMNS, ROWS)

FORMULAS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "\u200b=1",
    "\uff1d1", "\uff0b1", "\uff0d1", "\uff20x",
    "\u22121", "\ufe661", "'=1", "''@x", "\ttext", "=cmd|' /C calc'!A0", "-",
]  # fmt: skip
HARMLESS = ["", "a=1", "Kim's", "'quoted'", "1-2", "e@mail", "(=1)", "Ω", "'"]


def written(table: Table, **options: Any) -> bytes:
    out = BytesIO()
    write_csv(out, table, **options)
    return out.getvalue()


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_is_a_formula(text: str) -> None:
    table = Table("t", "T", [Column("note", "Note")], [[text]])
    (_, (cell,)) = csv.reader(io.StringIO(written(table).decode(), newline=""))
    assert cell == f"'{text}"
    assert unguarded(cell) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert guarded(text) == text == unguarded(text)


@given(st.text(alphabet=st.sampled_from("'=+-@\t\r\n ax\uff1d\u200b"), max_size=6) | st.text(max_size=20))
def test_what_was_guarded_comes_back(text: str) -> None:
    assert unguarded(guarded(text)) == text


def test_csv_is_rfc_4180() -> None:
    content = written(TABLE)
    assert content == (
        b"name,day,amount,share,count\r\n"
        b'"Caf\xc3\xa9, ""Paris""\nline two",2026-01-31,-1234.50,12.50,3\r\n'
        b'"\'=HYPERLINK(""http://x"")",,0.00,-0.07,\r\n'
    )
    assert written(TABLE, mark=True) == b"\xef\xbb\xbf" + content


def test_numbers_written_out_are_numbers() -> None:
    table = Table("t", "T", [Column("a", "A", "money")], [["-12.50"], ["-x"]])
    assert written(table) == b"a\r\n-12.50\r\n'-x\r\n"


def test_a_workbook_has_types_and_no_formulas() -> None:
    out = BytesIO()
    write_workbook(out, [TABLE, TABLE, Table("h", "History", COLUMNS, []), Table("e", "[]", COLUMNS[:1], [])])
    book = load_workbook(BytesIO(out.getvalue()))
    assert book.sheetnames == ["All  the parts of  it", "All  the parts of  it 2", "History 2", "Sheet"]
    sheet = book.worksheets[0]
    assert [cell.value for cell in sheet[1]] == ["Name", "Day", "Amount", "Share", "Count"]
    first, second = sheet[2], sheet[3]
    assert [cell.value for cell in first] == [ROWS[0][0], datetime(2026, 1, 31), -1234.5, 0.125, 3]  # noqa: DTZ001
    assert [cell.number_format for cell in first][1:] == ["yyyy-mm-dd", '#,##0.00" EUR"', "0.00%", "0"]
    assert (second[0].value, second[0].data_type, second[1].value) == (ROWS[1][0], "s", None)
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:E3"
    assert sheet.column_dimensions["A"].width > 20
    with ZipFile(BytesIO(out.getvalue())) as archive:
        for name in archive.namelist():
            assert b"<f>" not in archive.read(name)
            assert b"<hyperlink" not in archive.read(name)


@pytest.mark.parametrize(
    ("amount", "currency", "value", "style"),
    [
        ("123456789012345", "JPY", 123456789012345, '#,##0" JPY"'),
        ("0.00000001", "BTC", 1e-8, '#,##0.00000000" BTC"'),
        ("1234567890.12345678", "BTC", "1234567890.12345678", "@"),
        ("-5", None, -5, "#,##0"),
    ],
)
def test_no_digit_of_an_amount_is_lost(amount: str, currency: str | None, value: object, style: str) -> None:
    out = BytesIO()
    write_workbook(out, [Table("t", "T", [Column("a", "A", "money", currency)], [[Decimal(amount)]])])
    cell = load_workbook(out).worksheets[0]["A2"]
    assert (cell.value, cell.number_format) == (value, style)


@pytest.mark.parametrize("character", ["x", "𝄞"])
def test_a_text_longer_than_a_cell_is_cut_and_says_so(character: str) -> None:
    units = len(character.encode("utf-16-le")) // 2
    whole, longer = character * (32_767 // units), character * (32_767 // units + 1)
    out = BytesIO()
    write_workbook(out, [Table("t", "T", [Column("a", "A")], [[whole], [longer]])])
    kept, cut = (row[0].value for row in load_workbook(out).worksheets[0].iter_rows(min_row=2))
    assert kept == whole
    assert cut.endswith("[... cut: CSV has all of it]")
    assert cut.startswith(character * 10_000)
    assert 32_760 < len(cut.encode("utf-16-le")) // 2 <= 32_767


def test_a_full_sheet_goes_on_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MOST_ROWS", 3)
    out = BytesIO()
    write_workbook(out, [Table("n", "N", [Column("n", "N", "number")], [[n] for n in range(5)])])
    sheets = load_workbook(out).worksheets
    assert [(sheet.title, [row[0].value for row in sheet.rows]) for sheet in sheets] == [
        ("N", ["N", 0, 1]), ("N 2", ["N", 2, 3]), ("N 3", ["N", 4]),
    ]  # fmt: skip


def test_an_empty_workbook_is_one() -> None:
    out = BytesIO()
    Workbook(out).close()
    assert len(load_workbook(out).worksheets) == 1


def many(count: int) -> Iterator[tuple[Cell, ...]]:
    return ((f"Shop {n}", date(2026, 1, 1), Decimal(n) / 100, Decimal("0.50"), n) for n in range(count))


@pytest.mark.no_cover
def test_rows_are_not_kept() -> None:
    """A hundred thousand rows in the memory of a thousand."""
    with TemporaryFile() as file, TemporaryFile() as other:
        book = Workbook(file)
        book.begin("Many", COLUMNS)
        table = CsvFile(other, COLUMNS)
        tracemalloc.start()
        for _ in range(100):
            table.write(many(1_000))
        book.write(many(3_000))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        book.close()
        assert other.tell() > 3_000_000
    assert peak < 3_000_000

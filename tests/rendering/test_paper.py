"""Reports on paper, read again by another library."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO

import pytest
from pypdf import PdfReader

from app.rendering import charts, paper
from app.rendering.model import Cell, Column, Table
from app.rendering.paper import Paper
from app.rendering.words import in_words
from tests.rendering.samples import DONUT

AT = datetime(2026, 2, 1, tzinfo=UTC)
COLUMNS = (
    Column("name", "Name"),
    Column("day", "Day", "date"),
    Column("amount", "Amount", "money", "EUR"),
    Column("share", "Share", "percent"),
)


def rows(count: int) -> list[tuple[Cell, ...]]:
    return [(f"Row {n}", date(2026, 1, 1), Decimal(-1234567 * n).scaleb(-2), Decimal("12.50")) for n in range(count)]


def pages_of(content: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(content)).pages]


def test_a_table_goes_on_over_pages() -> None:
    made = Paper("A report: Größe", AT, subtitle="January")
    made.heading("Part")
    made.table(Table("t", "T", COLUMNS, rows(120)))
    content = made.close()
    pages = pages_of(content)
    assert len(pages) == 3
    assert "A report: Größe" in pages[0]
    assert "January" in pages[0]
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of 3" in page
        assert "Amount (EUR)" in page
        assert "12.50%" in page
    assert "-1,234,567.00" in "".join(pages)
    found = PdfReader(BytesIO(content))
    assert found.metadata is not None
    assert found.metadata.title == "A report: Größe"
    assert [str(entry["/Title"]) for entry in found.outline] == ["Part"]  # type: ignore[call-overload]


def test_numbers_are_never_cut_and_texts_go_on_below() -> None:
    text = "many words that will not fit in one line of a column " * 6 + "x" * 200
    columns = [Column("a", "A"), *(Column(f"n{n}", f"Number {n}", "money", "EUR") for n in range(5))]
    table = Table("t", "T", columns, [[text, *[Decimal("-999999999999999.99")] * 5], ["", *[None] * 5]])
    made = Paper("T", AT)
    made.table(table)
    page = "".join(pages_of(made.close()))
    assert page.count("-999,999,999,999,999.99") == 5
    assert page.replace("\n", "").count("x") >= 200


def test_very_wide_tables_are_put_below_one_another() -> None:
    columns = [Column("a", "Account"), *(Column(f"m{n}", f"2026-{n:02}", "money", "EUR") for n in range(1, 31))]
    table = Table("t", "T", columns, [["Checking", *(Decimal(n) for n in range(1, 31))]])
    assert paper.is_wide([table])
    made = Paper("T", AT, wide=True)
    made.table(table)
    page = "".join(pages_of(made.close()))
    assert page.count("Checking") == 3
    assert "2026-30" in page.replace("\n", "")


def test_numbers_alone_shrink_until_they_fit() -> None:
    columns = [Column(f"n{n}", f"N{n}", "money") for n in range(10)]
    made = Paper("T", AT)
    made.table(Table("t", "T", columns, [[Decimal("123456789012345.67")] * 10]))
    assert made.close()


def test_what_is_left_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper, "MOST_ROWS", 5)
    made = Paper("T", AT)
    made.table(Table("t", "T", COLUMNS, rows(1234)))
    made.table(Table("e", "E", COLUMNS, []))
    made.caption("Caption")
    text = "".join(pages_of(made.close()))
    assert "1,229 more rows" in text
    assert "Nothing." in text
    assert "Row 5" not in text


def test_charts_are_pictures_with_words() -> None:
    made = Paper("T", AT)
    for _ in range(4):
        made.heading("Chart")
        made.picture(charts.drawn(DONUT, "png"), in_words(DONUT))
    content = made.close()
    found = PdfReader(BytesIO(content))
    assert sum(len(page.images) for page in found.pages) >= 2
    assert len(found.pages) >= 2
    assert b"Expenses, in EUR" in content or "Expenses, in EUR".encode("utf-16-be") in content

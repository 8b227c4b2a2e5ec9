from datetime import date

import pytest

from app.core.written_dates import DateOrder, date_like, parse_date
from app.imports.csv import CsvQuestion
from app.imports.csv.dates import decide_order
from tests.unit.csv_files import read

FOURTH = date(2025, 12, 4)


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("2025-12-04", None),
        ("2025-12-04", "DMY"),
        ("2025.12.04", None),
        ("2025. 12. 04.", None),
        ("2025/12/4", None),
        ("20251204", None),
        ("20251204235959", None),
        ("2025-12-04T23:59:59Z", None),
        ("2025-12-04T23:59:59.123+02:00", None),
        ("2025-12-04 23:59", None),
        ("2025-12-04 11:59 PM", None),
        ("2025-12-04 11:59:00 p.m. EST", None),
        ("04.12.2025", "DMY"),
        ("4. 12. 2025", "DMY"),
        ("4/12/25", "DMY"),
        ("04-12-2025, 00:30", "DMY"),
        ("04122025", "DMY"),
        ("12042025", "MDY"),
        ("12/04/2025 - 00:30", "MDY"),
        ("25-12-04", "YMD"),
        ("04 Dec 2025", None),
        ("4-Dec-25", None),
        ("04DEC2025", None),
        ("4th December 2025", None),
        ("Thu, 04 Dec 2025", None),
        ("Dec 4, 2025", None),
        ("Thursday, December 4, 2025", None),
        ("2025-Dec-04", None),
        ("4. Dezember 2025", None),
        ("4 décembre 2025", None),
        ("jeudi 4 déc. 2025", None),
        ("4 de diciembre de 2025", None),
        ("04/dic/2025", None),
        ("  04 Dec 2025 23:59 ", None),
    ],
)
def test_reads_a_date_when_it_is_written_as_banks_do(text: str, order: DateOrder | None) -> None:
    assert parse_date(text, order) == FOURTH


@pytest.mark.parametrize(
    ("text", "order", "found"),
    [
        ("01/02/69", "DMY", date(2069, 2, 1)),
        ("01/02/70", "DMY", date(1970, 2, 1)),
        ("01/02/00", "DMY", date(2000, 2, 1)),
        ("29/02/2024", "DMY", date(2024, 2, 29)),
        ("1 März 2024", None, date(2024, 3, 1)),
        ("1 août 2024", None, date(2024, 8, 1)),
    ],
)
def test_reads_the_year_and_month_meant_when_they_are_short_or_accented(
    text: str, order: DateOrder | None, found: date
) -> None:
    assert parse_date(text, order) == found


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "31/02/2025", "2025-02-30", "29.02.2023", "12/31/2025", "01/01/1899", "01/01/2101", "1899-01-01",
        "5/3/1", "25-12-04-01", "12.50", "99999999", "31 Feb 2025", "04 Foo 2025", "Order 04 Dec 2025", "Foo 4, 2025",
        "01/02/123", "123/01/02", "2025-01-2026", "2025-01-01" + " " * 80 + "junk", "2025-01-01 and much else " * 4,
    ],
)  # fmt: skip
def test_refuses_a_date_when_there_is_no_such_day(text: str) -> None:
    assert parse_date(text, "DMY") is None


def test_knows_a_date_by_its_form_when_no_such_day_exists() -> None:
    assert date_like("31/02/2025")
    assert date_like("2025-02-30")
    assert not date_like("2025")


def _lines(*dates: str) -> list[str]:
    return ["Date;Amount", *(f"{text};1.50" for text in dates)]


@pytest.mark.parametrize(
    ("dates", "order"),
    [
        (["2/8/15", "2/24/15"], "MDY"),
        (["02/08/2015", "24/02/2015"], "DMY"),
        (["2025-01-02"], "YMD"),
        (["99-12-31"], "YMD"),
        (["05.03.2021", "31.02.2021", "13.03.2021"], "DMY"),
    ],
)
def test_finds_the_date_order_when_one_date_decides(dates: list[str], order: str) -> None:
    reading = read(*_lines(*dates))

    assert reading.mapping.date_order == order
    assert reading.confidence["date_order"] == "certain"


@pytest.mark.parametrize(
    "dates", [["05/05/2021"], ["10.10.2017", "11.11.17"], ["04 Dec 2025"], ["05/05/21"], ["20/11/20"]]
)
def test_leaves_the_date_order_open_when_all_orders_read_the_same(dates: list[str]) -> None:
    reading = read(*_lines(*dates))

    assert reading.mapping.date_order is None
    assert "date_order" not in reading.confidence
    assert len(reading.rows) == len(dates)


def test_asks_for_the_date_order_when_no_date_decides() -> None:
    with pytest.raises(CsvQuestion) as caught:
        read(*_lines("05/05/2021", "05/03/2021"))

    (question,) = caught.value.questions
    assert question.field == "date_order"
    assert question.code == "ambiguous_date_order"
    assert question.options == ["DMY", "MDY"]
    assert "05/03/2021 may be 05 March 2021 (DMY) or 03 May 2021 (MDY)" in question.detail


def test_asks_for_the_date_order_when_the_year_may_come_first_or_last() -> None:
    with pytest.raises(CsvQuestion) as caught:
        read(*_lines("25-12-15"))

    assert caught.value.questions[0].options == ["DMY", "YMD"]


def test_takes_the_order_with_few_years_when_the_other_would_span_many() -> None:
    reading = read(*_lines(*(f"{day}.12.15" for day in range(10, 30))))

    assert reading.mapping.date_order == "DMY"
    assert reading.confidence["date_order"] == "likely"


def test_asks_with_every_order_when_no_order_fits_all_dates() -> None:
    with pytest.raises(CsvQuestion) as caught:
        read(*_lines("12/24/2025", "24/12/2025"))

    (question,) = caught.value.questions
    assert question.code == "conflicting_date_orders"
    assert question.options == ["DMY", "MDY"]


def test_takes_the_date_order_of_another_date_column_when_its_own_dates_leave_it_open() -> None:
    reading = read("Transaction Date;Posted Date;Amount", "05/03/2021;05/13/2021;1.50")

    assert reading.rows[0].date == date(2021, 5, 3)
    assert reading.confidence["date_order"] == "likely"


def test_reports_the_row_when_a_date_does_not_fit_the_order_given() -> None:
    reading = read(*_lines("2/24/15", "2/3/15"), date_order="DMY")

    assert [row.date for row in reading.rows] == [date(2015, 3, 2)]
    (error,) = reading.errors
    assert error == (2, "Date", "'2/24/15' is not a date in the order DMY.")


def test_decides_the_date_order_when_only_the_last_of_many_rows_is_decisive() -> None:
    reading = read(*_lines(*["05/03/2021"] * 3000, "13/03/2021"))

    assert reading.mapping.date_order == "DMY"


@pytest.mark.parametrize("written", ["03-02-2026", "03.02.2026", "03/02/2026", "3. 2. 2026", "03022026"])
def test_asks_about_a_date_as_the_file_writes_it(written: str) -> None:
    question = decide_order([written], ()).question

    assert question is not None
    assert f" {written} may be 03 February 2026 (DMY) or 02 March 2026 (MDY)." in question.detail

import pytest

from app.imports.csv import CsvReading, read_csv
from tests.unit.csv_files import amounts, codes, csv_bytes, read

HEADER = "Date;Payee;Description;Amount"
GOOD = "2025-12-04;Shop;Thing;1.50"


def _reasons(reading: CsvReading) -> list[tuple[int, str]]:
    return [(entry.line, entry.reason) for entry in reading.ignored]


def test_returns_every_field_when_the_file_has_them_all() -> None:
    reading = read(
        "Date;Payee;Description;Notes;Transaction ID;Category;Account;Currency;Amount",
        "2025-12-04; A\u00a0 B ; c  d ; n ;T77;Food;Giro;EUR;-1.50",
    )

    row = reading.rows[0]
    assert row._asdict() == {
        "line": 2, "date": row.date, "amount": row.amount, "currency": "EUR", "payee": "A B", "description": "c  d",
        "notes": "n", "external_id": "T77", "category": "Food", "account": "Giro", "sign": None,
    }  # fmt: skip
    assert reading.header[0] == "Date"
    assert (reading.errors, reading.ignored, reading.warnings) == ([], [], [])


def test_skips_what_is_no_booking_when_lines_surround_the_table() -> None:
    reading = read(
        "Account;DE00 1234",
        "Balance;1,234.00",
        "",
        HEADER,
        GOOD,
        ";;;",
        HEADER,
        GOOD,
        "Total;;;3.00",
        "Created by bank",
    )

    assert amounts(reading) == ["1.50", "1.50"]
    assert _reasons(reading) == [
        (1, "above the header"),
        (2, "above the header"),
        (3, "blank"),
        (6, "blank"),
        (7, "the header again"),
        (9, "a total or a note below the bookings"),
        (10, "a total or a note below the bookings"),
    ]
    assert reading.errors == []


@pytest.mark.parametrize(
    "line",
    [";;Summe;9.00", "Endsaldo;;;", ";;;9.00", "2025-12-31;;Saldo;", "Generated 2025;;;", "2025;;;", "Total"],
)
def test_ignores_the_last_line_when_it_is_a_total_or_a_note(line: str) -> None:
    reading = read(HEADER, GOOD, line)

    assert reading.errors == []
    assert _reasons(reading) == [(3, "a total or a note below the bookings")]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("31/02/2025;Shop;Thing;9.00", "Date"),
        (";Shop;Thing;9.00", "Date"),
        ("pending;Shop;Thing;9.00", "Date"),
        ("2025-12-05;Shop;Thing;", "Amount"),
        ("2025-12-05;Shop;Thing;x", "Amount"),
        ("2025-12-05;Shop", "Amount"),
    ],
)
def test_reports_the_last_line_when_it_may_be_a_booking(line: str, column: str) -> None:
    reading = read(HEADER, GOOD, line)

    assert [(error.line, error.column) for error in reading.errors] == [(3, column)]
    assert len(reading.rows) == 1


def test_reports_a_bad_line_when_bookings_follow_it() -> None:
    reading = read(HEADER, "Total;;;9.00", GOOD, "31/02/2025;Shop;Thing;2.50", GOOD, "x;;;y", "2025-12-05;Shop;Thing;")

    assert [error.line for error in reading.errors] == [2, 4, 6, 7]
    assert amounts(reading) == ["1.50", "1.50"]


def test_reports_a_row_when_an_unquoted_delimiter_has_moved_its_cells() -> None:
    reading = read(HEADER, GOOD, "2025-12-05;Shop;semi;colon;2.50", GOOD + ";;", GOOD)

    assert reading.errors == [(3, None, "The line has 5 cells where the others have 4.")]
    assert len(reading.rows) == 3


def test_reads_rows_when_all_have_a_cell_more_than_the_header() -> None:
    reading = read(HEADER, GOOD + ";x", GOOD + ";y", "2025-12-05;Shop;Thing;2.50")

    assert amounts(reading) == ["1.50", "1.50", "2.50"]


def test_quotes_a_bad_value_shortened_when_it_is_long() -> None:
    reading = read(HEADER, GOOD, f"{'x' * 200};Shop;Thing;2.50", GOOD)

    assert reading.errors[0].reason == f"'{'x' * 79}…' is not a date in the order YMD."


def test_reports_the_column_number_when_there_is_no_header() -> None:
    reading = read("2025-12-04;Shop;1.50", "2025-12-05;Shop;x", *["2025-12-06;Shop;2.50"] * 4)

    assert [(error.line, error.column) for error in reading.errors] == [(2, "3")]


def test_tells_a_wrong_separator_from_a_wrong_number_when_an_amount_is_refused() -> None:
    reading = read(HEADER, "2025-12-05;Shop;Thing;2,50", GOOD, decimal_separator=".")

    assert reading.errors == [(2, "Amount", "'2,50' is not an amount whose decimal separator is '.'.")]


def test_returns_no_rows_when_the_file_has_only_a_header() -> None:
    reading = read(HEADER)

    assert reading.rows == []
    assert codes(reading) == ["no_rows"]
    assert (reading.mapping.date_column, reading.mapping.amount_column) == ("Date", "Amount")


def test_warns_of_no_direction_when_all_amounts_are_positive() -> None:
    reading = read(HEADER, GOOD, "2025-12-05;Shop;Thing;0.00")

    assert amounts(reading) == ["1.50", "0.00"]
    assert codes(reading) == ["all_amounts_positive"]
    assert "amount_sign" in reading.warnings[0].detail
    assert reading.confidence["amount_sign"] == "guess"


def test_flips_every_amount_when_the_mapping_inverts_them() -> None:
    reading = read(HEADER, GOOD, "2025-12-05;Shop;Thing;-2.50", "2025-12-05;Shop;Thing;0.00", amount_sign="inverted")

    assert amounts(reading) == ["-1.50", "2.50", "0.00"]
    assert codes(reading) == []
    assert reading.confidence["amount_sign"] == "certain"


def test_warns_with_counts_when_the_file_holds_several_accounts() -> None:
    two = read("Date;Account;Amount", "2025-12-04;Giro;-1.50", "2025-12-04;Giro;-1.50", "2025-12-04;Cash;1.50")
    many = read("Date;Account;Amount", *(f"2025-12-04;Nr {number};-1.50" for number in range(12)))

    assert two.warnings == [("several_accounts", "The file holds the bookings of 2 accounts: 'Giro' (2), 'Cash' (1).")]
    assert many.warnings[0].detail.endswith("'Nr 9' (1) and 2 more.")


def test_takes_the_line_of_names_for_the_header_when_its_words_are_unknown() -> None:
    reading = read("Zork;Quux;Blah", "2025-12-04;Shop;1.50")

    assert reading.header == ["Zork", "Quux", "Blah"]
    assert reading.mapping.amount_column == "Blah"
    assert reading.confidence["header_line"] == "likely"


@pytest.mark.parametrize("above", ["note", "2024;1.50;x", "a;;;;;;;;"])
def test_takes_the_line_above_for_a_note_when_it_names_no_columns(above: str) -> None:
    reading = read(above, "2025-12-04;Shop;1.50;;;;", "2025-12-05;Shop;1.50;;;;")

    assert reading.header == []
    assert reading.ignored == [(1, "above the header")]


def test_finds_the_header_when_a_line_above_looks_like_a_booking() -> None:
    reading = read("01.12.2025;1.234,00", "Datum;Empfänger;Betrag", "24.12.2025;Laden;-1,50")

    assert reading.mapping.header_line == 2
    assert amounts(reading) == ["-1.50"]


def test_finds_the_header_that_says_most_when_a_line_above_has_some_of_its_words() -> None:
    reading = read("Date;Account", "Date;Payee;Amount", "2025-12-24;Shop;-1.50")

    assert reading.mapping.header_line == 2


def test_refers_to_columns_by_number_when_their_names_cannot_tell_them_apart() -> None:
    long_name = "Payee " + "x" * 300
    data = csv_bytes(f"Date;Date;;{long_name};Amount", "2025-12-24;2025-12-25;a;b;-1.50")

    reading = read_csv(data)

    assert reading.mapping.date_column == 1
    assert read_csv(data, reading.mapping) == read_csv(data, read_csv(data, reading.mapping).mapping)

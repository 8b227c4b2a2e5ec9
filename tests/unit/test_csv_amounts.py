from decimal import Decimal

import pytest

from app.imports.csv import CsvQuestion
from app.imports.csv.amounts import parse_amount
from app.imports.csv.mapping import DecimalSeparator
from tests.unit.csv_files import amounts, read


@pytest.mark.parametrize(
    ("text", "separator", "value"),
    [
        ("12.50", ".", "12.50"),
        ("12,50", ",", "12.50"),
        ("-12.50", ".", "-12.50"),
        ("+12.50", ".", "12.50"),
        ("12.50-", ".", "-12.50"),
        ("(12.50)", ".", "-12.50"),
        ("(-12.50)", ".", "-12.50"),
        ("\u221212,50", ",", "-12.50"),
        ("1,234,567.89", ".", "1234567.89"),
        ("1.234.567,89", ",", "1234567.89"),
        ("1 234,5", ",", "1234.5"),
        ("1\u00a0234,50", ",", "1234.50"),
        ("1\u202f234,50", ",", "1234.50"),
        ("1'234.50", ".", "1234.50"),
        ("1\u2019234.50", ".", "1234.50"),
        ("12,34,567.00", ".", "1234567.00"),
        (".5", ".", "0.5"),
        ("€ 12.50", ".", "12.50"),
        ("-$1,000.00", ".", "-1000.00"),
        ("$-1,000.00", ".", "-1000.00"),
        ("12,50 EUR", ",", "12.50"),
        ("12,50- EUR", ",", "-12.50"),
        ("CHF 1'000.00", ".", "1000.00"),
        ("12.50 DR", ".", "-12.50"),
        ("12.50CR", ".", "12.50"),
        ("100,00 S", ",", "-100.00"),
        ("100,00 H", ",", "100.00"),
        ("-12.50 D", ".", "-12.50"),
        ("-0.00", ".", "0.00"),
        ("0.00-", ".", "0.00"),
        ("007.50", ".", "7.50"),
        ("1234", None, "1234"),
        ("12345678901234567890.123456789012345678", ".", "12345678901234567890.123456789012345678"),
        ("-12345678901234567890.123456789012345678", ".", "-12345678901234567890.123456789012345678"),
    ],
)
def test_reads_an_amount_when_it_is_written_as_banks_do(
    text: str, separator: DecimalSeparator | None, value: str
) -> None:
    amount = parse_amount(text, separator)

    assert amount is not None
    assert str(amount.value) == value


@pytest.mark.parametrize(
    "text",
    [
        "", "abc", "1,2345.00", "1.2.3", "12.50.00", "--5", "-5-", "+(5)", "(5", "5)", "1e5", "12 pcs", "NaN", "12.",
        "€5 USD", "-5.00 CR", "1'234 567.00", "123456789012345678901", "0.1234567890123456789", "5" + " " * 200 + "6 x",
        "1" * 101, "0,125",
    ],
)  # fmt: skip
def test_refuses_an_amount_when_it_is_not_one_number(text: str) -> None:
    assert parse_amount(text, ".") is None


def test_names_the_currency_when_the_cell_has_a_code_or_a_sign_of_one_currency() -> None:
    named = {text: parse_amount(text, ".") for text in ("5 €", "usd 5", "$5", "$5 CAD", "5 zł", "5 kr")}

    assert {text: amount and amount.currency for text, amount in named.items()} == {
        "5 €": "EUR", "usd 5": "USD", "$5": None, "$5 CAD": "CAD", "5 zł": "PLN", "5 kr": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "separator", "read_as"),
    [
        (["1.234", "5.50"], ".", ["1.234", "5.50"]),
        (["1.234", "5,50"], ",", ["1234", "5.50"]),
        (["1,234", "1,234,567"], ".", ["1234", "1234567"]),
        (["1 234.567"], ".", ["1234.567"]),
        (["0.125"], ".", ["0.125"]),
        (["0,125", "1,500"], ",", ["0.125", "1.500"]),
        (["1234.567"], ".", ["1234.567"]),
        (["100", "250"], None, ["100", "250"]),
        (["1.234,56", "x", "1.2.3", "4,5,6"], ",", ["1234.56"]),
    ],
)
def test_finds_the_decimal_separator_when_one_amount_demands_it(
    cells: list[str], separator: str | None, read_as: list[str]
) -> None:
    reading = read("Date;Amount;Payee", *(f"2025-01-02;{cell};Shop" for cell in cells))

    assert reading.mapping.decimal_separator == separator
    assert reading.confidence.get("decimal_separator") == ("certain" if separator else None)
    assert amounts(reading) == read_as


def test_takes_the_decimal_separator_of_another_column_when_the_amounts_leave_it_open() -> None:
    reading = read("Date;Amount;Balance;Payee", "2025-01-02;-1.234;5.000,00;Shop")

    assert amounts(reading) == ["-1234"]
    assert reading.confidence["decimal_separator"] == "likely"


@pytest.mark.parametrize("cells", [["1.234"], ["1,234", "-5,678"], ["12.50", "12,50"]])
def test_asks_for_the_decimal_separator_when_the_file_leaves_it_open(cells: list[str]) -> None:
    with pytest.raises(CsvQuestion) as caught:
        read("Date;Amount;Payee", *(f"2025-01-02;{cell};Shop" for cell in cells))

    (question,) = caught.value.questions
    assert question.field == "decimal_separator"
    assert question.code == "ambiguous_decimal_separator"
    assert question.options == [".", ","]
    assert cells[0] in question.detail
    assert cells[0] in str(caught.value)


def test_asks_everything_at_once_when_dates_and_amounts_are_open() -> None:
    with pytest.raises(CsvQuestion) as caught:
        read("Date;Amount", "05/03/2021;1.234")

    assert [question.field for question in caught.value.questions] == ["date_order", "decimal_separator"]


@pytest.mark.parametrize(("separator", "value"), [(".", "1.234"), (",", "1234")])
def test_follows_the_mapping_when_it_gives_the_decimal_separator(separator: str, value: str) -> None:
    reading = read("Date;Amount", "2025-01-02;1.234", decimal_separator=separator)

    assert amounts(reading) == [value]
    assert reading.confidence["decimal_separator"] == "certain"


def test_keeps_decimals_exactly_when_an_amount_is_longer_than_the_decimal_context() -> None:
    reading = read("Date;Amount", "2025-01-02;12345678901234567890.123456789012345678", amount_sign="inverted")

    assert reading.rows[0].amount == Decimal("-12345678901234567890.123456789012345678")

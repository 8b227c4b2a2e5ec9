import pytest
from pydantic import ValidationError

from app.imports.csv import CsvMapping, CsvUnreadable
from tests.unit.csv_files import amounts, read


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("UTF8", "utf-8"), ("utf-8-sig", "utf-8"), ("latin1", "iso8859-1"), ("cp1252", "windows-1252"),
        ("utf_16_le", "utf-16-le"), ("windows-1250", "windows-1250"),
    ],
)  # fmt: skip
def test_accepts_an_encoding_when_python_knows_it_by_that_name(name: str, canonical: str) -> None:
    assert CsvMapping(encoding=name).encoding == canonical


@pytest.mark.parametrize(
    "fields",
    [
        {"encoding": "klingon"}, {"encoding": "base64"}, {"encoding": "idna"}, {"encoding": "unicode_escape"},
        {"encoding": "undefined"}, {"encoding": "a\x00b"}, {"encoding": ""}, {"delimiter": ";;"}, {"delimiter": "a"},
        {"delimiter": "\n"}, {"quote": "1"}, {"delimiter": "'", "quote": "'"}, {"header_line": -1},
        {"date_column": ""}, {"date_column": 0}, {"date_column": True}, {"date_column": 1001}, {"date_order": "YDM"},
        {"amount_column": 1, "debit_column": 2}, {"debit_column": 2, "direction_column": 3}, {"bogus": 1},
        {"debit_values": ["D"], "credit_values": [" d "]}, {"debit_values": [""]}, {"description_columns": [""]},
        {"decimal_separator": "'"}, {"amount_sign": "?"},
    ],
)  # fmt: skip
def test_refuses_a_mapping_when_it_contradicts_itself_or_names_what_is_unknown(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CsvMapping.model_validate(fields)


def test_describes_every_field_with_an_example_when_the_schema_is_asked_for() -> None:
    properties = CsvMapping.model_json_schema()["properties"]

    assert all(field["description"] and field["examples"] for field in properties.values())


def test_returns_null_for_every_field_when_nothing_is_given() -> None:
    assert set(CsvMapping().model_dump().values()) == {None}
    assert CsvMapping.model_validate({"encoding": None, "delimiter": None}) == CsvMapping()


LINES = ("Date;Second Date;Payee;Shop;Amount;Other", "2025-12-04;2025-12-24;P;S;1.50;9.50")


def test_takes_columns_by_name_or_number_when_the_mapping_gives_them() -> None:
    reading = read(
        *LINES, date_column=" second  DATE", amount_column=6, payee_column="shop", description_columns=[3, "Shop"]
    )

    row = reading.rows[0]
    assert (row.date.day, str(row.amount), row.payee, row.description) == (24, "9.50", "S", "P S")
    assert reading.mapping.date_column == "Second Date"
    assert reading.mapping.amount_column == "Other"
    assert reading.mapping.description_columns == ["Payee", "Shop"]
    assert reading.confidence["amount_column"] == reading.confidence["description_columns"] == "certain"


def test_detects_no_column_when_the_mapping_says_there_is_none() -> None:
    reading = read(
        "Date;Payee;Description;Notes;Id;Currency;Category;Account;Type;Amount",
        "2025-12-04;P;D;N;X77;EUR;C;A;debit;1.50",
        payee_column="", description_columns=[], notes_column="", external_id_column="", currency_column="",
        category_column="", account_column="", direction_column="",
    )  # fmt: skip

    assert amounts(reading) == ["1.50"]
    assert reading.rows[0][3:] == (None,) * 8
    assert reading.mapping.payee_column == ""
    assert reading.mapping.description_columns == []


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"date_column": "Tag"}, "column_not_found", "date_column"),
        ({"date_column": "Date", "payee_column": "Nobody"}, "column_not_found", "payee_column"),
        ({"description_columns": ["Nothing"]}, "column_not_found", "description_columns"),
        ({"amount_column": 7}, "column_not_found", "amount_column"),
        ({"header_line": 1, "notes_column": "Nope"}, "column_not_found", "notes_column"),
        ({"header_line": 0, "date_column": "Date"}, "column_not_found", "date_column"),
        ({"header_line": 9}, "header_not_found", "header_line"),
    ],
)
def test_names_the_field_when_the_file_lacks_what_the_mapping_gives(
    fields: dict[str, object], code: str, field: str
) -> None:
    with pytest.raises(CsvUnreadable) as caught:
        read(*LINES, **fields)

    assert (caught.value.code, caught.value.field) == (code, field)


def test_asks_for_a_number_when_two_columns_share_the_name_given() -> None:
    lines = "Date;Text;Text;Amount", "2025-12-04;a;b;1.50"

    with pytest.raises(CsvUnreadable) as caught:
        read(*lines, payee_column="text")
    reading = read(*lines, payee_column=3)

    assert (caught.value.code, caught.value.field) == ("column_not_unique", "payee_column")
    assert reading.rows[0].payee == "b"
    assert reading.mapping.payee_column == 3


def test_finds_the_header_by_the_names_given_when_its_words_are_unknown() -> None:
    reading = read(
        "Statement;of;Jane", "Zork;Quux;Blah", "x;Y;1.50", "2025-12-04;Y;2.50", date_column="zork", amount_column="BLAH"
    )

    assert reading.mapping.header_line == 2
    assert amounts(reading) == ["2.50"]
    assert reading.errors == [(3, "Zork", "'x' is not a date.")]


def test_reads_the_table_below_the_line_given_when_another_header_stands_above() -> None:
    reading = read("Date;Amount;Payee", "2025-01-01;5.50;A", "Date;Amount;Payee;Notes", "2025-12-04;1.50;B;n",
                   header_line=3)  # fmt: skip

    assert amounts(reading) == ["1.50"]
    assert [entry.line for entry in reading.ignored] == [1, 2]

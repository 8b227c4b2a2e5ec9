"""What holds for every file: same rows in every notation, nothing invented, only the two refusals."""

import codecs
import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.imports.csv import CsvMapping, CsvQuestion, CsvReading, CsvUnreadable, read_csv

_ENCODINGS = (
    ("utf-8", b""), ("utf-8", codecs.BOM_UTF8), ("utf-16-le", b""), ("utf-16-le", codecs.BOM_UTF16_LE),
    ("utf-16-be", b""), ("utf-16-be", codecs.BOM_UTF16_BE), ("windows-1252", b""),
)  # fmt: skip
_DELIMITERS = (",", ";", "\t", "|")
_ENDS = ("\n", "\r\n", "\r")
_HEADER = ["Booking Date", "Payee", "Description", "Amount", "Transaction ID", "Currency"]

Table = list[list[str]]


def _quoted(cell: str, delimiter: str, everywhere: bool) -> str:
    if everywhere or any(character in cell for character in (delimiter, '"', "\n")):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def _written(table: Table, delimiter: str, end: str, quotes: bool) -> str:
    lines = [delimiter.join(_quoted(cell, delimiter, quotes) for cell in cells) + "\n" for cells in table]
    return "".join(lines).replace("\n", end)


_texts = st.text(alphabet="abcXYZ éüß0123456789.,;|\"'\n", max_size=12).map(lambda text: "x" + text.strip() + "x")
_days = st.dates(date(1990, 1, 1), date(2060, 12, 31))
_values = st.decimals(Decimal("-999999.99"), Decimal("999999.99"), places=2)
_bookings = st.lists(st.tuples(_days, _texts, _texts, _values), min_size=1, max_size=6)


def _table(bookings: list[tuple[date, str, str, Decimal]]) -> Table:
    return [
        _HEADER,
        *(
            [str(day), payee, text, f"{value:,.2f}", f"T{index:04}é", "EUR"]
            for index, (day, payee, text, value) in enumerate(bookings)
        ),
    ]


@given(
    bookings=_bookings,
    encoding=st.sampled_from(_ENCODINGS),
    delimiter=st.sampled_from(_DELIMITERS),
    end=st.sampled_from(_ENDS),
    quotes=st.booleans(),
)
def test_returns_the_same_rows_when_a_table_is_written_another_way(
    bookings: list[tuple[date, str, str, Decimal]],
    encoding: tuple[str, bytes],
    delimiter: str,
    end: str,
    quotes: bool,
) -> None:
    table = _table(bookings)
    data = encoding[1] + _written(table, delimiter, end, quotes).encode(encoding[0])

    reading = read_csv(data)

    assert [
        (row.date, row.payee, row.description, row.amount, row.external_id, row.currency) for row in reading.rows
    ] == [
        (day, " ".join(payee.split()), text, value, f"T{index:04}é", "EUR")
        for index, (day, payee, text, value) in enumerate(bookings)
    ]
    assert (reading.errors, reading.ignored) == ([], [])
    _assert_same_again(data, reading)


@pytest.mark.parametrize("encoding", _ENCODINGS)
@pytest.mark.parametrize("delimiter", _DELIMITERS)
@pytest.mark.parametrize("end", _ENDS)
def test_returns_the_same_rows_when_a_file_is_converted(encoding: tuple[str, bytes], delimiter: str, end: str) -> None:
    table = [_HEADER, ["2025-12-04", "Café; Rémy", "a,b|c\td\ne", "-1,234.50", "Z9", "EUR"]]

    plain = read_csv(_written(table, ",", "\n", quotes=True).encode())
    other = read_csv(encoding[1] + _written(table, delimiter, end, quotes=False).encode(encoding[0]))

    assert other.rows == plain.rows
    assert [row.amount for row in other.rows] == [Decimal("-1234.50")]


def _assert_same_again(data: bytes, reading: CsvReading) -> None:
    again = read_csv(data, reading.mapping)
    assert again.mapping == reading.mapping
    assert again.rows == reading.rows
    assert (again.errors, again.ignored, again.header) == (reading.errors, reading.ignored, reading.header)


def _digits(text: str) -> str:
    return re.sub("[^0-9]", "", text)


def _assert_nothing_invented(data: bytes, reading: CsvReading) -> None:
    """Each amount and each part of each date stands in the file, within the record its row names."""
    lines = re.split("\r\n|\r|\n", data.decode(reading.mapping.encoding or "", "replace"))
    for row in reading.rows:
        text = "\n".join(lines[row.line - 1 :])
        assert _digits(str(row.amount)).strip("0") in _digits(text)
        numbers = {int(number) for number in re.findall("[0-9]+", text)}
        parts = numbers | {int(run[at : at + 2]) for run in re.findall("[0-9]+", text) for at in range(len(run))}
        assert row.date.day in parts
        assert row.date.month in parts or re.search("[^\\W\\d]{3}", text)
        assert row.date.year in numbers or row.date.year % 100 in parts


def _outcome(data: bytes, mapping: CsvMapping) -> CsvReading | CsvUnreadable | CsvQuestion:
    try:
        return read_csv(data, mapping)
    except (CsvUnreadable, CsvQuestion) as refusal:
        return refusal


def _assert_read_or_refused(data: bytes, mapping: CsvMapping) -> None:
    outcome = _outcome(data, mapping)
    if isinstance(outcome, CsvUnreadable):
        assert outcome.code
        assert outcome.detail.endswith(".")
        assert outcome.field is None or outcome.field in CsvMapping.model_fields
    elif isinstance(outcome, CsvQuestion):
        assert all(asked.field in CsvMapping.model_fields and asked.options for asked in outcome.questions)
    else:
        _assert_nothing_invented(data, outcome)
        _assert_same_again(data, outcome)


@given(data=st.binary(max_size=300))
def test_raises_only_its_own_refusals_when_the_bytes_are_arbitrary(data: bytes) -> None:
    _assert_read_or_refused(data, CsvMapping())


_cells = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["Date", "Datum", "Amount", "Debit", "Credit", "Betrag", "Payee", "Type", "Currency", "Saldo", "id"]
    ),
    st.sampled_from(
        ["1.234", "1,234.50", "-12,50", "(3)", "5 €", "5.00 CR", "0", "D", "C", "EUR", "Total", "04 Dec 2025"]
    ),
    st.dates().map(str),
    st.dates(date(1990, 1, 1), date(2040, 1, 1)).map(lambda day: f"{day:%d/%m/%y}"),
    st.dates(date(1990, 1, 1), date(2040, 1, 1)).map(lambda day: f"{day:%m/%d/%Y}"),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
)
_mappings = st.builds(
    CsvMapping,
    header_line=st.sampled_from([None, None, 0, 1, 2]),
    date_column=st.sampled_from([None, None, 1, "Date"]),
    date_order=st.sampled_from([None, "DMY", "MDY", "YMD"]),
    amount_column=st.sampled_from([None, None, 2, "Amount"]),
    direction_column=st.sampled_from([None, "", 3]),
    decimal_separator=st.sampled_from([None, ".", ","]),
    description_columns=st.sampled_from([None, [], [1, 1]]),
    delimiter=st.sampled_from([None, ";", "\t", '"']),
)


@given(
    table=st.lists(st.lists(_cells, min_size=1, max_size=6), max_size=8),
    delimiter=st.sampled_from(_DELIMITERS),
    encoding=st.sampled_from(["utf-8", "utf-16-le"]),
    mapping=_mappings,
)
def test_raises_only_its_own_refusals_when_the_table_is_arbitrary(
    table: Table, delimiter: str, encoding: str, mapping: CsvMapping
) -> None:
    text = "\n".join(delimiter.join(cells) for cells in table)

    _assert_read_or_refused(text.encode(encoding, "ignore"), mapping)


_headers = st.sampled_from(
    [
        ["Date", "Payee", "Amount", "Type", "Balance"],
        ["Datum", "Wertstellung", "Soll", "Haben", "Währung"],
        ["Booking Date", "id", "Amount (EUR)", "Currency", "Account"],
        ["Zork", "Quux", "Blah", "Foo", "Bar"],
        ["Amount", "Date", "Date", "", "Debit"],
    ]
)
_dates = st.dates(date(1990, 1, 1), date(2040, 1, 1))
_dated = st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%y", "%d %b %Y", "%Y%m%d", "%d/%m/%Y 12:30"])
_numbers = st.sampled_from(
    ["-1.50", "1.50", "1,234.5", "1.234,56", "1.234", "", "x", "(7)", "0.00", "2,5-", "9 EUR", "5 CR"]
)
_words = st.sampled_from(["Shop", "", "D", "C", "debit", "Total", "EUR", '"a', "b\tc", "A1", "A2", "1", "2"])
_mixed = st.one_of(_numbers, _words)


@given(
    header=_headers,
    with_header=st.booleans(),
    style=_dated,
    rows=st.lists(st.tuples(_dates, _mixed, _numbers, _mixed, _mixed), min_size=1, max_size=8),
    broken=st.lists(st.lists(_mixed, min_size=1, max_size=7), max_size=2),
    mapping=_mappings,
)
def test_invents_nothing_when_a_table_of_bookings_is_damaged(
    header: list[str],
    with_header: bool,
    style: str,
    rows: list[tuple[date, str, str, str, str]],
    broken: list[list[str]],
    mapping: CsvMapping,
) -> None:
    table = [header] if with_header else []
    table += [[f"{row[0]:{style}}", *row[1:]] for row in rows]
    text = "\n".join(";".join(cells) for cells in [*table, *broken])

    _assert_read_or_refused(text.encode(), mapping.model_copy(update={"delimiter": ";"}))


def test_keeps_every_line_accounted_for_when_a_file_is_long() -> None:
    kinds = {0: "", 1: "x;Shop;1.50"}
    bookings = [kinds.get(number % 10, f"2025-12-{number % 28 + 1};Shop;1.50") for number in range(20_000)]

    reading = read_csv("\n".join(["Date;Payee;Amount", *bookings, "2025-12-31;Shop;1.50"]).encode())

    assert len(reading.rows) == 16_001
    assert len(reading.errors) == 2_000
    assert len(reading.ignored) == 2_000
    lines = [row.line for row in reading.rows]
    lines += [error.line for error in reading.errors]
    lines += [entry.line for entry in reading.ignored]
    assert sorted(lines) == list(range(2, 20_003))

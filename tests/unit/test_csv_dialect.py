import pytest

from app.imports.csv import CsvUnreadable, read_csv
from tests.unit.csv_files import amounts, csv_bytes, read


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_finds_the_delimiter_when_none_is_given(delimiter: str) -> None:
    rows = ("Date", "Payee", "Amount"), ("2025-12-04", "Shop", "1.50")

    reading = read(*(delimiter.join(cells) for cells in rows))

    assert reading.mapping.delimiter == delimiter
    assert reading.confidence["delimiter"] == "certain"
    assert amounts(reading) == ["1.50"]


def test_finds_the_semicolon_when_every_line_has_a_decimal_comma() -> None:
    reading = read("Datum;Text;Betrag;Saldo", "04.12.2025;a, b;-1,50;10,00", "13.12.2025;c, d;2,50;12,50")

    assert reading.mapping.delimiter == ";"
    assert amounts(reading) == ["-1.50", "2.50"]


@pytest.mark.parametrize("hint", ["sep=^", '"sep=^"', "SEP=^"])
def test_takes_the_delimiter_the_file_names_when_it_begins_with_a_hint(hint: str) -> None:
    reading = read(hint, "Date^Payee^Amount", "2025-12-04^a,b^1.50")

    assert reading.mapping.delimiter == "^"
    assert amounts(reading) == ["1.50"]
    assert reading.ignored == [(1, "above the header")]


def test_takes_the_most_even_delimiter_when_no_line_holds_a_booking() -> None:
    reading = read("Date;Amount;Payee")

    assert reading.mapping.delimiter == ";"
    assert reading.confidence["delimiter"] == "likely"


@pytest.mark.parametrize("quote", ['"', "'"])
def test_finds_the_quote_when_every_cell_has_one(quote: str) -> None:
    lines = ["Date,Payee,Amount", "2025-12-04,O.K. Ltd,1.50"]

    reading = read(*(quote + line.replace(",", f"{quote},{quote}") + quote for line in lines))

    assert reading.mapping.quote == quote
    assert reading.rows[0].payee == "O.K. Ltd"


def test_takes_the_other_quote_when_the_delimiter_is_a_quotation_mark() -> None:
    reading = read('Date"Payee"Amount', '2025-12-04"\'a"b\'"1.50', delimiter='"')

    assert reading.rows[0].payee == 'a"b'
    assert reading.mapping.quote == "'"


def test_follows_the_mapping_when_it_gives_delimiter_and_quote() -> None:
    reading = read("Date:Payee:Amount", "2025-12-04:*a:b*:1.50", delimiter=":", quote="*")

    assert reading.rows[0].payee == "a:b"
    assert (reading.confidence["delimiter"], reading.confidence["quote"]) == ("certain", "certain")


def test_reads_quotes_when_a_space_is_the_delimiter() -> None:
    reading = read("Date Payee Amount", '2025-12-04 "The Shop" 1.50', delimiter=" ")

    assert reading.rows[0].payee == "The Shop"


def test_leaves_a_delimiter_out_of_detection_when_it_is_the_quote() -> None:
    reading = read("Date;Payee;Amount", "2025-12-04;|a;b|;1.50", quote="|")

    assert reading.rows[0].payee == "a;b"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('"a;b"', "a;b"),
        ('"say ""hi"""', 'say "hi"'),
        ('5" pipe', '5" pipe'),
        ('"Foo "bar" baz"', 'Foo bar" baz"'),
        ('  "a;b"', "a;b"),
        ('"a" ', "a"),
        ('""', None),
        ("it's", "it's"),
    ],
)
def test_reads_a_cell_when_it_holds_quotes(cell: str, text: str | None) -> None:
    reading = read("Date;Payee;Amount", f"2025-12-04;{cell};1.50")

    assert reading.rows[0].payee == text
    assert amounts(reading) == ["1.50"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_counts_physical_lines_when_cells_hold_line_breaks(end: str) -> None:
    data = csv_bytes(
        "Date;Description;Amount;", '2025-12-04;"one', "", 'two";1.50;', "", '2025-12-05;"three";2.50;""', end=end
    )

    reading = read_csv(data)

    assert [(row.line, row.description) for row in reading.rows] == [(2, "one\n\ntwo"), (6, "three")]
    assert reading.ignored == [(5, "blank")]


@pytest.mark.parametrize(
    "lines",
    [
        ['2025-12-04;"Shop;1.50', "2025-12-05;Shop;2.50"],
        ['2025-12-04;"Shop;1.50', '2025-12-05;"Shop";2.50'],
        ['2025-12-04;"Shop;1.50', *["2025-12-05;Shop;2.50"] * 5000, '2025-12-05;"Shop";2.50'],
    ],
)
def test_names_the_line_when_a_quote_swallows_what_follows(lines: list[str]) -> None:
    with pytest.raises(CsvUnreadable) as caught:
        read("Date;Payee;Amount", "2025-12-03;Shop;0.50", *lines)

    assert caught.value.code == "unclosed_quote"
    assert "line 3" in caught.value.detail
    assert caught.value.field == "quote"


@pytest.mark.parametrize("cell", ["x" * 40_000, '"' + "x" * 40_000 + '"'])
def test_reports_the_row_when_a_cell_is_too_long(cell: str) -> None:
    reading = read("Date;Payee;Amount", f"2025-12-03;{cell};0.50", "2025-12-04;Shop;1.50")

    assert reading.errors == [(2, None, "A cell is longer than 32000 characters.")]
    assert amounts(reading) == ["1.50"]


def test_reads_a_long_line_when_its_cells_are_short() -> None:
    reading = read("Date;Payee;Notes;Amount", f"2025-12-03;{'x' * 20_000};{'y' * 20_000};0.50")

    assert len(reading.rows) == 1


@pytest.mark.parametrize("text", ["hello", "one\ntwo\nthree"])
def test_refuses_the_file_when_nothing_divides_its_lines(text: str) -> None:
    with pytest.raises(CsvUnreadable) as caught:
        read(text)

    assert (caught.value.code, caught.value.field) == ("no_columns", "delimiter")


def test_refuses_the_file_when_it_has_more_columns_than_any_table() -> None:
    with pytest.raises(CsvUnreadable) as caught:
        read("Date;Amount" + ";" * 1000, "2025-12-04;1.50")

    assert caught.value.code == "too_many_columns"

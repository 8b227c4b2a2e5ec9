from datetime import date

import pytest

from app.imports.csv import CsvUnreadable
from app.imports.csv.currencies import told_by_cell, told_by_header
from app.imports.csv.headers import roles
from tests.unit.csv_files import amounts, codes, read

DAY = date(2025, 12, 24)


@pytest.mark.parametrize(
    "header",
    [
        "Date,Payee,Description,Amount",
        "Buchungstag,Auftraggeber/Empfänger,Verwendungszweck,Betrag",
        "Buchungsdatum,Zahlungsempfaenger,Verwendungszweck,Umsatz in EUR",
        "Date opération,Bénéficiaire,Libellé,Montant",
        "Fecha operación,Beneficiario,Concepto,Importe (EUR)",
        "Data contabile,Controparte,Causale,Importo",
        "Boekdatum,Naam tegenpartij,Omschrijving,Bedrag",
        "Data księgowania,Nazwa kontrahenta,Tytuł,Kwota",
        "Data lançamento,Beneficiário,Descrição,Valor",
        "Könyvelés dátuma,Partner neve,Közlemény,Összeg",
        "Bokföringsdag,Mottagare,Text,Belopp",
        "transactionDate,counterPartyName,remittance_information,AmountEUR",
        "Datum zaúčtování,Název protiúčtu,Popis,Částka",
    ],
)
def test_knows_the_columns_by_name_when_the_header_is_in_a_language_of_banks(header: str) -> None:
    reading = read(header, "2025-12-24,Shop,Thing,-1.50")

    row = reading.rows[0]
    assert (row.date, str(row.amount), row.payee, row.description) == (DAY, "-1.50", "Shop", "Thing")
    assert reading.mapping.header_line == 1


@pytest.mark.parametrize(
    ("header", "cells", "chosen"),
    [
        ("Transaction Date,Posted Date,Amount", "2025-12-24,2025-12-25,1.50", "Transaction Date"),
        ("Value Date,Booking Date,Amount", "2025-12-25,2025-12-24,1.50", "Booking Date"),
        ("Wertstellung,Buchungstag,Betrag", "2025-12-25,2025-12-24,1.50", "Buchungstag"),
        ("Value Date,Amount", "2025-12-24,1.50", "Value Date"),
        ("Dátum,Könyvelés dátuma,Összeg", ",2025-12-24,1.50", "Könyvelés dátuma"),
        ("Transaction Date,Value Date,Amount", ",2025-12-24,1.50", "Value Date"),
        ("Report Date,Amount", "2025-12-24,1.50", "Report Date"),
        ("Valuta,Value,Amount", "EUR,2025-12-24,1.50", "Value"),
    ],
)
def test_chooses_the_date_column_when_there_are_several(header: str, cells: str, chosen: str) -> None:
    reading = read(header, cells)

    assert reading.mapping.date_column == chosen
    assert [row.date for row in reading.rows] == [DAY]


@pytest.mark.parametrize(
    ("header", "cells", "value"),
    [
        ("Date,Running Balance,Amount", "2025-12-24,500.00,1.50", "1.50"),
        ("Date,Original Amount,Exchange Rate,Amount (EUR)", "2025-12-24,9.50,1.10,1.50", "1.50"),
        ("Date,Fee,Gross,Net", "2025-12-24,0.50,2.00,1.50", "1.50"),
        ("Date,Transfer Amount,Value", "2025-12-24,9.50,1.50", "1.50"),
        ("Date,Amount,Debit,Credit", "2025-12-24,1.50,1.50,", "-1.50"),
        ("Date,Amount,Debit,Credit", "2025-12-24,-1.50,1.50,", "-1.50"),
        ("Date,Closing Balance Foo,Zork,Payee", "2025-12-24,500.00,1.50,Shop", "1.50"),
    ],
)
def test_chooses_the_amount_when_there_are_other_numbers(header: str, cells: str, value: str) -> None:
    assert amounts(read(header, cells)) == [value]


@pytest.mark.parametrize(
    ("debit", "credit", "value"),
    [
        ("1.50", "", "-1.50"), ("-1.50", "", "-1.50"), ("", "1.50", "1.50"), ("1.50", "0.00", "-1.50"),
        ("0.00", "1.50", "1.50"), ("0.00", "0.00", "0.00"), ("0.00", "", "0.00"), ("1.50 DR", "", "-1.50"),
    ],
)  # fmt: skip
def test_lowers_by_the_debit_and_raises_by_the_credit_when_each_has_a_column(
    debit: str, credit: str, value: str
) -> None:
    reading = read("Date,Paid out,Paid in", f"2025-12-24,{debit},{credit}", "2025-12-25,,7.50", "2025-12-25,7.50,")

    assert amounts(reading) == [value, "7.50", "-7.50"]


@pytest.mark.parametrize(
    ("debit", "credit", "column", "reason"),
    [
        ("1.50", "2.50", "Debit", "The line has both a debit ('1.50') and a credit ('2.50')."),
        ("", "", "Debit", "The amount is empty."),
        ("", "-1.50", "Credit", "'-1.50' contradicts the credit it is given as."),
        ("1.50 CR", "", "Debit", "'1.50 CR' contradicts the debit it is given as."),
        ("x", "", "Debit", "'x' is not an amount of at most 20 digits before and 18 behind the decimal separator."),
    ],
)
def test_reports_the_row_when_debit_and_credit_do_not_make_an_amount(
    debit: str, credit: str, column: str, reason: str
) -> None:
    reading = read(
        "Date,Payee,Debit,Credit", f"2025-12-23,Shop,{debit},{credit}", "2025-12-24,Shop,7.50,", "2025-12-24,Shop,,7.50"
    )

    assert reading.errors == [(2, column, reason)]
    assert len(reading.rows) == 2


def test_reads_one_side_only_when_the_file_has_one_or_the_mapping_gives_one() -> None:
    detected = read("Date,Withdrawal", "2025-12-24,1.50")
    given = read("Date,Foo,Credit", "2025-12-24,1.50,", "2025-12-24,,2.50", debit_column="Foo")

    assert amounts(detected) == ["-1.50"]
    assert detected.confidence["debit_column"] == "guess"
    assert amounts(given) == ["-1.50", "2.50"]
    assert given.mapping.credit_column == "Credit"


def test_reads_the_credit_alone_when_only_that_is_there() -> None:
    reading = read("Date,Deposit", "2025-12-24,1.50", "2025-12-24,-1.50")

    assert amounts(reading) == ["1.50"]
    assert [error.column for error in reading.errors] == ["Deposit"]


@pytest.mark.parametrize(
    ("name", "debit", "credit"),
    [
        ("Transaction Type", "debit", "credit"), ("D/C", "D", "C"), ("CdtDbtInd", "DBIT", "CRDT"),
        ("Dr/Cr", "DR", "CR"), ("Soll/Haben", "S", "H"), ("Af Bij", "Af", "Bij"), ("Type", "Debit", "Credit"),
        ("Zork", "Belastung", "Gutschrift"), ("Zork", "obciążenie", "uznanie"), ("Sign", "-", "+"),
    ],
)  # fmt: skip
def test_takes_the_sign_from_a_direction_column_when_amounts_have_none(name: str, debit: str, credit: str) -> None:
    reading = read(f"Date,Amount,{name}", f"2025-12-24,1.50,{debit}", f"2025-12-24,2.50,{credit}")

    assert amounts(reading) == ["-1.50", "2.50"]
    assert reading.mapping.direction_column == name
    assert (reading.mapping.debit_values, reading.mapping.credit_values) == ([debit.casefold()], [credit.casefold()])
    assert codes(reading) == []


def test_takes_a_direction_column_when_all_its_values_say_the_same() -> None:
    reading = read("Date,Amount,D/C", "2025-12-24,1.50,D", "2025-12-24,2.50,D")

    assert amounts(reading) == ["-1.50", "-2.50"]
    assert (reading.mapping.debit_values, reading.mapping.credit_values) == (["d"], None)


def test_leaves_the_type_column_alone_when_amounts_are_signed_or_its_values_say_more() -> None:
    signed = read("Date,Amount,Type", "2025-12-24,-1.50,credit", "2025-12-24,2.50,debit")
    other = read("Date,Amount,Type", "2025-12-24,1.50,debit", "2025-12-24,2.50,Card payment")

    assert amounts(signed) == ["-1.50", "2.50"]
    assert signed.mapping.direction_column is None
    assert other.mapping.direction_column is None
    assert codes(other) == ["all_amounts_positive"]


def test_reports_the_row_when_its_direction_is_unknown() -> None:
    reading = read(
        "Date,Amount,D/C,Payee",
        "2025-12-24,1.50,D,a",
        "2025-12-24,1.50,C,a",
        "2025-12-24,2.50,X,b",
        "2025-12-24,3.50,,c",
    )

    assert amounts(reading) == ["-1.50", "1.50"]
    assert reading.errors == [
        (4, "D/C", "'X' says neither money in nor money out."),
        (5, "D/C", "An empty cell says neither money in nor money out."),
    ]
    assert reading.confidence["direction_column"] == "likely"


def test_follows_the_mapping_when_it_says_what_directions_mean() -> None:
    reading = read(
        "Date,Amount,Foo,Debit,Credit", "2025-12-24,1.50,C,,", "2025-12-24,2.50,weg,,", "2025-12-24,3.50,H,,",
        direction_column="Foo", debit_values=["C", "Weg"],
    )  # fmt: skip

    assert amounts(reading) == ["-1.50", "-2.50", "3.50"]
    assert reading.mapping.debit_values == ["C", "Weg"]
    assert reading.mapping.credit_values == ["h"]
    assert reading.confidence["debit_values"] == "certain"


def test_asks_for_the_amount_when_a_direction_is_given_and_only_sides_are_there() -> None:
    with pytest.raises(CsvUnreadable) as caught:
        read("Date,Foo,Debit,Credit", "2025-12-24,D,1.50,", direction_column="Foo")

    assert (caught.value.code, caught.value.field) == ("no_amount_column", "amount_column")


@pytest.mark.parametrize(
    ("lines", "code", "field"),
    [
        (["Name,Amount", "Shop,1.50"], "no_date_column", "date_column"),
        (["Date,Name", "2025-12-24,Shop"], "no_amount_column", "amount_column"),
        (["a,b", "c,d"], "no_date_column", "date_column"),
    ],
)
def test_names_the_missing_column_when_the_file_has_no_dates_or_amounts(
    lines: list[str], code: str, field: str
) -> None:
    with pytest.raises(CsvUnreadable) as caught:
        read(*lines)

    assert (caught.value.code, caught.value.field) == (code, field)


def test_finds_columns_by_their_values_when_there_is_no_header() -> None:
    reading = read("12345,2025-12-24,Shop in town,-1.50,EUR,98.50", "12345,2025-12-25,Other shop,2.00,EUR,100.50")

    assert reading.header == []
    assert [(row.line, row.date.day, str(row.amount), row.currency, row.description) for row in reading.rows] == [
        (1, 24, "-1.50", "EUR", "Shop in town"),
        (2, 25, "2.00", "EUR", "Other shop"),
    ]
    assert reading.mapping.header_line == 0
    assert (reading.mapping.date_column, reading.mapping.amount_column) == (2, 4)
    assert reading.confidence["description_columns"] == "guess"


def test_tells_the_balance_from_the_amount_when_no_header_does() -> None:
    forward = read(*(f"2025-12-{20 + i},x,{100 + i}.00,1.00" for i in range(4)))
    backward = read(*(f"2025-12-{24 - i},x,{100 - i}.00,1.00" for i in range(4)))

    assert forward.mapping.amount_column == backward.mapping.amount_column == 4


def test_warns_of_a_guess_when_two_unnamed_columns_hold_amounts() -> None:
    reading = read("2025-12-24,x,7.50,1.25", "2025-12-25,x,3.50,9.25", "2025-12-26,x,3.50,9.25")

    assert amounts(reading) == ["7.50", "3.50", "3.50"]
    assert reading.confidence["amount_column"] == "guess"
    assert codes(reading) == ["guessed_column", "all_amounts_positive"]


def test_guesses_the_earlier_date_column_when_two_have_no_name() -> None:
    reading = read("2025-12-24,2025-12-26,x,-7.50")

    assert reading.rows[0].date == DAY
    assert reading.confidence["date_column"] == "guess"


@pytest.mark.parametrize(
    ("name", "values", "chosen"),
    [
        ("Transaction ID", ["A1", "A2"], True),
        ("FITID", ["20251224001", "20251224007"], True),
        ("Row", ["ff388c16", "3d7edd42"], True),
        ("Row", ["1", "2"], False),
        ("id", ["A1", "A1"], False),
        ("id", ["A1", ""], False),
        ("id", ["A 1", "A 2"], False),
        ("id", ["same", "words"], False),
        ("Check Number", ["A1", "A2"], False),
        ("Num", ["A1", "A2"], False),
    ],
)
def test_takes_an_id_column_when_its_values_tell_rows_apart(name: str, values: list[str], chosen: bool) -> None:
    reading = read(f"Date,Amount,{name}", *(f"2025-12-24,{index}.50,{value}" for index, value in enumerate(values)),
                   "Total,2.00,")  # fmt: skip

    assert [row.external_id for row in reading.rows] == (values if chosen else [None, None])


def test_keeps_an_id_column_when_the_same_line_stands_twice() -> None:
    reading = read("Date,Amount,id", "2025-12-24,1.50,A1", "2025-12-24,1.50,A1")

    assert [row.external_id for row in reading.rows] == ["A1", "A1"]


def test_prefers_the_filled_column_when_two_have_the_same_meaning() -> None:
    reading = read("Date,Amount,Payee,Merchant,Notes,Comment", "2025-12-24,1.50,,Shop,,")

    assert reading.rows[0].payee == "Shop"
    assert reading.mapping.notes_column == "Notes"


def test_guesses_a_description_when_no_name_tells_whom_a_booking_is_about() -> None:
    guessed = read("Date,Amount,Zork,Quux", "2025-12-24,1.50,a shop in town,b")
    named = read("Date,Amount,Payee,Zork", "2025-12-24,1.50,Shop,a longer text")

    assert guessed.rows[0].description == "a shop in town"
    assert guessed.confidence["description_columns"] == "guess"
    assert named.rows[0].description is None


def test_prefers_the_description_when_details_stand_before_it() -> None:
    assert read("Details,Date,Description,Amount", "DEBIT,2025-12-24,Shop,-1.50").rows[0].description == "Shop"


def test_joins_numbered_columns_when_a_text_is_spread_over_them() -> None:
    reading = read("Datum;Buchungstext;VWZ1;VWZ2;VWZ3;Betrag", "2025-12-24;Lastschrift;a;;  b ;1,50")

    assert reading.rows[0].description == "a b"
    assert reading.mapping.description_columns == ["VWZ1", "VWZ2", "VWZ3"]
    assert reading.rows[0].payee is None


@pytest.mark.parametrize(
    ("header", "cells", "currency"),
    [
        ("Date,Amount,Currency", "2025-12-24,1.50,eur", "EUR"),
        ("Date,Amount,Currency", "2025-12-24,1.50,€", "EUR"),
        ("Date,Amount,Currency", "2025-12-24,1.50,Euro", "EUR"),
        ("Date,Amount,Currency", "2025-12-24,$1.50,$", None),
        ("Date,Amount,Currency", "2025-12-24,1.50 GBP,", "GBP"),
        ("Date,Amount (EUR)", "2025-12-24,1.50", "EUR"),
        ("Date,Amount (EUR)", "2025-12-24,1.50 USD", "USD"),
        ("Date,Amount in €", "2025-12-24,1.50", "EUR"),
        ("Date,Amount CHF", "2025-12-24,1.50", "CHF"),
        ("Date,Amount", "2025-12-24,1.50", None),
        ("Date,Debit (PLN),Credit (PLN)", "2025-12-24,1.50,", "PLN"),
        ("Date,Amount,Currency", "2025-12-24,1.50,usdt", "USDT"),
    ],
)
def test_names_the_currency_when_the_column_the_cell_or_the_header_does(
    header: str, cells: str, currency: str | None
) -> None:
    reading = read(header, cells, "2025-12-25,,,", **({"currency_column": "Currency"} if "Currency" in header else {}))

    assert reading.rows[0].currency == currency


def test_reports_the_row_when_its_currency_is_unknown() -> None:
    reading = read("Date,Amount,Currency", "2025-12-24,1.50,EUR", "2025-12-24,1.50,some money")

    assert reading.errors == [(3, "Currency", "'some money' is not a currency.")]


def test_reads_a_currency_name_when_it_is_a_sign_of_many() -> None:
    assert told_by_cell("kr") == "kr"
    assert told_by_header("Amount ($)") == "$"
    assert told_by_header("Amount (net)") is None
    assert told_by_header("Amount") is None
    assert told_by_header("") is None


def test_knows_no_meaning_when_a_name_says_nothing() -> None:
    assert roles("Zork") == ()
    assert roles("") == ()
    assert roles("amount" + "1" * 300) == ()
    assert [role.meaning for role in roles("Value")] == ["date", "amount"]
    assert [role.meaning for role in roles("Zork balance")] == ["other"]

"""Files as banks write them, each difficult in its own way, arrive row by row and to the cent."""

from typing import NamedTuple

import pytest

from tests.imports.uploads import bring_in, csv_of, listed, signed
from tests.people import Person

Row = tuple[str, str, str | None, str | None]


class Case(NamedTuple):
    """A file, the mapping it needs if any, and the rows in date order: date, amount, payee, description."""

    data: bytes
    rows: list[Row]
    currency: str = "EUR"


BOM = "\ufeff".encode()
CASES = {
    "two date columns, debit and credit": Case(
        csv_of(
            "Posted Date,Transaction Date,Card No.,Description,Debit,Credit",
            "2025-02-11,2025-02-10,1234,STREAMING CO,15.99,",
            "2025-02-13,2025-02-12,1234,RETURN HARDWARE,,40.00",
        ),
        [("2025-02-10", "-15.99", None, "STREAMING CO"), ("2025-02-12", "40.00", None, "RETURN HARDWARE")],
        "USD",
    ),
    "carriage returns and one date that decides": Case(
        csv_of(
            "Date,No.,Description,Amount",
            "3/1/25,,Opening dividend,1.10",
            "3/4/25,101,Check,-25.00",
            "3/24/25,,Łódź café — ÅÄÖ,-7.80",
            end="\r",
        ),
        [
            ("2025-03-01", "1.10", None, "Opening dividend"),
            ("2025-03-04", "-25.00", None, "Check"),
            ("2025-03-24", "-7.80", None, "Łódź café — ÅÄÖ"),
        ],
        "USD",
    ),
    "Windows-1252 and year.month.day": Case(
        csv_of(
            "Date de l'opération;Libellé;Montant",
            "2025.11.04;Virement reçu « août » …;120,25",
            "2025.11.05;Café “Été” 3 €;-42,10",
            end="\r\n",
            encoding="windows-1252",
        ),
        [
            ("2025-11-04", "120.25", None, "Virement reçu « août » …"),
            ("2025-11-05", "-42.10", None, "Café “Été” 3 €"),
        ],
    ),
    "semicolons, decimal comma, the purpose over many columns": Case(
        csv_of(
            "Buchungstag;Wertstellung;Empfänger;VWZ1;VWZ2;VWZ3;VWZ4;Betrag;Saldo",
            "10.10.2025;11.10.2025;Stadtwerke Köln;RECHNUNG 12;KUNDE 9;;;-98,76;1.234,56",
            "28.10.2025;28.10.2025;Müller GmbH;LOHN;;;OKTOBER;2.500,00;3.734,56",
            encoding="windows-1252",
        ),
        [
            ("2025-10-10", "-98.76", "Stadtwerke Köln", "RECHNUNG 12 KUNDE 9"),
            ("2025-10-28", "2500.00", "Müller GmbH", "LOHN OKTOBER"),
        ],
    ),
    "byte order mark and names in Hungarian": Case(
        BOM
        + csv_of(
            "Tranzakció dátuma;Könyvelés dátuma;Típus;Partner neve;Közlemény;Összeg;Devizanem",
            "2025.06.03.;2025.06.04.;Kártya;Közért Kft.;Vásárlás;-4 990;HUF",
            "2025.06.05.;2025.06.05.;Jóváírás;Kovács Őszike;Ajándék;100;HUF",
        ),
        [("2025-06-03", "-4990.00", "Közért Kft.", "Vásárlás"), ("2025-06-05", "100.00", "Kovács Őszike", "Ajándék")],
        "HUF",
    ),
    "a direction column and thousands separators": Case(
        csv_of(
            '"Date","Description","Amount","Transaction Type"',
            '"2/1/25","Rent","1,250.00","debit"',
            '"2/14/25","Pay","3,000.50","credit"',
            end="\r",
        ),
        [("2025-02-01", "-1250.00", None, "Rent"), ("2025-02-14", "3000.50", None, "Pay")],
        "USD",
    ),
    "two equal rows of opposite sign on one day": Case(
        csv_of(
            '"Date","Bénéficiaire","Type de transaction","Référence de paiement","Montant (EUR)",""',
            '"2025-01-21","Moi Même","Virement","Épargne","328.0"',
            '"2025-01-21","Moi Même","Virement","Épargne","-328.0","x"',
        ),
        [("2025-01-21", "328.00", "Moi Même", "Épargne"), ("2025-01-21", "-328.00", "Moi Même", "Épargne")],
    ),
    "UTF-16 with tabs": Case(
        "\ufeffDate\tPayee\tAmount\r\n2025-05-05\tŽižkov 😀\t-1.00\r\n2025-05-06\tB\t2.00\r\n".encode("utf-16-le"),
        [("2025-05-05", "-1.00", "Žižkov 😀", None), ("2025-05-06", "2.00", "B", None)],
    ),
    "UTF-16 big-endian without a mark": Case(
        csv_of("Date,Payee,Amount", "2025-05-05,Ann,-1.00", "2025-05-06,Bob,2.00", encoding="utf-16-be"),
        [("2025-05-05", "-1.00", "Ann", None), ("2025-05-06", "2.00", "Bob", None)],
    ),
    "lines above the header and a total below": Case(
        csv_of(
            '"Account statement";"Household"',
            '"From";"2025-07-01"',
            "",
            '"Booking date";"Payee";"Purpose";"Amount"',
            '"2025-07-03";"Grocer";"Food";"-20,10"',
            '"2025-07-04";"Ann";"Gift";"50,00"',
            '"Total";"";"";"29,90"',
        ),
        [("2025-07-03", "-20.10", "Grocer", "Food"), ("2025-07-04", "50.00", "Ann", "Gift")],
    ),
    "cells over several lines, doubled quotes": Case(
        csv_of("Date,Payee,Description,Amount", '2025-08-01,"The ""Old"" Inn","two\nlines, one cell",-5.00'),
        [("2025-08-01", "-5.00", 'The "Old" Inn', "two\nlines, one cell")],
    ),
    "no header at all": Case(
        csv_of("2025-09-01|-5.00|Corner shop", "2025-09-02|-6.50|Bus ticket"),
        [("2025-09-01", "-5.00", None, "Corner shop"), ("2025-09-02", "-6.50", None, "Bus ticket")],
    ),
    "brackets, signs behind, a currency in the cell": Case(
        csv_of("Date,Payee,Amount", "2025-09-01,A,($1.50)", "2025-09-02,B,2.25-", "2025-09-03,C,USD 3.00"),
        [("2025-09-01", "-1.50", "A", None), ("2025-09-02", "-2.25", "B", None), ("2025-09-03", "3.00", "C", None)],
        "USD",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_a_bank_file_arrives_whole(kim: Person, case: Case) -> None:
    account = await kim.account(currency=case.currency)
    done = await bring_in(kim, account, case.data)
    assert (done["created"], done["skipped"], done["rows"]["error"]) == (len(case.rows), 0, 0)
    found = [(item["date"], signed(item), item["payee"], item["description"]) for item in await listed(kim)]
    assert sorted(found, key=str) == sorted(case.rows, key=str)
    assert float(await kim.balance(account)) == pytest.approx(sum(float(row[1]) for row in case.rows))


async def test_credit_and_debit_columns_with_ids_and_a_date_to_be_asked_about(kim: Person) -> None:
    account = await kim.account(currency="USD")
    data = csv_of(
        "Date,Time,Description,Credit Amount,Debit Amount,Currency,Transaction ID",
        "05/03/2025,10:15:00,Fee,,100.00,USD,900001",
        "06/03/2025,11:00:00,Payout,120.00,,USD,900002",
    )
    done = await bring_in(kim, account, data, mapping={"date_order": "DMY"})
    assert done["created"] == 2
    found = [(item["date"], signed(item), item["external_id"]) for item in await listed(kim)]
    assert found == [("2025-03-05", "-100.00", "900001"), ("2025-03-06", "120.00", "900002")]

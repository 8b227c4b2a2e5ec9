"""What is read of files from the wild, what is refused, and with which line and reason."""

import time
from datetime import date
from decimal import Decimal

import pytest

from app.imports.plaintext import beancount, hledger
from app.imports.plaintext.detecting import format_of
from app.imports.plaintext.model import Amount, Journal, NumberQuestionError, Transaction


def only(journal: Journal) -> Transaction:
    assert [(error.line, error.reason) for error in journal.errors] == []
    (found,) = journal.transactions
    return found


def amounts(transaction: Transaction) -> list[tuple[str, str, str]]:
    return [(p.account, f"{p.amount.number:f}", p.amount.commodity) for p in transaction.postings if p.amount]


POSTED = "    expenses:food  $4.50\n    assets:cash\n"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("2024-01-31 Shop", (date(2024, 1, 31), False, "Shop", None)),
        ("2024/1/31 * Shop | milk", (date(2024, 1, 31), False, "Shop", "milk")),
        ("2024.01.31 ! (123) Shop ; note", (date(2024, 1, 31), True, "Shop", None)),
        ("2024-01-31=2024-02-01 * Shop", (date(2024, 1, 31), False, "Shop", None)),
        ("2024-01-31", (date(2024, 1, 31), False, None, None)),
        ("2024-01-31 * | only a note", (date(2024, 1, 31), False, None, "only a note")),
    ],
)
def test_hledger_headers(header: str, expected: tuple[date, bool, str | None, str | None]) -> None:
    found = only(hledger.read(f"{header}\n{POSTED}", None))
    assert (found.day, found.pending, found.payee, found.description) == expected
    assert amounts(found) == [("expenses:food", "4.50", "$"), ("assets:cash", "-4.50", "$")]


def test_a_default_year_completes_a_date() -> None:
    assert only(hledger.read(f"Y2023\n12/24 Gifts\n{POSTED}", None)).day == date(2023, 12, 24)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("-$1.50", ("-1.50", "$")),
        ("$-1.50", ("-1.50", "$")),
        ("$ 1.50", ("1.50", "$")),
        ("EUR 1.50", ("1.50", "EUR")),
        ("1.50EUR", ("1.50", "EUR")),
        ("1,000.50 EUR", ("1000.50", "EUR")),
        ("1.000,50 €", ("1000.50", "€")),
        ("1 000,50 EUR", ("1000.50", "EUR")),
        ("1.000.000 EUR", ("1000000", "EUR")),
        ('3 "green apples"', ("3", "green apples")),
        ("+7 EUR", ("7", "EUR")),
        (".5 EUR", ("0.5", "EUR")),
        ("0,125 EUR", ("0.125", "EUR")),
    ],
)
def test_hledger_amounts(written: str, expected: tuple[str, str]) -> None:
    found = only(hledger.read(f"2024-01-31 x\n  assets:a  {written}\n  assets:b\n", None))
    assert amounts(found)[0][1:] == expected


def test_a_number_that_can_be_read_in_two_ways_is_asked_about() -> None:
    text = "2024-01-31 x\n  assets:a  1,000 EUR\n  assets:b\n"
    with pytest.raises(NumberQuestionError):
        hledger.read(text, None)
    for told, wanted in ((".", "1000"), (",", "1.000")):
        assert amounts(only(hledger.read(text, told)))[0][1] == wanted
    for line, wanted in (
        ("decimal-mark ,", "1.000"),
        ("commodity 1.000,00 EUR", "1.000"),
        ("commodity EUR 1,000.00", "1000"),
        ("D 1000.00 EUR", "1000"),
    ):
        assert amounts(only(hledger.read(f"{line}\n{text}", None)))[0][1] == wanted, line
    clear = "2024-01-31 y\n  assets:a  5.25 EUR\n  assets:b\n"
    assert amounts(hledger.read(text + "\n" + clear, None).transactions[0])[0][1] == "1000"


def test_hledger_prices_and_comments() -> None:
    text = (
        "2024-01-31 x  ; a word, holiday:\n    ; project: house\n"
        "    assets:usd  -10 USD @ 0.9 EUR  ; memo here\n    assets:eur  9 EUR\n"
    )
    found = only(hledger.read(text, None))
    assert found.postings[0].total == Amount(Decimal("-9.0"), "EUR")
    assert found.postings[0].meta == {"memo": "memo here"}
    assert found.tags == ["holiday"]
    assert any("project: house" in note for note in found.notes)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("~ monthly\n    expenses:rent  5 EUR\n    assets:a\n", 1, "plan"),
        ("= expenses\n    (budget)  -1\n", 1, "automatic rule"),
        ("include other.journal\n", 1, "another file"),
        ("alias a=b\n", 1, "alias"),
        ("\n2024-01-31 x\n    (virtual)  5 EUR\n    assets:a\n", 3, "virtual"),
        ("2024-01-31 x\n    assets:a   = 5 EUR\n    assets:b\n", 2, "balance assignment"),
        ("2024-01-31 x\n    assets:a  5 EUR {2 USD}\n    assets:b\n", 2, "lots"),
        ("2024-01-31 x\n    assets:a  5 EUR\n    assets:b  -4 EUR\n", 1, "does not balance"),
        ("2024-01-31 x\n    assets:a\n    assets:b\n", 3, "no amount"),
        ("2024-02-31 x\n    assets:a  5 EUR\n    assets:b\n", 1, "not a date"),
        ("1/31 x\n    assets:a  5 EUR\n    assets:b\n", 1, "no year"),
        ("2024-01-31 x\n    assets:a  5\n    assets:b\n", 2, "currency"),
        ("2024-01-31 x\n    assets:a  5 EUR  ; date: 2024-02-01\n    assets:b\n", 2, "date of its own"),
        ("2024-01-31 x\n    assets:a  five EUR\n    assets:b\n", 2, "not an amount"),
        ("whatever this is\n", 1, "not a directive"),
        ("    indented\n", 1, "belongs to nothing"),
    ],
)
def test_what_hledger_alone_could_work_out_is_refused(text: str, line: int, reason: str) -> None:
    (error,) = hledger.read(text, None).errors
    assert error.line == line
    assert reason in error.reason


def test_an_error_leaves_the_rest_alone() -> None:
    journal = hledger.read(f"2024-13-01 bad\n{POSTED}\n2024-01-31 good\n{POSTED}", None)
    assert [error.line for error in journal.errors] == [1]
    assert [t.payee for t in journal.transactions] == ["good"]


def test_beancount_transactions() -> None:
    text = (
        'pushtag #trip\n2024-01-31 * "Shop" "Milk; \\"fresh\\"" #food ^link1\n  id: "x"\n  ; comment\n'
        '  Assets:Cash  -1,004.50 USD ; why\n    memo: "two\nlines"\n  ! Expenses:Food  1004.50 USD\n'
        '\npoptag #trip\n2024-02-01 txn "only narration"\n  Assets:Cash  (1)\n'
    )
    journal = beancount.read(text)
    assert [(error.line, "amount" in error.reason) for error in journal.errors] == [(12, True)]
    (found,) = journal.transactions
    assert (found.payee, found.description) == ("Shop", 'Milk; "fresh"')
    assert found.tags == ["trip", "food"]
    assert found.meta == {"id": "x"}
    assert found.postings[0].meta == {"memo": "two\nlines"}
    assert amounts(found) == [("Assets:Cash", "-1004.50", "USD"), ("Expenses:Food", "1004.50", "USD")]


def test_beancount_accounts_options_and_balances() -> None:
    text = (
        'option "name_assets" "Vermoegen"\noption "operating_currency" "EUR"\nplugin "beancount.plugins.auto"\n'
        '2024-01-01 open Vermoegen:Bank EUR,USD "STRICT"\n  name: "The bank"\n2024-01-01 price USD 0.9 EUR\n'
        "2024-01-02 balance Vermoegen:Bank  10.00 EUR\n2024-01-01 close Vermoegen:Bank\n* org mode\n"
    )
    journal = beancount.read(text)
    assert journal.errors == []
    assert journal.kind_of("Vermoegen:Bank") == "asset"
    assert journal.kind_of("Assets:Bank") is None
    assert journal.accounts == {"Vermoegen:Bank": {"currency": "EUR", "name": "The bank"}}
    assert journal.base_currency == "EUR"
    assert set(journal.warnings) == {"plugins_ignored"}
    assert journal.assertions[0].amount == Amount(Decimal("10.00"), "EUR")


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("2024-01-01 pad Assets:A Equity:B\n", 1, "padding"),
        ('include "other.beancount"\n', 1, "another file"),
        ('pushmeta a: "b"\n', 1, "metadata"),
        ('2024-01-31 * "x"\n  Assets:A  5 HOOL {*}\n  Assets:B\n', 2, "not merged"),
        ('2024-01-31 * "x"\n  Assets:A  5 HOOL {10 USD}}\n  Assets:B\n', 2, "not a cost"),
        ('2024-01-31 * "x"\n  Assets:A  5 HOOL {10 USD, 11 USD}\n  Assets:B\n', 2, "said twice"),
        ('2024-01-31 * "x"\n  Assets:A  5 HOOL {10+1 USD}\n  Assets:B\n', 2, "expression"),
        ('2024-01-31 * "x"\n  Assets:A  5 HOOL {-10 USD}\n  Assets:B\n', 2, "not negative"),
        ('2024-01-31 * "x"\n  Assets:A  5 HOOL {10 USD, 2024-02-31}\n  Assets:B\n', 2, "not a date"),
        ('2024-01-31 * "x"\n  Assets:A  0 HOOL {10 USD}\n  Assets:B\n', 2, "number of units"),
        ('2024-01-31 * "x"\n  Assets:A  {10 USD}\n  Assets:B\n', 2, "number of units"),
        ('2024-01-31 open Assets:A HOOL "MINE"\n', 1, "booking method"),
        ("2024-01-31 price HOOL\n", 1, "not a price"),
        ('2024-01-31 * "x"\n  Assets:A  (2+3) USD\n  Assets:B\n', 2, "amount"),
        ('2024-01-31 * "x"\n  Assets:A  2+3 USD\n  Assets:B\n', 2, "amount"),
        ('2024-01-31 * "x"\n  Assets:A  5 USD\n  Assets:B  -4 USD\n', 1, "does not balance"),
        ('2024-01-31 * "x\n  Assets:A  5 USD\n', 1, "quote"),
        ('2024-01-31 * "a" "b" "c"\n  Assets:A  5 USD\n  Assets:B\n', 1, "more than"),
        ("2024-01-31 conjure Assets:A\n", 1, "not a directive"),
        ("nonsense\n", 1, "cannot be read"),
    ],
)
def test_what_beancount_alone_could_work_out_is_refused(text: str, line: int, reason: str) -> None:
    error = beancount.read(text).errors[0]
    assert error.line == line
    assert reason in error.reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Date,Amount\n2024-01-31,5.00\n", "csv"),
        ("2024-01-31;Shop;-5,00\n2024-02-01;Shop;-6,00\n", "csv"),
        ("account number;date;amount\n1;2024-01-31;5\n", "csv"),
        ("", "csv"),
        ("2024-01-31 Shop\n  expenses:food  5 EUR\n  assets:cash\n", "hledger"),
        ("; comment\n\n2024/01/31 * Shop\n    ; tag:\n    expenses:food  5 EUR\n", "hledger"),
        ("decimal-mark ,\n", "hledger"),
        ("account assets:cash\n", "hledger"),
        ('2024-01-31 * "Shop"\n  Assets:Cash  5 EUR\n', "beancount"),
        ("2024-01-31 open Assets:Cash EUR\n", "beancount"),
        ('option "title" "x"\n', "beancount"),
    ],
)
def test_the_format_is_seen_in_the_file(text: str, expected: str) -> None:
    assert format_of(text.encode()) == expected
    assert format_of(text.replace("\n", "\r\n").encode("utf-8-sig")) == expected


def test_quotes_that_are_never_closed_cost_no_more_than_reading_the_file() -> None:
    for text in ('\\"\n' * 4000, "2026-01-01 * " + '"\\' * 20_000, '"' * 20_001):
        started = time.process_time()
        assert beancount.read(text).errors
        assert time.process_time() - started < 20


SPACES = " " * 60_000


@pytest.mark.parametrize(
    "text",
    [
        f'2020-01-02 * "x"\n  Assets:B  1 ABC {{1 #{SPACES}!}}\n  Assets:C\n',
        f'2020-01-02 * "x"\n  Assets:B  1 ABC {{-{SPACES}!}}\n  Assets:C\n',
        f"2020-01-02 balance Assets:B  1.00 ~{SPACES}!\n",
    ],
)
def test_many_spaces_in_beancount_cost_no_more_than_reading_them(text: str) -> None:
    """Thousands of times as much as it takes is allowed: trying each division of the spaces would take more."""
    started = time.process_time()
    assert beancount.read(text).errors
    assert time.process_time() - started < 5


@pytest.mark.parametrize("amount", [f"-{SPACES[:2000]}(", f"-{SPACES[:2000]}a{SPACES[:2000]}("])
def test_many_spaces_in_hledger_cost_no_more_than_reading_them(amount: str) -> None:
    started = time.process_time()
    assert hledger.read(f"commodity {amount}\n2020-01-01 x\n  assets:a  {amount}\n  assets:b\n", None).errors
    assert time.process_time() - started < 5


@pytest.mark.parametrize("day", ["2020-01-99999999999999999999", "99999999999999999999-01-01", f"2020-{'9' * 5000}-01"])
def test_days_that_no_calendar_has_are_errors_with_their_line(day: str) -> None:
    found = beancount.read(f'{day} open Assets:B\n2020-01-02 * "x"\n  Assets:B  1 ABC {{1 USD, {day}}}\n  Assets:C\n')
    assert [error.line for error in found.errors] == [1, 3]
    assert all("is not a date" in error.reason for error in found.errors)
    assert [error.line for error in hledger.read(f"{day} x\n  assets:a  1 EUR\n  assets:b\n", ".").errors] == [1]
    assert hledger.read(f"Y {'9' * 5000}\n01-02 x\n  assets:a  1 EUR\n  assets:b\n", ".").errors[0].line == 2


def test_a_tolerance_without_its_currency_is_no_balance() -> None:
    assert [error.line for error in beancount.read("2020-01-02 balance Assets:B  1.00 ~ 12\n").errors] == [1]
    (found,) = beancount.read("2020-01-02 balance Assets:B  1.00 ~ 0.12 USD\n").assertions
    assert (found.amount, found.tolerance) == (Amount(Decimal("1.00"), "USD"), Decimal("0.12"))


@pytest.mark.parametrize(
    ("line", "amount", "rest"),
    [
        ("-0.40 EUR @ 1.1 USD", "0.440", ""),
        ("-1.00 EUR @ 0.00002 BTC", "0.0000200", ""),
        ("-10 EUR @ 1.04 USD", "0.40", "  Assets:Bank  10 USD\n"),
    ],
)
def test_an_open_line_takes_what_is_left_however_little(line: str, amount: str, rest: str) -> None:
    text = f'2020-02-01 * "x"\n  Assets:Cash  {line}\n{rest}  Expenses:Food\n'
    for found in (only(beancount.read(text)), only(hledger.read(text, "."))):
        assert amounts(found)[-1][:2] == ("Expenses:Food", amount)


def test_what_rounding_leaves_is_nothing_to_an_open_line() -> None:
    text = '2020-02-01 * "x"\n  Assets:Cash  -10 EUR @ 1.0833333 USD\n  Assets:Bank  10.83 USD\n  Expenses:Food\n'
    assert len(only(beancount.read(text)).postings) == 2

"""Dividends, interest and fees of holdings in a Beancount file: what its lines say, and that nothing of it is lost."""

import re
from pathlib import Path
from typing import Any

import pytest

from app.core.database import Database
from app.imports.plaintext import beancount
from app.imports.plaintext.trading import Trader
from tests.imports.uploads import commit, rows_of, undo
from tests.people import Person, expect
from tests.plaintext.programs import load_beancount
from tests.plaintext.test_lots_imports import upload as upload_text
from tests.plaintext.test_lots_in import BUYS, EXPONENTS, currency_of, story
from tests.plaintext.test_lots_out import held, incomes
from tests.plaintext.test_round_trip import exported, upload
from tests.plaintext.test_round_trip import story as book_of
from tests.portfolio.trading import depot, hold, trade

OPENED = """
2020-01-01 open Expenses:Taxes
2020-01-01 open Income:Dividends
2020-01-01 commodity BOND
2020-01-01 commodity EUR
"""
DIVIDEND = """
2020-06-01 * "Dividend"
  Assets:Broker:Cash  18.41 USD
    trade: "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"
    trade-kind: "dividend"
    trade-asset: "X"
  Income:Dividends  -27.00 USD
  Expenses:Taxes  6.59 USD
    memo: "Taxes"
  Expenses:Bank  2.00 USD
    memo: "Fees"
"""
REINVESTED = """
2020-06-01 * "Reinvested"
  Assets:Broker:X  0.25 X {{9.00 USD, "new"}}
    trade-kind: "reinvest"
    trade-fees: "1.00"
    trade-price: "40.00 EUR"
    trade-rate: "0.8"
  Income:Dividends  -10.00 USD
  Expenses:Taxes  1.00 USD
"""
FIELDS = ("amount", "taxes", "fees", "notes", "external_id")


def test_a_line_says_of_what_its_money_is() -> None:
    found = story(OPENED + BUYS + DIVIDEND)
    assert (found.errors, found.rests) == ([], [])
    assert found.told(*FIELDS)[2:] == [("dividend", "27.00", "6.59", "2.00", None, None)]
    deal = found.deals[-1]
    assert (str(deal.id), str(deal.money)) == ("01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6", "18.41")
    assert (deal.account, deal.commodity) == (("Assets:Broker:Cash", "USD"), "X")
    assert deal.categories == {
        "category_id": "Income:Dividends",
        "tax_category_id": "Expenses:Taxes",
        "fee_category_id": "Expenses:Bank",
    }


def test_it_can_be_written_by_hand() -> None:
    """Without the id of a trade its words are notes; without a memo an expense is the taxes."""
    told = DIVIDEND.replace('"Dividend"', '"Bank" "Quarter" #x #y').replace('    memo: "Taxes"\n', "")
    told = (
        told.replace('    trade: "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"\n', "")
        .replace('"X"', "BOND")
        .replace("18", "20")
    )
    told = told.replace('  Expenses:Bank  2.00 USD\n    memo: "Fees"\n', "")
    found = story(OPENED + told)
    assert found.errors == []
    assert found.told(*FIELDS) == [("dividend", "27.00", "6.59", None, "Bank | Quarter\n#x #y", None)]
    fee = '2020-06-01 * "Fee"\n  Assets:Broker:Cash  -3 USD\n    trade-kind: "fee"\n    trade-asset: "BOND"\n'
    found = story(f"{OPENED}{fee}  Expenses:Bank\n")
    assert (found.told("amount"), found.deals[0].categories) == ([("fee", "3.00")], {"category_id": "Expenses:Bank"})
    assert str(found.deals[0].money) == "-3.00"


@pytest.mark.parametrize(
    ("written", "instead", "reason"),
    [
        ('"dividend"', '"dividende"', "trade-kind: 'dividende' is none of dividend, interest, fee"),
        ('"dividend"', '"reinvest"', "trade-kind: 'reinvest' is none"),
        ('"dividend"', '""', "trade-kind: '' is none"),
        ('    trade-kind: "dividend"\n', "", "trade-kind: '' is none"),
        ('    trade-asset: "X"\n', "", "trade-asset: '' is no asset"),
        ('"X"', '"XY"', "trade-asset: 'XY' is no asset"),
        ('"X"', '"EUR"', "trade-asset: 'EUR' is no asset"),
        ("Assets:Broker:Cash  18.41", "Liabilities:Card  18.41", "account of assets"),
        ("Income:Dividends", "Expenses:Other", "the taxes of a trade of the kind dividend has the other sign"),
        ("Income:Dividends", "Assets:Bank", "no such line"),
        ('memo: "Taxes"', 'memo: "Tax"', "no such line"),
        ('memo: "Fees"', 'memo: "Taxes"', "its taxes in one line"),
        (
            "  Income:Dividends  -27.00",
            "  Income:Dividends  -20.00 USD\n  Income:Other  -7.00",
            "its amount in one line",
        ),
        ("-27.00 USD", "-30.00 USD\n  Expenses:Bank  3.00 USD", "its taxes in one line"),
        ("Expenses:Taxes  6.59", "Expenses:Taxes  -6.59", "does not balance"),
        ("18.41 USD", "31.59 USD", "does not balance"),
        ("18.41", "18.411", "does not balance"),
        ("-27.00 USD", "-24.00 EUR @@ 27.00 USD", "in the currency of the account"),
        ('"X"\n', '"X"\n    trade-category: "Income:Dividends"\n', "trade-category: not for this trade"),
        ('"X"\n', '"X"\n    trade-tax-category: "Expenses:Taxes"\n', "a line has said it"),
    ],
)
def test_what_does_not_fit_is_an_error_with_its_line(written: str, instead: str, reason: str) -> None:
    assert written in DIVIDEND
    found = story(OPENED + BUYS + DIVIDEND.replace(written, instead, 1))
    ((_, told),) = found.errors
    assert reason in told
    assert len(found.deals) == 2


@pytest.mark.parametrize(
    ("number", "lines", "reason"),
    [
        ("-1.00", "  Expenses:Taxes  1.00 USD\n", "no line says what the dividend was for"),
        ("-1.00", "  Income:Dividends  1.00 USD\n", "the amount of a trade of the kind dividend has the other sign"),
        ("1.00", "  Income:Dividends  -2.001 USD\n  Expenses:Taxes  1.001 USD\n", "decimals"),
        ("1000000000000000.00", "  Income:Dividends\n", "digits"),
        ("1.00", "  Income:Dividends  -1.00 USD\n  Expenses:Taxes  0.00 USD\n", "the taxes of a trade"),
        ("1.00", '  Income:Dividends\n    trade-kind: "fee"\n', "two lines say which trade it is"),
    ],
)
def test_lines_that_balance_and_do_not_fit_are_errors(number: str, lines: str, reason: str) -> None:
    own = f'  Assets:Broker:Cash  {number} USD\n    trade-kind: "dividend"\n    trade-asset: "BOND"\n'
    found = story(f'{OPENED}2020-06-01 * "x"\n{own}{lines}')
    assert (len(found.errors), found.deals) == (1, [])
    assert reason in found.errors[0][1]


def test_a_lot_says_that_a_dividend_bought_it() -> None:
    found = story(OPENED + BUYS + REINVESTED)
    assert (found.errors, found.rests) == ([], [])
    told = found.told("quantity", "amount", "taxes", "fees", "price", "currency", "rate", "notes")
    assert told[2:] == [("reinvest", "0.25", "10.00", "1.00", "1.00", "40.00", "EUR", "0.8", "Reinvested")]
    assert found.deals[-1].categories == {"category_id": "Income:Dividends", "tax_category_id": "Expenses:Taxes"}
    nothing = '2020-06-01 * "x"\n  Assets:Broker:Cash  1 X {{0 USD}}\n    trade-kind: "reinvest"\n'
    nothing += '    trade-category: "Income:Dividends"\n    trade-tax-category: "Expenses:Taxes"\n'
    found = story(OPENED + nothing)
    assert found.told("amount") == [("reinvest", "0.00")]
    assert found.deals[-1].categories == {"category_id": "Income:Dividends", "tax_category_id": "Expenses:Taxes"}


@pytest.mark.parametrize(
    ("written", "instead", "reason"),
    [
        ('"reinvest"', '"dividend"', "beside lots is 'reinvest'"),
        ("0.25 X {{9.00 USD", '-1 X {"second"}\n  Assets:Broker:X  0.25 X {{21.00 USD', "beside lots"),
        ("Income:Dividends  -10.00 USD", 'Assets:Bank  -10.00 USD\n    trade-kind: "reinvest"', "no such line"),
        ("9.00 USD", "9.005 USD", "9.00 USD are left to reinvest, and its lot cost 9.01"),
        ("9.00 USD", "9.02 USD", "does not balance"),
        ("Expenses:Taxes  1.00 USD", 'Expenses:Taxes  1.00 USD\n    memo: "Fees"', "no such line"),
        ('"1.00"', '"-1.00"', "trade-fees: '-1.00' is not a number without a sign"),
        ('"1.00"', '"NaN"', "trade-fees: 'NaN' is not a number"),
        ('"1.00"', '"1.001"', "decimals"),
        ('"1.00"', '"9.01"', "trade-fees: more than"),
        ('"40.00 EUR"', '"40.00"', "not an amount with a currency"),
        ('"40.00 EUR"', '"-40.00 EUR"', "trade-price"),
        ('"40.00 EUR"', '"40.00 FOO"', "FOO is no currency"),
        ('"40.00 EUR"', '"1000000000000000 EUR"', "trade-price"),
        ('"40.00 EUR"', '"40.00 EUR 2"', "trade-price"),
        ('"40.00 EUR"', '"40.00 USD"', "trade-rate: that of a price in another currency"),
        ('"0.8"', '"0"', "trade-rate"),
        ('"0.8"', '"0.1234567890123456789"', "trade-rate"),
        ('"0.8"\n', '"0.8"\n    trade-fee-category: "Expenses:Taxes"\n', "trade-fee-category: not for this trade"),
        ('"0.8"\n', '"0.8"\n    trade-category: "Income:Dividends"\n', "a line has said it"),
    ],
)
def test_what_does_not_fit_a_reinvested_dividend(written: str, instead: str, reason: str) -> None:
    assert written in REINVESTED
    found = story(OPENED + BUYS + REINVESTED.replace(written, instead, 1))
    ((_, told),) = found.errors
    assert reason in told
    assert len(found.deals) == 2


def test_what_is_left_beside_a_trade_of_the_file_has_not_its_words() -> None:
    """Taxes of a sale are against equity there; the notes and the external id are the sale's."""
    sale = (
        '2020-06-01 * "Sell"\n  id: "x"\n  notes: "Why"\n  external-id: "a  b"\n'
        '  Assets:Broker:X  -10 X {"second"}\n    trade: "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"\n'
        "  Assets:Broker:Cash  119.00 USD\n  Equity:Other  1.00 USD\n"
    )
    journal = beancount.read(OPENED + BUYS + sale)
    trader = Trader(journal, currency_of, EXPONENTS)
    *bought, sold = journal.transactions
    for transaction in bought:
        trader.settle(trader.deal(transaction))
    dealt = trader.deal(sold)
    assert dealt.rest is not None
    assert dealt.rest.meta == {"id": "x"}
    (deal,) = dealt.deals
    assert {name: deal.fields[name] for name in ("notes", "external_id")} == {"notes": "Why", "external_id": "a b"}


@pytest.mark.parametrize("category", ["Expenses:Nowhere", "Income:Dividends", ""])
def test_a_category_without_an_amount_is_one_that_is_opened(category: str) -> None:
    said = DIVIDEND.replace('  Expenses:Taxes  6.59 USD\n    memo: "Taxes"\n', "").replace("18.41", "25.00")
    said = said.replace('"X"\n', f'"X"\n    trade-tax-category: "{category}"\n')
    ((_, told),) = story(OPENED + BUYS + said).errors
    assert f"'{category}' is not opened as a category of expense" in told
    found = story(OPENED + BUYS + said.replace(f'category: "{category}"', 'category: "Expenses:Taxes"'))
    assert found.deals[-1].categories["tax_category_id"] == "Expenses:Taxes"


async def paying_depot(person: Person) -> None:
    """Something of each kind that pays or costs money, with all that can be said of it."""
    account = await depot(person, opening_balance="1000", opening_date="2024-01-01")
    names = {}
    for name, kind in (("Payouts", "income"), ("Source tax", "expense"), ("Custody", "expense")):
        names[name] = (await person.category(name, kind=kind))["id"]
    income = {"category_id": names["Payouts"], "tax_category_id": names["Source tax"]}
    whole = {**income, "fee_category_id": names["Custody"]}
    held_ = await hold(person, "ACME", account_id=account["id"])
    never = {"symbol": "EUR", "name": "Euro plc", "type": "stock", "currency": "USD"}
    never = expect(await person.http.post("/portfolio/assets", json=never), 201)
    other = {"account_id": account["id"], "asset_id": never["id"]}
    words = {"notes": 'Two\n"lines" of \\ it', "external_id": "broker-1"}
    await trade(person, "dividend", held_, "2024-02-01", amount="25.00", taxes="6.59", fees="0.50", **whole, **words)
    await trade(person, "dividend", held_, "2024-02-02", amount="25.00", taxes="6.59")
    await trade(person, "dividend", held_, "2024-02-03", amount="7", **whole, external_id="broker-2")
    await trade(person, "dividend", held_, "2024-02-04", amount="7.00", taxes="7.00", **income)
    await trade(person, "dividend", other, "2024-02-05", amount="1.00", fees="3.00", **whole)
    await trade(person, "interest", held_, "2024-02-06", amount="12.34", taxes="0.01", **income)
    await trade(person, "fee", held_, "2024-02-07", amount="3.21", category_id=names["Custody"], notes="Yearly")
    await trade(person, "fee", other, "2024-02-08", amount="3.21")
    await trade(person, "reinvest", held_, "2024-02-09", quantity="0.25", price="100.00", fees="0.30", taxes="1.11",
                **income, notes="Plan", external_id="broker-3")  # fmt: skip
    await trade(person, "reinvest", held_, "2024-02-10", quantity="0.5", price="10.00", currency="USD", rate="0.91",
                tax_category_id=names["Source tax"])  # fmt: skip
    await trade(person, "reinvest", held_, "2024-02-11", quantity="1", amount="0", **income)
    await trade(person, "deposit", held_, "2024-02-12", quantity="1", cost="9.00", notes="A gift", external_id="b-4")
    await trade(person, "buy", held_, "2024-02-13", quantity="1", amount="9.00", notes="A plan", external_id="b-5")


async def test_all_of_it_comes_back_as_it_was(
    kim: Person, robin: Person, owner_database: Database, tmp_path: Path
) -> None:
    await paying_depot(kim)
    mine = await incomes(kim)
    data = await exported(kim, "beancount")
    path = tmp_path / "book.beancount"
    path.write_bytes(data)
    load_beancount(path)
    assert (await upload(kim, data))["rows"]["duplicate"] == 15

    before = await words(robin)
    preview = await upload(robin, data)
    assert preview["warnings"] == []
    assert preview["rows"] == {"total": 15, "new": 15, "duplicate": 0, "suspect": 0, "error": 0}
    await commit(robin, preview)
    assert await incomes(robin) == mine
    assert len(mine) == 11
    assert await words(robin) == await words(kim)
    assert await held(robin) == await held(kim)
    ours, theirs = [await book_of(person, owner_database, "beancount") for person in (robin, kim)]
    for part in ("accounts", "transactions", "totals"):
        assert ours[part] == theirs[part]
    assert entries(await exported(robin, "beancount")) == entries(data)
    assert (await upload(robin, data))["rows"]["duplicate"] == 15
    await robin.check_integrity()
    await undo(robin, preview)
    assert await words(robin) == before == []
    await robin.check_integrity()


async def words(person: Person) -> list[tuple[str, Any, Any]]:
    trades = (await person.read("/portfolio/trades", limit=500, sort="date"))["items"]
    return [(row["kind"], row["notes"], row["external_id"]) for row in trades]


def entries(data: bytes) -> list[str]:
    """The parts of a file without their ids; those of a day may stand in another order."""
    return sorted(re.sub(r'"[0-9a-f]{8}-[0-9a-f-]{27}"', "id", data.decode()).split("\n\n"))


async def test_what_does_not_fit_is_a_row_and_the_rest_can_be_taken(kim: Person) -> None:
    wrong = DIVIDEND.replace("2020-06-01", "2020-06-02").replace('"X"', '"XY"')
    same = DIVIDEND.replace('"Dividend"\n', '"Dividend"\n  external-id: "same"\n').replace("ccda6", "ccda7")
    text = OPENED + BUYS + DIVIDEND + wrong + same + same.replace("ccda7", "ccda8")
    preview = await upload_text(kim, text)
    ((line, reason),) = [(row["line"], row["reason"]) for row in await rows_of(kim, preview, outcome="error")]
    assert (text.split("\n")[line - 1].split()[0], reason) == (
        "Assets:Broker:Cash", "trade-asset: 'XY' is no asset of the file or the book",
    )  # fmt: skip
    assert preview["rows"] == {"total": 6, "new": 4, "duplicate": 1, "suspect": 0, "error": 1}
    await commit(kim, preview)
    assert [row["external_id"] for row in await incomes(kim)] == [None, "same"]
    await kim.check_integrity()

"""Signs and codes beside numbers, against the currency of the account: nothing becomes another currency in silence."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from app.core.ids import new_id
from app.imports.broker_parsing import RatesWanted, parse
from app.imports.csv.currencies import fits, narrower
from app.imports.known_assets import KnownAsset
from app.imports.parsing import Parsed
from tests.brokers.files import depot, preview
from tests.brokers.test_reading import rows, task
from tests.imports.uploads import Document, commit, csv_of, of_interest
from tests.people import Person

HEADER = "Date,Action,Symbol,Quantity,Price,Fees,Amount"


def known(symbol: str, currency: str) -> KnownAsset:
    return KnownAsset(new_id(), symbol, symbol, "stock", currency, None, archived=False)


def parsed(*lines: str, currency: str = "EUR", assets: Sequence[KnownAsset] = (), **mapping: Any) -> Parsed:
    """The file as read for an account in the currency, with every rate at a half."""
    work = replace(task(csv_of(*lines), currency, **mapping), assets=assets)
    work = replace(work, currencies=work.currencies | {"CAD", "SEK", "JPY"})
    found = parse(work)
    while isinstance(found, RatesWanted):
        work = replace(work, rates={**work.rates, **dict.fromkeys(found.pairs, Decimal("0.5"))})
        found = parse(work)
    assert isinstance(found, Parsed), found
    return found


def only(*lines: str, **options: Any) -> Document:
    """What becomes of the one row."""
    (row,) = rows(parsed(*lines, **options))
    return row


def buy(price: str, amount: str, fees: str = "") -> str:
    return f'2026-02-13,Buy,VHT,10,"{price}","{fees}","{amount}"'


def test_signs_mean_what_they_may() -> None:
    for currency in ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN"):
        assert fits("$", currency)
    assert fits("£", "GBP")
    assert fits("£", "GIP")
    assert all(fits("kr", currency) for currency in ("SEK", "NOK", "DKK", "ISK"))
    assert all(fits("¥", currency) for currency in ("JPY", "CNY"))
    assert not fits("$", "EUR")
    assert not fits("CHF", "EUR")
    assert (narrower("$", "CAD"), narrower("GBP", "£"), narrower("$", "EUR")) == ("CAD", "GBP", None)


@pytest.mark.parametrize(
    ("row", "currency", "reason"),
    [
        (buy("$200.00", "-$2,000.00"), "EUR", "the amount is in $, the account in EUR"),
        (buy("200.00", "-$2,000.00"), "EUR", "the amount is in $, the account in EUR"),
        (buy("€200.00", "-€2,000.00"), "USD", "the amount is in EUR, the account in USD"),
        (buy("200.00", "-2,000.00 CHF"), "EUR", "the amount is in CHF, the account in EUR"),
        (buy("£200.00", "-£2,000.00"), "EUR", "the amount is in £, the account in EUR"),
        (buy("¥200.00", "-¥2,000.00"), "SEK", "the amount is in ¥, the account in SEK"),
        (buy("kr 200.00", "kr -2,000.00"), "EUR", "the amount is in kr, the account in EUR"),
        (buy("200.00", "-2,001.00", "$1.00"), "EUR", "the fees are in $, the account in EUR"),
        (buy("$200.00", "-1,850.00"), "EUR", "the price is in $, the account in EUR: a column has to say which "),
    ],
)
def test_an_amount_in_another_currency_is_an_error(row: str, currency: str, reason: str) -> None:
    found = only(HEADER, row, currency=currency)
    assert (found["trade"], found["amount"]) == ({}, None)
    assert found["reason"].startswith(reason)


@pytest.mark.parametrize(
    ("price", "amount", "currency"),
    [
        ("$200.00", "-$2,000.00", "USD"),
        ("$200.00", "-$2,000.00", "CAD"),
        ("US$200.00", "-US$2,000.00", "USD"),
        ("kr 200.00", "kr -2,000.00", "SEK"),
        ("£200.00", "-£2,000.00", "GBP"),
        ("200.00", "-2,000.00 EUR", "EUR"),
        ("€200.00", "-€2,000.00", "EUR"),
    ],
)
def test_a_sign_that_fits_the_account_is_in_its_currency(price: str, amount: str, currency: str) -> None:
    found = only(HEADER, buy(price, amount, "$0.00"), currency=currency)
    assert found["reason"] is None
    assert of_interest(found["trade"], "currency", "price", "amount") == (currency, "200.00", "2000.00")


def test_a_column_name_with_a_sign_counts_like_the_sign() -> None:
    header = "Date,Action,Symbol,Quantity,Price ($),Fees ($),Amount ($)"
    row = "2026-02-13,Buy,VHT,10,200.00,,-2000.00"
    assert only(header, row)["reason"] == "the amount is in $, the account in EUR"
    assert only(header, row, currency="USD")["amount"] == "-2000.00"


def test_a_price_in_another_currency_where_the_file_converts() -> None:
    """A code or a sign of one currency says which; `$` says it with the asset that the book has."""
    for price in ("US$200.00", "200.00 USD"):
        found = only(HEADER, buy(price, "-€1,850.00"))
        assert of_interest(found["trade"], "currency", "price", "amount") == ("USD", "200.00", "1850.00")
    assert only(HEADER, buy("£200.00", "-€2,300.00"))["trade"]["currency"] == "GBP"
    told = only(HEADER, buy("$200.00", "-€1,850.00"), assets=[known("VHT", "USD")])
    assert of_interest(told["trade"], "currency", "amount") == ("USD", "1850.00")
    assert only(HEADER, buy("$200.00", "-€1,850.00"), assets=[known("VHT", "EUR")])["reason"].startswith("the price is")


def test_what_a_column_says_is_converted() -> None:
    """The column of currencies says what the sign leaves open; where it says something else, the row is an error."""
    header = f"{HEADER},Currency"
    for sign in ("$", "US$"):
        found = only(header, f"{buy(f'{sign}200.00', f'-{sign}2,000.00')},USD", amount_in="price")
        assert of_interest(found["trade"], "currency", "amount") == ("USD", "1000.00")
    income = only(header, '2026-02-13,Dividend,VHT,,,,"$5.00",USD')
    assert income["amount"] == "2.50"
    (wrong,) = rows(parsed(header, f"{buy('€200.00', '-2,000.00')},USD", amount_in="price"))
    assert wrong["reason"] == "'€200.00' contradicts the currency beside it, USD."
    row = f"{buy('€200.00', '-€2,000.00')},1.10"
    rated = only(f"{HEADER},Exchange rate", row, currency="USD", rate_is="account_per_price")
    assert of_interest(rated["trade"], "currency", "amount") == ("EUR", "2200.00")


def test_money_without_an_asset() -> None:
    header = "Date,Action,Symbol,Quantity,Amount"
    assert only(header, "2026-02-13,Interest,,,£1.00", currency="USD")["reason"].startswith("the amount is in £")
    assert only(header, "2026-02-13,Interest,,,£1.00", currency="GBP")["amount"] == "1.00"
    # What is left out anyway is no error.
    assert rows(parsed(header, "2026-02-13,Sweep in,,,$1.00", "2026-02-13,Interest,,,€1.00"))[0]["amount"] == "1.00"


def test_an_asset_in_another_currency_is_told() -> None:
    header, row = HEADER, buy("$200.00", "-$2,000.00")
    (warning,) = parsed(header, row, currency="USD", assets=[known("VHT", "EUR")]).warnings
    assert warning["code"] == "asset_currency_differs"
    assert warning["detail"] == "'VHT' is in EUR in the book, its price here in $. See that these are the right assets."
    assert parsed(header, row, currency="USD", assets=[known("VHT", "USD")]).warnings == []
    many = [row.replace("VHT", f"A{number}") for number in range(7)]
    (warning,) = parsed(header, *many, currency="USD", assets=[known(f"A{n}", "EUR") for n in range(7)]).warnings
    assert "; and 2 more" in warning["detail"]
    # With an ISIN that is not the asset's, nothing is known of it but the error.
    other = known("VHT", "EUR")._replace(isin="IE00BK5BQT80")
    work = [f"{HEADER},ISIN", f"{row},US92204A5048"]
    found = parsed(*work, currency="USD", assets=[other])
    assert "has the ISIN" in rows(found)[0]["reason"]
    assert found.warnings == []


async def test_dollars_into_an_account_in_euros(kim: Person) -> None:
    """Nothing of it becomes euros, and no asset is made."""
    account, dollars = await depot(kim), await depot(kim, "Dollars", currency="USD")
    data = csv_of(HEADER, '02/13/2026,Buy,VHT,10,"$200.00",,"-$2,000.00"')
    found = await preview(kim, account, data)
    assert found["assets"] == []
    assert of_interest(found["sample"][0], "outcome", "line", "column", "reason") == (
        "error", 2, "Amount", "the amount is in $, the account in EUR",
    )  # fmt: skip
    assert (await commit(kim, found))["created"] == 0
    await commit(kim, await preview(kim, dollars, data))
    assert [await kim.balance(each) for each in (account, dollars)] == ["0.00", "-2000.00"]
    await kim.check_integrity()

"""Every rule a transaction must keep; a request that breaks one changes nothing."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI

from tests.conftest import Unchanged, fresh_email
from tests.people import Person, expect, fields, problem, register

UNKNOWN = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"


@pytest.fixture
async def ids(kim: Person) -> dict[str, str]:
    rows = {
        "euros": await kim.account(),
        "savings": await kim.account("Savings"),
        "yen": await kim.account("Yen", currency="JPY"),
        "food": await kim.category(),
        "salary": await kim.category("Pay", kind="income"),
    }
    return {name: row["id"] for name, row in rows.items()}


WRONG: list[tuple[str, dict[str, Any], set[str]]] = [
    ("zero", {"amount": "0"}, {"amount"}),
    ("zero with decimals", {"amount": "0.00"}, {"amount"}),
    ("negative", {"amount": "-1"}, {"amount"}),
    ("huge", {"amount": "1000000000000000"}, {"amount"}),
    ("too fine for any currency", {"amount": "1.0000000000000000001"}, {"amount"}),
    ("too fine for the euro", {"amount": "1.001"}, {"amount"}),
    ("too fine for the yen", {"amount": "1.5", "account_id": "yen"}, {"amount"}),
    ("not a number", {"amount": "NaN"}, {"amount"}),
    ("infinite", {"amount": "Infinity"}, {"amount"}),
    ("with an exponent", {"amount": "1e2"}, {"amount"}),
    ("with a sign", {"amount": "+1"}, {"amount"}),
    ("with a comma", {"amount": "1,50"}, {"amount"}),
    ("grouped", {"amount": "1_000"}, {"amount"}),
    ("with blanks", {"amount": " 1"}, {"amount"}),
    ("in other digits", {"amount": "\uff11\uff12"}, {"amount"}),
    ("boolean", {"amount": True}, {"amount"}),
    ("null", {"amount": None}, {"amount"}),
    ("a list", {"amount": ["1"]}, {"amount"}),
    ("a day that is not", {"date": "2026-02-29"}, {"date"}),
    ("a day in another order", {"date": "29/01/2026"}, {"date"}),
    ("a basic date", {"date": "20260129"}, {"date"}),
    ("an instant", {"date": "2026-01-29T10:00:00Z"}, {"date"}),
    ("a number for a day", {"date": 20260129}, {"date"}),
    ("before all time", {"date": "1899-12-31"}, {"date"}),
    ("the far future", {"date": "9998-12-31"}, {"date"}),
    ("beyond all time", {"date": "9999-12-31"}, {"date"}),
    ("income category on an expense", {"category_id": "salary"}, {"category_id"}),
    ("category and splits", {"category_id": "food", "splits": [{"amount": "10"}]}, {"body"}),
    ("splits that do not sum", {"splits": [{"amount": "4"}, {"amount": "5.99"}]}, {"splits"}),
    ("no splits", {"splits": []}, {"splits"}),
    ("a zero part", {"splits": [{"amount": "0"}, {"amount": "10"}]}, {"splits.0.amount"}),
    ("too fine a part", {"splits": [{"amount": "0.001"}, {"amount": "9.999"}]}, {"splits.0.amount", "splits.1.amount"}),
    ("income part", {"splits": [{"amount": "10", "category_id": "salary"}]}, {"splits.0.category_id"}),
    ("unknown field in a part", {"splits": [{"amount": "10", "note": "x"}]}, {"splits.0.note"}),
    ("too many parts", {"amount": "201", "splits": [{"amount": "1"}] * 201}, {"splits"}),
    ("too many tags", {"tags": [str(number) for number in range(51)]}, {"tags"}),
    ("an empty tag", {"tags": ["a", " "]}, {"tags.1"}),
    ("an empty payee", {"payee": "\t"}, {"payee"}),
    ("a long payee", {"payee": "x" * 201}, {"payee"}),
    ("an empty external id", {"external_id": " "}, {"external_id"}),
    ("a status of its own", {"status": "lost"}, {"status"}),
    ("original without a currency", {"original_amount": "1"}, {"body"}),
    ("original in an unknown currency", {"original_amount": "1", "original_currency": "ZZZ"}, {"original_currency"}),
    ("original too fine", {"original_amount": "1.5", "original_currency": "JPY"}, {"original_amount"}),
    ("an unknown field", {"acount_id": "x"}, {"acount_id"}),
    ("no type", {"type": None}, {"type"}),
    ("another type", {"type": "gift"}, {"type"}),
    ("an account that is no id", {"account_id": "cash"}, {"account_id"}),
    ("transfer without target", {"type": "transfer"}, {"to_account_id"}),
    ("transfer to itself", {"type": "transfer", "to_account_id": "euros"}, {"body"}),
    (
        "transfer with a category",
        {"type": "transfer", "to_account_id": "savings", "category_id": "food"},
        {"category_id"},
    ),
    ("transfer that loses", {"type": "transfer", "to_account_id": "savings", "to_amount": "9"}, {"to_amount"}),
    ("exchange without a rate", {"type": "transfer", "to_account_id": "yen"}, {"to_amount"}),
    ("exchange too fine", {"type": "transfer", "to_account_id": "yen", "to_amount": "1.5"}, {"to_amount"}),
    ("fee too fine", {"type": "transfer", "to_account_id": "savings", "fee_amount": "0.001"}, {"fee_amount"}),
    ("fee category alone", {"type": "transfer", "to_account_id": "savings", "fee_category_id": "food"}, {"body"}),
    (
        "fee on income",
        {"type": "transfer", "to_account_id": "savings", "fee_amount": "1", "fee_category_id": "salary"},
        {"fee_category_id"},
    ),
    (
        "several at once",
        {"amount": "0", "date": "x", "status": "lost", "tags": "a"},
        {"amount", "date", "status", "tags"},
    ),
    (
        "several rules at once",
        {"amount": "1.001", "date": "9998-01-01", "category_id": "salary"},
        {"amount", "date", "category_id"},
    ),
]


def filled(body: Any, ids: dict[str, str]) -> Any:
    """The example with names replaced by the ids they stand for."""
    if isinstance(body, dict):
        return {key: filled(value, ids) for key, value in body.items()}
    if isinstance(body, list):
        return [filled(value, ids) for value in body]
    return ids.get(body, body) if isinstance(body, str) else body


@pytest.mark.parametrize(("body", "named"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
async def test_returns_422_and_names_every_wrong_field(
    kim: Person, ids: dict[str, str], unchanged: Unchanged, body: dict[str, Any], named: set[str]
) -> None:
    async with unchanged(kim):
        answer = await kim.try_add(**{"account_id": ids["euros"], **filled(body, ids)})
    assert {field for field, _ in fields(problem(answer, 422, "invalid_input"))} == named


async def test_the_future_begins_where_the_person_lives(app: FastAPI) -> None:
    east = await register(app, fresh_email(), time_zone="Pacific/Kiritimati")
    west = await register(app, fresh_email(), time_zone="Etc/GMT+12")
    today = datetime.now(ZoneInfo("Pacific/Kiritimati")).date()
    eastern, western = await east.account(), await west.account()
    assert (await east.add(account_id=eastern["id"], date=str(today)))["date"] == str(today)
    answer = await west.try_add(account_id=western["id"], date=str(today))
    assert fields(problem(answer, 422, "invalid_input")) == {("date", "date_in_future")}
    answer = await east.try_add(account_id=eastern["id"], date=str(today + timedelta(days=2)))
    assert fields(problem(answer, 422, "invalid_input")) == {("date", "date_in_future")}
    expect(await west.http.patch("/users/me", json={"time_zone": "Pacific/Kiritimati"}), 200)
    await west.add(account_id=western["id"], date=str(today))
    for person in (east, west):
        await person.check_integrity()
        await person.http.aclose()


async def test_returns_404_and_names_every_reference_that_is_not_there(
    kim: Person, robin: Person, ids: dict[str, str], unchanged: Unchanged
) -> None:
    account, category = await robin.account(), await robin.category()
    async with unchanged(kim), unchanged(robin):
        for other_account, other_category in ((UNKNOWN, UNKNOWN), (account["id"], category["id"])):
            answer = await kim.try_add(account_id=other_account, category_id=other_category)
            found = fields(problem(answer, 404, "reference_not_found"))
            assert found == {("account_id", "account_not_found"), ("category_id", "category_not_found")}
            parts = [{"amount": "10", "category_id": other_category}]
            found = fields(
                problem(await kim.try_add(account_id=ids["euros"], splits=parts), 404, "reference_not_found")
            )
            assert found == {("splits.0.category_id", "category_not_found")}
            body = {"to_account_id": other_account, "fee_amount": "1", "fee_category_id": other_category}
            answer = await kim.try_add(type="transfer", account_id=ids["euros"], **body)
            found = fields(problem(answer, 404, "reference_not_found"))
            assert found == {("to_account_id", "account_not_found"), ("fee_category_id", "category_not_found")}


async def test_only_an_equal_external_id_on_the_same_account_is_refused(
    kim: Person, ids: dict[str, str], unchanged: Unchanged
) -> None:
    first = await kim.add(account_id=ids["euros"], external_id="bank-1")
    other = await kim.add(account_id=ids["savings"], external_id="bank-1")
    async with unchanged(kim):
        answer = await kim.try_add(account_id=ids["euros"], external_id=" bank-1 ", payee="New", tags=["new"])
        problem(answer, 409, "duplicate_external_id")
        answer = await kim.http.patch(f"/transactions/{other['id']}", json={"account_id": ids["euros"]})
        problem(answer, 409, "duplicate_external_id")
    expect(await kim.http.delete(f"/transactions/{first['id']}"), 204)
    await kim.add(account_id=ids["euros"], external_id="bank-1")


async def test_a_client_may_bring_the_id_once(
    kim: Person, robin: Person, ids: dict[str, str], unchanged: Unchanged
) -> None:
    assert (await kim.add(account_id=ids["euros"], id=UNKNOWN))["id"] == UNKNOWN
    async with unchanged(kim):
        parts = [{"amount": "1"}, {"amount": "9"}]
        answer = await kim.try_add(account_id=ids["euros"], id=UNKNOWN, splits=parts, payee="New")
        problem(answer, 409, "id_taken")
    account = await robin.account()
    assert (await robin.add(account_id=account["id"], id=UNKNOWN))["id"] == UNKNOWN


async def test_the_largest_and_the_finest_amounts_are_exact(kim: Person) -> None:
    account, coins = await kim.account(), await kim.account("Coins", currency="BTC")
    for _ in range(3):
        await kim.add(account_id=account["id"], amount="999999999999999.99")
        await kim.add(account_id=coins["id"], amount="0.00000001")
    assert await kim.balance(account) == "-2999999999999999.97"
    assert await kim.balance(coins) == "-0.00000003"


async def test_what_nobody_sees_is_dropped_from_texts(kim: Person, ids: dict[str, str]) -> None:
    made = await kim.add(
        account_id=ids["euros"], payee="A\x00B", description="a\x07\nb", notes="one\x00\ntwo\x1b", tags=["t\x00ag"]
    )
    assert (made["payee"], made["description"], made["notes"], made["tags"]) == ("AB", "a b", "one\ntwo", ["tag"])
    assert await kim.read(f"/transactions/{made['id']}") == made

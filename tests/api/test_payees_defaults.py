from typing import Any

import pytest

from app.core.database import Database
from tests.conftest import Unchanged
from tests.names import UNKNOWN, logged, payee, revision
from tests.people import Person, expect, fields, problem


@pytest.fixture
async def food(kim: Person) -> dict[str, Any]:
    return await kim.category()


async def test_a_new_transaction_that_says_nothing_gets_its_payees_category(
    kim: Person, food: dict[str, Any], owner_database: Database
) -> None:
    account = await kim.account()
    await payee(kim, "Bakery", aliases=["BKRY"], default_category_id=food["id"])
    start = await revision(kim)
    for name in ("bakery", "bkry"):
        made = await kim.add(account_id=account["id"], payee=name)
        assert (made["category_id"], made["payee"]) == (food["id"], "Bakery")
        assert made["postings"][0]["category_id"] == food["id"]
        read = await kim.read(f"/transactions/{made['id']}")
        assert read["category_id"] == food["id"]
    events = [event for event in await logged(owner_database, kim, start) if event.entity == "transaction"]
    assert [event.after["category_id"] for event in events] == [food["id"]] * 2
    report = await kim.read("/reports/monthly", year=2026, month=1)
    assert report["total_expenses"] == "20.00"


async def test_what_was_said_stays(kim: Person, food: dict[str, Any]) -> None:
    account, other = await kim.account(), await kim.category("Other")
    await payee(kim, "Bakery", default_category_id=food["id"])
    said = {"account_id": account["id"], "payee": "Bakery"}
    assert (await kim.add(**said, category_id=None))["category_id"] is None
    assert (await kim.add(**said, category_id=other["id"]))["category_id"] == other["id"]
    split = await kim.add(**said, splits=[{"amount": "4"}, {"amount": "6", "category_id": other["id"]}])
    assert [part["category_id"] for part in split["splits"]] == [None, other["id"]]


async def test_only_a_default_of_the_transactions_kind_is_taken(kim: Person, food: dict[str, Any]) -> None:
    account, savings = await kim.account(), await kim.account("Savings")
    wages = await kim.category("Wages", kind="income")
    await payee(kim, "Bakery", default_category_id=food["id"])
    await payee(kim, "Work", default_category_id=wages["id"])
    for kind, name, expected in (
        ("expense", "Work", None),
        ("income", "Bakery", None),
        ("income", "Work", wages["id"]),
        ("expense", "Bakery", food["id"]),
        ("expense", "Nobody", None),
    ):
        made = await kim.add(account_id=account["id"], type=kind, payee=name)
        assert made["category_id"] == expected, (kind, name)
    moved = await kim.add(account_id=account["id"], type="transfer", to_account_id=savings["id"], payee="Bakery")
    assert moved["category_id"] is None


async def test_the_category_of_a_refund_is_not_guessed(kim: Person) -> None:
    account, wages = await kim.account(), await kim.category("Wages", kind="income")
    await payee(kim, "Work", default_category_id=wages["id"])
    bought = await kim.add(account_id=account["id"], payee="Work")
    back = await kim.add(account_id=account["id"], type="income", payee="Work", refund_of_id=bought["id"])
    assert back["category_id"] is None


async def test_a_change_never_brings_the_default_in(kim: Person, food: dict[str, Any]) -> None:
    account = await kim.account()
    made = await kim.add(account_id=account["id"])
    await payee(kim, "Bakery", default_category_id=food["id"])
    path = f"/transactions/{made['id']}"
    assert expect(await kim.http.patch(path, json={"payee": "Bakery"}), 200)["category_id"] is None
    body = {"type": "expense", "date": "2026-01-15", "amount": "1", "account_id": account["id"], "payee": "Bakery"}
    assert expect(await kim.http.put(path, json=body), 200)["category_id"] is None


async def test_an_archived_default_stays_and_is_not_applied(
    kim: Person, food: dict[str, Any], unchanged: Unchanged
) -> None:
    account = await kim.account()
    bakery = await payee(kim, "Bakery", default_category_id=food["id"])
    expect(await kim.http.patch(f"/categories/{food['id']}", json={"archived": True}), 200)
    assert (await kim.add(account_id=account["id"], payee="Bakery"))["category_id"] is None
    kept = expect(await kim.http.patch(f"/payees/{bakery['id']}", json={"aliases": ["BKRY"]}), 200)
    assert kept["default_category_id"] == food["id"]
    async with unchanged(kim):
        body = {"name": "New", "default_category_id": food["id"]}
        answer = problem(await kim.http.post("/payees", json=body), 409, "archived")
        assert fields(answer) == {("default_category_id", "category_archived")}
    cleared = expect(await kim.http.patch(f"/payees/{bakery['id']}", json={"default_category_id": None}), 200)
    assert cleared["default_category_id"] is None


async def test_returns_404_for_a_default_that_is_not_there(kim: Person, robin: Person, unchanged: Unchanged) -> None:
    foreign, known = await robin.category(), await payee(kim, "Shop")
    async with unchanged(kim):
        for missing in (UNKNOWN, foreign["id"]):
            for answer in (
                await kim.http.post("/payees", json={"name": "New", "default_category_id": missing}),
                await kim.http.patch(f"/payees/{known['id']}", json={"default_category_id": missing}),
            ):
                body = problem(answer, 404, "reference_not_found")
                assert fields(body) == {("default_category_id", "category_not_found")}


@pytest.mark.parametrize("with_heir", [True, False])
async def test_a_deleted_category_leaves_its_payees_to_the_heir_or_none(
    kim: Person, food: dict[str, Any], owner_database: Database, with_heir: bool
) -> None:
    heir = await kim.category("Heir")
    made = [await payee(kim, name, default_category_id=food["id"]) for name in ("Bakery", "Butcher")]
    other = await payee(kim, "Other", default_category_id=heir["id"])
    start = await revision(kim)
    params = {"reassign_to": heir["id"]} if with_heir else {}
    expect(await kim.http.delete(f"/categories/{food['id']}", params=params), 204)
    becomes = heir["id"] if with_heir else None
    for before in made:
        read = await kim.read(f"/payees/{before['id']}")
        assert read["default_category_id"] == becomes
        assert (read["revision"], read["updated_at"] > before["updated_at"]) == (start + 1, True)
    assert await kim.read(f"/payees/{other['id']}") == other
    events = await logged(owner_database, kim, start)
    assert [(event.entity, event.action, event.before, event.after) for event in events[:-1]] == [
        (
            "payee",
            "updated",
            {"name": name, "default_category_id": food["id"]},
            {"name": name, "default_category_id": becomes},
        )
        for name in ("Bakery", "Butcher")
    ]
    assert (events[-1].entity, events[-1].action) == ("category", "deleted")
    assert [event.position for event in events] == [0, 1, 2]

"""Learned categories: suggested over HTTP, shown in previews, and applied only where the book says so."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from app.suggestions.learning import Example, Model
from tests.conftest import Unchanged
from tests.households.sharing import join
from tests.imports.uploads import commit, rows_of, statement, upload
from tests.people import Person, expect, fields, problem
from tests.rules.making import category, rule, says

UNKNOWN = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"


async def taught(person: Person) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """An account, and two categories of which the book has seen some."""
    account, food, fuel = await person.account(), await person.category(), await person.category("Petrol")
    operations = [
        {
            "op": "create",
            "transaction": {
                "type": "expense",
                "date": f"2026-01-{n:02d}",
                "amount": amount,
                "account_id": account["id"],
                "category_id": found["id"],
                "payee": payee,
                "description": f"Receipt {n}",
            },
        }
        for n in range(1, 9)
        for found, payee, amount in ((food, "Green Market", "20"), (fuel, "Shell Station", "60"))
    ]
    expect(await person.http.post("/transactions/bulk", json={"operations": operations}), 200)
    return account, food, fuel


async def suggested(person: Person, **params: str) -> dict[str, Any]:
    found: dict[str, Any] = await person.read("/suggestions/category", **params)
    return found


async def test_the_books_own_past_says_what_is_likely(kim: Person, robin: Person) -> None:
    account, food, fuel = await taught(kim)
    found = await suggested(kim, payee="GREEN MARKET 0815", amount="18.20", account_id=account["id"])
    assert (found["category_id"], found["learned_from"]) == (food["id"], 16)
    assert Decimal(str(found["confidence"])) > 90
    assert [item["category_id"] for item in found["alternatives"]] == [fuel["id"]]
    assert (await suggested(kim, description="shell"))["category_id"] == fuel["id"]
    nothing: dict[str, Any] = {"category_id": None, "confidence": "0.00", "alternatives": []}
    assert nothing.items() <= (await suggested(kim, payee="Nobody")).items()
    assert nothing.items() <= (await suggested(kim)).items()
    assert (await suggested(robin, payee="Green Market"))["learned_from"] == 0
    expect(await kim.http.patch(f"/categories/{food['id']}", json={"archived": True}), 200)
    assert (await suggested(kim, payee="Green Market"))["category_id"] == fuel["id"]


async def test_returns_an_error_for_what_cannot_be_asked(kim: Person, robin: Person) -> None:
    foreign = await robin.account()
    for account_id in (UNKNOWN, foreign["id"]):
        answer = await kim.get("/suggestions/category", account_id=account_id)
        assert fields(answer.json()) == {("query.account_id", "account_not_found")}
        assert answer.status_code == 404
    for params in ({"amount": "-1"}, {"type": "transfer"}, {"payee": "a\x00"}, {"payee": "x" * 201}):
        problem(await kim.get("/suggestions/category", **params), 422, "invalid_input")


async def test_nothing_is_applied_unasked_until_the_book_says_so(kim: Person, unchanged: Unchanged) -> None:
    account, food, fuel = await taught(kim)
    path = "/suggestions/settings"
    assert await kim.read(path) == {"auto_categorise": False, "minimum_confidence": "90", "revision": 0}
    assert (await kim.add(account_id=account["id"], payee="Green Market"))["category_id"] is None
    async with unchanged(kim):
        for wrong in ({}, {"auto_categorise": 1}, {"auto_categorise": True, "minimum_confidence": "49"}):
            problem(await kim.http.put(path, json=wrong), 422, "invalid_input")
        body = {"auto_categorise": True, "minimum_confidence": "80"}
        problem(await kim.http.put(path, json=body, headers={"If-Match": '"7"'}), 412, "revision_mismatch")
    chosen = expect(await kim.http.put(path, json=body), 200)
    assert {**chosen, "revision": 0} == {**body, "revision": 0}
    made = await kim.add(account_id=account["id"], payee="Green Market")
    assert (made["category_id"], [w["code"] for w in made["warnings"]]) == (food["id"], ["category_learned"])
    assert (await kim.add(account_id=account["id"], payee="Green Market", category_id=None))["category_id"] is None
    assert (await kim.add(account_id=account["id"], payee="Nobody"))["category_id"] is None
    # A payee's default and a rule know better than what was learned.
    rows = (await kim.read("/payees", q="Shell"))["items"]
    expect(await kim.http.patch(f"/payees/{rows[0]['id']}", json={"default_category_id": food["id"]}), 200)
    assert (await kim.add(account_id=account["id"], payee="Shell Station"))["category_id"] == food["id"]
    await rule(kim, category(fuel), when=says("payee", "contains", "market"))
    assert (await kim.add(account_id=account["id"], payee="Green Market"))["category_id"] == fuel["id"]
    off = expect(await kim.http.put(path, json={"auto_categorise": False}), 200)
    assert off["minimum_confidence"] == "90"
    undone = await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": off["revision"]})
    expect(undone, 200)
    assert (await kim.read(path))["minimum_confidence"] == "80"
    await kim.check_integrity()


async def test_a_preview_shows_what_is_likely_and_takes_it_where_the_book_says_so(kim: Person) -> None:
    account, food, fuel = await taught(kim)
    known = ("2026-01-10,GREEN MARKET 4711,,-21.00", "2026-01-12,Shell Station,,-61.00")
    data = statement(known[0], "2026-01-11,Nobody,,-1.00", known[1])
    preview = await upload(kim, account, data)
    first, second, third = await rows_of(kim, preview)
    assert first["suggestion"] == {**first["suggestion"], "category_id": food["id"], "applied": False}
    assert (first["category_id"], second["suggestion"]) == (None, None)
    assert preview["sample"][2]["suggestion"]["category_id"] == fuel["id"] == third["suggestion"]["category_id"]
    payee = (await kim.read("/payees", q="Shell"))["items"][0]
    expect(await kim.http.patch(f"/payees/{payee['id']}", json={"default_category_id": food["id"]}), 200)
    expect(await kim.http.put("/suggestions/settings", json={"auto_categorise": True, "minimum_confidence": "80"}), 200)
    again = await upload(kim, account, data)
    first, _, third = await rows_of(kim, again)
    assert (first["category_id"], first["suggestion"]["applied"]) == (food["id"], True)
    assert third["category_id"] is None
    await commit(kim, again)
    made = {t["payee"]: t["category_id"] for t in (await kim.read("/transactions", date_from="2026-01-09"))["items"]}
    assert (made["GREEN MARKET 4711"], made["Nobody"]) == (food["id"], None)
    assert [row["suggestion"] is None for row in await rows_of(kim, again)] == [False, True, True]
    await kim.check_integrity()


async def test_what_is_private_teaches_those_who_see_it(kim: Person, robin: Person) -> None:
    own, secret = await kim.account("Own", visibility="private"), await kim.category("Gifts now")
    for day in range(1, 5):
        await kim.add(account_id=own["id"], payee="Jeweller", category_id=secret["id"], date=f"2026-01-0{day}")
    await join(kim, robin)
    robin.http.headers["X-Book-Id"] = kim.book_id
    assert (await suggested(kim, payee="Jeweller"))["category_id"] == secret["id"]
    assert (await suggested(robin, payee="Jeweller"))["category_id"] is None


@pytest.mark.parametrize("payee", ["", "x" * 10_000, "\u0301\u0301", "🙂", "12345"])
def test_odd_texts_are_learned_and_asked_about(payee: str) -> None:
    model, food = Model(), uuid4()
    model.learn(Example("expense", payee, None, Decimal("1e14")), food)
    found = model.guess(Example("expense", payee), {food: "expense"})
    assert all(guess.category_id == food for guess in found)
    assert model.guess(Example("expense", payee), {food: "income"}) == []

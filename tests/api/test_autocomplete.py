"""Completing names while somebody types."""

from typing import Any

import pytest

from tests.people import Person, expect, fields, problem


async def names(person: Person, path: str, q: str | None = None, **params: Any) -> list[str]:
    page = await person.read(f"/{path}/autocomplete", **({} if q is None else {"q": q}), **params)
    assert set(page) == {"items"}
    return [item["name"] for item in page["items"]]


async def test_payees_that_begin_so_come_first_and_the_last_used_before_others(kim: Person) -> None:
    account = await kim.account()
    for payee, date in (
        ("Café Alt", "2026-01-01"),
        ("cafeteria", "2026-01-03"),
        ("The Corner CAFÉ", "2026-01-09"),
        ("Kaffee & Café", "2026-01-05"),
        ("Decafe", "2026-01-10"),
        ("Café Alt", "2026-01-02"),
        ("Bakery", "2026-01-11"),
    ):
        await kim.add(account_id=account["id"], payee=payee, date=date)
    every = ["cafeteria", "Café Alt", "The Corner CAFÉ", "Kaffee & Café", "Decafe"]
    for q in ("caf", "CAF", "Caf\u00e9"[:3], " cafe "):
        assert await names(kim, "payees", q) == every, q
    assert await names(kim, "payees", "Café") == every
    assert await names(kim, "payees", "caf", limit=2) == every[:2]
    assert await names(kim, "payees", "corner caf") == ["The Corner CAFÉ"]
    assert await names(kim, "payees", "zzz") == []
    assert await names(kim, "payees", "%") == []
    assert await names(kim, "payees", "🍕") == []
    assert await names(kim, "payees", limit=3) == ["Bakery", "Decafe", "The Corner CAFÉ"]
    assert await names(kim, "payees", "") == await names(kim, "payees")


async def test_a_payee_tells_what_it_was_for(kim: Person) -> None:
    account, food, fun = await kim.account(), await kim.category("Feeding"), await kim.category("Fun")
    on = {"account_id": account["id"], "payee": "Shop"}
    await kim.add(**on, date="2026-01-02", category_id=food["id"])
    await kim.add(**on, date="2026-01-01", category_id=fun["id"])
    (item,) = (await kim.read("/payees/autocomplete", q="s"))["items"]
    payee = {"id": item["id"], "name": "Shop", "alias": None, "default_category_id": None}
    assert item == {**payee, "last_category_id": food["id"], "last_used": "2026-01-02"}
    split = [{"amount": "4"}, {"amount": "6", "category_id": fun["id"]}]
    newest = await kim.add(**on, date="2026-01-03", splits=split)
    (item,) = (await kim.read("/payees/autocomplete", q="s"))["items"]
    assert item == {**payee, "last_category_id": fun["id"], "last_used": "2026-01-03"}
    for page in (await kim.read("/transactions"))["items"]:
        expect(await kim.http.delete(f"/transactions/{page['id']}"), 204)
    assert newest["payee_id"] == item["id"]
    (item,) = (await kim.read("/payees/autocomplete", q="s"))["items"]
    assert item == {**payee, "last_category_id": None, "last_used": None}


async def test_a_payee_is_found_by_its_other_names_and_shown_once(kim: Person) -> None:
    account = await kim.account()
    for name, aliases in {
        "Metropolis": ["Kino Mitte", "KINO am Platz"],
        "Kinokasse": ["Kino-Kasse GmbH"],
        "Bäckerei": ["Café Kinski"],
        "Garage": ["Autokino"],
    }.items():
        expect(await kim.http.post("/payees", json={"name": name, "aliases": aliases}), 201)
    await kim.add(account_id=account["id"], payee="kino mitte", date="2026-01-02")

    async def found(q: str, **params: Any) -> list[tuple[str, str | None]]:
        items = (await kim.read("/payees/autocomplete", q=q, **params))["items"]
        return [(item["name"], item["alias"]) for item in items]

    # Beginning so, whether it is the name or another one, and the last used first; then of a word; then anywhere.
    every = [("Metropolis", "KINO am Platz"), ("Kinokasse", None), ("Garage", "Autokino")]
    assert await found("KINO") == every
    assert await found("kino", limit=1) == every[:1]
    assert await found("kino m") == [("Metropolis", "Kino Mitte")]
    assert await found("kinokasse") == [("Kinokasse", None)]
    assert await found("kins") == [("Bäckerei", "Café Kinski")]
    assert await found("metro") == [("Metropolis", None)]
    assert ("Garage", None) in await found("")
    (item,) = (await kim.read("/payees", q="autokino"))["items"]
    expect(await kim.http.patch(f"/payees/{item['id']}", json={"aliases": []}), 200)
    assert await found("autok") == []


async def test_of_many_payees_the_one_used_of_late_is_among_the_first(kim: Person) -> None:
    account = await kim.account()
    rows = "".join(f"2025-01-01,-1.00,Shop {n:04d}\n" for n in range(450))
    file = {"file": ("bank.csv", f"Date,Amount,Payee\n{rows}".encode(), "text/csv")}
    preview = expect(await kim.http.post("/imports", files=file, data={"account_id": account["id"]}), 201)
    expect(await kim.http.post(f"/imports/{preview['id']}/commit"), 200)
    await kim.add(account_id=account["id"], payee="Shop 0444", date="2026-01-01")
    found = await names(kim, "payees", "shop")
    assert (found[0], len(found), len(set(found))) == ("Shop 0444", 10, 10)
    assert await names(kim, "payees", "shop 0001") == ["Shop 0001"]
    assert await names(kim, "payees", "0449") == ["Shop 0449"]
    assert await names(kim, "payees", "449") == ["Shop 0449"]


async def test_tags_are_completed_by_their_place(kim: Person) -> None:
    account = await kim.account()
    tags = ["Ökostrom", "winter öko", "Moko", "okay", "other"]
    await kim.add(account_id=account["id"], tags=tags)
    assert await names(kim, "tags", "öko") == ["Ökostrom", "winter öko", "Moko"]
    assert await names(kim, "tags", "ok") == ["okay", "Ökostrom", "winter öko", "Moko"]
    assert await names(kim, "tags", "ok", limit=1) == ["okay"]
    assert await names(kim, "tags") == ["Moko", "okay", "Ökostrom", "other", "winter öko"]


async def test_categories_tell_where_they_are_and_archived_ones_are_left_out(kim: Person) -> None:
    top = await kim.category("Zoo")
    below = await kim.category("Zebra feed", parent_id=top["id"])
    gone = await kim.category("Zeppelin")
    expect(await kim.http.patch(f"/categories/{gone['id']}", json={"archived": True}), 200)
    (item,) = (await kim.read("/categories/autocomplete", q="zé"))["items"]
    assert item == {
        "id": below["id"],
        "name": "Zebra feed",
        "kind": "expense",
        "parent_id": top["id"],
        "path": ["Zoo", "Zebra feed"],
    }
    assert await names(kim, "categories", "z") == ["Zebra feed", "Zoo"]
    assert await names(kim, "categories", "feed") == ["Zebra feed"]


async def test_accounts_are_completed_and_archived_ones_are_left_out(kim: Person) -> None:
    made = await kim.account("Crédit Union")
    await kim.account("My credit card", type="credit_card", currency="USD")
    gone = await kim.account("Credit old")
    expect(await kim.http.patch(f"/accounts/{gone['id']}", json={"archived": True}), 200)
    items = (await kim.read("/accounts/autocomplete", q="CRED"))["items"]
    assert [item["name"] for item in items] == ["Crédit Union", "My credit card"]
    assert items[0] == {"id": made["id"], "name": "Crédit Union", "type": "checking", "currency": "EUR"}


@pytest.mark.parametrize("path", ["payees", "tags", "categories", "accounts"])
async def test_completing_is_bounded_and_refuses_what_it_cannot_read(kim: Person, path: str) -> None:
    for params, field in (
        ({"limit": 51}, "query.limit"),
        ({"limit": 0}, "query.limit"),
        ({"limit": "x"}, "query.limit"),
        ({"q": "x" * 201}, "query.q"),
        ({"q": "a\x00"}, "query.q"),
    ):
        answer = problem(await kim.get(f"/{path}/autocomplete", **params), 422, "invalid_input")
        assert {name for name, _ in fields(answer)} == {field}
    for q in ("'", "\\", "a' OR '1", ":*", "x" * 200, "\U0010ffff", "ﷺ" * 200):
        await names(kim, path, q)
    tag = {"If-None-Match": (await kim.get(f"/{path}/autocomplete")).headers["etag"]}
    assert (await kim.http.get(f"/{path}/autocomplete", headers=tag)).status_code == 304


@pytest.mark.parametrize("path", ["payees", "tags", "categories", "accounts"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_autocomplete_is_no_id_of_a_route_with_one(kim: Person, path: str, method: str) -> None:
    answer = await kim.http.request(method, f"/{path}/autocomplete", json={"name": "x"})
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET"

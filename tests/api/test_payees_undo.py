"""What is done to payees and tags can be undone, and the undo too."""

import random
from typing import Any

import pytest

from tests.names import names, payee, revision, tag
from tests.people import Person, expect

Request = tuple[str, str, dict[str, Any]]
NAMES = ("Shop", "SHOP 2", "Café", "Bäcker", "Kiosk")


async def undo(kim: Person, number: int) -> None:
    expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": number}), 200)


async def state(kim: Person) -> Any:
    """All that payees and tags are, and what transactions say of them; when it changed aside."""
    moments = {"revision", "updated_at", "created_at"}
    listed = [
        [{key: value for key, value in item.items() if key not in moments} for item in items]
        for items in [(await kim.read(path, limit=500))["items"] for path in ("/payees", "/tags", "/transactions")]
    ]
    return (*listed, (await kim.read("/reports/monthly", year=2026, month=1))["total_expenses"])


@pytest.fixture
async def requests(kim: Person) -> list[Request]:
    """Every kind of change, on a book in which each of them moves transactions."""
    account, food, heir = await kim.account(), await kim.category("Food"), await kim.category("Heir")
    main = await payee(kim, "Main", aliases=["M 1", "M 2"], default_category_id=food["id"])
    spent = await kim.add(account_id=account["id"], payee="Other", tags=["a", "b"])
    await kim.add(account_id=account["id"], payee="Other", tags=["b", "c"])
    await kim.add(account_id=account["id"], payee="m 2", tags=["a"])
    other = f"/payees/{spent['payee_id']}"
    expect(await kim.http.patch(other, json={"aliases": ["O 1"]}), 200)
    tags = {item["name"]: item["id"] for item in (await kim.read("/tags"))["items"]}
    of_main = f"/payees/{main['id']}"
    return [
        ("POST", f"{of_main}/merge", {"json": {"payee_ids": [spent["payee_id"]]}}),
        ("DELETE", other, {"params": {"reassign_to": main["id"]}}),
        ("PATCH", of_main, {"json": {"name": "M 1", "default_category_id": None}}),
        ("PUT", of_main, {"json": {"name": "New", "aliases": ["m 1"], "keep_alias": False}}),
        ("POST", "/payees", {"json": {"name": "Third", "aliases": ["T 1"]}}),
        ("DELETE", f"/categories/{food['id']}", {"params": {"reassign_to": heir["id"]}}),
        ("POST", f"/tags/{tags['c']}/merge", {"json": {"tag_ids": [tags["a"], tags["b"]]}}),
        ("DELETE", f"/tags/{tags['b']}", {"params": {"force": True}}),
        ("PATCH", f"/tags/{tags['b']}", {"json": {"name": "bb"}}),
    ]


async def test_each_change_is_undone_and_done_again(kim: Person, requests: list[Request]) -> None:
    for method, path, options in requests:
        before = await state(kim)
        answer = await kim.http.request(method, path, **options)
        assert answer.is_success, answer.text
        after, done = await state(kim), await revision(kim)
        assert after != before
        await undo(kim, done)
        assert await state(kim) == before, (method, path)
        await undo(kim, done + 1)
        assert await state(kim) == after, (method, path)
        await undo(kim, done + 2)
        assert await state(kim) == before, (method, path)
        await kim.check_integrity()


@pytest.mark.parametrize("seed", range(3))
async def test_every_name_means_one_payee_whatever_was_done(kim: Person, seed: int) -> None:
    """A random life of names, against a model: which payee each name means."""
    chance = random.Random(seed)
    account = await kim.account()
    meant: dict[str, str] = {}
    for _ in range(40):
        present = {item["name"].lower(): item["id"] for item in (await kim.read("/payees"))["items"]}
        key = chance.choice(list(present) or [""])
        chosen, name, keep = present.get(key), chance.choice(NAMES), chance.random() < 0.7
        step = chance.choice(["spend", "spend", "rename", "merge", "delete"])
        if step == "spend" or chosen is None:
            made = await kim.add(account_id=account["id"], payee=name)
            assert meant.setdefault(name.lower(), made["payee_id"]) == made["payee_id"]
        elif step == "rename":
            answer = await kim.http.patch(f"/payees/{chosen}", json={"name": name, "keep_alias": keep})
            if meant.get(name.lower(), chosen) != chosen:
                assert expect(answer, 409)["payee_id"] == meant[name.lower()]
                continue
            expect(answer, 200)
            meant[name.lower()] = chosen
            if not keep and key != name.lower():
                del meant[key]
        else:
            heir = chance.choice(list(present.values()))
            if heir == chosen:
                continue
            if step == "merge":
                expect(await kim.http.post(f"/payees/{heir}/merge", json={"payee_ids": [chosen]}), 200)
                meant = {key: heir if payee_id == chosen else payee_id for key, payee_id in meant.items()}
            else:
                params = {"reassign_to": heir}
                expect(await kim.http.delete(f"/payees/{chosen}", params=params), 204)
                meant = {key: payee_id for key, payee_id in meant.items() if payee_id != chosen}
    found = {
        text.lower(): item["id"]
        for item in (await kim.read("/payees"))["items"]
        for text in (item["name"], *item["aliases"])
    }
    assert found == meant


async def test_an_undo_that_would_give_a_name_two_meanings_is_refused(kim: Person) -> None:
    known = await payee(kim, "Shop")
    expect(await kim.http.patch(f"/payees/{known['id']}", json={"name": "Store", "keep_alias": False}), 200)
    renamed = await revision(kim)
    await payee(kim, "Other", aliases=["Shop"])
    answer = await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": renamed})
    assert answer.status_code == 409, answer.text
    assert await names(kim, "/payees") == ["Other", "Store"]
    assert (await tag(kim, "Shop"))["name"] == "Shop"

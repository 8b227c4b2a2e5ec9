import asyncio

import pytest

from app.core.database import Database
from tests.conftest import Unchanged
from tests.names import UNKNOWN, lock, logged, names, payee, revision
from tests.people import Person, expect, fields, problem


async def test_merged_payees_are_one_with_all_their_names(kim: Person) -> None:
    account, food = await kim.account(), await kim.category()
    into = await payee(kim, "Café", default_category_id=food["id"])
    spent = [await kim.add(account_id=account["id"], payee=name, amount="5") for name in ("CAFE 1", "CAFE 2", "Café")]
    expect(await kim.http.patch(f"/payees/{spent[0]['payee_id']}", json={"aliases": ["KAFFEE"]}), 200)
    before = await kim.balance(account)
    body = {"payee_ids": [spent[0]["payee_id"], spent[1]["payee_id"], spent[0]["payee_id"]]}
    answer = await kim.http.post(f"/payees/{into['id']}/merge", json=body)
    merged = expect(answer, 200)
    assert answer.headers["etag"] == f'"{merged["revision"]}"'
    assert merged["aliases"] == ["CAFE 1", "CAFE 2", "KAFFEE"]
    assert (merged["name"], merged["default_category_id"]) == ("Café", food["id"])
    assert merged["last_used"] == "2026-01-15"
    assert await names(kim, "/payees") == ["Café"]
    for made in spent:
        read = await kim.read(f"/transactions/{made['id']}")
        assert (read["payee"], read["payee_id"]) == ("Café", into["id"])
        assert (read["revision"] == merged["revision"]) is (made["payee"] != "Café")
    assert (await kim.add(account_id=account["id"], payee="kaffee", amount="5"))["payee_id"] == into["id"]
    assert (before, await kim.balance(account)) == ("-15.00", "-20.00")


async def test_each_transaction_has_its_event_and_the_rest_can_be_undone(kim: Person, owner_database: Database) -> None:
    account = await kim.account()
    into = await payee(kim, "Into")
    spent = [await kim.add(account_id=account["id"], payee="From", date=day) for day in ("2026-01-02", "2026-01-01")]
    old = spent[0]["payee_id"]
    expect(await kim.http.patch(f"/payees/{old}", json={"aliases": ["Alias"]}), 200)
    start = await revision(kim)
    expect(await kim.http.post(f"/payees/{into['id']}/merge", json={"payee_ids": [old]}), 200)
    events = await logged(owner_database, kim, start)
    image = {"default_category_id": None}
    assert [(event.entity, event.action, event.before, event.after) for event in events] == [
        *[("transaction", "payee_changed", {"payee_id": old}, {"payee_id": into["id"]})] * 2,
        (
            "payee_alias",
            "updated",
            {"payee_id": old, "alias": "Alias"},
            {"payee_id": into["id"], "alias": "Alias"},
        ),
        ("payee", "deleted", {**image, "name": "From", "created_at": events[3].before["created_at"]}, None),
        ("payee", "updated", {**image, "name": "Into"}, {**image, "name": "Into"}),
        ("payee_alias", "created", None, {"payee_id": into["id"], "alias": "From"}),
    ]
    assert [event.id for event in events[:2]] == [spent[1]["id"], spent[0]["id"]]
    assert [event.position for event in events] == list(range(6))


@pytest.mark.parametrize(
    "body", [{}, {"payee_ids": []}, {"payee_ids": ["x"]}, {"payee_ids": None}, {"payee_ids": [UNKNOWN] * 101}]
)
async def test_returns_422_for_a_merge_that_says_nothing(
    kim: Person, unchanged: Unchanged, body: dict[str, object]
) -> None:
    into = await payee(kim, "Into")
    async with unchanged(kim):
        problem(await kim.http.post(f"/payees/{into['id']}/merge", json=body), 422, "invalid_input")
        answer = await kim.http.post(f"/payees/{into['id']}/merge", json={"payee_ids": [into["id"]]})
        assert fields(problem(answer, 422, "invalid_input")) == {("payee_ids", "own_id")}


async def test_a_closed_period_keeps_its_payees(kim: Person, unchanged: Unchanged, owner_database: Database) -> None:
    account = await kim.account()
    into = await payee(kim, "Into")
    spent = await kim.add(account_id=account["id"], payee="From", date="2026-01-10")
    await kim.add(account_id=account["id"], payee="From", date="2026-01-20")
    await lock(owner_database, kim, "2026-01-10")
    merge = {"payee_ids": [spent["payee_id"]]}
    async with unchanged(kim):
        for answer in (
            await kim.http.post(f"/payees/{into['id']}/merge", json=merge),
            await kim.http.delete(f"/payees/{spent['payee_id']}", params={"reassign_to": into["id"]}),
        ):
            assert problem(answer, 409, "period_locked")["locked_until"] == "2026-01-10"
    expect(await kim.http.patch(f"/payees/{spent['payee_id']}", json={"name": "From here"}), 200)
    await lock(owner_database, kim, "2026-01-09")
    expect(await kim.http.post(f"/payees/{into['id']}/merge", json=merge), 200)


async def test_a_merge_with_a_key_happens_once(kim: Person) -> None:
    into, old = await payee(kim, "Into"), await payee(kim, "From")
    path, headers = f"/payees/{into['id']}/merge", {"Idempotency-Key": "merge"}
    first = await kim.http.post(path, json={"payee_ids": [old["id"]]}, headers=headers)
    again = await kim.http.post(path, json={"payee_ids": [old["id"]]}, headers=headers)
    assert expect(first, 200) == expect(again, 200)
    problem(await kim.http.post(path, json={"payee_ids": [old["id"]]}), 404, "payee_not_found")


async def test_of_two_merges_into_each_other_one_happens(kim: Person) -> None:
    account = await kim.account()
    for number in range(4):
        left, right = await payee(kim, f"Left {number}"), await payee(kim, f"Right {number}")
        spent = [await kim.add(account_id=account["id"], payee=item["name"]) for item in (left, right)]
        answers = await asyncio.gather(
            kim.http.post(f"/payees/{left['id']}/merge", json={"payee_ids": [right["id"]]}),
            kim.http.post(f"/payees/{right['id']}/merge", json={"payee_ids": [left["id"]]}),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 404]
        (won,) = [answer.json() for answer in answers if answer.status_code == 200]
        assert len(won["aliases"]) == 1
        assert {(await kim.read(f"/transactions/{made['id']}"))["payee_id"] for made in spent} == {won["id"]}


async def test_a_transaction_that_comes_during_a_merge_has_the_payee_that_stays(kim: Person) -> None:
    account = await kim.account()
    into = await payee(kim, "Into")
    old = (await kim.add(account_id=account["id"], payee="From"))["payee_id"]
    merged, *added = await asyncio.gather(
        kim.http.post(f"/payees/{into['id']}/merge", json={"payee_ids": [old]}),
        *(kim.try_add(account_id=account["id"], payee="from") for _ in range(6)),
    )
    assert expect(merged, 200)["aliases"] == ["From"]
    for answer in added:
        made = expect(answer, 201)
        assert (await kim.read(f"/transactions/{made['id']}"))["payee_id"] == into["id"]
    assert await names(kim, "/payees") == ["Into"]


async def test_names_that_come_at_once_mean_one_payee(kim: Person) -> None:
    answers = await asyncio.gather(
        kim.http.post("/payees", json={"name": "Shop"}),
        kim.http.post("/payees", json={"name": "SHOP"}),
        kim.http.post("/payees", json={"name": "Other", "aliases": ["shop"]}),
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    (won,) = [answer.json() for answer in answers if answer.status_code == 201]
    for answer in answers:
        if answer.status_code == 409:
            assert problem(answer, 409, "name_taken")["payee_id"] == won["id"]

"""Rules as rows: adding, changing, ordering, undoing, and trying one out."""

import asyncio
from typing import Any

import pytest

from tests.conftest import Unchanged
from tests.people import Person, expect, fields, problem
from tests.rules.making import CAFE, category, payee, rule, says, tags

UNKNOWN = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"


async def test_a_rule_is_made_read_changed_deleted_and_brought_back(kim: Person) -> None:
    food = await kim.category()
    body = {"name": " Cafés ", "condition": CAFE, "actions": [category(food), {"type": "stop"}], "id": UNKNOWN}
    answer = await kim.http.post("/rules", json=body)
    made = expect(answer, 201)
    assert answer.headers["location"] == f"/api/v1/rules/{UNKNOWN}"
    assert (made["name"], made["enabled"], made["on"], made["position"]) == ("Cafés", True, ["create", "import"], 1)
    assert made["condition"] == CAFE
    assert made["actions"][0] == category(food, overwrite=False)
    read = await kim.get(f"/rules/{UNKNOWN}")
    assert (read.json(), read.headers["etag"]) == (made, f'"{made["revision"]}"')
    problem(await kim.http.post("/rules", json=body), 409, "id_taken")

    stale = {"If-Match": '"1"'}
    path = f"/rules/{UNKNOWN}"
    put = {"name": "Other", "on": ["import"], "condition": {"not": CAFE}, "actions": [tags("x")]}
    for answer in (
        await kim.http.put(path, json=put, headers=stale),
        await kim.http.patch(path, json={"enabled": False}, headers=stale),
        await kim.http.delete(path, headers=stale),
    ):
        problem(answer, 412, "revision_mismatch")
    changed = expect(await kim.http.patch(path, json={"enabled": False, "name": "Off"}), 200)
    assert (changed["enabled"], changed["name"], changed["condition"]) == (False, "Off", CAFE)
    replaced = expect(await kim.http.put(path, json=put), 200)
    assert (replaced["enabled"], replaced["on"], replaced["condition"]) == (True, ["import"], {"not": CAFE})
    await undo(kim, replaced["revision"])
    assert (await kim.read(path))["name"] == "Off"
    expect(await kim.http.delete(path), 204)
    problem(await kim.get(path), 404, "rule_not_found")
    await undo(kim, (await kim.read(f"/books/{kim.book_id}"))["revision"])
    back = await kim.read(path)
    assert {**changed, "revision": 0, "updated_at": ""} == {**back, "revision": 0, "updated_at": ""}
    await kim.check_integrity()


async def undo(person: Person, revision: int) -> None:
    expect(await person.http.post(f"/books/{person.book_id}/undo", json={"revision": revision}), 200)


async def test_the_order_is_changed_as_one_and_undone_as_one(kim: Person, unchanged: Unchanged) -> None:
    ids = [(await rule(kim, tags("x"), name=name))["id"] for name in "abc"]
    async with unchanged(kim):
        for wrong, named in (([ids[0]] * 3, "named_twice"), (ids[:2], "incomplete")):
            answer = problem(await kim.http.post("/rules/reorder", json={"ids": wrong}), 422, "invalid_input")
            assert fields(answer) == {("ids", named)}
        problem(await kim.http.post("/rules/reorder", json={"ids": [*ids[:2], UNKNOWN]}), 404, "rule_not_found")
    listed = expect(await kim.http.post("/rules/reorder", json={"ids": ids[::-1]}), 200)
    assert [(item["name"], item["position"]) for item in listed["items"]] == [("c", 1), ("b", 2), ("a", 3)]
    read = await kim.get("/rules")
    assert [item["id"] for item in read.json()["items"]] == ids[::-1]
    unread = await kim.http.get("/rules", headers={"If-None-Match": read.headers["etag"]})
    assert unread.status_code == 304
    await undo(kim, (await kim.read(f"/books/{kim.book_id}"))["revision"])
    assert [item["id"] for item in (await kim.read("/rules"))["items"]] == ids
    same = expect(await kim.http.post("/rules/reorder", json={"ids": ids}), 200)
    assert [item["id"] for item in same["items"]] == ids
    await asyncio.gather(*(kim.http.post("/rules/reorder", json={"ids": order}) for order in (ids, ids[::-1])))
    assert {item["position"] for item in (await kim.read("/rules"))["items"]} == {1, 2, 3}


DEEP: dict[str, Any] = CAFE
for _ in range(500):
    DEEP = {"not": DEEP}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"name": ""}, "name"),
        ({"on": []}, "on"),
        ({"on": ["edit"]}, "on.0"),
        ({"actions": []}, "actions"),
        ({"actions": [tags("x")] * 21}, "actions"),
        ({"actions": [{"type": "explode"}]}, "actions.0.type"),
        ({"actions": [{"type": "add_tags", "tags": [""]}]}, "actions.0.add_tags.tags.0"),
        ({"condition": DEEP}, "condition"),
        ({"condition": {"or": [{"and": [CAFE] * 26}] * 2}}, "condition"),
        ({"condition": 5}, "condition.text"),
        ({"condition": {}}, "condition"),
        ({"condition": {"and": [says("payeee", "equals", "a")]}}, "condition"),
        ({"condition": {"and": [{"field": 5, "op": "equals", "value": "a"}]}}, "condition"),
        ({"condition": {"and": []}}, "condition.and.and"),
        ({"condition": {"and": [CAFE], "or": [CAFE]}}, "condition.and.or"),
        ({"condition": says("payee", "contains", "")}, "condition.text.value.constrained-str"),
        ({"condition": says("payee", "contains", " \u0301 ")}, "condition.text"),
        ({"condition": says("payee", "equals", "a\x00")}, "condition.text"),
        ({"condition": says("payee", "one_of", "a")}, "condition.text"),
        ({"condition": says("payee", "equals", ["a"])}, "condition.text"),
        ({"condition": says("payee", "regex", "(a")}, "condition.text"),
        ({"condition": says("payee", "regex", "((a{30}){30}){30}")}, "condition.text"),
        ({"condition": says("payee", "regex", r"(.)\1")}, "condition.text"),
        ({"condition": says("amount", "less", "-5")}, None),
        ({"condition": says("amount", "between", ["9", "1"])}, "condition.amount"),
        ({"condition": says("amount", "between", ["9"])}, "condition.amount"),
        ({"condition": says("weekday", "equals", 8)}, "condition.day"),
        ({"condition": says("day_of_month", "equals", 32)}, None),
    ],
)
async def test_returns_422_for_a_wrong_rule(
    kim: Person, unchanged: Unchanged, body: dict[str, Any], named: str | None
) -> None:
    async with unchanged(kim):
        sent = {"name": "R", "condition": CAFE, "actions": [tags("x")], **body}
        answer = problem(await kim.http.post("/rules", json=sent), 422, "invalid_input")
    if named is not None and "constrained" not in named:
        assert {field for field, _ in fields(answer)} == {named}


async def test_what_a_rule_names_is_there_and_in_use(kim: Person, robin: Person, unchanged: Unchanged) -> None:
    foreign, old = await robin.category(), await kim.category("Old")
    account, closed = await robin.account(), await kim.account("Closed")
    for path in (f"/categories/{old['id']}", f"/accounts/{closed['id']}"):
        expect(await kim.http.patch(path, json={"archived": True}), 200)
    made = await rule(kim, tags("x"))
    half = {"percent": "50", "category_id": old["id"]}
    transfer = {"type": "make_transfer", "account_id": account["id"]}
    into_closed = {"type": "make_transfer", "account_id": closed["id"]}
    async with unchanged(kim):
        for change, status, code, field in (
            ({"actions": [category(foreign)]}, 404, "not_found", "actions.0.category_id"),
            ({"actions": [transfer]}, 404, "not_found", "actions.0.account_id"),
            ({"condition": says("account", "equals", account["id"])}, 404, "not_found", "condition"),
            ({"actions": [into_closed]}, 409, "archived", "actions.0.account_id"),
            (
                {"actions": [{"type": "split", "shares": [half, half]}]},
                409,
                "archived",
                "actions.0.shares.0.category_id",
            ),
        ):
            answer = await kim.http.patch(f"/rules/{made['id']}", json=change)
            assert answer.status_code == status, answer.text
            assert field in {name for name, _ in fields(answer.json())}, code
        halves = {"type": "split", "shares": [{"percent": "50"}, {"percent": "49.99"}]}
        problem(await kim.http.patch(f"/rules/{made['id']}", json={"actions": [halves]}), 422, "invalid_input")
        for field in ("name", "enabled", "on", "condition", "actions"):
            problem(await kim.http.patch(f"/rules/{made['id']}", json={field: None}), 422, "invalid_input")
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        body = {"name": "A", "condition": CAFE, "actions": [tags("x")]} if method[0] == "P" else None
        problem(await kim.http.request(method, f"/rules/{UNKNOWN}", json=body), 404, "rule_not_found")
    problem(await kim.get(f"/rules/{UNKNOWN}/history"), 404, "rule_not_found")
    # An account of the condition may be archived: what is on it is still there to be asked about.
    await rule(kim, tags("y"), when=says("account", "one_of", [closed["id"]]))


async def test_a_rule_is_tried_on_a_draft_without_anything_happening(kim: Person, unchanged: Unchanged) -> None:
    account, food = await kim.account(), await kim.category()
    written = {
        "name": "R",
        "condition": {"and": [CAFE, {"or": [says("amount", "between", ["1", "5"]), says("tag", "equals", "x")]}]},
        "actions": [category(food), payee("Coffee"), tags("out"), {"type": "append_notes", "notes": "cup"}],
    }
    draft = {"type": "expense", "date": "2026-01-05", "amount": "4.50", "account_id": account["id"]}
    async with unchanged(kim):
        body = {"rule": written, "transaction": {**draft, "payee": "CORNER CAFE"}}
        found = expect(await kim.http.post("/rules/test", json=body), 200)
        assert (found["matches"], found["after"]["payee"]) == (True, "CORNER CAFE")
        assert found["skipped"] == [{"rule_id": None, "action": "set_payee", "code": "kept"}]
        assert found["applied"][0]["changes"]["category_id"] == {"before": None, "after": food["id"]}
        from_file = expect(await kim.http.post("/rules/test", json={**body, "source": "csv"}), 200)
        assert (from_file["after"]["payee"], from_file["skipped"]) == ("Coffee", [])
        assert from_file["after"]["notes"] == "cup"
        body["transaction"]["amount"] = "5.01"
        assert not expect(await kim.http.post("/rules/test", json=body), 200)["matches"]
        body["transaction"]["account_id"] = UNKNOWN
        answer = await kim.http.post("/rules/test", json=body)
        assert fields(answer.json()) == {("transaction.account_id", "account_not_found")}


async def test_half_a_character_is_refused(kim: Person) -> None:
    text = '{"name": "R", "condition": {"field": "payee", "op": "equals", "value": "\\ud800"}, "actions": []}'
    answer = await kim.http.post("/rules", content=text, headers={"Content-Type": "application/json"})
    named = {field for field, _ in fields(problem(answer, 422, "invalid_input"))}
    assert any(field.startswith("condition.text.value") for field in named)

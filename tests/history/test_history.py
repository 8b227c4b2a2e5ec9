"""Who changed what and when: the history of each kind of row, and everything that happened in a book."""

from typing import Any

import pytest

from tests.attachments.files import attach, png
from tests.conftest import Unchanged
from tests.history.following import revision, undo_last
from tests.history.test_changes import everything
from tests.imports.uploads import bring_in, commit, statement, undo, upload
from tests.names import payee, tag
from tests.people import Person, expect, fields, problem

Document = dict[str, Any]
UNKNOWN = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"
KINDS = ("accounts", "attachments", "categories", "imports", "payees", "reconciliations", "tags", "transactions")


async def history(person: Person, kind: str, row_id: str, limit: int = 50) -> list[Document]:
    """All of it, page by page, the newest first."""
    items: list[Document] = []
    cursor: dict[str, str] = {}
    while True:
        page = await person.read(f"/{kind}/{row_id}/history", limit=limit, **cursor)
        assert len(page["items"]) <= limit
        items += page["items"]
        if page["next_cursor"] is None:
            places = [(item["revision"], item["position"]) for item in items]
            assert places == sorted(places, reverse=True)
            assert len(set(places)) == len(places)
            return items
        cursor = {"cursor": page["next_cursor"]}


def actions(items: list[Document]) -> list[str]:
    return [item["action"] for item in items]


async def test_each_change_says_who_when_before_and_after(kim: Person) -> None:
    account = await kim.account()
    made = await kim.add(account_id=account["id"], payee="P")
    path = f"/transactions/{made['id']}"
    changed = expect(await kim.http.patch(path, json={"amount": "3.00"}), 200)
    expect(await kim.http.delete(path), 204)
    deleted, updated, created = await history(kim, "transactions", made["id"])
    assert [deleted["action"], updated["action"], created["action"]] == ["deleted", "updated", "created"]
    assert {item["actor"]["id"] for item in (deleted, updated, created)} == {kim.user["id"]}
    assert {item["actor"]["name"] for item in (deleted, updated, created)} == {kim.email}
    assert (created["before"], deleted["after"]) == (None, None)
    assert created["after"]["amount"] == updated["before"]["amount"] == "10.00"
    assert updated["after"]["amount"] == deleted["before"]["amount"] == "3.00"
    assert (created["revision"], updated["revision"]) == (made["revision"], changed["revision"])
    assert created["at"] == made["created_at"]
    assert updated["at"] == changed["updated_at"]
    await undo_last(kim)
    assert actions(await history(kim, "transactions", made["id"], limit=1)) == [
        "created",
        "deleted",
        "updated",
        "created",
    ]


async def test_every_kind_of_row_has_its_history_also_when_it_is_gone(kim: Person) -> None:
    account, food = await kim.account(), await kim.category("Foods")
    shop, marker = await payee(kim, "Shop"), await tag(kim, "t")
    made = await kim.add(account_id=account["id"])
    receipt = await attach(kim, made, png("r"))
    preview = await upload(kim, account, statement("2026-01-05,X,a,-4.00"))
    await commit(kim, preview)
    await undo(kim, preview)
    body = {"statement_date": "2026-01-31", "statement_balance": "-10.00"}
    done = expect(await kim.http.post(f"/accounts/{account['id']}/reconcile", json=body), 201)
    await undo_last(kim)
    for path in (
        f"/attachments/{receipt['id']}",
        f"/transactions/{made['id']}",
        f"/accounts/{account['id']}",
        f"/categories/{food['id']}",
        f"/payees/{shop['id']}",
        f"/tags/{marker['id']}",
    ):
        expect(await kim.http.delete(path), 204)
        expect(await kim.get(path), 404)
    wanted = {
        "accounts": (account, ["deleted", "created"]),
        "attachments": (receipt, ["deleted", "created"]),
        "categories": (food, ["deleted", "created"]),
        "imports": (preview, ["updated", "undone", "committed"]),
        "payees": (shop, ["deleted", "created"]),
        "reconciliations": (done, ["deleted", "created"]),
        "tags": (marker, ["deleted", "created"]),
        "transactions": (made, ["deleted", "unsealed", "sealed", "created"]),
    }
    assert set(wanted) == set(KINDS)
    for kind, (row, expected) in wanted.items():
        assert actions(await history(kim, kind, row["id"])) == expected, kind
        assert actions(await history(kim, kind, row["id"], limit=1)) == expected, kind


async def test_a_reason_is_kept(kim: Person) -> None:
    made = (await everything(kim))["transaction"]
    expect(await kim.http.post(f"/transactions/{made['id']}/unseal", json={"reason": "Typo at the bank"}), 200)
    newest = (await history(kim, "transactions", made["id"]))[0]
    assert (newest["action"], newest["after"]["reason"]) == ("unsealed", "Typo at the bank")


async def test_a_change_of_many_is_in_the_history_of_each(kim: Person) -> None:
    account, food, drink = await kim.account(), await kim.category("Fd"), await kim.category("Dr")
    made = [await kim.add(account_id=account["id"], category_id=food["id"], payee="P") for _ in range(2)]
    into = await payee(kim, "Into")
    expect(await kim.http.delete(f"/categories/{food['id']}", params={"reassign_to": drink["id"]}), 204)
    expect(await kim.http.post(f"/payees/{into['id']}/merge", json={"payee_ids": [made[0]["payee_id"]]}), 200)
    for row in made:
        merged, moved, _ = await history(kim, "transactions", row["id"])
        assert (merged["action"], moved["action"]) == ("payee_changed", "reassigned")
        assert merged["before"] == {"payee_id": row["payee_id"]}
        assert moved["after"]["postings"] == [{"line": 0, "account_id": account["id"], "category_id": drink["id"]}]


async def test_an_imported_transaction_shows_each_time_its_import_brought_it(kim: Person) -> None:
    account = await kim.account()
    done = await bring_in(kim, account, statement("2026-01-05,Shop,a,-4.00"))
    (row,) = (await kim.read("/transactions", import_id=done["id"]))["items"]
    expect(await kim.http.patch(f"/transactions/{row['id']}", json={"notes": "n"}), 200)
    updated, brought = await history(kim, "transactions", row["id"], limit=1)
    assert (updated["action"], brought["action"]) == ("updated", "committed")
    assert (brought["entity"], brought["entity_id"]) == ("import", done["id"])
    await undo_last(kim)
    expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"import_id": done["id"]}), 200)
    expect(await kim.get(f"/transactions/{row['id']}"), 404)
    wanted = ["deleted", "updated", "updated", "committed"]
    assert actions(await history(kim, "transactions", row["id"])) == wanted
    await commit(kim, done)
    for limit in (1, 2, 50):
        again = await history(kim, "transactions", row["id"], limit=limit)
        assert actions(again) == ["committed", *wanted]
        assert again[0]["revision"] == await revision(kim)


async def test_a_transaction_made_by_hand_shows_no_import(kim: Person) -> None:
    account = await kim.account()
    made = await kim.add(account_id=account["id"])
    await bring_in(kim, account, statement("2026-01-05,Shop,a,-4.00"))
    assert actions(await history(kim, "transactions", made["id"])) == ["created"]


@pytest.mark.parametrize("kind", KINDS)
async def test_returns_404_for_what_never_was_and_for_another_books(
    kim: Person, robin: Person, unchanged: Unchanged, kind: str
) -> None:
    made = await everything(kim)
    shop = (await kim.read("/payees"))["items"][0]
    marker = (await kim.read("/tags"))["items"][0]
    rows = {**made, "payee": shop, "tag": marker}
    singular = {"categories": "category"}.get(kind, kind.removesuffix("s"))
    async with unchanged(kim):
        problem(await kim.get(f"/{kind}/{UNKNOWN}/history"), 404, "entity_not_found")
        assert (await kim.get(f"/{kind}/{rows[singular]['id']}/history")).status_code == 200
        problem(await robin.get(f"/{kind}/{rows[singular]['id']}/history"), 404, "entity_not_found")
        problem(await kim.get(f"/{kind}/nothing/history"), 422, "invalid_input")


async def test_the_history_of_one_kind_is_not_found_under_another(kim: Person) -> None:
    account = await kim.account()
    problem(await kim.get(f"/categories/{account['id']}/history"), 404, "entity_not_found")


async def test_activity_tells_everything_the_newest_first(kim: Person) -> None:
    await everything(kim)
    path = f"/books/{kim.book_id}/activity"
    whole = (await kim.read(path, limit=500))["items"]
    places = [(item["revision"], item["position"]) for item in whole]
    assert places == sorted(places, reverse=True)
    assert {item["revision"] for item in whole} >= set(range(2, await revision(kim) + 1))
    assert {item["entity"] for item in whole} >= {"account", "transaction", "payee", "tag", "import", "attachment"}
    assert {item["actor"]["id"] for item in whole} == {kim.user["id"]}
    walked: list[Document] = []
    cursor: dict[str, str] = {}
    while True:
        page = await kim.read(path, limit=3, **cursor)
        walked += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert walked == whole


@pytest.mark.parametrize("params", [{"cursor": "x"}, {"limit": 0}, {"limit": 501}, {"cursor": "W10"}])
async def test_returns_422_for_a_page_that_is_none(kim: Person, params: Any) -> None:
    account = await kim.account()
    for path in (f"/books/{kim.book_id}/activity", f"/accounts/{account['id']}/history"):
        assert fields(problem(await kim.get(path, **params), 422, "invalid_input"))


async def test_a_cursor_belongs_to_its_row(kim: Person) -> None:
    one, other = await kim.account(), await kim.account("Other")
    for row in (one, other):
        expect(await kim.http.patch(f"/accounts/{row['id']}", json={"notes": "n"}), 200)
    cursor = (await kim.read(f"/accounts/{one['id']}/history", limit=1))["next_cursor"]
    problem(await kim.get(f"/accounts/{other['id']}/history", cursor=cursor), 422, "invalid_input")

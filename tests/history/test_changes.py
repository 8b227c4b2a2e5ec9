"""The change feed: whatever a client does and whenever it asks, its copy is the book."""

import asyncio
from typing import Any

import pytest

from app.core.pagination import encode_cursor
from tests.api.test_statement_counts import Counted, counted
from tests.attachments.files import attach, png
from tests.conftest import Unchanged
from tests.history.following import Follower, changes, comparable, revision, undo_last
from tests.imports.uploads import bring_in, commit, csv_of, statement, undo, upload
from tests.names import payee, tag
from tests.people import Person, expect, fields, problem

__all__ = ["counted"]

Document = dict[str, Any]
UNKNOWN = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"
PATHS = {
    "account": "/accounts",
    "attachment": "/attachments",
    "category": "/categories",
    "import": "/imports",
    "payee": "/payees",
    "tag": "/tags",
    "transaction": "/transactions",
}


async def everything(kim: Person) -> Document:
    """A row of every kind."""
    account = await kim.account(opening_balance="5.00", opening_date="2026-01-01")
    food = await kim.category("Foods")
    made = await kim.add(account_id=account["id"], category_id=food["id"], payee="P", tags=["t"])
    receipt = await attach(kim, made, png("r"))
    imported = await bring_in(kim, account, statement("2026-01-05,Shop,a,-4.00"))
    body = {"statement_date": "2026-01-31", "statement_balance": "-9.00"}
    done = expect(await kim.http.post(f"/accounts/{account['id']}/reconcile", json=body), 201)
    return {
        "account": account,
        "category": food,
        "transaction": made,
        "attachment": receipt,
        "import": imported,
        "reconciliation": done,
    }


async def test_every_kind_of_row_is_told_as_its_own_route_tells_it(kim: Person) -> None:
    made = await everything(kim)
    items, newest = await changes(kim)
    assert newest == await revision(kim)
    assert {item["entity"] for item in items} == {*PATHS, "reconciliation"}
    assert len({(item["entity"], item["id"]) for item in items}) == len(items)
    for item in items:
        entity = item["entity"]
        assert set(item) == {"entity", "id", "revision", "deleted", "state"}
        if entity == "reconciliation":
            listed = await kim.read(f"/accounts/{made['account']['id']}/reconciliations")
            assert listed["items"] == [item["state"]]
            continue
        read = await kim.read(f"{PATHS[entity]}/{item['id']}")
        assert item["state"] == {name: read[name] for name in item["state"]}, entity
        assert set(read) - set(item["state"]) <= {"last_used", "created_at", "updated_at", "sample"}
        assert item["revision"] == item["state"].get("revision", item["revision"])


async def test_the_order_is_by_revision_and_a_walk_in_small_pages_is_the_same(kim: Person) -> None:
    await everything(kim)
    whole, _ = await changes(kim)
    order = [(item["revision"], item["entity"], item["id"]) for item in whole]
    assert order == sorted(order)
    for limit in (1, 3, 7):
        assert (await changes(kim, limit=limit))[0] == whole


async def test_it_goes_on_from_any_revision(kim: Person) -> None:
    await everything(kim)
    whole, newest = await changes(kim)
    for since in range(newest + 1):
        items, _ = await changes(kim, since, limit=3)
        assert items == [item for item in whole if item["revision"] > since]
    ahead = await kim.get(f"/books/{kim.book_id}/changes", since=newest + 1)
    assert problem(ahead, 409, "since_ahead")["revision"] == newest


async def test_a_revision_of_many_rows_is_split_over_pages(kim: Person) -> None:
    account = await kim.account()
    start = await revision(kim)
    lines = [f"2026-01-{n % 28 + 1:02},Shop {n % 9},row {n},-{n % 90 + 1}.00" for n in range(1000)]
    await bring_in(kim, account, csv_of("Date,Payee,Description,Amount", *lines))
    items, _ = await changes(kim, start, limit=37)
    of = [item["id"] for item in items if item["entity"] == "transaction"]
    assert len(of) == len(set(of)) == 1000
    assert len([item for item in items if item["entity"] == "payee"]) == 9


async def test_what_goes_is_told_with_all_that_goes_with_it(kim: Person) -> None:
    made = await everything(kim)
    follower = Follower(kim)
    await follower.catch_up()
    await undo_last(kim)  # the reconciliation
    expect(await kim.http.delete(f"/transactions/{made['transaction']['id']}"), 204)
    await undo(kim, made["import"], force=True)
    heir = await kim.account("Heir")
    expect(await kim.http.delete(f"/accounts/{made['account']['id']}", params={"reassign_to": heir["id"]}), 204)
    known = {item["name"]: item["id"] for item in (await kim.read("/payees"))["items"]}
    expect(await kim.http.delete(f"/payees/{known['P']}"), 204)
    expect(await kim.http.delete(f"/categories/{made['category']['id']}"), 204)
    items, _ = await changes(kim, follower.revision, limit=2)
    gone = {(item["entity"], item["id"]) for item in items if item["deleted"]}
    assert {entity for entity, _ in gone} == {
        "account",
        "attachment",
        "category",
        "payee",
        "reconciliation",
        "transaction",
    }
    await follower.catch_up(limit=2)
    fresh = Follower(kim)
    await fresh.catch_up()
    assert comparable(follower.rows) == comparable(fresh.rows)
    assert not gone & follower.rows.keys()


async def test_what_came_back_is_there(kim: Person) -> None:
    account = await kim.account()
    made = await kim.add(account_id=account["id"])
    follower = Follower(kim)
    await follower.catch_up()
    expect(await kim.http.delete(f"/transactions/{made['id']}"), 204)
    await undo_last(kim)
    await follower.catch_up(limit=1)
    assert ("transaction", made["id"]) in follower.rows
    expect(await kim.http.delete(f"/transactions/{made['id']}"), 204)
    await follower.catch_up()
    assert ("transaction", made["id"]) not in follower.rows


async def test_what_changes_during_a_walk_is_in_the_copy_at_its_end(kim: Person) -> None:
    """Between any two pages a row behind or ahead of the walk changes, goes, or comes back."""
    account = await kim.account()
    rows = [await kim.add(account_id=account["id"], amount=f"{n + 1}.00") for n in range(12)]
    follower = Follower(kim)
    cursor: dict[str, str] = {}
    step = 0
    while True:
        page = await kim.read(f"/books/{kim.book_id}/changes", limit=3, **cursor)
        for item in page["items"]:
            follower.apply(item)
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
        if step < 20:
            target = rows[(step * 5) % len(rows)]
            path = f"/transactions/{target['id']}"
            if step % 3 == 0:
                expect(await kim.http.patch(path, json={"notes": f"{step}"}), 200)
            elif step % 3 == 1:
                await kim.http.delete(path)
            else:
                await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": await revision(kim)})
        step += 1
    fresh = Follower(kim)
    await fresh.catch_up()
    assert comparable(follower.rows) == comparable(fresh.rows)
    follower.revision = page["revision"]
    assert await follower.catch_up() == 0


async def test_a_copy_is_right_while_others_write(kim: Person) -> None:
    account = await kim.account()
    follower = Follower(kim)
    stop = asyncio.Event()

    async def write(number: int) -> None:
        for place in range(12):
            made = await kim.add(account_id=account["id"], payee=f"P {number} {place % 3}")
            if place % 2:
                expect(await kim.http.patch(f"/transactions/{made['id']}", json={"amount": "3.00"}), 200)
            if place % 3 == 0:
                expect(await kim.http.delete(f"/transactions/{made['id']}"), 204)

    async def follow() -> None:
        while not stop.is_set():
            await follower.catch_up(limit=4)

    following = asyncio.create_task(follow())
    await asyncio.gather(*(write(number) for number in range(3)))
    stop.set()
    await following
    await follower.catch_up(limit=4)
    fresh = Follower(kim)
    await fresh.catch_up()
    assert comparable(follower.rows) == comparable(fresh.rows)
    assert len([key for key in fresh.rows if key[0] == "transaction"]) == 24


async def test_a_renamed_payee_or_tag_is_told_and_transactions_name_it_by_id(kim: Person) -> None:
    account = await kim.account()
    made = await kim.add(account_id=account["id"], payee="P", tags=["t"])
    since = await revision(kim)
    (marker,) = (await kim.read("/tags"))["items"]
    expect(await kim.http.patch(f"/payees/{made['payee_id']}", json={"name": "New"}), 200)
    expect(await kim.http.patch(f"/tags/{marker['id']}", json={"name": "new"}), 200)
    items, _ = await changes(kim, since)
    assert [(item["entity"], item["id"]) for item in items] == [("payee", made["payee_id"]), ("tag", marker["id"])]
    (told,) = [item for item in (await changes(kim))[0] if item["id"] == made["id"]]
    assert (told["state"]["payee_id"], told["state"]["tag_ids"]) == (made["payee_id"], [marker["id"]])


async def test_an_account_is_told_when_its_opening_balance_changes_and_nothing_moves_in_all(kim: Person) -> None:
    account, heir = await kim.account(), await kim.account("Heir")
    expect(await kim.http.patch(f"/accounts/{account['id']}", json={"opening_balance": "10.00"}), 200)
    await kim.add(account_id=account["id"], amount="10.00")
    follower = Follower(kim)
    await follower.catch_up()
    expect(await kim.http.delete(f"/accounts/{account['id']}", params={"reassign_to": heir["id"]}), 204)
    await follower.catch_up()
    assert follower.rows["account", heir["id"]]["opening_balance"] == "10.00"
    await undo_last(kim)
    await follower.catch_up()
    assert follower.rows["account", heir["id"]]["opening_balance"] is None


async def test_a_payees_alias_and_a_preview_are_told(kim: Person) -> None:
    account = await kim.account()
    known = await payee(kim, "P")
    since = await revision(kim)
    expect(await kim.http.patch(f"/payees/{known['id']}", json={"aliases": ["A"]}), 200)
    items, since = await changes(kim, since)
    assert [item["state"]["aliases"] for item in items] == [["A"]]
    preview = await upload(kim, account, statement("2026-01-05,P,a,-4.00"))
    await commit(kim, preview)
    items, _ = await changes(kim, since)
    assert [item["state"]["status"] for item in items if item["entity"] == "import"] == ["committed"]


async def test_names_of_a_deleted_transaction_stay_and_are_told_once(kim: Person) -> None:
    await tag(kim, "t")
    items, _ = await changes(kim)
    assert [item["state"]["name"] for item in items if item["entity"] == "tag"] == ["t"]


def cursor(since: int, *key: object) -> str:
    return encode_cursor(f"changes {since}", key)


@pytest.mark.parametrize(
    "params",
    [
        {"since": -1},
        {"since": 2**62},
        {"since": 10**30},
        {"since": "x"},
        {"since": 1.5},
        {"limit": 0},
        {"limit": 501},
        {"cursor": "garbage"},
        {"cursor": "%00"},
        {"cursor": "x" * 1001},
        {"cursor": encode_cursor("-date", ["2026-01-01", UNKNOWN])},
        {"cursor": cursor(1, 1, "tag", UNKNOWN)},
        {"cursor": cursor(0, 1, "tag")},
        {"cursor": cursor(0, -1, "tag", UNKNOWN)},
        {"cursor": cursor(0, 2**62, "tag", UNKNOWN)},
        {"cursor": cursor(0, "many", "tag", UNKNOWN)},
        {"cursor": cursor(0, None, "tag", UNKNOWN)},
        {"cursor": cursor(0, [], "tag", UNKNOWN)},
        {"cursor": cursor(0, 1e300, "tag", UNKNOWN)},
        {"cursor": cursor(0, 1, "a\x00", UNKNOWN)},
        {"cursor": cursor(0, 1, "tag", "nothing")},
        {"cursor": cursor(0, 1, "tag", 5)},
        {"cursor": cursor(0, 1, "tag", None)},
        {"cursor": cursor(1, 0, "tag", UNKNOWN), "since": 1},
        {"cursor": "WyJjaGFuZ2VzIDAiLDFlOTk5LCJ0YWciLCJ4Il0"},
    ],
)
async def test_returns_422_for_what_is_no_place_in_the_feed(kim: Person, unchanged: Unchanged, params: Any) -> None:
    async with unchanged(kim):
        answer = await kim.get(f"/books/{kim.book_id}/changes", **params)
        (named,) = {name for name, _ in fields(problem(answer, 422, "invalid_input"))}
        assert named in {f"query.{name}" for name in params}


async def test_a_cursor_of_the_activity_is_no_place_in_the_feed_nor_the_other_way(kim: Person) -> None:
    await everything(kim)
    base = f"/books/{kim.book_id}"
    feed = (await kim.read(f"{base}/changes", limit=1))["next_cursor"]
    activity = (await kim.read(f"{base}/activity", limit=1))["next_cursor"]
    problem(await kim.get(f"{base}/changes", cursor=activity), 422, "invalid_input")
    problem(await kim.get(f"{base}/activity", cursor=feed), 422, "invalid_input")
    problem(await kim.get(f"{base}/changes", cursor=feed, since=1), 422, "invalid_input")


async def test_a_page_costs_the_same_number_of_statements_however_many_rows(counted: Counted) -> None:
    person, seen = counted
    account = await person.account()
    costs = []
    for count in (1, 200):
        since = await revision(person)
        lines = [f"2026-01-05,P {count} {n},d{count} {n},-{n + 1}.00" for n in range(count)]
        await bring_in(person, account, csv_of("Date,Payee,Description,Amount", *lines))
        seen.clear()
        items, _ = await changes(person, since)
        assert len(items) >= 2 * count
        costs.append(len(seen))
    assert costs[0] == costs[1] <= 10

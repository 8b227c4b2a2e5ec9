"""Giving what a filter finds another category: which parts change, what stays, and that a dry run tells the truth."""

import time
from typing import Any

import pytest
from httpx import Response

from app.core.database import Database
from tests.conftest import Unchanged
from tests.history.following import join, revision, same, state, undo_last
from tests.imports.uploads import bring_in, csv_of, statement
from tests.names import lock
from tests.people import Person, expect, fields, problem

Document = dict[str, Any]
UNKNOWN = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"


async def recategorise(person: Person, wanted: Any, category: Document | None, **more: Any) -> Response:
    body = {"filter": wanted, "category_id": category and category["id"], **more}
    return await person.http.post("/transactions/recategorise", json=body)


async def both(person: Person, unchanged: Unchanged, wanted: Any, category: Document | None) -> set[str]:
    """Run dry, then for good: the same transactions; returns which."""
    before = {item["id"]: item for item in (await person.read("/transactions", limit=500))["items"]}
    async with unchanged(person):
        dry = expect(await recategorise(person, wanted, category, dry_run=True), 200)
    real = expect(await recategorise(person, wanted, category), 200)
    after = {item["id"]: item for item in (await person.read("/transactions", limit=500))["items"]}
    changed = {row_id for row_id in before if before[row_id]["postings"] != after[row_id]["postings"]}
    assert (dry["dry_run"], real["dry_run"]) == (True, False)
    assert dry["count"] == real["count"] == len(changed)
    assert [item["id"] for item in dry["sample"]] == [item["id"] for item in real["sample"]]
    assert {item["id"] for item in real["sample"]} <= changed
    assert dry["sample"] == [before[item["id"]] for item in dry["sample"]]
    assert real["sample"] == [after[item["id"]] for item in real["sample"]]
    assert (dry["revision"] + 1, real["revision"]) == (real["revision"], await revision(person))
    assert {after[row_id]["revision"] for row_id in changed} <= {real["revision"]}
    assert {row_id: without(row) for row_id, row in before.items()} == {
        row_id: without(row) for row_id, row in after.items()
    }
    await person.check_integrity()
    return changed


def without(transaction: Document) -> Document:
    """All but its categories and when it was written."""
    aside = {"category_id", "splits", "postings", "revision", "updated_at", "fee_category_id"}
    rest = {name: value for name, value in transaction.items() if name not in aside}
    parts = [{name: value for name, value in part.items() if name != "category_id"} for part in transaction["postings"]]
    return {**rest, "postings": parts}


@pytest.fixture
async def world(kim: Person) -> Document:
    main, other = await kim.account("Main", opening_balance="5.00", opening_date="2026-01-01"), await kim.account("Two")
    food, drink = await kim.category("Foods"), await kim.category("Drinks")
    milk, wages = await kim.category("Milk", parent_id=food["id"]), await kim.category("Wages", kind="income")
    made = {
        "plain": await kim.add(account_id=main["id"], payee="Plain", status="pending"),
        "food": await kim.add(account_id=main["id"], category_id=food["id"], amount="20.00", tags=["t"]),
        "milk": await kim.add(account_id=other["id"], category_id=milk["id"], date="2026-02-10", description="cow"),
        "split": await kim.add(
            account_id=main["id"],
            splits=[
                {"amount": "5.00", "category_id": milk["id"], "memo": "m"},
                {"amount": "3.00", "category_id": drink["id"]},
                {"amount": "2.00"},
            ],
        ),
        "income": await kim.add(type="income", account_id=main["id"], amount="300.00"),
        "moved": await kim.add(type="transfer", account_id=main["id"], to_account_id=other["id"], fee_amount="1.00"),
        "plain move": await kim.add(type="transfer", account_id=main["id"], to_account_id=other["id"]),
    }
    postings = [
        {"account_id": main["id"], "role": "flow", "amount": "9.00"},
        {"account_id": other["id"], "role": "transfer", "amount": "1.00"},
        {"account_id": main["id"], "role": "transfer", "amount": "-1.00"},
    ]
    body = {"type": "journal", "date": "2026-01-15", "postings": postings}
    made["journal"] = expect(await kim.http.post("/transactions", json=body), 201)
    return {"made": made, "main": main, "other": other, "food": food, "drink": drink, "milk": milk, "wages": wages}


CASES: list[tuple[Document, str, set[str]]] = [
    ({"uncategorised": True}, "drink", {"plain", "split", "income", "moved", "journal"}),
    ({"category_id": ["food"]}, "drink", {"food", "milk", "split"}),
    ({"category_id": ["milk"]}, "drink", {"milk", "split"}),
    ({"account_id": ["other"]}, "drink", {"milk", "moved", "journal"}),
    ({"date_from": "2026-02-01", "date_to": "2026-02-28"}, "drink", {"milk"}),
    ({"type": ["expense"]}, "drink", {"plain", "food", "milk"}),
    ({"status": ["pending"]}, "drink", {"plain"}),
    ({"tag": ["T"]}, "drink", {"food"}),
    ({"payee_id": ["plain"]}, "drink", {"plain"}),
    ({"min_amount": "20", "max_amount": "20.00"}, "drink", {"food"}),
    ({"q": "cow"}, "drink", {"milk"}),
    ({"q": "nothing at all"}, "drink", set()),
    ({"import_id": UNKNOWN}, "drink", set()),
    ({"date_from": "2026-01-01"}, "drink", {"plain", "food", "milk", "income", "moved", "journal"}),
    ({"date_from": "2026-01-01"}, "wages", {"income", "journal"}),
    ({"uncategorised": True, "type": ["expense"]}, "food", {"plain", "split"}),
    ({"category_id": ["food"], "uncategorised": True}, "drink", {"split"}),
]


@pytest.mark.parametrize(("wanted", "category", "found"), CASES)
async def test_what_a_filter_finds_changes_and_nothing_else(
    kim: Person, unchanged: Unchanged, world: Document, wanted: Document, category: str, found: set[str]
) -> None:
    ids = {name: row["id"] for name, row in world.items() if name != "made"}
    ids["plain"] = world["made"]["plain"]["payee_id"]
    named = {
        name: [ids.get(item, item) for item in value] if name.endswith("_id") and isinstance(value, list) else value
        for name, value in wanted.items()
    }
    before = await state(kim, (2026, 1), (2026, 2))
    changed = await both(kim, unchanged, named, world[category])
    assert changed == {world["made"][name]["id"] for name in found}
    assert expect(await recategorise(kim, named, world[category]), 200)["count"] == 0
    if found:
        await undo_last_change(kim)
        same(await state(kim, (2026, 1), (2026, 2)), before)


async def undo_last_change(kim: Person) -> None:
    """The newest revision that has events: one that changed nothing has none."""
    newest = (await kim.read(f"/books/{kim.book_id}/activity", limit=1))["items"][0]["revision"]
    expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": newest}), 200)


async def test_of_a_split_the_named_parts_change(kim: Person, unchanged: Unchanged, world: Document) -> None:
    path = f"/transactions/{world['made']['split']['id']}"

    async def parts() -> list[str | None]:
        return [part["category_id"] for part in (await kim.read(path))["splits"]]

    food, drink, milk = (world[name] for name in ("food", "drink", "milk"))
    await both(kim, unchanged, {"category_id": [food["id"]]}, food)
    assert await parts() == [food["id"], drink["id"], None]
    await both(kim, unchanged, {"uncategorised": True}, milk)
    assert await parts() == [food["id"], drink["id"], milk["id"]]
    await both(kim, unchanged, {"category_id": [food["id"], drink["id"]]}, None)
    assert await parts() == [None, None, None]


async def test_a_category_is_taken_away(kim: Person, unchanged: Unchanged, world: Document) -> None:
    changed = await both(kim, unchanged, {"category_id": [world["food"]["id"]]}, None)
    assert changed == {world["made"][name]["id"] for name in ("food", "milk", "split")}
    report = await kim.read("/reports/monthly", year=2026, month=2)
    assert report["total_expenses"] == "10.00"


async def test_a_sealed_transaction_keeps_its_money_and_may_change_its_category(
    kim: Person, unchanged: Unchanged, world: Document
) -> None:
    body = {"statement_date": "2026-02-28", "statement_balance": "0.00", "adjust": True}
    expect(await kim.http.post(f"/accounts/{world['other']['id']}/reconcile", json=body), 201)
    assert (await kim.read(f"/transactions/{world['made']['milk']['id']}"))["status"] == "reconciled"
    await both(kim, unchanged, {"category_id": [world["milk"]["id"]]}, world["drink"])


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({}, "filter"),
        (None, "filter"),
        ([], "filter"),
        ({"uncategorised": False}, "filter"),
        ({"account_id": ["x"]}, "filter.account_id.0"),
        ({"account_id": [UNKNOWN] * 101}, "filter.account_id"),
        ({"date_from": "31.01.2026"}, "filter.date_from"),
        ({"min_amount": "many"}, "filter.min_amount"),
        ({"type": ["gift"]}, "filter.type.0"),
        ({"tag": ["a" * 10_000]}, "filter.tag.0"),
        ({"q": "x" * 201}, "filter.q"),
        ({"q": 'a "quote that does not end'}, "filter.q"),
        ({"everything": True}, "filter.everything"),
    ],
)
@pytest.mark.parametrize("dry_run", [True, False])
async def test_returns_422_for_a_filter_that_is_wrong(
    kim: Person, unchanged: Unchanged, wanted: Any, field: str, *, dry_run: bool
) -> None:
    food = await kim.category()
    async with unchanged(kim):
        answer = await recategorise(kim, wanted, food, dry_run=dry_run)
        assert field in {name for name, _ in fields(problem(answer, 422, "invalid_input"))}


async def test_a_q_with_a_nul_character_changes_nothing(kim: Person, unchanged: Unchanged) -> None:
    food = await kim.category()
    async with unchanged(kim):
        problem(await recategorise(kim, {"q": "a\x00b"}, food), 422, "invalid_input")


async def test_the_category_must_be_there_and_in_use(kim: Person, robin: Person, unchanged: Unchanged) -> None:
    account, food, foreign = await kim.account(), await kim.category(), await robin.category()
    await kim.add(account_id=account["id"])
    attic = await kim.category("Attic")
    expect(await kim.http.patch(f"/categories/{attic['id']}", json={"archived": True}), 200)
    wanted = {"uncategorised": True}
    async with unchanged(kim), unchanged(robin):
        for dry_run in (True, False):
            for row in ({"id": UNKNOWN}, foreign):
                answer = await recategorise(kim, wanted, row, dry_run=dry_run)
                assert fields(problem(answer, 404, "reference_not_found")) == {("category_id", "category_not_found")}
            problem(await recategorise(kim, wanted, attic, dry_run=dry_run), 409, "archived")
            answer = await kim.http.post("/transactions/recategorise", json={"filter": wanted, "dry_run": dry_run})
            assert fields(problem(answer, 422, "invalid_input")) == {("category_id", "missing")}
        theirs = await recategorise(robin, {"account_id": [account["id"]]}, foreign, dry_run=True)
        assert expect(theirs, 200)["count"] == 0
    assert expect(await recategorise(robin, {"account_id": [account["id"]]}, foreign), 200)["count"] == 0
    assert expect(await recategorise(kim, wanted, food), 200)["count"] == 1


async def test_what_lies_in_a_closed_period_refuses_all_of_it(
    kim: Person, unchanged: Unchanged, world: Document, owner_database: Database
) -> None:
    await lock(owner_database, kim, "2026-01-31")
    async with unchanged(kim):
        problem(await recategorise(kim, {"uncategorised": True}, world["drink"]), 409, "period_locked")
    await both(kim, unchanged, {"date_from": "2026-02-01"}, world["drink"])


async def test_a_viewer_may_look_and_not_change(
    kim: Person, robin: Person, unchanged: Unchanged, world: Document, owner_database: Database
) -> None:
    await join(owner_database, kim, robin, "viewer")
    body = {"filter": {"uncategorised": True}, "category_id": world["drink"]["id"]}
    headers = {"X-Book-Id": kim.book_id}
    async with unchanged(kim):
        answer = await robin.http.post("/transactions/recategorise", json=body, headers=headers)
        problem(answer, 403, "forbidden")
        answer = await robin.http.post("/transactions/recategorise", json={**body, "dry_run": True}, headers=headers)
        assert expect(answer, 200)["count"] == 5


async def test_a_key_makes_it_happen_once(kim: Person, world: Document) -> None:
    body = {"filter": {"uncategorised": True}, "category_id": world["drink"]["id"]}
    headers = {"Idempotency-Key": "r"}
    first, again = [await kim.http.post("/transactions/recategorise", json=body, headers=headers) for _ in range(2)]
    assert (first.json()["count"], again.json()) == (5, first.json())


async def test_an_import_is_found_by_its_id(kim: Person, unchanged: Unchanged) -> None:
    account, food = await kim.account(), await kim.category()
    done = await bring_in(kim, account, statement("2026-01-05,Shop,a,-4.00", "2026-01-06,Shop,b,-4.00"))
    await kim.add(account_id=account["id"])
    assert len(await both(kim, unchanged, {"import_id": done["id"]}, food)) == 2


async def test_ten_thousand_are_quick_and_undone(kim: Person) -> None:
    account, food = await kim.account(), await kim.category()
    lines = [f"2026-01-{day % 28 + 1:02},Shop {day % 7},row {day},-{day % 90 + 1}.00" for day in range(10_000)]
    await bring_in(kim, account, csv_of("Date,Payee,Description,Amount", *lines))
    before = await kim.read("/reports/monthly", year=2026, month=1)
    times = []
    started = time.perf_counter()
    dry = expect(await recategorise(kim, {"uncategorised": True}, food, dry_run=True), 200)
    times.append(time.perf_counter() - started)
    started = time.perf_counter()
    real = expect(await recategorise(kim, {"uncategorised": True}, food), 200)
    times.append(time.perf_counter() - started)
    assert dry["count"] == real["count"] == 10_000
    assert len(real["sample"]) == 10
    started = time.perf_counter()
    await undo_last(kim)
    times.append(time.perf_counter() - started)
    assert await kim.read("/reports/monthly", year=2026, month=1) == before
    assert max(times) < 120, times
    print("dry run, run, undo of 10,000:", [f"{seconds:.2f} s" for seconds in times])  # noqa: T201  # pytest -s

"""A transaction of any type becomes any other in one step, with PUT or PATCH, and the sums follow."""

from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import text

from app.core.database import Database
from tests.conftest import Unchanged
from tests.people import Person, expect, fields, problem

Ids = dict[str, str]
TYPES = ("expense", "split", "income", "transfer", "exchange", "journal", "adjustment")


@pytest.fixture
async def ids(kim: Person) -> Ids:
    rows = {
        "checking": await kim.account(),
        "savings": await kim.account("Savings"),
        "dollars": await kim.account("Dollars", currency="USD"),
        "food": await kim.category(),
        "fees": await kim.category("My fees"),
    }
    return {name: row["id"] for name, row in rows.items()}


def bodies(ids: Ids) -> dict[str, tuple[dict[str, Any], dict[str, str]]]:
    """Each type with what it makes of the balances."""
    on = {"account_id": ids["checking"]}
    lines = [
        {"account_id": ids["savings"], "role": "transfer", "amount": "-7"},
        {"account_id": ids["checking"], "role": "transfer", "amount": "7"},
        {"account_id": ids["checking"], "role": "flow", "amount": "-2", "category_id": ids["food"]},
    ]
    parts = [{"amount": "4", "category_id": ids["food"]}, {"amount": "6"}]
    return {
        "expense": ({"type": "expense", **on, "amount": "10", "category_id": ids["food"]}, {"checking": "-10.00"}),
        "split": ({"type": "expense", **on, "amount": "10", "splits": parts}, {"checking": "-10.00"}),
        "income": ({"type": "income", **on, "amount": "3"}, {"checking": "3.00"}),
        "transfer": (
            {"type": "transfer", **on, "to_account_id": ids["savings"], "amount": "5"},
            {"checking": "-5.00", "savings": "5.00"},
        ),
        "exchange": (
            {
                "type": "transfer",
                **on,
                "to_account_id": ids["dollars"],
                "amount": "5",
                "to_amount": "6",
                "fee_amount": "1",
                "fee_category_id": ids["fees"],
            },
            {"checking": "-6.00", "dollars": "6.00"},
        ),
        "journal": ({"type": "journal", "postings": lines}, {"checking": "5.00", "savings": "-7.00"}),
        "adjustment": ({"type": "adjustment", **on, "balance": "8"}, {"checking": "8.00"}),
    }


async def balances(kim: Person, ids: Ids) -> dict[str, str]:
    """Those that are not 0."""
    names = {row: name for name, row in ids.items()}
    accounts = (await kim.read("/accounts"))["items"]
    return {names[a["id"]]: a["balance"] for a in accounts if a["balance"] != "0.00"}


@pytest.mark.parametrize(("old", "new"), list(permutations(TYPES, 2)))
async def test_any_type_becomes_any_other(kim: Person, ids: Ids, old: str, new: str) -> None:
    head = {"date": "2026-01-15", "payee": "P", "notes": "n", "tags": ["t"]}
    (body, was), (other, wanted) = bodies(ids)[old], bodies(ids)[new]
    made = expect(await kim.http.post("/transactions", json={**head, **body}), 201)
    path = f"/transactions/{made['id']}"
    assert await balances(kim, ids) == was
    put = expect(await kim.http.put(path, json={**head, **other}), 200)
    assert (await balances(kim, ids), await kim.read(path)) == (wanted, put)
    await kim.check_integrity()
    back = expect(await kim.http.put(path, json={**head, **body}), 200)
    assert await balances(kim, ids) == was
    assert {**back, "revision": 0, "updated_at": 0} == {**made, "revision": 0, "updated_at": 0}
    # What the old type had must be let go by name where the new one could keep it.
    drop = {name: None for name in ("fee_amount", "to_amount", "splits", "category_id") if not other.get(name)}
    patched = expect(await kim.http.patch(path, json={**drop, **other}), 200)
    assert {**patched, "revision": 0, "updated_at": 0} == {**put, "revision": 0, "updated_at": 0}
    assert await balances(kim, ids) == wanted


async def test_a_change_of_type_is_one_event(kim: Person, ids: Ids, owner_database: Database) -> None:
    made = expect(await kim.http.post("/transactions", json={"date": "2026-01-15", **bodies(ids)["exchange"][0]}), 201)
    changed = expect(await kim.http.patch(f"/transactions/{made['id']}", json={"type": "journal"}), 200)
    statement = text(
        "SELECT action, before ->> 'type' AS old, after ->> 'type' AS new, position FROM events "
        "WHERE book_id = CAST(:book AS uuid) AND revision = :revision"
    )
    async with owner_database.begin() as connection:
        parameters = {"book": kim.book_id, "revision": changed["revision"]}
        rows = (await connection.execute(statement, parameters)).all()
    assert [tuple(row) for row in rows] == [("updated", "transfer", "journal", 0)]


@pytest.mark.parametrize("old", [name for name in TYPES if name != "journal"])
async def test_a_journal_without_postings_of_its_own_keeps_those_that_are_there(
    kim: Person, ids: Ids, old: str
) -> None:
    body, was = bodies(ids)[old]
    made = expect(await kim.http.post("/transactions", json={"date": "2026-01-15", **body}), 201)
    changed = expect(await kim.http.patch(f"/transactions/{made['id']}", json={"type": "journal"}), 200)
    assert (changed["type"], changed["postings"]) == ("journal", made["postings"])
    assert await balances(kim, ids) == was


async def test_returns_422_and_says_what_the_other_type_needs(kim: Person, ids: Ids, unchanged: Unchanged) -> None:
    made = {}
    for name, (body, _) in bodies(ids).items():
        made[name] = expect(await kim.http.post("/transactions", json={"date": "2026-01-15", **body}), 201)["id"]
    cases: list[tuple[str, dict[str, Any], set[tuple[str, str]]]] = [
        ("expense", {"type": "transfer"}, {("to_account_id", "missing")}),
        ("expense", {"type": "adjustment"}, {("balance", "missing")}),
        ("expense", {"type": "opening_balance"}, {("type", "literal_error")}),
        ("journal", {"type": "transfer"}, {("to_account_id", "missing")}),
        ("exchange", {"type": "income"}, {("fee_amount", "fee_would_be_lost")}),
        ("adjustment", {"type": "income", "balance": "5"}, {("balance", "extra_forbidden")}),
        ("income", {"postings": [{"line": 0, "amount": "1"}]}, {("postings", "extra_forbidden")}),
        ("journal", {"splits": [{"amount": "1"}]}, {("splits", "extra_forbidden")}),
        ("journal", {"amount": "1"}, {("amount", "extra_forbidden")}),
    ]
    async with unchanged(kim):
        for name, change, wanted in cases:
            answer = await kim.http.patch(f"/transactions/{made[name]}", json=change)
            assert fields(problem(answer, 422, "invalid_input")) == wanted, (name, change)

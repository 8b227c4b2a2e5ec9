"""Counts of the server."""

from typing import Any

from app.core.database import Database
from tests.attachments.files import attach, png
from tests.people import Person, expect, problem
from tests.staff import run


def numbers(document: Any) -> dict[str, int]:
    """Every number, by its path."""
    found: dict[str, int] = {}
    for name, value in document.items():
        if isinstance(value, dict):
            found |= {f"{name}.{inner}": number for inner, number in numbers(value).items()}
        else:
            found[name] = value
    return found


async def test_they_count_what_is_there(kim: Person, admin: Person, owner_database: Database) -> None:
    before = numbers(await admin.read("/statistics"))
    assert before["transactions_exact"] is True
    account = await kim.account()
    receipt = png("statistics")
    for _ in range(2):
        await attach(kim, await kim.add(account_id=account["id"]), receipt)
    file = {"file": ("bank.csv", b"Date,Amount\n2026-01-25,-10.00\n", "text/csv")}
    expect(await kim.http.post("/imports", files=file, data={"account_id": account["id"]}), 201)
    expect(await kim.http.post("/books", json={"name": "Second"}), 201)
    old = "UPDATE sessions SET last_used_at = now() - interval '3 days' WHERE user_id = :id"
    await run(owner_database, old, id=kim.user["id"])
    await run(
        owner_database,
        "UPDATE users SET email_verified_at = now(), banned_at = now(), banned_until = now() + interval '1 day' "
        "WHERE id = :id",
        id=kim.user["id"],
    )
    after = numbers(await admin.read("/statistics"))
    lift = "UPDATE users SET banned_at = NULL, banned_until = NULL WHERE id = :id"
    await run(owner_database, lift, id=kim.user["id"])
    assert {name: after[name] - before[name] for name in before if after[name] != before[name]} == {
        "users.active": -1,
        "users.banned": 1,
        "users.verified": 1,
        "books": 1,
        "members": 1,
        "transactions": 2,
        "attachments.total": 2,
        "attachments.bytes": len(receipt),
        "imports": 1,
        "active_sessions.day": -1,
    }
    assert after["users.total"] == after["users.active"] + after["users.banned"]
    assert after["active_sessions.day"] <= after["active_sessions.week"] <= after["active_sessions.month"]


async def test_they_are_numbers_and_nothing_else(moderator: Person, kim: Person) -> None:
    assert all(type(number) in {int, bool} for number in numbers(await moderator.read("/statistics")).values())
    problem(await kim.get("/statistics"), 403, "missing_permission")


async def test_many_transactions_are_the_databases_estimate(admin: Person, owner_database: Database) -> None:
    estimate = "SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', 'transactions', 'reltuples', {})"
    before = await run(owner_database, "SELECT reltuples FROM pg_class WHERE oid = 'transactions'::regclass")
    await run(owner_database, estimate.format("CAST(250000 AS real)"))
    try:
        answer = await admin.read("/statistics")
    finally:
        await run(owner_database, estimate.format(f"CAST({before} AS real)"))
    assert (answer["transactions"], answer["transactions_exact"]) == (250_000, False)
    assert (await admin.read("/statistics"))["transactions_exact"] is True

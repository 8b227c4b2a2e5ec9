"""Each check finds the damage it is for, and names the row."""

from typing import Any

import pytest
from sqlalchemy import text

from app.core.database import Database
from app.integrity.repository import CHECKS
from app.integrity.service import check_every_book
from tests.ledger.damage import BALANCE_OF, DAMAGE
from tests.people import Person, expect
from tests.portfolio.trading import hold


@pytest.fixture
async def ids(kim: Person) -> dict[str, Any]:
    account, other, category = await kim.account(), await kim.account("Other"), await kim.category()
    expense = await kim.add(account_id=account["id"], category_id=category["id"])
    plain = await kim.add(account_id=account["id"])
    transfer = await kim.add(type="transfer", account_id=account["id"], to_account_id=other["id"])
    payee = expect(await kim.http.post("/payees", json={"name": "Payee"}), 201)
    expect(await kim.http.post("/payees", json={"name": "Other", "aliases": ["alias"]}), 201)
    third, fourth = await kim.account("Third"), await kim.account("Fourth")
    income = await kim.add(type="income", account_id=fourth["id"])
    refund = await kim.add(type="income", account_id=fourth["id"], refund_of_id=expense["id"])
    lines = [
        {"account_id": third["id"], "role": "flow", "amount": "3"},
        {"account_id": other["id"], "role": "flow", "amount": "4", "category_id": category["id"]},
    ]
    made = await kim.http.post("/transactions", json={"type": "journal", "date": "2026-01-15", "postings": lines})
    journal = expect(made, 201)
    wanted = {"type": "adjustment", "date": "2026-01-16", "account_id": third["id"], "balance": "9"}
    adjustment = expect(await kim.http.post("/transactions", json=wanted), 201)
    statement = {"statement_date": "2026-01-31", "statement_balance": "9"}
    reconciliation = expect(await kim.http.post(f"/accounts/{third['id']}/reconcile", json=statement), 201)
    root = await kim.category("Root")
    child = await kim.category("Child", parent_id=root["id"])
    held = await hold(kim, account_id=(await kim.account("Depot", type="investment"))["id"], pay_from_cash=True)
    rows = {
        "asset": {"id": held["asset_id"]},
        "trade": {"id": held["lots"][0]["trade_id"]},
        "root": root,
        "child": child,
        "account": account,
        "other": other,
        "category": category,
        "expense": expense,
        "plain": plain,
        "payee": payee,
        "income": income,
        "refund": refund,
        "journal": journal,
        "adjustment": adjustment,
        "reconciliation": reconciliation,
    }
    named = {name: row["id"] for name, row in {**rows, "transfer": transfer}.items()}
    return {**named, "book": kim.book_id, "lost": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"}


@pytest.mark.parametrize("name", DAMAGE)
async def test_the_check_for_it_finds_the_damage_and_names_the_row(
    kim: Person, ids: dict[str, Any], owner_database: Database, name: str
) -> None:
    statements, checks, named = DAMAGE[name]
    await kim.check_integrity()
    async with owner_database.engine.connect() as connection:
        for statement in statements:
            used = {key: value for key, value in ids.items() if f":{key}" in statement}
            done = await connection.execute(text(statement), used)
            assert done.rowcount > 0 or statement.startswith("SET"), statement
        found = {}
        for check, query in CHECKS.items():
            rows = (await connection.execute(text(query), {"book": ids["book"]})).mappings().all()
            if rows:
                found[check] = str([dict(row) for row in rows])
        await connection.rollback()
    assert found.keys() == checks
    if named:
        assert all(ids[named] in rows for rows in found.values())


def test_every_check_has_damage_that_it_finds() -> None:
    assert set().union(*(checks for _, checks, _ in DAMAGE.values())) == set(CHECKS)


async def test_the_report_names_every_check_and_the_first_offenders(
    kim: Person, ids: dict[str, Any], owner_database: Database
) -> None:
    async with owner_database.begin() as connection:
        await connection.execute(text(BALANCE_OF), {"account": ids["account"]})
    report = await kim.read(f"/books/{kim.book_id}/integrity")
    every = await check_every_book(owner_database)
    async with owner_database.begin() as connection:
        await connection.execute(text(BALANCE_OF.replace("+", "-")), {"account": ids["account"]})
    assert report["ok"] is False
    assert [check["name"] for check in report["checks"]] == [*CHECKS, "positions_follow_from_trades"]
    (broken,) = [check for check in report["checks"] if not check["ok"]]
    assert broken["offenders"] == [{"account_id": ids["account"], "stored": "-29.00", "computed": "-30.00"}]
    assert [str(book) for book, found in every.items() if not found["ok"]] == [kim.book_id]

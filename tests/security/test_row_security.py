"""Row-level security: what the role of a request can do without the application's help, in every table of a book."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.clock import now
from app.core.config import Settings
from app.core.database import APP_ROLE, Database, sqlstate
from tests.attachments.files import attach, png
from tests.dump import dump, tables_of_books
from tests.people import Person, expect
from tests.reports.converting import ask_and_keep

APPEND_ONLY = {"events", "event_chain", "private_entities", "rule_applications"}
"""Tables in which nothing is ever changed or deleted, by permission."""
OF_OWNERS = {"book_invitations"}
"""Tables that show their rows to an owner of the open book alone: with a book and nobody who asks they show none."""
READ_ONLY = {"event_chain", "private_entities"}
"""Tables that the database itself writes: the role may only read."""


async def fill(person: Person) -> None:
    """At least one row in every table of the person's book."""
    expect(await person.http.post(f"/books/{person.book_id}/invitations", json={"role": "viewer"}), 201)
    account, savings = (
        await person.account(opening_balance="5", opening_date="2026-01-01"),
        await person.account("Savings"),
    )
    await person.account("Own", visibility="private")
    bought = await person.add(account_id=account["id"], payee="Shop", tags=["tag"])
    ruled = {
        "name": "Rule",
        "condition": {"field": "payee", "op": "equals", "value": "Ruled"},
        "actions": [{"type": "add_tags", "tags": ["tag"]}],
    }
    expect(await person.http.post("/rules", json=ruled), 201)
    expect(await person.http.put("/suggestions/settings", json={"auto_categorise": False}), 200)
    await person.add(account_id=account["id"], payee="Ruled")
    await attach(person, bought, png())
    await person.add(type="transfer", account_id=account["id"], to_account_id=savings["id"])
    expect(await person.http.post("/payees", json={"name": "Corner Café", "aliases": ["CRNR CAFE"]}), 201)
    file = {"file": ("bank.csv", b"Date,Amount,Payee\n2026-01-25,-10.00,Shop\n", "text/csv")}
    preview = expect(await person.http.post("/imports", files=file, data={"account_id": account["id"]}), 201)
    expect(await person.http.post(f"/imports/{preview['id']}/commit"), 200)
    await plan(person, account)
    await change_currency(person)
    body = {"statement_date": "2026-01-31", "statement_balance": "0", "adjust": True}
    expect(await person.http.post(f"/accounts/{account['id']}/reconcile", json=body), 201)
    rent = {"name": "Rent", "template": {"type": "expense", "account_id": account["id"]}, "amount": "1.00"}
    rule = {"rrule": "FREQ=MONTHLY", "starts_on": "2090-01-01"}
    made = expect(await person.http.post("/schedules", json={**rent, **rule}), 201)
    expect(await person.http.post(f"/schedules/{made['id']}/occurrences/2090-01-01/skip"), 200)
    due = {"rrule": "FREQ=MONTHLY", "starts_on": "2026-01-01", "active_from": "2026-01-01", "kind": "bill"}
    owed = expect(await person.http.post("/schedules", json={**rent, **due}), 201)
    paid = {"transaction_id": bought["id"]}
    for path, answer in (("match", paid), ("unmatch", None)):
        occurrence = f"/schedules/{owed['id']}/occurrences/2026-01-01/{path}"
        expect(await person.http.post(occurrence, json=answer), 200)
    for weeks in (3, 2, 1):
        day = now().date() - timedelta(days=7 * weeks)
        await person.add(account_id=savings["id"], payee="Box", date=str(day))
    [weekly] = (await person.read("/subscriptions"))["items"]
    expect(await person.http.post("/subscriptions/dismiss", json={"key": weekly["key"]}), 200)
    held = {"symbol": "HOUSE", "name": "House", "type": "property", "currency": "EUR"}
    asset = expect(await person.http.post("/portfolio/assets", json=held), 201)
    expect(await person.http.put(f"/portfolio/assets/{asset['id']}/prices/2026-01-01", json={"price": "1"}), 200)
    wanted = {"by": "account", "targets": [{"key": savings["id"], "target_percent": "60"}]}
    expect(await person.http.put("/portfolio/targets", json=wanted), 200)
    goal = {"name": "Roof", "kind": "save_up", "target_amount": "9000", "currency": "EUR"}
    expect(await person.http.post("/goals", json={**goal, "sources": [{"account_id": savings["id"]}]}), 201)
    held = {"symbol": "HELD", "quantity": "2", "purchase_price": "3", "purchase_date": "2026-01-02", "currency": "EUR"}
    holding = expect(await person.http.post("/portfolio", json={**held, "account_id": savings["id"]}), 201)
    sale = {"kind": "sell", "date": "2026-01-03", "quantity": "1", "price": "4"}
    sale |= {name: holding[name] for name in ("account_id", "asset_id")}
    expect(await person.http.post("/portfolio/trades", json=sale), 201)
    method = {"method": "average"}
    expect(await person.http.put(f"/portfolio/accounts/{savings['id']}/cost-method", json=method), 200)
    expect(await person.http.post("/reports/saved", json={"name": "Ours", "measures": ["net"]}), 201)
    owed = await person.account("Car", type="loan")
    terms = {"account_id": owed["id"], "annual_rate": "4", "term": 6, "first_payment_date": "2026-02-01"}
    expect(await person.http.post("/loans", json=terms), 201)
    out = await person.add(account_id=savings["id"], date="2026-02-01")
    back = [await person.add(account_id=account["id"], type="income", date="2026-02-01") for _ in range(2)]
    for path, row, status in (("reject", back[0], 204), ("accept", back[1], 200)):
        pair = {"outgoing_id": out["id"], "incoming_id": row["id"]}
        expect(await person.http.post(f"/transfer-matches/{path}", json=pair), status)


async def change_currency(person: Person) -> None:
    """A rate of the book's own, days to be valued anew, and a base currency that is to be changed."""
    await person.account("Dollars", currency="USD")
    rate = {"base": "EUR", "quote": "CHF", "date": str(now().date()), "rate": "0.93"}
    expect(await person.http.put("/rates", json=rate), 200)
    wanted = {"currency": "CHF", "convert_budgets": True}
    expect(await person.http.post(f"/books/{person.book_id}/base-currency", json=wanted), 202)


async def plan(person: Person, account: dict[str, Any]) -> None:
    """A group with an envelope of this century that is overspent, and money in it; and what a budget carries."""
    group = expect(await person.http.post("/budget-groups", json={"name": "G"}), 201)
    body: dict[str, Any] = {"name": "B", "kind": "envelope", "amount": "1", "start_date": "2026-01-01"}
    body |= {"period": "custom", "every": 100, "unit": "year"}
    body |= {"thresholds": ["50.5", "100"], "group_id": group["id"], "account_ids": [account["id"]]}
    made = expect(await person.http.post("/budgets", json=body), 201)
    put = {"amount": "1", "date": "2026-01-01"}
    expect(await person.http.post(f"/budgets/{made['id']}/assign", json=put), 201)
    carrying = {"name": "C", "amount": "1", "period": "weekly", "start_date": "2026-01-01", "rollover": "both"}
    expect(await person.http.post("/budgets", json=carrying), 201)


@asynccontextmanager
async def opened(database: Database, book_id: str | None) -> AsyncIterator[AsyncConnection]:
    """A transaction with this book open, as a request has it, that leaves nothing behind."""
    async with database.engine.connect() as connection:
        if book_id is not None:
            await connection.execute(text("SELECT set_config('app.book_id', :book, true)"), {"book": book_id})
        yield connection
        await connection.rollback()


async def test_every_table_of_a_book_hides_its_rows_from_another_book(
    kim: Person, robin: Person, owner_database: Database, app_database: Database, settings: Settings
) -> None:
    for person in (kim, robin):
        await fill(person)
        await ask_and_keep(person, app_database, settings, "CHF", 2026)
    before = await dump(owner_database, kim.book_id)
    for table in (*await tables_of_books(owner_database), "books"):
        key = "id" if table == "books" else "book_id"
        assert before[table], f"there is no row to hide in {table}"
        for context in (robin.book_id, None):
            async with opened(app_database, context) as connection:
                seen = set((await connection.execute(text(f"SELECT {key}::text FROM {table}"))).scalars())
                assert seen == ({robin.book_id} if context and table not in OF_OWNERS else set()), table
                if table in APPEND_ONLY:
                    continue
                changed = await connection.execute(text(f"UPDATE {table} SET {key} = {key} RETURNING {key}::text"))
                assert set(changed.scalars()) <= {context}, table
            if table in APPEND_ONLY | {"books"}:  # a book is deleted by nobody: its log would go with it
                continue
            async with opened(app_database, context) as connection:
                # Robin's own rows may be needed by others of Robin's: they are left out.
                deleted = await connection.execute(
                    text(f"DELETE FROM {table} WHERE {key} <> :own RETURNING 1"), {"own": robin.book_id}
                )
                assert deleted.all() == [], table
    assert await dump(owner_database, kim.book_id) == before


async def test_every_table_of_a_book_refuses_a_row_for_another_book(
    kim: Person, robin: Person, owner_database: Database, app_database: Database
) -> None:
    await fill(kim)
    for table in (*await tables_of_books(owner_database), "books"):
        key = "id" if table == "books" else "book_id"
        for context in (robin.book_id, None):
            async with opened(app_database, context) as connection:
                statement = text(f"INSERT INTO {table} ({key}) VALUES (:book)")
                refusal = "permission denied" if table in READ_ONLY else "row-level security"
                with pytest.raises(ProgrammingError, match=refusal):
                    await connection.execute(statement, {"book": kim.book_id})


async def test_row_security_is_on_with_a_policy_for_every_command(owner_database: Database) -> None:
    statement = text(
        """
        SELECT c.relname, c.relrowsecurity,
               EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polcmd = '*') AS has_policy
        FROM pg_class c WHERE c.relname = ANY(:tables) AND c.relkind = 'r'
        """
    )
    tables = [*await tables_of_books(owner_database), "books"]
    async with owner_database.begin() as connection:
        rows = (await connection.execute(statement, {"tables": tables})).all()
    assert {row.relname for row in rows} == set(tables)
    assert all(row.relrowsecurity and row.has_policy for row in rows), rows


async def test_the_keys_of_a_book_begin_with_the_book(owner_database: Database) -> None:
    """A foreign key between two tables of a book contains the book, so no row can refer to another book's."""
    statement = text(
        """
        SELECT con.conname, con.conrelid::regclass::text AS child,
               (SELECT attname FROM pg_attribute WHERE attrelid = con.conrelid AND attnum = con.conkey[1]) AS first
        FROM pg_constraint con
        WHERE con.conrelid::regclass::text = ANY(:tables)
          AND (con.contype IN ('p', 'u') OR (con.contype = 'f' AND con.confrelid::regclass::text = ANY(:tables)))
        """
    )
    async with owner_database.begin() as connection:
        rows = (await connection.execute(statement, {"tables": await tables_of_books(owner_database)})).all()
    assert len(rows) > 20
    assert [row for row in rows if row.first != "book_id"] == []


async def test_the_role_of_requests_cannot_step_out_of_its_place(
    owner_database: Database, app_database: Database
) -> None:
    async with app_database.begin() as connection:
        assert await connection.scalar(text("SELECT current_user")) == APP_ROLE
        # What a statement could switch to and back must still be this role.
        await connection.execute(text("RESET ROLE"))
        assert await connection.scalar(text("SELECT current_user")) == APP_ROLE
    async with owner_database.begin() as connection:
        role = text(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin FROM pg_roles WHERE rolname = :r"
        )
        assert set((await connection.execute(role, {"r": APP_ROLE})).one()) == {False}
        owned = text("SELECT relname FROM pg_class WHERE pg_get_userbyid(relowner) = :r")
        assert (await connection.execute(owned, {"r": APP_ROLE})).scalars().all() == []


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE accounts DISABLE ROW LEVEL SECURITY",
        "DROP POLICY book_of_request ON accounts",
        "DROP TABLE accounts",
        "TRUNCATE accounts CASCADE",
        "CREATE TABLE stolen (id integer)",
        "CREATE ROLE thief",
        "UPDATE events SET action = 'forged'",
        "DELETE FROM events",
        "DELETE FROM books",
        "UPDATE event_chain SET hash = digest",
        "DELETE FROM event_chain",
        "INSERT INTO event_chain SELECT * FROM event_chain",
        "ALTER TABLE events DISABLE TRIGGER chain_events",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION event_hash(e events) RETURNS bytea LANGUAGE sql AS 'SELECT NULL::bytea'",
        "UPDATE currencies SET exponent = 9",
        "DELETE FROM alembic_version",
        "SELECT pg_read_file('/etc/passwd')",
        "COPY accounts TO PROGRAM 'cat'",
    ],
)
async def test_the_role_of_requests_may_not(kim: Person, app_database: Database, statement: str) -> None:
    async with opened(app_database, kim.book_id) as connection:
        with pytest.raises(ProgrammingError) as refusal:
            await connection.execute(text(statement))
        assert sqlstate(refusal.value) == "42501"


async def test_a_pooled_connection_does_not_remember_the_book_of_the_last_request(
    kim: Person, app_database: Database
) -> None:
    async with app_database.begin() as connection:
        await connection.execute(text("SELECT set_config('app.book_id', :book, true)"), {"book": kim.book_id})
        assert await connection.scalar(text("SELECT count(*) FROM books")) == 1
    for _ in range(5):
        async with app_database.begin() as connection:
            assert await connection.scalar(text("SELECT count(*) FROM books")) == 0

"""Every migration goes up, down and up again on filled tables, and leaves what the models say."""

import asyncio
import sys
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from app.core.config import Settings
from app.core.database import APP_ROLE, Base, Database
from app.core.embedded import EmbeddedPostgres
from app.core.failures import StartupError
from app.core.migrations import migrate, newest_revision, present_revision
from tests.attachments.files import attach, png
from tests.brokers.files import FILE as BROKERS_FILE
from tests.brokers.files import bring_in, depot, preview, trades
from tests.conftest import fresh_email
from tests.databases import migrated_database
from tests.imports.uploads import commit, try_upload, undo, upload
from tests.people import Person, expect, register
from tests.servers import serving

ROOT = Path(__file__).parents[2]
VERSIONS = ROOT / "alembic" / "versions"
STAIRS = (*sorted((path.name[:4] for path in VERSIONS.glob("0*.py")), reverse=True), "base")


@pytest.fixture
async def empty(postgres: EmbeddedPostgres, request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """A database without a schema, opened as its owner."""
    name = f"stairs_{abs(hash(request.node.name)) % 10**9}"
    await asyncio.to_thread(postgres.create_database, name)
    database = Database(postgres.url(name), pool_size=2, role=None)
    yield database
    await database.dispose()


@pytest.fixture
async def newest(postgres: EmbeddedPostgres, request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """The same with the newest schema."""
    url = await migrated_database(postgres, f"newest_{abs(hash(request.node.name)) % 10**9}")
    database = Database(url, pool_size=2, role=None)
    yield database
    await database.dispose()


def url_of(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)


async def scalar(database: Database, statement: str) -> Any:
    async with database.begin() as connection:
        return await connection.scalar(text(statement))


async def fill(person: Person) -> None:
    account, other = await person.account(opening_balance="5", opening_date="2026-01-01"), await person.account("Other")
    food = await person.category()
    split = [{"amount": "4", "category_id": food["id"]}, {"amount": "6"}]
    bought = await person.add(account_id=account["id"], payee="Shop", tags=["tag"], splits=split)
    await attach(person, bought, png())
    await person.add(type="transfer", account_id=account["id"], to_account_id=other["id"])
    file = {"file": ("bank.csv", b"Date,Amount,Payee\n2026-01-25,-10.00,Shop\n", "text/csv")}
    preview = expect(await person.http.post("/imports", files=file, data={"account_id": account["id"]}), 201)
    expect(await person.http.post(f"/imports/{preview['id']}/commit"), 200)
    spent = await person.add(account_id=account["id"], category_id=food["id"])
    await person.add(type="income", account_id=account["id"], amount="3", refund_of_id=spent["id"])
    lines = [
        {"account_id": account["id"], "role": "transfer", "amount": "-450"},
        {"account_id": other["id"], "role": "transfer", "amount": "450"},
        {"account_id": account["id"], "role": "flow", "amount": "-50", "category_id": food["id"]},
    ]
    journal = {"type": "journal", "date": "2026-01-20", "postings": lines}
    expect(await person.http.post("/transactions", json=journal), 201)
    adjustment = {"type": "adjustment", "date": "2026-01-21", "account_id": other["id"], "balance": "500"}
    expect(await person.http.post("/transactions", json=adjustment), 201)
    plan = {"name": "B", "amount": "1", "period": "monthly", "start_date": "2026-01-01", "category_ids": [food["id"]]}
    expect(await person.http.post("/budgets", json=plan), 201)
    statement = {"statement_date": "2026-01-31", "statement_balance": "499", "adjust": True}
    expect(await person.http.post(f"/accounts/{other['id']}/reconcile", json=statement), 201)
    goal = {"name": "Roof", "kind": "save_up", "target_amount": "9000", "currency": "EUR"}
    expect(await person.http.post("/goals", json={**goal, "sources": [{"account_id": other["id"]}]}), 201)
    owed = await person.account("Car", type="loan")
    terms = {"account_id": owed["id"], "annual_rate": "4", "term": 6, "first_payment_date": "2026-02-01"}
    expect(await person.http.post("/loans", json=terms), 201)
    expect(await person.http.put(f"/books/{person.book_id}/lock", json={"locked_until": "2025-12-31"}), 200)


async def test_filled_tables_go_down_step_by_step_and_up_again(empty: Database, settings: Settings) -> None:
    """Each step finds what was filled in at the top, goes down, up and down again; then all of it is made anew."""
    url = url_of(empty)
    await migrate(url)
    await use(url, settings)
    for above, step in pairwise(STAIRS):
        for target in (step, above, step):
            await migrate(url, target)
            async with empty.begin() as connection:
                assert await present_revision(connection) == (None if target == "base" else target)
    left = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'"
    assert await scalar(empty, f"{left} AND relname <> 'alembic_version_pkc'") == 0
    assert await scalar(empty, "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace") == 0
    for step in reversed(STAIRS[:-1]):
        await migrate(url, step)
    async with empty.begin() as connection:
        assert await present_revision(connection) == newest_revision()
    await use(url, settings)


async def use(url: str, settings: Settings) -> None:
    """Have somebody fill a book, which is right then."""
    async with serving(settings, database_url=url, database_pool_size=2) as (app, _):
        person = await register(app, fresh_email())
        await fill(person)
        await person.check_integrity()
        await person.http.aclose()


async def test_stepping_below_the_imports_keeps_their_transactions(newest: Database, settings: Settings) -> None:
    url = url_of(newest)
    async with serving(settings, database_url=url, database_pool_size=2) as (app, _):
        person = await register(app, fresh_email())
        await fill(person)
        before = await person.read("/accounts")
        await migrate(url, "0003")
        await migrate(url)
        assert await person.read("/accounts") == before
        found = (await person.read("/transactions"))["items"]
        assert {item["import_id"] for item in found} == {None}
        assert len(found) == 9
        await person.check_integrity()
        await person.http.aclose()


async def test_stepping_below_the_brokers_leaves_no_preview_without_its_assets(
    newest: Database, settings: Settings
) -> None:
    url = url_of(newest)
    text = b'2020-01-01 open Assets:B USD\n2020-01-02 * "x"\n  Assets:B  1 ABC {1.00 USD}\n  Assets:B  -1.00 USD\n'
    async with serving(settings, database_url=url, database_pool_size=2) as (app, _):
        person = await register(app, fresh_email())
        account = await depot(person)
        done = await bring_in(person, account, BROKERS_FILE)
        bank = await upload(person, account, b"Date,Amount,Payee\n2026-01-25,-10.00,Shop\n")
        await preview(person, account, trades("2024-05-03,Buy,NEWS,1,100.00,0,-100.00"))
        expect(await try_upload(person, None, text, name="b.beancount", format="beancount"), 201)
        await migrate(url, "0031")
        await migrate(url)
        left = {item["id"]: item["format"] for item in (await person.read("/imports"))["items"]}
        assert left == {done["id"]: "broker_csv", bank["id"]: "csv"}
        await commit(person, bank)
        await undo(person, done)
        await person.check_integrity()
        await person.http.aclose()


async def test_stepping_below_the_complete_ledger_keeps_balances_and_the_log(
    newest: Database, settings: Settings
) -> None:
    """The older schema has no word for journals and adjustments; the log names them again."""
    url = url_of(newest)
    forgotten = {"refund_of_id": None, "reconciliation_id": None}
    async with serving(settings, database_url=url, database_pool_size=2) as (app, _):
        person = await register(app, fresh_email())
        await fill(person)
        accounts = await person.read("/accounts")
        before = (await person.read("/transactions"))["items"]
        assert any(item["refund_of_id"] for item in before)
        assert any(item["reconciliation_id"] for item in before)
        types = [item["type"] for item in before]
        assert (types.count("journal"), types.count("adjustment"), types.count("opening_balance")) == (1, 2, 1)
        digests = await scalar(newest, "SELECT array_agg(digest ORDER BY book_id, revision) FROM event_chain")
        await migrate(url, "0004")
        assert await scalar(newest, "SELECT count(*) FROM transactions WHERE type IN ('journal', 'adjustment')") == 0
        await migrate(url)
        assert await person.read("/accounts") == accounts
        assert (await person.read("/transactions"))["items"] == [item | forgotten for item in before]
        # Each revision is one link now, however many statements wrote it.
        assert len(digests) > await scalar(newest, "SELECT count(*) FROM event_chain") > 0
        assert await scalar(newest, "SELECT count(*) FROM event_chain") == await scalar(
            newest, "SELECT count(DISTINCT (book_id, revision)) FROM events"
        )
        await person.check_integrity()
        await person.add(account_id=accounts["items"][0]["id"], date="2026-01-22")
        await person.check_integrity()
        await person.http.aclose()


async def test_one_statement_may_bring_events_of_several_revisions(newest: Database, settings: Settings) -> None:
    """As bringing back a book does: each is linked to the one before."""
    url = url_of(newest)
    async with serving(settings, database_url=url, database_pool_size=2) as (app, _):
        person = await register(app, fresh_email())
        await fill(person)
        async with newest.begin() as connection:
            await connection.execute(text("CREATE TEMP TABLE kept ON COMMIT DROP AS TABLE events"))
            await connection.execute(text("DELETE FROM events"))
            await connection.execute(text("DELETE FROM event_chain"))
            await connection.execute(text("INSERT INTO events SELECT * FROM kept ORDER BY revision DESC"))
        await person.check_integrity()
        await person.http.aclose()


async def test_migrating_what_is_migrated_changes_nothing(empty: Database) -> None:
    """Also by several processes at once, as when two servers start together."""
    program = "import asyncio, sys; from app.core.migrations import migrate; asyncio.run(migrate(sys.argv[1]))"
    for _ in range(2):
        runners = [
            await asyncio.create_subprocess_exec(sys.executable, "-c", program, url_of(empty), cwd=ROOT)
            for _ in range(2)
        ]
        assert [await runner.wait() for runner in runners] == [0, 0]
    assert await scalar(empty, "SELECT count(*) FROM alembic_version") == 1


async def test_models_and_migrations_agree(owner_database: Database) -> None:
    def differences(connection: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))

    async with owner_database.begin() as connection:
        assert await connection.run_sync(differences) == []


async def test_every_constraint_and_index_has_a_name_of_ours(owner_database: Database) -> None:
    """A name of PostgreSQL's own making could not be told apart by the code that explains violations."""
    statement = text(
        """
        SELECT con.conname FROM pg_constraint con
        WHERE con.connamespace = 'public'::regnamespace AND con.contype <> 'n'
          AND con.conrelid::regclass::text <> 'alembic_version'
          AND con.conname !~ ('^(pk|fk|uq|ck)_' || con.conrelid::regclass::text)
        """
    )
    async with owner_database.begin() as connection:
        assert (await connection.execute(statement)).scalars().all() == []


async def test_the_role_of_requests_is_taken_as_it_is_found(empty: Database) -> None:
    before = await scalar(empty, f"SELECT oid FROM pg_roles WHERE rolname = '{APP_ROLE}'")
    await migrate(url_of(empty))
    assert await scalar(empty, f"SELECT oid FROM pg_roles WHERE rolname = '{APP_ROLE}'") == before
    await migrate(url_of(empty), "base")
    # Another database of the server still needs it.
    assert await scalar(empty, f"SELECT oid FROM pg_roles WHERE rolname = '{APP_ROLE}'") == before


async def test_a_newer_schema_is_refused(newest: Database) -> None:
    async with newest.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StartupError, match="newer version of Finance Tracker"):
        await migrate(url_of(newest))


async def test_the_currencies_are_those_of_the_list(owner_database: Database) -> None:
    assert await scalar(
        owner_database, "SELECT count(*) FROM currencies WHERE code ~ '^[A-Z0-9]{2,12}$'"
    ) == await scalar(owner_database, "SELECT count(*) FROM currencies")
    assert await scalar(owner_database, "SELECT count(*) FROM currencies WHERE kind = 'fiat'") > 150

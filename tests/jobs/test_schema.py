"""The queue that our migration makes is the one of the installed package, and another package's would be noticed."""

import asyncio
import importlib.util
from importlib import resources
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import text

from app.core.database import Database
from app.core.jobs.schema import LAST_SCRIPT, SCHEMA, WORKER_ROLE, check_queue_schema
from app.core.migrations import SCRIPTS, migrate
from tests.jobs.conftest import Yard

PARTS = {
    "columns": """
        SELECT table_name, column_name, udt_name, is_nullable, column_default FROM information_schema.columns
        WHERE table_schema = :schema
    """,
    "functions": """
        SELECT proname, pg_get_function_arguments(oid), pg_get_function_result(oid), prosrc FROM pg_proc
        WHERE pronamespace = CAST(:schema AS regnamespace)
    """,
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = :schema",
    "triggers": """
        SELECT tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
        WHERE NOT tgisinternal AND relnamespace = CAST(:schema AS regnamespace)
    """,
    "types": """
        SELECT typname, enumlabel, row_number() OVER (PARTITION BY typname ORDER BY enumsortorder)
        FROM pg_enum JOIN pg_type t ON t.oid = enumtypid WHERE typnamespace = CAST(:schema AS regnamespace)
    """,
    "constraints": """
        SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = CAST(:schema AS regnamespace)
    """,
}
OURS = ("runs", "unlock_retried")


def migration() -> ModuleType:
    spec = importlib.util.spec_from_file_location("jobs_migration", SCRIPTS / "versions" / "0020_jobs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def parts(owner: Database, schema: str) -> dict[str, list[str]]:
    """All that there is in a schema, without its name and without what is ours beside the package's."""
    found: dict[str, list[str]] = {}
    async with owner.begin() as connection:
        for name, statement in PARTS.items():
            rows = [str(tuple(row)) for row in await connection.execute(text(statement), {"schema": schema})]
            bare = [row.replace(f"{schema}.procrastinate", "procrastinate") for row in rows]
            found[name] = sorted(row for row in bare if not any(ours in row for ours in OURS))
    return found


async def test_the_queue_is_that_of_the_package(yard: Yard) -> None:
    script = (resources.files("procrastinate.sql") / "schema.sql").read_text(encoding="utf-8")
    async with yard.owner.begin() as connection:
        await connection.execute(text("CREATE SCHEMA original"))
        await connection.execute(text("SET LOCAL search_path = original"))
        raw: Any = await connection.get_raw_connection()
        await raw.driver_connection.execute(script)
    try:
        original = await parts(yard.owner, "original")
        assert await parts(yard.owner, SCHEMA) == original
        assert all(original.values())
    finally:
        await yard.rows("DROP SCHEMA original CASCADE")


def test_the_migration_takes_the_scripts_it_was_made_of_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = migration()
    assert ours.LAST_SCRIPT == LAST_SCRIPT
    assert len(ours.scripts()) == 38
    check_queue_schema()
    monkeypatch.setattr(ours, "LAST_SCRIPT", "03.03.00_01_pre_priority_lock_fetch_job.sql")
    with pytest.raises(RuntimeError, match="other migrations"):
        ours.scripts()


async def test_going_down_and_up_again_leaves_an_empty_queue(yard: Yard, jobs_database: str) -> None:
    await yard.defer("test.lost")
    await yard.requests.dispose()
    await yard.owner.dispose()
    await migrate(jobs_database, migration().down_revision)
    assert await yard.rows("SELECT to_regnamespace('jobs') IS NULL AS gone") == [(True,)]
    assert await yard.rows("SELECT 1 FROM pg_proc WHERE proname = 'defer_job'") == []
    await migrate(jobs_database)
    assert await yard.jobs() == []
    await yard.defer("test.kept")
    assert await yard.jobs() == [("test.kept", "todo", 0)]


async def test_who_may_serve_requests_may_run_jobs(yard: Yard, jobs_database: str) -> None:
    """A login of an operator's own making, with a name that has to be quoted, gets the role with the migration."""
    await asyncio.gather(yard.requests.dispose(), yard.owner.dispose())
    await migrate(jobs_database, migration().down_revision)
    await yard.rows('CREATE ROLE "Own Login" NOINHERIT')
    try:
        await yard.rows('GRANT finance_app TO "Own Login" WITH INHERIT FALSE, SET TRUE')
        await migrate(jobs_database)
        member = await yard.rows(
            "SELECT set_option, inherit_option, admin_option FROM pg_auth_members "
            f"WHERE roleid = '{WORKER_ROLE}'::regrole AND member = '\"Own Login\"'::regrole"
        )
        assert member == [(True, False, False)]
    finally:
        await yard.rows('DROP ROLE "Own Login"')

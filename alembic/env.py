"""How migrations run: as the database's owner, one runner at a time, never waiting long for a lock."""

import asyncio

from sqlalchemy import Connection, text

from alembic import context
from app.core.config import load_settings
from app.core.database import Database
from app.tables import ALL_TABLES

MIGRATION_LOCK = 7_246_002


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=ALL_TABLES[0].metadata, compare_server_default=False)
    with context.begin_transaction():
        connection.execute(text("SET LOCAL lock_timeout = '10s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        context.run_migrations()


async def run_alone() -> None:
    url = load_settings().database_url
    if url is None:
        raise SystemExit("Set DATABASE_URL to run alembic by hand; `finance migrate` needs none.")
    database = Database(url, pool_size=1, role=None)
    async with database.begin() as connection:
        await connection.run_sync(run)
    await database.dispose()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    run(handed_over)
else:
    asyncio.run(run_alone())

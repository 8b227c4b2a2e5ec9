"""Databases for tests that need one of their own: copies of one that was migrated, each made in a moment."""

import asyncio

from sqlalchemy import text

from app.core.database import Database
from app.core.embedded import EmbeddedPostgres
from app.core.migrations import migrate

TEMPLATE = "migrated"


async def migrated_database(postgres: EmbeddedPostgres, name: str) -> str:
    """The owner's URL of a new database of this server with the newest schema, and nothing else in it.

    One of that name goes: a worker that comes back to a file makes what the file needs once more.
    """
    if await asyncio.to_thread(postgres.create_database, TEMPLATE):
        await migrate(postgres.url(TEMPLATE))
    owner = Database(postgres.url("postgres"), pool_size=1, role=None)
    async with owner.engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        await connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}"'))
    await owner.dispose()
    return postgres.url(name)

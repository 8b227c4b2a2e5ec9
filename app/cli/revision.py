"""Writing a new migration: the difference between what the migrations make and what the models say."""

import asyncio
import tempfile
from pathlib import Path

from alembic.config import Config
from sqlalchemy import Connection

from alembic import command
from app.core.config import Settings
from app.core.database import Database
from app.core.migrations import SCRIPTS, migrate, newest_revision
from app.runtime.database import own_database


def write(message: str, settings: Settings) -> None:
    """Write the next migration, numbered after the newest, by way of a database of its own that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="finance-revision-") as folder:
        Path(folder).chmod(0o711)  # where we are root, the server's own account has to pass
        scratch = settings.model_copy(update={"database_url": None, "data_dir": Path(folder) / "data"})
        with own_database(scratch) as url:
            asyncio.run(migrate(url))
            asyncio.run(_compare(url, message))


async def _compare(url: str, message: str) -> None:
    database = Database(url, pool_size=1, role=None)
    try:
        async with database.begin() as connection:
            await connection.run_sync(_write, message)
    finally:
        await database.dispose()


def _write(connection: Connection, message: str) -> None:
    config = Config(str(SCRIPTS.with_name("alembic.ini")))
    config.attributes["connection"] = connection
    following = f"{int(newest_revision()) + 1:04d}"
    command.revision(config, message, autogenerate=True, rev_id=following)

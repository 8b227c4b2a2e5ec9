"""Bring a database to this program's schema, or say why not."""

import re
from functools import cache
from pathlib import Path

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from asyncpg import InterfaceError, PostgresError  # type: ignore[import-untyped]  # it has no type hints
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from alembic import command
from app.core.database import Database, sqlstate
from app.core.failures import StartupError

SCRIPTS = Path(__file__).parents[2] / "alembic"
OLDEST_SERVER = 180_000

# What a server that cannot be used makes the driver raise; while connecting, SQLAlchemy passes it on unwrapped.
DATABASE_ERRORS = (OSError, SQLAlchemyError, PostgresError, InterfaceError)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    return config


@cache
def _scripts() -> ScriptDirectory:
    """The migration scripts, read once."""
    return ScriptDirectory.from_config(_config())


def newest_revision() -> str:
    """The revision of the newest migration script."""
    head = _scripts().get_current_head()
    if head is None:
        raise StartupError(f"There are no migrations in {SCRIPTS}; the installation is incomplete.")
    return head


def is_known(revision: str) -> bool:
    """Whether this program has the migration that leads to this schema."""
    return revision in {script.revision for script in _scripts().walk_revisions()}


async def present_revision(connection: AsyncConnection) -> str | None:
    """The schema revision of a database; None for one that was never migrated."""
    exists = await connection.scalar(text("SELECT to_regclass('public.alembic_version') IS NOT NULL"))
    if not exists:
        return None
    version: str | None = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version


async def migrate(url: str, target: str = "head") -> None:
    """Upgrade (or with an older `target`, downgrade) as the URL's own user, in one transaction.

    Raises `StartupError` for a server older than PostgreSQL 18, a schema newer than this program, a user that may
    not create roles, an unknown `target`, and a server that does not answer.
    """
    database = Database(url, pool_size=1, role=None)
    try:
        async with database.begin() as connection:
            await _check_server(connection)
            await _check_not_newer(connection)
            await connection.run_sync(_run, target)
    except CommandError as error:
        raise StartupError(f"The database cannot be migrated to {target!r}: {error}.") from error
    except DATABASE_ERRORS as error:
        raise unusable_database(error) from error
    finally:
        await database.dispose()


def _run(connection: Connection, target: str) -> None:
    config = _config()
    config.attributes["connection"] = connection
    if _is_behind(connection, target):
        command.downgrade(config, target)
    else:
        command.upgrade(config, target)


def _is_behind(connection: Connection, target: str) -> bool:
    """Whether `target` is older than the schema that is there."""
    present = MigrationContext.configure(connection).get_current_revision()
    if present is None or target == "head":
        return False
    if target == "base":
        return True
    scripts = _scripts()
    wanted = scripts.get_revision(target).revision
    return wanted != present and wanted in {script.revision for script in scripts.walk_revisions("base", present)}


async def _check_server(connection: AsyncConnection) -> None:
    number = int(await connection.scalar(text("SHOW server_version_num")) or 0)
    if number < OLDEST_SERVER:
        raise StartupError(f"The database server is PostgreSQL {number // 10_000}; this program needs 18 or newer.")


async def _check_not_newer(connection: AsyncConnection) -> None:
    present = await present_revision(connection)
    if present is not None and not is_known(present):
        raise StartupError(
            f"The database is of a newer version of Finance Tracker (schema {present}, this program knows up to "
            f"{newest_revision()}): start that version instead, or restore a backup made before the upgrade."
        )


def unusable_database(error: BaseException) -> StartupError:
    """One sentence for one of DATABASE_ERRORS."""
    if isinstance(error, DBAPIError):
        state = sqlstate(error)
        cause = re.sub(r"^<class '[^']*'>: ", "", str(error.orig).split("\n", 1)[0])
    else:
        state = getattr(error, "sqlstate", None)
        cause = getattr(error, "strerror", None) or str(error).split("\n", 1)[0] or "it does not answer"
    if state == "42501":
        return StartupError(
            f"The database user may not prepare the database ({cause}): it must own it and have CREATEROLE."
        )
    # Of what goes wrong before and during log-in the URL may be the reason; later it is not.
    hint = "; check DATABASE_URL" if state is None or state[:2] in {"08", "28", "3D"} else ""
    return StartupError(f"The database cannot be used: {cause.rstrip('.')}{hint}.")

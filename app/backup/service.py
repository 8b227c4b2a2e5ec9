"""Making a backup, and restoring one."""

import os
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.attachments.storage import ObjectKey, ObjectMissingError, Store, StoreUnavailableError
from app.backup import postgres
from app.backup.archive import ATTACHMENTS, DATABASE, ArchiveWriter, Manifest, check, digest_of, unpack
from app.core.clock import now
from app.core.database import Database
from app.core.failures import StartupError
from app.core.migrations import is_known, migrate, present_revision
from app.core.version import VERSION

STDOUT = Path("-")
SPOOLED_BYTES = 4_194_304
"""An attachment up to this size passes through memory, a larger one through a temporary file."""

_FILES = text("SELECT book_id, sha256 FROM files ORDER BY book_id, sha256")
_TABLES = text(
    """
    SELECT EXISTS (
        SELECT FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'))
    """
)
_SERVERS = text(
    """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'finance-tracker' AND pid <> pg_backend_pid()
    """
)


@dataclass(frozen=True)
class BackedUp:
    """What a backup holds, and what it should hold and could not be read."""

    schema: str
    attachments: int
    missing: list[str]


async def backup(url: str, objects: Store, target: Path) -> BackedUp:
    """Write the database and every attachment to `target`, or to the standard output for `-`.

    The database is read as it was at one moment. What its files name is removed from the store only days after they
    have gone, so it is there still; what is not, or has changed, is told and left out. Raises `StartupError`.
    """
    database = Database(url, pool_size=1, role=None)
    try:
        async with database.engine.connect() as plain:
            connection = await plain.execution_options(isolation_level="REPEATABLE READ")
            schema = await present_revision(connection)
            if schema is None:
                raise StartupError("The database is empty: there is nothing to back up.")
            keys = await _files(connection)
            snapshot = str(await connection.scalar(text("SELECT pg_export_snapshot()")))
            programs = postgres.programs_for(await _server_major(connection))
            manifest = Manifest(program=VERSION, schema_revision=schema, created_at=now())
            with _written(target) as (stream, folder):
                archive = ArchiveWriter(stream, manifest)
                with tempfile.TemporaryFile(dir=folder) as dumped:
                    await postgres.dump(programs, url, snapshot, dumped)
                    _add(archive, DATABASE, cast("BinaryIO", dumped))
                for key in keys:
                    if not await _add_object(archive, objects, key):
                        manifest.missing.append(str(key))
                archive.finish()
        return BackedUp(schema, len(keys) - len(manifest.missing), manifest.missing)
    except StoreUnavailableError as error:
        raise StartupError("The store of attachments does not answer; the log says why.") from error
    finally:
        await database.dispose()


async def restore(url: str, objects: Store, source: Path, *, force: bool) -> int:
    """Bring a backup that was checked into the database and the store; returns how many attachments it had.

    The attachments come first, under names that say what they hold: should it end there, the database is as it was.
    Then all of the database in one transaction, then what is new in the schema since. Raises `StartupError` where the
    database holds somebody's data, unless forced, and where a server works with it in any case.
    """
    database = Database(url, pool_size=1, role=None)
    try:
        async with database.begin() as connection:
            programs = postgres.programs_for(await _server_major(connection))
            clear = await _check_target(connection, force=force)
    finally:
        await database.dispose()
    attachments = 0
    with tempfile.TemporaryDirectory(prefix="finance-restore-") as folder:
        dumped = Path(folder) / DATABASE
        for member in unpack(source):
            if member.key is not None:
                await _put(objects, member.key, member.content)
                attachments += 1
            else:
                _copy(member.content, dumped)
        await postgres.restore(programs, url, dumped, clear=clear)
    await migrate(url)
    await _with_owner(url, lambda connection: connection.execute(text("ANALYZE")))
    return attachments


def checked(source: Path) -> Manifest:
    """The manifest of an archive that is whole and of a schema this program knows; raises `StartupError`."""
    manifest = check(source)
    if not is_known(manifest.schema_revision):
        raise StartupError(
            f"{source} is of a newer version of Finance Tracker (schema {manifest.schema_revision}): restore it with "
            "that version."
        )
    return manifest


async def _check_target(connection: AsyncConnection, *, force: bool) -> bool:
    """Whether there is something to clear away first."""
    if await connection.scalar(_SERVERS):
        raise StartupError("A Finance Tracker works with this database: stop it, then restore.")
    if not await connection.scalar(_TABLES):
        return False
    if not force and await _has_users(connection):
        raise StartupError(
            "The database is not empty: restore into an empty one (another DATA_DIR or DATABASE_URL), or let --force "
            "replace everything in it."
        )
    return True


async def _has_users(connection: AsyncConnection) -> bool:
    """Also true where it cannot be told: tables of something else count as somebody's."""
    if not await connection.scalar(text("SELECT to_regclass('public.users') IS NOT NULL")):
        return True
    return bool(await connection.scalar(text("SELECT EXISTS (SELECT FROM users)")))


async def _files(connection: AsyncConnection) -> list[ObjectKey]:
    """Of all books; none where the schema is older than attachments."""
    if not await connection.scalar(text("SELECT to_regclass('public.files') IS NOT NULL")):
        return []
    return [ObjectKey(UUID(str(row.book_id)), row.sha256) for row in await connection.execute(_FILES)]


async def _server_major(connection: AsyncConnection) -> int:
    return int(str(await connection.scalar(text("SHOW server_version_num")))) // 10_000


async def _with_owner(url: str, work: Callable[[AsyncConnection], Awaitable[object]]) -> None:
    database = Database(url, pool_size=1, role=None)
    try:
        async with database.begin() as connection:
            await work(connection)
    finally:
        await database.dispose()


def _add(archive: ArchiveWriter, name: str, content: BinaryIO) -> str:
    content.seek(0)
    size, sha256 = digest_of(content)
    archive.add(name, content, size=size, sha256=sha256)
    return sha256


async def _add_object(archive: ArchiveWriter, objects: Store, key: ObjectKey) -> bool:
    """False for an object that is lost or is not what its name says."""
    with tempfile.SpooledTemporaryFile(SPOOLED_BYTES) as file:
        try:
            content = await objects.open(key)
        except ObjectMissingError:
            return False
        try:
            async for chunk in content:
                file.write(chunk)
        finally:
            await content.aclose()
        file.seek(0)
        size, sha256 = digest_of(cast("BinaryIO", file))
        if sha256 != key.sha256.hex():
            return False
        archive.add(f"{ATTACHMENTS}{key}", cast("BinaryIO", file), size=size, sha256=sha256)
    return True


async def _put(objects: Store, key: ObjectKey, content: BinaryIO) -> None:
    try:
        await objects.put(key, content)
    except StoreUnavailableError as error:
        raise StartupError("The store of attachments cannot be written; the log says why.") from error


def _copy(content: BinaryIO, target: Path) -> None:
    with target.open("wb") as file:
        while piece := content.read(postgres.PIECE):
            file.write(piece)


@contextmanager
def _written(target: Path) -> Iterator[tuple[IO[bytes], Path | None]]:
    """A stream that becomes `target` when the block has ended well, for its owner's eyes only; and where it lies."""
    if target == STDOUT:
        yield sys.stdout.buffer, None
        sys.stdout.buffer.flush()
        return
    folder = target.expanduser().resolve().parent
    making: str | None = None
    try:
        if target.is_dir():
            raise StartupError(f"{target} is a folder: name a file for the backup.")
        descriptor, making = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=folder)
        with os.fdopen(descriptor, "wb") as stream:
            yield stream, folder
            stream.flush()
            os.fsync(descriptor)
        Path(making).replace(target)
        making = None
        _sync(folder)
    except OSError as error:
        raise StartupError(f"The backup cannot be written to {target}: {error.strerror or error}.") from error
    finally:
        if making is not None:
            Path(making).unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

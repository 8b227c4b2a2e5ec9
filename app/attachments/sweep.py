"""Removing files that no transaction has any more, and objects that their book does not know."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from app.attachments import repository
from app.attachments.storage import ObjectKey, Store, StoreUnavailableError
from app.core.clock import now
from app.core.database import Database

AT_ONCE = 1000
STRAY_AFTER = timedelta(days=1)
"""No upload takes that long, so what is older and has no row is nobody's."""

log = structlog.get_logger("finance.attachments")


@dataclass(frozen=True)
class Swept:
    files: int
    strays: int


async def sweep(database: Database, objects: Store, undo_days: int, *, strays: bool = True) -> Swept:
    """One round over all books; it is safe in several processes at once, and beside uploads."""
    files = 0
    tried: set[ObjectKey] = set()
    while True:
        async with database.begin() as connection:
            due = set(await repository.orphans(connection, undo_days, AT_ONCE)) - tried
        if not due:
            break
        for key in due:
            files += await remove_orphan(database, objects, key, undo_days)
        tried |= due
    return Swept(files, await _sweep_strays(database, objects, now() - STRAY_AFTER) if strays else 0)


async def remove_orphan(database: Database, objects: Store, key: ObjectKey, undo_days: int) -> bool:
    """Remove a file, row and object, if it has had no attachment for so long."""
    try:
        async with database.begin() as connection:
            await repository.open_book(connection, key.book_id)
            await repository.hold(connection, key)
            if not await repository.forget(connection, key, undo_days):
                return False
    except IntegrityError:
        return False  # an undo has just brought an attachment of it back
    await _remove_object(database, objects, key)
    return True


async def remove_objects(database: Database, objects: Store, keys: Sequence[ObjectKey]) -> None:
    """Remove what a deleted book had in the store; what this does not come to is a stray, for a later sweep."""
    try:
        for key in keys:
            await _remove_object(database, objects, key)
    except (OSError, SQLAlchemyError, StoreUnavailableError) as error:
        log.warning("objects_of_deleted_book_left", error=str(error))


async def _remove_object(database: Database, objects: Store, key: ObjectKey) -> bool:
    """Remove an object that has no row; an upload of the same file waits, or was faster and is spared."""
    async with database.begin() as connection:
        await repository.open_book(connection, key.book_id)
        await repository.hold(connection, key)
        if await repository.is_known(connection, key):
            return False
        await objects.delete(key)
    return True


async def _sweep_strays(database: Database, objects: Store, before: datetime) -> int:
    removed = await objects.tidy(before)
    async for some in objects.every():
        old = [stored.key for stored in some if stored.modified < before]
        for key in await _without_row(database, old):
            removed += await _remove_object(database, objects, key)
    return removed


async def _without_row(database: Database, keys: list[ObjectKey]) -> list[ObjectKey]:
    """Which of them their book does not know.

    Objects of a book that is not there are left alone, unless the database knows that it was deleted: else it is
    likely that the server was started with a wrong DATABASE_URL, which must not empty the store of the right one.
    """
    found: list[ObjectKey] = []
    for book_id in {key.book_id for key in keys}:
        of_book = [key for key in keys if key.book_id == book_id]
        async with database.begin() as connection:
            if not await repository.open_book(connection, book_id):
                found += of_book if await repository.was_deleted(connection, book_id) else []
                continue
            known = await repository.known(connection, book_id, [key.sha256 for key in of_book])
        found += [key for key in of_book if key.sha256 not in known]
    return found

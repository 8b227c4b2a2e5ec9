"""Checking every book again and again in the background, where the operator wants it."""

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from uuid import UUID

import structlog
from prometheus_client import Gauge
from sqlalchemy.exc import SQLAlchemyError

from app.core.background import in_background
from app.core.database import Database
from app.integrity import repository
from app.integrity.service import check_book

CHECKED_AT = Gauge("finance_integrity_checked_timestamp_seconds", "When all books were last checked on schedule")
BROKEN = Gauge("finance_integrity_broken_books", "Books in which the last scheduled check found a broken rule")

log = structlog.get_logger("finance.integrity")


def scheduled(database: Database, hours: float) -> AbstractAsyncContextManager[None]:
    """Check every book each so many hours while the block runs; 0 means never."""
    return in_background(_keep_checking(database, hours * 3600)) if hours else nullcontext()


async def _keep_checking(database: Database, pause: float) -> None:
    while True:
        try:
            await check_all(database)
        except (OSError, SQLAlchemyError) as error:
            log.warning("integrity_check_failed", error=str(error))
        await asyncio.sleep(pause)


async def check_all(database: Database) -> int:
    """One round over all books, each in a transaction of its own; returns how many are broken or could not be read."""
    async with database.begin() as connection:
        books = await repository.ids_of_books(connection)
    broken = 0
    for book_id in books:
        try:
            broken += not await _check(database, book_id)
        except (OSError, SQLAlchemyError) as error:
            log.warning("integrity_check_failed", book_id=str(book_id), error=str(error))
            broken += 1
    BROKEN.set(broken)
    CHECKED_AT.set_to_current_time()
    log.info("integrity_checked", books=len(books), broken=broken)
    return broken


async def _check(database: Database, book_id: UUID) -> bool:
    async with database.begin() as connection:
        await repository.open_book(connection, book_id)
        report = await check_book(connection, book_id)
    for check in report["checks"]:
        if not check["ok"]:
            log.error("integrity_broken", book_id=str(book_id), check=check["name"], offenders=check["offenders"])
    return bool(report["ok"])

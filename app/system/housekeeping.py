"""Forgetting, hourly, what nobody may rely on any more: kept answers and ended sessions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.auth.repository import forget_ended
from app.core.clock import now
from app.core.database import Database
from app.core.idempotency import forget_old

PAUSE_SECONDS = 3600.0
SESSIONS_KEPT_FOR = timedelta(days=30)

log = structlog.get_logger("finance.housekeeping")


@asynccontextmanager
async def housekeeping(database: Database) -> AsyncIterator[None]:
    """Keep house while the block runs; it is safe in several processes at once."""
    task = asyncio.create_task(_keep(database))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _keep(database: Database) -> None:
    while True:
        try:
            await sweep(database)
        except (OSError, SQLAlchemyError) as error:
            log.warning("housekeeping_failed", error=str(error))
        await asyncio.sleep(PAUSE_SECONDS)


async def sweep(database: Database) -> None:
    """One round."""
    async with database.begin() as connection:
        keys = await forget_old(connection)
        sessions = await forget_ended(connection, now() - SESSIONS_KEPT_FOR)
    log.info("housekeeping_done", idempotency_keys=keys, sessions=sessions)

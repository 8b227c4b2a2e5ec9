"""Forgetting, hourly, what nobody may rely on any more: kept answers, ended sessions, files of no transaction."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.attachments import sweep as attachments
from app.attachments.storage import Store, StoreUnavailableError
from app.auth import token_repository
from app.auth.repository import forget_ended
from app.core.background import in_background
from app.core.clock import now
from app.core.database import Database
from app.core.idempotency import forget_old

PAUSE_SECONDS = 3600.0
SESSIONS_KEPT_FOR = timedelta(days=30)
ROUNDS_BETWEEN_STRAYS = 24
"""To look through a whole store is for once a day."""

log = structlog.get_logger("finance.housekeeping")


@dataclass(frozen=True)
class AttachmentChore:
    """What sweeping the attachments needs beside the database."""

    objects: Store
    undo_days: int


def housekeeping(database: Database, chore: AttachmentChore | None = None) -> AbstractAsyncContextManager[None]:
    """Keep house while the block runs; it is safe in several processes at once."""
    return in_background(_keep(database, chore))


async def _keep(database: Database, chore: AttachmentChore | None) -> None:
    rounds = 0
    while True:
        try:
            await sweep(database)
            if chore is not None:
                await sweep_attachments(database, chore, strays=rounds % ROUNDS_BETWEEN_STRAYS == 0)
        except (OSError, SQLAlchemyError, StoreUnavailableError) as error:
            log.warning("housekeeping_failed", error=str(error))
        rounds += 1
        await asyncio.sleep(PAUSE_SECONDS)


async def sweep(database: Database) -> None:
    """One round."""
    async with database.begin() as connection:
        keys = await forget_old(connection)
        sessions = await forget_ended(connection, now() - SESSIONS_KEPT_FOR)
        tokens = await token_repository.forget_ended(connection, now() - SESSIONS_KEPT_FOR)
    log.info("housekeeping_done", idempotency_keys=keys, sessions=sessions, personal_tokens=tokens)


async def sweep_attachments(database: Database, chore: AttachmentChore, *, strays: bool) -> None:
    """One round over the files of all books and, with `strays`, over all objects of the store."""
    swept = await attachments.sweep(database, chore.objects, chore.undo_days, strays=strays)
    log.info("attachments_swept", files=swept.files, strays=swept.strays)

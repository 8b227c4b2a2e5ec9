"""Forgetting what nobody may rely on any more: kept answers, ended sessions and tokens, files of no transaction."""

from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.attachments import sweep as attachments
from app.attachments.storage import Store
from app.auth import token_repository
from app.auth.repository import forget_ended
from app.core.clock import now
from app.core.database import Database
from app.core.idempotency import forget_old

SESSIONS_KEPT_FOR = timedelta(days=30)

log = structlog.get_logger("finance.housekeeping")


async def forget(connection: AsyncConnection) -> None:
    keys = await forget_old(connection)
    sessions = await forget_ended(connection, now() - SESSIONS_KEPT_FOR)
    tokens = await token_repository.forget_ended(connection, now() - SESSIONS_KEPT_FOR)
    log.info("housekeeping_done", idempotency_keys=keys, sessions=sessions, personal_tokens=tokens)


async def sweep_attachments(database: Database, objects: Store, undo_days: int, *, strays: bool) -> None:
    """One round over the files of all books and, with `strays`, over all objects of the store."""
    swept = await attachments.sweep(database, objects, undo_days, strays=strays)
    log.info("attachments_swept", files=swept.files, strays=swept.strays)

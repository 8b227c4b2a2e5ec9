"""A change of the base currency whose worker died each time it was tried ends as failed, and may be asked for again.

A handler that is killed says nothing. So each run puts a job behind itself, under its own key: it comes when no run is
left. Of a change that never came to run, an hourly look does the same.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.acting import open_for
from app.core.errors import NotFoundError
from app.core.jobs.queue import defer
from app.core.jobs.tasks import Work
from app.rates import change_repository

END = "rates.end_base_currency_change"
LOOK = "rates.look_at_base_currency_change"
EVERY = timedelta(hours=1)
ABANDONED = "The server was stopped each time it tried. The book is as it was; ask for the change again."

Payload = Mapping[str, Any]


def key_of(change_id: UUID) -> str:
    """Jobs of one change never run at the same time, and in their order."""
    return f"rates.change_base_currency:{change_id}"


async def end_later(connection: AsyncConnection, payload: Payload) -> None:
    """Have the change ended when all jobs of it that are in the queue by now are through."""
    await defer(connection, END, payload, key=key_of(UUID(payload["id"])))


async def look_later(connection: AsyncConnection, payload: Payload, at: datetime) -> None:
    """Have somebody look an hour after `at` whether there still is a run of the change to wait for."""
    await defer(connection, LOOK, payload, key=f"{LOOK}:{payload['id']}", at=at + EVERY)


async def end(work: Work, payload: Payload) -> None:
    """Nobody is at it any more: what is not done or failed by now has failed."""
    book_id, change_id, user_id = (UUID(payload[name]) for name in ("book_id", "id", "user_id"))
    try:
        await open_for(work.connection, book_id, user_id)
    except NotFoundError:  # the book has gone
        return
    await change_repository.give_up(work.connection, book_id, change_id, ABANDONED, work.at)


async def look(work: Work, payload: Payload) -> None:
    """While the change is open: end it behind its runs, and look again."""
    book_id, change_id, user_id = (UUID(payload[name]) for name in ("book_id", "id", "user_id"))
    try:
        await open_for(work.connection, book_id, user_id)
    except NotFoundError:
        return
    if await change_repository.is_open(work.connection, book_id, change_id):
        await end_later(work.connection, payload)
        await look_later(work.connection, payload, work.at)

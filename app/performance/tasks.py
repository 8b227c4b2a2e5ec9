"""The daily look at what holdings are worth."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.access.acting import open_for
from app.core.errors import NotFoundError
from app.core.jobs.queue import defer
from app.core.jobs.tasks import Task, Work
from app.performance import alerts, repository

LOOK = "performance.look"
LOOK_AT_BOOK = "performance.look_at_book"


async def look(work: Work, _payload: Mapping[str, Any]) -> None:
    """A job for each book in which something is held."""
    for book_id in await repository.books_with_holdings(work.connection):
        await defer(work.connection, LOOK_AT_BOOK, {"book_id": str(book_id)}, key=f"{LOOK_AT_BOOK}:{book_id}")


async def look_at_book(work: Work, payload: Mapping[str, Any]) -> None:
    """Tell the members of one book what its holdings did; one that was deleted meanwhile has nobody to tell."""
    try:
        book = await open_for(work.connection, UUID(payload["book_id"]), None)
    except NotFoundError:
        return
    await alerts.look(book, work.at.astimezone(ZoneInfo(book.actor.time_zone)).date())


TASKS: tuple[Task, ...] = (Task(LOOK, look, every="40 7 * * *"), Task(LOOK_AT_BOOK, look_at_book))

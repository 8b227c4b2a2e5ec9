"""The daily look at goals, for what no change of transactions told of."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.access.acting import open_for, writing_for
from app.core.errors import NotFoundError
from app.core.jobs.queue import defer
from app.core.jobs.tasks import Task, Work
from app.goals import reaching, repository

LOOK = "goals.look"
LOOK_AT_BOOK = "goals.look_at_book"


async def look(work: Work, _payload: Mapping[str, Any]) -> None:
    """A job for each book that has goals."""
    for book_id in await repository.books_with_goals(work.connection):
        await defer(work.connection, LOOK_AT_BOOK, {"book_id": str(book_id)}, key=f"{LOOK_AT_BOOK}:{book_id}")


async def look_at_book(work: Work, payload: Mapping[str, Any]) -> None:
    """Note what is reached in one book; one where nothing is new, or that was deleted meanwhile, is left alone."""
    book_id = UUID(payload["book_id"])
    try:
        if await reaching.has_news(await open_for(work.connection, book_id, None)):
            async with writing_for(work.connection, book_id, None) as book:
                await reaching.look(book)
    except NotFoundError:
        return


TASKS: tuple[Task, ...] = (Task(LOOK, look, every="20 4 * * *"), Task(LOOK_AT_BOOK, look_at_book))

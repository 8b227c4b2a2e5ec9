"""The jobs of schedules: by the hour, which books have something to do; and doing it in one of them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.core.jobs.queue import defer
from app.core.jobs.tasks import Task, Work
from app.schedules import repository
from app.schedules.posting import post_due

POST = "schedules.post"


async def tick(work: Work, _payload: Mapping[str, Any]) -> None:
    """A job for each book and person with something to do: one that fails keeps no other from theirs."""
    for row in await repository.due_books(work.connection, work.at):
        payload = {"book_id": str(row.book_id), "user_id": str(row.user_id) if row.user_id is not None else None}
        await defer(work.connection, POST, payload, key=f"{POST}:{row.book_id}:{row.user_id}")


async def post(work: Work, payload: Mapping[str, Any]) -> None:
    """Post and put up what is due in a book by one person's schedules."""
    user_id = UUID(payload["user_id"]) if payload["user_id"] is not None else None
    await post_due(work.connection, UUID(payload["book_id"]), user_id, work.at)


TASKS: tuple[Task, ...] = (Task("schedules.tick", tick, every="7 * * * *"), Task(POST, post))

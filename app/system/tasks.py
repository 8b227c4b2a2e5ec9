"""Keeping house by the clock."""

from collections.abc import Mapping
from typing import Any

from app.attachments.storage import make_store
from app.core.jobs.tasks import Task, Work
from app.system.housekeeping import forget, sweep_attachments


async def _forget(work: Work, _: Mapping[str, Any]) -> None:
    await forget(work.connection)


async def _sweep(work: Work, _: Mapping[str, Any]) -> None:
    await _sweep_attachments(work, strays=False)


async def _sweep_strays(work: Work, _: Mapping[str, Any]) -> None:
    await _sweep_attachments(work, strays=True)


async def _sweep_attachments(work: Work, *, strays: bool) -> None:
    """Each file in a transaction of its own: to do it again does nothing to what has gone."""
    settings = work.settings
    await sweep_attachments(work.database, make_store(settings), settings.attachment_undo_days, strays=strays)


TASKS: tuple[Task, ...] = (
    Task("housekeeping.forget", _forget, every="7 * * * *"),
    Task("attachments.sweep", _sweep, every="23 * * * *"),
    # To look through a whole store is for once a day.
    Task("attachments.sweep_strays", _sweep_strays, every="41 3 * * *"),
)

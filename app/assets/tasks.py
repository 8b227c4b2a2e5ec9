"""Quotes by the clock: each hour what is due is asked for, which is each symbol once a day while all goes well."""

from collections.abc import Mapping
from typing import Any

from app.assets import quotes
from app.assets.providers import NAMES
from app.core.jobs.tasks import Task, Work


async def _look(work: Work, _: Mapping[str, Any]) -> None:
    await quotes.look(work)


async def _fetch(work: Work, payload: Mapping[str, Any]) -> None:
    """A provider that this version does not know any more is left alone."""
    if payload["provider"] in NAMES:
        await quotes.fetch_due(work, payload["provider"])


TASKS: tuple[Task, ...] = (Task("assets.quotes", _look, every="17 * * * *"), Task(quotes.FETCH, _fetch))

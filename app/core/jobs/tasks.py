"""What a job is: a task by name, and a payload of plain JSON.

A domain declares its tasks beside its service (`app/<domain>/tasks.py`) and `app/jobs.py` lists them all. The handler
runs in one transaction, together with the note that this job's effect has happened: a job that is run again, because
its worker died, does nothing.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.config import Settings
from app.core.database import Database
from app.core.fetching import Fetcher


@dataclass(frozen=True)
class Work:
    """What a handler has: the transaction of its effect, the instant that counts as now, and the way to more.

    `connection` works under the role of requests, with no book open and acting for nobody: see `app/access/acting.py`.
    `at` is the instant the job stands for: for one by the clock, the tick that asked for it. A handler reads no other
    clock. `database` is for reading first what to defer; an effect through it is not undone with the job.
    """

    connection: AsyncConnection
    database: Database
    settings: Settings
    at: datetime
    fetcher: Fetcher = field(default_factory=Fetcher)


Handler = Callable[[Work, Mapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class Task:
    """A kind of job.

    `every` is the cron expression (minutes first, in UTC) of a task that the clock asks for too, with an empty payload.
    `attempts` counts the first; between two there is a pause that grows. After the last the job is a dead letter.
    """

    name: str
    handler: Handler
    every: str | None = None
    attempts: int = 8

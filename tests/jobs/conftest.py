"""A database of its own for the tests of jobs: workers here take what there is to do, whoever put it there."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import make_url, text

from app.core.config import Settings, load_settings
from app.core.database import Database
from app.core.embedded import EmbeddedPostgres
from app.core.jobs import queue, worker
from app.core.jobs.tasks import Task, Work
from app.core.jobs.worker import JobWorker
from tests.databases import migrated_database

PATIENCE = 120.0
Handler = Callable[[Work, Mapping[str, Any]], Awaitable[None]]


@dataclass
class Yard:
    """The queue, who puts jobs into it, and workers that run them."""

    settings: Settings
    requests: Database
    owner: Database
    ran: list[Any] = field(default_factory=list)

    async def defer(self, task: str, payload: Mapping[str, Any] | None = None, **options: Any) -> None:
        async with self.requests.begin() as connection:
            await queue.defer(connection, task, payload or {}, **options)

    @asynccontextmanager
    async def working(self, *tasks: Task, workers: int = 1, **changes: Any) -> AsyncIterator[None]:
        """Workers for these tasks, and one that the clock asks for once a year, while the block runs."""
        settings = self.settings.model_copy(update=changes)
        async with AsyncExitStack() as stack:
            for _ in range(workers):
                await stack.enter_async_context(JobWorker(settings, tasks).open())
            yield

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        """Of the database as its owner sees it, the queue first."""
        async with self.owner.begin() as connection:
            await connection.execute(text("SET LOCAL search_path = jobs, public"))
            result = await connection.execute(text(statement), values)
            return list(result.all()) if result.returns_rows else []

    async def jobs(self) -> list[tuple[str, str, int]]:
        """Task, status and attempts of each job, in their order."""
        found = await self.rows("SELECT task_name, status::text, attempts FROM procrastinate_jobs ORDER BY id")
        return [tuple(row) for row in found]

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not await condition():  # noqa: ASYNC110  # it is in the database
                await asyncio.sleep(0.02)

    async def come_to(self, *statuses: str) -> None:
        """Wait until these are the statuses of all jobs, in their order."""

        async def reached() -> bool:
            return [status for _, status, _ in await self.jobs()] == list(statuses)

        await self.until(reached)


@pytest.fixture(scope="session")
async def jobs_database(postgres: EmbeddedPostgres, database_url: str) -> str:
    """The owner's URL."""
    return await migrated_database(postgres, "jobs")


@pytest.fixture
async def yard(settings: Settings, jobs_database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Yard]:
    """An empty queue; retries come after a blink."""
    monkeypatch.setattr(worker, "POLLING_SECONDS", 0.05)
    url = make_url(str(settings.database_url)).set(database="jobs").render_as_string(hide_password=False)
    quick = {"database_url": url, "database_pool_size": 10, "jobs_retry_seconds": 0.01}
    requests, owner = Database(url, pool_size=20), Database(jobs_database, pool_size=5, role=None)
    made = Yard(load_settings(_env_file=None, **{**settings.model_dump(), **quick}), requests, owner)
    await made.rows("TRUNCATE procrastinate_jobs, procrastinate_events, procrastinate_workers, runs CASCADE")
    yield made
    await requests.dispose()
    await owner.dispose()

"""A worker: takes jobs from the queue and runs them, for as long as it is wanted, whatever becomes of the database."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial

import structlog
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.worker import Worker

from app.core.background import in_background
from app.core.clock import now
from app.core.config import Settings
from app.core.database import Database
from app.core.fetching import Fetcher
from app.core.jobs.connecting import connector_to
from app.core.jobs.ending import Manager
from app.core.jobs.running import Backoff, Runner
from app.core.jobs.schema import check_queue_schema
from app.core.jobs.tasks import Task
from app.core.jobs.upkeep import forget_old, take_over

POLLING_SECONDS = 2.0
"""For jobs of a later time, and those that a transaction held when word came of them; others are heard of at once."""
PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
CATCHING_UP = timedelta(days=31)
"""A tick of the clock that found no server is made up for once, at the next start, unless it is older than this."""
FORGETTING = timedelta(hours=1)

log = structlog.get_logger("finance.jobs")


class JobWorker:
    """Runs jobs of these tasks, several at a time; several workers at once are safe, in one process or in many."""

    def __init__(self, settings: Settings, tasks: Sequence[Task], database: Database | None = None) -> None:
        """`database` is where effects happen, where it is not on connections of the worker's own.

        Raises `StartupError` where the queue's schema is not what the installed package needs.
        """
        if settings.database_url is None:
            raise ValueError("a worker needs a database")
        check_queue_schema()
        self._settings = settings
        self._tasks = tasks
        self._url = settings.database_url
        self._database = database
        self._stopping = asyncio.Event()
        self._worker: Worker | None = None
        self._attempts = {task.name: task.attempts for task in tasks}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Work while the block runs; at its end jobs get JOBS_STOP_SECONDS to finish, and are left for later then."""
        working = asyncio.create_task(self.run())
        try:
            yield
        finally:
            self.stop()
            await working

    def stop(self) -> None:
        """Take no more jobs; `run` ends when those under way have ended, or have been given up."""
        self._stopping.set()
        if self._worker is not None:
            self._worker.stop()  # type: ignore[no-untyped-call]  # of the queue's package

    async def run(self) -> None:
        """Work until `stop`. A database that goes away is waited for."""
        # The queue's own words about each job repeat ours, and name what it was called with.
        logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
        database = self._database or Database(self._url, pool_size=2 * self._settings.jobs_at_once)
        pause = PAUSE_SECONDS
        fetcher = Fetcher(allow_private=self._settings.fetch_private_addresses)
        try:
            while not self._stopping.is_set():
                started = now()
                try:
                    await self._session(Runner(database, self._settings, fetcher))
                except Exception as error:  # noqa: BLE001  # whatever it is, the next session may go better
                    log.warning("worker_failed", error=f"{type(error).__name__}: {error}".split("\n", 1)[0])
                pause = PAUSE_SECONDS if now() - started > timedelta(minutes=1) else pause * 2
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), min(pause, LONGEST_PAUSE_SECONDS))
        finally:
            await fetcher.close()
            await database.dispose()

    async def _session(self, runner: Runner) -> None:
        """Work until told to stop, or until the queue cannot be reached."""
        connector = connector_to(self._url)
        app = self._app(connector, runner)
        opening = asyncio.create_task(connector.open_async())
        stopped = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({opening, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not opening.done():
                return
            opening.result()
            beat = self._settings.jobs_stalled_seconds / 4
            worker = self._worker = Worker(
                app,
                concurrency=self._settings.jobs_at_once,
                fetch_job_polling_interval=POLLING_SECONDS,
                shutdown_graceful_timeout=self._settings.jobs_stop_seconds,
                install_signal_handlers=False,
                update_heartbeat_interval=beat,
                stalled_worker_timeout=self._settings.jobs_stalled_seconds,
            )
            async with in_background(self._look_after(connector, worker, runner, beat)):
                if not self._stopping.is_set():
                    await worker.run()  # type: ignore[no-untyped-call]  # of the queue's package
        finally:
            self._worker = None
            for task in (opening, stopped):
                task.cancel()
            await asyncio.gather(opening, stopped, return_exceptions=True)
            await connector.close_async()

    def _app(self, connector: PsycopgConnector, runner: Runner) -> App:
        app = App(connector=connector, periodic_defaults={"max_delay": CATCHING_UP.total_seconds()})
        app.job_manager = Manager(connector)
        first_pause = timedelta(seconds=self._settings.jobs_retry_seconds)
        for task in self._tasks:
            run = partial(_run, runner, task)
            declared = app.task(
                name=task.name,
                pass_context=True,
                retry=Backoff(task.attempts, first_pause),
                # A tick that comes while the last one is not done yet adds nothing.
                lock=task.name if task.every else None,
                queueing_lock=task.name if task.every else None,
            )(run)
            if task.every:
                app.periodic(cron=task.every)(declared)
        return app

    async def _look_after(self, connector: PsycopgConnector, worker: Worker, runner: Runner, pause: float) -> None:
        forgotten_at = None
        while True:
            try:
                await take_over(
                    connector,
                    self._settings,
                    self._attempts,
                    worker_id=worker.worker_id,
                    running=runner.running,
                )
                if forgotten_at is None or now() - forgotten_at >= FORGETTING:
                    await forget_old(connector)
                    forgotten_at = now()
            except Exception as error:  # noqa: BLE001  # whatever it is, the next session may go better
                log.warning("upkeep_failed", error=f"{type(error).__name__}: {error}".split("\n", 1)[0])
                worker.stop()  # type: ignore[no-untyped-call]  # of the queue's package
                return
            await asyncio.sleep(pause)


async def _run(runner: Runner, task: Task, context: JobContext, **given: object) -> None:
    await runner.run(task, context, **given)  # type: ignore[arg-type]  # they are what `defer_job` and the clock put in

"""Running jobs without a server: a worker, its end, and word when it is ready."""

import asyncio
import signal
from collections.abc import Callable, Sequence

import uvloop

from app.core.config import Settings
from app.core.database import Database
from app.core.failures import StartupError
from app.core.jobs.tasks import Task
from app.core.jobs.worker import JobWorker
from app.core.migrations import newest_revision, present_revision
from app.runtime.interruption import STOPPING


def run(settings: Settings, tasks: Sequence[Task], ready: Callable[[], None]) -> None:
    """Work until a signal to stop; jobs under way get JOBS_STOP_SECONDS to end.

    Raises `StartupError` without DATABASE_URL, and where the database has another schema than this program.
    """
    if settings.database_url is None:
        raise StartupError(
            "There is no DATABASE_URL: the embedded database belongs to `finance serve`, which runs jobs by itself."
        )
    url = settings.database_app_url or settings.database_url
    uvloop.run(_work(JobWorker(settings.model_copy(update={"database_url": url}), tasks), url, ready))


async def _work(worker: JobWorker, url: str, ready: Callable[[], None]) -> None:
    await _check_schema(url)
    loop = asyncio.get_running_loop()
    for number in STOPPING:
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, worker.stop)
    ready()
    await worker.run()


async def _check_schema(url: str) -> None:
    database = Database(url, pool_size=1)
    try:
        async with database.begin() as connection:
            present = await present_revision(connection)
    finally:
        await database.dispose()
    if present != newest_revision():
        raise StartupError(
            f"The database has schema {present or 'none'} and this worker needs {newest_revision()}: start `finance "
            "serve` of this version, or run `finance migrate`."
        )

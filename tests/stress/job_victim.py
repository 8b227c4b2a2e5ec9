"""Workers in processes of their own, to be killed: `python -m tests.stress.job_victim URL`.

For each line of its input it forks off a worker, whose imports cost nothing then, and writes the worker's process id.
"""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import uvloop
from sqlalchemy import text

from app.core.config import Settings, load_settings
from app.core.jobs import queue, worker
from app.core.jobs.tasks import Task, Work

STALLED_SECONDS = 1.0


async def _effect(work: Work, payload: Mapping[str, Any]) -> None:
    """An effect with time to die in before and after it, and every third time another job."""
    number = payload["number"]
    await work.connection.execute(text("SELECT pg_sleep(random() * 0.03)"))
    await work.connection.execute(text("INSERT INTO effects VALUES (:number)"), {"number": number})
    if number % 3 == 0 and number < 1_000_000:
        await queue.defer(work.connection, "test.effect", {"number": number + 1_000_000})
    await work.connection.execute(text("SELECT pg_sleep(random() * 0.03)"))


TASKS = (Task("test.effect", _effect, attempts=50),)


def settings_of(url: str) -> Settings:
    return load_settings(
        _env_file=None,
        app_env="testing",
        database_url=url,
        secret_key="a-secret-of-nothing-but-this-worker",
        jobs_stalled_seconds=STALLED_SECONDS,
        jobs_retry_seconds=0.05,
        jobs_at_once=4,
    )


def main(arguments: Sequence[str]) -> None:
    """It ends with its input; workers that live on then are the caller's to end."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        process = os.fork()
        if process == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the log goes there
            worker.POLLING_SECONDS = 0.1
            uvloop.run(worker.JobWorker(settings_of(arguments[0]), TASKS).run())
            os._exit(0)
        print(process, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

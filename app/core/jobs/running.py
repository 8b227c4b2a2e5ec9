"""One run of a job: its effect in one transaction, at most once however often it is run."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import SystemRandom
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

import structlog
from procrastinate import BaseRetryStrategy, JobContext, RetryDecision
from procrastinate.jobs import Job
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.clock import now
from app.core.config import Settings
from app.core.database import Database
from app.core.fetching import Fetcher
from app.core.jobs import metrics
from app.core.jobs.tasks import Task, Work

LONGEST_PAUSE = timedelta(hours=1)
LONGEST_ERROR = 1000

# A later run of the same job, by whom took it for abandoned, has another token: this one's effect may not happen then.
CLAIM = """
INSERT INTO runs (job_id, token) VALUES (%(job)s, %(token)s)
ON CONFLICT (job_id) DO UPDATE SET token = excluded.token WHERE runs.done_at IS NULL
RETURNING job_id
"""
NOTE_ERROR = "UPDATE runs SET error = %(error)s WHERE job_id = %(job)s AND token = %(token)s"

_TAKE_EFFECT = text("SELECT take_effect(:job, :token)")
# A handler that computes, or draws, or asks another server keeps its transaction open meanwhile.
_PATIENCE = text("SET LOCAL idle_in_transaction_session_timeout = '1h'")

_random = SystemRandom()

log = structlog.get_logger("finance.jobs")


class SupersededError(Exception):
    """Another run of this job has begun, or has had its effect: this one has none."""


class Backoff(BaseRetryStrategy):
    """When a job that failed is run again: ever later, and not all of them at the same moment."""

    def __init__(self, attempts: int, first_pause: timedelta) -> None:
        self.attempts = attempts
        self.first_pause = first_pause

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """None after the last attempt. `job.attempts` counts those before this one.

        The pause is `first_pause` doubled with each attempt, an hour at most, less up to a half by chance.
        """
        if isinstance(exception, asyncio.CancelledError):  # the worker stops: it is nothing the job has done
            return RetryDecision(retry_at=now())
        if job.attempts + 1 >= self.attempts:
            return None
        pause = min(self.first_pause * 2 ** min(job.attempts, 20), LONGEST_PAUSE)
        return RetryDecision(retry_at=now() + pause * _random.uniform(0.5, 1.0))


class Runner:
    """What runs the jobs of one worker; `running` are the ids of those it is at."""

    def __init__(self, database: Database, settings: Settings, fetcher: Fetcher) -> None:
        self.database = database
        self.settings = settings
        self.fetcher = fetcher
        self.running: set[int] = set()

    async def run(
        self,
        task: Task,
        context: JobContext,
        payload: Mapping[str, Any] | None = None,
        at: str | None = None,
        timestamp: int | None = None,
    ) -> None:
        """Run the job and count how it went; what its handler raises is noted and raised again."""
        job_id, attempt, token = context.job.id, context.job.attempts + 1, uuid4()
        assert job_id is not None  # noqa: S101  # nosec B101  # it comes from the queue
        self.running.add(job_id)
        started, outcome = perf_counter(), "cancelled"
        try:
            instant = datetime.fromtimestamp(timestamp, UTC) if timestamp is not None else _instant(at)
            done = await self._take_effect(task, context, token, payload or {}, instant)
            outcome = "succeeded" if done else "repeated"
            log.info("job_done", task=task.name, job_id=job_id, attempt=attempt, outcome=outcome)
        except SupersededError:
            outcome = "superseded"
            log.warning("job_superseded", task=task.name, job_id=job_id, attempt=attempt)
            raise
        except Exception as error:
            outcome = "failed" if attempt < task.attempts else "dead"
            said = describe(error)
            log.warning("job_failed", task=task.name, job_id=job_id, attempt=attempt, outcome=outcome, error=said)
            await _execute(context, NOTE_ERROR, error=said, job=job_id, token=token)
            raise
        finally:
            self.running.discard(job_id)
            metrics.JOBS.labels(task.name, outcome).inc()
            metrics.SECONDS.labels(task.name).observe(perf_counter() - started)

    async def _take_effect(
        self, task: Task, context: JobContext, token: UUID, payload: Mapping[str, Any], at: datetime
    ) -> bool:
        """False where the effect is there already, of a run whose worker died before it could say so."""
        if not await _execute(context, CLAIM, job=context.job.id, token=token):
            return False
        async with self.database.begin() as connection:
            await connection.execute(_PATIENCE)
            if not await connection.scalar(_TAKE_EFFECT, {"job": context.job.id, "token": token}):
                raise SupersededError
            await task.handler(Work(connection, self.database, self.settings, at, self.fetcher), payload)
        return True


async def _execute(context: JobContext, statement: Any, **values: Any) -> list[dict[str, Any]]:
    """In the queue, as the role of workers."""
    connector = context.app.connector
    if "RETURNING" in statement:
        return await connector.execute_query_all_async(statement, **values)
    await connector.execute_query_async(statement, **values)
    return []


def _instant(at: str | None) -> datetime:
    return now() if at is None else datetime.fromisoformat(at).astimezone(UTC)


def describe(error: BaseException) -> str:
    """What went wrong, and where in our code, in a line; values that a statement was sent with are not in it."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    said = str(cause).split("\n", 1)[0].replace("\x00", "")
    traceback, place = error.__traceback__, ""
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if "/app/" in code.co_filename and "/site-packages/" not in code.co_filename:
            place = f" at app/{code.co_filename.rsplit('/app/', 1)[1]}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return f"{type(error).__name__}: {said}"[:LONGEST_ERROR] + place

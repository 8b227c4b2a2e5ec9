"""Saying what a job came to: once, by the worker whose job it is, and again where the server may not have heard."""

import asyncio
from datetime import datetime
from typing import Any, LiteralString

import structlog
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from psycopg import InterfaceError, OperationalError

PAUSES = (0.1, 0.5, 2.0)
LOST = (OperationalError, InterfaceError)

# Of a job that another worker has taken over since, a worker that was only slow has nothing more to say.
_HELD = """
WITH held AS (
    SELECT id FROM procrastinate_jobs
    WHERE id = %(job_id)s AND status = 'doing' AND worker_id = %(worker_id)s
    FOR UPDATE
)
"""
_FINISH: LiteralString = (
    _HELD
    + """
SELECT id, procrastinate_finish_job_v1(id, %(status)s::procrastinate_job_status, %(delete_job)s) FROM held
"""  # nosec B608  # constants here
)
_RETRY: LiteralString = (
    _HELD
    + """
SELECT id, procrastinate_retry_job_v2(
    id, %(retry_at)s::timestamptz, %(priority)s::integer, %(queue)s::varchar, %(lock)s::varchar) FROM held
"""  # nosec B608  # the same
)

log = structlog.get_logger("finance.jobs")


class Manager(JobManager):
    """The queue's manager, whose word about a job counts only while the job is its worker's."""

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        await self._say(_FINISH, job, status=status.value, delete_job=delete_job)

    async def retry_job(
        self,
        job: Job,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        await self._say(_RETRY, job, retry_at=retry_at, priority=priority, queue=queue, lock=lock)

    async def _say(self, statement: LiteralString, job: Job, **values: Any) -> None:
        """It is said again where a connection was lost: else the job would run for as long as its worker lives."""
        values |= {"job_id": job.id, "worker_id": job.worker_id}
        for pause in (*PAUSES, None):
            try:
                heard = await self.connector.execute_query_all_async(statement, **values)
            except ConnectorException as error:
                if pause is None or not isinstance(error.__cause__, LOST):
                    raise
                await asyncio.sleep(pause)
            else:
                if not heard:
                    log.warning("job_not_held", task=job.task_name, job_id=job.id)
                return

"""Statements about jobs; who may read and manage them is checked by the database's functions too."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow

_JOBS = text("SELECT * FROM server_jobs(:id, :status, :task, :before, :skip, :limit)").bindparams(
    bindparam("id", type_=BigInteger),
    bindparam("status", type_=Text),
    bindparam("task", type_=Text),
    bindparam("before", type_=BigInteger),
)
_COUNT = text("SELECT count_server_jobs(:status, :task)").bindparams(
    bindparam("status", type_=Text), bindparam("task", type_=Text)
)
_TASKS = text("SELECT * FROM server_tasks()")
_RETRY = text("SELECT retry_server_job(:id)").bindparams(bindparam("id", type_=BigInteger))
_DROP = text("SELECT drop_server_job(:id)").bindparams(bindparam("id", type_=BigInteger))


async def jobs(
    connection: AsyncConnection, *, status: str | None, task: str | None, before: int | None, skip: int, limit: int
) -> Sequence[AnyRow]:
    """The newest first, those older than the job `before`."""
    values = {"id": None, "status": status, "task": task, "before": before, "skip": skip, "limit": limit}
    return (await connection.execute(_JOBS, values)).all()


async def job(connection: AsyncConnection, job_id: int) -> AnyRow | None:
    values = {"id": job_id, "status": None, "task": None, "before": None, "skip": 0, "limit": 1}
    return (await connection.execute(_JOBS, values)).one_or_none()


async def count(connection: AsyncConnection, status: str | None, task: str | None) -> int:
    return int(await connection.scalar(_COUNT, {"status": status, "task": task}) or 0)


async def tasks(connection: AsyncConnection) -> dict[str, AnyRow]:
    return {row.task: row for row in await connection.execute(_TASKS)}


async def retry(connection: AsyncConnection, job_id: int) -> str | None:
    """Why it was refused; None when the job waits again."""
    reason: str | None = await connection.scalar(_RETRY, {"id": job_id})
    return reason


async def drop(connection: AsyncConnection, job_id: int) -> str | None:
    """Why it was refused; None when the job is gone."""
    reason: str | None = await connection.scalar(_DROP, {"id": job_id})
    return reason

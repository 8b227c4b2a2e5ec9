"""The jobs of the server as administrators see them: looking at them, running dead letters again, dropping them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit
from app.access.context import Actor
from app.access.permissions import MissingPermissionError
from app.administration import jobs_repository as repository
from app.administration.jobs_schemas import JobStatus
from app.core.clock import now
from app.core.database import AnyRow
from app.core.errors import ConflictError, DomainError, NotFoundError
from app.core.jobs.tasks import Task
from app.core.jobs.ticks import next_tick
from app.core.pagination import PageRequest, bad_cursor, decode_cursor, encode_cursor, whole

Document = dict[str, Any]
SORT = "-id"
UNKNOWN_TASK = "There is no such task in the version of the worker that took it."


class JobNotFailedError(ConflictError):
    code = "job_not_failed"
    title = "The job has not failed"


async def page_of(
    connection: AsyncConnection, page: PageRequest, *, status: JobStatus | None, task: str | None
) -> Document:
    rows = await repository.jobs(
        connection, status=status, task=task, before=_position(page), skip=page.skip, limit=page.limit + 1
    )
    shown = rows[: page.limit]
    return {
        "items": [_document(row) for row in shown],
        "next_cursor": encode_cursor(SORT, [shown[-1].id]) if len(rows) > page.limit else None,
        "total": await repository.count(connection, status, task) if page.include_total else None,
    }


async def get(connection: AsyncConnection, job_id: int) -> Document:
    row = await repository.job(connection, job_id)
    if row is None:
        raise NotFoundError("There is no such job; those that succeeded are kept for a week.")
    return _document(row)


async def tasks_of(connection: AsyncConnection, tasks: Sequence[Task]) -> Document:
    """Every task of this version, by name, and how its jobs do."""
    found = await repository.tasks(connection)
    at = now()
    return whole(
        [
            {
                "task": task.name,
                "every": task.every,
                "attempts": task.attempts,
                "next_run_at": next_tick(task, at),
                **{
                    name: getattr(found.get(task.name), name, nothing)
                    for name, nothing in (
                        ("last_started_at", None),
                        ("last_succeeded_at", None),
                        ("waiting", 0),
                        ("running", 0),
                        ("failed", 0),
                    )
                },
            }
            for task in sorted(tasks, key=lambda task: task.name)
        ]
    )


async def retry(actor: Actor, job_id: int, address: str | None) -> Document:
    """Have a dead letter run again, as if it had never been tried; raises `NotFoundError` or `JobNotFailedError`."""
    reason = await repository.retry(actor.connection, job_id)
    if reason is not None:
        raise _refused(reason)
    job = await get(actor.connection, job_id)
    await _tell(actor, "job_retried", job, address)
    return job


async def drop(actor: Actor, job_id: int, address: str | None) -> None:
    """Delete a dead letter; raises `NotFoundError` or `JobNotFailedError`."""
    job = await repository.job(actor.connection, job_id)
    reason = await repository.drop(actor.connection, job_id)
    if reason is not None or job is None:
        raise _refused(reason or "not_found")
    await _tell(actor, "job_dropped", _document(job), address)


async def _tell(actor: Actor, action: str, job: Document, address: str | None) -> None:
    await audit.tell(
        actor.connection, action, actor_id=actor.user_id, address=address, job_id=job["id"], task=job["task"]
    )


def _refused(reason: str) -> DomainError:
    return {
        "not_found": NotFoundError("There is no such job; those that succeeded are kept for a week."),
        "not_failed": JobNotFailedError("Only a failed job can be run again or dropped."),
        "missing_permission": MissingPermissionError("Your role does not have this permission any more."),
    }[reason]


def _position(page: PageRequest) -> int | None:
    if page.cursor is None:
        return None
    (last,) = decode_cursor(page.cursor, SORT, 1)
    if type(last) is not int or not 0 < last < 2**63:
        raise bad_cursor()
    return last


def _document(row: AnyRow) -> Document:
    document = dict(row._mapping)  # noqa: SLF001  # the documented way to a row's mapping
    if row.status == "failed" and row.error is None:
        document["error"] = UNKNOWN_TASK
    return document

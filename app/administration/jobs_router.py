"""The HTTP side of jobs."""

from typing import Annotated, Any

from fastapi import Path, Query, Request

from app.access.dependencies import ActorParam, AddressParam, Idempotent
from app.administration import jobs
from app.administration.jobs_schemas import JobOut, JobStatus, TaskOut
from app.core.pagination import Page, PageParams, Whole
from app.core.problems import problems
from app.core.routing import only, routes

router = routes("/jobs", "administration", reads="jobs:read", writes="jobs:manage", errors=(404,))

JobId = Annotated[int, Path(ge=1, lt=2**63)]


@router.get("", response_model=Page[JobOut], operation_id="list_jobs", summary="List the jobs of the server")
async def list_jobs(
    actor: ActorParam,
    page: PageParams,
    status: Annotated[JobStatus | None, Query(description="`failed` lists the dead letters.")] = None,
    task: Annotated[
        str | None, Query(max_length=128, pattern=r"^[^\x00]*$", description="One kind, `housekeeping.forget` say.")
    ] = None,
) -> dict[str, Any]:
    """The newest first. Jobs that succeeded are kept for a week, dead letters for ninety days."""
    return await jobs.page_of(actor.connection, page, status=status, task=task)


@router.get("/tasks", response_model=Whole[TaskOut], operation_id="list_tasks", summary="List the tasks there are")
async def list_tasks(actor: ActorParam, request: Request) -> dict[str, Any]:
    """Each kind of job, when the clock asks for it next, and how many of its jobs wait, run or have failed."""
    return await jobs.tasks_of(actor.connection, request.app.state.tasks)


only(router, "GET", "/tasks")


@router.get("/{job_id}", response_model=JobOut, operation_id="get_job", summary="Read a job")
async def get_job(job_id: JobId, actor: ActorParam) -> dict[str, Any]:
    """With what it failed, if it did."""
    return await jobs.get(actor.connection, job_id)


@router.post(
    "/{job_id}/retry",
    response_model=JobOut,
    operation_id="retry_job",
    summary="Run a failed job again",
    responses=problems(409),
    dependencies=[Idempotent],
)
async def retry_job(job_id: JobId, actor: ActorParam, address: AddressParam) -> dict[str, Any]:
    """It waits again, with all its attempts before it. 409 `job_not_failed` for a job that is no dead letter."""
    return await jobs.retry(actor, job_id, address)


@router.delete(
    "/{job_id}", status_code=204, operation_id="drop_job", summary="Drop a failed job", responses=problems(409)
)
async def drop_job(job_id: JobId, actor: ActorParam, address: AddressParam) -> None:
    """Deletes a dead letter for good: what it was to do is not done. 409 `job_not_failed` for any other job."""
    await jobs.drop(actor, job_id, address)

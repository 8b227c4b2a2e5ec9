"""What jobs and tasks look like from outside."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

JobStatus = Literal["waiting", "running", "succeeded", "failed", "cancelled"]

_JOB = {
    "id": 4711,
    "task": "housekeeping.forget",
    "status": "failed",
    "key": "housekeeping.forget",
    "payload": {},
    "attempts": 8,
    "due_at": None,
    "created_at": "2026-11-21T10:07:00Z",
    "started_at": "2026-11-21T10:40:12Z",
    "finished_at": "2026-11-21T10:40:13Z",
    "error": "TimeoutError: the server did not answer at app/core/idempotency.py:120",
}


class JobOut(BaseModel):
    """One job."""

    model_config = ConfigDict(json_schema_extra={"example": _JOB})

    id: int
    task: str = Field(description="What kind of job it is; see `GET /jobs/tasks`.")
    status: JobStatus = Field(description="`failed` is a dead letter: it is not tried again by itself.")
    key: str | None = Field(description="Jobs of one key never run at the same time, and wait once.")
    payload: dict[str, Any] = Field(description="What it is about: ids alone.")
    attempts: int = Field(description="How often it has been tried, since it was last run again by hand.")
    due_at: datetime | None = Field(description="Not before when it runs; null unless it waits.")
    created_at: datetime
    started_at: datetime | None = Field(description="When it was last begun.")
    finished_at: datetime | None
    error: str | None = Field(description="What its last attempt failed with; null where none did.")


class TaskOut(BaseModel):
    """A kind of job, and how its jobs do."""

    task: str = Field(examples=["housekeeping.forget"])
    every: str | None = Field(
        description="When the clock asks for it, as a cron expression in UTC; null where only events do.",
        examples=["7 * * * *"],
    )
    attempts: int = Field(description="How often a job is tried before it is a dead letter.")
    next_run_at: datetime | None = Field(description="The next tick of the clock; null without `every`.")
    last_started_at: datetime | None = Field(description="Of the jobs that are still kept.")
    last_succeeded_at: datetime | None
    waiting: int
    running: int
    failed: int = Field(description="Dead letters.")

"""What the clock asks for each minute, and the job that makes one report."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from app.core.jobs.tasks import Task, Work
from app.weekly.sending import SEND, plan_due, send_of_job


async def plan(work: Work, _payload: Mapping[str, Any]) -> None:
    await plan_due(work.connection, work.at)


async def send(work: Work, payload: Mapping[str, Any]) -> None:
    await send_of_job(
        work.connection,
        work.settings,
        UUID(payload["user_id"]),
        UUID(payload["book_id"]),
        date.fromisoformat(payload["week"]),
    )


TASKS: tuple[Task, ...] = (Task("weekly.plan", plan, every="* * * * *"), Task(SEND, send))

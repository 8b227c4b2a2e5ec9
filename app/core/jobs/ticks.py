"""When the clock asks for a task."""

from datetime import UTC, datetime
from typing import Any, cast

from procrastinate.periodic import PeriodicTask

from app.core.jobs.tasks import Task


def next_tick(task: Task, after: datetime) -> datetime | None:
    """The first instant later than `after`, as the queue itself reckons it; None for a task without `every`.

    Raises `ValueError` for what is no cron expression.
    """
    if task.every is None:
        return None
    periodic = PeriodicTask[Any, Any, Any](task=cast("Any", None), cron=task.every, periodic_id="", configure_kwargs={})
    tick: float = periodic.croniter.get_next(ret_type=float, start_time=after.timestamp())
    return datetime.fromtimestamp(tick, UTC)

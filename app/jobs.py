"""Every task that a worker runs: those of each domain."""

from app.core.jobs.tasks import Task
from app.system.tasks import TASKS as SYSTEM

TASKS: tuple[Task, ...] = (*SYSTEM,)

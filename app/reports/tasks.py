"""What is done about reports after the answer and by the clock."""

from app.core.jobs.tasks import Task
from app.reports.converted import FORGET, KEEP, forget, keep

TASKS: tuple[Task, ...] = (Task(KEEP, keep), Task(FORGET, forget, every="53 3 * * *"))

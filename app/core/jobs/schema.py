"""The queue's schema in the database, and whether the installed package works with it."""

from functools import cache
from importlib import resources

from app.core.failures import StartupError

SCHEMA = "jobs"
WORKER_ROLE = "finance_worker"
"""The role workers take: it may do with the queue what a queue needs, and nothing with people's money."""

LAST_SCRIPT = "03.04.00_50_post_add_retry_failed_job_procedure.sql"
"""The newest of procrastinate's own migrations that ours have brought; raised with the migration that brings more."""


@cache
def check_queue_schema() -> None:
    """Raise `StartupError` where the installed procrastinate expects a schema that our migrations do not make."""
    folder = resources.files("procrastinate.sql") / "migrations"
    newest = max(item.name for item in folder.iterdir() if item.name.endswith(".sql"))
    if newest != LAST_SCRIPT:
        raise StartupError(
            f"The installed procrastinate needs a queue with {newest}, and this program makes one with {LAST_SCRIPT}: "
            "install the version of requirements.lock."
        )

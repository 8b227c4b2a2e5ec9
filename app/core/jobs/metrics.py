"""What Prometheus hears of jobs."""

from time import monotonic

import structlog
from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.core.database import Database

JOBS = Counter("finance_jobs", "Runs of jobs by task and outcome", ["task", "outcome"])
SECONDS = Histogram(
    "finance_job_duration_seconds",
    "How long runs of jobs took, by task",
    ["task"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 1800),
)
WAITING = Gauge("finance_jobs_waiting", "Jobs that wait, those for later included")
RUNNING = Gauge("finance_jobs_running", "Jobs that run at this moment, in whatever worker")
DEAD = Gauge("finance_jobs_dead", "Dead letters: jobs that failed for the last time")
OLDEST = Gauge("finance_jobs_oldest_waiting_seconds", "For how long the job that is due the longest has waited")
ABANDONED = Counter("finance_jobs_abandoned", "Jobs taken over from a worker that died")

FRESH_SECONDS = 5.0

_BACKLOG = text("SELECT waiting, running, failed, oldest_seconds FROM job_backlog()")

log = structlog.get_logger("finance.jobs")


class Backlog:
    """Counts what waits when somebody asks for the metrics: each few seconds at most, however many ask."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._looked_at: float | None = None

    async def refresh(self) -> None:
        """Bring the gauges up to date; where the database does not answer they stay as they were."""
        if self._looked_at is not None and monotonic() - self._looked_at < FRESH_SECONDS:
            return
        self._looked_at = monotonic()
        try:
            async with self._database.begin() as connection:
                row = (await connection.execute(_BACKLOG)).one()
        except (OSError, SQLAlchemyError) as error:
            log.warning("backlog_unknown", error=str(getattr(error, "orig", None) or error))
            return
        WAITING.set(row.waiting)
        RUNNING.set(row.running)
        DEAD.set(row.failed)
        OLDEST.set(row.oldest_seconds)

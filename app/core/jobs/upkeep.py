"""Keeping the queue in order: jobs of workers that died are run again, old ones are forgotten."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

import structlog
from procrastinate.connector import BaseConnector

from app.core.config import Settings
from app.core.jobs import metrics

ABANDONED = "The worker ended while the job ran, for the last time it was tried."
SUCCEEDED_KEPT_FOR = timedelta(days=7)
FAILED_KEPT_FOR = timedelta(days=90)

log = structlog.get_logger("finance.jobs")

# A job is left behind by a worker that shows no sign of life, or by one that lives and has lost it.
# Two that look at once do not meet: who comes second passes over what the first has in hand.
_TAKE_OVER = """
WITH abandoned AS (
    SELECT j.id, r.done_at IS NOT NULL AS done,
           j.attempts + 1 >= coalesce((%(attempts)s::jsonb ->> j.task_name::text)::integer, 1) AS spent
    FROM procrastinate_jobs j
    LEFT JOIN procrastinate_workers w ON w.id = j.worker_id
    LEFT JOIN runs r ON r.job_id = j.id
    WHERE j.status = 'doing' AND (
        w.id IS NULL OR w.last_heartbeat < now() - make_interval(secs => %(seconds)s)
        OR w.id = %(worker)s AND j.id <> ALL (%(running)s::bigint[]) AND NOT EXISTS (
            SELECT FROM procrastinate_events e
            WHERE e.job_id = j.id AND e.type = 'started' AND e.at > now() - make_interval(secs => %(seconds)s)))
    FOR UPDATE OF j SKIP LOCKED
), noted AS (
    INSERT INTO runs (job_id, token, error)
    SELECT id, gen_random_uuid(), %(error)s FROM abandoned WHERE spent AND NOT done
    ON CONFLICT (job_id) DO UPDATE SET token = excluded.token, error = excluded.error WHERE runs.done_at IS NULL
)
UPDATE procrastinate_jobs j
SET status = (CASE WHEN a.done THEN 'succeeded' WHEN a.spent THEN 'failed' ELSE 'todo' END)::procrastinate_job_status,
    attempts = j.attempts + 1, worker_id = NULL, scheduled_at = NULL, abort_requested = false
FROM abandoned a WHERE j.id = a.id
RETURNING j.id, j.task_name, j.status::text
"""

_FORGET = """
WITH old AS (
    SELECT j.id FROM procrastinate_jobs j
    WHERE j.status IN ('succeeded', 'failed', 'cancelled', 'aborted') AND NOT EXISTS (
        SELECT FROM procrastinate_events e
        WHERE e.job_id = j.id AND e.at > now() - make_interval(
            secs => CASE WHEN j.status = 'failed' THEN %(failed)s ELSE %(succeeded)s END))
    ORDER BY j.id LIMIT 10000
)
DELETE FROM procrastinate_jobs j USING old WHERE j.id = old.id RETURNING j.id
"""

_PRUNE = """
DELETE FROM procrastinate_workers w
WHERE w.last_heartbeat < now() - make_interval(secs => %(seconds)s)
  AND NOT EXISTS (SELECT FROM procrastinate_jobs j WHERE j.worker_id = w.id AND j.status = 'doing')
RETURNING w.id
"""


async def take_over(
    connector: BaseConnector,
    settings: Settings,
    attempts: Mapping[str, int],
    *,
    worker_id: int | None,
    running: Collection[int],
) -> int:
    """Have what dead workers left behind run again, or be a dead letter after its last attempt; returns how many.

    A job whose effect is there has succeeded. `running` are the jobs that the worker `worker_id` knows of.
    """
    found = await connector.execute_query_all_async(
        _TAKE_OVER,
        attempts=dict(attempts),
        seconds=settings.jobs_stalled_seconds,
        worker=worker_id,
        running=list(running),
        error=ABANDONED,
    )
    for job in found:
        log.warning("job_taken_over", task=job["task_name"], job_id=job["id"], status=job["status"])
    metrics.ABANDONED.inc(len(found))
    await connector.execute_query_all_async(_PRUNE, seconds=settings.jobs_stalled_seconds)
    return len(found)


async def forget_old(connector: BaseConnector) -> int:
    """Delete jobs that ended long ago, ten thousand at a time; dead letters are kept for longer. Returns how many."""
    kept: dict[str, Any] = {
        "succeeded": SUCCEEDED_KEPT_FOR.total_seconds(),
        "failed": FAILED_KEPT_FOR.total_seconds(),
    }
    return len(await connector.execute_query_all_async(_FORGET, **kept))

"""Jobs: the queue in a schema of its own, the role of its workers, and what requests may do with it."""

# ruff: noqa: S608  # constants of this module alone
import hashlib
from importlib import resources

from sqlalchemy import text

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# The queue's own migrations, which its package keeps for ever, up to this one: the schema of procrastinate 3.4 to 3.10.
# Later ones of a newer package are for a migration of ours to come; `app/core/jobs/schema.py` asks for it.
LAST_SCRIPT = "03.04.00_50_post_add_retry_failed_job_procedure.sql"
DIGEST = "3b053f39835261615bd9071809cabdbf4b0b67920a0903cb4fa25125e731e0da"

PERMITTED = "current_setting('app.permission', true)"

WORKER_ROLE = """
DO $$
DECLARE
    login text;
BEGIN
    BEGIN
        CREATE ROLE finance_worker NOLOGIN NOINHERIT NOBYPASSRLS;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;
    END;
    IF NOT pg_has_role(current_user, 'finance_worker', 'SET') THEN
        EXECUTE format('GRANT finance_worker TO %I WITH SET TRUE', current_user);
    END IF;
    -- Whoever serves requests runs a worker beside them.
    FOR login IN
        SELECT DISTINCT m.member::regrole::text FROM pg_auth_members m
        WHERE m.roleid = 'finance_app'::regrole AND m.set_option AND m.member <> current_user::regrole
    LOOP
        EXECUTE format('GRANT finance_worker TO %s WITH INHERIT FALSE, SET TRUE', login);
    END LOOP;
END $$
"""

# A job that failed goes back into the queue while another of its key may wait there already.
UNLOCK_RETRIED = """
CREATE FUNCTION jobs.unlock_retried() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.queueing_lock := NULL;
    RETURN NEW;
END $$
"""

# What waits already is held until the commit: a worker that took it before would not see what this transaction did.
DEFER_JOB = """
CREATE FUNCTION public.defer_job(p_task text, p_payload jsonb, p_key text, p_at timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    LOOP
        INSERT INTO jobs.procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args, scheduled_at)
        VALUES ('default', p_task, p_key, p_key,
                jsonb_build_object('payload', coalesce(p_payload, '{}'), 'at', coalesce(p_at, now())), p_at)
        ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING;
        EXIT WHEN FOUND;
        PERFORM FROM jobs.procrastinate_jobs WHERE queueing_lock = p_key AND status = 'todo' FOR KEY SHARE;
        EXIT WHEN FOUND;
    END LOOP;
END $$
"""

# Whether the effect of this run may happen, in this transaction: asked for by whom a worker has told the run's token.
TAKE_EFFECT = """
CREATE FUNCTION public.take_effect(p_job bigint, p_token uuid) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    WITH taken AS (
        UPDATE jobs.runs SET done_at = now() WHERE job_id = p_job AND token = p_token AND done_at IS NULL RETURNING 1
    )
    SELECT EXISTS (SELECT FROM taken)
$$
"""

STATUS = """
CASE j.status WHEN 'todo' THEN 'waiting' WHEN 'doing' THEN 'running' WHEN 'succeeded' THEN 'succeeded'
              WHEN 'failed' THEN 'failed' ELSE 'cancelled' END
"""
COLUMNS = """
    id bigint, task text, status text, key text, payload jsonb, attempts integer, due_at timestamptz,
    created_at timestamptz, started_at timestamptz, finished_at timestamptz, error text
"""

SERVER_JOBS = f"""
CREATE FUNCTION public.server_jobs(
    p_id bigint, p_status text, p_task text, p_before bigint, p_skip integer, p_limit integer
)
RETURNS TABLE ({COLUMNS})
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT j.id, j.task_name::text, {STATUS}, j.lock, coalesce(j.args->'payload', '{{}}'), j.attempts,
           CASE WHEN j.status = 'todo' THEN coalesce(j.scheduled_at, e.created_at) END,
           e.created_at, e.started_at, CASE WHEN j.status NOT IN ('todo', 'doing') THEN e.finished_at END, r.error
    FROM jobs.procrastinate_jobs j
    CROSS JOIN LATERAL (
        SELECT min(at) FILTER (WHERE type = 'deferred') AS created_at,
               max(at) FILTER (WHERE type = 'started') AS started_at,
               max(at) FILTER (WHERE type IN ('succeeded', 'failed', 'cancelled', 'aborted')) AS finished_at
        FROM jobs.procrastinate_events WHERE job_id = j.id
    ) e
    LEFT JOIN jobs.runs r ON r.job_id = j.id
    WHERE {PERMITTED} IN ('jobs:read', 'jobs:manage')
      AND (p_id IS NULL OR j.id = p_id)
      AND (p_status IS NULL OR {STATUS} = p_status)
      AND (p_task IS NULL OR j.task_name = p_task)
      AND (p_before IS NULL OR j.id < p_before)
    ORDER BY j.id DESC OFFSET p_skip LIMIT p_limit
$$
"""

COUNT_JOBS = f"""
CREATE FUNCTION public.count_server_jobs(p_status text, p_task text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT count(*) FROM jobs.procrastinate_jobs j
    WHERE {PERMITTED} IN ('jobs:read', 'jobs:manage')
      AND (p_status IS NULL OR {STATUS} = p_status) AND (p_task IS NULL OR j.task_name = p_task)
$$
"""

TASKS = f"""
CREATE FUNCTION public.server_tasks() RETURNS TABLE (
    task text, waiting bigint, running bigint, failed bigint, last_started_at timestamptz, last_succeeded_at timestamptz
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT j.task_name::text,
           count(DISTINCT j.id) FILTER (WHERE j.status = 'todo'),
           count(DISTINCT j.id) FILTER (WHERE j.status = 'doing'),
           count(DISTINCT j.id) FILTER (WHERE j.status = 'failed'),
           max(e.at) FILTER (WHERE e.type = 'started'),
           max(e.at) FILTER (WHERE e.type = 'succeeded')
    FROM jobs.procrastinate_jobs j LEFT JOIN jobs.procrastinate_events e ON e.job_id = j.id
    WHERE {PERMITTED} IN ('jobs:read', 'jobs:manage')
    GROUP BY 1
$$
"""

# How much waits, without what: the metrics are for whoever can reach them.
BACKLOG = """
CREATE FUNCTION public.job_backlog() RETURNS TABLE (
    waiting bigint, running bigint, failed bigint, oldest_seconds double precision
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT count(*) FILTER (WHERE j.status = 'todo'),
           count(*) FILTER (WHERE j.status = 'doing'),
           count(*) FILTER (WHERE j.status = 'failed'),
           coalesce(extract(epoch FROM now() - min(d.due_at)
                            FILTER (WHERE j.status = 'todo' AND d.due_at <= now())), 0)::double precision
    FROM jobs.procrastinate_jobs j
    CROSS JOIN LATERAL (
        SELECT CASE WHEN j.status = 'todo' THEN coalesce(j.scheduled_at, (
            SELECT min(e.at) FROM jobs.procrastinate_events e WHERE e.job_id = j.id)) END AS due_at
    ) d
    WHERE j.status IN ('todo', 'doing', 'failed')
$$
"""

RETRY_JOB = f"""
CREATE FUNCTION public.retry_server_job(p_id bigint) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    found_status text;
BEGIN
    IF {PERMITTED} IS DISTINCT FROM 'jobs:manage' THEN
        RETURN 'missing_permission';
    END IF;
    SELECT status::text INTO found_status FROM jobs.procrastinate_jobs WHERE id = p_id FOR UPDATE;
    IF found_status IS NULL THEN
        RETURN 'not_found';
    ELSIF found_status <> 'failed' THEN
        RETURN 'not_failed';
    END IF;
    UPDATE jobs.procrastinate_jobs SET status = 'todo', attempts = 0, scheduled_at = NULL, worker_id = NULL
    WHERE id = p_id;
    PERFORM pg_notify('procrastinate_any_queue_v1', json_build_object('type', 'job_inserted', 'job_id', p_id)::text);
    RETURN NULL;
END $$
"""

DROP_JOB = f"""
CREATE FUNCTION public.drop_server_job(p_id bigint) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    found_status text;
BEGIN
    IF {PERMITTED} IS DISTINCT FROM 'jobs:manage' THEN
        RETURN 'missing_permission';
    END IF;
    SELECT status::text INTO found_status FROM jobs.procrastinate_jobs WHERE id = p_id FOR UPDATE;
    IF found_status IS NULL THEN
        RETURN 'not_found';
    ELSIF found_status <> 'failed' THEN
        RETURN 'not_failed';
    END IF;
    DELETE FROM jobs.procrastinate_jobs WHERE id = p_id;
    RETURN NULL;
END $$
"""

FUNCTIONS = {
    "defer_job(text, jsonb, text, timestamptz)": DEFER_JOB,
    "take_effect(bigint, uuid)": TAKE_EFFECT,
    "server_jobs(bigint, text, text, bigint, integer, integer)": SERVER_JOBS,
    "count_server_jobs(text, text)": COUNT_JOBS,
    "server_tasks()": TASKS,
    "job_backlog()": BACKLOG,
    "retry_server_job(bigint)": RETRY_JOB,
    "drop_server_job(bigint)": DROP_JOB,
}


def scripts() -> list[str]:
    """The queue's scripts in their order; raises `RuntimeError` where they are not those this migration was made of."""
    folder = resources.files("procrastinate.sql") / "migrations"
    names = sorted(item.name for item in folder.iterdir() if item.name.endswith(".sql") and item.name <= LAST_SCRIPT)
    texts = [(folder / name).read_text(encoding="utf-8") for name in names]
    digest = hashlib.sha256("".join(f"{name}\n{script}\n" for name, script in zip(names, texts, strict=True)).encode())
    if digest.hexdigest() != DIGEST:
        raise RuntimeError("the installed procrastinate has other migrations than this one was made of")
    return texts


def upgrade() -> None:
    op.execute(WORKER_ROLE)
    op.execute("CREATE SCHEMA jobs")
    op.execute("SET LOCAL search_path = jobs")
    driver = op.get_bind().connection.dbapi_connection
    for script in scripts():
        # A script has several statements, which only the driver's simple protocol takes.
        driver.run_async(lambda connection, script=script: connection.execute(script))
    op.execute("SET LOCAL search_path TO DEFAULT")
    op.execute(UNLOCK_RETRIED)
    op.execute(
        """
        CREATE TRIGGER unlock_retried BEFORE UPDATE OF status ON jobs.procrastinate_jobs
        FOR EACH ROW WHEN (OLD.status <> 'todo' AND NEW.status = 'todo' AND NEW.queueing_lock IS NOT NULL)
        EXECUTE FUNCTION jobs.unlock_retried()
        """
    )
    op.execute(
        """
        CREATE TABLE jobs.runs (
            job_id bigint CONSTRAINT pk_runs PRIMARY KEY
                CONSTRAINT fk_runs_job_id_procrastinate_jobs REFERENCES jobs.procrastinate_jobs ON DELETE CASCADE,
            token uuid NOT NULL,
            done_at timestamptz,
            error text
        )
        """
    )
    # They name each other without a schema, and are reached from `defer_job` too.
    functions = text("SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'jobs'::regnamespace")
    for signature in op.get_bind().execute(functions).scalars().all():
        op.execute(f"ALTER FUNCTION {signature} SET search_path = jobs, pg_temp")
    op.execute("REVOKE ALL ON ALL FUNCTIONS IN SCHEMA jobs FROM PUBLIC")
    op.execute("GRANT USAGE ON SCHEMA jobs TO finance_worker")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA jobs TO finance_worker")
    op.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA jobs TO finance_worker")
    op.execute("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA jobs TO finance_worker")
    for signature, statement in FUNCTIONS.items():
        op.execute(statement)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO finance_app")


def downgrade() -> None:
    for signature in FUNCTIONS:
        op.execute(f"DROP FUNCTION {signature}")
    op.execute("DROP SCHEMA jobs CASCADE")
    op.execute(
        """
        DO $$
        BEGIN
            DROP ROLE finance_worker;
        EXCEPTION WHEN dependent_objects_still_exist THEN
            RAISE NOTICE 'finance_worker serves another database of this server and stays';
        END $$
        """
    )

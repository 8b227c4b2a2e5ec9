"""Workers that stop, die, stall and lose their database: what they ran has its effect, and has it once."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from procrastinate.exceptions import AppNotOpen
from procrastinate.jobs import Job, Status
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs
from structlog.typing import EventDict

from app.core.database import Database
from app.core.failures import StartupError
from app.core.jobs import ending, schema
from app.core.jobs.connecting import connection_parameters, connector_to
from app.core.jobs.ending import Manager
from app.core.jobs.tasks import Task, Work
from app.core.jobs.ticks import next_tick
from app.core.jobs.upkeep import ABANDONED, forget_old, take_over
from app.core.jobs.worker import JobWorker
from app.jobs import TASKS
from tests.jobs.conftest import PATIENCE, Yard


@pytest.fixture
async def effects(yard: Yard) -> AsyncIterator[Yard]:
    """With a table that handlers write to, and workers that soon take over what others have left.

    Only one at a time runs: of two that pause together, the first to go on would take the other for dead.
    """
    yard.settings = yard.settings.model_copy(update={"jobs_stalled_seconds": 1})
    await yard.rows("CREATE TABLE public.effects (job text)")
    await yard.rows("GRANT SELECT, INSERT ON public.effects TO finance_app")
    yield yard
    await yard.rows("DROP TABLE public.effects")


async def effect(work: Work, payload: Mapping[str, Any]) -> None:
    await work.connection.execute(text("INSERT INTO effects VALUES (:job)"), {"job": payload["name"]})


async def nothing(_: Work, __: Mapping[str, Any]) -> None:
    """It has no effect."""


async def written(yard: Yard) -> list[str]:
    return [row.job for row in await yard.rows("SELECT job FROM public.effects ORDER BY job")]


async def as_of_a_worker(yard: Yard, where: str = "true", *, ago: int = 60) -> None:
    """The jobs run, the database thinks, on another worker, which showed a sign of life so many seconds ago."""
    (worker,) = await yard.rows(
        "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - make_interval(secs => :ago)) RETURNING id",
        ago=ago,
    )
    await yard.rows(f"UPDATE procrastinate_jobs SET status = 'doing', worker_id = :id WHERE {where}", id=worker.id)


async def test_an_effect_is_had_once_though_its_job_is_run_again(effects: Yard) -> None:
    """The worker died between the effect and the word of it."""
    async with effects.working(Task("test.effect", effect)):
        await effects.defer("test.effect", {"name": "done"})
        await effects.come_to("succeeded")
        await effects.rows("UPDATE procrastinate_jobs SET status = 'todo'")  # as if nobody had heard
        await effects.come_to("succeeded")
        await as_of_a_worker(effects)
        await effects.come_to("succeeded")
        await effects.defer("test.effect", {"name": "begun"})
        await effects.come_to("succeeded", "succeeded")
        await effects.rows("DELETE FROM runs WHERE job_id = (SELECT max(id) FROM procrastinate_jobs)")
        await as_of_a_worker(effects, "id = (SELECT max(id) FROM procrastinate_jobs)")
        await effects.come_to("succeeded", "succeeded")
    assert await written(effects) == ["begun", "begun", "done"]  # nobody knew of the first


async def test_what_kills_every_worker_is_a_dead_letter_in_the_end(effects: Yard) -> None:
    await effects.defer("test.effect", {"name": "poison"})
    await effects.rows("UPDATE procrastinate_jobs SET attempts = 7")
    await as_of_a_worker(effects)
    async with effects.working(Task("test.effect", effect)):
        await effects.come_to("failed")
    assert await written(effects) == []
    ((error, attempts),) = await effects.rows("SELECT error, attempts FROM runs JOIN procrastinate_jobs ON id = job_id")
    assert (error, attempts) == (ABANDONED, 8)


class Overtaken(Database):
    """A database on which another run of a job begins just before the first one's transaction."""

    def __init__(self, yard: Yard) -> None:
        super().__init__(str(yard.settings.database_url), pool_size=2)
        self.yard = yard
        self.times = 0

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        self.times += 1
        if self.times == 1:
            await self.yard.rows("UPDATE runs SET token = uuidv7()")
        async with super().begin() as connection:
            yield connection


async def test_a_run_that_was_given_up_for_dead_has_no_effect_any_more(effects: Yard) -> None:
    overtaken = Overtaken(effects)
    async with JobWorker(effects.settings, [Task("test.effect", effect)], overtaken).open():
        await effects.defer("test.effect", {"name": "late"})
        await effects.come_to("succeeded")
    assert await written(effects) == ["late"]
    assert (overtaken.times, await effects.jobs()) == (2, [("test.effect", "succeeded", 2)])


async def test_a_slow_worker_says_nothing_of_a_job_that_another_has_taken_over(effects: Yard) -> None:
    begun, going_on = asyncio.Event(), asyncio.Event()

    async def slow(_: Work, __: Mapping[str, Any]) -> None:
        begun.set()
        await going_on.wait()
        raise ValueError("too late")

    async with effects.working(Task("test.slow", slow)):
        await effects.defer("test.slow")
        await begun.wait()
        await as_of_a_worker(effects, ago=-3600)  # it lives, however long this test takes
        with capture_logs() as logs:
            going_on.set()
            await effects.until(lambda: told(logs, "job_not_held"))
    assert [status for _, status, _ in await effects.jobs()] == ["doing"]


async def told(logs: list[EventDict], event: str) -> bool:
    return event in {entry["event"] for entry in logs}


async def test_a_job_that_its_living_worker_has_lost_is_taken_up_again(effects: Yard) -> None:
    """The word of its end never reached the database."""
    async with effects.working(Task("test.effect", effect)):

        async def registered() -> bool:
            return bool(await effects.rows("SELECT 1 FROM procrastinate_workers"))

        await effects.until(registered)
        await effects.rows(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, worker_id) SELECT 'default', "
            """'test.effect', '{"payload": {"name": "lost"}}', 'doing', id FROM procrastinate_workers"""
        )
        await effects.come_to("succeeded")
    assert await written(effects) == ["lost"]


async def test_stopping_waits_for_jobs_and_gives_up_those_that_take_too_long(effects: Yard) -> None:
    begun = asyncio.Event()

    async def slow(work: Work, payload: Mapping[str, Any]) -> None:
        await effect(work, payload)
        begun.set()
        await asyncio.sleep(payload["seconds"])

    async with effects.working(Task("test.slow", slow), jobs_stop_seconds=60):
        await effects.defer("test.slow", {"name": "finished", "seconds": 0.3})
        await begun.wait()
        await effects.defer("test.slow", {"name": "left", "seconds": 0})
    done, left = await effects.jobs()
    assert done == ("test.slow", "succeeded", 1)
    assert left[1] in {"todo", "succeeded"}  # it may just have been taken
    begun.clear()
    await effects.defer("test.slow", {"name": "given up", "seconds": 60})
    async with effects.working(Task("test.slow", slow), jobs_stop_seconds=0.1):
        await begun.wait()
        await effects.until(lambda: has_status(effects, "doing"))
    assert (await effects.jobs())[-1][1] == "todo"
    await effects.rows("""UPDATE procrastinate_jobs SET args = jsonb_set(args, '{payload,seconds}', '0')""")
    async with effects.working(Task("test.slow", slow)):
        await effects.come_to("succeeded", "succeeded", "succeeded")
    assert await written(effects) == ["finished", "given up", "left"]
    assert await effects.rows("SELECT 1 FROM procrastinate_workers") == []


async def has_status(yard: Yard, status: str) -> bool:
    return status in {found for _, found, _ in await yard.jobs()}


async def test_a_worker_outlives_its_connections(effects: Yard) -> None:
    async with effects.working(Task("test.effect", effect)):
        await effects.defer("test.effect", {"name": "before"})
        await effects.come_to("succeeded")
        await effects.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'jobs' AND pid <> pg_backend_pid()"
        )
        await effects.requests.dispose()
        await effects.defer("test.effect", {"name": "after"})
        await effects.come_to("succeeded", "succeeded")
    assert await written(effects) == ["after", "before"]


async def test_a_worker_waits_for_a_database_that_is_not_there(yard: Yard) -> None:
    nowhere = "postgresql+asyncpg://nobody@127.0.0.1:1/nothing"
    async with asyncio.timeout(PATIENCE), yard.working(database_url=nowhere):
        await asyncio.sleep(0.3)


async def test_the_clock_asks_once_however_many_workers_hear_it(yard: Yard) -> None:
    """The last tick that nobody heard is made up for, and handlers are told which one it was."""
    ticks: list[datetime] = []

    async def handler(work: Work, payload: Mapping[str, Any]) -> None:
        assert payload == {}
        ticks.append(work.at)

    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    task = Task("test.tick", handler, every=f"0 {hour.hour} * * *")
    for _ in range(2):
        async with yard.working(task, workers=3):
            await yard.come_to("succeeded")
            await asyncio.sleep(0.1)
    assert ticks == [hour]
    assert next_tick(task, hour) == hour + timedelta(days=1)
    assert next_tick(Task("test.never", handler), hour) is None


async def test_every_task_has_a_name_of_its_own_and_a_clock_that_ticks() -> None:
    assert len({task.name for task in TASKS}) == len(TASKS)
    at = datetime(2026, 1, 31, 12, tzinfo=UTC)
    for task in TASKS:
        assert task.attempts >= 1
        assert next_tick(task, at) is None or at < next_tick(task, at) <= at + timedelta(days=366)  # type: ignore[operator]


async def test_old_jobs_are_forgotten_and_dead_letters_later(effects: Yard) -> None:
    async def fail(_: Work, __: Mapping[str, Any]) -> None:
        raise ValueError("always")

    async with effects.working(Task("test.effect", effect), Task("test.fail", fail, attempts=1)):
        for task in ("test.effect", "test.fail"):
            await effects.defer(task, {"name": "old"})
        await effects.come_to("succeeded", "failed")
    await effects.defer("test.effect", at=datetime.now(UTC) + timedelta(days=500))
    connector = connector_to(str(effects.settings.database_url))
    await connector.open_async()
    try:
        for days, left in ((6, 3), (2, 2), (81, 2), (2, 1), (300, 1)):
            await effects.rows(
                "UPDATE procrastinate_events SET at = at - make_interval(days => :days) WHERE at < now()", days=days
            )
            await forget_old(connector)
            assert len(await effects.jobs()) == left, days
        assert len(await effects.rows("SELECT 1 FROM runs")) == 0
        # Nothing that runs or waits is anybody's to take over.
        assert await take_over(connector, effects.settings, {}, worker_id=None, running=()) == 0
    finally:
        await connector.close_async()


async def test_what_a_job_came_to_is_said_again_where_the_connection_was_lost(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "PAUSES", (0.01, 0.01))
    await yard.rows("CREATE SEQUENCE public.tries")
    await yard.rows(
        "CREATE FUNCTION public.lose() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN "
        "IF nextval('public.tries') <= 2 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; "
        "RETURN NEW; END $$"
    )
    await yard.rows(
        "CREATE TRIGGER lose BEFORE UPDATE ON procrastinate_jobs FOR EACH ROW "
        "WHEN (OLD.status = 'doing' AND NEW.status = 'succeeded') EXECUTE FUNCTION public.lose()"
    )
    try:
        async with yard.working(Task("test.effect", nothing)):
            await yard.defer("test.effect")
            await yard.come_to("succeeded")
        assert [row.last_value for row in await yard.rows("SELECT last_value FROM public.tries")] == [3]
        assert await yard.jobs() == [("test.effect", "succeeded", 1)]
        connector = connector_to(str(yard.settings.database_url))
        job = Job(id=1, queue="default", lock=None, queueing_lock=None, task_name="test", worker_id=1)
        with pytest.raises(AppNotOpen):  # what no pause mends is told at once
            await Manager(connector).finish_job(job, Status.SUCCEEDED, delete_job=False)
    finally:
        await yard.rows("DROP TRIGGER lose ON procrastinate_jobs")
        await yard.rows("DROP FUNCTION public.lose")
        await yard.rows("DROP SEQUENCE public.tries")


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        (
            f"postgresql+asyncpg://me:{quote('p@ss wörd/:%?#&', safe='')}@db.example.com:6543/money",
            {"host": "db.example.com", "port": "6543", "user": "me", "password": "p@ss wörd/:%?#&", "dbname": "money"},
        ),
        (
            "postgresql+asyncpg://me@/money?host=/run/a%20folder&port=5433",
            {"host": "/run/a folder", "port": "5433", "user": "me", "dbname": "money"},
        ),
        (
            "postgresql+asyncpg://me:'\\@h/d?ssl=require&target_session_attrs=read-write&passfile=/p",
            {
                "host": "h",
                "user": "me",
                "password": "'\\",
                "dbname": "d",
                "sslmode": "require",
                "target_session_attrs": "read-write",
                "passfile": "/p",
            },
        ),
        ("postgresql+asyncpg://me@/d?host=a&host=b", {"host": "a,b", "user": "me", "dbname": "d"}),
    ],
)
def test_the_queues_driver_connects_as_everything_else(url: str, wanted: dict[str, str]) -> None:
    parsed = conninfo_to_dict(make_conninfo(**connection_parameters(url)))
    ours = {name: parsed.pop(name) for name in ("application_name", "connect_timeout", "options")}
    assert parsed == wanted
    assert ours["application_name"] == "finance-tracker"
    assert str(ours["options"]).startswith("-c role=finance_worker -c search_path=jobs ")


def test_another_queue_than_ours_is_refused(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "LAST_SCRIPT", "03.03.00_01_pre_priority_lock_fetch_job.sql")
    schema.check_queue_schema.cache_clear()
    with pytest.raises(StartupError, match=r"install the version of requirements\.lock"):
        JobWorker(yard.settings, ())
    monkeypatch.undo()
    schema.check_queue_schema.cache_clear()
    with pytest.raises(ValueError, match="needs a database"):
        JobWorker(yard.settings.model_copy(update={"database_url": None}), ())

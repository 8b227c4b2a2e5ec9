"""What is deferred with a commit, and only that, is run; one of a key at a time; what fails is tried again."""

import asyncio
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from procrastinate.jobs import Job
from sqlalchemy import text

from app.core.clock import now
from app.core.database import APP_ROLE
from app.core.jobs import metrics, queue
from app.core.jobs.running import LONGEST_PAUSE, Backoff, describe
from app.core.jobs.tasks import Task, Work
from tests.jobs.conftest import Yard


async def nothing(_: Work, __: Mapping[str, Any]) -> None:
    """It has no effect."""


async def test_a_job_exists_with_the_commit_of_its_cause(yard: Yard) -> None:
    seen: list[Any] = []

    async def handler(work: Work, payload: Mapping[str, Any]) -> None:
        seen.append((payload, work.at, await work.connection.scalar(text("SELECT current_user"))))

    async with yard.requests.engine.connect() as connection:
        await queue.defer(connection, "test.run", {"number": 1})
        await connection.rollback()
    before = now()
    later = before + timedelta(days=1)
    async with yard.working(Task("test.run", handler)):
        await yard.defer("test.run", {"number": 2})
        await yard.defer("test.run", {"number": 3}, at=before - timedelta(days=1))
        await yard.defer("test.run", {"number": 4}, at=later)
        await yard.come_to("succeeded", "succeeded", "todo")
        await asyncio.sleep(0.2)
    assert await yard.jobs() == [("test.run", "succeeded", 1), ("test.run", "succeeded", 1), ("test.run", "todo", 0)]
    by_number = {payload["number"]: (at, role) for payload, at, role in seen}
    assert by_number.keys() == {2, 3}
    assert abs(by_number[2][0] - before) < timedelta(minutes=10)
    assert by_number[3] == (before - timedelta(days=1), APP_ROLE)
    async with yard.requests.begin() as connection:
        backlog = (await connection.execute(text("SELECT * FROM job_backlog()"))).one()
    assert tuple(backlog) == (1, 0, 0, 0.0)


async def test_one_of_a_key_waits_and_one_runs(yard: Yard) -> None:
    """However many ask for it at once, and nobody hears of an error."""
    going, most, done = 0, 0, 0
    may_end = asyncio.Event()

    async def handler(_: Work, __: Mapping[str, Any]) -> None:
        nonlocal going, most, done
        going += 1
        most = max(most, going)
        await may_end.wait()
        going -= 1
        done += 1

    async def two_go() -> bool:
        return going == 2

    await asyncio.gather(*(yard.defer("test.run", key="test:one") for _ in range(15)))
    assert await yard.jobs() == [("test.run", "todo", 0)]
    async with yard.working(Task("test.run", handler), workers=2):
        await yard.come_to("doing")
        await asyncio.gather(*(yard.defer("test.run", key="test:one") for _ in range(15)))
        assert len(await yard.jobs()) == 2
        await yard.defer("test.run", key="test:another")
        await yard.come_to("doing", "todo", "doing")
        await yard.until(two_go)
        may_end.set()
        await yard.come_to("succeeded", "succeeded", "succeeded")
    assert (done, most) == (3, 2)  # the other key's ran beside one of them


async def test_what_a_waiting_job_is_to_see_is_there_when_it_runs(yard: Yard) -> None:
    """A job that waits already is not begun before the transaction that asked for it once more has ended."""
    seen: list[int] = []
    await yard.rows("DROP TABLE IF EXISTS public.probe")
    await yard.rows("CREATE TABLE public.probe (id integer)")
    await yard.rows("GRANT SELECT, INSERT ON public.probe TO finance_app")

    async def handler(work: Work, _: Mapping[str, Any]) -> None:
        seen.append(int(await work.connection.scalar(text("SELECT count(*) FROM probe"))))

    await yard.defer("test.look", key="test:look")
    async with yard.requests.begin() as connection:
        await connection.execute(text("INSERT INTO probe VALUES (1)"))
        await queue.defer(connection, "test.look", {}, key="test:look")
        async with yard.working(Task("test.look", handler)):
            await asyncio.sleep(0.5)
            assert seen == []
            await connection.commit()
            await yard.come_to("succeeded")
    assert seen == [1]
    await yard.rows("DROP TABLE public.probe")


async def test_what_fails_is_tried_again_and_then_a_dead_letter(yard: Yard) -> None:
    async def sometimes(work: Work, payload: Mapping[str, Any]) -> None:
        yard.ran.append(payload["number"])
        if yard.ran.count(payload["number"]) <= payload["failures"]:
            await work.connection.execute(text("SELECT 1 / :nothing"), {"nothing": 0})

    before = metrics.JOBS.labels("test.fail", "dead")._value.get()
    async with yard.working(Task("test.fail", sometimes, attempts=3)):
        await yard.defer("test.fail", {"number": 1, "failures": 2}, key="test:fail")
        await yard.come_to("succeeded")
        await yard.defer("test.fail", {"number": 2, "failures": 9})
        await yard.defer("test.unknown")
        await yard.come_to("succeeded", "failed", "failed")
    assert [attempts for _, _, attempts in await yard.jobs()] == [3, 3, 1]
    assert sorted(yard.ran) == [1, 1, 1, 2, 2, 2]
    assert metrics.JOBS.labels("test.fail", "dead")._value.get() == before + 1
    (error,) = await yard.rows("SELECT error FROM runs JOIN procrastinate_jobs ON id = job_id WHERE status = 'failed'")
    assert error[0].startswith("DBAPIError: division by zero at app/core/jobs/running.py:")


async def test_a_job_that_is_tried_again_and_a_new_one_of_its_key_do_not_collide(yard: Yard) -> None:
    """The new one waits behind it."""

    async def handler(_: Work, payload: Mapping[str, Any]) -> None:
        yard.ran.append(payload["number"])
        if yard.ran == [1]:
            await yard.defer("test.run", {"number": 2}, key="test:again")
            raise ValueError("once")

    async with yard.working(Task("test.run", handler)):
        await yard.defer("test.run", {"number": 1}, key="test:again")
        await yard.come_to("succeeded", "succeeded")
    assert yard.ran == [1, 1, 2]


def test_pauses_grow_and_differ_and_end() -> None:
    def pause(attempts: int, of: int) -> float | None:
        job = Job(queue="default", lock=None, queueing_lock=None, task_name="test", attempts=attempts)
        before = datetime.now(UTC)
        decision = Backoff(of, timedelta(seconds=10)).get_retry_decision(exception=ValueError(), job=job)
        return (decision.retry_at - before).total_seconds() if decision and decision.retry_at else None

    for attempts in range(7):
        pauses = [pause(attempts, 8) for _ in range(20)]
        whole = 10 * 2**attempts
        assert all(found is not None and whole / 2 <= found <= whole + 1 for found in pauses)
        assert len(set(pauses)) > 1
    assert pause(7, 8) is None
    assert pause(0, 1) is None
    assert (pause(500, 1000) or 0) <= LONGEST_PAUSE.total_seconds() + 1


async def test_an_error_is_told_in_a_line_without_what_was_sent(yard: Yard) -> None:
    async with yard.requests.engine.connect() as connection:
        with pytest.raises(Exception, match="division") as raised:
            await connection.execute(
                text("SELECT 1 / CAST(:amount AS integer), :secret"), {"amount": 0, "secret": "s3"}
            )
    assert describe(raised.value) == "DBAPIError: division by zero"
    assert describe(ValueError("one\ntwo\x00")) == "ValueError: one"
    assert len(describe(ValueError("x" * 5000))) <= 1000


async def test_random_keys_and_workers_leave_nothing_undone(yard: Yard) -> None:
    chance = random.Random(20251121)
    running: set[str] = set()

    async def handler(_: Work, payload: Mapping[str, Any]) -> None:
        assert payload["key"] not in running, "two of one key at a time"
        running.add(payload["key"])
        await asyncio.sleep(chance.uniform(0, 0.01))
        running.discard(payload["key"])
        yard.ran.append(payload["key"])

    async with yard.working(Task("test.run", handler, attempts=1), workers=3):
        for _ in range(10):
            keys = [f"test:{chance.randrange(4)}" for _ in range(10)]
            await asyncio.gather(*(yard.defer("test.run", {"key": key}, key=key) for key in keys))

        async def idle() -> bool:
            return {status for _, status, _ in await yard.jobs()} == {"succeeded"}

        await yard.until(idle)
    assert set(yard.ran) == {f"test:{number}" for number in range(4)}
    assert len(yard.ran) == len(await yard.jobs()) <= 100

"""kill -9 of workers while they work, two at a time: each job runs, and has its effect once.

JOB_KILLS=500 pytest tests/stress/test_job_kills.py for the long run.
"""

import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from sqlalchemy import make_url, text

from app.core.config import Settings
from app.core.database import Database
from app.core.embedded import EmbeddedPostgres
from app.core.jobs.queue import defer
from tests.databases import migrated_database

# The rest of the suite goes through the same lines; measuring them here would cost minutes.
pytestmark = pytest.mark.no_cover

KILLS = int(os.environ.get("JOB_KILLS", "20"))
SEED = int(os.environ.get("JOB_SEED", "20251121"))
ROOT = Path(__file__).parents[2]
JOBS_BETWEEN = 15
PATIENCE = 120.0


@pytest.fixture
async def databases(postgres: EmbeddedPostgres, settings: Settings) -> AsyncIterator[tuple[Database, Database, str]]:
    """As requests see it, as its owner does, and the URL of the first."""
    await migrated_database(postgres, "job_kills")
    url = make_url(str(settings.database_url)).set(database="job_kills").render_as_string(hide_password=False)
    requests, owner = Database(url, pool_size=2), Database(postgres.url("job_kills"), pool_size=2, role=None)
    async with owner.begin() as connection:
        await connection.execute(text("CREATE TABLE effects (number integer)"))
        await connection.execute(text("GRANT SELECT, INSERT ON effects TO finance_app"))
    yield requests, owner, url
    await requests.dispose()
    await owner.dispose()


class Nursery:
    """Where workers come from."""

    def __init__(self, url: str) -> None:
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", "tests.stress.job_victim", url]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
        )

    def worker(self) -> psutil.Process:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return psutil.Process(int(self.process.stdout.readline()))

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()


def kill(worker: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        worker.kill()
        worker.wait(60)


async def count(owner: Database, statement: str) -> int:
    async with owner.begin() as connection:
        return int(await connection.scalar(text(statement)) or 0)


@pytest.mark.timeout(600 + 5 * KILLS)
async def test_each_job_has_its_effect_once(databases: tuple[Database, Database, str]) -> None:
    requests, owner, url = databases
    chance = random.Random(SEED)
    began = time.monotonic()
    nursery = await asyncio.to_thread(Nursery, url)
    victims = [await asyncio.to_thread(nursery.worker) for _ in range(2)]
    numbers, taken_back = 0, 0
    running = "SELECT count(*) FROM jobs.procrastinate_jobs WHERE status = 'doing'"
    try:
        for _ in range(KILLS):
            for _ in range(JOBS_BETWEEN):
                async with requests.engine.connect() as connection:
                    await defer(connection, "test.effect", {"number": numbers})
                    if chance.random() < 0.8:
                        await connection.commit()
                        numbers += 1
                    else:
                        await connection.rollback()
                        taken_back += 1
            # Once one of them works, wherever it is just then.
            async with asyncio.timeout(PATIENCE):
                while not await count(owner, running):  # noqa: ASYNC110  # it is in the database
                    await asyncio.sleep(0.01)
            await asyncio.sleep(chance.uniform(0, 0.1))
            await asyncio.to_thread(kill, victims.pop(chance.randrange(2)))
            victims.append(await asyncio.to_thread(nursery.worker))
        left = "SELECT count(*) FROM jobs.procrastinate_jobs WHERE status <> 'succeeded'"
        async with asyncio.timeout(PATIENCE):
            while await count(owner, left):  # noqa: ASYNC110  # it is in the database
                await asyncio.sleep(0.05)
    finally:
        for victim in victims:
            await asyncio.to_thread(kill, victim)
        await asyncio.to_thread(nursery.end)
    wanted = {*range(numbers), *(number + 1_000_000 for number in range(0, numbers, 3))}
    async with owner.begin() as connection:
        effects = list((await connection.execute(text("SELECT number FROM effects"))).scalars())
    again = await count(owner, "SELECT sum(attempts - 1) FROM jobs.procrastinate_jobs")
    print(
        f"{KILLS} kills in {time.monotonic() - began:.1f} s, {len(effects)} effects of {len(wanted)} jobs, "
        f"{again} runs again after a kill, {taken_back} jobs taken back"
    )
    assert sorted(effects) == sorted(wanted)
    assert again > 0

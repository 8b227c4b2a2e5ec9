"""Jobs of a server that is started as a person starts it, and of workers beside one."""

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.embedded import EmbeddedPostgres
from app.core.migrations import newest_revision
from tests.system.conftest import Start
from tests.system.programs import FINANCE, Running, environment, execute, finance, only_sentence, wait_for

TASK = "housekeeping.forget"


def succeeded(server: Running) -> int:
    with server.client() as http:
        told = http.get("/metrics").text
    found = re.search(rf'finance_jobs_total{{outcome="succeeded",task="{TASK}"}} (\d+)', told)
    return int(found[1]) if found else 0


@pytest.fixture(scope="module")
def bystander(place: Path, start: Start) -> Running:
    """A server that leaves its jobs to others."""
    return start(place / "data", JOBS_IN_SERVER="false")


@pytest.fixture
def url(bystander: Running) -> str:
    found = EmbeddedPostgres.running_url(bystander.data_dir, "finance")
    assert found is not None
    return found


@pytest.fixture
def worker(place: Path, url: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [FINANCE, "worker"],
        env=environment(place / "worker", DATABASE_URL=url, LOG_FORMAT="json", LOG_LEVEL="INFO"),
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout, process.stderr:
        yield process
        process.kill()
        process.wait(60)


def test_a_server_does_its_jobs_by_itself(place: Path, start: Start) -> None:
    """The last tick of each clock is made up for at the first start; a stop is quick."""
    server = start(place / "alone")
    wait_for(lambda: succeeded(server) == 1)
    assert server.stop() == 0


def test_a_worker_does_the_jobs_of_a_server_that_leaves_them(
    bystander: Running, url: str, worker: "subprocess.Popen[str]"
) -> None:
    assert worker.stdout is not None
    assert worker.stderr is not None
    assert worker.stdout.readline().startswith("A worker of Finance Tracker ")
    assert any(TASK in line and "job_done" in line for line in worker.stderr)
    assert succeeded(bystander) == 0
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0


def test_a_worker_says_why_it_cannot_run(place: Path, url: str) -> None:
    alone = only_sentence(finance("worker", data_dir=place / "worker"))
    assert "the embedded database belongs to `finance serve`" in alone
    closed = "postgresql://nobody@127.0.0.1:1/nothing"
    assert "cannot be used" in only_sentence(finance("worker", data_dir=place / "worker", DATABASE_URL=closed))
    execute(url, "UPDATE alembic_version SET version_num = '0001'")
    try:
        assert "has schema 0001" in only_sentence(finance("worker", data_dir=place / "worker", DATABASE_URL=url))
    finally:
        execute(url, f"UPDATE alembic_version SET version_num = '{newest_revision()}'")

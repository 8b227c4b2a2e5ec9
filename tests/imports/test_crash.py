"""A server killed in the middle of a commit: all of the import is there or none of it, and it can be repeated."""

import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import httpx
import psutil
import pytest

from tests.people import API, PASSWORD
from tests.system import programs
from tests.system.conftest import place
from tests.system.programs import Running

# The rest of the suite goes through the same lines; measuring them here would cost minutes.
pytestmark = pytest.mark.no_cover

__all__ = ["place"]

ROWS = int(os.environ.get("IMPORT_CRASH_ROWS", "10000"))
PERSON = {"email": "kim@example.com", "password": PASSWORD}
# The database as it is in production, and none of the limits that have nothing to do with this.
SETTINGS = {"RATE_LIMIT_ENABLED": "false"}
SEED = 20_250_301


def export(number: int) -> bytes:
    """A statement of its own for each attempt."""
    day = date(2020, 1, 1)
    rows = [f"{day + timedelta(n % 1500)},Shop {n % 300},Receipt {number}-{n},-1.00" for n in range(ROWS)]
    return "\n".join(["Date,Payee,Description,Amount", *rows]).encode()


class Keeper:
    """One person's server that may be killed and started again over the same data."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.running = programs.start(data_dir, **SETTINGS)
        with self.client(log_in=False) as http:
            http.post("/auth/register", json=PERSON).raise_for_status()
        with self.client() as http:
            account = http.post("/accounts", json={"name": "Checking", "type": "checking", "currency": "EUR"})
            self.account_id = account.raise_for_status().json()["id"]

    @contextmanager
    def client(self, *, log_in: bool = True) -> Iterator[httpx.Client]:
        with httpx.Client(base_url=f"{self.running.url}{API}", timeout=120) as http:
            if log_in:
                tokens = http.post("/auth/login", json=PERSON).raise_for_status().json()
                http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
            yield http

    def preview(self, number: int) -> str:
        with self.client() as http:
            answer = http.post(
                "/imports", files={"file": ("bank.csv", export(number))}, data={"account_id": self.account_id}
            )
            log = (self.data_dir.parent / "stderr.txt").read_text()
            assert answer.status_code == 201, (answer.text, log)
            return str(answer.json()["id"])

    def kill_during_commit(self, import_id: str, after: float, *, database_too: bool) -> None:
        """Both killed at once with nothing to say about it; whatever the client got is as good as nothing."""
        victims = [psutil.Process(self.running.process.pid)]
        if database_too:
            victims += [p for p in self.running.family if p.name() == "postgres" and p.ppid() == victims[0].pid]
        with self.client() as http:
            asking = threading.Thread(target=self._commit, args=(http, import_id))
            asking.start()
            time.sleep(after)
            for victim in victims:
                victim.kill()
            asking.join()
        self.running.process.wait(30)
        programs.end(self.running)
        self.running = programs.start(self.data_dir, **SETTINGS)

    @staticmethod
    def _commit(http: httpx.Client, import_id: str) -> None:
        try:
            http.post(f"/imports/{import_id}/commit")
        except httpx.TransportError:
            return


@pytest.fixture(scope="module")
def keeper(place: Path) -> Iterator[Keeper]:
    found = Keeper(place / "data")
    yield found
    programs.end(found.running)


def state(http: httpx.Client, import_id: str) -> tuple[str, int, int]:
    """The import's status, how many transactions it has, and how many there are in all."""
    status = http.get(f"/imports/{import_id}").raise_for_status().json()["status"]
    counts = [
        http.get("/transactions", params={"limit": 1, "include_total": True, **narrowed}).raise_for_status().json()
        for narrowed in ({"import_id": import_id}, {})
    ]
    return status, counts[0]["total"], counts[1]["total"]


def check_integrity(http: httpx.Client) -> None:
    (book,) = http.get("/books").raise_for_status().json()["items"]
    report = http.get(f"/books/{book['id']}/integrity").raise_for_status().json()
    assert report["ok"], report


def test_a_killed_commit_is_whole_or_nothing_and_can_be_repeated(keeper: Keeper) -> None:
    chance = random.Random(SEED)
    preview = keeper.preview(0)
    with keeper.client() as http:
        started = time.perf_counter()
        http.post(f"/imports/{preview}/commit").raise_for_status()
        whole = time.perf_counter() - started
    done = ROWS
    for number in range(1, 4):
        import_id = keeper.preview(number)
        after = whole * chance.uniform(0.1, 1.1)
        keeper.kill_during_commit(import_id, after, database_too=number == 2)
        with keeper.client() as http:
            status, brought, total = state(http, import_id)
            assert (status, brought) in {("previewed", 0), ("committed", ROWS)}, (number, after)
            assert total == done + brought
            check_integrity(http)
            again = http.post(f"/imports/{import_id}/commit")
            assert again.status_code == (200 if status == "previewed" else 409), again.text
            assert state(http, import_id)[:2] == ("committed", ROWS)
            check_integrity(http)
            account = http.get(f"/accounts/{keeper.account_id}").raise_for_status().json()
        done += ROWS
        assert account["balance"] == f"-{done}.00"


def test_the_server_that_was_killed_leaves_no_process(keeper: Keeper) -> None:
    running: Running = keeper.running
    assert running.stop() == 0
    assert not running.left_over(10)

"""kill -9 of the server and of PostgreSQL in the middle of concurrent writes: nothing acknowledged is lost or doubled.

CRASH_KILLS=200 pytest tests/stress/test_kills.py for the long run.
"""

import asyncio
import os
import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.people import API, PASSWORD
from tests.stress.bookkeeping import Writer
from tests.system import programs
from tests.system.conftest import place

# The rest of the suite goes through the same lines; measuring them here would cost minutes.
pytestmark = pytest.mark.no_cover

__all__ = ["place"]

KILLS = int(os.environ.get("CRASH_KILLS", "4"))
SEED = int(os.environ.get("CRASH_SEED", "20251121"))
WRITERS = 6
BOOKS = 2


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Victim:
    """A server with its database that is killed and started again at one address."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.running = self._start()

    def _start(self) -> programs.Running:
        return programs.start(self.data_dir, PORT=str(self.port))

    def postmaster(self) -> psutil.Process | None:
        found = [p for p in self.running.family if p.is_running() and p.name() == "postgres"]
        return next((p for p in found if p.ppid() == self.running.process.pid), None)

    def kill(self, what: str, then: float) -> None:
        """The server, the database's postmaster (and the server a moment later), or both at once."""
        postmaster = self.postmaster() if what != "server" else None
        if postmaster is not None:
            postmaster.kill()
        if what == "database":
            time.sleep(then)
        self.running.process.kill()
        self.running.process.wait(30)
        programs.end(self.running)

    def start_again(self) -> None:
        self.running = self._start()


@pytest.fixture
def victim(place: Path) -> Iterator[Victim]:
    found = Victim(place / "data")
    yield found
    programs.end(found.running)


async def people(victim: Victim) -> list[Writer]:
    """Writers on accounts of their own, several to a book."""
    chance = random.Random(SEED)
    writers = []
    async with httpx.AsyncClient(base_url=victim.url + API, timeout=60) as http:
        for book in range(BOOKS):
            email = f"writer{book}@example.com"
            (await http.post("/auth/register", json={"email": email, "password": PASSWORD})).raise_for_status()
            for number in range(WRITERS // BOOKS):
                writer = Writer(f"{book}.{number}", lambda: victim.url, email, random.Random(chance.random()))
                for name in ("account", "other"):
                    body = {"name": name, "type": "checking", "currency": "EUR"}
                    made = await writer.ask("POST", "/accounts", json=body)
                    setattr(writer, name, made.json()["id"])
                writers.append(writer)
    return writers


async def integrity(writer: Writer) -> None:
    (book,) = (await writer.ask("GET", "/books")).json()["items"]
    report: Any = (await writer.ask("GET", f"/books/{book['id']}/integrity")).json()
    assert report["ok"], report


@pytest.mark.timeout(600 + 30 * KILLS)
async def test_no_acknowledged_write_is_lost_or_doubled(victim: Victim) -> None:
    chance = random.Random(SEED)
    writers = await people(victim)
    stopping = asyncio.Event()

    async def work(writer: Writer) -> None:
        while not stopping.is_set():
            await writer.step()

    # Whatever fails ends the others: without a server they would go on asking for long.
    async with asyncio.TaskGroup() as group:
        for writer in writers:
            group.create_task(work(writer))
        for _ in range(KILLS):
            await asyncio.sleep(chance.uniform(0.05, 1.0))
            what = chance.choices(["server", "both", "database"], [5, 3, 2])[0]
            await asyncio.to_thread(victim.kill, what, chance.uniform(0.05, 0.5))
            await asyncio.to_thread(victim.start_again)
            for writer in (writers[0], writers[-1]):  # one of each book
                await integrity(writer)
                for row, amount in chance.sample(sorted(writer.settled.items()), min(3, len(writer.settled))):
                    read = await writer.ask("GET", f"/transactions/{row}")
                    assert (read.status_code, read.json().get("amount")) == (200, amount), row
        stopping.set()
    for writer in writers:
        await writer.check()
        await integrity(writer)
    done = sum(writer.acknowledged for writer in writers)
    repeated = sum(writer.repeated for writer in writers)
    print(f"{KILLS} kills, {done} acknowledged operations, {repeated} of them answered after being asked again")
    assert done > 0
    assert repeated > 0

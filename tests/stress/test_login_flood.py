"""A flood of log-ins against one account: few hashes are computed, and everybody else hardly notices.

LOGIN_FLOOD=10000 pytest -s tests/stress/test_login_flood.py for the long run.
"""

import asyncio
import itertools
import json
import math
import os
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.people import API, PASSWORD
from tests.system import programs
from tests.system.conftest import place

__all__ = ["place"]

FLOOD = int(os.environ.get("LOGIN_FLOOD", "600"))
PER_SECOND = float(os.environ.get("LOGIN_FLOOD_PER_SECOND", "100"))
LONG = FLOOD >= 5_000
ROUNDS = 5 if LONG else 1
"""Quiet and noisy by turns: what else the machine does then falls on both."""
TRIES = FLOOD // 2 // ROUNDS
SAMPLES = 30 if LONG else 40
FEWEST = 5
ADDRESSES = max(100, FLOOD // 20)
ROOT = Path(__file__).parents[2]
SLACK_SECONDS = 0.02 if LONG else 0.2
"""What a machine that does other things may take now and then; beside other tests it does many."""
ACCOUNT_LIMIT = 100
"""Log-ins a minute that one account takes from strangers: ten times RATE_LIMIT_LOGIN."""
LOGINS_EACH = 8


@dataclass
class Honest:
    """Somebody else on the server, at home."""

    email: str
    address: str

    @property
    def headers(self) -> dict[str, str]:
        return {"X-Forwarded-For": self.address}


@dataclass
class Latencies:
    logins: list[float] = field(default_factory=list)
    reads: list[float] = field(default_factory=list)

    def add(self, other: "Latencies") -> None:
        self.logins += other.logins
        self.reads += other.reads

    def milliseconds(self) -> dict[str, float]:
        found = {}
        for name, values in (("log-in", self.logins), ("read", self.reads)):
            ordered = sorted(values)
            found[f"{name} p50"] = round(statistics.median(ordered) * 1000, 1)
            found[f"{name} p95"] = round(ordered[math.ceil(len(ordered) * 0.95) - 1] * 1000, 1)
        return found


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[programs.Running]:
    """With the limits and the cost of a hash that a server has by default."""
    settings = {"RATE_LIMIT_ENABLED": "true", "ARGON2_MEMORY_KIB": "19456", "ARGON2_TIME_COST": "2"}
    running = programs.start(place / "flooded", TRUSTED_PROXIES="127.0.0.1", **settings)
    yield running
    programs.end(running)


async def measure(
    http: httpx.AsyncClient, people: Iterator[Honest], until: "asyncio.Task[bytes] | None" = None
) -> Latencies:
    """Log in and read in turn, nobody more often than they may, at most until a flood ends."""
    found = Latencies()
    for person in itertools.islice(people, SAMPLES):
        started = time.perf_counter()
        body = {"email": person.email, "password": PASSWORD}
        answer = await http.post("/auth/login", json=body, headers=person.headers)
        found.logins.append(time.perf_counter() - started)
        token = answer.raise_for_status().json()["access_token"]
        started = time.perf_counter()
        (await http.get("/accounts", headers={"Authorization": f"Bearer {token}"})).raise_for_status()
        found.reads.append(time.perf_counter() - started)
        if until is not None and until.done():
            break
        await asyncio.sleep(0.005)
    assert len(found.logins) >= FEWEST, "The flood ended before it was measured: it needs more tries."
    return found


async def hashes(http: httpx.AsyncClient) -> int:
    text = (await http.get(f"{str(http.base_url).removesuffix(f'{API}/')}/metrics")).text
    found = re.search(r"^finance_password_hashes_total (\S+)$", text, re.MULTILINE)
    assert found
    return round(float(found[1]))


async def flood(url: str, email: str, addresses: int) -> bytes:
    host, port = url.removeprefix("http://").split(":")
    arguments = [host, port, email, str(TRIES), str(PER_SECOND), str(addresses)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.stress.guesser", *arguments, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output


@pytest.mark.measured
@pytest.mark.timeout(600 + FLOOD // 10)
@pytest.mark.parametrize("addresses", [1, ADDRESSES], ids=["one address", "many addresses"])
async def test_others_hardly_notice_a_flood_of_guesses(server: programs.Running, addresses: int) -> None:
    async with httpx.AsyncClient(base_url=server.url + API, timeout=60) as http:
        started = time.monotonic()
        people = await _people(http, addresses)
        victim = f"victim{addresses}@example.com"
        body = {"email": victim, "password": PASSWORD}
        home = {"X-Forwarded-For": "192.0.2.250" if addresses == 1 else "192.0.2.251"}
        (await http.post("/auth/register", json=body, headers=home)).raise_for_status()
        (await http.post("/auth/login", json=body, headers=home)).raise_for_status()

        quiet, noisy, answers = Latencies(), Latencies(), Counter[str]()
        computed, seconds = 0, 0.0
        turns = itertools.cycle(people)
        for _ in range(ROUNDS):
            quiet.add(await measure(http, turns))
            before = await hashes(http)
            attack = asyncio.create_task(flood(server.url, victim, addresses))
            await asyncio.sleep(1)
            during = await measure(http, turns, attack)
            noisy.add(during)
            # The owner gets in from where they were before, in the middle of it.
            assert (await http.post("/auth/login", json=body, headers=home)).status_code == 200
            told = json.loads(await attack)
            answers.update(told["answers"])
            seconds += told["seconds"]
            computed += await hashes(http) - before - len(during.logins) - 1

    still, loud = quiet.milliseconds(), noisy.milliseconds()
    print(f"\n{addresses} addresses, {ROUNDS * TRIES} guesses in {seconds:.1f} s: {dict(answers)}; {computed} hashes")
    print(f"quiet {still}\nnoisy {loud}")
    assert set(answers) <= {"401", "429", "503"}
    assert sum(answers.values()) == ROUNDS * TRIES
    assert computed == answers["401"]
    # From one address five are free and each further one doubles the wait; from many the account has a limit a minute.
    minutes = math.ceil((time.monotonic() - started) / 60) + 1
    assert computed <= (5 + math.ceil(math.log2(60 * minutes)) if addresses == 1 else ACCOUNT_LIMIT * minutes)
    for name, milliseconds in still.items():
        assert loud[name] <= 2 * milliseconds + SLACK_SECONDS * 1000, name


async def _people(http: httpx.AsyncClient, addresses: int) -> list[Honest]:
    """Others for each case: their log-ins are limited too."""
    count = 2 * math.ceil(ROUNDS * SAMPLES / LOGINS_EACH)
    start = 0 if addresses == 1 else count
    people = [Honest(f"honest{n}@example.com", f"192.0.2.{n}") for n in range(start, start + count)]
    for person in people:
        body = {"email": person.email, "password": PASSWORD}
        (await http.post("/auth/register", json=body, headers=person.headers)).raise_for_status()
    return people

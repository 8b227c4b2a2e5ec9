"""Hashing and judging passwords: beside the event loop, and never more at once than memory was set aside for."""

import asyncio
import threading
import time

import pytest

from app.auth.password_policy import WeakPasswordError, refuse_weak
from app.core.config import Settings
from app.core.identity_settings import EmailVerification
from app.core.security import PasswordHasher
from tests.conftest import fresh_email
from tests.people import API, PASSWORD
from tests.servers import serving


@pytest.fixture
def hasher(settings: Settings) -> PasswordHasher:
    """Two at once, each slow enough to be watched."""
    slow = {"argon2_memory_kib": 65_536, "argon2_time_cost": 4, "password_hashes_at_once": 2}
    return PasswordHasher(settings.model_copy(update=slow))


async def test_no_more_at_once_than_there_are_slots(hasher: PasswordHasher) -> None:
    lock, pair = threading.Lock(), threading.Barrier(2, timeout=60)
    present = most = 0

    def work() -> None:
        nonlocal present, most
        with lock:
            present += 1
            most = max(most, present)
        pair.wait()  # for a second one; a third has time to come, too
        time.sleep(0.02)
        with lock:
            present -= 1

    await asyncio.gather(*(hasher.at_work(work) for _ in range(10)))
    assert most == 2


async def test_the_loop_goes_on_meanwhile(hasher: PasswordHasher) -> None:
    stored = await hasher.hash(PASSWORD)
    calls = (
        lambda: hasher.verify(PASSWORD, stored),
        lambda: hasher.hash(PASSWORD),
        lambda: refuse_weak(hasher, "password", "a@8(31|7" * 9, ("kim@example.com", "Kim")),
    )
    for call in calls:
        task = asyncio.ensure_future(call())
        turns = 0
        while not task.done():  # a loop that waits for the work itself turns two or three times, however fast it is
            await asyncio.sleep(0)
            turns += 1
        assert turns > 10
        if task.exception() is not None:
            assert isinstance(task.exception(), WeakPasswordError)


async def test_a_flood_waits_at_the_door_and_is_refused_beyond_it(settings: Settings) -> None:
    """One inside and a hundred waiting: nobody else is let in, and those who wait are answered one by one."""
    changes = {"password_hashes_at_once": 1, "email_verification": EmailVerification.REQUIRED}
    async with serving(settings, **changes) as (_, client):
        # At one account's door fewer would wait.
        bodies = [{"email": fresh_email(), "password": PASSWORD} for _ in range(110)]
        answers = await asyncio.gather(*(client.post(f"{API}/auth/login", json=body) for body in bodies))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(401), statuses.count(503)) == (101, 9)

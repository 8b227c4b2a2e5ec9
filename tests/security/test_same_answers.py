"""Nobody learns from an answer whether an address is known: not from what it says, and not from how long it takes.

`SAME_ANSWERS_TRIES=200 pytest tests/security/test_same_answers.py -s` asks that often and prints what it found.
"""

import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from httpx import AsyncClient, Response

from app.core.config import Settings
from app.core.identity_settings import EmailVerification
from tests.conftest import fresh_email
from tests.people import API, PASSWORD
from tests.security.timing import compare, shuffled_pairs
from tests.servers import serving

TRIES = int(os.environ.get("SAME_ANSWERS_TRIES", "60"))
WARM_UP = 10

Ask = Callable[[AsyncClient, str], Awaitable[Response]]


async def login(client: AsyncClient, email: str) -> Response:
    return await client.post(f"{API}/auth/login", json={"email": email, "password": "a wrong password"})


async def login_unconfirmed(client: AsyncClient, email: str) -> Response:
    """The right password, where it does not open anything yet."""
    return await client.post(f"{API}/auth/login", json={"email": email, "password": PASSWORD})


async def register(client: AsyncClient, email: str) -> Response:
    return await client.post(f"{API}/auth/register", json={"email": email, "password": PASSWORD})


async def forgot(client: AsyncClient, email: str) -> Response:
    return await client.post(f"{API}/auth/password/forgot", json={"email": email})


async def resend(client: AsyncClient, email: str) -> Response:
    return await client.post(f"{API}/auth/verify-email/resend", json={"email": email})


ASKED = {
    "login": (login, 401, TRIES),
    "login, unconfirmed": (login_unconfirmed, 401, TRIES),
    "register": (register, 201, TRIES),
    "forgot": (forgot, 202, TRIES),
    "resend": (resend, 202, TRIES),
}


@pytest.fixture(scope="module")
async def client(settings: Settings) -> AsyncIterator[AsyncClient]:
    """A client of a server that asks for confirmed addresses; addresses of one length, so that nothing else differs."""
    async with serving(settings, email_verification=EmailVerification.REQUIRED) as (_, client):
        yield client


def shape(value: Any) -> Any:
    """A body without what differs from request to request: the names of its fields, and the kinds of their values."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in sorted(value.items())}
    return type(value).__name__


def seen(answer: Response) -> Any:
    return (answer.status_code, sorted(answer.headers), len(answer.content), shape(answer.json()))


@pytest.mark.parametrize("name", ASKED)
async def test_known_and_unknown_addresses_are_answered_alike(
    client: AsyncClient, name: str, record_property: Callable[[str, object], None]
) -> None:
    ask, status, tries = ASKED[name]
    dice = random.Random(name)
    prefix = f"{dice.randrange(10**6):06}-{os.getpid()}"
    known = f"known-{prefix}-{0:06}@example.com"
    assert (await register(client, known)).status_code == 201
    times: dict[bool, list[float]] = {True: [], False: []}
    answers: dict[bool, set[str]] = {True: set(), False: set()}
    for number, is_known in enumerate(shuffled_pairs(tries + WARM_UP, seed=len(name))):
        email = known if is_known else f"other-{prefix}-{number:06}@example.com"
        started = time.perf_counter()
        answer = await ask(client, email)
        seconds = time.perf_counter() - started
        assert answer.status_code == status, answer.text
        if number >= 2 * WARM_UP:
            times[is_known].append(seconds)
            answers[is_known].add(str(seen(answer)))

    assert answers[True] == answers[False]
    assert len(answers[True]) == 1
    found = compare(times[True], times[False])
    record_property(name, str(found))
    print(f"\n{name}, {tries} tries each: {found}")  # noqa: T201
    assert not found.tellable, found


async def test_the_times_would_tell_if_they_differed(client: AsyncClient) -> None:
    """A log-in that skipped the hash would be seen: one that is refused before it is told apart."""
    times: dict[bool, list[float]] = {True: [], False: []}
    for hashed in shuffled_pairs(40, seed=1):
        body = {"email": fresh_email(), "password": "a wrong password" if hashed else None}
        started = time.perf_counter()
        answer = await client.post(f"{API}/auth/login", json=body)
        times[hashed].append(time.perf_counter() - started)
        assert answer.status_code == (401 if hashed else 422)
    found = compare(times[True], times[False])
    assert found.tellable, found


def test_what_the_comparison_tells() -> None:
    dice = random.Random(5)
    noise = [dice.lognormvariate(0, 0.3) for _ in range(800)]
    alike = compare(noise[:200], noise[200:400])
    assert not alike.tellable
    assert alike.probability > 0.001
    slower = compare([value + 0.25 for value in noise[400:600]], noise[600:])
    assert slower.tellable
    assert (slower.chance > 0.5, slower.probability < 1e-6) == (True, True)
    # Outliers of one side alone are no difference.
    assert not compare([*noise[:195], *[1000.0] * 5], noise[200:400]).tellable

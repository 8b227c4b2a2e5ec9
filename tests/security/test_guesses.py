"""Guessing a password: the guesser waits longer and longer, and the owner gets in."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from fastapi import FastAPI, Request
from httpx import AsyncClient, Response
from starlette.responses import Response as PlainResponse

from app.core.config import Settings
from app.core.problems import problem_response
from app.core.rate_limits.table import CONFIRM, RULES
from app.core.routing import routes
from app.core.security import HASHES
from tests.conftest import fresh_email
from tests.people import API, PASSWORD, Person, problem, register
from tests.servers import client_of, serving

HOME, AWAY = "198.51.100.1", "198.51.100.2"
FREE = 3
"""Half of what RATE_LIMIT_LOGIN takes."""


@dataclass
class Clock:
    """The time of counters: it stands still until it is put on."""

    ahead: float = 0.0

    def forward(self, seconds: float) -> None:
        self.ahead += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found, began = Clock(), time.time()
    monkeypatch.setattr("time.time", lambda: began + found.ahead)
    return found


@dataclass
class Attacked:
    """A server, and somebody on it whose password others would like to know."""

    app: FastAPI
    owner: Person

    async def log_in(self, address: str, password: str = "wrong", email: str | None = None) -> Response:
        async with client_of(self.app, address=address) as client:
            body = {"email": email or self.owner.email, "password": password}
            return await client.post(f"{API}/auth/login", json=body)

    async def statuses(self, address: str, tries: int) -> list[int]:
        return [(await self.log_in(address)).status_code for _ in range(tries)]


@pytest.fixture
async def attacked(settings: Settings) -> AsyncIterator[Attacked]:
    limits = {"rate_limit_login": f"{2 * FREE}/second", "rate_limit_login_address": "100000/minute"}
    async with serving(settings, **limits) as (app, _):
        owner = await register(app, fresh_email())
        yield Attacked(app, owner)
        await owner.http.aclose()


def waits(answer: Response) -> int:
    body = problem(answer, 429, "rate_limited")
    assert body["detail"].startswith("Too many wrong tries")
    return int(answer.headers["retry-after"])


async def test_the_wait_doubles_with_each_wrong_guess_and_ends_with_a_right_one(
    attacked: Attacked, clock: Clock
) -> None:
    assert await attacked.statuses(HOME, FREE) == [401] * FREE
    for expected in (1, 2, 4, 8):
        assert waits(await attacked.log_in(HOME, PASSWORD)) == expected
        clock.forward(expected - 0.5)
        assert waits(await attacked.log_in(HOME, PASSWORD)) == 1
        clock.forward(0.6)
        assert (await attacked.log_in(HOME)).status_code == 401
    clock.forward(16.1)
    assert (await attacked.log_in(HOME, PASSWORD)).status_code == 200
    assert await attacked.statuses(HOME, FREE) == [401] * FREE
    assert waits(await attacked.log_in(HOME, PASSWORD)) == 1


async def test_the_wait_ends_at_a_quarter_of_an_hour(attacked: Attacked, clock: Clock) -> None:
    await attacked.statuses(HOME, FREE)
    longest = 0
    for _ in range(14):
        wait = waits(await attacked.log_in(HOME))
        assert wait >= longest
        longest = wait
        clock.forward(wait + 0.1)
        assert (await attacked.log_in(HOME)).status_code == 401
    assert longest == 15 * 60


async def test_a_wrong_guess_is_forgotten_after_a_day(attacked: Attacked, clock: Clock) -> None:
    await attacked.statuses(HOME, FREE - 1)
    clock.forward(24 * 3600)
    assert await attacked.statuses(HOME, FREE) == [401] * FREE


async def test_whoever_is_elsewhere_or_somebody_else_does_not_feel_it(attacked: Attacked) -> None:
    await attacked.statuses(AWAY, FREE + 2)
    assert (await attacked.log_in(HOME, PASSWORD)).status_code == 200
    other = await register(attacked.app, fresh_email())
    assert (await attacked.log_in(AWAY, PASSWORD, other.email)).status_code == 200
    await other.http.aclose()


async def test_guesses_at_the_same_moment_are_not_free(attacked: Attacked) -> None:
    before = HASHES._value.get()
    answers = await asyncio.gather(*(attacked.log_in(HOME) for _ in range(2 * FREE)))
    assert sorted(answer.status_code for answer in answers) == [401] * FREE + [429] * FREE
    assert HASHES._value.get() - before == FREE


async def test_an_unknown_account_is_limited_as_a_known_one(attacked: Attacked) -> None:
    nobody = fresh_email()
    for email in (nobody, attacked.owner.email):
        answers = [await attacked.log_in(AWAY, email=email) for _ in range(FREE + 1)]
        assert [answer.status_code for answer in answers] == [401] * FREE + [429]
        assert waits(answers[-1]) == 1
        assert [answer.headers["ratelimit-policy"] for answer in answers[:-1]] == [
            answers[0].headers["ratelimit-policy"]
        ] * FREE


async def test_the_form_and_the_json_count_together(attacked: Attacked) -> None:
    async with client_of(attacked.app, address=HOME) as client:
        for number in range(FREE):
            if number % 2:
                answer = await attacked.log_in(HOME)
            else:
                form = {"username": attacked.owner.email, "password": "wrong"}
                answer = await client.post(f"{API}/auth/token", data=form)
            problem(answer, 401, "wrong_credentials")
    assert waits(await attacked.log_in(HOME)) == 1


@pytest.mark.parametrize("change", [str.upper, str.title, lambda email: f" {email} "])
async def test_another_spelling_is_the_same_account(attacked: Attacked, change: object) -> None:
    await attacked.statuses(HOME, FREE)
    assert callable(change)
    assert waits(await attacked.log_in(HOME, email=change(attacked.owner.email))) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 422),
        (b'{"email": 7, "password": "x"}', 422),
        (b'{"email": "", "password": "x"}', 401),
        (b'{"email": "\\u0000@example.com", "password": "x"}', 401),
        (b'{"email": "\\ud800@example.com", "password": "x"}', 422),
        (b"[" * 5_000, 400),
        (b"\xff", 400),
    ],
)
async def test_a_body_that_names_no_account_is_refused_as_ever(attacked: Attacked, body: bytes, status: int) -> None:
    async with client_of(attacked.app, address=HOME) as client:
        answer = await client.post(f"{API}/auth/login", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == status, answer.text
        assert '"login-address"' in answer.headers["ratelimit-policy"]


async def test_all_strangers_together_guess_at_an_account_so_often(settings: Settings) -> None:
    """Ten times what one place may; the owner's address is not among the strangers."""
    async with serving(settings, rate_limit_login="2/minute") as (app, _):
        attacked = Attacked(app, await register(app, fresh_email()))
        assert (await attacked.log_in(HOME, PASSWORD)).status_code == 200
        answers = [await attacked.log_in(f"203.0.113.{n}") for n in range(1, 25)]
        # Two were the first log-ins from the owner's two addresses, strange until then.
        assert [answer.status_code for answer in answers] == [401] * 18 + [429] * 6
        assert '"login-account";r=0;' in answers[-1].headers["ratelimit"]
        assert (await attacked.log_in(HOME, PASSWORD)).status_code == 200
        await attacked.owner.http.aclose()


async def test_an_account_under_attack_lets_each_stranger_guess_once(attacked: Attacked, clock: Clock) -> None:
    assert (await attacked.log_in(HOME, PASSWORD)).status_code == 200
    for number in range(20 * FREE + 1):
        assert (await attacked.log_in(f"203.0.113.{number}")).status_code == 401
        clock.forward(1)
    # A stranger's first wrong guess costs a minute from now on, the second two ...
    assert await attacked.statuses("192.0.2.1", 1) == [401]
    assert 59 <= waits(await attacked.log_in("192.0.2.1")) <= 60
    clock.forward(61)
    assert await attacked.statuses("192.0.2.1", 1) == [401]
    assert 119 <= waits(await attacked.log_in("192.0.2.1")) <= 120
    # ... the owner gets in from a new place with the first try, and at home has the usual patience.
    assert (await attacked.log_in("192.0.2.2", PASSWORD)).status_code == 200
    assert await attacked.statuses(HOME, FREE) == [401] * FREE
    assert waits(await attacked.log_in(HOME)) == 1
    # An hour later it is over.
    clock.forward(3600)
    assert await attacked.statuses("192.0.2.3", 2) == [401, 401]


async def test_one_account_s_guessers_take_turns_and_others_pass_them(settings: Settings) -> None:
    """However many addresses guess, they hold one place of those that compute hashes, and a queue that has an end."""
    async with serving(settings, password_hashes_at_once=2) as (app, _):
        attacked = Attacked(app, await register(app, fresh_email()))
        other = await register(app, fresh_email())
        flood = [asyncio.create_task(attacked.log_in(f"203.0.113.{n}")) for n in range(100)]
        await asyncio.sleep(0.05)
        assert app.state.logging_in.present <= 1
        passing = await attacked.log_in(HOME, PASSWORD, other.email)
        assert passing.status_code == 200
        assert not all(task.done() for task in flood)
        answers = await asyncio.gather(*flood)
        assert {answer.status_code for answer in answers} == {401, 503}
        problem(next(answer for answer in answers if answer.status_code == 503), 503, "unavailable")
        for person in (attacked.owner, other):
            await person.http.aclose()


async def test_an_address_guesses_at_so_many_accounts(settings: Settings) -> None:
    async with serving(settings, rate_limit_login_address="5/minute") as (_, client):
        codes = [await _guess(client, fresh_email()) for _ in range(7)]
        assert codes == [401] * 5 + [429] * 2


async def _guess(client: AsyncClient, email: str) -> int:
    return (await client.post(f"{API}/auth/login", json={"email": email, "password": "wrong"})).status_code


async def test_a_guess_that_is_refused_by_a_value_counts_and_another_refusal_does_not(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a route of the test's own: where something must be kept, a route returns its refusal."""
    monkeypatch.setitem(RULES, "POST /auth/prove", CONFIRM)
    router = routes("/auth", "auth", reads=None)

    @router.post("/prove", response_class=PlainResponse)
    async def prove(request: Request, code: str) -> PlainResponse:
        """No."""
        return problem_response(request, 401, code, "No.")

    async with serving(settings, rate_limit_login="4/minute") as (app, client):
        app.include_router(router, prefix=API)
        kim = await register(app, fresh_email())
        for code in ("otp_required", "wrong_otp", "wrong_otp"):
            problem(await kim.http.post("/auth/prove", params={"code": code}), 401, code)
        assert waits(await kim.http.post("/auth/prove", params={"code": "wrong_otp"})) == 1
        # Who needs a user and is none has no account to guess at.
        problem(await client.post(f"{API}/auth/prove", params={"code": "wrong_otp"}), 401, "wrong_otp")
        await kim.http.aclose()

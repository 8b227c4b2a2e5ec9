"""Limits counted in Redis: several servers together, and what happens while it is away."""

import asyncio
from collections.abc import Iterator

import pytest
import structlog
from httpx import AsyncClient
from prometheus_client import REGISTRY

from app.core.config import Settings
from app.core.failures import StartupError
from app.core.rate_limits import counters
from app.main import create_app
from tests.conftest import fresh_email
from tests.people import API, PASSWORD, problem, register
from tests.redis_server import RedisServer, redis_server
from tests.servers import serving


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """A real pause is a matter of seconds."""
    monkeypatch.setattr(counters, "PAUSE_SECONDS", 0.2)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted is tested, however slow the machine is at the moment."""
    monkeypatch.setattr(counters, "PATIENCE_SECONDS", 60.0)


async def ask(client: AsyncClient) -> tuple[int, str]:
    answer = await client.get(f"{API}/users/me")
    return answer.status_code, answer.headers["ratelimit-remaining"]


def told(logs: list[structlog.typing.EventDict]) -> list[str]:
    return [entry["event"] for entry in logs if entry["event"].startswith("rate_limit_")]


def failures() -> float:
    return REGISTRY.get_sample_value("finance_rate_limit_store_failures_total") or 0.0


async def test_two_servers_count_together(settings: Settings, redis: RedisServer, patience: None) -> None:
    changes = {"redis_url": redis.url, "rate_limit_anonymous": "4/hour"}
    async with serving(settings, **changes) as (_, one), serving(settings, **changes) as (_, other):
        found = [await ask(client) for client in (one, other, one, other, one)]
        assert found == [(401, "3"), (401, "2"), (401, "1"), (401, "0"), (429, "0")]
        answer = await other.get(f"{API}/users/me")
        assert 3000 <= int(answer.headers["retry-after"]) <= 3600


async def test_counts_at_the_same_moment_are_all_counted(
    settings: Settings, redis: RedisServer, patience: None
) -> None:
    async with serving(settings, redis_url=redis.url, rate_limit_anonymous="50/hour") as (_, client):
        found = await asyncio.gather(*(ask(client) for _ in range(80)))
        assert [status for status, _ in found].count(401) == 50
        assert sorted(int(left) for status, left in found if status == 401) == list(range(50))


async def test_guesses_wait_on_every_server(settings: Settings, redis: RedisServer, patience: None) -> None:
    changes = {"redis_url": redis.url, "rate_limit_login": "4/minute"}
    async with serving(settings, **changes) as (app, one), serving(settings, **changes) as (_, other):

        async def guess(client: AsyncClient, email: str, password: str = "wrong") -> int:
            body = {"email": email, "password": password}
            return (await client.post(f"{API}/auth/login", json=body)).status_code

        answers: list[int] = []
        # The first wait is one second, and over on a busy machine before anybody asks again.
        for _ in range(5):
            kim = await register(app, fresh_email())
            await kim.http.aclose()
            email = kim.email
            answers = [await guess(one, email), await guess(one, email), await guess(other, email, PASSWORD)]
            if answers[2] == 429:
                break
        assert answers == [401, 401, 429]


async def test_a_store_that_dies_refuses_nobody_and_holds_nobody_up(
    settings: Settings, redis: RedisServer, patience: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(settings, redis_url=redis.url, rate_limit_anonymous="3/hour") as (app, client):
        assert [status for status, _ in [await ask(client) for _ in range(4)]] == [401, 401, 401, 429]
        before = failures()
        redis.kill()
        monkeypatch.setattr(counters, "PAUSE_SECONDS", 3600.0)
        with structlog.testing.capture_logs() as logs:
            # This process's own counters go on from nothing: nobody is without any limit meanwhile.
            assert [status for status, _ in [await ask(client) for _ in range(4)]] == [401, 401, 401, 429]
        assert told(logs) == ["rate_limit_store_away"]
        assert failures() == before + 1  # who came later did not wait for it
        assert REGISTRY.get_sample_value("finance_rate_limit_store_away") == 1.0

        await asyncio.to_thread(redis.start)
        app.state.limiter.counters._paused_until = 0.0
        with structlog.testing.capture_logs() as logs:
            assert await ask(client) == (401, "2")
        assert told(logs) == ["rate_limit_store_back"]
        assert REGISTRY.get_sample_value("finance_rate_limit_store_away") == 0.0


async def test_a_store_that_hangs_costs_a_moment_once(
    settings: Settings, redis: RedisServer, patience: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(settings, redis_url=redis.url) as (_, client):
        await ask(client)
        monkeypatch.setattr(counters, "PATIENCE_SECONDS", 0.25)
        monkeypatch.setattr(counters, "PAUSE_SECONDS", 3600.0)
        redis.hang()
        try:
            before = failures()
            assert [(await ask(client))[0] for _ in range(20)] == [401] * 20
            assert failures() == before + 1
        finally:
            redis.go_on()


async def test_a_store_that_was_never_there_refuses_nobody(settings: Settings, short_pause: None) -> None:
    async with serving(settings, redis_url="redis://127.0.0.1:1/0", rate_limit_anonymous="2/hour") as (_, client):
        with structlog.testing.capture_logs() as logs:
            assert (await ask(client))[0] == 401
            await asyncio.sleep(0.25)
            assert (await ask(client))[0] == 401
        # It is said once, not each time it is tried.
        assert told(logs) == ["rate_limit_store_away"]
        problem(await client.get(f"{API}/users/me"), 429, "rate_limited")


@pytest.mark.parametrize("url", ["redis://127.0.0.1:port/0", "redis://[::1/0"])
def test_a_url_that_is_none_is_told_at_the_start(settings: Settings, url: str) -> None:
    with pytest.raises(StartupError, match="REDIS_URL"):
        create_app(settings.model_copy(update={"redis_url": url}))

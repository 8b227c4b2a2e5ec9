"""Assets over the real stack, and a provider on this machine that answers for all five."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI

from app.assets import tasks
from app.core.config import Settings
from app.core.database import Database
from app.core.fetching import Fetcher
from app.core.jobs.tasks import Work
from tests.conftest import fresh_email
from tests.fetching.provider import FakeTime, Provider, serving_provider
from tests.people import Person, expect, register
from tests.servers import serving
from tests.staff import run

HANDLERS = {task.name: task.handler for task in tasks.TASKS}
NAMES = ("alpha_vantage", "coingecko", "stooq", "yahoo")


async def asset(person: Person, symbol: str = "VWCE", **more: Any) -> dict[str, Any]:
    body = {"symbol": symbol, "name": f"{symbol} fund", "type": "etf", "currency": "EUR", **more}
    made: dict[str, Any] = expect(await person.http.post("/portfolio/assets", json=body), 201)
    return made


def market(provider: Provider) -> dict[str, Any]:
    """The settings of a server that asks this provider, under all names."""
    return {
        "market_providers": [*NAMES, "json"],
        **{f"market_{name}_url": f"{provider.url}/{name}" for name in NAMES},
        **{f"market_{name}_calls_per_minute": 1000 for name in (*NAMES, "json")},
        "market_alpha_vantage_key": "k3y-of-nobody",
        "market_coingecko_key": "k3y-of-nobody",
        "market_json_key": "k3y-of-nobody",
        "market_json_url": f"{provider.url}/json/{{symbol}}?full=1",
        "market_json_price": "data[0].close",
        "market_json_date": "data[0].day",
    }


@pytest.fixture(scope="session")
def served_market() -> Iterator[Provider]:
    with serving_provider() as provider:
        yield provider


@pytest.fixture
def provider(served_market: Provider) -> Iterator[Provider]:
    served_market.reset()
    yield served_market
    served_market.release()


@pytest.fixture(scope="session")
async def market_app(app: FastAPI, settings: Settings, served_market: Provider) -> AsyncIterator[FastAPI]:
    """A server of ours that asks the provider; it stands on the suite's database."""
    async with serving(settings, **market(served_market)) as (application, _):
        yield application


@pytest.fixture
async def alex(market_app: FastAPI) -> AsyncIterator[Person]:
    """Somebody at that server."""
    person = await register(market_app, fresh_email())
    yield person
    await person.check_integrity()
    await person.http.aclose()


@dataclass
class Market:
    """Runs the tasks of quotes at an instant that tests say, with a clock that moves only as it waits."""

    database: Database
    settings: Settings
    time: FakeTime
    fetcher: Fetcher
    at: datetime = datetime(2026, 3, 20, 6, 17, tzinfo=UTC)

    async def run(self, name: str, **payload: Any) -> None:
        async with self.database.begin() as connection:
            work = Work(connection, self.database, self.settings, self.at, self.fetcher)
            await HANDLERS[name](work, payload)

    async def ask(self, provider: str) -> None:
        await self.run("assets.fetch", provider=provider)


@pytest.fixture
async def markets(app_database: Database, owner_database: Database, market_app: FastAPI) -> AsyncIterator[Market]:
    """Nothing that other tests follow is left to be asked for."""
    await run(owner_database, "UPDATE assets SET provider = NULL, provider_symbol = NULL WHERE provider IS NOT NULL")
    await run(owner_database, "TRUNCATE quote_sources, market_quotes")
    await run(owner_database, "DELETE FROM jobs.procrastinate_jobs WHERE task_name = 'assets.fetch'")
    time = FakeTime()
    fetcher = Fetcher(allow_private=True, clock=time, sleep=time.sleep, chance=lambda: 0.0)
    made = Market(app_database, market_app.state.settings, time, fetcher)
    yield made
    await fetcher.close()


async def listed(person: Person, asset_id: str) -> list[tuple[str, str, str]]:
    """Day, price and currency of each price, the newest first."""
    page = await person.read(f"/portfolio/assets/{asset_id}/prices", limit=500)
    return [(item["date"], item["price"], item["currency"]) for item in page["items"]]

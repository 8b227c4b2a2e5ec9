"""Two books to write and read: the demo's, and a random one of 10,000 transactions of all shapes."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.core.config import Settings
from app.core.database import Database
from app.core.embedded import EmbeddedPostgres
from app.demo.service import EMAIL, PASSWORD, run_demo
from tests.conftest import fresh_email
from tests.databases import migrated_database
from tests.people import API, Person, expect, register
from tests.plaintext.random_book import fill
from tests.servers import serving

SEED, COUNT = 20261121, 10_000


@dataclass(frozen=True)
class Book:
    """Somebody's book, and the database it is in as its owner sees it."""

    person: Person
    database: Database


@asynccontextmanager
async def _random(app: FastAPI, database: Database, count: int) -> AsyncIterator[Book]:
    person = await register(app, fresh_email())
    await fill(database, person, seed=SEED, count=count)
    await person.check_integrity()
    yield Book(person, database)
    await person.http.aclose()


@pytest.fixture(scope="session")
async def random_book(app: FastAPI, owner_database: Database) -> AsyncIterator[Book]:
    async with _random(app, owner_database, COUNT) as book:
        yield book


@pytest.fixture(scope="session")
async def book_to_bring_back(app: FastAPI, owner_database: Database) -> AsyncIterator[Book]:
    """A smaller one; ROUND_TRIP_ROWS=10000 makes it as large."""
    async with _random(app, owner_database, int(os.environ.get("ROUND_TRIP_ROWS", "2000"))) as book:
        yield book


@pytest.fixture(scope="session")
async def demo_book(postgres: EmbeddedPostgres, settings: Settings) -> AsyncIterator[Book]:
    url = await migrated_database(postgres, "exported_demo")
    await run_demo(url, settings, lambda done, total: None)
    owner = Database(url, pool_size=2, role=None)
    async with serving(settings, database_url=url) as (_, client):
        yield Book(await log_in(client), owner)
    await owner.dispose()


async def log_in(client: AsyncClient) -> Person:
    tokens = expect(await client.post(f"{API}/auth/login", json={"email": EMAIL, "password": PASSWORD}), 200)
    client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    client.base_url = client.base_url.join(API)
    return Person(client, EMAIL, expect(await client.get("/users/me"), 200), tokens)


@pytest.fixture(params=["random_book", "demo_book"])
def book(request: pytest.FixtureRequest) -> Book:
    found: Book = request.getfixturevalue(request.param)
    return found

"""The check of every book in the background."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from sqlalchemy import text

from app.core.config import Settings
from app.core.database import Database
from app.core.embedded import EmbeddedPostgres
from app.integrity.schedule import BROKEN, CHECKED_AT, check_all, scheduled
from tests.conftest import fresh_email
from tests.databases import migrated_database
from tests.people import Person, register
from tests.servers import serving


@dataclass(frozen=True)
class House:
    """A database with one person's book in it."""

    person: Person
    requests: Database
    owner: Database


@pytest.fixture(scope="module")
async def house(postgres: EmbeddedPostgres, settings: Settings) -> AsyncIterator[House]:
    url = await migrated_database(postgres, "scheduled_check")
    requests, owner = Database(url, pool_size=2), Database(url, pool_size=2, role=None)
    async with serving(settings, database_url=url, database_pool_size=2) as (app, _):
        person = await register(app, fresh_email())
        yield House(person, requests, owner)
        await person.http.aclose()
    await requests.dispose()
    await owner.dispose()


async def test_it_finds_a_book_that_is_broken(house: House) -> None:
    account = await house.person.account(opening_balance="5", opening_date="2026-01-01")
    assert await check_all(house.requests) == 0
    damage = text("UPDATE accounts SET balance = balance + :more WHERE id = :id")
    async with house.owner.begin() as connection:
        await connection.execute(damage, {"more": 1, "id": account["id"]})
    assert await check_all(house.requests) == 1 == BROKEN._value.get()
    async with house.owner.begin() as connection:
        await connection.execute(damage, {"more": -1, "id": account["id"]})
    assert await check_all(house.requests) == 0


async def test_it_runs_where_it_is_wanted_and_only_there(house: House) -> None:
    for hours, runs in ((0, False), (1, True)):
        CHECKED_AT.set(0)
        async with scheduled(house.requests, hours):
            for _ in range(1200):
                await asyncio.sleep(0.05)
                if CHECKED_AT._value.get() or not runs:
                    break
        assert bool(CHECKED_AT._value.get()) is runs


def test_a_negative_pause_is_refused(settings: Settings) -> None:
    with pytest.raises(ValueError, match="greater than or equal to 0"):
        Settings(**{**settings.model_dump(), "integrity_check_hours": -1})

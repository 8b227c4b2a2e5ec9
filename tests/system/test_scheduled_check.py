"""The check of every book in the background."""

import asyncio

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.core.config import Settings
from app.core.database import Database
from app.integrity.schedule import BROKEN, CHECKED_AT, check_all, scheduled
from tests.conftest import fresh_email
from tests.people import register


async def test_it_finds_a_book_that_is_broken(app: FastAPI, app_database: Database, owner_database: Database) -> None:
    person = await register(app, fresh_email())
    account = await person.account(opening_balance="5", opening_date="2026-01-01")
    before = await check_all(app_database)
    damage = text("UPDATE accounts SET balance = balance + :more WHERE id = :id")
    async with owner_database.begin() as connection:
        await connection.execute(damage, {"more": 1, "id": account["id"]})
    assert await check_all(app_database) == before + 1 == BROKEN._value.get()
    async with owner_database.begin() as connection:
        await connection.execute(damage, {"more": -1, "id": account["id"]})
    assert await check_all(app_database) == before
    await person.http.aclose()


async def test_it_runs_where_it_is_wanted_and_only_there(app_database: Database) -> None:
    for hours, runs in ((0, False), (1, True)):
        CHECKED_AT.set(0)
        async with scheduled(app_database, hours):
            for _ in range(1800):  # it reads every book that other tests left
                await asyncio.sleep(0.05)
                if CHECKED_AT._value.get() or not runs:
                    break
        assert bool(CHECKED_AT._value.get()) is runs


def test_a_negative_pause_is_refused(settings: Settings) -> None:
    with pytest.raises(ValueError, match="greater than or equal to 0"):
        Settings(**{**settings.model_dump(), "integrity_check_hours": -1})

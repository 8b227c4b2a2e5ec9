"""`rates_over` says of each of many days what `rate_found` says of it."""

import random
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import ARRAY, Date, bindparam, text

from app.access.acting import open_as
from app.core.database import Database
from tests.people import Person

FIRST = date(2024, 1, 1)
CODES = ("EUR", "USD", "CHF", "XDR", "KMF", "DJF")
_ADD = {
    "book_rates": text(
        "INSERT INTO book_rates (book_id, base, quote, date, rate, source, revision) "
        "VALUES (:book, :base, :quote, :date, :rate, 'manual', 1) ON CONFLICT DO NOTHING"
    ),
    "exchange_rates": text(
        "INSERT INTO exchange_rates (base, quote, date, rate, source) "
        "VALUES (:base, :quote, :date, :rate, 'over') ON CONFLICT DO NOTHING"
    ),
}
_DAYS = bindparam("days", type_=ARRAY(Date))
_ONE = text(
    "SELECT w.day, f.rate FROM (SELECT DISTINCT unnest(:days) AS day) AS w "
    "CROSS JOIN LATERAL rate_found(:base, :quote, w.day) AS f WHERE f.rate IS NOT NULL ORDER BY w.day"
).bindparams(_DAYS)
_MANY = text("SELECT r.day, r.rate FROM rates_over(:base, :quote, :days) AS r ORDER BY r.day").bindparams(_DAYS)


@pytest.mark.parametrize(("seed", "window"), [(1, 7), (2, 0), (3, 40)])
async def test_many_days_say_what_each_day_says(
    kim: Person, owner_database: Database, app_database: Database, seed: int, window: int
) -> None:
    chance = random.Random(seed)
    book = UUID(kim.book_id)
    rows: dict[str, list[dict[str, object]]] = {"book_rates": [], "exchange_rates": []}
    for table, found in rows.items():
        for _ in range(9):
            base, quote = chance.sample(CODES, 2)
            named = {"book": book} if table == "book_rates" else {}
            found += [
                {"base": base, "quote": quote, "date": FIRST + timedelta(days=day), **named}
                | {"rate": Decimal(chance.randint(1, 10**6)) / 1000}
                for day in chance.sample(range(60), chance.randint(1, 12))
            ]
    async with owner_database.begin() as connection:
        for table, found in rows.items():
            await connection.execute(_ADD[table], found)
        widen = text("UPDATE books SET rate_window_days = :days WHERE id = :book")
        await connection.execute(widen, {"days": window, "book": book})
    days = [FIRST + timedelta(days=chance.randint(-5, 80)) for _ in range(70)]
    told = 0
    async with app_database.begin() as connection:
        await open_as(connection, book, UUID(kim.user["id"]))
        for base in CODES:
            for quote in CODES:
                values = {"base": base, "quote": quote, "days": days}
                one = [tuple(row) for row in await connection.execute(_ONE, values)]
                assert [tuple(row) for row in await connection.execute(_MANY, values)] == one, (base, quote)
                told += len(one)
        none = {"base": "EUR", "quote": "USD", "days": []}
        assert (await connection.execute(_MANY, none)).all() == []
    assert told > len(CODES) * len(set(days))  # more than each currency's rate with itself
    async with app_database.begin() as connection:  # without a book there are no rates
        assert (await connection.execute(_MANY, {**none, "days": days})).all() == []
    async with owner_database.begin() as connection:
        await connection.execute(text("DELETE FROM exchange_rates WHERE source = 'over'"))
        await connection.execute(text("DELETE FROM book_rates WHERE book_id = :book"), {"book": book})

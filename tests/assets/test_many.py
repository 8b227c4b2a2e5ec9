"""The prices of many assets: as many statements as those of one."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from app.access.acting import open_for
from app.assets import service
from app.core.database import Database
from tests.people import Person, expect

pytestmark = pytest.mark.no_cover

ASSETS = 200
DAYS = 1000
MADE = """
    INSERT INTO assets (book_id, symbol, name, type, currency, provider, provider_symbol, revision)
    SELECT CAST(:book AS uuid), 'MANY' || n, 'Many', 'stock', 'EUR', 'stooq', 'many' || n || '/EUR', 1
    FROM generate_series(1, :assets) AS n
"""
QUOTED = """
    INSERT INTO market_quotes (provider, symbol, date, price, currency)
    SELECT 'stooq', 'many' || n || '/EUR', date '2022-01-01' + d, n + d, 'EUR'
    FROM generate_series(1, :assets) AS n, generate_series(1, :days) AS d
"""
OWN = """
    INSERT INTO asset_prices (book_id, asset_id, date, price, source, revision)
    SELECT a.book_id, a.id, date '2022-01-01' + d, 1, 'manual', 1
    FROM assets a, generate_series(1, :days, 10) AS d WHERE a.book_id = :book AND a.id::text < '8'
"""


async def test_two_hundred_assets_are_priced_at_once(kim: Person, owner_database: Database, request_url: str) -> None:
    names = {"book": kim.book_id, "assets": ASSETS, "days": DAYS}
    async with owner_database.begin() as connection:
        for statement in (MADE, QUOTED, OWN):
            wanted = {name: value for name, value in names.items() if f":{name}" in statement}
            await connection.execute(text(statement), wanted)
        await connection.execute(text("ANALYZE assets, asset_prices, market_quotes"))
        ids = (
            (await connection.execute(text("SELECT id FROM assets WHERE book_id = :book"), {"book": kim.book_id}))
            .scalars()
            .all()
        )
    database = Database(request_url, pool_size=1)
    statements: list[str] = []
    database.count_statements(statements.append)
    async with database.begin() as connection:
        book = await open_for(connection, UUID(kim.book_id), None)
        statements.clear()
        assert len(await service.prices_at(book, ids[:1], date(2024, 1, 1))) == 1
        assert len(statements) == 1
        found = await service.prices_at(book, ids, date(2024, 1, 1))
        assert len(statements) == 2
        assert len(found) == ASSETS
        assert all(price is not None and price.priced_on == date(2024, 1, 1) for price in found.values())
        months = [(asset_id, date(2022, 1, 31) + timedelta(days=30 * n)) for asset_id in ids for n in range(12)]
        assert len(await service.prices_on(book, months)) == ASSETS * 12
        assert (await service.prices_at(book, ids[:1], date(2021, 1, 1))) == {ids[0]: None}
        assert await service.prices_at(book, [], date(2021, 1, 1)) == {}
    await database.dispose()
    page = expect(await kim.get("/portfolio/assets", limit=500), 200)
    assert len(page["items"]) == ASSETS
    async with owner_database.begin() as connection:
        await connection.execute(text("DELETE FROM market_quotes WHERE symbol LIKE 'many%'"))

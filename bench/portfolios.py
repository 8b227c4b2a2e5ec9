"""Portfolios of a given size: trades over five years with a quote for each asset and day, written set by set."""

import asyncio
import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import ARRAY, Date, Integer, TextClause, Uuid, bindparam, text

from app.access.acting import writing_for
from app.core.database import Database
from app.portfolio.remaking import remake
from bench.server import Server, client

DAYS = 5 * 365
SPLITS = 10
"""Of one asset in so many, half-way."""

_TYPES: dict[str, Any] = {
    "book": Uuid,
    "accounts": ARRAY(Uuid),
    "count": Integer,
    "trades": Integer,
    "days": Integer,
    "last": Date,
    "every": Integer,
    "category": Uuid,
}


def _statement(sql: str) -> tuple[TextClause, list[str]]:
    """With the names of the values that it takes."""
    names = [name for name in _TYPES if f":{name}" in sql]
    return text(sql).bindparams(*(bindparam(name, type_=_TYPES[name]) for name in names)), names


# Each second asset is in dollars, on an account in dollars; of ten trades seven are purchases.
_STATEMENTS = tuple(
    _statement(sql)
    for sql in (
        """
        INSERT INTO assets (book_id, symbol, name, type, currency, provider, provider_symbol, revision)
        SELECT :book, 'S' || n, 'Share ' || n, CASE WHEN n % 4 = 0 THEN 'etf' ELSE 'stock' END,
               CASE WHEN n % 2 = 0 THEN 'EUR' ELSE 'USD' END, 'bench', CAST(:book AS text) || '-' || n, 1
        FROM generate_series(0, :count - 1) AS n
        """,
        """
        INSERT INTO trades (book_id, account_id, asset_id, kind, date, quantity, amount, fees, category_id, revision)
        SELECT :book, (:accounts)[1 + n % :count % 2], a.id, k.kind,
               CAST(:last AS date) - CAST((:trades - n) * CAST(:days AS bigint) / :trades AS integer),
               CASE WHEN k.kind <> 'dividend' THEN 1 + n % 3 END, 100 * (1 + n % 3), n % 2,
               CASE WHEN k.kind = 'dividend' THEN CAST(:category AS uuid) END, 1
        FROM generate_series(1, :trades) AS n
        JOIN assets a ON a.book_id = :book AND a.symbol = 'S' || n % :count
        CROSS JOIN LATERAL (
            SELECT (ARRAY['buy', 'buy', 'buy', 'buy', 'sell', 'buy', 'buy', 'buy', 'dividend', 'sell'])
                   [1 + n / :count % 10] AS kind
        ) AS k
        """,
        """
        INSERT INTO trades (book_id, account_id, asset_id, kind, date, ratio, revision)
        SELECT :book, (:accounts)[1 + n % 2], a.id, 'split', CAST(:last AS date) - :days / 2, 2, 1
        FROM generate_series(0, :count - 1, :every) AS n
        JOIN assets a ON a.book_id = :book AND a.symbol = 'S' || n
        """,
        """
        INSERT INTO market_quotes (provider, symbol, date, price, currency, adjusted_to)
        SELECT 'bench', a.provider_symbol, CAST(:last AS date) - d, 100 + (n * 7 + d * 13) % 5000 / 100.0, a.currency,
               :last
        FROM generate_series(0, :count - 1) AS n
        JOIN assets a ON a.book_id = :book AND a.symbol = 'S' || n
        CROSS JOIN generate_series(0, :days) AS d
        """,
        """
        INSERT INTO exchange_rates (base, quote, date, rate, source)
        SELECT 'EUR', 'USD', CAST(:last AS date) - d, 1.05 + d % 100 / 1000.0, 'bench'
        FROM generate_series(0, :days + 7) AS d
        WHERE extract(isodow FROM CAST(:last AS date) - d) < 6
        ON CONFLICT DO NOTHING
        """,
    )
)


@dataclass(frozen=True)
class Portfolio:
    """A book with a portfolio, and who may use it."""

    http: httpx.Client
    assets: int
    trades: int
    account_id: str
    asset_id: str
    last_day: dt.date

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": self.http.headers["Authorization"]}


def make(server: Server, name: str, assets: int, trades: int) -> Portfolio:
    """A new person whose book has so many assets and trades over five years, all of them held to the end."""
    http = client(server, f"{name}@example.com")
    book = UUID(http.get("/books").raise_for_status().json()["items"][0]["id"])
    accounts = [
        http.post("/accounts", json={"name": f"Depot {currency}", "type": "investment", "currency": currency})
        .raise_for_status()
        .json()["id"]
        for currency in ("EUR", "USD")
    ]
    earned = http.post("/categories", json={"name": f"Dividends of {name}", "kind": "income"}).raise_for_status().json()
    last = dt.datetime.now(dt.UTC).date()
    values = {
        "book": book,
        "accounts": [UUID(each) for each in accounts],
        "count": assets,
        "trades": trades,
        "days": DAYS,
        "last": last,
        "every": SPLITS,
        "category": UUID(earned["id"]),
    }
    asyncio.run(_write(server.database_url, book, values))
    asset = http.get("/portfolio/assets", params={"q": "S0"}).raise_for_status().json()["items"][0]
    return Portfolio(http, assets, trades, accounts[0], asset["id"], last)


async def _write(url: str, book: UUID, values: dict[str, object]) -> None:
    database = Database(url, pool_size=1, role=None)
    try:
        async with database.begin() as connection:
            for statement, names in _STATEMENTS:
                await connection.execute(statement, {name: values[name] for name in names})
        async with database.begin() as connection, writing_for(connection, book, None) as writer:
            await remake(writer)
        async with database.begin() as connection:
            await connection.execute(text("ANALYZE"))
    finally:
        await database.dispose()

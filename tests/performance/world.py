"""Portfolios of tests, written past the API: trades with what follows from them, prices and rates."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.access.acting import writing_for
from app.core.database import Database
from app.core.ids import new_id
from app.portfolio.lots import LotBook, Terms, Trade
from app.portfolio.remaking import remake
from tests.people import Person

Document = dict[str, Any]
TABLES = (
    "allocation_targets",
    "disposals",
    "lots",
    "position_days",
    "positions",
    "trades",
    "asset_prices",
    "book_rates",
    "assets",
)
_TAKEN = text("UPDATE books SET revision = revision + 1, updated_at = now() WHERE id = :book")
"""As every change of a book does; answers are kept by it."""
EXPONENTS = {"EUR": 2, "USD": 2, "JPY": 0, "CHF": 2}


@dataclass
class World:
    """A person's portfolio; amounts are decimal strings, days are written YYYY-MM-DD."""

    owner: Database
    person: Person
    accounts: dict[UUID, str] = field(default_factory=dict)
    """Their currencies."""
    trades: list[Trade] = field(default_factory=list)
    rows: list[Document] = field(default_factory=list)
    rates: dict[tuple[str, str], dict[date, Decimal]] = field(default_factory=dict)
    prices: dict[UUID, dict[date, Decimal]] = field(default_factory=dict)

    async def account(self, name: str = "Depot", currency: str = "EUR", **more: Any) -> UUID:
        made = await self.person.account(name, type="investment", currency=currency, **more)
        found = UUID(made["id"])
        self.accounts[found] = currency
        return found

    async def asset(self, symbol: str, currency: str = "EUR", **more: Any) -> UUID:
        row: Document = {
            "id": new_id(),
            "symbol": symbol,
            "name": f"{symbol} Inc.",
            "type": "stock",
            "currency": currency,
        }
        await self._insert("assets", [{**row, "revision": 1, **more}])
        found: UUID = row["id"]
        return found

    async def price(self, asset: UUID, prices: dict[str, str]) -> None:
        rows: list[Document] = [
            {"asset_id": asset, "date": date.fromisoformat(day), "price": Decimal(price), "source": "manual"}
            for day, price in prices.items()
        ]
        self.prices.setdefault(asset, {}).update({row["date"]: row["price"] for row in rows})
        await self._insert("asset_prices", [{**row, "revision": 1} for row in rows])

    async def quote(self, symbol: str, currency: str, prices: dict[str, str], adjusted_to: str | None = None) -> None:
        """What the provider `test` says; `symbol` is this test's alone."""
        rows = [
            {
                "provider": "test",
                "symbol": symbol,
                "date": date.fromisoformat(day),
                "price": Decimal(price),
                "currency": currency,
                "adjusted_to": None if adjusted_to is None else date.fromisoformat(adjusted_to),
            }
            for day, price in prices.items()
        ]
        await self._insert("market_quotes", rows, of_book=False)

    async def rate(self, base: str, quote: str, rates: dict[str, str]) -> None:
        rows: list[Document] = [
            {"base": base, "quote": quote, "date": date.fromisoformat(day), "rate": Decimal(rate), "source": "manual"}
            for day, rate in rates.items()
        ]
        self.rates.setdefault((base, quote), {}).update({row["date"]: row["rate"] for row in rows})
        await self._insert("book_rates", [{**row, "revision": 1} for row in rows])

    def trade(self, kind: str, day: str, account: UUID, asset: UUID, **values: Any) -> UUID:
        """Remember a trade; `settle` writes all of them. Numbers may be strings."""
        numbers = ("quantity", "amount", "fees", "taxes", "cost", "ratio", "cost_percent", "rate")
        for name in numbers:
            if name in values:
                values[name] = Decimal(values[name])
        if "acquired_on" in values:
            values["acquired_on"] = date.fromisoformat(values["acquired_on"])
        trade = Trade(
            id=new_id(), account_id=account, asset_id=asset, kind=kind, date=date.fromisoformat(day), **values
        )
        self.trades.append(trade)
        self.rows.append(
            {
                "id": trade.id,
                "account_id": account,
                "asset_id": asset,
                "kind": kind,
                "date": trade.date,
                "revision": 1,
                **{name: values.get(name) for name in (*numbers, "acquired_on", "to_account_id", "to_asset_id")},
                "fees": trade.fees,
                "taxes": trade.taxes,
            }
        )
        return trade.id

    def buy(self, day: str, account: UUID, asset: UUID, quantity: str, amount: str, **values: Any) -> UUID:
        return self.trade("buy", day, account, asset, quantity=quantity, amount=amount, **values)

    def sell(self, day: str, account: UUID, asset: UUID, quantity: str, amount: str, **values: Any) -> UUID:
        return self.trade("sell", day, account, asset, quantity=quantity, amount=amount, **values)

    def rate_at(self, base: str, quote: str, day: date) -> Decimal | None:
        """The slow way: the newest of eight days, direct or inverse, or both through the euro."""
        if base == quote:
            return Decimal(1)
        direct = self._newest(base, quote, day)
        if direct is not None or "EUR" in {base, quote}:
            return direct
        there, onward = self._newest(base, "EUR", day), self._newest("EUR", quote, day)
        return None if there is None or onward is None else there * onward

    def _newest(self, base: str, quote: str, day: date) -> Decimal | None:
        found: list[tuple[date, int, Decimal]] = []
        for direct, rates in ((1, self.rates.get((base, quote), {})), (0, self.rates.get((quote, base), {}))):
            found += [
                (rated, direct, rate if direct else 1 / rate)
                for rated, rate in rates.items()
                if 0 <= (day - rated).days <= 7
            ]
        return max(found)[2] if found else None

    async def settle(self) -> LotBook:
        """Write the trades, have the database's positions made anew, and return what the lot book says of these."""
        terms = {account: Terms(EXPONENTS[currency]) for account, currency in self.accounts.items()}
        known = [replace(one, base_rate=self._base_rate(one)) for one in sorted(self.trades, key=lambda one: one.date)]
        book = LotBook(terms, 2).run(known)
        await self._insert("trades", self.rows)
        async with self.owner.begin() as connection, writing_for(connection, UUID(self.person.book_id), None) as writer:
            await remake(writer)
        self.trades, self.rows = [], []
        return book

    def _base_rate(self, trade: Trade) -> Decimal | None:
        since = trade.date if trade.acquired_on is None else trade.acquired_on
        return self.rate_at(self.accounts[trade.account_id], "EUR", since)

    async def _insert(self, table: str, rows: Iterable[Document], *, of_book: bool = True) -> None:
        own = {"book_id": UUID(self.person.book_id)} if of_book else {}
        listed = [{**own, **row} for row in rows]
        if not listed:
            return
        names = list(listed[0])
        statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)})"
        async with self.owner.begin() as connection:
            await connection.execute(text(statement), listed)
            if of_book:
                await connection.execute(_TAKEN, {"book": UUID(self.person.book_id)})

    async def _run(self, statement: str) -> None:
        async with self.owner.begin() as connection:
            await connection.execute(text(statement), {"book": UUID(self.person.book_id)})
            await connection.execute(_TAKEN, {"book": UUID(self.person.book_id)})

    async def clear(self) -> None:
        """What was written past the API goes again: no transaction stands behind it."""
        for table in TABLES:
            await self._run(f"DELETE FROM {table} WHERE book_id = :book")
        self.trades, self.rows, self.rates, self.prices = [], [], {}, {}


@asynccontextmanager
async def world_of(owner: Database, person: Person) -> AsyncIterator[World]:
    """A portfolio that is gone after the block, so that the book's integrity can be looked at."""
    world = World(owner, person)
    yield world
    await world.clear()

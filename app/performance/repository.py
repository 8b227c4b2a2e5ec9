"""Statements about what holdings are worth and what moved through them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Date, Executable, Integer, Text, TextClause, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.context import BookReader
from app.core.database import AnyRow, without_nested_loops
from app.performance.cells_sql import BY_ACCOUNT, BY_DAY, EACH, over_cells
from app.performance.flows_sql import BENCHMARK, FLOWS, NET_BY_DAY, REALISED


@dataclass(frozen=True)
class Asked:
    """Of which accounts and assets, and in which currency; None is all of them."""

    currency: str
    exponent: int
    accounts: Collection[UUID] | None = None
    assets: Collection[UUID] | None = None

    def parameters(self, book: BookReader) -> dict[str, Any]:
        """What every statement here is given."""
        return {
            "book": book.book_id,
            "base": book.base_currency,
            "currency": self.currency,
            "exponent": self.exponent,
            "accounts": None if self.accounts is None else list(self.accounts),
            "assets": None if self.assets is None else list(self.assets),
        }


COMMON = (
    bindparam("book", type_=Uuid),
    bindparam("currency", type_=Text),
    bindparam("base", type_=Text),
    bindparam("exponent", type_=Integer),
    bindparam("accounts", type_=ARRAY(Uuid)),
    bindparam("assets", type_=ARRAY(Uuid)),
)
_DAYS = (bindparam("units", type_=ARRAY(Date)), bindparam("days", type_=ARRAY(Date)))


def _over(select: str) -> TextClause:
    return text(over_cells(select)).bindparams(*COMMON, *_DAYS)


_EACH, _BY_DAY, _BY_ACCOUNT = _over(EACH), _over(BY_DAY), _over(BY_ACCOUNT).columns(unvalued=JSONB)

Pair = tuple[date, date]
"""At the end of which day it was held, and of which day price and rate are."""


async def _at(book: BookReader, asked: Asked, pairs: Sequence[Pair], statement: Executable) -> Sequence[AnyRow]:
    if not pairs:
        return []
    days = {"units": [pair[0] for pair in pairs], "days": [pair[1] for pair in pairs]}
    return (await book.connection.execute(statement, {**asked.parameters(book), **days})).all()


async def cells(book: BookReader, asked: Asked, pairs: Sequence[Pair]) -> Sequence[AnyRow]:
    """Each position for each pair; `n` is the place of the pair, from 1. What was not held has no row."""
    return await _at(book, asked, pairs, _EACH)


async def by_day(book: BookReader, asked: Asked, pairs: Sequence[Pair]) -> Sequence[AnyRow]:
    """The sums of each of a few pairs; one for which nothing was held has no row."""
    return await _at(book, asked, pairs, _BY_DAY)


async def by_account(book: BookReader, asked: Asked, pairs: Sequence[Pair]) -> Sequence[AnyRow]:
    """The sums of each account and each of a few pairs, told by the day on which it was held."""
    return await _at(book, asked, pairs, _BY_ACCOUNT)


_PERIOD = (bindparam("first_day", type_=Date), bindparam("last_day", type_=Date))
_FLOWS = text(FLOWS).bindparams(*COMMON[:2], *COMMON[3:], *_PERIOD)
_NET_BY_DAY = text(NET_BY_DAY).bindparams(*COMMON[:2], *COMMON[3:], *_PERIOD)
_REALISED = text(REALISED).bindparams(*COMMON, *_PERIOD)
_BENCHMARK = text(BENCHMARK).bindparams(
    *COMMON[:2], bindparam("asset", type_=Uuid), bindparam("days", type_=ARRAY(Date))
)
_FIRST_DAY = text(
    """
    SELECT min(d.date) FROM position_days d
    WHERE d.book_id = :book AND (CAST(:accounts AS uuid[]) IS NULL OR d.account_id = ANY(:accounts))
      AND (CAST(:assets AS uuid[]) IS NULL OR d.asset_id = ANY(:assets))
    """
).bindparams(bindparam("book", type_=Uuid), *COMMON[4:])
_ASSET_NAMES = text(
    "SELECT a.id, a.symbol, a.name FROM assets a WHERE a.book_id = :book AND a.id = ANY(:assets) ORDER BY a.symbol_key"
).bindparams(bindparam("book", type_=Uuid), COMMON[5])


def _named(parameters: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: parameters[name] for name in names}


async def flows(book: BookReader, asked: Asked, first: date, last: date) -> Sequence[AnyRow]:
    """What went in and came out, both ends included: of each day, and of each position (without `day`)."""
    return await _flows(book, asked, _FLOWS, first, last)


async def net_by_day(book: BookReader, asked: Asked, first: date, last: date) -> Sequence[AnyRow]:
    """What was put in on each day, less what came out; `known` says whether all of it has a price and a rate."""
    return await _flows(book, asked, _NET_BY_DAY, first, last)


async def _flows(book: BookReader, asked: Asked, statement: Executable, first: date, last: date) -> Sequence[AnyRow]:
    parameters = _named(asked.parameters(book), "book", "currency", "exponent", "accounts", "assets")
    async with without_nested_loops(book.connection):
        return (await book.connection.execute(statement, {**parameters, "first_day": first, "last_day": last})).all()


async def realised(book: BookReader, asked: Asked, first: date, last: date) -> Sequence[AnyRow]:
    """What sales of these days gained over their cost, by position."""
    parameters = {**asked.parameters(book), "first_day": first, "last_day": last}
    return (await book.connection.execute(_REALISED, parameters)).all()


async def benchmark(book: BookReader, asked: Asked, asset_id: UUID, days: Sequence[date]) -> Sequence[AnyRow]:
    """How an asset stood on each of these days: `there` is in the currency asked for, with splits evened out."""
    parameters = _named(asked.parameters(book), "book", "currency")
    return (await book.connection.execute(_BENCHMARK, {**parameters, "asset": asset_id, "days": list(days)})).all()


async def first_day(book: BookReader, asked: Asked) -> date | None:
    """The first day on which anything was held."""
    found: date | None = await book.connection.scalar(
        _FIRST_DAY, _named(asked.parameters(book), "book", "accounts", "assets")
    )
    return found


async def assets_named(book: BookReader, ids: Collection[UUID]) -> Sequence[AnyRow]:
    """Those of these assets that there are and that this member sees."""
    return (await book.connection.execute(_ASSET_NAMES, {"book": book.book_id, "assets": list(ids)})).all()


async def books_with_holdings(connection: AsyncConnection) -> Sequence[UUID]:
    """Of all books: those in which something is held."""
    return (await connection.execute(text("SELECT books_with_holdings()"))).scalars().all()

"""Statements about quotes and how asking for them goes; what is written is written by functions of the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Date, Integer, Text, bindparam, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.ext.asyncio import AsyncConnection

from app.assets.providers import Quote
from app.core.database import AnyRow
from app.core.documents import dump

INSTANT = TIMESTAMP(timezone=True)

_PROVIDERS = text("SELECT quote_providers()")


async def providers(connection: AsyncConnection) -> Sequence[str]:
    """Those that assets of any book follow."""
    return (await connection.execute(_PROVIDERS)).scalars().all()


_DUE = text("SELECT symbol, first_needed, whole, failures, newest FROM quotes_due(:provider, :at, :limit)").bindparams(
    bindparam("provider", type_=Text), bindparam("at", type_=INSTANT), bindparam("limit", type_=Integer)
)


async def due(connection: AsyncConnection, provider: str, at: datetime, limit: int) -> Sequence[AnyRow]:
    """The symbols to ask for now, those that wait the longest first; `whole` is with all of their history."""
    return (await connection.execute(_DUE, {"provider": provider, "at": at, "limit": limit})).all()


_REQUEST = text("SELECT request_quotes(:provider, :symbol, :at)").bindparams(
    bindparam("provider", type_=Text), bindparam("symbol", type_=Text), bindparam("at", type_=INSTANT)
)


async def request(connection: AsyncConnection, provider: str, symbol: str, at: datetime) -> datetime:
    """Have a symbol that the open book follows be due; when it will be."""
    found: datetime = (
        await connection.execute(_REQUEST, {"provider": provider, "symbol": symbol, "at": at})
    ).scalar_one()
    return found


_BEFORE = text(
    """
    SELECT date, price, currency, adjusted_to FROM market_quotes
    WHERE provider = :provider AND symbol = :symbol AND date < :day ORDER BY date DESC LIMIT 1
    """
).bindparams(bindparam("provider", type_=Text), bindparam("symbol", type_=Text), bindparam("day", type_=Date))


async def before(connection: AsyncConnection, provider: str, symbol: str, day: date) -> Quote | None:
    """The newest quote before a day."""
    names = {"provider": provider, "symbol": symbol, "day": day}
    row = (await connection.execute(_BEFORE, names)).one_or_none()
    return None if row is None else Quote(row.date, row.price, row.currency, row.adjusted_to)


_STORE = text("SELECT store_market_quotes(:provider, :symbol, CAST(:quotes AS jsonb), :at)").bindparams(
    bindparam("provider", type_=Text), bindparam("symbol", type_=Text), bindparam("at", type_=INSTANT)
)


async def store(connection: AsyncConnection, provider: str, symbol: str, quotes: Sequence[Quote], at: datetime) -> int:
    """Keep quotes, over those of the same days; how many. One in an unknown currency is not kept."""
    rows = dump([vars(quote) for quote in quotes])
    stored: int = (
        await connection.execute(_STORE, {"provider": provider, "symbol": symbol, "quotes": rows, "at": at})
    ).scalar_one()
    return stored


@dataclass(frozen=True)
class Outcome:
    """How asking for a symbol went; `history_from` where that was for all of its history, from this day."""

    at: datetime
    next_at: datetime
    problem: str | None = None
    detail: str | None = None
    history_from: date | None = None


_NOTE = text("SELECT note_quotes(:provider, :symbol, :at, :next_at, :problem, :detail, :history_from)").bindparams(
    bindparam("provider", type_=Text),
    bindparam("symbol", type_=Text),
    bindparam("at", type_=INSTANT),
    bindparam("next_at", type_=INSTANT),
    bindparam("problem", type_=Text),
    bindparam("detail", type_=Text),
    bindparam("history_from", type_=Date),
)


async def note(connection: AsyncConnection, provider: str, symbol: str, outcome: Outcome) -> None:
    await connection.execute(_NOTE, {"provider": provider, "symbol": symbol, **vars(outcome)})

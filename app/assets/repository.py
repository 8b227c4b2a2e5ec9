"""Statements about assets."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, Integer, Text, Uuid, bindparam, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.assets.models import Asset, QuoteSource
from app.core.database import AnyRow, AnySelect

OWN = [column for column in Asset.__table__.columns if column.name not in {"book_id", "symbol_key"}]


def _whole(book_id: UUID) -> AnySelect:
    """Assets with how asking their provider goes."""
    return (
        select(
            *OWN,
            QuoteSource.last_tried_at,
            QuoteSource.last_ok_at,
            QuoteSource.problem,
            QuoteSource.detail,
            QuoteSource.next_at,
        )
        .outerjoin(
            QuoteSource,
            (QuoteSource.provider == Asset.provider) & (QuoteSource.symbol == Asset.provider_symbol),
        )
        .where(Asset.book_id == book_id)
    )


async def get(connection: AsyncConnection, book_id: UUID, asset_id: UUID) -> AnyRow | None:
    return (await connection.execute(_whole(book_id).where(Asset.id == asset_id))).one_or_none()


async def get_many(connection: AsyncConnection, book_id: UUID, ids: Sequence[UUID]) -> Sequence[AnyRow]:
    return (
        await connection.execute(_whole(book_id).where(Asset.id == func.any(bindparam("ids", list(ids), ARRAY(Uuid)))))
    ).all()


async def by_symbol(connection: AsyncConnection, book_id: UUID, symbol: str) -> AnyRow | None:
    return (await connection.execute(_whole(book_id).where(Asset.symbol_key == func.upper(symbol)))).one_or_none()


_FILTER = """
    a.book_id = :book
      AND (CAST(:archived AS boolean) IS NULL OR (a.archived_at IS NOT NULL) = :archived)
      AND (CAST(:type AS text) IS NULL OR a.type = :type)
      AND (:q = '' OR strpos(upper(concat_ws(' ', a.symbol, a.name, a.isin)), upper(:q)) > 0)
"""
_FILTERS = (
    bindparam("book", type_=Uuid),
    bindparam("archived", type_=Boolean),
    bindparam("type", type_=Text),
    bindparam("q", type_=Text),
)
_PAGE = text(
    f"""
    SELECT a.id, a.symbol, a.symbol_key, a.name, a.type, a.currency, a.isin, a.sector, a.target_percent, a.provider,
           a.provider_symbol, a.notes, a.archived_at, a.revision, a.created_at, a.updated_at,
           s.last_tried_at, s.last_ok_at, s.problem, s.detail, s.next_at
    FROM assets a
    LEFT JOIN quote_sources s ON s.provider = a.provider AND s.symbol = a.provider_symbol
    WHERE {_FILTER} AND (CAST(:after AS text) IS NULL OR a.symbol_key > :after)
    ORDER BY a.symbol_key LIMIT :limit OFFSET :skip
    """  # noqa: S608  # nosec B608  # constants of this module
).bindparams(
    *_FILTERS,
    bindparam("after", type_=Text),
    bindparam("limit", type_=Integer),
    bindparam("skip", type_=Integer),
)
_COUNT = text(f"SELECT count(*) FROM assets a WHERE {_FILTER}").bindparams(*_FILTERS)  # noqa: S608  # nosec B608


async def page(
    connection: AsyncConnection, filters: dict[str, Any], *, after: str | None, limit: int, skip: int
) -> Sequence[AnyRow]:
    """Assets in the order of their symbols; `filters` are `book`, `archived`, `type` and `q`."""
    return (await connection.execute(_PAGE, {**filters, "after": after, "limit": limit, "skip": skip})).all()


async def count(connection: AsyncConnection, filters: dict[str, Any]) -> int:
    found: int = (await connection.execute(_COUNT, filters)).scalar_one()
    return found


_HOW_MANY = text("SELECT count(*) FROM assets WHERE book_id = :book").bindparams(bindparam("book", type_=Uuid))


async def how_many(connection: AsyncConnection, book_id: UUID) -> int:
    found: int = (await connection.execute(_HOW_MANY, {"book": book_id})).scalar_one()
    return found


_TRIED = text(
    """
    SELECT max(s.last_tried_at) FROM assets a
    JOIN quote_sources s ON s.provider = a.provider AND s.symbol = a.provider_symbol
    WHERE a.book_id = :book
    """
).bindparams(bindparam("book", type_=Uuid))


async def last_tried(connection: AsyncConnection, book_id: UUID) -> datetime | None:
    """When a provider was last asked for any of the book's assets."""
    found: datetime | None = await connection.scalar(_TRIED, {"book": book_id})
    return found


_IN_USE = text(
    """
    SELECT EXISTS (SELECT FROM asset_prices p WHERE p.book_id = :book AND p.asset_id = :asset)
        OR EXISTS (SELECT FROM trades t WHERE t.book_id = :book AND (t.asset_id = :asset OR t.to_asset_id = :asset))
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("asset", type_=Uuid))


async def has_prices_or_trades(connection: AsyncConnection, book_id: UUID, asset_id: UUID) -> bool:
    return bool(await connection.scalar(_IN_USE, {"book": book_id, "asset": asset_id}))


async def add(connection: AsyncConnection, values: dict[str, Any]) -> None:
    await connection.execute(insert(Asset).values(values))


async def change(connection: AsyncConnection, book_id: UUID, asset_id: UUID, values: dict[str, Any]) -> None:
    statement = update(Asset).where(Asset.book_id == book_id, Asset.id == asset_id)
    await connection.execute(statement.values({**values, "updated_at": func.now()}))


async def remove(connection: AsyncConnection, book_id: UUID, asset_id: UUID) -> None:
    await connection.execute(delete(Asset).where(Asset.book_id == book_id, Asset.id == asset_id))

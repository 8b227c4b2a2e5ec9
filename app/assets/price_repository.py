"""Statements about prices."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Date, Integer, Numeric, Text, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow


@dataclass(frozen=True)
class Price:
    """What one unit of an asset was worth on `priced_on`, in `currency`.

    `adjusted_to` is the day up to which splits are already counted in it (None: as it was traded): a quantity held
    before a later split is multiplied by the ratios of the splits in (priced_on, adjusted_to] to meet it.
    """

    price: Decimal
    currency: str
    priced_on: date
    source: str
    adjusted_to: date | None
    fetched_at: datetime


_FOUND = text(
    """
    SELECT asset_id, day, price, currency, priced_on, source, adjusted_to, fetched_at
    FROM prices_found(:assets, :days)
    """
).bindparams(bindparam("assets", type_=ARRAY(Uuid)), bindparam("days", type_=ARRAY(Date)))


async def found(connection: AsyncConnection, pairs: Iterable[tuple[UUID, date]]) -> Mapping[tuple[UUID, date], Price]:
    """The newest price up to a day of each of these assets of the open book, where there is one."""
    wanted = list(pairs)
    if not wanted:
        return {}
    parameters = {"assets": [pair[0] for pair in wanted], "days": [pair[1] for pair in wanted]}
    rows = (await connection.execute(_FOUND, parameters)).all()
    return {(row[0], row[1]): Price(*row[2:]) for row in rows}


_ROW = "id, asset_id, date, price, source, revision, created_at, updated_at"
_GET = text(
    f"SELECT {_ROW} FROM asset_prices WHERE book_id = :book AND asset_id = :asset AND date = :day"  # noqa: S608  # nosec B608
).bindparams(bindparam("book", type_=Uuid), bindparam("asset", type_=Uuid), bindparam("day", type_=Date))


async def of_day(connection: AsyncConnection, book_id: UUID, asset_id: UUID, day: date) -> Sequence[AnyRow]:
    """The book's own price of exactly this day, where there is one."""
    return (await connection.execute(_GET, {"book": book_id, "asset": asset_id, "day": day})).all()


_MANY = text(
    """
    SELECT p.id, p.asset_id, p.date, p.price, a.currency, p.source, p.revision, p.created_at, p.updated_at
    FROM asset_prices p JOIN assets a ON a.book_id = p.book_id AND a.id = p.asset_id
    WHERE p.book_id = :book AND p.id = ANY(:ids)
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("ids", type_=ARRAY(Uuid)))


async def get_many(connection: AsyncConnection, book_id: UUID, ids: Sequence[UUID]) -> Sequence[AnyRow]:
    """Prices of the book's own, by id."""
    return (await connection.execute(_MANY, {"book": book_id, "ids": list(ids)})).all()


# `rank` puts the book's own price before a quote of the same day, as in `price_found`.
_PAGE = text(
    """
    SELECT f.* FROM (
        (SELECT p.date, 1 AS rank, p.price, a.currency, p.source, true AS own, CAST(NULL AS date) AS adjusted_to,
                p.revision, p.updated_at AS stored_at
         FROM asset_prices p JOIN assets a ON a.book_id = p.book_id AND a.id = p.asset_id
         WHERE p.book_id = :book AND p.asset_id = :asset AND p.date BETWEEN :first AND :last
           AND (p.date < :day OR (p.date = :day AND :rank < 1))
         ORDER BY p.date DESC LIMIT :limit)
        UNION ALL
        (SELECT q.date, 2, q.price, q.currency, q.provider, false, q.adjusted_to, NULL, q.fetched_at
         FROM assets a JOIN market_quotes q ON q.provider = a.provider AND q.symbol = a.provider_symbol
         WHERE a.book_id = :book AND a.id = :asset AND q.date BETWEEN :first AND :last
           AND (q.date < :day OR (q.date = :day AND :rank < 2))
         ORDER BY q.date DESC LIMIT :limit)
    ) AS f
    ORDER BY f.date DESC, f.rank LIMIT :limit
    """
).bindparams(
    bindparam("book", type_=Uuid),
    bindparam("asset", type_=Uuid),
    *(bindparam(name, type_=Date) for name in ("first", "last", "day")),
    bindparam("rank", type_=Integer),
    bindparam("limit", type_=Integer),
)


async def page(connection: AsyncConnection, parameters: dict[str, Any]) -> Sequence[AnyRow]:
    """Own prices and quotes, the newest first, behind (`day`, `rank`)."""
    return (await connection.execute(_PAGE, parameters)).all()


# What is there with the same price stays as it is, and does not come back.
_PUT = text(
    """
    INSERT INTO asset_prices AS p (book_id, asset_id, date, price, source, revision)
    SELECT :book, w.asset, w.day, w.price, :source, :revision
    FROM unnest(:assets, :days, :prices) AS w(asset, day, price)
    ORDER BY w.asset, w.day
    ON CONFLICT ON CONSTRAINT uq_asset_prices_day
    DO UPDATE SET price = excluded.price, source = excluded.source, revision = excluded.revision, updated_at = now()
        WHERE (p.price, p.source) IS DISTINCT FROM (excluded.price, excluded.source)
    RETURNING new.id, new.asset_id, new.date, new.price, new.source, new.created_at,
              old.price AS old_price, old.source AS old_source
    """
).bindparams(
    bindparam("book", type_=Uuid),
    bindparam("source", type_=Text),
    bindparam("revision", type_=BigInteger),
    bindparam("assets", type_=ARRAY(Uuid)),
    bindparam("days", type_=ARRAY(Date)),
    bindparam("prices", type_=ARRAY(Numeric)),
)


async def put(
    connection: AsyncConnection,
    book_id: UUID,
    prices: Sequence[tuple[UUID, date, Decimal]],
    *,
    source: str,
    revision: int,
) -> Sequence[AnyRow]:
    """Set own prices; the rows that came or changed, with what they were before."""
    parameters = {
        "book": book_id,
        "source": source,
        "revision": revision,
        "assets": [price[0] for price in prices],
        "days": [price[1] for price in prices],
        "prices": [price[2] for price in prices],
    }
    return (await connection.execute(_PUT, parameters)).all()


_IMAGE = "id, asset_id, date, price, source, created_at"
_REMOVE = text(
    f"DELETE FROM asset_prices WHERE book_id = :book AND asset_id = :asset AND date = :day RETURNING {_IMAGE}"  # noqa: S608  # nosec B608
).bindparams(bindparam("book", type_=Uuid), bindparam("asset", type_=Uuid), bindparam("day", type_=Date))
_REMOVE_ALL = text(
    f"DELETE FROM asset_prices WHERE book_id = :book AND asset_id = :asset RETURNING {_IMAGE}"  # noqa: S608  # nosec B608
).bindparams(bindparam("book", type_=Uuid), bindparam("asset", type_=Uuid))


async def remove(connection: AsyncConnection, book_id: UUID, asset_id: UUID, day: date) -> Sequence[AnyRow]:
    """Remove the book's own price of a day; what was removed."""
    return (await connection.execute(_REMOVE, {"book": book_id, "asset": asset_id, "day": day})).all()


async def remove_all(connection: AsyncConnection, book_id: UUID, asset_id: UUID) -> Sequence[AnyRow]:
    return (await connection.execute(_REMOVE_ALL, {"book": book_id, "asset": asset_id})).all()


_NAMED = text(
    """
    WITH wanted AS MATERIALIZED (
        SELECT n.name, upper(n.name) AS key,
               CASE WHEN n.name ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN n.name::uuid END AS id
        FROM unnest(:names) AS n(name)
    )
    SELECT w.name, a.id FROM wanted w JOIN assets a ON a.book_id = :book AND a.symbol_key = w.key
    UNION
    SELECT w.name, a.id FROM wanted w JOIN assets a ON a.book_id = :book AND a.id = w.id
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("names", type_=ARRAY(Text)))


async def named(connection: AsyncConnection, book_id: UUID, names: Iterable[str]) -> dict[str, UUID]:
    """The asset that each of these symbols or ids means, where there is one."""
    rows = (await connection.execute(_NAMED, {"book": book_id, "names": list(names)})).all()
    return {row.name: row.id for row in rows}

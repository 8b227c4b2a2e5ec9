"""Prices that an import brings where the book has none of its own, and takes along when it is undone."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Date, Numeric, Uuid, bindparam, text

from app.access.context import BookWriter, Event
from app.assets.service import PRICE

_ADD = text(
    """
    INSERT INTO asset_prices (book_id, asset_id, date, price, source, revision)
    SELECT :book, w.asset, w.day, w.price, 'import', :revision
    FROM unnest(:assets, :days, :prices) AS w(asset, day, price)
    WHERE EXISTS (SELECT FROM assets a WHERE a.book_id = :book AND a.id = w.asset)
    ORDER BY w.asset, w.day
    ON CONFLICT ON CONSTRAINT uq_asset_prices_day DO NOTHING
    RETURNING id, asset_id, date, price, source, created_at
    """
).bindparams(
    bindparam("book", type_=Uuid),
    bindparam("revision", type_=BigInteger),
    bindparam("assets", type_=ARRAY(Uuid)),
    bindparam("days", type_=ARRAY(Date)),
    bindparam("prices", type_=ARRAY(Numeric)),
)
_DROP = text(
    """
    DELETE FROM asset_prices WHERE book_id = :book AND revision = :written AND source = 'import'
    RETURNING id, asset_id, date, price, source, created_at
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("written", type_=BigInteger))


async def add_prices(book: BookWriter, prices: Sequence[tuple[UUID, date, Decimal]]) -> None:
    """Store those of assets that are there, for days of which the book has no price of its own."""
    names = {
        "book": book.book_id,
        "revision": book.revision,
        "assets": [asset_id for asset_id, _, _ in prices],
        "days": [day for _, day, _ in prices],
        "prices": [price for _, _, price in prices],
    }
    for row in (await book.connection.execute(_ADD, names)).mappings():
        book.record(Event(PRICE, row["id"], "created", after=dict(row)))


async def drop_prices(book: BookWriter, written: int) -> None:
    """Remove those that an import stored in revision `written` and nobody changed since."""
    for row in (await book.connection.execute(_DROP, {"book": book.book_id, "written": written})).mappings():
        book.record(Event(PRICE, row["id"], "deleted", before=dict(row)))

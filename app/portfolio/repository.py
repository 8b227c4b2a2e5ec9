"""Statements about trades."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Uuid,
    bindparam,
    delete,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts.models import Account
from app.assets.models import Asset
from app.core.database import AnyRow, AnySelect
from app.core.documents import aside, dump
from app.portfolio.models import Trade


@dataclass(frozen=True)
class TradeFilter:
    """What a list is narrowed to; an empty tuple or None narrows nothing, several values of one field are or-ed.

    An account or asset is met by either side: where a transfer goes, what a merger becomes.
    """

    account_ids: tuple[UUID, ...] = ()
    asset_ids: tuple[UUID, ...] = ()
    kinds: tuple[str, ...] = ()
    date_from: date | None = None
    date_to: date | None = None
    transaction_id: UUID | None = None

    def conditions(self, book_id: UUID) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = [Trade.book_id == book_id]
        if self.account_ids:
            found.append(or_(Trade.account_id.in_(self.account_ids), Trade.to_account_id.in_(self.account_ids)))
        if self.asset_ids:
            found.append(or_(Trade.asset_id.in_(self.asset_ids), Trade.to_asset_id.in_(self.asset_ids)))
        if self.kinds:
            found.append(Trade.kind.in_(self.kinds))
        if self.date_from is not None:
            found.append(Trade.date >= self.date_from)
        if self.date_to is not None:
            found.append(Trade.date <= self.date_to)
        if self.transaction_id is not None:
            found.append(Trade.transaction_id == self.transaction_id)
        return found


def _whole() -> AnySelect:
    own = [column for column in Trade.__table__.columns if column.name != "book_id"]
    return (
        select(*own, Asset.symbol, Account.currency.label("account_currency"))
        .join(Asset, (Asset.book_id == Trade.book_id) & (Asset.id == Trade.asset_id))
        .join(Account, (Account.book_id == Trade.book_id) & (Account.id == Trade.account_id))
    )


async def get_many(connection: AsyncConnection, book_id: UUID, ids: Sequence[UUID]) -> Sequence[AnyRow]:
    """Those of these trades that the book has, in the order in which they happened."""
    wanted = Trade.id == func.any(literal(list(ids), ARRAY(Uuid)))
    statement = _whole().where(Trade.book_id == book_id, wanted)
    return (await connection.execute(statement.order_by(Trade.date, Trade.created_at, Trade.id))).all()


async def page(
    connection: AsyncConnection,
    book_id: UUID,
    wanted: TradeFilter,
    *,
    descending: bool,
    limit: int,
    skip: int,
    after: tuple[date, UUID] | None,
) -> Sequence[AnyRow]:
    """Up to `limit` rows by date, from behind `after` (the date and id of the last row seen)."""
    key = tuple_(Trade.date, Trade.id)
    statement = _whole().where(*wanted.conditions(book_id))
    if after is not None:
        last = tuple_(literal(after[0]), literal(after[1], Uuid))
        statement = statement.where(key < last if descending else key > last)
    order = [Trade.date.desc(), Trade.id.desc()] if descending else [Trade.date, Trade.id]
    return (await connection.execute(statement.order_by(*order).limit(limit).offset(skip))).all()


async def count(connection: AsyncConnection, book_id: UUID, wanted: TradeFilter) -> int:
    statement = select(func.count()).select_from(Trade).where(*wanted.conditions(book_id))
    return int(await connection.scalar(statement) or 0)


async def of_position(connection: AsyncConnection, book_id: UUID, account_id: UUID, asset_id: UUID) -> Sequence[AnyRow]:
    """All trades that speak of a position, what comes from others and goes to them too, in their order."""
    same_account, same_asset = Trade.account_id == account_id, Trade.asset_id == asset_id
    touching = or_(
        same_account & same_asset,
        (Trade.to_account_id == account_id) & same_asset,
        same_account & (Trade.to_asset_id == asset_id),
    )
    statement = _whole().where(Trade.book_id == book_id, touching)
    return (await connection.execute(statement.order_by(Trade.date, Trade.created_at, Trade.id))).all()


async def naming(
    connection: AsyncConnection, book_id: UUID, columns: Sequence[str], ids: Sequence[UUID]
) -> Sequence[AnyRow]:
    """The trades of which one of these columns has one of these ids, in their order."""
    if not columns:
        return []
    wanted = or_(*(getattr(Trade, name).in_(ids) for name in columns))
    statement = select(*Trade.__table__.columns).where(Trade.book_id == book_id, wanted)
    return (await connection.execute(statement.order_by(Trade.date, Trade.created_at, Trade.id))).all()


_RECORD = """
    id uuid, account_id uuid, asset_id uuid, kind text, date date, quantity numeric, price numeric, currency text,
    rate numeric, amount numeric, fees numeric, taxes numeric, cost numeric, acquired_on date, to_account_id uuid,
    to_asset_id uuid, ratio numeric, cost_percent numeric, lots jsonb, category_id uuid, tax_category_id uuid,
    fee_category_id uuid, notes text, external_id text, import_id uuid, transaction_id uuid, revision bigint
"""
_NAMES = ", ".join(column.split()[0] for column in _RECORD.split(","))
_ADD = text(
    f"""
    WITH added AS (
        INSERT INTO trades (book_id, {_NAMES})
        SELECT :book, {_NAMES} FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r({_RECORD})
        RETURNING created_at
    )
    SELECT max(created_at) FROM added
    """  # noqa: S608  # nosec B608  # constants of this module
).bindparams(bindparam("book", type_=Uuid))


async def add(connection: AsyncConnection, book_id: UUID, rows: Sequence[dict[str, Any]]) -> datetime:
    """Insert trades, which have all of their columns, however many there are; returns the instant they carry."""
    wanted = [column.split()[0] for column in _RECORD.split(",")]
    written = await aside(len(rows), lambda: dump([{name: row[name] for name in wanted} for row in rows]))
    given = {"book": book_id, "rows": written}
    at: datetime = (await connection.execute(_ADD, given)).scalar_one()
    return at


_OF_IMPORT = text("SELECT id FROM trades WHERE book_id = :book AND import_id = :import ORDER BY id").bindparams(
    bindparam("book", type_=Uuid), bindparam("import", type_=Uuid)
)


async def of_import(connection: AsyncConnection, book_id: UUID, import_id: UUID) -> list[UUID]:
    """The trades that came with an import and are there."""
    rows = await connection.execute(_OF_IMPORT, {"book": book_id, "import": import_id})
    return list(rows.scalars())


async def change(connection: AsyncConnection, book_id: UUID, trade_id: UUID, values: dict[str, Any]) -> datetime:
    statement = update(Trade).where(Trade.book_id == book_id, Trade.id == trade_id)
    changed = statement.values({**values, "updated_at": func.now()}).returning(Trade.updated_at)
    return (await connection.execute(changed)).scalar_one()


async def remove(connection: AsyncConnection, book_id: UUID, ids: Sequence[UUID]) -> None:
    wanted = Trade.id == func.any(literal(list(ids), ARRAY(Uuid)))
    await connection.execute(delete(Trade).where(Trade.book_id == book_id, wanted))


_HOLDERS = text(
    """
    SELECT d.account_id FROM (
        SELECT DISTINCT ON (account_id) account_id, quantity FROM position_days
        WHERE book_id = :book AND asset_id = :asset AND date <= :day
        ORDER BY account_id, date DESC
    ) AS d
    WHERE d.quantity > 0 ORDER BY d.account_id
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("asset", type_=Uuid))


async def holders(connection: AsyncConnection, book_id: UUID, asset_id: UUID, day: date) -> list[UUID]:
    """The accounts that hold an asset at the end of a day."""
    rows = await connection.execute(_HOLDERS, {"book": book_id, "asset": asset_id, "day": day})
    return list(rows.scalars())

"""Statements about targets and what they are of."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Text, Uuid, bindparam, delete, func, insert, select, text, update

from app.access.context import BookReader, BookWriter
from app.accounts.models import Account
from app.core.database import AnyRow
from app.performance.models import AllocationTarget
from app.performance.repository import Asked

_TARGETS = text(
    """
    SELECT t.id, t.dimension, coalesce(t.key, CAST(t.account_id AS text)) AS key, coalesce(a.name, t.key) AS name,
           t.account_id, t.target_percent, t.revision, t.created_at
    FROM allocation_targets t
    LEFT JOIN accounts a ON a.book_id = :book AND a.id = t.account_id
    WHERE t.book_id = :book AND (CAST(:dimension AS text) IS NULL OR t.dimension = :dimension)
    ORDER BY t.dimension, name, t.id
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("dimension", type_=Text))
_WANTED_ASSETS = text(
    """
    WITH wanted AS MATERIALIZED (
        SELECT a.id, a.symbol, a.symbol_key, a.target_percent, f.price, f.currency
        FROM assets a
        CROSS JOIN LATERAL price_found(a.id, :day) AS f
        WHERE a.book_id = :book AND a.target_percent IS NOT NULL AND a.archived_at IS NULL
    ),
    rated AS MATERIALIZED (
        SELECT c.currency, rate_at(c.currency, :currency, :day) AS rate
        FROM (SELECT DISTINCT w.currency FROM wanted w WHERE w.currency IS NOT NULL) AS c
    )
    SELECT w.id, w.symbol, w.target_percent, w.price * r.rate AS price
    FROM wanted w LEFT JOIN rated r ON r.currency = w.currency
    ORDER BY w.symbol_key
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("day", type_=Date), bindparam("currency", type_=Text))


async def every(book: BookReader, dimension: str | None) -> Sequence[AnyRow]:
    """The targets of a dimension, or all; the `key` of one of an account is its id as text."""
    return (await book.connection.execute(_TARGETS, {"book": book.book_id, "dimension": dimension})).all()


async def wanted_assets(book: BookReader, asked: Asked, day: date) -> Sequence[AnyRow]:
    """The assets that have a target, held or not, with the price of one unit in the currency asked for."""
    parameters = {"book": book.book_id, "day": day, "currency": asked.currency}
    return (await book.connection.execute(_WANTED_ASSETS, parameters)).all()


async def accounts_named(book: BookReader, ids: Collection[UUID]) -> Sequence[AnyRow]:
    """Those of these accounts that there are and that this member sees."""
    statement = select(Account.id).where(Account.book_id == book.book_id, Account.id.in_(ids))
    return (await book.connection.execute(statement)).all()


async def add(book: BookWriter, values: dict[str, Any]) -> None:
    row = {**values, "book_id": book.book_id, "revision": book.revision}
    await book.connection.execute(insert(AllocationTarget).values(row))


async def change(book: BookWriter, target_id: UUID, values: dict[str, Any]) -> None:
    statement = update(AllocationTarget).where(
        AllocationTarget.book_id == book.book_id, AllocationTarget.id == target_id
    )
    row = {**values, "revision": book.revision, "updated_at": func.now()}
    await book.connection.execute(statement.values(row))


async def remove(book: BookWriter, target_id: UUID) -> None:
    await book.connection.execute(
        delete(AllocationTarget).where(AllocationTarget.book_id == book.book_id, AllocationTarget.id == target_id)
    )

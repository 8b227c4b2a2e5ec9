"""Statements about saved reports."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow, AnySelect
from app.reports.models import SavedReport

_COLUMNS = [column for column in SavedReport.__table__.columns if column.name != "book_id"]
_IDS = ("account_ids", "category_ids", "tag_ids", "payee_ids")
_MISSING = text(
    """
    SELECT 'account' AS kind, x.id FROM unnest(:account_ids) AS x(id)
    WHERE NOT EXISTS (SELECT FROM accounts a WHERE a.book_id = :book AND a.id = x.id)
    UNION ALL
    SELECT 'category', x.id FROM unnest(:category_ids) AS x(id)
    WHERE NOT EXISTS (SELECT FROM categories a WHERE a.book_id = :book AND a.id = x.id)
    UNION ALL
    SELECT 'tag', x.id FROM unnest(:tag_ids) AS x(id)
    WHERE NOT EXISTS (SELECT FROM tags a WHERE a.book_id = :book AND a.id = x.id)
    UNION ALL
    SELECT 'payee', x.id FROM unnest(:payee_ids) AS x(id)
    WHERE NOT EXISTS (SELECT FROM payees a WHERE a.book_id = :book AND a.id = x.id)
    """
).bindparams(bindparam("book", type_=Uuid), *(bindparam(name, type_=ARRAY(Uuid)) for name in _IDS))


def _select(book_id: UUID) -> AnySelect:
    return select(*_COLUMNS).where(SavedReport.book_id == book_id)


async def every(connection: AsyncConnection, book_id: UUID) -> Sequence[AnyRow]:
    """All of them, by name."""
    return (await connection.execute(_select(book_id).order_by(func.lower(SavedReport.name), SavedReport.id))).all()


async def get(connection: AsyncConnection, book_id: UUID, report_id: UUID) -> AnyRow | None:
    return (await connection.execute(_select(book_id).where(SavedReport.id == report_id))).one_or_none()


async def missing(connection: AsyncConnection, book_id: UUID, values: dict[str, Any]) -> Sequence[AnyRow]:
    """What is named in these filters and is not there, each with what it should be."""
    return (await connection.execute(_MISSING, {"book": book_id, **{name: list(values[name]) for name in _IDS}})).all()


async def add(connection: AsyncConnection, values: dict[str, Any]) -> None:
    await connection.execute(insert(SavedReport).values(values))


async def change(connection: AsyncConnection, book_id: UUID, report_id: UUID, values: dict[str, Any]) -> None:
    statement = update(SavedReport).where(SavedReport.book_id == book_id, SavedReport.id == report_id)
    await connection.execute(statement.values({**values, "updated_at": func.now()}))


async def remove(connection: AsyncConnection, book_id: UUID, report_id: UUID) -> None:
    await connection.execute(delete(SavedReport).where(SavedReport.book_id == book_id, SavedReport.id == report_id))

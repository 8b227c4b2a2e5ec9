"""Statements about categories."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Integer, Uuid, bindparam, delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.context import BookWriter
from app.access.opening import run_telling
from app.categories.models import Category
from app.core.database import AnyRow
from app.core.documents import dump

_PUBLIC = (
    Category.id,
    Category.name,
    Category.kind,
    Category.parent_id,
    Category.color,
    Category.icon,
    Category.sort,
    Category.archived_at,
    Category.revision,
    Category.created_at,
    Category.updated_at,
)


async def every(connection: AsyncConnection, book_id: UUID) -> Sequence[AnyRow]:
    statement = select(*_PUBLIC).where(Category.book_id == book_id)
    ordered = statement.order_by(Category.kind, Category.sort, func.lower(Category.name), Category.id)
    return (await connection.execute(ordered)).all()


async def get(connection: AsyncConnection, book_id: UUID, category_id: UUID) -> AnyRow | None:
    statement = select(*_PUBLIC).where(Category.book_id == book_id, Category.id == category_id)
    return (await connection.execute(statement)).one_or_none()


# A new book has nearly fifty of them: with a parameter for each value the statement would be compiled each time.
_ADD = text(
    """
    INSERT INTO categories (book_id, id, parent_id, name, kind, color, icon, sort, revision)
    SELECT book_id, id, parent_id, name, kind, color, icon, sort, revision
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(
        book_id uuid, id uuid, parent_id uuid, name text, kind text, color text, icon text, sort integer,
        revision bigint)
    """
)


async def add_many(connection: AsyncConnection, rows: list[dict[str, Any]]) -> None:
    """Insert in one statement; the constraints refuse a taken id, a sibling's name and a parent of another kind."""
    await connection.execute(_ADD, {"rows": dump(rows)})


async def change(connection: AsyncConnection, book_id: UUID, category_id: UUID, values: dict[str, Any]) -> None:
    statement = update(Category).where(Category.book_id == book_id, Category.id == category_id)
    await connection.execute(statement.values({**values, "updated_at": func.now()}))


async def remove(connection: AsyncConnection, book_id: UUID, category_id: UUID) -> None:
    await connection.execute(delete(Category).where(Category.book_id == book_id, Category.id == category_id))


_USE = text(
    """
    SELECT (SELECT count(*) FROM categories WHERE book_id = :book AND parent_id = :category) AS children,
           (SELECT count(DISTINCT transaction_id) FROM postings
            WHERE book_id = :book AND category_id = :category) AS transactions
    """
)


async def use(connection: AsyncConnection, book_id: UUID, category_id: UUID) -> AnyRow:
    """What hangs on a category: how many children and how many transactions."""
    return (await connection.execute(_USE, {"book": book_id, "category": category_id})).one()


_ADOPT = text(
    """
    UPDATE categories SET parent_id = :target, revision = :revision, updated_at = now()
    WHERE book_id = :book AND parent_id = :category
    RETURNING id
    """
)


async def adopt_children(
    connection: AsyncConnection, book_id: UUID, revision: int, category_id: UUID, target_id: UUID
) -> Sequence[UUID]:
    """Put the children below another category; returns which."""
    parameters = {"book": book_id, "revision": revision, "category": category_id, "target": target_id}
    return (await connection.execute(_ADOPT, parameters)).scalars().all()


_HAND_OVER_DEFAULTS = text(
    """
    WITH changed AS (
        UPDATE payees SET default_category_id = :heir, revision = :revision, updated_at = now()
        WHERE book_id = :book AND default_category_id = :category
        RETURNING id, name
    ),
    told AS (
        INSERT INTO public.events (book_id, revision, position, entity, entity_id, action, actor_id, before, after)
        SELECT :book, :revision, :position + row_number() OVER (ORDER BY id) - 1, 'payee', id, 'updated', :actor,
               jsonb_build_object('name', name, 'default_category_id', :category),
               jsonb_build_object('name', name, 'default_category_id', :heir)
        FROM changed
    )
    SELECT count(*) FROM changed
    """
).bindparams(
    bindparam("book", type_=Uuid),
    bindparam("revision", type_=BigInteger),
    bindparam("position", type_=Integer),
    bindparam("actor", type_=Uuid),
    bindparam("category", type_=Uuid),
    bindparam("heir", type_=Uuid),
)


async def hand_over_defaults(book: BookWriter, category_id: UUID, heir_id: UUID | None) -> None:
    """Give the payees whose default category this is another one or none; an event for each."""
    await run_telling(book, _HAND_OVER_DEFAULTS, {"category": category_id, "heir": heir_id})

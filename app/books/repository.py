"""Statements about books and their members."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import exists, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.books.models import Book, BookMember
from app.core.database import AnyRow

_PUBLIC = (
    Book.id,
    Book.name,
    Book.base_currency,
    Book.rate_window_days,
    Book.locked_until,
    Book.revision,
    Book.created_at,
    Book.updated_at,
    BookMember.role,
)


async def add(
    connection: AsyncConnection, *, book_id: UUID, owner_id: UUID, name: str, base_currency: str, chosen: bool
) -> None:
    values = {"id": book_id, "name": name, "base_currency": base_currency, "base_currency_chosen": chosen}
    await connection.execute(insert(Book).values(values))
    await connection.execute(insert(BookMember).values(book_id=book_id, user_id=owner_id, role="owner"))


async def of_user(connection: AsyncConnection, user_id: UUID) -> Sequence[AnyRow]:
    statement = (
        select(*_PUBLIC)
        .join(BookMember, BookMember.book_id == Book.id)
        .where(BookMember.user_id == user_id)
        .order_by(Book.created_at, Book.id)
    )
    return (await connection.execute(statement)).all()


async def get(connection: AsyncConnection, book_id: UUID, user_id: UUID) -> AnyRow | None:
    statement = (
        select(*_PUBLIC)
        .join(BookMember, BookMember.book_id == Book.id)
        .where(Book.id == book_id, BookMember.user_id == user_id)
    )
    return (await connection.execute(statement)).one_or_none()


async def change(connection: AsyncConnection, book_id: UUID, values: dict[str, Any]) -> None:
    await connection.execute(update(Book).where(Book.id == book_id).values(values))


async def has_accounts(connection: AsyncConnection, book_id: UUID) -> bool:
    return await _has(connection, "accounts", book_id)


async def has_budgets(connection: AsyncConnection, book_id: UUID) -> bool:
    return await _has(connection, "budgets", book_id)


async def _has(connection: AsyncConnection, table: str, book_id: UUID) -> bool:
    rows = select(text("1")).select_from(text(table)).where(text("book_id = :book")).params(book=book_id)
    return bool(await connection.scalar(select(exists(rows))))

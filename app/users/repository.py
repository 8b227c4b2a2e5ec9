"""Statements about people."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow
from app.users.models import User

_PUBLIC = (User.id, User.email, User.full_name, User.role, User.time_zone, User.default_book_id, User.created_at)


async def add(
    connection: AsyncConnection,
    *,
    user_id: UUID,
    email: str,
    full_name: str | None,
    password_hash: str,
    time_zone: str,
) -> None:
    """Raises `EmailTakenError` (by its constraint) when the address belongs to somebody."""
    values = {
        "id": user_id,
        "email": email,
        "full_name": full_name,
        "password_hash": password_hash,
        "time_zone": time_zone,
    }
    await connection.execute(insert(User).values(values))


async def get(connection: AsyncConnection, user_id: UUID) -> AnyRow | None:
    return (await connection.execute(select(*_PUBLIC).where(User.id == user_id))).one_or_none()


async def credentials(connection: AsyncConnection, email: str) -> AnyRow | None:
    """The id and password hash behind an address, whatever its case."""
    statement = select(User.id, User.password_hash).where(func.lower(User.email) == func.lower(email))
    return (await connection.execute(statement)).one_or_none()


async def change(connection: AsyncConnection, user_id: UUID, values: dict[str, Any]) -> None:
    await connection.execute(update(User).where(User.id == user_id).values({**values, "updated_at": func.now()}))

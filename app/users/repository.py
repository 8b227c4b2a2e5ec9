"""Statements about people."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow
from app.users.models import User

_PUBLIC = (User.id, User.email, User.full_name, User.role, User.time_zone, User.default_book_id, User.created_at)


_IS_FIRST = text("SELECT is_first_user()")


async def add(
    connection: AsyncConnection, *, user_id: UUID, email: str, full_name: str | None, time_zone: str, role: str
) -> None:
    """Raises `EmailTakenError` (by its constraint) when the address belongs to somebody."""
    values = {"id": user_id, "email": email, "full_name": full_name, "time_zone": time_zone, "role": role}
    await connection.execute(insert(User).values(values))


async def is_first(connection: AsyncConnection) -> bool:
    """Whether there is nobody yet; who asks that at the same time waits until it is decided."""
    return bool(await connection.scalar(_IS_FIRST))


async def get(connection: AsyncConnection, user_id: UUID) -> AnyRow | None:
    return (await connection.execute(select(*_PUBLIC).where(User.id == user_id))).one_or_none()


async def change(connection: AsyncConnection, user_id: UUID, values: dict[str, Any]) -> None:
    await connection.execute(update(User).where(User.id == user_id).values({**values, "updated_at": func.now()}))

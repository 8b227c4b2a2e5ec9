"""Statements about people."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow
from app.users.models import User

_PUBLIC = (
    User.id,
    User.email,
    User.email_verified_at,
    User.full_name,
    User.role,
    User.time_zone,
    User.default_book_id,
    User.created_at,
)


_HOLD_ADDRESS = text("SELECT * FROM hold_address(:email)")
_IS_FIRST = text("SELECT is_first_user()")


async def hold_address(connection: AsyncConnection, email: str) -> AnyRow | None:
    """Whose address it is, None for nobody's; until the transaction ends nobody else can ask that of it."""
    return (await connection.execute(_HOLD_ADDRESS, {"email": email})).one_or_none()


async def add(
    connection: AsyncConnection,
    *,
    user_id: UUID,
    email: str,
    full_name: str | None,
    time_zone: str,
    role: str,
    verified: bool,
) -> None:
    """Raises `EmailTakenError` (by its constraint) when the address belongs to somebody."""
    values: dict[str, Any] = {
        "id": user_id,
        "email": email,
        "full_name": full_name,
        "time_zone": time_zone,
        "role": role,
    }
    if verified:
        values["email_verified_at"] = func.now()
    await connection.execute(insert(User).values(values))


async def is_first(connection: AsyncConnection) -> bool:
    """Whether there is nobody yet; who asks that at the same time waits until it is decided."""
    return bool(await connection.scalar(_IS_FIRST))


async def get(connection: AsyncConnection, user_id: UUID) -> AnyRow | None:
    return (await connection.execute(select(*_PUBLIC).where(User.id == user_id))).one_or_none()


async def change(connection: AsyncConnection, user_id: UUID, values: dict[str, Any]) -> None:
    await connection.execute(update(User).where(User.id == user_id).values({**values, "updated_at": func.now()}))


async def verify(connection: AsyncConnection, user_id: UUID, email: str) -> bool:
    """Note that the person was reached at this address; False when it is not theirs any more."""
    statement = update(User).where(User.id == user_id, func.lower(User.email) == func.lower(email))
    values = {"email_verified_at": func.coalesce(User.email_verified_at, func.now())}
    return bool((await connection.execute(statement.values(values))).rowcount)


async def hold(connection: AsyncConnection, user_id: UUID) -> None:
    """Keep the person's row to this transaction until it ends; others may still refer to it."""
    await connection.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))

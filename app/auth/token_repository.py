"""Statements about personal access tokens."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.models import PermissionName, RolePermission
from app.auth.models import PersonalToken
from app.core.database import AnyRow

_PUBLIC = (
    PersonalToken.id,
    PersonalToken.name,
    PersonalToken.prefix,
    PersonalToken.scopes,
    PersonalToken.created_at,
    PersonalToken.expires_at,
    PersonalToken.last_used_at,
    PersonalToken.last_address,
)
_KNOWN = PersonalToken.revoked_at.is_(None)
_HOLD_USER = text("SELECT FROM users WHERE id = :user FOR NO KEY UPDATE")
_FORGET = text("SELECT forget_ended_personal_tokens(:before)")


async def scopes_of_role(connection: AsyncConnection, role: str) -> Sequence[AnyRow]:
    """The permissions of a role that a token may have."""
    statement = (
        select(PermissionName.name, PermissionName.description)
        .join(RolePermission, RolePermission.permission == PermissionName.name)
        .where(RolePermission.role == role, PermissionName.grantable)
        .order_by(PermissionName.name)
    )
    return (await connection.execute(statement)).all()


async def hold_and_count(connection: AsyncConnection, user_id: UUID) -> int:
    """How many tokens a person has; until the transaction ends nobody else can count and add one."""
    await connection.execute(_HOLD_USER, {"user": user_id})
    counted = select(func.count()).select_from(PersonalToken).where(PersonalToken.user_id == user_id, _KNOWN)
    return int(await connection.scalar(counted) or 0)


async def add(connection: AsyncConnection, values: dict[str, Any]) -> AnyRow:
    return (await connection.execute(insert(PersonalToken).values(values).returning(*_PUBLIC))).one()


async def of_user(connection: AsyncConnection, user_id: UUID) -> Sequence[AnyRow]:
    """The newest first, those that have expired included."""
    statement = select(*_PUBLIC).where(PersonalToken.user_id == user_id, _KNOWN)
    return (await connection.execute(statement.order_by(PersonalToken.id.desc()))).all()


async def get(connection: AsyncConnection, user_id: UUID, token_id: UUID) -> AnyRow | None:
    statement = select(*_PUBLIC).where(PersonalToken.user_id == user_id, PersonalToken.id == token_id, _KNOWN)
    return (await connection.execute(statement)).one_or_none()


async def remove(connection: AsyncConnection, user_id: UUID, token_id: UUID) -> AnyRow | None:
    """Delete a token; returns what it was."""
    statement = delete(PersonalToken).where(PersonalToken.user_id == user_id, PersonalToken.id == token_id, _KNOWN)
    return (await connection.execute(statement.returning(*_PUBLIC))).one_or_none()


async def forget_ended(connection: AsyncConnection, before: datetime) -> int:
    """Delete tokens that ended before then; returns how many."""
    return int(await connection.scalar(_FORGET, {"before": before}) or 0)

"""Statements of administration; the rules of who may act on whom are the database's (`administration_refusal`)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    DateTime,
    Text,
    Uuid,
    bindparam,
    column,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.models import PermissionName, RolePermission
from app.core.database import AnyRow
from app.users.models import User

_BAN_IN_FORCE = User.banned_at.is_not(None) & or_(User.banned_until.is_(None), User.banned_until > func.now())
_ADDRESS = func.lower(User.email)
_PERSON = (
    User.id,
    User.email,
    User.full_name,
    User.role,
    User.created_at,
    User.email_verified_at.is_not(None).label("email_verified"),
    User.banned_at,
    User.banned_until,
    User.ban_reason,
    _BAN_IN_FORCE.label("banned"),
    _ADDRESS.label("address"),
)
_SORTS: dict[str, ColumnElement[Any]] = {"created_at": User.created_at.expression, "email": _ADDRESS}

_LAST_USED = text("SELECT * FROM last_used(:users)").bindparams(bindparam("users", type_=ARRAY(Uuid)))
_REFUSAL = text("SELECT administration_refusal(:user, :role)").bindparams(bindparam("user", type_=Uuid))
_SET_ROLE = text("SELECT set_role(:user, :new_role, :role)").bindparams(bindparam("user", type_=Uuid))
_SET_BAN = text("SELECT set_ban(:user, :banned, :reason, :until, :role)").bindparams(
    bindparam("user", type_=Uuid),
    bindparam("banned", type_=Boolean),
    bindparam("reason", type_=Text),
    bindparam("until", type_=DateTime(timezone=True)),
)
_QUEUE = text("SELECT pg_advisory_xact_lock(hashtextextended('finance.administration', 0))")
_STATISTICS = text("SELECT * FROM server_statistics()")


async def person(connection: AsyncConnection, user_id: UUID) -> AnyRow | None:
    return (await connection.execute(select(*_PERSON).where(User.id == user_id))).one_or_none()


def _filters(q: str, role: str | None, status: str | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if q:
        folded = func.search_text(q)
        conditions.append(
            or_(
                func.strpos(_ADDRESS, func.lower(q)) > 0,
                (folded != "") & (func.strpos(func.search_text(User.full_name), folded) > 0),
            )
        )
    if role is not None:
        conditions.append(User.role == role)
    if status is not None:
        conditions.append(_BAN_IN_FORCE if status == "banned" else ~_BAN_IN_FORCE)
    return conditions


async def people(
    connection: AsyncConnection,
    *,
    q: str,
    role: str | None,
    status: str | None,
    sort: str,
    after: tuple[Any, UUID] | None,
    skip: int,
    limit: int,
) -> Sequence[AnyRow]:
    """`sort` is a key of `_SORTS`, downwards with a leading minus; `after` is that key and the id of the last row."""
    key, downwards = _SORTS[sort.lstrip("-")], sort.startswith("-")
    statement = select(*_PERSON).where(*_filters(q, role, status))
    if after is not None:
        place = tuple_(key, User.id)
        statement = statement.where(place < after if downwards else place > after)
    order = (key.desc(), User.id.desc()) if downwards else (key, User.id)
    return (await connection.execute(statement.order_by(*order).offset(skip).limit(limit))).all()


async def people_count(connection: AsyncConnection, q: str, role: str | None, status: str | None) -> int:
    statement = select(func.count()).select_from(User).where(*_filters(q, role, status))
    return int(await connection.scalar(statement) or 0)


async def last_used(connection: AsyncConnection, user_ids: list[UUID]) -> dict[UUID, datetime | None]:
    rows = await connection.execute(_LAST_USED, {"users": user_ids})
    return {row.user_id: row.last_used_at for row in rows}


async def refusal(connection: AsyncConnection, user_id: UUID, actor_role: str) -> str | None:
    """Why the actor may not act on this person; until the commit nobody else changes a role or a ban."""
    reason: str | None = await connection.scalar(_REFUSAL, {"user": user_id, "role": actor_role})
    return reason


async def set_role(connection: AsyncConnection, user_id: UUID, role: str, actor_role: str) -> str | None:
    """Why it was refused; None when it was done."""
    values = {"user": user_id, "new_role": role, "role": actor_role}
    reason: str | None = await connection.scalar(_SET_ROLE, values)
    return reason


async def set_ban(
    connection: AsyncConnection,
    user_id: UUID,
    actor_role: str,
    *,
    banned: bool,
    reason: str | None = None,
    until: datetime | None = None,
) -> str | None:
    """Why it was refused; None when it was done."""
    values = {"user": user_id, "banned": banned, "reason": reason, "until": until, "role": actor_role}
    refused: str | None = await connection.scalar(_SET_BAN, values)
    return refused


async def permissions(connection: AsyncConnection) -> Sequence[AnyRow]:
    columns = (PermissionName.name, PermissionName.description, PermissionName.grantable)
    return (await connection.execute(select(*columns).order_by(PermissionName.name))).all()


async def of_roles(connection: AsyncConnection) -> Sequence[AnyRow]:
    columns = (RolePermission.role, RolePermission.permission)
    return (await connection.execute(select(*columns).order_by(RolePermission.permission))).all()


async def queue(connection: AsyncConnection) -> None:
    """Wait for whoever else administers; what is read after this holds until the commit."""
    await connection.execute(_QUEUE)


async def give(connection: AsyncConnection, role: str, names: Sequence[str]) -> None:
    """Permissions that the role does not have yet."""
    await connection.execute(insert(RolePermission), [{"role": role, "permission": name} for name in names])


async def take(connection: AsyncConnection, role: str, names: Sequence[str]) -> None:
    this = (RolePermission.role == role, column("permission").in_(names))
    await connection.execute(delete(RolePermission).where(*this))


async def statistics(connection: AsyncConnection) -> AnyRow:
    return (await connection.execute(_STATISTICS)).one()

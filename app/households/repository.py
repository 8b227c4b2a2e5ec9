"""Statements about members and invitations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, LargeBinary, Uuid, bindparam, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.books.models import BookMember
from app.core.database import AnyRow, AnySelect
from app.households.models import BookInvitation
from app.users.models import User

_OPEN = text("SELECT invitation_open(:hash)")
_SPEND = text("SELECT spend_invitation(:hash)")
_TO_ME = text("SELECT * FROM invitations_to_me()")
_CLAIM = text("SELECT * FROM claim_invitation(:hash, :id, :accept)").bindparams(
    bindparam("hash", type_=LargeBinary), bindparam("id", type_=Uuid), bindparam("accept", type_=Boolean)
)


def _members(book_id: UUID) -> AnySelect:
    return (
        select(
            BookMember.user_id,
            User.full_name,
            User.email,
            BookMember.role,
            BookMember.created_at.label("joined_at"),
        )
        .join(User, User.id == BookMember.user_id)
        .where(BookMember.book_id == book_id)
    )


async def members(connection: AsyncConnection, book_id: UUID) -> Sequence[AnyRow]:
    """The longest-standing first."""
    ordered = _members(book_id).order_by(BookMember.created_at, BookMember.user_id)
    return (await connection.execute(ordered)).all()


async def member(connection: AsyncConnection, book_id: UUID, user_id: UUID) -> AnyRow | None:
    return (await connection.execute(_members(book_id).where(BookMember.user_id == user_id))).one_or_none()


async def count_owners(connection: AsyncConnection, book_id: UUID) -> int:
    statement = select(func.count()).where(BookMember.book_id == book_id, BookMember.role == "owner")
    return (await connection.execute(statement)).scalar_one()


async def set_role(connection: AsyncConnection, book_id: UUID, user_id: UUID, role: str) -> None:
    statement = update(BookMember).where(BookMember.book_id == book_id, BookMember.user_id == user_id)
    await connection.execute(statement.values(role=role))


async def remove_member(connection: AsyncConnection, book_id: UUID, user_id: UUID) -> None:
    statement = delete(BookMember).where(BookMember.book_id == book_id, BookMember.user_id == user_id)
    await connection.execute(statement)


def _pending(book_id: UUID) -> AnySelect:
    return (
        select(
            BookInvitation.id,
            BookInvitation.role,
            BookInvitation.email,
            func.coalesce(User.full_name, User.email).label("invited_by"),
            BookInvitation.created_at,
            BookInvitation.expires_at,
        )
        .join(User, User.id == BookInvitation.inviter_id, isouter=True)
        .where(
            BookInvitation.book_id == book_id,
            BookInvitation.ended_at.is_(None),
            BookInvitation.expires_at > func.now(),
        )
    )


async def pending(connection: AsyncConnection, book_id: UUID) -> Sequence[AnyRow]:
    """Invitations that wait for an answer, the oldest first."""
    ordered = _pending(book_id).order_by(BookInvitation.created_at, BookInvitation.id)
    return (await connection.execute(ordered)).all()


async def pending_one(connection: AsyncConnection, book_id: UUID, invitation_id: UUID) -> AnyRow | None:
    return (await connection.execute(_pending(book_id).where(BookInvitation.id == invitation_id))).one_or_none()


async def count_pending(connection: AsyncConnection, book_id: UUID) -> int:
    return (await connection.execute(select(func.count()).select_from(_pending(book_id).subquery()))).scalar_one()


async def add_invitation(connection: AsyncConnection, values: dict[str, Any]) -> None:
    await connection.execute(insert(BookInvitation).values(values))


async def revoke(connection: AsyncConnection, book_id: UUID, invitation_id: UUID) -> None:
    statement = update(BookInvitation).where(BookInvitation.book_id == book_id, BookInvitation.id == invitation_id)
    await connection.execute(statement.values(ended_at=func.now(), outcome="revoked"))


async def forget_invitations(connection: AsyncConnection, book_id: UUID, before: datetime) -> None:
    """Delete those of the book that ended or expired before then: nobody asks any more how."""
    over = func.least(func.coalesce(BookInvitation.ended_at, BookInvitation.expires_at), BookInvitation.expires_at)
    await connection.execute(delete(BookInvitation).where(BookInvitation.book_id == book_id, over < before))


async def to_me(connection: AsyncConnection) -> Sequence[AnyRow]:
    return (await connection.execute(_TO_ME)).all()


async def claim(
    connection: AsyncConnection, *, token_hash: bytes | None = None, invitation_id: UUID | None = None, accept: bool
) -> AnyRow:
    """Answer an invitation, named by its token or, by the holder of its address, by its id.

    Where it is `done` the book is open, and the membership made if it was accepted; else `reason` says why not.
    """
    parameters = {"hash": token_hash, "id": invitation_id, "accept": accept}
    return (await connection.execute(_CLAIM, parameters)).one()


async def is_open(connection: AsyncConnection, token_hash: bytes) -> bool:
    """Whether an invitation can be accepted: neither ended nor expired, and its inviter still an owner, not banned."""
    return bool(await connection.scalar(_OPEN, {"hash": token_hash}))


async def spend(connection: AsyncConnection, token_hash: bytes) -> bool:
    """End an invitation as if it were accepted; False for one that is over. Nobody joins."""
    return bool(await connection.scalar(_SPEND, {"hash": token_hash}))

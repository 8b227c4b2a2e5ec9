"""Statements about sessions and refresh tokens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.models import RefreshToken, Session
from app.core.database import AnyRow


async def add_session(
    connection: AsyncConnection,
    *,
    session_id: UUID,
    user_id: UUID,
    expires_at: datetime,
    user_agent: str | None,
    address: str | None,
) -> None:
    values = {
        "id": session_id,
        "user_id": user_id,
        "expires_at": expires_at,
        "user_agent": user_agent,
        "address": address,
    }
    await connection.execute(insert(Session).values(values))


async def add_refresh_token(connection: AsyncConnection, token_hash: bytes, session_id: UUID) -> None:
    await connection.execute(insert(RefreshToken).values(token_hash=token_hash, session_id=session_id))


async def hold_refresh_token(connection: AsyncConnection, token_hash: bytes) -> AnyRow | None:
    """The token and its session; the token's row stays locked, so two uses of it come one after the other."""
    statement = (
        select(
            RefreshToken.used_at,
            Session.id.label("session_id"),
            Session.user_id,
            Session.expires_at,
            Session.revoked_at,
        )
        .join(Session, Session.id == RefreshToken.session_id)
        .where(RefreshToken.token_hash == token_hash)
        .with_for_update(of=RefreshToken)
    )
    return (await connection.execute(statement)).one_or_none()


async def spend_refresh_token(connection: AsyncConnection, token_hash: bytes) -> None:
    statement = update(RefreshToken).where(RefreshToken.token_hash == token_hash)
    await connection.execute(statement.values(used_at=func.now()))


async def extend_session(connection: AsyncConnection, session_id: UUID, expires_at: datetime) -> None:
    await connection.execute(update(Session).where(Session.id == session_id).values(expires_at=expires_at))


async def revoke_session(connection: AsyncConnection, session_id: UUID) -> None:
    statement = update(Session).where(Session.id == session_id, Session.revoked_at.is_(None))
    await connection.execute(statement.values(revoked_at=func.now()))


async def forget_ended(connection: AsyncConnection, before: datetime) -> int:
    """Delete sessions that ended before then, with their tokens; returns how many."""
    ended = delete(Session).where((Session.expires_at < before) | (Session.revoked_at < before))
    return (await connection.execute(ended)).rowcount

"""Statements about sessions and refresh tokens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.models import Password, PersonalToken, RefreshToken, Session
from app.core.database import AnyRow

_HOLD = text("SELECT * FROM session_of_refresh_token(:hash)")
_USER = text("SELECT * FROM user_for_login(:email)")
_FORGET = text("SELECT forget_ended_sessions(:before)")


async def add_session(
    connection: AsyncConnection,
    *,
    session_id: UUID,
    user_id: UUID,
    expires_at: datetime,
    user_agent: str | None,
    address: str | None,
    method: str,
) -> None:
    values = {
        "id": session_id,
        "user_id": user_id,
        "expires_at": expires_at,
        "user_agent": user_agent,
        "address": address,
        "method": method,
    }
    await connection.execute(insert(Session).values(values))


async def add_refresh_token(connection: AsyncConnection, token_hash: bytes, session_id: UUID) -> None:
    await connection.execute(insert(RefreshToken).values(token_hash=token_hash, session_id=session_id))


async def hold_refresh_token(connection: AsyncConnection, token_hash: bytes) -> AnyRow | None:
    """The token and its session; the token's row stays locked, so two uses of it come one after the other."""
    return (await connection.execute(_HOLD, {"hash": token_hash})).one_or_none()


async def user_for_login(connection: AsyncConnection, email: str) -> AnyRow | None:
    """The id, password hash (None without a password), verification and ban behind an address, whatever its case."""
    return (await connection.execute(_USER, {"email": email})).one_or_none()


async def set_password(connection: AsyncConnection, user_id: UUID, password_hash: str) -> None:
    """The person's first password, or another one; the transaction acts as them."""
    values = {"user_id": user_id, "hash": password_hash, "changed_at": func.now()}
    statement = postgresql.insert(Password).values(values)
    renewed = {"hash": statement.excluded.hash, "changed_at": statement.excluded.changed_at}
    await connection.execute(statement.on_conflict_do_update(index_elements=[Password.user_id], set_=renewed))


async def hold_password(connection: AsyncConnection, user_id: UUID) -> str | None:
    """The hash, None without a password; its row stays locked, so whoever relies on it or changes it takes turns."""
    statement = select(Password.hash).where(Password.user_id == user_id).with_for_update()
    found: str | None = await connection.scalar(statement)
    return found


async def spend_refresh_token(connection: AsyncConnection, token_hash: bytes) -> None:
    statement = update(RefreshToken).where(RefreshToken.token_hash == token_hash)
    await connection.execute(statement.values(used_at=func.now()))


async def extend_session(connection: AsyncConnection, session_id: UUID, expires_at: datetime) -> None:
    await connection.execute(update(Session).where(Session.id == session_id).values(expires_at=expires_at))


async def revoke_session(connection: AsyncConnection, session_id: UUID, because: str) -> None:
    statement = update(Session).where(Session.id == session_id, Session.revoked_at.is_(None))
    await connection.execute(statement.values(revoked_at=func.now(), revoked_because=because))


async def revoke_sessions(connection: AsyncConnection, user_id: UUID, because: str, *, but: UUID | None = None) -> None:
    """End every session of the person, or every one `but` one."""
    statement = update(Session).where(Session.user_id == user_id, Session.revoked_at.is_(None))
    if but is not None:
        statement = statement.where(Session.id != but)
    await connection.execute(statement.values(revoked_at=func.now(), revoked_because=because))


async def revoke_personal_tokens(connection: AsyncConnection, user_id: UUID) -> None:
    statement = update(PersonalToken).where(PersonalToken.user_id == user_id, PersonalToken.revoked_at.is_(None))
    await connection.execute(statement.values(revoked_at=func.now()))


async def forget_ended(connection: AsyncConnection, before: datetime) -> int:
    """Delete sessions that ended before then, and every expired one-time token; returns how many sessions."""
    return int(await connection.scalar(_FORGET, {"before": before}) or 0)

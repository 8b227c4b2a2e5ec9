"""Statements about sessions and refresh tokens."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.models import Password, PersonalToken, RefreshToken, Session
from app.core.database import AnyRow

_HOLD = text("SELECT * FROM session_of_refresh_token(:hash)")
_USER = text("SELECT * FROM user_for_login(:email)")
_LIVES = (Session.revoked_at.is_(None), Session.expires_at > func.now())
_SESSION = (
    Session.id,
    Session.user_agent,
    Session.address,
    Session.method,
    Session.created_at,
    Session.last_used_at,
    Session.expires_at,
)
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


async def add_refresh_token(
    connection: AsyncConnection, token_hash: bytes, session_id: UUID, parent_hash: bytes | None
) -> None:
    values = {"token_hash": token_hash, "session_id": session_id, "parent_hash": parent_hash}
    await connection.execute(insert(RefreshToken).values(values))


async def hold_refresh_token(connection: AsyncConnection, token_hash: bytes) -> AnyRow | None:
    """The token and its session; both stay locked, so that uses of it, and the session's end, come one by one."""
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
    """Count a use; the first one gives the token its time."""
    statement = update(RefreshToken).where(RefreshToken.token_hash == token_hash)
    used = {"used_at": func.coalesce(RefreshToken.used_at, func.now()), "uses": RefreshToken.uses + 1}
    await connection.execute(statement.values(used))


async def tell_of_success(connection: AsyncConnection, parent_hash: bytes) -> None:
    """Note on a spent token that one of its successors was exchanged: the answer had arrived."""
    statement = update(RefreshToken).where(RefreshToken.token_hash == parent_hash)
    await connection.execute(statement.values(succeeded=True))


async def extend_session(connection: AsyncConnection, session_id: UUID, expires_at: datetime) -> None:
    values = {"expires_at": expires_at, "last_used_at": func.now()}
    await connection.execute(update(Session).where(Session.id == session_id).values(values))


async def revoke_session(connection: AsyncConnection, session_id: UUID, because: str) -> bool:
    """Whether there was one of this user to revoke."""
    statement = update(Session).where(Session.id == session_id, *_LIVES)
    return bool((await connection.execute(statement.values(_revoked(because)))).rowcount)


async def revoke_sessions(connection: AsyncConnection, user_id: UUID, because: str, keep: UUID | None = None) -> int:
    """Revoke all of a person's sessions but the one to keep; returns how many there were."""
    statement = update(Session).where(Session.user_id == user_id, *_LIVES)
    if keep is not None:
        statement = statement.where(Session.id != keep)
    return (await connection.execute(statement.values(_revoked(because)))).rowcount


def _revoked(because: str) -> dict[str, Any]:
    return {"revoked_at": func.now(), "revoked_because": because}


async def live_sessions(
    connection: AsyncConnection, user_id: UUID, *, before: UUID | None, limit: int
) -> Sequence[AnyRow]:
    """A person's sessions that are not over, the newest first, from behind `before` on."""
    statement = select(*_SESSION).where(Session.user_id == user_id, *_LIVES).order_by(Session.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(Session.id < before)
    return (await connection.execute(statement)).all()


async def revoke_personal_tokens(connection: AsyncConnection, user_id: UUID) -> None:
    statement = update(PersonalToken).where(PersonalToken.user_id == user_id, PersonalToken.revoked_at.is_(None))
    await connection.execute(statement.values(revoked_at=func.now()))


async def forget_ended(connection: AsyncConnection, before: datetime) -> int:
    """Delete sessions that ended before then, and every expired one-time token; returns how many sessions."""
    return int(await connection.scalar(_FORGET, {"before": before}) or 0)

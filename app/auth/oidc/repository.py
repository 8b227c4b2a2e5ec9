"""Statements about identities, and about the sessions and people behind them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.models import Password
from app.auth.oidc.models import Identity
from app.core.database import AnyRow
from app.core.ids import new_id

_OWNER = text("SELECT * FROM user_of_identity(:issuer, :subject)")
_IS_BANNED = text("SELECT banned_at IS NOT NULL AND coalesce(banned_until > now(), true) FROM users WHERE id = :user")
_HOLD_PERSON = text("SELECT 1 FROM users WHERE id = :user FOR UPDATE")
_HAS_SESSION = text(
    """
    SELECT EXISTS (
        SELECT FROM sessions WHERE id = :session AND user_id = :user AND revoked_at IS NULL AND expires_at > now()
    )
    """
)


async def user_of_identity(connection: AsyncConnection, issuer: str, subject: str) -> AnyRow | None:
    """Whose identity it is, and whether they are banned; others who ask about it wait for this transaction."""
    return (await connection.execute(_OWNER, {"issuer": issuer, "subject": subject})).one_or_none()


async def add(connection: AsyncConnection, user_id: UUID, issuer: str, subject: str, email: str | None) -> UUID:
    """Raises `IdentityTakenError` and `IdentityExistsError` (by their constraints)."""
    identity_id = new_id()
    values = {"id": identity_id, "user_id": user_id, "issuer": issuer, "subject": subject, "email": email}
    await connection.execute(insert(Identity).values(values))
    return identity_id


async def note_use(connection: AsyncConnection, identity_id: UUID, email: str | None) -> None:
    statement = update(Identity).where(Identity.id == identity_id)
    await connection.execute(statement.values(last_used_at=func.now(), email=email))


async def of_person(connection: AsyncConnection, user_id: UUID) -> Sequence[AnyRow]:
    columns = (Identity.id, Identity.issuer, Identity.email, Identity.created_at, Identity.last_used_at)
    return (await connection.execute(select(*columns).where(Identity.user_id == user_id).order_by(Identity.id))).all()


async def delete_one(connection: AsyncConnection, user_id: UUID, identity_id: UUID) -> str | None:
    """Its issuer; None where the person has no such identity."""
    statement = delete(Identity).where(Identity.user_id == user_id, Identity.id == identity_id)
    return (await connection.execute(statement.returning(Identity.issuer))).scalar_one_or_none()


async def delete_all(connection: AsyncConnection, user_id: UUID) -> int:
    return (await connection.execute(delete(Identity).where(Identity.user_id == user_id))).rowcount


async def has_identity(connection: AsyncConnection, user_id: UUID, issuer: str) -> bool:
    found = select(Identity.id).where(Identity.user_id == user_id, Identity.issuer == issuer)
    return (await connection.execute(found)).one_or_none() is not None


async def has_password(connection: AsyncConnection, user_id: UUID) -> bool:
    found = select(Password.user_id).where(Password.user_id == user_id)
    return (await connection.execute(found)).one_or_none() is not None


async def hold_person(connection: AsyncConnection, user_id: UUID) -> None:
    """Two who take away ways in of one person come one after the other."""
    await connection.execute(_HOLD_PERSON, {"user": user_id})


async def is_banned(connection: AsyncConnection, user_id: UUID) -> bool:
    return bool(await connection.scalar(_IS_BANNED, {"user": user_id}))


async def has_session(connection: AsyncConnection, user_id: UUID, session_id: UUID) -> bool:
    """Whether the session is still open."""
    return bool(await connection.scalar(_HAS_SESSION, {"user": user_id, "session": session_id}))

"""One-time tokens: what comes back from a mail, a browser or another server proves one thing once."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.models import OneTimeToken
from app.core.clock import now
from app.core.security import digest, new_opaque_token

_REDEEM = text("SELECT * FROM redeem_one_time_token(:hash, :purpose)")


@dataclass(frozen=True)
class Redeemed:
    """Whom a token was made for, None where nobody was known, and what was put into it."""

    user_id: UUID | None
    data: dict[str, Any]


async def issue(
    connection: AsyncConnection, purpose: str, lifetime: timedelta, user_id: UUID | None = None, **data: Any
) -> str:
    """A token for this purpose and no other; only its digest is stored.

    Where it is for a person, the transaction must act as them.
    """
    token = new_opaque_token()
    values = {
        "token_hash": digest(token),
        "purpose": purpose,
        "user_id": user_id,
        "data": data,
        "expires_at": now() + lifetime,
    }
    await connection.execute(insert(OneTimeToken).values(values))
    return token


async def redeem(connection: AsyncConnection, purpose: str, token: str) -> Redeemed | None:
    """Spend a token; None for one that is unknown, spent, expired or for another purpose.

    It is spent when the transaction commits: after an error it is as it was.
    """
    row = (await connection.execute(_REDEEM, {"hash": digest(token), "purpose": purpose})).one_or_none()
    return Redeemed(row.user_id, row.data) if row is not None else None


async def look(connection: AsyncConnection, purpose: str, token: str) -> Redeemed | None:
    """What `redeem` would tell; the token stays as good as it was."""
    async with connection.begin_nested() as savepoint:
        seen = await redeem(connection, purpose, token)
        await savepoint.rollback()
    return seen


async def withdraw(connection: AsyncConnection, purpose: str, user_id: UUID) -> None:
    """Make this person's tokens for the purpose worthless; the transaction must act as them."""
    statement = delete(OneTimeToken).where(OneTimeToken.user_id == user_id, OneTimeToken.purpose == purpose)
    await connection.execute(statement)

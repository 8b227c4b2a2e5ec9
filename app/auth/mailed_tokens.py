"""Tokens that go out by mail: one live one for each person and purpose, and only for the address it was sent to."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.repository import act_as
from app.auth import once
from app.core.errors import FieldError, InvalidError
from app.users import service as users


class Purpose(StrEnum):
    RESET_PASSWORD = "reset_password"
    VERIFY_EMAIL = "verify_email"
    CHANGE_EMAIL = "change_email"


LIFETIME = {
    Purpose.RESET_PASSWORD: timedelta(hours=1),
    Purpose.VERIFY_EMAIL: timedelta(hours=24),
    Purpose.CHANGE_EMAIL: timedelta(hours=24),
}


class TokenNotValidError(InvalidError):
    code = "token_not_valid"
    title = "This token is not valid"


def token_not_valid() -> TokenNotValidError:
    detail = "is unknown, used, withdrawn or expired; ask for another mail"
    return TokenNotValidError(FieldError("token", "token_not_valid", detail))


async def renew(connection: AsyncConnection, purpose: Purpose, user_id: UUID, email: str) -> str:
    """A token that goes to this address; those for the purpose before it are worthless from now on.

    The transaction acts as the person.
    """
    await users.hold(connection, user_id)
    await once.withdraw(connection, purpose, user_id)
    return await once.issue(connection, purpose, LIFETIME[purpose], user_id, email=email)


@dataclass(frozen=True)
class Mailed:
    """What a token was made for, whose it is, and the address it went to."""

    purpose: Purpose
    user_id: UUID
    email: str


async def find(connection: AsyncConnection, token: str, *purposes: Purpose) -> Mailed | None:
    """What `redeem` would tell of the one purpose it is good for; the token stays good, and nobody is acted as."""
    for purpose in purposes:
        seen = await once.look(connection, purpose, token)
        if seen is not None and seen.user_id is not None:
            return Mailed(purpose, seen.user_id, str(seen.data["email"]))
    return None


async def redeem(connection: AsyncConnection, purpose: Purpose, token: str) -> tuple[UUID, str] | None:
    """Whose token it is and the address it went to, None for a worthless one; the transaction acts as them then."""
    redeemed = await once.redeem(connection, purpose, token)
    if redeemed is None or redeemed.user_id is None:
        return None
    await act_as(connection, redeemed.user_id)
    return redeemed.user_id, str(redeemed.data["email"])


async def withdraw(connection: AsyncConnection, user_id: UUID, *purposes: Purpose) -> None:
    for purpose in purposes:
        await once.withdraw(connection, purpose, user_id)

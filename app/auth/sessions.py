"""Sessions that renew themselves by rotation."""

import structlog

from app.access.repository import act_as
from app.auth import repository
from app.auth.door import Door
from app.auth.schemas import Tokens
from app.core.clock import now
from app.core.errors import UnauthenticatedError
from app.core.security import digest

log = structlog.get_logger("finance.auth")


async def refresh(door: Door, refresh_token: str) -> Tokens | None:
    """The next pair of tokens; the old refresh token is spent.

    None when a spent token comes back: then somebody else has it, and the whole session is revoked. That has to
    be committed, so it is a value and not an error. Raises `UnauthenticatedError` for unknown and ended ones.
    """
    token_hash = digest(refresh_token)
    held = await repository.hold_refresh_token(door.connection, token_hash)
    if held is None or held.revoked_at is not None or held.expires_at <= now() or held.banned:
        raise UnauthenticatedError("This refresh token is not known or its session is over; log in again.")
    await act_as(door.connection, held.user_id)
    if held.used_at is not None:
        await repository.revoke_session(door.connection, held.session_id, "refresh_token_reused")
        log.warning("refresh_token_reused", session_id=str(held.session_id), user_id=str(held.user_id))
        return None
    await repository.spend_refresh_token(door.connection, token_hash)
    await repository.extend_session(door.connection, held.session_id, now() + door.session_lifetime)
    return await door.hand_out(held.user_id, held.session_id)


async def logout(door: Door, refresh_token: str) -> None:
    """Revoke the session of this token; a token that is not known is as good as logged out."""
    held = await repository.hold_refresh_token(door.connection, digest(refresh_token))
    if held is not None:
        await act_as(door.connection, held.user_id)
        await repository.revoke_session(door.connection, held.session_id, "logout")

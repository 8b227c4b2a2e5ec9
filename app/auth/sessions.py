"""Sessions: renewed by rotation, listed, ended."""

from typing import Any
from uuid import UUID

import structlog

from app.access.audit import tell
from app.access.context import Actor
from app.access.last_uses import LastUses
from app.access.repository import act_as
from app.auth import repository
from app.auth.door import Door
from app.auth.mailed_tokens import Purpose, withdraw
from app.auth.schemas import Tokens
from app.core.clock import now
from app.core.database import AnyRow
from app.core.errors import NotFoundError, UnauthenticatedError
from app.core.pagination import PageRequest, bad_cursor, decode_cursor, encode_cursor
from app.core.security import digest

MOST_USES = 5
"""How often a refresh token may be exchanged within its grace, the first time included."""
SORT = "-id"

log = structlog.get_logger("finance.auth")


async def refresh(door: Door, refresh_token: str, address: str | None = None) -> Tokens | None:
    """The next pair of tokens; the old refresh token is spent.

    None when a spent token comes back and it is no honest double (`_is_double`): then somebody else has it, and the
    whole session is revoked. That has to be committed, so it is a value and not an error. Raises
    `UnauthenticatedError` for unknown and ended ones.
    """
    token_hash = digest(refresh_token)
    held = await repository.hold_refresh_token(door.connection, token_hash)
    if held is None or held.revoked_at is not None or held.expires_at <= now() or held.banned:
        raise UnauthenticatedError("This refresh token is not known or its session is over; log in again.")
    await act_as(door.connection, held.user_id)
    if held.uses and not _is_double(held, door.settings.refresh_grace_seconds):
        await _revoke_family(door, held, address)
        return None
    await repository.spend_refresh_token(door.connection, token_hash)
    if held.uses:
        log.info("refresh_token_doubled", session_id=str(held.session_id), user_id=str(held.user_id))
    elif held.parent_hash is not None:
        await repository.tell_of_success(door.connection, held.parent_hash)
    await repository.extend_session(door.connection, held.session_id, now() + door.session_lifetime)
    return await door.hand_out(held.user_id, held.session_id, parent_hash=token_hash)


def _is_double(held: AnyRow, grace_seconds: int) -> bool:
    """Whether a client may just have asked twice: soon after the first time, and while no answer shows it arrived."""
    return held.used_seconds_ago < grace_seconds and not held.succeeded and held.uses < MOST_USES


async def _revoke_family(door: Door, held: AnyRow, address: str | None) -> None:
    await repository.revoke_session(door.connection, held.session_id, "refresh_token_reused")
    log.warning("refresh_token_reused", session_id=str(held.session_id), user_id=str(held.user_id))
    # Whoever sent it has proved nothing: the entry has no actor.
    await tell(
        door.connection,
        "refresh_token_reused",
        actor_id=None,
        subject_id=held.user_id,
        address=address,
        session_id=held.session_id,
    )


async def logout(door: Door, refresh_token: str) -> None:
    """Revoke the session of this token; a token that is not known is as good as logged out."""
    held = await repository.hold_refresh_token(door.connection, digest(refresh_token))
    if held is not None:
        await act_as(door.connection, held.user_id)
        await repository.revoke_session(door.connection, held.session_id, "logout")


async def list_live(actor: Actor, page: PageRequest, last_uses: LastUses) -> dict[str, Any]:
    """A page of the actor's sessions, the newest first; their last use counts what is not written yet."""
    before = _place(page.cursor) if page.cursor is not None else None
    rows = await repository.live_sessions(actor.connection, actor.user_id, before=before, limit=page.limit + 1)
    items = [_shown(row, actor, last_uses) for row in rows[: page.limit]]
    more = len(rows) > page.limit
    return {"items": items, "next_cursor": encode_cursor(SORT, [items[-1]["id"]]) if more else None}


def _place(cursor: str) -> UUID:
    try:
        return UUID(decode_cursor(cursor, SORT, 1)[0])
    except (ValueError, TypeError, AttributeError):
        raise bad_cursor() from None


def _shown(row: AnyRow, actor: Actor, last_uses: LastUses) -> dict[str, Any]:
    use = last_uses.of(row.id)
    return {
        "id": row.id,
        "device": row.user_agent,
        "address": row.address,
        "method": row.method,
        "created_at": row.created_at,
        "last_used_at": max(row.last_used_at, use.at) if use is not None else row.last_used_at,
        "expires_at": row.expires_at,
        "current": row.id == actor.session_id,
    }


async def end(actor: Actor, session_id: UUID, address: str | None) -> None:
    """Revoke one session of the actor's, which may be the present one. Raises `NotFoundError`."""
    if not await repository.revoke_session(actor.connection, session_id, "revoked"):
        raise NotFoundError("You have no session with this id, or it is over.")
    await tell(
        actor.connection,
        "session_revoked",
        actor_id=actor.user_id,
        subject_id=actor.user_id,
        address=address,
        session_id=session_id,
    )


async def end_all(actor: Actor, address: str | None, *, keep_current: bool) -> int:
    """Revoke every session of the actor's, or every other one; returns how many.

    A change of address that one of them began comes to nothing: it may have been somebody else's.
    """
    keep = actor.session_id if keep_current else None
    ended = await repository.revoke_sessions(actor.connection, actor.user_id, "logout_all", keep)
    await withdraw(actor.connection, actor.user_id, Purpose.CHANGE_EMAIL)
    await tell(
        actor.connection,
        "sessions_revoked",
        actor_id=actor.user_id,
        subject_id=actor.user_id,
        address=address,
        ended=ended,
        kept=keep,
    )
    return ended

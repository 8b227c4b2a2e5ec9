"""Personal access tokens: for scripts, with scopes, for a time."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.access.audit import tell
from app.access.context import Actor
from app.access.last_uses import LastUses
from app.auth import mails
from app.auth import token_repository as repository
from app.auth.token_schemas import PersonalTokenIn
from app.core.clock import now
from app.core.config import Settings
from app.core.database import AnyRow
from app.core.errors import ConflictError, FieldError, InvalidError, NotFoundError, invalid
from app.core.ids import new_id
from app.core.security import PERSONAL_TOKEN, digest, new_opaque_token
from app.mail.outbox import post
from app.users import service as users

MOST_TOKENS = 50
DEFAULT_DAYS = 90
SHOWN_CHARACTERS = 6
"""How much of a token's random part stays readable; 220 of its 256 bits are left to guess."""


class TooManyTokensError(ConflictError):
    code = "too_many_tokens"
    title = "You have too many personal access tokens"


async def list_scopes(actor: Actor) -> list[AnyRow]:
    """What the actor may give to a token of theirs."""
    return list(await repository.scopes_of_role(actor.connection, actor.role))


async def create(actor: Actor, body: PersonalTokenIn, settings: Settings, address: str | None) -> dict[str, Any]:
    """A new token of a confirmed actor's, as it is shown this once; they are told by mail.

    Raises `InvalidError` for scopes that they cannot give and an expiry that is past or too far, and
    `TooManyTokensError`.
    """
    scopes = sorted(set(body.scopes))
    grantable = {row.name for row in await list_scopes(actor)}
    errors = [
        FieldError(f"scopes.{place}", "not_grantable", "is no scope that you can give; GET /auth/scopes lists them")
        for place, scope in enumerate(body.scopes)
        if scope not in grantable
    ]
    if errors:
        raise InvalidError(errors)
    expires_at = _expiry(body, settings.personal_token_max_days)
    if await repository.hold_and_count(actor.connection, actor.user_id) >= MOST_TOKENS:
        raise TooManyTokensError(f"Nobody has more than {MOST_TOKENS} personal access tokens; delete one first.")
    secret = new_opaque_token()
    token = PERSONAL_TOKEN + secret
    values = {
        "id": new_id(),
        "user_id": actor.user_id,
        "name": body.name,
        "prefix": PERSONAL_TOKEN + secret[:SHOWN_CHARACTERS],
        "token_hash": digest(token),
        "scopes": scopes,
        "expires_at": expires_at,
    }
    row = await repository.add(actor.connection, values)
    await _tell(actor, "personal_token_created", row, address)
    words = mails.token_made(settings, body.name, scopes, expires_at)
    await post(actor.connection, (await users.get(actor.connection, actor.user_id)).email, words.subject, words.body)
    return {**row._asdict(), "token": token}


def _expiry(body: PersonalTokenIn, max_days: int) -> datetime:
    started = now()
    latest = started + timedelta(days=max_days)
    if body.expires_at is not None and body.expires_in_days is not None:
        raise invalid("expires_at", "expiry_given_twice", "give expires_in_days or expires_at, not both")
    if body.expires_at is None:
        days = body.expires_in_days or min(DEFAULT_DAYS, max_days)
        if days > max_days:
            raise invalid("expires_in_days", "too_far_ahead", f"a token lives {max_days} days at most on this server")
        return started + timedelta(days=days)
    if body.expires_at <= started:
        raise invalid("expires_at", "in_the_past", "is past")
    if body.expires_at > latest:
        raise invalid("expires_at", "too_far_ahead", f"a token lives {max_days} days at most on this server")
    return body.expires_at


async def list_all(actor: Actor, last_uses: LastUses) -> list[dict[str, Any]]:
    """The actor's tokens, the newest first, until housekeeping forgets the expired ones."""
    return [_shown(row, last_uses) for row in await repository.of_user(actor.connection, actor.user_id)]


async def get(actor: Actor, token_id: UUID, last_uses: LastUses) -> dict[str, Any]:
    """Raises `NotFoundError`."""
    row = await repository.get(actor.connection, actor.user_id, token_id)
    if row is None:
        raise _unknown()
    return _shown(row, last_uses)


async def delete(actor: Actor, token_id: UUID, address: str | None) -> None:
    """The token opens nothing from the next request on. Raises `NotFoundError`."""
    row = await repository.remove(actor.connection, actor.user_id, token_id)
    if row is None:
        raise _unknown()
    await _tell(actor, "personal_token_deleted", row, address)


def _unknown() -> NotFoundError:
    return NotFoundError("You have no personal access token with this id.")


def _shown(row: AnyRow, last_uses: LastUses) -> dict[str, Any]:
    shown = row._asdict()
    use = last_uses.of(row.id)
    if use is not None and (row.last_used_at is None or use.at > row.last_used_at):
        shown |= {"last_used_at": use.at, "last_address": use.address}
    return shown


async def _tell(actor: Actor, action: str, row: AnyRow, address: str | None) -> None:
    await tell(
        actor.connection,
        action,
        actor_id=actor.user_id,
        subject_id=actor.user_id,
        address=address,
        token_id=row.id,
        name=row.name,
        scopes=row.scopes,
        expires_at=row.expires_at,
    )

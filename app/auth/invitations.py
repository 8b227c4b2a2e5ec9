"""Invitations to register: who may hand them out, and what they are worth at the door."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.audit import tell
from app.access.context import Actor
from app.auth import mails
from app.auth.address_models import Invitation
from app.auth.door import Door
from app.core.clock import now
from app.core.config import Settings
from app.core.database import AnyRow
from app.core.errors import ForbiddenError, NotFoundError
from app.core.identity_settings import Registration
from app.core.ids import new_id
from app.core.pagination import PageRequest, bad_cursor, decode_cursor, encode_cursor
from app.core.security import digest, new_opaque_token
from app.households.invitations import is_open
from app.mail.outbox import post

LIFETIME = timedelta(days=7)
SORT = "-id"
_SHOWN = (Invitation.id, Invitation.email, Invitation.invited_by, Invitation.created_at, Invitation.expires_at)
_REDEEM = text("SELECT * FROM redeem_invitation(:hash, :email)")


class RegistrationClosedError(ForbiddenError):
    code = "registration_closed"
    title = "Registration is closed"


class InvitationRequiredError(ForbiddenError):
    code = "invitation_required"
    title = "Registration needs an invitation"


@dataclass(frozen=True)
class Permit:
    """That somebody may register; `verified` when their invitation went to their address."""

    verified: bool = False
    to_book: bool = False
    """The invitation is one to a book, which the new person joins with it."""


async def registration_allowed(door: Door, token: str | None, email: str) -> Permit:
    """Whether somebody with this address, and perhaps an invitation, may register; the invitation is spent.

    Every kind of invitation that lets people in is asked here. Raises `RegistrationClosedError` and
    `InvitationRequiredError`, and says nothing of whether the address is known.
    """
    if door.settings.registration is Registration.CLOSED:
        raise RegistrationClosedError("This server takes no registrations; ask the person who runs it.")
    invitation = await _redeem(door.connection, token, email) if token is not None else None
    if invitation is not None:
        return Permit(verified=invitation.email is not None)
    if token is not None and await is_open(door.connection, token):
        return Permit(to_book=True)
    if door.settings.registration is Registration.INVITE:
        raise InvitationRequiredError(
            "Send an `invitation` that is not used or expired, of somebody who may still invite; one that was made for "
            "an address is for that alone."
        )
    return Permit()


async def _redeem(connection: AsyncConnection, token: str, email: str) -> AnyRow | None:
    return (await connection.execute(_REDEEM, {"hash": digest(token), "email": email})).one_or_none()


@dataclass(frozen=True)
class Invited:
    """A new invitation, with the token that is shown once; None where it is mailed."""

    id: UUID
    email: str | None
    invited_by: UUID
    created_at: datetime
    expires_at: datetime
    token: str | None


async def invite(actor: Actor, settings: Settings, email: str | None) -> Invited:
    """An invitation for whoever holds its token, or for one address, which gets it by mail and by mail alone.

    So who comes with it has read that mail, and their address is proved. Nothing tells here whether somebody has the
    address: their invitation is of no use.
    """
    await actor.connection.execute(delete(Invitation).where(Invitation.expires_at < func.now()))
    token = new_opaque_token()
    shown = token if email is None else None
    made = Invited(new_id(), email, actor.user_id, now(), now() + LIFETIME, shown)
    values = {
        "id": made.id,
        "token_hash": digest(token),
        "email": email,
        "invited_by": actor.user_id,
        "created_at": made.created_at,
        "expires_at": made.expires_at,
    }
    await actor.connection.execute(insert(Invitation).values(values))
    await tell(actor.connection, "invitation_created", actor_id=actor.user_id, invitation_id=made.id)
    if email is not None:
        words = mails.invitation(settings, token)
        await post(actor.connection, email, words.subject, words.body)
    return made


async def listed(actor: Actor, page: PageRequest) -> dict[str, object]:
    """The invitations that are not used or expired, the newest first; each as good as its sender's permission."""
    statement = select(*_SHOWN).where(Invitation.expires_at > func.now()).order_by(Invitation.id.desc())
    if page.cursor is not None:
        statement = statement.where(Invitation.id < _id_in(page.cursor))
    rows = (await actor.connection.execute(statement.limit(page.limit + 1))).all()
    items = rows[: page.limit]
    more = encode_cursor(SORT, (items[-1].id,)) if len(rows) > page.limit else None
    return {"items": items, "next_cursor": more}


def _id_in(cursor: str) -> UUID:
    try:
        return UUID(decode_cursor(cursor, SORT, 1)[0])
    except (ValueError, AttributeError, TypeError):
        raise bad_cursor() from None


async def revoke(actor: Actor, invitation_id: UUID) -> None:
    """Make an invitation worthless; raises `NotFoundError` where there is none that could be used."""
    statement = delete(Invitation).where(Invitation.id == invitation_id, Invitation.expires_at > func.now())
    if not (await actor.connection.execute(statement)).rowcount:
        raise NotFoundError("There is no such invitation; it may be used, revoked or expired.")
    await tell(actor.connection, "invitation_revoked", actor_id=actor.user_id, invitation_id=invitation_id)

"""Inviting to a book, and answering an invitation.

A token lets its holder in, whoever they are: it went to one address, or an owner passed it on. Who has verified the
address that an invitation was sent to needs no token.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.context import Actor, BookReader, BookWriter, Event
from app.access.opening import close_book, take_book
from app.books import service as books
from app.core.clock import now
from app.core.database import AnyRow
from app.core.ids import new_id
from app.core.security import digest, new_opaque_token
from app.households import members, repository
from app.households.errors import (
    AlreadyMemberError,
    InvitationNotFoundError,
    InvitationOverError,
    TooManyInvitationsError,
)
from app.households.schemas import BookInvitationIn
from app.mail.outbox import post

ENTITY = "invitation"
MOST_PENDING = 50
KEPT_FOR = timedelta(days=30)
"""How long one that is over can still say how it ended."""


@dataclass(frozen=True)
class Invitation:
    """A new invitation, with its token and its link: this once."""

    row: AnyRow
    token: str
    link: str

    def document(self) -> dict[str, Any]:
        return {**self.row._mapping, "token": self.token, "link": self.link}  # noqa: SLF001  # the documented way


async def create(book: BookWriter, body: BookInvitationIn, public_url: str) -> Invitation:
    """Owners only. Raises `TooManyInvitationsError`, and `AlreadyMemberError` for the address of a member."""
    await members.check_owner(book)
    await repository.forget_invitations(book.connection, book.book_id, now() - KEPT_FOR)
    if await repository.count_pending(book.connection, book.book_id) >= MOST_PENDING:
        raise TooManyInvitationsError(MOST_PENDING)
    if body.email is not None:
        present = {member.email.lower() for member in await members.every(book)}
        if body.email.lower() in present:
            raise AlreadyMemberError("The person of this address is a member already; change their role instead.")
    token = new_opaque_token()
    invitation_id = new_id()
    values = {
        "book_id": book.book_id,
        "id": invitation_id,
        "inviter_id": book.actor.user_id,
        "role": body.role,
        "email": body.email,
        "token_hash": digest(token),
        "expires_at": now() + timedelta(days=body.expires_in_days),
    }
    await repository.add_invitation(book.connection, values)
    row = await _pending(book, invitation_id)
    book.record(Event(ENTITY, invitation_id, "created", after=_image(body.role, row.expires_at)))
    # Behind the fragment sign nothing is sent to a server, so neither its log nor a Referer gets the token.
    made = Invitation(row, token, f"{public_url}/docs#/members/accept_invitation_token/{token}")
    if body.email is not None:
        await _mail(book, body.email, made)
    return made


async def pending(book: BookReader) -> Sequence[AnyRow]:
    """Owners only."""
    await members.check_owner(book)
    return await repository.pending(book.connection, book.book_id)


async def revoke(book: BookWriter, invitation_id: UUID) -> None:
    """Owners only. Raises `InvitationNotFoundError` for one that waits for no answer."""
    await members.check_owner(book)
    row = await _pending(book, invitation_id)
    await repository.revoke(book.connection, book.book_id, invitation_id)
    book.record(Event(ENTITY, invitation_id, "deleted", before=_image(row.role, row.expires_at)))


async def to_me(actor: Actor) -> Sequence[AnyRow]:
    """Those to the person's verified address; none without one."""
    return await repository.to_me(actor.connection)


async def is_open(connection: AsyncConnection, token: str) -> bool:
    """Whether a token could be accepted now; it says so before anybody is known."""
    return await repository.is_open(connection, digest(token))


async def accept_token(actor: Actor, token: str) -> AnyRow:
    """Join by a token; returns the book as its new member sees it. Raises as `accept`."""
    claimed = await repository.claim(actor.connection, token_hash=digest(token), accept=True)
    return await _joined(actor, claimed)


async def spend(connection: AsyncConnection, token: str) -> None:
    """End an invitation like `accept_token`, without anybody who joins. Raises `InvitationOverError`."""
    if not await repository.spend(connection, digest(token)):
        raise InvitationOverError("accepted")


async def accept(actor: Actor, invitation_id: UUID) -> AnyRow:
    """Join by an invitation to one's verified address.

    Raises `InvitationNotFoundError`, `InvitationOverError`, and `AlreadyMemberError`, which leaves the role as it is.
    """
    claimed = await repository.claim(actor.connection, invitation_id=invitation_id, accept=True)
    return await _joined(actor, claimed)


async def decline(actor: Actor, invitation_id: UUID) -> None:
    """Raises `InvitationNotFoundError` and `InvitationOverError`."""
    claimed = await repository.claim(actor.connection, invitation_id=invitation_id, accept=False)
    _check(claimed)
    book = await take_book(actor, claimed.book_id, claimed.role)
    _record_end(book, claimed)
    await close_book(book)


async def _joined(actor: Actor, claimed: AnyRow) -> AnyRow:
    _check(claimed)
    book = await take_book(actor, claimed.book_id, claimed.role)
    _record_end(book, claimed)
    joined = await repository.member(book.connection, book.book_id, actor.user_id)
    book.record(Event(members.ENTITY, actor.user_id, "created", after=members.image(joined)))  # type: ignore[arg-type]  # it was just made
    await close_book(book)
    return await books.get(book)


def _check(claimed: AnyRow) -> None:
    if claimed.done:
        return
    if claimed.reason == "unknown":
        raise InvitationNotFoundError
    if claimed.reason == "member":
        raise AlreadyMemberError("You are a member of this book already; your role stays as it is.")
    raise InvitationOverError(claimed.reason)


def _record_end(book: BookWriter, claimed: AnyRow) -> None:
    before = _image(claimed.role, claimed.expires_at)
    book.record(Event(ENTITY, claimed.invitation_id, claimed.reason, before=before))


async def _pending(book: BookReader, invitation_id: UUID) -> AnyRow:
    row = await repository.pending_one(book.connection, book.book_id, invitation_id)
    if row is None:
        raise InvitationNotFoundError
    return row


def _image(role: str, expires_at: datetime) -> dict[str, Any]:
    """For the log, which never forgets: neither the token nor the address of somebody who may never join."""
    return {"role": role, "expires_at": expires_at}


async def _mail(book: BookWriter, recipient: str, made: Invitation) -> None:
    name = (await books.get(book)).name
    subject = f"{made.row.invited_by} invites you to the book {name}"
    body = (
        f"{made.row.invited_by} would like to share the book “{name}” with you as {made.row.role}.\n\n"
        f"Join on this page, with the token below:\n\n{made.link}\n\n"
        f"The token, for POST /api/v1/invitations/accept:\n\n{made.token}\n\n"
        f"It works once, until {made.row.expires_at:%Y-%m-%d %H:%M} UTC. Whoever has it can join: do not pass it on.\n"
        "If you do not know what this is about, do nothing.\n"
    )
    await post(book.connection, recipient, subject, body)

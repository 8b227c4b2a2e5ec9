"""Which person of ours somebody is who comes from the provider: the rules of docs/single-sign-on.md."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.audit import tell
from app.access.context import Actor
from app.access.repository import act_as
from app.auth import repository as logins
from app.auth.invitations import RegistrationClosedError
from app.auth.oidc import repository
from app.auth.oidc.errors import (
    AccountBannedError,
    EmailMissingError,
    EmailUnverifiedError,
    IdentityExistsError,
    IdentityTakenError,
    LinkNeededError,
)
from app.auth.oidc.person import Person
from app.auth.registration import BOOK_NAME
from app.core.config import Settings
from app.core.database import constraint_means
from app.core.identity_settings import Registration
from app.core.ids import new_id
from app.mail.outbox import post
from app.onboarding.service import start_book
from app.users import service as users


def _taken() -> IdentityTakenError:
    return IdentityTakenError("This identity is linked to another account here; unlink it there first.")


def _exists() -> IdentityExistsError:
    return IdentityExistsError("Your account is linked to another identity of this provider; unlink that one first.")


constraint_means("uq_identities_issuer_subject", _taken)
constraint_means("uq_identities_user_id_issuer", _exists)


@dataclass(frozen=True)
class Visitor:
    """Somebody from the provider, with what it takes to find or make their account."""

    connection: AsyncConnection
    settings: Settings
    person: Person
    address: str | None
    """Where their browser is, for the audit."""


async def user_of(visitor: Visitor) -> UUID:
    """The account that this person logs in to: found, linked or made. The transaction acts as them from then on.

    Raises `AccountBannedError`, `LinkNeededError`, `EmailMissingError`, `EmailUnverifiedError` and
    `RegistrationClosedError`.
    """
    connection, person = visitor.connection, visitor.person
    found = await repository.user_of_identity(connection, person.issuer, person.subject)
    if found is not None:
        if found.banned:
            raise _banned()
        await act_as(connection, found.user_id)
        await repository.note_use(connection, found.identity_id, person.email)
        return UUID(str(found.user_id))
    if person.email is None:
        raise EmailMissingError("The provider tells no e-mail address of yours, and an account needs one.")
    # Whoever the provider lets in under an address that it did not prove may be anybody. So nothing is linked, no
    # account is made that its owner might come to later, and nobody hears who is known here.
    if not person.email_verified:
        raise EmailUnverifiedError(
            "The provider does not say that it verified your address. Log in or register with a password, and link "
            "your identity from there."
        )
    local = await logins.user_for_login(connection, person.email)
    if local is None:
        return await _register(visitor, person.email)
    # So may whoever registered an address here and did not prove it.
    if local.email_verified_at is None:
        raise _link_needed()
    if local.banned:
        raise _banned()
    await act_as(connection, local.user_id)
    # An address may have passed to somebody else at the provider, who is another subject there.
    if await repository.has_identity(connection, local.user_id, person.issuer):
        raise _link_needed()
    await _link(visitor, local.user_id, local.email, because="verified_address")
    return UUID(str(local.user_id))


async def link_to(visitor: Visitor, user_id: UUID) -> None:
    """Link the identity to somebody who is signed in, as whom the transaction acts; again is no mistake.

    Raises `IdentityTakenError` where it is somebody else's, `IdentityExistsError` where they have another one.
    """
    connection, person = visitor.connection, visitor.person
    found = await repository.user_of_identity(connection, person.issuer, person.subject)
    if found is None:
        recipient = (await users.get(connection, user_id)).email
        await _link(visitor, user_id, recipient, because="asked_for")
    elif found.user_id != user_id:
        raise _taken()


async def _link(visitor: Visitor, user_id: UUID, recipient: str, *, because: str) -> None:
    connection, person = visitor.connection, visitor.person
    await repository.add(connection, user_id, person.issuer, person.subject, person.email)
    await tell(
        connection,
        "identity_linked",
        actor_id=user_id,
        subject_id=user_id,
        address=visitor.address,
        issuer=person.issuer,
        because=because,
    )
    body = (
        f"Your account is now linked to {visitor.settings.oidc_name} ({person.issuer}): who logs in there as "
        f"{person.email or 'you'} is let in here.\n\nIf that was not you, log in, unlink it, and change your password."
    )
    await post(connection, recipient, "Single sign-on was linked to your account", body)


def may_register(settings: Settings) -> bool:
    """Whether somebody without an account gets one by coming from the provider.

    By invitation only, nobody does: an invitation is given at registration, before the provider is asked.
    """
    return settings.oidc_registration and settings.registration is Registration.OPEN


async def _register(visitor: Visitor, email: str) -> UUID:
    """An account with a book, under the address that the provider verified, and without a password."""
    connection, person = visitor.connection, visitor.person
    if not may_register(visitor.settings):
        raise RegistrationClosedError("You have no account here, and this server makes none for you; ask who runs it.")
    user_id = new_id()
    role = await users.add(
        connection,
        user_id=user_id,
        email=email,
        full_name=person.full_name,
        time_zone=person.time_zone,
        verified=True,
    )
    book = await start_book(Actor(user_id, role, person.time_zone, connection), BOOK_NAME, None)
    await users.set_default_book(connection, user_id, book.book_id)
    await repository.add(connection, user_id, person.issuer, person.subject, email)
    await tell(
        connection,
        "identity_registered",
        actor_id=user_id,
        subject_id=user_id,
        address=visitor.address,
        issuer=person.issuer,
    )
    return user_id


def _banned() -> AccountBannedError:
    return AccountBannedError("This account is banned; ask the person who runs this server.")


def _link_needed() -> LinkNeededError:
    return LinkNeededError(
        "An account with this address is here and cannot be taken for yours. Log in to it with its password, verify "
        "its address, and link it from there."
    )

"""Passkeys: adding and removing them, and letting people in by what one signs."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit
from app.access.context import Actor
from app.access.repository import act_as
from app.auth import ceremonies, factor_notices, once
from app.auth import factor_repository as repository
from app.auth.ceremonies import Document, Known
from app.auth.door import Device, Door
from app.auth.schemas import Tokens
from app.core.clock import now
from app.core.database import AnyRow, constraint_means
from app.core.errors import ConflictError, DomainError, FieldError, InvalidError, NotFoundError, UnauthenticatedError
from app.core.identity_settings import EmailVerification
from app.core.ids import new_id

AT_MOST = 20
CHALLENGE_HOLDS = timedelta(minutes=5)
REGISTRATION = "passkey_registration"
LOGIN = "passkey_login"
CONFIRMATION = "passkey_confirmation"


class WrongPasskeyError(UnauthenticatedError):
    code = "wrong_credentials"
    title = "The passkey was not accepted"


class BadPasskeyError(InvalidError):
    code = "bad_passkey"
    title = "The passkey cannot be added"


class PasskeyKnownError(ConflictError):
    code = "passkey_known"
    title = "This passkey is registered"


class TooManyPasskeysError(ConflictError):
    code = "too_many_passkeys"
    title = "Too many passkeys"


class NoPasskeysError(ConflictError):
    code = "no_passkeys"
    title = "You have no passkeys"


constraint_means(
    "uq_passkeys_credential_id", lambda: PasskeyKnownError("This passkey is registered already; choose another one.")
)


async def registration_options(actor: Actor, door: Door) -> Document:
    """What a browser needs to make a passkey for a confirmed actor. Raises `TooManyPasskeysError`."""
    email = await repository.hold(door.connection, actor.user_id)
    known = await _known(door.connection, actor.user_id)
    _check_room(len(known))
    challenge = await once.issue(door.connection, REGISTRATION, CHALLENGE_HOLDS, actor.user_id)
    party = ceremonies.relying_party(door.settings.public_url)
    return ceremonies.registration_options(party, challenge, actor.user_id, email, known)


async def add(actor: Actor, door: Door, name: str, credential: Document, device: Device) -> AnyRow:
    """Keep the passkey that a browser made for a confirmed actor.

    Raises `BadPasskeyError` for one that was not made for this person, server and challenge, `PasskeyKnownError` and
    `TooManyPasskeysError`.
    """
    email = await repository.hold(door.connection, actor.user_id)
    challenge = ceremonies.challenge_in(credential)
    redeemed = await once.redeem(door.connection, REGISTRATION, challenge) if challenge else None
    if challenge is None or redeemed is None or redeemed.user_id != actor.user_id:
        detail = "the challenge is not one that was made for you, or was used, or is older than five minutes"
        raise BadPasskeyError(FieldError("credential", "bad_challenge", detail))
    party = ceremonies.relying_party(door.settings.public_url)
    made = ceremonies.verified_registration(party, challenge, credential)
    if made is None:
        detail = "it was not made for this server with your fingerprint, face or PIN, or is of a kind not known here"
        raise BadPasskeyError(FieldError("credential", "not_accepted", detail))
    _check_room(await repository.count_passkeys(door.connection, actor.user_id))
    passkey_id = new_id()
    values = {
        "id": passkey_id,
        "user_id": actor.user_id,
        "name": name,
        "credential_id": made.credential_id,
        "public_key": made.public_key,
        "sign_count": made.sign_count,
        "transports": sorted(ceremonies.TRANSPORTS.intersection(credential["response"]["transports"])),
        "backed_up": made.backed_up,
    }
    await repository.add_passkey(door.connection, values)
    await _tell(actor, door, email, device, "passkey_added", f'A passkey, called "{name}", was added.', passkey_id)
    return next(row for row in await repository.passkeys(door.connection, actor.user_id) if row.id == passkey_id)


async def every(actor: Actor) -> list[AnyRow]:
    return await repository.passkeys(actor.connection, actor.user_id)


async def rename(actor: Actor, passkey_id: UUID, name: str) -> AnyRow:
    row = await repository.change_passkey(actor.connection, passkey_id, actor.user_id, name=name)
    if row is None:
        raise _unknown()
    return row


async def remove(actor: Actor, door: Door, passkey_id: UUID, device: Device) -> None:
    """For a confirmed actor."""
    email = await repository.hold(door.connection, actor.user_id)
    name = await repository.remove_passkey(door.connection, passkey_id, actor.user_id)
    if name is None:
        raise _unknown()
    await _tell(actor, door, email, device, "passkey_removed", f'The passkey "{name}" was removed.', passkey_id)


async def login_options(door: Door) -> Document:
    """What a browser needs to let somebody choose a passkey; it is not known yet who it is."""
    challenge = await once.issue(door.connection, LOGIN, CHALLENGE_HOLDS)
    return ceremonies.assertion_options(ceremonies.relying_party(door.settings.public_url), challenge, [])


async def login(door: Door, credential: Document, device: Device) -> Tokens | DomainError:
    """Open a session by what a passkey signed. It counts as two factors: who holds it, and a verified user.

    Whatever is wrong is answered alike, and as a value: the challenge is used up, and a counter that went back is in
    the audit.
    """
    held = await _accepted(door, LOGIN, None, credential, device)
    if held is None:
        return WrongPasskeyError("This passkey is not known here, or what it signed cannot be accepted.")
    return await door.open_session(held.user_id, device, "passkey")


async def confirmation_options(actor: Actor, door: Door) -> Document:
    """What a browser needs to have one of this person's passkeys sign. Raises `NoPasskeysError`."""
    known = await _known(door.connection, actor.user_id)
    if not known:
        raise NoPasskeysError("You have no passkeys; confirm with your password.")
    challenge = await once.issue(door.connection, CONFIRMATION, CHALLENGE_HOLDS, actor.user_id)
    return ceremonies.assertion_options(ceremonies.relying_party(door.settings.public_url), challenge, known)


async def confirms(actor: Actor, door: Door, credential: Document, device: Device) -> bool:
    """Whether one of this person's passkeys signed a challenge of theirs, which is used up."""
    return await _accepted(door, CONFIRMATION, actor.user_id, credential, device) is not None


async def _accepted(
    door: Door, purpose: str, user_id: UUID | None, credential: Document, device: Device
) -> AnyRow | None:
    """The passkey that signed a challenge of this purpose and person; the transaction acts as its owner then."""
    challenge = ceremonies.challenge_in(credential)
    redeemed = await once.redeem(door.connection, purpose, challenge) if challenge else None
    if challenge is None or redeemed is None or redeemed.user_id != user_id:
        return None
    held = await repository.passkey_for_login(door.connection, ceremonies.id_of(credential))
    if held is None or held.banned or user_id not in {None, held.user_id}:
        return None
    if held.email_verified_at is None and door.settings.email_verification is EmailVerification.REQUIRED:
        return None
    if ceremonies.user_handle_of(credential) not in {None, held.user_id.bytes}:
        return None
    party = ceremonies.relying_party(door.settings.public_url)
    signed = ceremonies.verified_assertion(party, challenge, credential, held.public_key)
    if signed is None:
        return None
    await act_as(door.connection, held.user_id)
    if signed.sign_count <= held.sign_count and (signed.sign_count or held.sign_count):
        await _tell_of_copy(door, held, signed.sign_count, device)
        return None
    await repository.change_passkey(
        door.connection,
        held.id,
        held.user_id,
        sign_count=signed.sign_count,
        backed_up=signed.backed_up,
        last_used_at=now(),
    )
    return held


async def _tell_of_copy(door: Door, held: AnyRow, counter: int, device: Device) -> None:
    """Two authenticators that count apart: one of them is a copy, or broken."""
    await audit.tell(
        door.connection,
        "passkey_counter_went_back",
        actor_id=None,
        subject_id=held.user_id,
        address=device.address,
        passkey_id=str(held.id),
        counter=counter,
        known=held.sign_count,
    )


async def _known(connection: AsyncConnection, user_id: UUID) -> list[Known]:
    return [Known(row.credential_id, row.transports) for row in await repository.passkeys(connection, user_id)]


def _check_room(present: int) -> None:
    if present >= AT_MOST:
        raise TooManyPasskeysError(f"You have {AT_MOST} passkeys, which is as many as there can be; remove one.")


def _unknown() -> NotFoundError:
    return NotFoundError("There is no passkey of yours with this id.")


async def _tell(actor: Actor, door: Door, email: str, device: Device, action: str, what: str, passkey_id: UUID) -> None:
    details: dict[str, Any] = {"passkey_id": str(passkey_id)}
    await factor_notices.tell(
        door.connection,
        door.settings.public_url,
        user_id=actor.user_id,
        email=email,
        action=action,
        what=what,
        address=device.address,
        actor_id=actor.user_id,
        **details,
    )

"""Confirmation: who is logged in proves again who they are, for what cannot be taken back."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.context import Actor
from app.auth import factor_repository as repository
from app.auth import factors, guesses, passkeys
from app.auth.door import Device, Door
from app.auth.factors import Verdict
from app.core.clock import now
from app.core.errors import ConflictError, DomainError, ForbiddenError, invalid


class WrongProofError(ForbiddenError):
    code = "wrong_credentials"
    title = "The confirmation was not accepted"


class OtpMissingError(ForbiddenError):
    code = "otp_required"
    title = "The second factor is missing"


class WrongOtpError(ForbiddenError):
    code = "wrong_otp"
    title = "Wrong one-time password"


class NothingToConfirmWithError(ConflictError):
    code = "nothing_to_confirm_with"
    title = "There is nothing to confirm with"


async def confirm_session(connection: AsyncConnection, session_id: UUID) -> datetime:
    """Set down that this session proved itself just now; returns when. The transaction acts as its person.

    For whoever has seen such a proof, as a fresh log-in at the provider of somebody without a password.
    """
    at = now()
    await repository.confirm_session(connection, session_id, at)
    return at


async def confirm(
    actor: Actor, door: Door, password: str | None, otp: str | None, passkey: dict[str, Any] | None, device: Device
) -> datetime | DomainError:
    """Confirm the actor's session; a passkey suffices, else the password, and the second factor where one is on.

    A refusal is a value: a wrong guess is counted, a challenge used up. It is 403 and not 401, because the session
    is as good as before. Raises `TooManyTriesError`, and `NothingToConfirmWithError` for somebody without any of it.
    """
    if actor.session_id is None:
        raise ForbiddenError("Only a session can be confirmed; log in.")
    if passkey is not None:
        refusal = await _refusal_of_passkey(actor, door, passkey, device)
    else:
        refusal = await _refusal_of_password(actor, door, password, otp, device)
    return refusal or await confirm_session(door.connection, actor.session_id)


async def _refusal_of_passkey(actor: Actor, door: Door, passkey: dict[str, Any], device: Device) -> DomainError | None:
    if await passkeys.confirms(actor, door, passkey, device):
        return None
    return WrongProofError("This is no passkey of yours, or what it signed cannot be accepted.")


async def _refusal_of_password(
    actor: Actor, door: Door, password: str | None, otp: str | None, device: Device
) -> DomainError | None:
    stored = await repository.password_hash(door.connection, actor.user_id)
    if stored is not None:
        if password is None:
            raise invalid("password", "missing", "send your password, or what a passkey of yours signed")
        held = await guesses.hold(door.connection, actor.user_id, "password")
        held.check()
        if not await door.passwords.verify(password, stored):
            await held.was_wrong()
            return WrongProofError("The password is wrong.")
        await held.was_right()
    verdict = await factors.weigh(door, actor.user_id, otp, device.address)
    if verdict is Verdict.MISSING:
        return OtpMissingError("Send `otp` too: a code of your authenticator app, or a recovery code.")
    if verdict is Verdict.WRONG:
        return WrongOtpError("This code is wrong, expired or was used before.")
    if stored is None and verdict is Verdict.NOT_NEEDED:
        raise NothingToConfirmWithError(
            "You have no password, authenticator app or passkey here; log in anew with single sign-on."
        )
    return None

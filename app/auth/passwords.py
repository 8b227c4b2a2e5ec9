"""Letting people in by their password."""

from uuid import UUID

from app.access.repository import act_as
from app.auth import factors, repository
from app.auth.door import Device, Door
from app.auth.schemas import MAX_PASSWORD, Tokens
from app.core.errors import DomainError, UnauthenticatedError
from app.core.identity_settings import EmailVerification


class WrongCredentialsError(UnauthenticatedError):
    code = "wrong_credentials"
    title = "Wrong address or password"


WRONG = "The e-mail address or the password is wrong."
WRONG_OR_UNCONFIRMED = (
    "The e-mail address or the password is wrong, or the address is not confirmed yet: see the mail you got, or ask "
    "for another one with POST /api/v1/auth/verify-email/resend."
)


async def login(door: Door, email: str, password: str, device: Device, otp: str | None = None) -> Tokens | DomainError:
    """Open a session; an unknown address, a banned one and a wrong password are answered alike, in the same time.

    So is an address that is not confirmed, where the settings require that. Only after the right password a second
    factor that is missing or wrong shows; that refusal is a value, because the wrong guess has to be committed.
    """
    required = door.settings.email_verification is EmailVerification.REQUIRED
    refusal = WrongCredentialsError(WRONG_OR_UNCONFIRMED if required else WRONG)
    found = await repository.user_for_login(door.connection, email if "\x00" not in email else "")
    stored = found.password_hash if found is not None else None
    if len(password) > MAX_PASSWORD:
        # Nobody has one so long, and the hash refuses some: the same work is done for nothing.
        password, stored = "", None
    matches = await door.passwords.verify(password, stored)
    if not matches or found is None or found.banned or (required and found.email_verified_at is None):
        raise refusal
    await act_as(door.connection, found.user_id)
    stored = await _still_right(door, found.user_id, password, stored)
    if stored is None:
        raise refusal
    if door.passwords.is_outdated(stored):
        await repository.set_password(door.connection, found.user_id, await door.passwords.hash(password))
    unproved = await factors.second_factor(door, found.user_id, otp, device.address)
    return unproved or await door.open_session(found.user_id, device, "password")


async def _still_right(door: Door, user_id: UUID, password: str, seen: str | None) -> str | None:
    """The hash that the password matches now, kept until the session is there; None when it was changed meanwhile.

    So a session opened with the old password is either refused, or there to be revoked by the change.
    """
    held = await repository.hold_password(door.connection, user_id)
    return held if held == seen or await door.passwords.verify(password, held) else None

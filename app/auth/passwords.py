"""Letting people in by their password."""

from app.access.repository import act_as
from app.auth import factors, repository
from app.auth.door import Device, Door
from app.auth.schemas import MAX_PASSWORD, Tokens
from app.core.errors import DomainError, UnauthenticatedError


class WrongCredentialsError(UnauthenticatedError):
    code = "wrong_credentials"
    title = "Wrong address or password"


async def login(door: Door, email: str, password: str, device: Device, otp: str | None = None) -> Tokens | DomainError:
    """Open a session; an unknown address, a banned one and a wrong password are answered alike, in the same time.

    Only after the right password a second factor that is missing or wrong shows; that refusal is a value, because
    the wrong guess has to be committed.
    """
    found = await repository.user_for_login(door.connection, email if "\x00" not in email else "")
    stored = found.password_hash if found is not None else None
    if len(password) > MAX_PASSWORD:
        # Nobody has one so long, and the hash refuses some: the same work is done for nothing.
        password, stored = "", None
    matches = await door.passwords.verify(password, stored)
    if not matches or found is None or stored is None or found.banned:
        raise WrongCredentialsError("The e-mail address or the password is wrong.")
    await act_as(door.connection, found.user_id)
    if door.passwords.is_outdated(stored):
        await repository.set_password(door.connection, found.user_id, await door.passwords.hash(password))
    refusal = await factors.second_factor(door, found.user_id, otp, device.address)
    return refusal or await door.open_session(found.user_id, device, "password")

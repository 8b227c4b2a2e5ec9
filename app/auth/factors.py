"""Second factors: whether one is due and right, and switching them on and off."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.context import Actor
from app.access.repository import act_as
from app.auth import factor_notices, guesses, recovery, totp
from app.auth import factor_repository as repository
from app.auth.door import Device, Door
from app.auth.repository import user_for_login
from app.core.clock import now
from app.core.errors import ConflictError, DomainError, FieldError, InvalidError, UnauthenticatedError


class OtpRequiredError(UnauthenticatedError):
    code = "otp_required"
    title = "The second factor is missing"


class WrongOtpError(UnauthenticatedError):
    code = "wrong_otp"
    title = "Wrong one-time password"


class WrongFirstOtpError(InvalidError):
    code = "wrong_otp"
    title = "Wrong one-time password"


class TotpActiveError(ConflictError):
    code = "totp_active"
    title = "The authenticator app is active"


class TotpNotStartedError(ConflictError):
    code = "totp_not_started"
    title = "No authenticator app is being set up"


class TotpNotActiveError(ConflictError):
    code = "totp_not_active"
    title = "No authenticator app is active"


class Verdict(Enum):
    """What became of the one-time password that came along."""

    NOT_NEEDED = auto()
    RIGHT = auto()
    MISSING = auto()
    WRONG = auto()


@dataclass(frozen=True)
class Status:
    """What guards somebody's account beside the password."""

    totp_active_since: datetime | None
    recovery_codes_left: int
    passkeys: int


async def weigh(door: Door, user_id: UUID, otp: str | None, address: str | None) -> Verdict:
    """Check a code of the authenticator app or a recovery code, if this person has the app switched on.

    The transaction acts as them. A right one is used up. A wrong one is counted, so the caller answers with a value
    and not an error. Raises `TooManyTriesError` after too many; a recovery code is taken even then.
    """
    row = await repository.totp(door.connection, user_id)
    if row is None or row.active_since is None:
        return Verdict.NOT_NEEDED
    if not otp:
        return Verdict.MISSING
    held = await guesses.hold(door.connection, user_id, "otp")
    typed = "".join(character for character in otp if character not in " -")
    if await recovery.spend(door.connection, user_id, typed):
        await held.was_right()
        await _tell_of_recovery(door, user_id, address)
        return Verdict.RIGHT
    held.check()
    # Read again: whoever held the count before may have used up this very code.
    row = await repository.totp(door.connection, user_id)
    if row is not None and row.active_since is not None and await totp.is_right(door, user_id, row, typed):
        await held.was_right()
        return Verdict.RIGHT
    await held.was_wrong()
    return Verdict.WRONG


async def second_factor(door: Door, user_id: UUID, otp: str | None, address: str | None) -> DomainError | None:
    """The refusal where the second factor is due and is missing or wrong, else None: for whoever opens a session.

    Call it when the first factor was right and the transaction acts as the person. Return the refusal, do not raise
    it: a wrong guess has to stay counted. Raises `TooManyTriesError`.
    """
    verdict = await weigh(door, user_id, otp, address)
    if verdict is Verdict.MISSING:
        return OtpRequiredError("Send `otp` too: a code of your authenticator app, or a recovery code.")
    if verdict is Verdict.WRONG:
        return WrongOtpError("This code is wrong, expired or was used before.")
    return None


async def status(actor: Actor) -> Status:
    row = await repository.totp(actor.connection, actor.user_id)
    return Status(
        row.active_since if row is not None else None,
        await repository.recovery_codes_left(actor.connection, actor.user_id),
        await repository.count_passkeys(actor.connection, actor.user_id),
    )


async def start_totp(actor: Actor, door: Door) -> tuple[str, str]:
    """The secret and the otpauth URI for an app.

    Raises `TotpActiveError`.
    """
    email = await repository.hold(door.connection, actor.user_id)
    row = await repository.totp(door.connection, actor.user_id)
    if row is not None and row.active_since is not None:
        raise TotpActiveError("An authenticator app is active already; remove it to set up another one.")
    return await totp.start(door, actor.user_id, email)


async def verify_totp(actor: Actor, door: Door, otp: str, device: Device) -> list[str]:
    """Switch the app on that was started, by a code of it; returns the recovery codes, to be shown this once.

    Raises `TotpNotStartedError`, `TotpActiveError` and `WrongFirstOtpError`.
    """
    email = await repository.hold(door.connection, actor.user_id)
    row = await repository.totp(door.connection, actor.user_id)
    if row is not None and row.active_since is not None:
        raise TotpActiveError("The authenticator app is active already.")
    if row is None or not totp.is_pending(row):
        raise TotpNotStartedError("Start with POST /api/v1/auth/2fa/totp, and send a code within 15 minutes.")
    if not await totp.is_right(door, actor.user_id, row, otp.replace(" ", "")):
        raise WrongFirstOtpError(FieldError("otp", "wrong_otp", "this is no code that the app shows now"))
    await repository.change_totp(door.connection, actor.user_id, active_since=now())
    codes = await recovery.replace(door.connection, actor.user_id)
    await _tell(actor, door, email, device, "totp_activated", "An authenticator app was switched on.")
    return codes


async def remove_totp(actor: Actor, door: Door, device: Device) -> None:
    """Switch the app off, with its recovery codes; the actor is a confirmed one. Raises `TotpNotActiveError`."""
    email = await repository.hold(door.connection, actor.user_id)
    await _check_active(actor, door)
    await repository.remove_totp(door.connection, actor.user_id)
    await _tell(actor, door, email, device, "totp_removed", "The authenticator app was switched off.")


async def replace_recovery_codes(actor: Actor, door: Door, device: Device) -> list[str]:
    """Ten new codes for a confirmed actor, to be shown this once. Raises `TotpNotActiveError`."""
    email = await repository.hold(door.connection, actor.user_id)
    await _check_active(actor, door)
    codes = await recovery.replace(door.connection, actor.user_id)
    await _tell(actor, door, email, device, "recovery_codes_replaced", "The recovery codes were replaced.")
    return codes


async def reset(connection: AsyncConnection, url: str, email: str) -> bool:
    """Take every second factor away from whoever has this address; False where nobody has. For the operator alone."""
    found = await user_for_login(connection, email)
    if found is None:
        return False
    await act_as(connection, found.user_id)
    await repository.remove_every_factor(connection, found.user_id)
    await repository.forget_guesses(connection, found.user_id)
    await factor_notices.tell(
        connection,
        url,
        user_id=found.user_id,
        email=found.email,
        action="factors_reset",
        what="Your authenticator app, recovery codes and passkeys were removed by the operator of the server.",
        address=None,
        actor_id=None,
    )
    return True


async def _check_active(actor: Actor, door: Door) -> None:
    row = await repository.totp(door.connection, actor.user_id)
    if row is None or row.active_since is None:
        raise TotpNotActiveError("You have no authenticator app switched on.")


async def _tell(actor: Actor, door: Door, email: str, device: Device, action: str, what: str) -> None:
    await factor_notices.tell(
        door.connection,
        door.settings.public_url,
        user_id=actor.user_id,
        email=email,
        action=action,
        what=what,
        address=device.address,
        actor_id=actor.user_id,
    )


async def _tell_of_recovery(door: Door, user_id: UUID, address: str | None) -> None:
    left = await repository.recovery_codes_left(door.connection, user_id)
    await factor_notices.tell(
        door.connection,
        door.settings.public_url,
        user_id=user_id,
        email=await repository.hold(door.connection, user_id),
        action="recovery_code_used",
        what=f"A recovery code was used; {left} are left.",
        address=address,
        actor_id=user_id,
        left=left,
    )

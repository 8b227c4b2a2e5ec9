"""One-time passwords of an authenticator app (TOTP, RFC 6238): six digits, new every 30 seconds."""

import re
from datetime import timedelta
from hmac import compare_digest
from uuid import UUID

import pyotp
import structlog

from app.auth import factor_repository as repository
from app.auth.door import Door
from app.core.clock import now
from app.core.database import AnyRow

ISSUER = "Finance Tracker"
STEP_SECONDS = 30
TOLERANCE = 1
"""Steps that the app's clock may be off, either way."""
START_HOLDS = timedelta(minutes=15)

_CODE = re.compile(r"[0-9]{6}", re.ASCII)

log = structlog.get_logger("finance.auth")


async def start(door: Door, user_id: UUID, email: str) -> tuple[str, str]:
    """A new secret and its otpauth URI; nothing asks for it before `activate`."""
    secret = pyotp.random_base32()
    await repository.keep_totp(door.connection, user_id, door.vault.seal(user_id, secret.encode()))
    return secret, pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


async def is_right(door: Door, user_id: UUID, row: AnyRow, typed: str) -> bool:
    """Whether this is a code of the present step or a neighbour, and of a later step than the last one used.

    Then its step is used up. The caller holds what makes two checks for one person come one after the other.
    """
    unsealed = door.vault.unseal(user_id, row.sealed)
    if unsealed is None:
        log.error("totp_secret_unreadable", user_id=str(user_id))
        return False
    if not _CODE.fullmatch(typed):
        return False
    app = pyotp.TOTP(unsealed.plain.decode())
    present = int(now().timestamp()) // STEP_SECONDS
    steps = [
        step
        for step in range(present - TOLERANCE, present + TOLERANCE + 1)
        if compare_digest(app.generate_otp(step), typed) and step > row.last_step
    ]
    if not steps:
        return False
    sealed = door.vault.seal(user_id, unsealed.plain) if unsealed.outdated else row.sealed
    await repository.change_totp(door.connection, user_id, last_step=steps[-1], sealed=sealed)
    return True


def is_pending(row: AnyRow | None) -> bool:
    """Whether it was started, moments ago, and is not active yet."""
    return row is not None and row.active_since is None and row.started_at > now() - START_HOLDS

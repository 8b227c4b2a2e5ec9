"""Recovery codes: ten keys on paper, each for one log-in without the authenticator app."""

import re
import secrets
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import factor_repository as repository
from app.core.security import digest

HOW_MANY = 10
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
GROUPS, GROUP_LENGTH = 5, 5
"""125 random bits: nobody guesses one, so a plain digest keeps it and no pause has to guard it."""

_CODE = re.compile(rf"[{ALPHABET}]{{{GROUPS * GROUP_LENGTH}}}")


async def replace(connection: AsyncConnection, user_id: UUID) -> list[str]:
    """Ten new codes, to be shown this once; those before are worthless."""
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(GROUPS * GROUP_LENGTH)) for _ in range(HOW_MANY)]
    await repository.replace_recovery_codes(connection, user_id, [digest(code) for code in codes])
    return ["-".join(re.findall(f".{{{GROUP_LENGTH}}}", code)) for code in codes]


async def spend(connection: AsyncConnection, user_id: UUID, typed: str) -> bool:
    """Whether this is a code of theirs, which is used up by it; `typed` is without spaces and hyphens."""
    code = typed.lower()
    return bool(_CODE.fullmatch(code)) and await repository.spend_recovery_code(connection, user_id, digest(code))

"""Passwords, opaque tokens and digests; `tokens` has signed ones, `keys` their keys, `vault` what is sealed."""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from passlib.hash import argon2
from prometheus_client import Counter

from app.core.config import Settings

PERSONAL_TOKEN = "ft_pat_"
"""What personal access tokens begin with, so that people and scanners know one when they see it."""

Result = TypeVar("Result")

HASHES = Counter("finance_password_hashes_total", "Password hashes computed")


@dataclass(frozen=True)
class AccessClaims:
    """What a valid access token says: who, and under which session."""

    user_id: UUID
    session_id: UUID


@dataclass(frozen=True)
class Bearer:
    """What came in `Authorization: Bearer`: a session's access token, read, or the digest of a personal one."""

    session_id: UUID | None = None
    user_id: UUID | None = None
    token_hash: bytes | None = None

    @property
    def turn(self) -> UUID:
        """Whose requests wait for each other: the user's, or the personal token's."""
        return self.user_id or UUID(bytes=(self.token_hash or b"")[:16])


class PasswordHasher:
    """argon2id in threads, never more than `password_hashes_at_once`: memory stays bounded under a flood."""

    def __init__(self, settings: Settings) -> None:
        self._scheme = argon2.using(  # type: ignore[no-untyped-call]  # so in the stubs
            type="ID",
            memory_cost=settings.argon2_memory_kib,
            time_cost=settings.argon2_time_cost,
            parallelism=settings.argon2_parallelism,
        )
        self._slots = asyncio.Semaphore(settings.password_hashes_at_once)
        self._decoy = str(self._scheme.hash(secrets.token_urlsafe(16)))

    async def at_work(self, work: Callable[[], Result]) -> Result:
        """What `work` returns, computed in a thread when one of the slots is free."""
        async with self._slots:
            return await asyncio.to_thread(work)

    async def hash(self, password: str) -> str:
        HASHES.inc()
        return str(await self.at_work(lambda: self._scheme.hash(password)))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether the password is the stored one; without a stored one the same work is done for nothing.

        So an unknown address costs the caller the same time as a wrong password.
        """
        HASHES.inc()
        matches = await self.at_work(lambda: self._scheme.verify(password, stored or self._decoy))
        return bool(matches) and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether the settings have become stricter since this hash was made."""
        return bool(self._scheme.needs_update(stored))


def new_opaque_token() -> str:
    """256 random bits for a client to keep; the database stores only `digest` of it."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """SHA-256 is enough for a token of full entropy; passwords go through `PasswordHasher`."""
    return hashlib.sha256(token.encode()).digest()


def keyed_digest(secret: str, data: bytes) -> bytes:
    """A digest that nobody can test guesses against without the server's secret."""
    return begun_keyed_digest(secret, data).digest()


def begun_keyed_digest(secret: str, data: bytes = b"") -> hmac.HMAC:
    """The same for what comes in pieces: `update` it with each."""
    return hmac.new(secret.encode(), data, hashlib.sha256)

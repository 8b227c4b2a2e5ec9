"""Passwords, access tokens and opaque tokens; nothing else in the project touches a cryptographic primitive."""

import asyncio
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from jose import JWTError, jwt
from passlib.hash import argon2
from prometheus_client import Counter

from app.core.clock import now
from app.core.config import Settings
from app.core.errors import UnauthenticatedError
from app.core.ids import new_id

AUDIENCE = "finance-tracker"
MAX_TOKEN_LENGTH = 4096
PERSONAL_TOKEN = "ft_pat_"
"""What personal access tokens begin with, so that people and scanners know one when they see it."""
CLOCK_LEEWAY_SECONDS = 5

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

    async def hash(self, password: str) -> str:
        async with self._slots:
            HASHES.inc()
            return str(await asyncio.to_thread(self._scheme.hash, password))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether the password is the stored one; without a stored one the same work is done for nothing.

        So an unknown address costs the caller the same time as a wrong password.
        """
        async with self._slots:
            HASHES.inc()
            matches = await asyncio.to_thread(lambda: self._scheme.verify(password, stored or self._decoy))
        return bool(matches) and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether the settings have become stricter since this hash was made."""
        return bool(self._scheme.needs_update(stored))


class AccessTokens:
    """Signed, short-lived bearer tokens. The algorithm is pinned: a token cannot choose its own."""

    def __init__(self, settings: Settings, secret: str) -> None:
        self._secret = secret
        self._algorithm = settings.algorithm
        self.lifetime = timedelta(minutes=settings.access_token_expire_minutes)

    def issue(self, user_id: UUID, session_id: UUID) -> str:
        issued = now()
        claims = {
            "sub": str(user_id),
            "sid": str(session_id),
            "typ": "access",
            "aud": AUDIENCE,
            "iat": issued,
            "nbf": issued,
            "exp": issued + self.lifetime,
            "jti": new_id().hex,
        }
        return str(jwt.encode(claims, self._secret, algorithm=self._algorithm))

    def is_good(self, authorization: str) -> bool:
        """Whether an Authorization header has a token that is ours and valid now; its session is not looked up."""
        try:
            self.read(authorization.removeprefix("Bearer ").removeprefix("bearer ").strip())
        except UnauthenticatedError:
            return False
        return True

    def bearer(self, token: str) -> Bearer:
        """Raises `UnauthenticatedError`; whether a personal token is known shows only when the request is opened."""
        if token.startswith(PERSONAL_TOKEN):
            return Bearer(token_hash=digest(token))
        claims = self.read(token)
        return Bearer(claims.session_id, claims.user_id)

    def read(self, token: str) -> AccessClaims:
        """The claims of a token that is signed by us and valid now; anything else raises `UnauthenticatedError`."""
        refusal = UnauthenticatedError("The access token is not valid or has expired; log in or refresh it.")
        if len(token) > MAX_TOKEN_LENGTH:
            raise refusal
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[self._algorithm],
                audience=AUDIENCE,
                options={"leeway": CLOCK_LEEWAY_SECONDS, "require_exp": True, "require_sub": True, "require_aud": True},
            )
            if claims.get("typ") != "access":
                raise refusal
            return AccessClaims(UUID(claims["sub"]), UUID(claims["sid"]))
        except (JWTError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise refusal from None


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

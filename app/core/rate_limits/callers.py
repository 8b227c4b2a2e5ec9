"""Whose request it is, as far as that is known before any work is done, and past dispute."""

from dataclasses import dataclass
from uuid import UUID

from starlette.datastructures import Headers
from starlette.types import Scope

from app.core.addresses import address_key
from app.core.errors import UnauthenticatedError
from app.core.rate_limits.limiter import Limiter
from app.core.security import Bearer
from app.core.tokens import AccessTokens

_KEPT = "bearer"


@dataclass(frozen=True)
class Caller:
    """A user, when a token proves one that opened a request lately; a session that is signed but was not seen yet; the
    address that the request comes from, as `address_key` has it."""

    user_id: UUID | None
    session_id: UUID | None
    address: str

    @property
    def person(self) -> str | None:
        """What the user or the session counts under; None for neither."""
        if self.user_id is not None:
            return f"user-{self.user_id}"
        return f"session-{self.session_id}" if self.session_id is not None else None

    @property
    def key(self) -> str:
        return self.person or self.address


def caller_of(scope: Scope, access_tokens: AccessTokens, limiter: Limiter) -> Caller:
    """A session or a personal token that lately opened a request is its user's.

    A signed session that was not seen yet counts for itself: it may have ended, and then its token must not use up what
    its user may ask. Everything else (none, garbage, expired, ended, a personal token not seen yet) counts for the
    address: who sends random tokens gets no counter of their own for each.
    """
    client = scope.get("client")
    address = address_key(client[0] if client else None)
    bearer = _read(scope, access_tokens)
    if bearer is None:
        return Caller(None, None, address)
    user_id = limiter.bearers.owner_of(bearer)
    unseen = user_id is None and not limiter.bearers.is_over(bearer)
    return Caller(user_id, bearer.session_id if unseen else None, address)


def kept_bearer(scope: Scope, token: str) -> Bearer | None:
    """What this token was read as earlier in the same request; None where nobody read it, or it is not good."""
    kept: tuple[str, Bearer] | None = scope.get("state", {}).get(_KEPT)
    return kept[1] if kept is not None and kept[0] == token else None


def _read(scope: Scope, access_tokens: AccessTokens) -> Bearer | None:
    scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    try:
        bearer = access_tokens.bearer(token)
    except UnauthenticatedError:
        return None
    scope["state"][_KEPT] = (token, bearer)
    return bearer

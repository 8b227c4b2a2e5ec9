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
    """A user, when a token proves one; the address that the request comes from, as `address_key` has it."""

    user_id: UUID | None
    address: str


def caller_of(scope: Scope, access_tokens: AccessTokens, limiter: Limiter) -> Caller:
    """An access token with a good signature is its user's, and a personal one that lately opened a request is too.

    Everything else (none, garbage, expired, a personal token not seen yet) counts for the address: who sends random
    tokens gets no counter of their own for each.
    """
    client = scope.get("client")
    bearer = _read(scope, access_tokens)
    user_id = bearer.user_id if bearer is not None else None
    if bearer is not None and bearer.token_hash is not None:
        user_id = limiter.owner_of_token(bearer.token_hash)
    return Caller(user_id, address_key(client[0] if client else None))


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

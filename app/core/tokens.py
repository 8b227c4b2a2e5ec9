"""Access tokens: signed, short-lived, and refused whole at the first thing that is not as we make it."""

from datetime import timedelta
from uuid import UUID

from jose import JWTError, jwt

from app.core.clock import now
from app.core.config import Settings
from app.core.errors import UnauthenticatedError
from app.core.ids import new_id
from app.core.keys import Keyring
from app.core.security import PERSONAL_TOKEN, AccessClaims, Bearer, digest

AUDIENCE = "finance-tracker"
MAX_TOKEN_LENGTH = 4096
CLOCK_LEEWAY_SECONDS = 5
HEADER = {"alg", "typ", "kid"}
"""All that stands in the header of a token of ours: one that brings or points to a key (`jwk`, `jku`, `x5u`) is not."""


class AccessTokens:
    """Bearer tokens under a keyring. A token names which of our keys signed it, and neither key nor algorithm."""

    def __init__(self, settings: Settings, keyring: Keyring) -> None:
        self._keyring = keyring
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
        key = self._keyring.present
        return str(jwt.encode(claims, key.signs, self._keyring.algorithm, headers={"kid": key.kid}))

    def bearer(self, token: str) -> Bearer:
        """Raises `UnauthenticatedError`; whether a personal token is known shows only when the request is opened."""
        if len(token) > MAX_TOKEN_LENGTH:
            raise _refusal()
        if token.startswith(PERSONAL_TOKEN):
            return Bearer(token_hash=digest(token))
        claims = self.read(token)
        return Bearer(claims.session_id, claims.user_id)

    def read(self, token: str) -> AccessClaims:
        """The claims of a token that is signed by us and valid now; anything else raises `UnauthenticatedError`."""
        try:
            header = jwt.get_unverified_header(token)
            if header.keys() != HEADER or header["alg"] != self._keyring.algorithm:
                raise _refusal()
            claims = jwt.decode(
                token,
                self._keyring.known[header["kid"]].verifies,
                algorithms=[self._keyring.algorithm],
                audience=AUDIENCE,
                options={"leeway": CLOCK_LEEWAY_SECONDS, "require_exp": True, "require_sub": True, "require_aud": True},
            )
            if claims.get("typ") != "access":
                raise _refusal()
            return AccessClaims(UUID(claims["sub"]), UUID(claims["sid"]))
        except (JWTError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
            raise _refusal() from None


def _refusal() -> UnauthenticatedError:
    return UnauthenticatedError("The access token is not valid or has expired; log in or refresh it.")

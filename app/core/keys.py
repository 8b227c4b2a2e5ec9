"""The keys that sign access tokens: shared secrets (HS256, HS384, HS512), or EC key pairs from files (ES256).

Each has an id, the `kid` of the tokens it signs, and at most two are known: the present one signs and verifies, the
one before it only verifies, until what it signed has expired.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jose import jwk

from app.core.config import Settings
from app.core.failures import StartupError
from app.core.security import keyed_digest

ES256 = "ES256"
KID_BYTES = 12


@dataclass(frozen=True)
class SigningKey:
    """A key, prepared for both uses; `public` is the JWK that may be published, None for a shared secret."""

    kid: str
    signs: Any
    verifies: Any
    public: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Keyring:
    """The keys of one algorithm, which the settings pin: no token chooses its own."""

    algorithm: str
    present: SigningKey
    known: Mapping[str, SigningKey]
    """By `kid`, the present one included."""

    def public_keys(self) -> list[Mapping[str, str]]:
        """The JWKs with which others can verify our tokens, the present one first; none for shared secrets."""
        return [key.public for key in self.known.values() if key.public is not None]


def load_keyring(settings: Settings, secrets: Sequence[str]) -> Keyring:
    """The keys that these settings name; `secrets` are the server's, the present one first.

    Raises `StartupError` where ES256 is set and a key file is missing, unreadable or holds no P-256 key.
    """
    if settings.algorithm == ES256:
        keys = _pairs(settings)
    else:
        keys = [_shared(secret, settings.algorithm) for secret in secrets]
    return Keyring(settings.algorithm, keys[0], {key.kid: key for key in keys})


def _shared(secret: str, algorithm: str) -> SigningKey:
    kid = keyed_digest(secret, f"kid of {algorithm}".encode())[:KID_BYTES]
    prepared = jwk.construct(secret, algorithm)
    return SigningKey(kid.hex(), prepared, prepared)


def _pairs(settings: Settings) -> list[SigningKey]:
    if settings.jwt_key_file is None:
        raise StartupError("JWT_KEY_FILE is missing: ALGORITHM=ES256 needs the file of a private key (PEM, P-256).")
    files = {"JWT_KEY_FILE": settings.jwt_key_file, "JWT_KEY_FILE_PREVIOUS": settings.jwt_key_file_previous}
    return [_pair(name, path) for name, path in files.items() if path is not None]


def _pair(setting: str, path: Path) -> SigningKey:
    try:
        pem = path.read_bytes()
    except OSError as error:
        raise StartupError(f"{setting} cannot be read: {path}: {error.strerror or error}.") from None
    try:
        text = pem.decode("ascii")
        private = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise StartupError(
            f"{setting} is no private key in PEM without a password: {path}; make one with "
            "`openssl ecparam -name prime256v1 -genkey -noout`."
        ) from None
    if not isinstance(private, EllipticCurvePrivateKey) or not isinstance(private.curve, SECP256R1):
        raise StartupError(
            f"{setting} is no key for ES256, which takes the curve P-256 alone: {path}; make one with "
            "`openssl ecparam -name prime256v1 -genkey -noout`."
        )
    signs = jwk.construct(text, ES256)
    verifies = signs.public_key()
    point = verifies.to_dict()
    # What a thumbprint is made of, in this order (RFC 7638): the same key has the same id everywhere.
    essential = {name: str(point[name]) for name in ("crv", "kty", "x", "y")}
    kid = base64.urlsafe_b64encode(hashlib.sha256(orjson.dumps(essential)).digest()).rstrip(b"=").decode()
    return SigningKey(kid, signs, verifies, {**essential, "kid": kid, "alg": ES256, "use": "sig"})

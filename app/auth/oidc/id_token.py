"""Reading ID tokens: the signature by the provider's own keys, then every claim that makes the token ours."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, GuestProtocol, RSAKey
from joserfc.jws import JWSRegistry

from app.auth.oidc.errors import TokenRefusedError

ASYMMETRIC = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"})
"""What a provider may sign with. With `none` there is no signature, with HS256 our own secret is the key."""
KEY_OF: dict[str, type[RSAKey] | type[ECKey]] = {"RS": RSAKey, "PS": RSAKey, "ES": ECKey}
MIN_MODULUS = 342
"""Characters of base64url that 2048 bits take."""
LEEWAY_SECONDS = 30
MAX_AGE_SECONDS = 600
MAX_HEADER = 4096
MAX_SUBJECT = 255


PublicKey = RSAKey | ECKey


class UnknownKeyError(JoseError):
    """The token is signed by a key that is not among those known: the provider may have taken a new one."""

    error = "unknown_key"


@dataclass(frozen=True)
class Expected:
    """What the ID token of one log-in must say."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str | None


def read_keys(key_set: dict[str, Any]) -> list[PublicKey]:
    """The public keys of a JWKS that can be used to check signatures; what is of no use is passed over."""
    found = key_set.get("keys")
    keys: list[PublicKey] = []
    for each in found if isinstance(found, list) else []:
        if not isinstance(each, dict) or "d" in each or each.get("use", "sig") != "sig":
            continue
        try:
            if each.get("kty") == "EC":
                keys.append(ECKey.import_key(each))
            elif each.get("kty") == "RSA" and len(each["n"].lstrip("A")) >= MIN_MODULUS:
                keys.append(RSAKey.import_key(each))
        except (JoseError, ValueError, TypeError, AttributeError, KeyError):
            continue
    return keys


def read(token: str, keys: Sequence[PublicKey], algorithms: Collection[str], expected: Expected) -> dict[str, Any]:
    """The claims of an ID token that is signed, ours, of this log-in, and valid now.

    Raises `UnknownKeyError` where the keys must be fetched again, `TokenRefusedError` for every other defect.
    """
    registry = JWSRegistry(algorithms=algorithms, strict_check_header=False)
    registry.max_header_length = MAX_HEADER
    try:
        signed = jwt.decode(token, lambda held: _key_of(held, keys), registry=registry)
        claims = CodeIDToken(
            signed.claims,
            signed.header,
            options={
                "iss": {"essential": True, "value": expected.issuer},
                "aud": {"essential": True, "value": expected.client_id},
                "sub": {"essential": True},
            },
            params={
                "nonce": expected.nonce,
                "client_id": expected.client_id,
                "access_token": expected.access_token,
            },
        )
        claims.validate(leeway=LEEWAY_SECONDS)
    except UnknownKeyError:
        raise
    except (JoseError, ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise TokenRefusedError(f"The provider's ID token is not valid: {_reason(error)}.") from None
    _check_rest(claims)
    return dict(claims)


def _key_of(held: GuestProtocol, keys: Sequence[PublicKey]) -> PublicKey:
    header = held.headers()
    algorithm, key_id = str(header.get("alg")), header.get("kid")
    kind = KEY_OF[algorithm[:2]]
    fitting = [
        key
        for key in keys
        if isinstance(key, kind) and key.get("alg") in {None, algorithm} and key_id in {None, key.get("kid")}
    ]
    if len(fitting) != 1:
        raise UnknownKeyError
    return fitting[0]


def _check_rest(claims: CodeIDToken) -> None:
    """What the specification leaves to the client: a token that was made a moment ago, for a subject of sane length."""
    if claims["iat"] < time.time() - MAX_AGE_SECONDS:
        raise TokenRefusedError("The provider's ID token is not valid: it was issued too long ago.")
    if not 0 < len(claims["sub"]) <= MAX_SUBJECT or "\x00" in claims["sub"]:
        raise TokenRefusedError("The provider's ID token is not valid: its subject cannot be kept.")


def _reason(error: Exception) -> str:
    return str(error).removesuffix(".").strip(": ") if isinstance(error, JoseError) else "it cannot be read"

"""WebAuthn ceremonies: what browsers are asked to sign, and whether they signed it; the one user of `webauthn`."""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

RP_NAME = "Finance Tracker"
TIMEOUT_MS = 300_000
MAX_CREDENTIAL_ID = 1023
DEFAULT_PORTS = {"http": 80, "https": 443}
TRANSPORTS = frozenset(each.value for each in AuthenticatorTransport)

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)

log = structlog.get_logger("finance.auth")

Document = dict[str, Any]


@dataclass(frozen=True)
class RelyingParty:
    """This server as browsers know it: the host that passkeys are bound to, and the origin of its pages."""

    id: str
    origin: str


@dataclass(frozen=True)
class Registered:
    """A new credential; `public_key` is COSE, as `Signed` needs it."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    backed_up: bool


@dataclass(frozen=True)
class Signed:
    """A good signature; whether its counter went on is the caller's to judge."""

    sign_count: int
    backed_up: bool


@dataclass(frozen=True)
class Known:
    """A credential to name in options: its id and how it is reached."""

    credential_id: bytes
    transports: list[str]


def relying_party(public_url: str) -> RelyingParty:
    """From the address where people reach this server, written the way browsers write origins."""
    url = urlsplit(public_url)
    host = (url.hostname or "").encode("idna").decode()
    port = "" if url.port in {None, DEFAULT_PORTS[url.scheme]} else f":{url.port}"
    return RelyingParty(host, f"{url.scheme}://{host}{port}")


def registration_options(
    party: RelyingParty, challenge: str, user_id: UUID, email: str, known: list[Known]
) -> Document:
    """What `navigator.credentials.create` takes: for a discoverable credential, other than those known."""
    options = generate_registration_options(
        rp_id=party.id,
        rp_name=RP_NAME,
        user_id=user_id.bytes,
        user_name=email,
        challenge=base64url_to_bytes(challenge),
        timeout=TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=_descriptors(known),
    )
    return _document(options_to_json(options))


def assertion_options(party: RelyingParty, challenge: str, known: list[Known]) -> Document:
    """What `navigator.credentials.get` takes; with nothing known the browser offers what it has for this server."""
    options = generate_authentication_options(
        rp_id=party.id,
        challenge=base64url_to_bytes(challenge),
        timeout=TIMEOUT_MS,
        allow_credentials=_descriptors(known),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return _document(options_to_json(options))


def challenge_in(credential: Document) -> str | None:
    """The challenge that a browser says it signed; None where nothing like one is in there, or from inside a frame."""
    try:
        client_data = json.loads(base64url_to_bytes(credential["response"]["clientDataJSON"]))
        challenge = client_data["challenge"]
        framed = bool(client_data.get("crossOrigin"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    is_one = isinstance(challenge, str) and _CHALLENGE.fullmatch(challenge) is not None
    return challenge if is_one and not framed else None


def verified_registration(party: RelyingParty, challenge: str, credential: Document) -> Registered | None:
    """The new credential, None where anything about it is not as it was asked for."""
    try:
        found = verify_registration_response(
            credential=credential,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except Exception as error:  # noqa: BLE001  # whatever its parsers of CBOR, keys and certificates raise
        log.info("passkey_refused", ceremony="registration", reason=f"{type(error).__name__}: {error}"[:300])
        return None
    # The standard's limit, and what the browser calls it is what the key is registered as.
    if len(found.credential_id) > MAX_CREDENTIAL_ID or found.credential_id != id_of(credential):
        return None
    return Registered(found.credential_id, found.credential_public_key, found.sign_count, found.credential_backed_up)


def verified_assertion(party: RelyingParty, challenge: str, credential: Document, public_key: bytes) -> Signed | None:
    """The signature, None where it is wrong or anything is not as it was asked for."""
    try:
        found = verify_authentication_response(
            credential=credential,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=public_key,
            # Any counter will do here: a copied authenticator is told from a wrong signature by the caller.
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception as error:  # noqa: BLE001  # whatever its parsers of CBOR, keys and certificates raise
        log.info("passkey_refused", ceremony="assertion", reason=f"{type(error).__name__}: {error}"[:300])
        return None
    return Signed(found.new_sign_count, found.credential_backed_up)


def id_of(credential: Document) -> bytes:
    """The credential's id, empty where it is none."""
    try:
        return base64url_to_bytes(credential["rawId"])
    except ValueError:
        return b""


def user_handle_of(credential: Document) -> bytes | None:
    """Whose credential the authenticator says it is; None where it says nothing."""
    handle = credential["response"].get("userHandle")
    try:
        return base64url_to_bytes(handle) if handle else None
    except ValueError:
        return b""


def _descriptors(known: list[Known]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=each.credential_id, transports=[AuthenticatorTransport(name) for name in each.transports] or None
        )
        for each in known
    ]


def _document(text: str) -> Document:
    document: Document = json.loads(text)
    return document

"""What browsers send and get about passkeys, in the JSON forms of WebAuthn Level 3."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from app.core.fields import Body, Name


def _encoded(longest: int) -> Any:
    """Bytes as base64url without padding, in at most so many characters."""
    return Field(max_length=longest, pattern=r"^[A-Za-z0-9_-]*$", description="Bytes as base64url without padding.")


Encoded = Annotated[str, _encoded(2048)]
LongEncoded = Annotated[str, _encoded(8192)]
Handle = Annotated[str, _encoded(100)]
Id = Annotated[str, _encoded(1400)]

_SIGNED: JsonDict = {
    "id": "3q2-7w",
    "rawId": "3q2-7w",
    "type": "public-key",
    "response": {
        "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0",
        "authenticatorData": "SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAAAQ",
        "signature": "MEUCIQDx",
        "userHandle": "AZ3k",
    },
}
_CREATED: JsonDict = {
    "id": "3q2-7w",
    "rawId": "3q2-7w",
    "type": "public-key",
    "response": {
        "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIn0",
        "attestationObject": "o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YQ",
        "transports": ["internal"],
    },
}


class AssertionResponse(BaseModel):
    """What the authenticator signed, and how."""

    clientDataJSON: Encoded  # noqa: N815  # the standard's names
    authenticatorData: Encoded  # noqa: N815
    signature: Encoded
    userHandle: Handle | None = None  # noqa: N815


class Assertion(BaseModel):
    """`credential.toJSON()` of what `navigator.credentials.get` gave; what else browsers add is ignored."""

    model_config = ConfigDict(json_schema_extra={"example": _SIGNED})

    id: Id
    rawId: Id  # noqa: N815
    type: Literal["public-key"]
    response: AssertionResponse


class AttestationResponse(BaseModel):
    """The new key, as the authenticator made it."""

    clientDataJSON: Encoded  # noqa: N815
    attestationObject: LongEncoded  # noqa: N815
    transports: Annotated[list[Annotated[str, Field(max_length=50)]], Field(max_length=20)] = []


class Attestation(BaseModel):
    """`credential.toJSON()` of what `navigator.credentials.create` gave; what else browsers add is ignored."""

    model_config = ConfigDict(json_schema_extra={"example": _CREATED})

    id: Id
    rawId: Id  # noqa: N815
    type: Literal["public-key"]
    response: AttestationResponse


class PasskeyOptions(BaseModel):
    """For `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`, as it is."""

    model_config = ConfigDict(extra="allow")

    challenge: str = Field(description="Good for one try within five minutes.")
    timeout: int = Field(description="Milliseconds.")


class PasskeyIn(Body):
    """A new passkey, and what you call it."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "Laptop", "credential": _CREATED}})

    name: Name
    credential: Attestation


class PasskeyPatch(Body):
    """Another name."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "Old laptop"}})

    name: Name


class PasskeyLogin(Body):
    """What a passkey signed."""

    model_config = ConfigDict(json_schema_extra={"example": {"credential": _SIGNED}})

    credential: Assertion


class PasskeyOut(BaseModel):
    """A passkey of yours."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    transports: list[str] = Field(description="How it is reached: `internal`, `hybrid`, `usb`, `nfc`, `ble`.")
    backed_up: bool = Field(description="Whether it is kept in more than one place, such as a password manager.")
    created_at: datetime
    last_used_at: datetime | None


def plain(credential: Assertion | Attestation) -> dict[str, Any]:
    """The JSON form again, for the ceremony."""
    return credential.model_dump(exclude_none=True)

"""What clients send and get on the way through the provider."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.fields import Body

CHALLENGE = r"^[A-Za-z0-9_-]{43}$"
VERIFIER = r"^[A-Za-z0-9._~-]{43,128}$"
MAX_URL = 2000


class SingleSignOnOut(BaseModel):
    """What a page for logging in needs to know."""

    configured: bool
    name: str | None = Field(description="What to write on the button.", examples=["Authentik"])
    registration: bool = Field(description="Whether somebody without an account gets one.")


class BeginIn(Body):
    """Where to come back to."""

    model_config = ConfigDict(json_schema_extra={"example": {"return_to": "https://app.example.com/signed-in"}})

    return_to: Annotated[str, Field(max_length=MAX_URL)] | None = Field(
        default=None, description="One of OIDC_RETURN_URLS, to the letter; without one the way ends with JSON."
    )


class BegunOut(BaseModel):
    """Where to send this browser, once and soon."""

    url: str
    expires_in: int = Field(description="Seconds until the URL leads nowhere.")


class ArrivalOut(BaseModel):
    """How the way ended, where no page was named to come back to."""

    outcome: Literal["login", "linked", "confirmed"]
    code: str | None = Field(description="After a log-in: exchange it at `/auth/oidc/exchange`.")
    expires_in: int | None = Field(description="Seconds until the code opens nothing.")


class ExchangeIn(Body):
    """The code that the log-in ended with."""

    model_config = ConfigDict(json_schema_extra={"example": {"code": "V1StGXR8_Z5jdHi6B-myT"}})

    code: Annotated[str, Field(min_length=1, max_length=200)]
    code_verifier: Annotated[str, Field(pattern=VERIFIER)] | None = Field(
        default=None, description="What `code_challenge` was made of, if the log-in was begun with one."
    )
    otp: Annotated[str, Field(min_length=1, max_length=64)] | None = Field(
        default=None, description="Where a second factor is on: a code of the authenticator app, or a recovery code."
    )


class IdentityOut(BaseModel):
    """That a log-in at a provider is you."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    issuer: str
    email: str | None = Field(description="Your address there, as the provider said last.")
    created_at: datetime
    last_used_at: datetime | None

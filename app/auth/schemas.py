"""What clients send and get to be let in."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.auth.factor_schemas import Otp
from app.core.fields import Body, CurrencyCode, LongName, TimeZone
from app.users.schemas import NewEmail

MIN_PASSWORD = 8
MAX_PASSWORD = 256

Password = Annotated[
    str,
    Field(
        min_length=MIN_PASSWORD,
        max_length=MAX_PASSWORD,
        description="8 to 256 characters, of any kind; not one that is easy to guess.",
    ),
]

OneTime = Annotated[str, Field(min_length=1, max_length=200, description="A one-time token, as it came in the mail.")]


class Register(Body):
    """A new person."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "email": "kim@example.com",
                "password": "correct horse battery staple",
                "full_name": "Kim Example",
                "time_zone": "Europe/Berlin",
            }
        }
    )

    email: NewEmail
    password: Password
    full_name: LongName | None = None
    time_zone: TimeZone = "UTC"
    base_currency: CurrencyCode | None = Field(
        default=None, description="What your reports are in. Without one your book takes that of its first account."
    )
    invitation: OneTime | None = Field(
        default=None, description="The token of an invitation, where this server takes nobody without one."
    )


class Login(Body):
    """An address and its password."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"email": "kim@example.com", "password": "correct horse battery staple"}}
    )

    email: Annotated[str, Field(max_length=320)]
    password: Annotated[str, Field(max_length=MAX_PASSWORD)]
    otp: Otp | None = None


class RefreshIn(Body):
    """A refresh token, as it was handed out."""

    model_config = ConfigDict(json_schema_extra={"example": {"refresh_token": "V1StGXR8_Z5jdHi6B-myT"}})

    refresh_token: Annotated[str, Field(min_length=1, max_length=200)]


class Tokens(BaseModel):
    """What opens the API for a while, and what renews it."""

    access_token: str = Field(description="Send it as `Authorization: Bearer <access_token>`.")
    refresh_token: str = Field(description="Use it once at `/auth/refresh`; each answer has the next one.")
    token_type: Literal["bearer"] = "bearer"
    expires_in: int = Field(description="Seconds until the access token expires.")

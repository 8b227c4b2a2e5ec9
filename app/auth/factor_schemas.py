"""What clients send and get about second factors and confirmation."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.auth.passkey_schemas import Assertion
from app.core.fields import Body

MAX_OTP = 64
MAX_PASSWORD_SENT = 256

Otp = Annotated[
    str,
    Field(
        max_length=MAX_OTP,
        description="A code of your authenticator app, or a recovery code; spaces and hyphens do not matter.",
        examples=["492039"],
    ),
]


class SecondFactorOut(BaseModel):
    """What guards an account beside the password."""

    model_config = ConfigDict(from_attributes=True)

    totp_active_since: datetime | None = Field(description="Null while no authenticator app is switched on.")
    recovery_codes_left: int
    passkeys: int = Field(description="How many there are; `GET /auth/passkeys` lists them.")


class TotpStarted(BaseModel):
    """What an authenticator app needs to know. It is shown this once."""

    secret: str = Field(description="Base32, to be typed into the app.", examples=["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"])
    uri: str = Field(
        description="The same as an `otpauth:` URI, to be shown as a QR code.",
        examples=[
            "otpauth://totp/Finance%20Tracker:kim%40example.com?secret=JBSWY3DPEHPK3PXP&issuer=Finance%20Tracker"
        ],
    )


class TotpVerify(Body):
    """A code that the app shows now."""

    model_config = ConfigDict(json_schema_extra={"example": {"otp": "492039"}})

    otp: Otp


class RecoveryCodes(BaseModel):
    """Ten codes, each for one log-in without the app. They are shown this once."""

    recovery_codes: list[str] = Field(examples=[["h3c7q-zk2ma-55xvt-lwe4r-nb6yd"]])


class Confirm(Body):
    """Your password, with `otp` where an authenticator app is on; or what a passkey signed."""

    model_config = ConfigDict(json_schema_extra={"example": {"password": "correct horse battery staple"}})

    password: Annotated[str, Field(max_length=MAX_PASSWORD_SENT)] | None = None
    otp: Otp | None = None
    passkey: Assertion | None = None


class Confirmed(BaseModel):
    """For how long this session may do what asks for a confirmation."""

    confirmed_at: datetime
    expires_at: datetime

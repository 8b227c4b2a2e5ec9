"""What clients send and get about passwords, addresses and invitations."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.auth.schemas import MAX_PASSWORD, OneTime, Password
from app.core.fields import Body, Flag
from app.users.schemas import Email, NewEmail

TOKEN = "V1StGXR8_Z5jdHi6B-myTgR3cXlQw0pU2nK7vAeD4hY"


class PasswordChange(Body):
    """The present password and the next one."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "current_password": "correct horse battery staple",
                "new_password": "seven gentle otters paint at noon",
            }
        }
    )

    current_password: Annotated[str, Field(max_length=MAX_PASSWORD)] | None = Field(
        default=None, description="Left out by who has none yet, and confirmed themselves a moment ago."
    )
    new_password: Password
    revoke_tokens: Flag = Field(default=False, description="Revoke your personal access tokens too.")


class Forgot(Body):
    """Whose password is forgotten."""

    model_config = ConfigDict(json_schema_extra={"example": {"email": "kim@example.com"}})

    email: Email


class PasswordReset(Body):
    """What the mail brought, and the next password."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"token": TOKEN, "new_password": "seven gentle otters paint at noon"}}
    )

    token: OneTime
    new_password: Password


class EmailConfirmation(Body):
    """What the mail brought, and the account's password."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"token": TOKEN, "password": "correct horse battery staple"}}
    )

    token: OneTime
    password: Annotated[str, Field(max_length=MAX_PASSWORD)] = Field(
        description="That of the account: the mail alone does not say whose account the address gets into."
    )


class OwnEmailConfirmation(Body):
    """What the mail brought."""

    model_config = ConfigDict(json_schema_extra={"example": {"token": TOKEN}})

    token: OneTime


class AddressIn(Body):
    """An e-mail address."""

    model_config = ConfigDict(json_schema_extra={"example": {"email": "kim@example.com"}})

    email: Email


class NewAddress(Body):
    """The address that you want to be known by."""

    model_config = ConfigDict(json_schema_extra={"example": {"email": "kim@example.com"}})

    email: NewEmail


class Accepted(BaseModel):
    """That a mail will go out, if there is somebody to get it."""

    detail: str


class InvitationIn(Body):
    """Whom to invite; without an address, whoever gets the token."""

    model_config = ConfigDict(json_schema_extra={"example": {"email": "robin@example.com"}})

    email: NewEmail | None = None


class InvitationOut(BaseModel):
    """An invitation that can still be used."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    email: str | None = Field(description="The only address it is for; null for any.")
    invited_by: UUID
    created_at: datetime
    expires_at: datetime


class InvitationMade(InvitationOut):
    """A new one; without an address this answer alone has its token, with one the mail alone."""

    token: str | None = Field(
        description="Goes into `invitation` at registration, once. Null where it went to the address.",
        examples=[TOKEN],
    )

"""What clients send and get about members and invitations."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.fields import Body, Whole
from app.users.schemas import NewEmail

Role = Literal["owner", "editor", "viewer"]

DEFAULT_DAYS = 7
MOST_DAYS = 90


class MemberOut(BaseModel):
    """Somebody who may open the book."""

    model_config = ConfigDict(from_attributes=True)

    user_id: UUID
    full_name: str | None
    email: str
    role: Role
    joined_at: datetime


class RoleIn(Body):
    """What a member may do from now on."""

    model_config = ConfigDict(json_schema_extra={"example": {"role": "editor"}})

    role: Role


class TransferIn(Body):
    """Who becomes owner in your place, and what you stay as."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"user_id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6", "keep": "editor"}}
    )

    user_id: UUID = Field(description="A member of the book.")
    keep: Literal["editor", "viewer"] = Field(default="editor", description="Your own role afterwards.")


class BookInvitationIn(Body):
    """Who may join, and as what."""

    model_config = ConfigDict(json_schema_extra={"example": {"role": "editor", "email": "robin@example.com"}})

    role: Role
    email: NewEmail | None = Field(default=None, description="The invitation is mailed there; without one, pass it on.")
    expires_in_days: Whole = Field(default=DEFAULT_DAYS, ge=1, le=MOST_DAYS)


class BookInvitationOut(BaseModel):
    """An invitation that waits for an answer."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    role: Role
    email: str | None
    invited_by: str | None = Field(description="Name or address of the owner who sent it.")
    created_at: datetime
    expires_at: datetime


class NewBookInvitation(BookInvitationOut):
    """The same with what lets somebody in; it is shown this one time."""

    token: str = Field(description="For `POST /invitations/accept`.")
    link: str = Field(description="The token in a link: behind the `#`, which no server and no log gets to see.")


class InvitationToMe(BaseModel):
    """An invitation to somebody's verified address."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    book_id: UUID
    book_name: str
    role: Role
    invited_by: str
    created_at: datetime
    expires_at: datetime


class AcceptIn(Body):
    """The token of an invitation."""

    model_config = ConfigDict(json_schema_extra={"example": {"token": "Zk2fUq6vJc1m0sQ7xY3bT9wR5nLhD8eGaP4iKoVtXyM"}})

    token: str = Field(min_length=1, max_length=200)

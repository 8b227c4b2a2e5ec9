"""What administrators send and get."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.fields import Body, Instant, Reason

Role = Literal["user", "moderator", "admin"]


class PersonOut(BaseModel):
    """A user as administrators see them: nothing of what they own."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    email: str
    full_name: str | None
    role: Role
    created_at: datetime
    email_verified: bool
    banned_at: datetime | None = Field(description="Since when they are banned; null without a ban in force.")
    banned_until: datetime | None = Field(description="When the ban ends by itself; null for one that does not.")
    ban_reason: str | None
    last_used_at: datetime | None = Field(description="When a session or token of theirs was last used.")


class RoleIn(Body):
    """The role that a user gets."""

    model_config = ConfigDict(json_schema_extra={"example": {"role": "moderator"}})

    role: Role


class BanIn(Body):
    """Why somebody is banned, and until when."""

    model_config = ConfigDict(json_schema_extra={"example": {"reason": "Spam", "until": "2030-01-31T12:00:00Z"}})

    reason: Reason
    until: Instant | None = Field(default=None, description="In the future; without it the ban has no end.")


class PermissionOut(BaseModel):
    """Something that a role may be permitted."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    description: str
    grantable: bool = Field(description="Whether a personal access token may have it as a scope.")


class RoleOut(BaseModel):
    """A role and what it may do."""

    role: Role
    permissions: list[str]


class RolePermissionsIn(Body):
    """All that a role may do from now on."""

    model_config = ConfigDict(json_schema_extra={"example": {"permissions": ["profile:read", "books:read"]}})

    permissions: Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=500)]


class UserCounts(BaseModel):
    """People by their state."""

    total: int
    active: int = Field(description="Without a ban in force.")
    banned: int
    verified: int = Field(description="Whose e-mail address is verified.")


class AttachmentCounts(BaseModel):
    """Receipts, and what their files take."""

    total: int
    bytes: int = Field(description="Of all stored files; one that is attached twice counts once.")


class ActiveSessions(BaseModel):
    """Sessions used within a time."""

    day: int
    week: int = Field(description="Seven days.")
    month: int = Field(description="Thirty days.")


class StatisticsOut(BaseModel):
    """Counts of the whole server: no amounts, no names, nothing of one book."""

    users: UserCounts
    books: int
    members: int = Field(description="Of all books together; somebody counts once in each of theirs.")
    transactions: int
    transactions_exact: bool = Field(description="False above 100,000: then it is the database's estimate.")
    attachments: AttachmentCounts
    imports: int
    active_sessions: ActiveSessions


class Party(BaseModel):
    """Who did something or to whom; without address and name where they are gone."""

    id: UUID
    email: str | None
    full_name: str | None


class AuditOut(BaseModel):
    """One act."""

    id: UUID
    at: datetime
    action: str = Field(examples=["user_banned"])
    actor: Party | None = Field(description="Null where nobody was logged in.")
    subject: Party | None = Field(description="Whom it was done to; null where it concerned nobody in particular.")
    address: str | None = Field(description="Where the request came from.")
    details: dict[str, Any]


class OwnAuditOut(BaseModel):
    """One act that concerned you."""

    id: UUID
    at: datetime
    action: str = Field(examples=["user_banned"])
    by_yourself: bool
    address: str | None = Field(description="Where the request came from; only of your own acts.")
    details: dict[str, Any]

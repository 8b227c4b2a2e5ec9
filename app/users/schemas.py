"""What clients send and get about people."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, field_validator

from app.core.email_addresses import LONGEST, folded, is_plain, normalized
from app.core.fields import Body, LongName, TimeZone


def _plain(value: str) -> str:
    if not is_plain(value):
        raise ValueError(f"has letters that stand for others; write it plainly, such as {folded(value)}")
    return value


_SCHEMA = WithJsonSchema({"type": "string", "format": "email", "maxLength": LONGEST, "examples": ["kim@example.com"]})

Email = Annotated[str, Field(max_length=LONGEST), AfterValidator(normalized), _SCHEMA]
NewEmail = Annotated[str, Field(max_length=LONGEST), AfterValidator(normalized), AfterValidator(_plain), _SCHEMA]
"""An address that somebody is to be known by: one that cannot be taken for another person's."""


class UserOut(BaseModel):
    """A person."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    email: str
    email_verified_at: datetime | None = Field(description="When mail first reached you there; null until then.")
    full_name: str | None
    role: Literal["user", "moderator", "admin"]
    time_zone: str
    default_book_id: UUID | None = Field(description="The book that serves when `X-Book-Id` is absent.")
    created_at: datetime


class UserPatch(Body):
    """What to change about yourself; what is absent stays."""

    model_config = ConfigDict(json_schema_extra={"example": {"time_zone": "Europe/Berlin"}})

    full_name: LongName | None = None
    time_zone: TimeZone | None = None

    @field_validator("time_zone")
    @classmethod
    def _always_somewhere(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("cannot be null; the default is UTC")
        return value

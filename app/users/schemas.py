"""What clients send and get about people."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, field_validator

from app.core.fields import Body, LongName, TimeZone


def _address(value: str) -> str:
    """Syntax alone is checked; addresses of a home network (`me@nas.local`) are as good as any."""
    try:
        checked = validate_email(value, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    return checked.normalized


Email = Annotated[
    str,
    Field(max_length=320),
    AfterValidator(_address),
    WithJsonSchema({"type": "string", "format": "email", "maxLength": 320, "examples": ["kim@example.com"]}),
]


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

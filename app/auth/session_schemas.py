"""What clients send and get about sessions."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.fields import Body, Flag


class SessionOut(BaseModel):
    """One log-in on one device."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6",
                "device": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "address": "192.0.2.7",
                "method": "password",
                "created_at": "2026-01-31T09:00:00Z",
                "last_used_at": "2026-01-31T18:30:00Z",
                "expires_at": "2026-03-02T18:20:00Z",
                "current": True,
            }
        }
    )

    id: UUID
    device: str | None = Field(description="The `User-Agent` that it was opened with, as far as the client said one.")
    address: str | None = Field(description="Where it was opened from.")
    method: Literal["password", "passkey", "oidc"] = Field(description="How its owner proved who they are.")
    created_at: datetime
    last_used_at: datetime = Field(description="When a request last came under it; half a minute late at most.")
    expires_at: datetime = Field(description="When it ends unless it is renewed at `/auth/refresh` before.")
    current: bool = Field(description="Whether this very request came under it.")


class LogoutAll(Body):
    """Which sessions to end."""

    model_config = ConfigDict(json_schema_extra={"example": {"keep_current": True}})

    keep_current: Flag = Field(default=False, description="Leave the session of this request open.")


class LoggedOut(BaseModel):
    """What was ended."""

    model_config = ConfigDict(json_schema_extra={"example": {"ended": 3}})

    ended: int = Field(description="How many sessions.")

"""What clients send and get about notifications."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.fields import Body
from app.core.money import Money
from app.notifications.notices import Kind
from app.notifications.preferences import Preferences


class NotificationOut(BaseModel):
    """One thing that you are told."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: Kind
    book_id: UUID | None = Field(description="The book it is about.")
    title: str = Field(description="Plain text.")
    body: str = Field(description="Plain text; may be empty.")
    data: dict[str, Any] = Field(description="For programs: ids, decimal strings, dates; which ones depends on `kind`.")
    created_at: datetime
    read_at: datetime | None = Field(description="null while it is unread.")
    mailed_at: datetime | None = Field(description="When it went out by mail; null where it did not, or not yet.")


class UnreadCount(BaseModel):
    """How many notifications are unread."""

    model_config = ConfigDict(json_schema_extra={"example": {"unread": 2, "kinds": {"bill_due": 2}}})

    unread: int
    kinds: dict[str, int] = Field(description="The same by kind; kinds without any are left out.")


class ReadUpTo(Body):
    """Up to where you have read."""

    model_config = ConfigDict(json_schema_extra={"example": {"up_to": None}})

    up_to: UUID | None = Field(
        default=None, description="The newest notification you have seen: later ones stay unread. Absent, all are read."
    )


class MarkedRead(BaseModel):
    """How many were unread before."""

    marked: int


class SettingsOut(Preferences):
    """How you are told."""

    model_config = ConfigDict(extra="ignore")

    budget_thresholds: list[Money] = Field(
        description="In percent of its amount; where a budget names none of its own."
    )
    price_move_threshold: Money = Field(description="In percent: from where on a move of a price is told.")
    mail_address: str | None = Field(description="Where mail goes; null while your address is not confirmed.")
    time_zone: str = Field(description="In which all times are; PATCH /users/me changes it.")
    revision: int = Field(description="0 while you have chosen nothing.")


class UnsubscribeToken(Body):
    """The token of a mail's link."""

    model_config = ConfigDict(json_schema_extra={"example": {"token": "AZr0..."}})

    token: str = Field(min_length=1, max_length=200)

"""What clients send and get about books."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from app.core.fields import Body, CivilDate, CurrencyCode, Name, Whole

MAX_RATE_WINDOW_DAYS = 366


class BookIn(Body):
    """A new book."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "Household", "base_currency": "EUR"}})

    name: Name
    base_currency: CurrencyCode | None = Field(
        default=None, description="What reports are in. Without one the book takes that of its first account."
    )


class BookPatch(Body):
    """What to change; what is absent stays."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "Household"}})

    name: Name | None = None
    base_currency: CurrencyCode | None = Field(
        default=None,
        description="Only while the book has no accounts and no budgets; later with "
        "`POST /books/{book_id}/base-currency`.",
    )
    rate_window_days: Whole | None = Field(
        default=None,
        ge=0,
        le=MAX_RATE_WINDOW_DAYS,
        description="For how many days an exchange rate counts where there is no newer one.",
        examples=[7],
    )

    @field_validator("name", "base_currency", "rate_window_days")
    @classmethod
    def _not_null(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("cannot be null")
        return value


class LockIn(Body):
    """The last day of what is closed."""

    model_config = ConfigDict(json_schema_extra={"example": {"locked_until": "2025-12-31"}})

    locked_until: CivilDate | None = Field(description="Not in the future; null opens everything again.")


class BookOut(BaseModel):
    """A book and your role in it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    base_currency: str
    rate_window_days: int = Field(description="For how many days an exchange rate counts where there is no newer one.")
    locked_until: date | None = Field(
        description="Nothing dated up to this day is written, changed, deleted, imported or undone."
    )
    revision: int = Field(description="Counts every change of the book; lists and reports carry it as ETag.")
    role: Literal["owner", "editor", "viewer"]
    created_at: datetime
    updated_at: datetime

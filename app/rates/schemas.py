"""What clients send and get about exchange rates."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.fields import Body, CivilDate, CurrencyCode, Flag
from app.core.money import Money, PositiveRate


class RateIn(Body):
    """How much of `quote` one unit of `base` is on a day."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"base": "EUR", "quote": "USD", "date": "2026-01-15", "rate": "1.0842"}}
    )

    base: CurrencyCode
    quote: CurrencyCode
    date: CivilDate = Field(description="The day it is of; not in the future.")
    rate: PositiveRate


class RateOut(BaseModel):
    """A rate that the book has of its own, or that a provider said."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID | None = Field(description="Of the book's own; null for a provider's, which is everybody's.")
    base: str
    quote: str
    date: date
    rate: Money = Field(description="How much of `quote` one unit of `base` is.", examples=["1.0842"])
    source: str = Field(
        description="`manual`, `csv` or `import` for the book's own, else the provider's name.", examples=["manual"]
    )
    revision: int | None = Field(description="Of the book's own; null for a provider's.")


class Loaded(BaseModel):
    """What a file of rates came to."""

    created: int
    updated: int = Field(description="There was another rate of this pair and day.")
    unchanged: int


class Conversion(BaseModel):
    """An amount in another currency, and how it came to that."""

    model_config = ConfigDict(populate_by_name=True)

    from_currency: str = Field(serialization_alias="from", examples=["EUR"])
    to: str = Field(examples=["USD"])
    rated_on: date = Field(description="The day the rate is of; of two, the older one.")
    date: date
    rate: Money = Field(description="How much of `to` one unit of `from` is.", examples=["1.0842"])
    source: str = Field(description="Who says so; `same` for one currency.", examples=["ecb"])
    via: str | None = Field(description="The currency between the two, where there is no rate of the pair itself.")
    amount: Money | None
    converted: Money | None = Field(description="Rounded half away from zero to the decimals of `to`.")


class Refreshing(BaseModel):
    """Who is asked for rates."""

    providers: list[str]


class Asked(BaseModel):
    """How asking a provider went the last time."""

    model_config = ConfigDict(from_attributes=True)

    provider: str = Field(examples=["ecb"])
    fetched_at: datetime
    status: Literal["succeeded", "failed"]
    detail: str | None = Field(description="What went wrong.")
    stored: int = Field(description="How many rates were new or changed.")
    kept_out: list[str] = Field(description="The first rates that were not believed, and why.")


class BaseCurrencyIn(Body):
    """The currency that the book shall count in."""

    model_config = ConfigDict(json_schema_extra={"example": {"currency": "CHF"}})

    currency: CurrencyCode
    convert_budgets: Flag = Field(
        default=False,
        description="Whether amounts of budgets become amounts in the new currency, at today's rate. Without it, "
        "a book with budgets is refused.",
    )


class BaseCurrencyChange(BaseModel):
    """A change of the base currency. Until it is done, everybody reads the book as it was."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    from_currency: str
    to_currency: str
    convert_budgets: bool
    status: Literal["queued", "running", "done", "failed"]
    done: int = Field(description="Of how many months the amounts are converted.")
    total: int
    reason: str | None = Field(description="Why it failed; the book is as it was then.")
    created_at: datetime
    finished_at: datetime | None

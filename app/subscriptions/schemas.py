"""What clients send and get about subscriptions."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.fields import Body, LongName, Whole
from app.core.money import Money

Status = Literal["suggested", "accepted", "dismissed"]
Direction = Literal["expense", "income"]
Key = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", description="The `key` of a suggestion as it was listed.")]
EXAMPLE_KEY = "0b1f2f3d5c6a4b7e9d8c7b6a5f4e3d2c"


class IntervalOut(BaseModel):
    """From one payment to the next: every so many weeks, months or years."""

    unit: Literal["week", "month", "year"]
    every: int


class ReasonsOut(BaseModel):
    """The points that the confidence consists of."""

    regularity: Money = Field(description="Up to 40: how exactly the days keep the interval, and that none is missing.")
    amount: Money = Field(description="Up to 30: how little the amount changes from one payment to the next.")
    count: Money = Field(description="Up to 20: how many payments there are; 6 are enough, of yearly ones 3.")
    recency: Money = Field(description="Up to 10, less by how much the next one is overdue.")


class PriceChangeOut(BaseModel):
    """The last change of a price that otherwise stays the same."""

    changed_on: date = Field(description="The day of the first payment of the new price.")
    before: Money
    after: Money
    per_year: Money = Field(description="What the change makes in a year; negative where it became cheaper.")


class SubscriptionOut(BaseModel):
    """Payments that come again: a subscription, a bill, a salary. Amounts are positive."""

    key: str
    status: Status
    direction: Direction
    name: str = Field(description="The payee, or the description of payments without one.")
    payee_id: UUID | None
    account_id: UUID
    category_id: UUID | None = Field(description="That of the last payment, unless it is split.")
    currency: str
    interval: IntervalOut
    amount_kind: Literal["fixed", "average"] = Field(description="`fixed` where the price stays between its changes.")
    amount: Money = Field(description="What was paid last.")
    average: Money = Field(description="Of the last 6 payments.")
    per_month: Money = Field(description="A twelfth of `per_year`.")
    per_year: Money = Field(description="The last amount, or the average of one that varies, in a year.")
    first_on: date
    last_on: date
    next_on: date = Field(description="When the next one is expected.")
    count: int
    missed: int = Field(description="How many in between did not come.")
    confidence: Money = Field(description="From 0 to 100; two yearly payments have 55 at most.")
    reasons: ReasonsOut
    price_change: PriceChangeOut | None
    schedule_id: UUID | None = Field(description="The schedule that it is followed by, once accepted.")
    transaction_ids: list[UUID] = Field(description="Its payments, by date.")


class AcceptIn(Body):
    """Which suggestion becomes a bill, and what may be different from what was found."""

    model_config = ConfigDict(json_schema_extra={"example": {"key": EXAMPLE_KEY, "name": "Films", "remind_days": 3}})

    key: Key
    name: LongName | None = Field(default=None, description="The payee's name when absent.")
    category_id: UUID | None = Field(default=None, description="That of the last payment when absent.")
    remind_days: Annotated[Whole, Field(ge=0, le=60)] | None = Field(
        default=None, description="Remind so many days before it is due; not at all when absent."
    )


class DismissIn(Body):
    """Which suggestion is none."""

    model_config = ConfigDict(json_schema_extra={"example": {"key": EXAMPLE_KEY}})

    key: Key


class KnownOut(BaseModel):
    """One schedule's part of the totals."""

    schedule_id: UUID
    name: str
    direction: Direction
    currency: str
    per_month: Money
    per_year: Money


class TotalOut(BaseModel):
    """What all of one direction and currency makes."""

    direction: Direction
    currency: str
    count: int
    per_month: Money
    per_year: Money


class SummaryOut(BaseModel):
    """What is known to come again in the next twelve months, and what may be added to it."""

    known: list[KnownOut] = Field(description="Schedules and bills that are not paused, by cost.")
    totals: list[TotalOut] = Field(description="Of `known`, by direction and currency.")
    suggested: list[TotalOut] = Field(description="The same of what was found with `min_confidence` and nobody judged.")

"""What clients send and get about goals."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from app.core.fields import Body, CurrencyCode, Flag, Name, Text
from app.core.money import Money, PositiveAmount
from app.goals.fields import NonNegativeAmount, PlannedDate, Share

Kind = Literal["save_up", "pay_down"]
ACCOUNT = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"
EXAMPLE: dict[str, JsonValue] = {
    "name": "New roof",
    "kind": "save_up",
    "target_amount": "12000.00",
    "currency": "EUR",
    "target_date": "2027-06-30",
    "sources": [{"account_id": ACCOUNT, "earmark": "8000.00"}],
}


class SourceIn(Body):
    """Where the money lies. Without `share` and `earmark` all of the balance is for the goal."""

    account_id: UUID | None = None
    budget_id: UUID | None = Field(default=None, description="An envelope: what is available in it, in base currency.")
    share: Share | None = None
    earmark: PositiveAmount | None = Field(default=None, description="So much of the balance and no more.")

    @model_validator(mode="after")
    def _one_claim(self) -> Self:
        if self.share is not None and self.earmark is not None:
            raise ValueError("take a share or a fixed earmark, not both")
        if (self.account_id is None) == (self.budget_id is None):
            raise ValueError("name an account_id or a budget_id, one of them")
        return self


Sources = list[SourceIn]


def _different(sources: list[SourceIn] | None) -> list[SourceIn] | None:
    if sources is not None and len({source.account_id or source.budget_id for source in sources}) < len(sources):
        raise ValueError("name each account and each envelope once")
    return sources


class GoalFields(Body):
    """What a new goal and a replaced one have in common."""

    name: Name
    target_amount: NonNegativeAmount = Field(description="To save up, above 0; or what may still be owed in the end.")
    target_date: PlannedDate | None = None
    sources: Sources = Field(min_length=1, max_length=20, description="Accounts and envelopes, each once.")
    start_amount: NonNegativeAmount | None = Field(
        default=None, description="What was saved, or owed, at the start; what it is now when absent."
    )
    start_date: PlannedDate | None = Field(default=None, description="Today when absent; not in the future.")
    notes: Text | None = None

    _each_once = field_validator("sources")(_different)


class GoalIn(GoalFields):
    """A new goal."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    id: UUID | None = Field(default=None, description="Your own UUID for it; the server makes one when absent.")
    kind: Kind = Field(description="Save an amount up on accounts you own, or pay what you owe down to one.")
    currency: CurrencyCode


class GoalReplace(GoalFields):
    """PUT: all of a goal but its kind and its currency, which are for ever."""

    model_config = ConfigDict(
        json_schema_extra={"example": {k: v for k, v in EXAMPLE.items() if k not in {"kind", "currency"}}}
    )

    archived: Flag = False


class GoalPatch(Body):
    """What to change; what is absent stays. `sources` replaces all of them."""

    model_config = ConfigDict(json_schema_extra={"example": {"target_amount": "13000.00"}})

    name: Name | None = None
    target_amount: NonNegativeAmount | None = None
    target_date: PlannedDate | None = None
    sources: Sources | None = Field(default=None, min_length=1, max_length=20)
    start_amount: NonNegativeAmount | None = None
    start_date: PlannedDate | None = None
    notes: Text | None = None
    archived: Flag | None = Field(default=None, description="An archived goal claims no money.")

    _each_once = field_validator("sources")(_different)

    @field_validator("name", "target_amount", "sources", "start_amount", "start_date", "archived")
    @classmethod
    def _not_null(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("cannot be null")
        return value


class SourceOut(BaseModel):
    """Where the money lies."""

    account_id: UUID | None
    budget_id: UUID | None
    share: Money | None
    earmark: Money | None


class SourceStatus(BaseModel):
    """What a goal claims of an account, and what of that is counted as its own."""

    account_id: UUID | None
    budget_id: UUID | None
    balance: Money
    claimed: Money
    counted: Money


class Overcommitted(BaseModel):
    """An account of which the goals claim more than is there."""

    account_id: UUID | None
    budget_id: UUID | None
    by: Money


class Unconverted(BaseModel):
    """An account in another currency than the goal's: there is no rate, so nothing of it is counted."""

    account_id: UUID | None
    budget_id: UUID | None
    currency: str
    balance: Money


class GoalStatus(BaseModel):
    """Where a goal stands today, in its currency."""

    current_amount: Money = Field(description="Saved so far, or owed now.")
    done_amount: Money = Field(description="Saved so far, or paid off since the start.")
    remaining: Money
    percent: Money = Field(description="Of the way, in percent; 100 or more only when it is reached.")
    reached: bool
    monthly_amount: Money | None = Field(description="What it takes a month until the target date, the last one less.")
    payments: int | None = Field(description="How many of these there are.")
    last_amount: Money | None
    expected_amount: Money | None = Field(
        description="Today's point on the straight line from the start to the target."
    )
    on_track: bool | None = Field(description="Whether it is at or past that point; null without a target date.")
    monthly_pace: Money | None = Field(
        description="What a month brought it nearer, over up to three whole months since its start; null before one."
    )
    projected_date: date | None = Field(description="When that pace gets there; null where it does not.")
    sources: list[SourceStatus] = Field(description="Of a goal to save up: whose money is counted.")
    overcommitted: list[Overcommitted]
    unconverted: list[Unconverted]


class GoalState(BaseModel):
    """A goal as it was set."""

    id: UUID
    name: str
    kind: Kind
    currency: str
    target_amount: Money
    target_date: date | None
    start_amount: Money
    start_date: date
    sources: list[SourceOut]
    notes: str | None
    archived_at: datetime | None
    revision: int
    created_at: datetime
    updated_at: datetime


class GoalOut(GoalState):
    """A goal and where it stands."""

    reached_at: datetime | None = Field(description="When it was noticed; null again when it falls behind.")
    status: GoalStatus | None = Field(description="Null for an archived goal.")


class GoalPlanIn(Body):
    """What to save up or pay off, and by when, or with how much a month."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"amount": "1000.00", "already": "100.00", "currency": "EUR", "target_date": "2027-06-30"}
        }
    )

    amount: PositiveAmount
    already: NonNegativeAmount = Field(default=Decimal(0), description="What of it is there or paid.")
    currency: CurrencyCode
    start_date: PlannedDate | None = Field(default=None, description="Today when absent.")
    target_date: PlannedDate | None = None
    monthly_amount: PositiveAmount | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.target_date is None) == (self.monthly_amount is None):
            raise ValueError("give a target_date or a monthly_amount, one of them")
        return self


class Instalment(BaseModel):
    """One payment of a plan, and what is there with it."""

    date: date
    amount: Money
    total: Money


class GoalPlanOut(BaseModel):
    """A plan to the last unit of the currency."""

    currency: str
    remaining: Money
    monthly_amount: Money
    payments: int
    last_amount: Money
    reached_on: date
    schedule: list[Instalment] = Field(description="The first payment is a month after the start.")

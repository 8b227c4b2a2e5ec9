"""What clients send and get about bills."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.fields import Body
from app.core.money import Money
from app.core.pagination import Whole

BillStatus = Literal["upcoming", "due", "overdue", "paid", "skipped"]
Direction = Literal["expense", "income"]
Day = date


class BillOut(BaseModel):
    """One occurrence of a bill. Amounts are positive, in the currency of its account."""

    schedule_id: UUID
    name: str
    direction: Direction = Field(description="`income` for what is expected to come in.")
    due_on: Day = Field(description="The day by the rule; it names the occurrence, wherever its date moves.")
    date: Day
    status: BillStatus
    days_left: int = Field(description="Until `date`; negative behind it.")
    account_id: UUID
    category_id: UUID | None
    payee: str | None
    currency: str
    amount: Money = Field(description="What is expected.")
    amount_min: Money
    amount_max: Money
    transaction_id: UUID | None = Field(description="The payment, once it came.")
    paid_amount: Money | None
    paid_on: Day | None
    matched_by_hand: bool


class BillTotalOut(BaseModel):
    """What is ahead in one currency and direction: neither paid nor skipped."""

    currency: str
    direction: Direction
    count: int
    amount: Money
    amount_min: Money
    amount_max: Money
    overdue: Money = Field(description="The part of `amount` whose date is past.")


class BillsOut(Whole[BillOut]):
    """Bills by date, and what they come to."""

    totals: list[BillTotalOut] = Field(description="Of all that is ahead in these days, whatever `status` asks for.")


class MatchIn(Body):
    """Which transaction pays it."""

    model_config = ConfigDict(json_schema_extra={"example": {"transaction_id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda8"}})

    transaction_id: UUID

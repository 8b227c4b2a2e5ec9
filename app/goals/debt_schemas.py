"""What clients send and get about plans out of debt."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.fields import Body, CurrencyCode, Flag, Name
from app.core.money import Money, PositiveAmount
from app.goals.fields import NonNegativeAmount, PlannedDate, Rate
from app.goals.payoff import Strategy

MAX_DEBTS = 100


class DebtIn(Body):
    """A debt as you state it."""

    name: Name
    balance: PositiveAmount = Field(description="What is owed, a positive amount.")
    annual_rate: Rate
    minimum_payment: NonNegativeAmount = Field(description="The least to pay a month.")


class ExtraIn(Body):
    """What there is besides, once; it goes to the debts with the first payments on or after its day."""

    date: PlannedDate
    amount: PositiveAmount


class DebtPlanIn(Body):
    """How to pay debts off. Without `debts` those with loan terms in the book are planned for."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "strategy": "avalanche",
                "monthly_amount": "400.00",
                "debts": [
                    {"name": "Card", "balance": "1800.00", "annual_rate": "19.9", "minimum_payment": "50.00"},
                    {"name": "Car", "balance": "6400.00", "annual_rate": "4.5", "minimum_payment": "180.00"},
                ],
            }
        }
    )

    strategy: Strategy = Field(
        description="Who gets what is left after the minimums: the dearest debt, the smallest, or your `order`."
    )
    order: list[Name] | None = Field(
        default=None,
        max_length=MAX_DEBTS,
        description="For `custom`: every debt once, by its name, or by the id of its loan where `debts` is absent.",
    )
    monthly_amount: PositiveAmount | None = Field(
        default=None, description="For all debts together, every month; the sum of the minimums when absent."
    )
    extra: list[ExtraIn] = Field(default=[], max_length=100)
    debts: list[DebtIn] | None = Field(default=None, min_length=1, max_length=MAX_DEBTS)
    currency: CurrencyCode | None = Field(
        default=None, description="Of the stated debts (the book's when absent), or which of the book's to plan for."
    )
    first_payment_date: PlannedDate | None = Field(default=None, description="A month from today when absent.")
    details: Flag = Field(default=True, description="Say in `schedule` what each debt gets each month.")


class DebtOut(BaseModel):
    """A debt, and when it ends."""

    loan_id: UUID | None
    name: str
    balance: Money
    annual_rate: Money
    minimum_payment: Money
    interest: Money = Field(description="All that it costs from here on.")
    month: int
    paid_off_on: date


class DebtPayment(BaseModel):
    """What one debt gets in a month."""

    debt: int = Field(description="Its place in `debts`, from 0.")
    payment: Money
    interest: Money
    balance: Money


class DebtMonth(BaseModel):
    """One month of a plan."""

    month: int
    date: date
    payment: Money
    interest: Money
    balance: Money
    payments: list[DebtPayment] | None


class Comparison(BaseModel):
    """How one way ends; null where the debts are not paid off within 1200 months."""

    strategy: Literal["avalanche", "snowball", "custom", "minimums"]
    months: int | None
    payoff_date: date | None
    total_interest: Money | None


class DebtPlanOut(BaseModel):
    """A plan out of debt, and what the other ways come to."""

    currency: str
    strategy: Strategy
    monthly_amount: Money
    months: int
    payoff_date: date
    total_interest: Money
    total_paid: Money
    interest_saved: Money | None = Field(description="Against paying the minimums only; null where those never end.")
    debts: list[DebtOut] = Field(description="In the order in which they are paid off.")
    schedule: list[DebtMonth]
    comparison: list[Comparison]

"""What the weekly report answers."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.fields import Body, CivilDate
from app.core.money import Money


class Sides(BaseModel):
    """Income and spending; both are positive numbers, and refunds lower spending."""

    income: Money
    expenses: Money


class Week(Sides):
    """The same, with what is left of it."""

    net: Money = Field(description="Income minus expenses.")


class UnconvertedWeek(Sides):
    """What is in a currency for which no rate is known; it is counted nowhere else."""

    currency: str
    previous: Sides


class DaySpending(BaseModel):
    """Spending of a day, and of the same day of the week before."""

    date: date
    expenses: Money
    previous: Money


class BudgetOfWeek(BaseModel):
    """A budget at the end of the week."""

    budget_id: UUID
    name: str
    currency: str
    available: Money = Field(description="Its amount, with what was carried over from the periods before.")
    spent: Money
    remaining: Money
    percent_used: Money | None = Field(description="In percent; null where something was spent of nothing.")
    period_start: date
    period_end: date


class BillAhead(BaseModel):
    """What a schedule has to be paid in the seven days after the week."""

    schedule_id: UUID
    name: str
    date: date
    status: str
    amount: Money = Field(description="What is expected to go out.")
    currency: str


class NotableTransaction(BaseModel):
    """One of the largest expenses of the week, or one that is unusual for its category."""

    transaction_id: UUID
    date: date
    amount: Money = Field(description="In the book's base currency; a part of a split stands by itself.")
    payee: str | None
    description: str | None
    category: str | None
    account: str
    usual: Money | None = Field(description="The average expense of the category in the 12 weeks before.")
    unusual: bool = Field(description="Whether it is three times that average or more, of five expenses at least.")


class BalanceChange(BaseModel):
    """An account over the week, in its own currency."""

    account_id: UUID
    name: str
    currency: str
    before: Money = Field(description="At the end of the day before the week.")
    balance: Money = Field(description="At the end of the week.")
    change: Money


class WeeklyReport(Week):
    """A week of a book, in its base currency, as far as you may see it."""

    book_id: UUID
    book: str = Field(description="Its name.")
    first: date = Field(alias="from", description="A Monday.")
    last: date = Field(alias="to", description="The Sunday.")
    currency: str
    previous: Week
    unconverted: list[UnconvertedWeek]
    days: list[DaySpending]
    budgets: list[BudgetOfWeek]
    bills: list[BillAhead]
    notable: list[NotableTransaction]
    balances: list[BalanceChange]


class SendWeekly(Body):
    """Which week to send."""

    model_config = ConfigDict(json_schema_extra={"example": {"week": "2026-11-09"}})

    week: CivilDate | None = Field(default=None, description="Any day of it; the last whole week when absent.")


class WeeklySent(BaseModel):
    """What is on its way."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"mail_address": "kim@example.com", "from": "2026-11-09", "to": "2026-11-15"}}
    )

    mail_address: str
    first: date = Field(alias="from")
    last: date = Field(alias="to")

"""What reports answer."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from app.budgets.outputs import StatusOut
from app.core.money import Money

Percent = Annotated[Money, Field(description="In percent, a decimal string such as `12.5`.", examples=["12.5"])]


class CategoryAmount(BaseModel):
    """What went through a category, everything below it included."""

    category_id: UUID | None = Field(description="null for what has no category yet.")
    name: str
    amount: Money = Field(
        description="Positive for spending under expenses and for earnings under income; refunds lower it."
    )
    share: Percent
    children: list["CategoryAmount"] = []


class Unconverted(BaseModel):
    """What is in a currency for which no rate is known; it is counted nowhere else."""

    currency: str
    income: Money
    expenses: Money


class MonthlyReport(BaseModel):
    """Income and expenses of one month, in the book's base currency."""

    year: int
    month: int
    currency: str
    total_income: Money
    total_expenses: Money
    net: Money = Field(description="Income minus expenses.")
    income: list[CategoryAmount]
    expenses: list[CategoryAmount]
    budgets: list[StatusOut] = Field(
        description="Each budget that covers the month's last day, or today in the present month, in its period of "
        "that day, by what was spent up to it."
    )
    unconverted: list[Unconverted]

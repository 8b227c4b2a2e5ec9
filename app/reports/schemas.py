"""What reports answer."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.budgets.outputs import StatusOut
from app.core.money import Money

Percent = Annotated[Money, Field(description="In percent, a decimal string such as `12.5`.", examples=["12.5"])]
BucketName = Annotated[str, Field(description="`2026-01`, `2026-Q1` or `2026`.", examples=["2026-01"])]


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


class UnconvertedBalance(BaseModel):
    """What was held in a currency for which no rate of the day is known; it is counted nowhere else."""

    currency: str
    date: date
    amount: Money = Field(description="A debt is negative.")


class Unpriced(BaseModel):
    """A holding without a price on the day; it is counted nowhere."""

    date: date
    account_id: UUID
    asset_id: UUID


class Framed(BaseModel):
    """The days that a report is about, and its currency."""

    from_: date = Field(alias="from", serialization_alias="from")
    to: date
    currency: str


class Totals(BaseModel):
    """Sums of a period."""

    total_income: Money
    total_expenses: Money
    net: Money = Field(description="Income minus expenses.")
    unconverted: list[Unconverted]


class MonthlyReport(BaseModel):
    """Income and expenses of one month."""

    year: int
    month: int
    from_: date = Field(alias="from", serialization_alias="from")
    to: date
    currency: str
    total_income: Money
    total_expenses: Money
    net: Money = Field(description="Income minus expenses.")
    income: list[CategoryAmount]
    expenses: list[CategoryAmount]
    budgets: list[StatusOut] = Field(
        description="Each budget that covers the month's last day, or today in the present month, in its period of "
        "that day, by what was spent up to it. No filter is for them."
    )
    unconverted: list[Unconverted]


class Point(BaseModel):
    """A month, or a quarter or a year, of a report."""

    month: BucketName
    from_: date = Field(alias="from", serialization_alias="from")
    to: date
    income: Money
    expenses: Money
    net: Money


class CategoryTrend(BaseModel):
    """A top-level category with all below it; `amounts` are in the order of the points."""

    category_id: UUID | None
    name: str
    kind: Literal["income", "expense"]
    amounts: list[Money]
    total: Money


class BalanceTrend(BaseModel):
    """What an account held at the end of each point, in its own currency; of the present one by now."""

    account_id: UUID
    name: str
    currency: str
    balances: list[Money]


class TrendsReport(Framed, Totals):
    """How income and expenses developed."""

    points: list[Point]
    categories: list[CategoryTrend] = Field(description="Income first, then expenses; the largest first.")
    balances: list[BalanceTrend]


class AmountAt(BaseModel):
    """What went through a category in a month, all below it included."""

    month: BucketName
    from_: date = Field(alias="from", serialization_alias="from")
    to: date
    amount: Money


class CategoryItem(BaseModel):
    """A category with its children; the amounts include what is below it."""

    category_id: UUID | None
    name: str
    amount: Money
    share: Percent
    trend: list[AmountAt]
    children: list["CategoryItem"] = []


class CategoriesReport(Framed):
    """What was spent, or earned, by category."""

    kind: Literal["income", "expense"]
    total: Money
    items: list[CategoryItem]
    unconverted: list[Unconverted]


class WorthPoint(BaseModel):
    """What is owned and what is owed at the end of a day; both are positive."""

    date: date
    assets: Money
    liabilities: Money
    net_worth: Money


class AccountWorth(BaseModel):
    """One account; the lists are in the order of the points. A debt is negative."""

    account_id: UUID
    name: str
    type: str
    class_: Literal["asset", "liability"] = Field(alias="class", serialization_alias="class")
    currency: str
    balances: list[Money] = Field(description="In its own currency, without holdings.")
    holdings: list[Money] = Field(description="What is held on it at the day's prices, converted.")
    values: list[Money | None] = Field(description="Both, converted; null where the balance has no rate.")


class NetWorthReport(Framed):
    """What everything is worth at month ends, each day by its own rates and prices."""

    points: list[WorthPoint]
    change: Money = Field(description="Of net worth, from the first point to the last.")
    accounts: list[AccountWorth]
    unconverted: list[UnconvertedBalance]
    unpriced: list[Unpriced]

"""What reports answer that hold two periods, or two days, side by side."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.money import Money
from app.reports.schemas import Framed, Percent, Unconverted, UnconvertedBalance, Unpriced


class Days(BaseModel):
    """From one day to another."""

    from_: date = Field(alias="from", serialization_alias="from")
    to: date


class Compared(BaseModel):
    """An amount beside an earlier one; null where nothing is compared."""

    amount: Money
    previous: Money | None
    change: Money | None
    change_percent: Percent | None = Field(description="Of the earlier amount; null where that was 0.")


class ComparedCategory(Compared):
    """What went through a category in both periods, all below it included."""

    category_id: UUID | None
    name: str
    children: list["ComparedCategory"] = []


class IncomeStatement(Framed):
    """Two periods side by side."""

    previous: Days | None
    income: Compared
    expenses: Compared
    net: Compared
    income_items: list[ComparedCategory]
    expense_items: list[ComparedCategory]
    unconverted: list[Unconverted]
    previous_unconverted: list[Unconverted]


class AccountLine(BaseModel):
    """An account on both days; a liability is a positive number."""

    account_id: UUID
    name: str
    type: str
    class_: Literal["asset", "liability"] = Field(alias="class", serialization_alias="class")
    currency: str
    balance: Money = Field(description="On the day, in the account's currency, with its own sign, without holdings.")
    amount: Money | None = Field(description="With holdings, converted; null where the balance has no rate.")
    previous: Money | None
    change: Money | None
    change_percent: Percent | None


class BalanceSheet(BaseModel):
    """Two days side by side."""

    at: date
    previous_at: date | None
    currency: str
    assets: list[AccountLine]
    liabilities: list[AccountLine]
    total_assets: Compared
    total_liabilities: Compared
    net_worth: Compared
    unconverted: list[UnconvertedBalance]
    unpriced: list[Unpriced]

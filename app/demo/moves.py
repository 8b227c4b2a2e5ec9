"""The words the demo is told in: its accounts, its categories, and the two kinds of moves of money."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal
from uuid import UUID

from app.accounts.schemas import AccountIn, AccountType


class AccountName(StrEnum):
    CHECKING = "Everyday account"
    SAVINGS = "Rainy-day savings"
    CASH = "Wallet"
    CARD = "Credit card"
    LOAN = "Car loan"
    DOLLARS = "Dollar account"


class CategoryName(StrEnum):
    """The categories of a new book that the demo uses; among those of one kind a name is unique."""

    GROCERIES = "Groceries"
    RESTAURANTS = "Restaurants & cafés"
    RENT = "Rent & mortgage"
    UTILITIES = "Utilities"
    INTERNET = "Internet & phone"
    HOUSEHOLD = "Household goods"
    REPAIRS = "Repairs"
    PUBLIC_TRANSPORT = "Public transport"
    FUEL = "Fuel & charging"
    CAR = "Car upkeep"
    TAXI = "Taxi & sharing"
    DOCTORS = "Doctors & dentists"
    PHARMACY = "Pharmacy"
    SPORT = "Sport & fitness"
    INSURANCE = "Insurance"
    GOING_OUT = "Going out"
    HOBBIES = "Hobbies"
    MEDIA = "Streaming & media"
    TRAVEL = "Travel & holidays"
    CLOTHES = "Clothes & shoes"
    ELECTRONICS = "Electronics"
    GIFTS = "Gifts"
    PETS = "Pets"
    LEARNING = "Learning"
    FEES = "Fees & interest"
    GIVING = "Giving"
    SALARY = "Salary"
    BONUS = "Bonus"
    FREELANCE = "Freelance"
    INTEREST = "Interest"
    DIVIDENDS = "Dividends"
    TAX_REFUND = "Tax refund"

    @property
    def kind(self) -> Literal["expense", "income"]:
        return "income" if self in _INCOME else "expense"


_INCOME = frozenset(
    {
        CategoryName.SALARY,
        CategoryName.BONUS,
        CategoryName.FREELANCE,
        CategoryName.INTEREST,
        CategoryName.DIVIDENDS,
        CategoryName.TAX_REFUND,
    }
)


@dataclass(frozen=True)
class Opening:
    """How an account begins; what is owed is negative."""

    type: AccountType
    currency: str
    balance: Decimal
    institution: str | None = None
    notes: str | None = None


def opened(account_id: UUID, name: StrEnum, opening: Opening, start: date, place: int) -> AccountIn:
    """The account of this name, begun on this day; `place` is where it stands among the others."""
    return AccountIn(
        id=account_id,
        name=name.value,
        type=opening.type,
        currency=opening.currency,
        opening_balance=opening.balance,
        opening_date=start,
        institution=opening.institution,
        notes=opening.notes,
        sort=place,
    )


OPENINGS = {
    AccountName.CHECKING: Opening("checking", "EUR", Decimal("1850.00"), "Harbour Bank"),
    AccountName.SAVINGS: Opening("savings", "EUR", Decimal("8200.00"), "Harbour Bank", "Three months of expenses."),
    AccountName.CASH: Opening("cash", "EUR", Decimal("65.00")),
    AccountName.CARD: Opening("credit_card", "EUR", Decimal("-412.35"), "Harbour Bank", "Settled on the 5th."),
    AccountName.LOAN: Opening("loan", "EUR", Decimal("-14500.00"), "Meridian Finance", "4.9 % a year, 290 a month."),
    AccountName.DOLLARS: Opening("checking", "USD", Decimal("650.00"), "Atlantic Online"),
}


@dataclass(frozen=True)
class Part:
    """A part of a split purchase."""

    category: CategoryName
    amount: Decimal
    memo: str | None = None


@dataclass(frozen=True)
class Flow:
    """Money spent or earned, in the account's currency. With `parts` the category is theirs."""

    day: date
    stream: str
    account: AccountName
    amount: Decimal
    category: CategoryName | None
    payee: str
    direction: Literal["expense", "income"] = "expense"
    description: str | None = None
    notes: str | None = None
    tags: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    original: tuple[Decimal, str] | None = None

    def changes(self) -> list[tuple[AccountName, Decimal]]:
        return [(self.account, self.amount if self.direction == "income" else -self.amount)]


@dataclass(frozen=True)
class Transfer:
    """Money moved between two accounts; `received` where they differ in currency, `fee` on top of the amount."""

    day: date
    stream: str
    source: AccountName
    target: AccountName
    amount: Decimal
    description: str
    received: Decimal | None = None
    fee: Decimal | None = None

    def changes(self) -> list[tuple[AccountName, Decimal]]:
        return [
            (self.source, -self.amount - (self.fee or Decimal(0))),
            (self.target, self.received or self.amount),
        ]


Move = Flow | Transfer

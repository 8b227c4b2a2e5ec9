"""What clients send and get about accounts."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from app.core.fields import Body, CivilDate, CurrencyCode, Flag, LongName, Text, Whole
from app.core.money import Money, SignedAmount

AccountType = Literal[
    "checking",
    "savings",
    "cash",
    "credit_card",
    "loan",
    "mortgage",
    "investment",
    "property",
    "other_asset",
    "other_liability",
]
LIABILITIES = frozenset({"credit_card", "loan", "mortgage", "other_liability"})

OpeningBalance = Annotated[
    SignedAmount,
    Field(description="What was there before the first transaction; a debt is negative."),
]
Visibility = Literal["shared", "private"]
VisibleTo = Annotated[
    list[UUID],
    Field(
        min_length=1,
        max_length=100,
        description="The members who see a private account; you are one of them. You alone when absent.",
    ),
]
Sort = Annotated[Whole, Field(ge=-1_000_000, le=1_000_000, description="Accounts are ordered by it, then by name.")]


class AccountIn(Body):
    """A new account."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "Checking",
                "type": "checking",
                "currency": "EUR",
                "opening_balance": "1200.00",
                "opening_date": "2026-01-01",
            }
        }
    )

    id: UUID | None = Field(default=None, description="Your own UUID for it; the server makes one when absent.")
    name: LongName
    type: AccountType
    currency: CurrencyCode
    opening_balance: OpeningBalance | None = None
    opening_date: CivilDate | None = Field(default=None, description="Today when absent; not in the future.")
    institution: LongName | None = None
    notes: Text | None = None
    sort: Sort = 0
    visibility: Visibility = Field(
        default="shared", description="For members whom a private account does not name it does not exist."
    )
    visible_to: VisibleTo | None = None


class AccountReplace(Body):
    """PUT: all of an account's description. Its currency is for ever; an absent opening balance stays."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "Joint checking", "type": "checking"}})

    name: LongName
    type: AccountType
    currency: CurrencyCode | None = Field(default=None, description="May be sent, and cannot change.")
    opening_balance: OpeningBalance | None = None
    opening_date: CivilDate | None = None
    institution: LongName | None = None
    notes: Text | None = None
    sort: Sort = 0
    archived: Flag = False
    visibility: Visibility | None = Field(default=None, description="Stays as it is when absent.")
    visible_to: VisibleTo | None = None


class AccountPatch(Body):
    """What to change; what is absent stays."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "Joint checking"}})

    name: LongName | None = None
    type: AccountType | None = None
    opening_balance: OpeningBalance | None = Field(default=None, description="0 or null removes it.")
    opening_date: CivilDate | None = None
    institution: LongName | None = None
    notes: Text | None = None
    sort: Sort | None = None
    archived: Flag | None = None
    visibility: Visibility | None = None
    visible_to: VisibleTo | None = None

    @field_validator("name", "type", "sort", "archived", "opening_date", "visibility", "visible_to")
    @classmethod
    def _not_null(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("cannot be null")
        return value


class AccountOut(BaseModel):
    """An account with its balance now."""

    id: UUID
    name: str
    type: AccountType
    account_class: Literal["asset", "liability"] = Field(alias="class")
    currency: str
    balance: Money = Field(description="In `currency`; what is owed is negative.")
    opening_balance: Money | None
    opening_date: date | None
    institution: str | None
    notes: str | None
    sort: int
    archived_at: datetime | None
    visibility: Visibility = Field(description="A private one exists for the members in `visible_to` alone.")
    visible_to: list[UUID] | None = Field(description="Null for a shared one: all members see it.")
    revision: int
    created_at: datetime
    updated_at: datetime


class BalanceOut(BaseModel):
    """What an account held at the end of a day."""

    account_id: UUID
    at: date
    currency: str
    balance: Money


class ReconcileIn(Body):
    """What the bank's statement says at the end of a day."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"statement_date": "2026-01-31", "statement_balance": "1187.40", "dry_run": True}}
    )

    statement_date: CivilDate
    statement_balance: SignedAmount = Field(description="In the account's currency; what is owed is negative.")
    dry_run: Flag = Field(default=False, description="Only report the difference; nothing changes.")
    adjust: Flag = Field(default=False, description="Post a difference as an adjustment instead of refusing.")


class ReconcileOut(BaseModel):
    """How the statement and the account compare, and what was sealed."""

    id: UUID | None = Field(description="The reconciliation; null for a dry run.")
    account_id: UUID
    currency: str
    statement_date: date
    statement_balance: Money
    cleared_balance: Money = Field(description="What is not pending, up to the statement's day.")
    difference: Money = Field(description="The statement's balance minus the cleared one.")
    pending_count: int
    pending_amount: Money
    sealed_count: int = Field(description="How many transactions became `reconciled`.")
    adjustment_id: UUID | None
    dry_run: bool


class ReconciliationOut(BaseModel):
    """A statement that the account agreed with."""

    id: UUID
    account_id: UUID
    statement_date: date
    statement_balance: Money
    sealed_count: int
    revision: int
    created_at: datetime

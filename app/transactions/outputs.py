"""What clients get about transactions."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.money import Money
from app.transactions.schemas import Role, Status

TransactionType = Literal["expense", "income", "transfer", "journal", "adjustment", "opening_balance", "trade"]


class SplitOut(BaseModel):
    """A part of the whole, signed as it was sent: positive parts make up the amount."""

    line: int = Field(description="Names the part in a PATCH; it is the posting's.")
    category_id: UUID | None
    amount: Money
    memo: str | None


class PostingOut(BaseModel):
    """A movement on one account: positive is money in."""

    line: int
    account_id: UUID
    category_id: UUID | None
    role: Role
    amount: Money
    currency: str
    base_amount: Money | None = Field(description="In the book's base currency; null while no rate is known.")
    memo: str | None


class Warning_(BaseModel):  # noqa: N801  # `Warning` is Python's
    """Something worth knowing about a change that was made all the same."""

    model_config = ConfigDict(title="Warning")

    code: str
    detail: str
    budget_id: UUID | None = Field(default=None, description="With `budget_threshold`: which budget reached it.")
    name: str | None = Field(default=None, description="The budget's name.")
    threshold: Money | None = Field(default=None, description="The threshold, in percent.")
    percent_used: Money | None = Field(default=None, description="How much of the budget is used, in percent.")
    period_start: date | None = None
    period_end: date | None = None
    schedule_id: UUID | None = Field(default=None, description="With `bill_paid`: the bill that it pays.")
    due_on: date | None = Field(default=None, description="Which day of the bill.")
    transaction_id: UUID | None = Field(default=None, description="What pays it.")


class TransactionOut(BaseModel):
    """A transaction with its postings."""

    id: UUID
    type: TransactionType
    date: date
    amount: Money = Field(
        description="Without a sign, in `currency`; of a journal transaction what moves on `account_id`, in all."
    )
    currency: str
    account_id: UUID
    to_account_id: UUID | None
    to_amount: Money | None
    fee_amount: Money | None
    fee_category_id: UUID | None
    category_id: UUID | None
    payee: str | None
    payee_id: UUID | None
    description: str | None
    notes: str | None
    tags: list[str]
    tag_ids: list[UUID] = Field(description="Of the same tags; a copy of the book looks a tag's new name up by them.")
    status: Status
    external_id: str | None
    original_amount: Money | None
    original_currency: str | None
    import_id: UUID | None
    refund_of_id: UUID | None
    reconciliation_id: UUID | None = Field(description="The reconciliation that sealed it.")
    splits: list[SplitOut] = Field(description="Empty unless an expense or income is split.")
    postings: list[PostingOut]
    other_side_private: bool = Field(
        default=False,
        description="It is tied to a private account that you do not see: what is shown is the side that you see, and "
        "you cannot change it.",
    )
    revision: int
    created_at: datetime
    updated_at: datetime
    warnings: list[Warning_] = []

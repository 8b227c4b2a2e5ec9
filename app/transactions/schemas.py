"""What clients send and get about transactions."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.core.fields import Body, CivilDate, CurrencyCode, ExternalId, Line, LongName, Name, Text
from app.core.money import Money, PositiveAmount, SignedAmount

MAX_SPLITS = 200
MAX_TAGS = 50

Status = Literal["pending", "cleared", "reconciled"]


class SplitIn(Body):
    """A part of an expense or income; the parts sum to the whole amount."""

    amount: SignedAmount = Field(
        description="The part, in the account's currency. Negative parts (a deposit returned with the purchase) count "
        "against the others; a part is never 0."
    )
    category_id: UUID | None = None
    memo: Line | None = None


class _Common(Body):
    id: UUID | None = Field(
        default=None, description="Your own UUID for it; the server makes one when absent.", examples=[None]
    )
    date: CivilDate = Field(description="The civil date; not after today in your time zone.")
    amount: PositiveAmount = Field(description="In the currency of `account_id`; the type gives the direction.")
    account_id: UUID
    payee: LongName | None = Field(default=None, examples=["Corner Café"])
    description: Line | None = None
    notes: Text | None = None
    tags: list[Name] = Field(default=[], max_length=MAX_TAGS, examples=[["holiday"]])
    status: Status = "cleared"
    external_id: ExternalId | None = Field(
        default=None,
        description="The bank's or your own id; the same one again on the account is refused with 409.",
    )


class FlowIn(_Common):
    """Money spent or earned."""

    type: Literal["expense", "income"]
    category_id: UUID | None = Field(
        default=None,
        description="An income on an expense category is a refund and lowers what the category spent. "
        "An expense takes an expense category. Not together with `splits`.",
    )
    splits: list[SplitIn] | None = Field(default=None, min_length=1, max_length=MAX_SPLITS)
    original_amount: PositiveAmount | None = Field(default=None, description="What was charged abroad.")
    original_currency: CurrencyCode | None = Field(default=None, description="Its currency; both or none.")

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "expense",
                "date": "2026-01-31",
                "amount": "4.50",
                "account_id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6",
                "payee": "Corner Café",
                "tags": ["holiday"],
            }
        }
    )

    @model_validator(mode="after")
    def _one_way_to_categorise(self) -> "FlowIn":
        if self.splits is not None and self.category_id is not None:
            raise ValueError("give either category_id or splits, not both")
        if (self.original_amount is None) != (self.original_currency is None):
            raise ValueError("give original_amount and original_currency together")
        return self


class TransferIn(_Common):
    """Money moved between two accounts of the book."""

    type: Literal["transfer"]
    to_account_id: UUID
    to_amount: PositiveAmount | None = Field(
        default=None,
        description="What arrives, in the currency of `to_account_id`: needed when the currencies differ, "
        "and equal to `amount` when they do not.",
    )
    fee_amount: PositiveAmount | None = Field(default=None, description="Taken from `account_id` on top of `amount`.")
    fee_category_id: UUID | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "transfer",
                "date": "2026-01-31",
                "amount": "200.00",
                "account_id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6",
                "to_account_id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda7",
            }
        }
    )

    @model_validator(mode="after")
    def _two_accounts(self) -> "TransferIn":
        if self.to_account_id == self.account_id:
            raise ValueError("a transfer goes to another account: to_account_id equals account_id")
        if self.fee_category_id is not None and self.fee_amount is None:
            raise ValueError("fee_category_id needs fee_amount")
        return self


TransactionIn = Annotated[FlowIn | TransferIn, Field(discriminator="type")]


class TransactionPatch(Body):
    """What to change; what is absent stays. The merged whole must be valid, as if it were sent with PUT."""

    type: Literal["expense", "income", "transfer"] | None = None
    date: CivilDate | None = None
    amount: PositiveAmount | None = None
    account_id: UUID | None = None
    payee: LongName | None = None
    description: Line | None = None
    notes: Text | None = None
    tags: list[Name] | None = Field(default=None, max_length=MAX_TAGS)
    status: Status | None = None
    external_id: ExternalId | None = None
    category_id: UUID | None = None
    splits: list[SplitIn] | None = Field(default=None, min_length=1, max_length=MAX_SPLITS)
    original_amount: PositiveAmount | None = None
    original_currency: CurrencyCode | None = None
    to_account_id: UUID | None = None
    to_amount: PositiveAmount | None = None
    fee_amount: PositiveAmount | None = None
    fee_category_id: UUID | None = None

    model_config = ConfigDict(json_schema_extra={"example": {"notes": "Shared with Kim", "tags": ["holiday"]}})


class SplitOut(BaseModel):
    """A part of the whole, signed as it was sent: positive parts make up the amount."""

    category_id: UUID | None
    amount: Money
    memo: str | None


class PostingOut(BaseModel):
    """A movement on one account: positive is money in."""

    line: int
    account_id: UUID
    category_id: UUID | None
    role: Literal["flow", "transfer", "equity"]
    amount: Money
    currency: str
    base_amount: Money | None = Field(description="In the book's base currency; null while no rate is known.")
    memo: str | None


class Warning_(BaseModel):  # noqa: N801  # `Warning` is Python's
    """Something worth knowing about a change that was made all the same."""

    model_config = ConfigDict(title="Warning")

    code: str
    detail: str


class TransactionOut(BaseModel):
    """A transaction with its postings."""

    id: UUID
    type: Literal["expense", "income", "transfer", "opening_balance"]
    date: date
    amount: Money = Field(description="Without a sign, in `currency`.")
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
    status: Status
    external_id: str | None
    original_amount: Money | None
    original_currency: str | None
    import_id: UUID | None
    splits: list[SplitOut] = Field(description="Empty unless the amount is split.")
    postings: list[PostingOut]
    revision: int
    created_at: datetime
    updated_at: datetime
    warnings: list[Warning_] = []


class NamedOut(BaseModel):
    """A payee or a tag."""

    id: UUID
    name: str
    revision: int

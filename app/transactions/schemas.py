"""What clients send about transactions."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from app.core.fields import Body, CivilDate, CurrencyCode, ExternalId, Flag, Line, LongName, Name, Reason, Text, Whole
from app.core.money import NonZeroAmount, PositiveAmount, SignedAmount

MAX_SPLITS = 200
MAX_TAGS = 50

Status = Literal["pending", "cleared", "reconciled"]
Role = Literal["flow", "transfer", "equity"]


class SplitIn(Body):
    """A part of an expense or income; the parts sum to the whole amount."""

    amount: SignedAmount = Field(
        description="The part, in the account's currency. Negative parts (a deposit returned with the purchase) count "
        "against the others; a part is never 0."
    )
    category_id: UUID | None = None
    memo: Line | None = None


class _Header(Body):
    id: UUID | None = Field(
        default=None, description="Your own UUID for it; the server makes one when absent.", examples=[None]
    )
    date: CivilDate = Field(description="The civil date; not after today in your time zone.")
    payee: LongName | None = Field(default=None, examples=["Corner Café"])
    description: Line | None = None
    notes: Text | None = None
    tags: list[Name] = Field(default=[], max_length=MAX_TAGS, examples=[["holiday"]])
    status: Status = Field(
        default="cleared",
        description="`pending` is not counted when an account is reconciled; `reconciled` seals: date, status and what "
        "moves on each account stay until it is unsealed.",
    )
    external_id: ExternalId | None = Field(
        default=None,
        description="The bank's or your own id; the same one again on the account is refused with 409.",
    )


class _Common(_Header):
    amount: PositiveAmount = Field(description="In the currency of `account_id`; the type gives the direction.")
    account_id: UUID


class FlowIn(_Common):
    """Money spent or earned."""

    type: Literal["expense", "income"]
    category_id: UUID | None = Field(
        default=None,
        description="An income on an expense category is a refund and lowers what the category spent. "
        "An expense takes an expense category. Not together with `splits`. A new transaction that leaves it out gets "
        "the payee's default category; null is none.",
    )
    splits: list[SplitIn] | None = Field(default=None, min_length=1, max_length=MAX_SPLITS)
    original_amount: PositiveAmount | None = Field(default=None, description="What was charged abroad.")
    original_currency: CurrencyCode | None = Field(default=None, description="Its currency; both or none.")
    refund_of_id: UUID | None = Field(
        default=None, description="For an income: the purchase that this money comes back from."
    )

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
        if self.refund_of_id is not None and self.type != "income":
            raise ValueError("refund_of_id belongs to an income: money that comes back")
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


class JournalPostingIn(Body):
    """One movement, as the ledger keeps it."""

    account_id: UUID
    role: Role = Field(
        description="`flow` is income or spending, `transfer` money between your accounts, `equity` neither (what was "
        "there before)."
    )
    amount: NonZeroAmount = Field(description="In the account's currency; positive is money in.")
    category_id: UUID | None = Field(default=None, description="For a flow; any kind.")
    memo: Line | None = None

    @model_validator(mode="after")
    def _category_of_flow(self) -> "JournalPostingIn":
        if self.category_id is not None and self.role != "flow":
            raise ValueError("only a flow has a category")
        return self


class JournalIn(_Header):
    """Explicit postings, for what is no simple expense, income or transfer: a pay cheque, a loan payment.

    Its transfer postings sum to 0 where they are in one currency; in two, they are an exchange.
    """

    type: Literal["journal"]
    postings: list[JournalPostingIn] = Field(
        min_length=1,
        max_length=MAX_SPLITS,
        description="The first one's account is the transaction's `account_id`; `amount` is what moves on it, in all.",
    )

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "journal",
                "date": "2026-01-31",
                "payee": "City Bank",
                "description": "Loan payment",
                "postings": [
                    {"account_id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6", "role": "transfer", "amount": "-450.00"},
                    {"account_id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda7", "role": "transfer", "amount": "450.00"},
                    {"account_id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6", "role": "flow", "amount": "-50.00"},
                ],
            }
        }
    )


class AdjustmentIn(_Header):
    """A correction to what the account really holds, when nobody knows where the difference comes from."""

    type: Literal["adjustment"]
    account_id: UUID
    balance: SignedAmount = Field(
        description="What the account holds at the end of `date`; what is missing or too much is posted, once. "
        "Transactions that are added later do not change it."
    )

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "adjustment",
                "date": "2026-01-31",
                "account_id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6",
                "balance": "1234.56",
            }
        }
    )


AnyIn = FlowIn | TransferIn | JournalIn | AdjustmentIn
TransactionIn = Annotated[AnyIn, Field(discriminator="type")]


class SplitPatch(Body):
    """A change of one part: `line` names a part that is there, without it a part is added."""

    line: Whole | None = Field(default=None, ge=0, le=MAX_SPLITS, description="As the transaction's `splits` say it.")
    amount: SignedAmount | None = None
    category_id: UUID | None = None
    memo: Line | None = None
    remove: Flag = Field(default=False, description="Take this part out.")


class PostingPatch(SplitPatch):
    """A change of one posting of a journal transaction, by the same rule."""

    account_id: UUID | None = None
    role: Role | None = None


class TransactionPatch(Body):
    """What to change; what is absent stays. The merged whole must be valid, as if it were sent with PUT."""

    type: Literal["expense", "income", "transfer", "journal", "adjustment"] | None = None
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
    splits: list[SplitPatch] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_SPLITS,
        description="Of a split transaction: changes part by part. Parts that are not named stay. Of one that is not "
        "split: its parts. null makes it one part again.",
    )
    original_amount: PositiveAmount | None = None
    original_currency: CurrencyCode | None = None
    refund_of_id: UUID | None = None
    to_account_id: UUID | None = None
    to_amount: PositiveAmount | None = None
    fee_amount: PositiveAmount | None = None
    fee_category_id: UUID | None = None
    postings: list[PostingPatch] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_SPLITS,
        description="Of a journal transaction, by the rule of `splits`: postings that are not named stay.",
    )
    balance: SignedAmount | None = Field(default=None, description="Of an adjustment: the balance to post up to.")

    model_config = ConfigDict(json_schema_extra={"example": {"notes": "Shared with Kim", "tags": ["holiday"]}})


class UnsealIn(Body):
    """Why a reconciled transaction is opened again."""

    model_config = ConfigDict(json_schema_extra={"example": {"reason": "The bank corrected the amount."}})

    reason: Reason

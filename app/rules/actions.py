"""What a rule does to a transaction of which its condition holds."""

from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from app.core.fields import Body, Flag, Line, LongName, Name, Text
from app.core.money import decimals

MAX_ACTIONS = 20
MAX_SHARES = 20
MAX_TAGS = 20
PERCENT = r"^\d{1,3}(\.\d{1,4})?$"


def _no_float(value: Any) -> Any:
    if isinstance(value, bool | float):
        raise ValueError('a percentage is a decimal string such as "33.5"')  # noqa: TRY004  # pydantic wants ValueError
    return value


def _in_range(value: Decimal) -> Decimal:
    if not value.is_finite() or not 0 < value <= 100:
        raise ValueError("is greater than 0 and at most 100")
    if decimals(value) > 4:
        raise ValueError("has at most 4 decimals")
    return value


Percent = Annotated[
    Decimal,
    BeforeValidator(_no_float),
    AfterValidator(_in_range),
    PlainSerializer(lambda value: format(value, "f"), return_type=str),
    WithJsonSchema({"type": "string", "pattern": PERCENT, "examples": ["50"]}),
]

Overwrite = Annotated[
    Flag,
    Field(
        default=False,
        description="Also in place of what a person gave: a value that was sent, or one that is there already. Without "
        "it only what is empty is filled; the texts of a bank's file are nobody's and are always replaced.",
    ),
]


class SetCategory(Body):
    """Give an expense or income this category. An expense takes no income category."""

    type: Literal["set_category"]
    category_id: UUID
    overwrite: Overwrite


class SetPayee(Body):
    """Call the payee this."""

    type: Literal["set_payee"]
    payee: LongName
    overwrite: Overwrite


class SetDescription(Body):
    """Set the description."""

    type: Literal["set_description"]
    description: Annotated[Line, Field(min_length=1)]
    overwrite: Overwrite


class SetNotes(Body):
    """Set the notes."""

    type: Literal["set_notes"]
    notes: Annotated[Text, Field(min_length=1, max_length=2_000)]
    overwrite: Overwrite


class AppendNotes(Body):
    """Put a line behind the notes, unless they have it."""

    type: Literal["append_notes"]
    notes: Annotated[Text, Field(min_length=1, max_length=2_000)]


class AddTags(Body):
    """Add tags."""

    type: Literal["add_tags"]
    tags: list[Name] = Field(min_length=1, max_length=MAX_TAGS)


class RemoveTags(Body):
    """Take tags away, whatever their case."""

    type: Literal["remove_tags"]
    tags: list[Name] = Field(min_length=1, max_length=MAX_TAGS)


class MakeTransfer(Body):
    """Turn an expense into a transfer to this account, an income into one from it; both in one currency.

    What is split, or a refund, stays as it is.
    """

    type: Literal["make_transfer"]
    account_id: UUID


class Share(Body):
    """A part of the amount."""

    percent: Percent
    category_id: UUID | None = None
    memo: Line | None = None


class Split(Body):
    """Split an expense or income by shares of 100 %.

    Each part is rounded down to the currency's decimals; the last one takes what is left. An amount too small for all
    parts stays whole.
    """

    type: Literal["split"]
    shares: list[Share] = Field(min_length=2, max_length=MAX_SHARES)
    overwrite: Overwrite

    @model_validator(mode="after")
    def _whole(self) -> "Split":
        if sum(share.percent for share in self.shares) != 100:
            raise ValueError("the shares sum to 100 percent")
        return self


class Stop(Body):
    """Ask no further rule."""

    type: Literal["stop"]


Action = Annotated[
    SetCategory
    | SetPayee
    | SetDescription
    | SetNotes
    | AppendNotes
    | AddTags
    | RemoveTags
    | MakeTransfer
    | Split
    | Stop,
    Field(discriminator="type"),
]

"""What clients send and get about payees and tags."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from app.core.fields import Body, Flag, LongName, Name
from app.core.money import Money

MAX_ALIASES = 500
MAX_MERGED = 100
EXAMPLE_ID = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"

GivenId = Annotated[UUID | None, Field(description="Your own UUID for it; the server makes one when absent.")]
Aliases = Annotated[
    list[LongName],
    Field(
        max_length=MAX_ALIASES,
        description="Other names that mean this payee, in transactions and imports alike, whatever their case. What "
        "is the name itself, or stands twice, is left out.",
    ),
]
DefaultCategory = Annotated[
    UUID | None,
    Field(description="A new expense or income of its kind that says nothing of a category gets this one."),
]
KeepAlias = Annotated[Flag, Field(description="After a new name, whether the old one still means this payee.")]


def _not_null(value: Any) -> Any:
    if value is None:
        raise ValueError("cannot be null")
    return value


class PayeeIn(Body):
    """A new payee."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "Corner Café", "aliases": ["CRNR CAFE 0042"]}})

    id: GivenId = None
    name: LongName
    aliases: Aliases = Field(default=[])
    default_category_id: DefaultCategory = None


class PayeeReplace(Body):
    """PUT: all of a payee. What the body leaves out is gone, but for the old name: see `keep_alias`."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "Corner Café", "aliases": ["CRNR CAFE 0042"]}})

    name: LongName
    aliases: Aliases = Field(default=[])
    default_category_id: DefaultCategory = None
    keep_alias: KeepAlias = True


class PayeePatch(Body):
    """What to change; what is absent stays. `aliases` are replaced as a whole."""

    model_config = ConfigDict(json_schema_extra={"example": {"aliases": ["CRNR CAFE 0042"]}})

    name: LongName | None = None
    aliases: Aliases | None = None
    default_category_id: DefaultCategory = None
    keep_alias: KeepAlias = True

    _given = field_validator("name", "aliases")(_not_null)


class PayeeMerge(Body):
    """Which payees become this one."""

    model_config = ConfigDict(json_schema_extra={"example": {"payee_ids": [EXAMPLE_ID]}})

    payee_ids: list[UUID] = Field(min_length=1, max_length=MAX_MERGED)


class PayeeOut(BaseModel):
    """Who is paid or pays."""

    id: UUID
    name: str
    aliases: list[str]
    default_category_id: UUID | None
    last_used: date | None = Field(description="The date of its newest transaction.")
    revision: int
    created_at: datetime
    updated_at: datetime


class TagIn(Body):
    """A new tag."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "holiday"}})

    id: GivenId = None
    name: Name


class TagReplace(Body):
    """PUT: all of a tag."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "holiday"}})

    name: Name


class TagPatch(Body):
    """What to change; what is absent stays."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "holiday"}})

    name: Name | None = None

    _given = field_validator("name")(_not_null)


class TagMerge(Body):
    """Which tags become this one."""

    model_config = ConfigDict(json_schema_extra={"example": {"tag_ids": [EXAMPLE_ID]}})

    tag_ids: list[UUID] = Field(min_length=1, max_length=MAX_MERGED)


class TagOut(BaseModel):
    """A word to find transactions by."""

    id: UUID
    name: str
    revision: int
    created_at: datetime
    updated_at: datetime


class Flow(BaseModel):
    """Money one way: what transactions come to, each counted as a whole."""

    transactions: int
    total: Money
    average: Money | None = Field(description="Of a transaction, half to even to the currency's decimals.")


class CurrencyUse(BaseModel):
    """Income and spending in one currency."""

    currency: str
    inflow: Flow
    outflow: Flow


class TransferUse(BaseModel):
    """What transfers moved onto accounts of one currency, and off them."""

    currency: str
    transactions: int
    inflow: Money
    outflow: Money


class CategoryUse(BaseModel):
    """A category it was used with; null is none."""

    category_id: UUID | None
    name: str | None
    transactions: int


class NameStatistics(BaseModel):
    """What the transactions of a payee or tag come to."""

    transactions: int
    first_date: date | None
    last_date: date | None
    currencies: list[CurrencyUse]
    transfers: list[TransferUse]
    categories: list[CategoryUse] = Field(description="The ten used most, most first.")

"""What clients send and get about saved reports."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from app.core.fields import Body, CurrencyCode, Name, Text, Whole
from app.core.money import Money, NotNegativeAmount
from app.reports.asked import MANY, PeriodText
from app.reports.schemas import Unconverted

Measure = Literal["income", "expenses", "net", "count", "average"]
Dimension = Literal["month", "quarter", "year", "category", "top_category", "account", "payee", "tag", "weekday"]
Sort = Literal[
    "income", "-income", "expenses", "-expenses", "net", "-net", "count", "-count", "average", "-average",
    "month", "-month", "quarter", "-quarter", "year", "-year", "weekday", "-weekday",
]  # fmt: skip
OF_TIME = ("month", "quarter", "year")
MOST_DIMENSIONS = 3
MOST_ROWS = 1000
EXAMPLE: dict[str, JsonValue] = {
    "name": "Eating out, by payee",
    "measures": ["expenses", "count", "average"],
    "dimensions": ["payee"],
    "filters": {"period": "6months", "category_ids": ["01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"]},
    "sort": "-expenses",
    "limit": 20,
}


def _once(values: list[Any] | None) -> list[Any] | None:
    if values is not None and len(set(values)) < len(values):
        raise ValueError("name each one once")
    return values


def _one_of_time(values: list[Dimension] | None) -> list[Dimension] | None:
    if values is not None and len(set(values) & set(OF_TIME)) > 1:
        raise ValueError("take one of month, quarter and year: their names tell the others")
    return values


Measures = Annotated[
    list[Measure],
    Field(
        min_length=1,
        max_length=5,
        description="`count` is how many postings, each part of a split one; `average` is net by count.",
    ),
    AfterValidator(_once),
]
Dimensions = Annotated[
    list[Dimension],
    Field(max_length=MOST_DIMENSIONS, description="What a row is told by; without any there is one row."),
    AfterValidator(_once),
    AfterValidator(_one_of_time),
]
Ids = Annotated[list[UUID], Field(max_length=MANY), AfterValidator(_once)]
Limit = Annotated[Whole, Field(ge=1, le=MOST_ROWS, description="How many rows at most.")]


class FiltersIn(Body):
    """What counts. Tags, payees and amounts are those of the whole transaction; an empty list narrows nothing."""

    period: PeriodText = "6months"
    account_ids: Ids = Field(default=[])
    category_ids: Ids = Field(default=[], description="Them and all below.")
    tag_ids: Ids = Field(default=[], description="Any of them.")
    payee_ids: Ids = Field(default=[])
    min_amount: NotNegativeAmount | None = None
    max_amount: NotNegativeAmount | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.min_amount is not None and self.max_amount is not None and self.min_amount > self.max_amount:
            raise ValueError("min_amount is greater than max_amount")
        return self


class SavedReplace(Body):
    """All of a saved report."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    name: Name
    measures: Measures
    dimensions: Dimensions = Field(default=[])
    filters: FiltersIn = FiltersIn()
    currency: CurrencyCode | None = Field(default=None, description="Another one than the book's.")
    sort: Sort | None = Field(
        default=None,
        description="A measure or a dimension of time of it; downwards with a minus. By its time if absent.",
    )
    limit: Limit = 100
    notes: Text | None = None


class SavedIn(SavedReplace):
    """A new one."""

    id: UUID | None = Field(default=None, description="Your own UUID for it; the server makes one when absent.")


class SavedPatch(Body):
    """What to change; what is absent stays. `filters` replaces all of them."""

    model_config = ConfigDict(json_schema_extra={"example": {"sort": "-count"}})

    name: Name | None = None
    measures: Measures | None = None
    dimensions: Dimensions | None = None
    filters: FiltersIn | None = None
    currency: CurrencyCode | None = None
    sort: Sort | None = None
    limit: Limit | None = None
    notes: Text | None = None

    @field_validator("name", "measures", "dimensions", "filters", "limit")
    @classmethod
    def _not_null(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("cannot be null")
        return value


class FiltersOut(BaseModel):
    """What counts."""

    period: str
    account_ids: list[UUID]
    category_ids: list[UUID]
    tag_ids: list[UUID]
    payee_ids: list[UUID]
    min_amount: Money | None
    max_amount: Money | None


class SavedOut(BaseModel):
    """A saved report as it was put together."""

    id: UUID
    name: str
    measures: list[Measure]
    dimensions: list[Dimension]
    filters: FiltersOut
    currency: str | None
    sort: Sort | None
    limit: int
    notes: str | None
    revision: int
    created_at: datetime
    updated_at: datetime


class Label(BaseModel):
    """One of the things that a row is told by."""

    dimension: Dimension
    id: UUID | None = Field(description="Of a category, account, payee or tag; null for times, and for what has none.")
    name: str = Field(examples=["2026-01"])


class Values(BaseModel):
    """The measures that the report has; the others are left out."""

    income: Money = Decimal(0)
    expenses: Money = Decimal(0)
    net: Money = Decimal(0)
    count: int = Field(default=0, description="How many postings; each part of a split is one.")
    average: Money | None = Field(default=None, description="null where some amounts have no rate.")


class SavedRow(BaseModel):
    """Labels in the order of the dimensions, and the measures that were asked for."""

    labels: list[Label]
    values: Values


class SavedResult(BaseModel):
    """What a saved report says now."""

    id: UUID
    name: str
    from_: date = Field(alias="from", serialization_alias="from")
    to: date
    currency: str
    measures: list[Measure]
    dimensions: list[Dimension]
    rows: list[SavedRow]
    more: int = Field(description="How many rows there are beyond the limit.")
    totals: Values = Field(description="Of all rows, also of those that are not shown.")
    unconverted: list[Unconverted]

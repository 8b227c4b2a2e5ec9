"""What clients send about budgets."""

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema, field_validator

from app.budgets.calculation import Kind, Rollover
from app.budgets.periods import PeriodName, Unit
from app.core.fields import Body, CivilDate, Flag, Name, Text, Whole
from app.core.money import NonZeroAmount, NotNegativeAmount, PositiveAmount, decimals

MANY = 100
MOST_THRESHOLDS = 10


def _distinct(value: list[Any]) -> list[Any]:
    if len(set(value)) < len(value):
        raise ValueError("names something twice")
    return value


def _threshold(value: Decimal) -> Decimal:
    if not 1 <= value <= 1000 or decimals(value) > 2:
        raise ValueError("a threshold is between 1 and 1000 percent, with at most 2 decimals")
    return value


def _rollover(value: Any) -> Any:
    """Just yes is everything, just no is nothing."""
    return {True: "both", False: "none"}[value] if isinstance(value, bool) else value


Threshold = Annotated[PositiveAmount, AfterValidator(_threshold)]
Thresholds = Annotated[
    list[Threshold],
    Field(
        max_length=MOST_THRESHOLDS,
        description="In percent of what is available, at which you are told. null for the usual 80 and 100, an empty "
        "list for none.",
        examples=[["80", "100"]],
    ),
    AfterValidator(_distinct),
    AfterValidator(sorted),
]
Ids = Annotated[list[UUID], Field(max_length=MANY), AfterValidator(_distinct)]
RolloverIn = Annotated[
    Rollover,
    BeforeValidator(_rollover),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string", "enum": ["none", "surplus", "deficit", "both"]}, {"type": "boolean"}],
            "description": "What of a period's rest goes into the next: what is left (`surplus`), what is overspent "
            "(`deficit`), `both`, or `none`. true is `both`, false is `none`.",
        }
    ),
]
Sort = Annotated[Whole, Field(ge=-1_000_000, le=1_000_000, description="Budgets are ordered by it, then by name.")]
Every = Annotated[Whole, Field(ge=1, le=1000, description="With `custom`: how many units a period has.")]
CategoryIds = Annotated[
    Ids, Field(description="Expense categories, each with all below it; an empty list is all spending.")
]
AccountIds = Annotated[
    Ids,
    Field(
        description="Only these accounts; an empty list is the accounts that every member of the book sees. Who does "
        "not see all of these does not see the budget."
    ),
]
TagIds = Annotated[
    Ids, Field(description="Only transactions with any of these tags. Such a budget reads them one by one.")
]


class _Shape(Body):
    """What POST and PUT share."""

    name: Name
    period: PeriodName
    every: Every | None = None
    unit: Unit | None = Field(default=None, description="With `custom`.")
    start_date: CivilDate = Field(description="Begins the first period, and is the day on which each later one begins.")
    end_date: CivilDate | None = Field(default=None, description="The last day; the last period ends there.")
    rollover_since: CivilDate | None = Field(
        default=None,
        description="The first period whose rest is carried. When absent: the start for a new budget, and the present "
        "period when `rollover` changes.",
    )
    category_ids: CategoryIds = Field(default_factory=list)
    account_ids: AccountIds = Field(default_factory=list)
    tag_ids: TagIds = Field(default_factory=list)
    thresholds: Thresholds | None = None
    group_id: UUID | None = None
    notes: Text | None = None
    sort: Sort = 0


class BudgetIn(_Shape):
    """A new budget."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"name": "Everything", "amount": "500.00", "period": "monthly", "start_date": "2026-01-01"}
        }
    )

    id: UUID | None = Field(default=None, description="Your own UUID for it; the server makes one when absent.")
    kind: Kind = Field(
        default="limit",
        description="`limit`: spend at most `amount` a period. `envelope`: spend what was assigned, `amount` is a "
        "target.",
    )
    amount: NotNegativeAmount = Field(description="A period, in the book's base currency.")
    rollover: RolloverIn | None = None


class BudgetReplace(_Shape):
    """PUT: all of a budget but its kind, which is for ever. `amount` holds from the present period on."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"name": "Everything", "amount": "450.00", "period": "monthly", "start_date": "2026-01-01"}
        }
    )

    amount: NotNegativeAmount
    rollover: RolloverIn | None = None
    archived: Flag = False


class BudgetPatch(Body):
    """What to change; what is absent stays. `amount` holds from the present period on."""

    model_config = ConfigDict(json_schema_extra={"example": {"amount": "450.00", "thresholds": ["50", "90", "100"]}})

    name: Name | None = None
    amount: NotNegativeAmount | None = None
    period: PeriodName | None = None
    every: Every | None = None
    unit: Unit | None = None
    start_date: CivilDate | None = None
    end_date: CivilDate | None = None
    rollover: RolloverIn | None = None
    rollover_since: CivilDate | None = None
    category_ids: CategoryIds | None = None
    account_ids: AccountIds | None = None
    tag_ids: TagIds | None = None
    thresholds: Thresholds | None = None
    group_id: UUID | None = None
    notes: Text | None = None
    sort: Sort | None = None
    archived: Flag | None = None

    @field_validator(
        "name",
        "amount",
        "period",
        "start_date",
        "rollover",
        "rollover_since",
        "category_ids",
        "account_ids",
        "tag_ids",
        "sort",
        "archived",
    )
    @classmethod
    def _not_null(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("cannot be null")
        return value


class AmountIn(Body):
    """Another amount from a period on."""

    model_config = ConfigDict(
        populate_by_name=True, json_schema_extra={"example": {"from": "2026-03-01", "amount": "450.00"}}
    )

    from_date: CivilDate = Field(alias="from", description="A day of the first period of which it holds.")
    amount: NotNegativeAmount


class AssignmentIn(Body):
    """Money for an envelope."""

    model_config = ConfigDict(json_schema_extra={"example": {"amount": "200.00", "date": "2026-01-01"}})

    amount: NonZeroAmount = Field(description="Negative takes money out, back to what is unassigned.")
    date: CivilDate | None = Field(default=None, description="Today when absent; it decides for which period.")


class MoveIn(Body):
    """Money from one envelope into another."""

    model_config = ConfigDict(
        populate_by_name=True,
        json_schema_extra={
            "example": {
                "from": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6",
                "to": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda7",
                "amount": "50.00",
            }
        },
    )

    from_id: UUID = Field(alias="from")
    to_id: UUID = Field(alias="to")
    amount: PositiveAmount
    date: CivilDate | None = Field(default=None, description="Today when absent.")


class GroupIn(Body):
    """A new group of budgets."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "Household"}})

    id: UUID | None = Field(default=None, description="Your own UUID for it; the server makes one when absent.")
    name: Name
    sort: Sort = 0


class GroupReplace(Body):
    """PUT: all of a group."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "Household", "sort": 1}})

    name: Name
    sort: Sort = 0


class GroupPatch(Body):
    """What to change; what is absent stays."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "Household"}})

    name: Name | None = None
    sort: Sort | None = None

    @field_validator("name", "sort")
    @classmethod
    def _not_null(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("cannot be null")
        return value

"""What clients assume when they ask what would be if."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.fields import Body, CivilDate, Flag, LongName, Whole
from app.core.money import NonZeroAmount, PositiveAmount, SignedAmount
from app.forecast.schemas import MAX_ACCOUNTS, MAX_MONTHS, Forecast, Points, Range

MAX_CHANGES = 20

Moved = Annotated[
    NonZeroAmount,
    Field(description="What moves on `account_id`, positive is money in; on `to_account_id` it moves the other way."),
]


class _Moving(Body):
    account_id: UUID
    amount: Moved
    to_account_id: UUID | None = Field(default=None, description="The other side of a transfer, in the same currency.")
    category_id: UUID | None = Field(
        default=None, description="In a budgeted category it takes from what the budget leaves, and is not added to it."
    )
    name: LongName = "Assumed"


class OneOff(_Moving):
    """Something that happens once."""

    type: Literal["one_off"]
    date: CivilDate = Field(description="From today to the last day of the forecast.")


class Recurring(_Moving):
    """Something that comes again and again."""

    type: Literal["recurring"]
    rrule: Annotated[
        str, Field(max_length=500, description="As of a schedule.", examples=["FREQ=MONTHLY;BYMONTHDAY=1"])
    ]
    starts_on: CivilDate | None = Field(default=None, description="Today when absent.")


class RemoveSchedule(Body):
    """A schedule that ends."""

    type: Literal["remove_schedule"]
    schedule_id: UUID
    from_: CivilDate | None = Field(default=None, alias="from", description="From this day on; at once when absent.")


class ChangeAmount(Body):
    """A schedule that is about another amount."""

    type: Literal["change_amount"]
    schedule_id: UUID
    amount: PositiveAmount = Field(description="Of each occurrence, in the currency of its account.")
    from_: CivilDate | None = Field(default=None, alias="from", description="From this day on; at once when absent.")


class Balance(Body):
    """Another balance to start from."""

    type: Literal["balance"]
    account_id: UUID
    balance: SignedAmount


Change = Annotated[OneOff | Recurring | RemoveSchedule | ChangeAmount | Balance, Field(discriminator="type")]


class WhatIf(Body):
    """Assumptions, made in this order, and which forecast they are made in."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "months": 6,
                "changes": [
                    {
                        "type": "recurring",
                        "account_id": "0197a1c2-7d3e-7a10-9c55-1f2e3d4c5b6a",
                        "amount": "-79.00",
                        "rrule": "FREQ=MONTHLY;BYMONTHDAY=1",
                        "name": "Climbing hall",
                    }
                ],
            }
        }
    )

    months: Annotated[Whole, Field(ge=1, le=MAX_MONTHS)] = 3
    changes: Annotated[list[Change], Field(min_length=1, max_length=MAX_CHANGES)]
    account_ids: list[UUID] = Field(default=[], max_length=MAX_ACCOUNTS, description="As `account_id` of the forecast.")
    points: Points | None = None
    rest: Flag = True
    budgets: Flag = True
    floor: SignedAmount | None = None


class DifferencePoint(Range):
    """What the assumptions change by the end of a day."""

    date: date


class Difference(BaseModel):
    """The scenario less the baseline, of one account."""

    account_id: UUID
    currency: str
    points: list[DifferencePoint]


class WhatIfOut(BaseModel):
    """Both forecasts, and what lies between them."""

    baseline: Forecast
    scenario: Forecast
    difference: list[Difference]

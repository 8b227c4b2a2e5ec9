"""What clients ask of the forecast, and what it answers."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.money import Money, SignedAmount
from app.forecast.model import SourceKind

MAX_MONTHS = 24
MAX_ACCOUNTS = 100

Points = Literal["daily", "weekly", "monthly"]


class ForecastQuery(BaseModel):
    """How far, of what, and how fine."""

    model_config = ConfigDict(extra="forbid")

    months: Annotated[int, Field(ge=1, le=MAX_MONTHS, description="How far ahead, from today.")] = 3
    account_id: Annotated[
        list[UUID],
        Field(max_length=MAX_ACCOUNTS, description="Only these accounts. All that are not archived when absent."),
    ] = []
    points: Annotated[
        Points | None,
        Field(description="How fine the lines are; the finest that fits into an answer when absent."),
    ] = None
    rest: Annotated[bool, Field(description="Whether what is usual besides schedules and budgets counts.")] = True
    budgets: Annotated[bool, Field(description="Whether what budgets leave to spend counts.")] = True
    floor: Annotated[
        SignedAmount | None,
        Field(
            description="Tell the first day on which a balance is below it, each in its currency. 0 for what one owns "
            "and nothing for debts when absent."
        ),
    ] = None


class Point(BaseModel):
    """A balance at the end of a day, and what makes the expected one: the balance of today and the three sums."""

    date: date
    low: Money = Field(description="When it goes badly: about one time in ten it is worse.")
    expected: Money
    high: Money = Field(description="When it goes well: about one time in ten it is better.")
    planned: Money = Field(description="What schedules and assumptions have brought since today.")
    budgets: Money = Field(description="What budgets have let be spent since today.")
    rest: Money = Field(description="What usual income and spending have brought since today.")


class Range(BaseModel):
    """The worse, the expected and the better sum."""

    low: Money
    expected: Money
    high: Money


class DayAmount(BaseModel):
    """A day and a balance."""

    date: date
    amount: Money


class Contribution(Range):
    """What one source changes from today to the last day."""

    source: SourceKind
    id: UUID | None = Field(description="Of the schedule or budget.")
    name: str


class FirstBelow(BaseModel):
    """The first day below the floor on each line; null where there is none."""

    floor: Money | None = Field(description="null when none holds here.")
    expected: date | None
    low: date | None


class Learned(BaseModel):
    """The usual month that no schedule and no budget explains."""

    months: int = Field(description="From how many months it was learned.")
    income: Money = Field(description="The median of the months.")
    spending: Money = Field(description="The same, negative.")
    down: Money = Field(description="From the median of income and spending down to the 10th percentile.")
    up: Money = Field(description="Up to the 90th.")


class Line(BaseModel):
    """Where a balance goes."""

    currency: str
    balance: Money = Field(description="Today.")
    end: Range = Field(description="On the last day.")
    lowest: DayAmount = Field(description="The smallest expected balance, and its first day.")
    lowest_low: DayAmount = Field(description="The same of the low line.")
    sources: list[Contribution] = Field(
        description="Why: the balance of today and these sum to the end, each of low, expected and high."
    )
    points: list[Point] = Field(description="From today to the last day, both included.")


class AccountLine(Line):
    """An account."""

    account_id: UUID
    name: str
    type: str
    first_below: FirstBelow
    learned: Learned | None = Field(description="null when switched off, or with too little to learn from.")


class Total(Line):
    """All accounts of the answer in one currency. The lows are added as if all went badly at once."""


class UnconvertedBalance(BaseModel):
    """A currency without a known rate to the base currency: what is in it is in no other sum."""

    currency: str
    balance: Money
    expected: Money = Field(description="On the last day.")


class BaseTotal(BaseModel):
    """All accounts of the answer in the base currency."""

    currency: str
    balance: Money
    end: Range
    lowest: DayAmount
    unconverted: list[UnconvertedBalance]


class Forecast(BaseModel):
    """Where balances go. Nothing of it is kept: it follows from the book and from today."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "from": "2026-02-10",
                "to": "2026-05-10",
                "months": 3,
                "points": "monthly",
                "accounts": [],
                "totals": [],
                "base": {
                    "currency": "EUR",
                    "balance": "0.00",
                    "end": {"low": "0.00", "expected": "0.00", "high": "0.00"},
                    "lowest": {"date": "2026-02-10", "amount": "0.00"},
                    "unconverted": [],
                },
            }
        }
    )

    first: date = Field(alias="from", description="Today, where you live.")
    last: date = Field(alias="to")
    months: int
    points: Points
    accounts: list[AccountLine]
    totals: list[Total]
    base: BaseTotal

"""What reports answer about where money went: flows, payees, tags, weekdays, savings, single transactions."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.money import Money
from app.reports.schemas import Framed, Percent, Point, Totals, Unconverted


class FlowNode(BaseModel):
    """A place that money goes through."""

    id: int = Field(description="Its place in the list, which the links name.")
    kind: Literal["source", "hub", "target", "savings"]
    name: str
    category_id: UUID | None
    amount: Money = Field(description="What goes through it; never negative.")


class FlowLink(BaseModel):
    """What goes from one node to another; never negative."""

    source: int
    target: int
    amount: Money


class CashFlowReport(Framed, Totals):
    """A flow: what goes into `Income` equals what goes out of it."""

    nodes: list[FlowNode]
    links: list[FlowLink]


class NamedAmount(BaseModel):
    """What went to, or came from, one payee, or with one tag."""

    id: UUID | None = Field(description="null for what has none.")
    name: str
    amount: Money
    share: Percent
    count: int = Field(description="How many postings; each part of a split is one.")


class NamedReport(Framed):
    """Amounts by payee or tag, the largest first."""

    kind: Literal["expense", "income"]
    total: Money = Field(description="Of all, also of those that are not listed; with several tags counted once.")
    items: list[NamedAmount]
    more: int = Field(description="How many there are beyond these.")
    unconverted: list[Unconverted]


class WeekdayAmount(BaseModel):
    """One day of the week."""

    weekday: int = Field(description="1 is Monday, 7 is Sunday (ISO 8601).")
    name: str
    amount: Money
    share: Percent
    days: int = Field(description="How many of these days there are in the period.")
    average: Money | None = Field(description="The amount of one such day; null where there is none.")


class WeekdaysReport(Framed):
    """Amounts by day of the week, from Monday on."""

    kind: Literal["expense", "income"]
    total: Money
    items: list[WeekdayAmount]
    unconverted: list[Unconverted]


class SavingsPoint(Point):
    """A month with the part of its income that was not spent."""

    savings_rate: Percent | None = Field(description="Net in percent of income; null without income.")


class SavingsReport(Framed, Totals):
    """How much of the income is not spent."""

    points: list[SavingsPoint]
    savings_rate: Percent | None = Field(description="Of the whole period: its net in percent of its income.")


class LargeTransaction(BaseModel):
    """A transaction with what it spent or earned of what is asked for."""

    transaction_id: UUID
    date: date
    payee: str | None
    description: str | None
    category: str | None = Field(description="Of its largest part.")
    account: str
    amount: Money = Field(description="Positive; in the report's currency, of all its parts that count.")


class LargestReport(Framed):
    """The largest transactions of a period, the largest first."""

    kind: Literal["expense", "income"]
    items: list[LargeTransaction]
    unconverted: list[Unconverted]

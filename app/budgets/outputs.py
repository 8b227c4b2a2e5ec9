"""What clients get about budgets."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.budgets.calculation import Kind, Rollover
from app.budgets.periods import PeriodName, Unit
from app.core.money import Money

Percent = Annotated[Money, Field(description="In percent, a decimal string such as `12.5`.", examples=["82.46"])]


class _Budget(BaseModel):
    """What a budget is, without its amounts."""

    id: UUID
    name: str
    kind: Kind
    period: PeriodName
    every: int
    unit: Unit
    start_date: date
    end_date: date | None
    rollover: Rollover
    rollover_since: date
    category_ids: list[UUID]
    account_ids: list[UUID]
    tag_ids: list[UUID]
    thresholds: list[Percent]
    group_id: UUID | None
    notes: str | None
    sort: int
    archived_at: datetime | None
    revision: int
    created_at: datetime
    updated_at: datetime


class BudgetOut(_Budget):
    """A budget; how it stands is another question."""

    amount: Money = Field(description="Of the present period, or of the first where it has not begun.")
    currency: str = Field(description="The book's base currency.")


class PaceOut(BaseModel):
    """How fast it goes: amounts a day."""

    days: int
    days_passed: int = Field(description="Today counts as passed.")
    allowed_per_day: Money = Field(description="What is available, spread over the whole period.")
    actual_per_day: Money
    left_per_day: Money | None = Field(description="What remains, spread over the days left; null when none is.")
    expected_spent: Money = Field(description="At the end of the period, if it goes on like this.")


class ForeignAmount(BaseModel):
    """Spending in a currency without a known rate."""

    currency: str
    amount: Money


class AlertOut(BaseModel):
    """A threshold that is reached."""

    threshold: Percent


class StatusOut(BaseModel):
    """How a budget stands in one period. Spending is positive, refunds lower it."""

    budget_id: UUID
    name: str
    kind: Kind
    group_id: UUID | None
    currency: str
    period_start: date
    period_end: date
    amount: Money = Field(description="The limit of the period, or what was assigned to the envelope in it.")
    target: Money = Field(description="The budget's amount; of a limit the same as `amount`.")
    carried: Money = Field(description="From the periods before, by the rollover; overspending is negative.")
    available: Money = Field(description="`amount` and `carried` together.")
    spent: Money
    remaining: Money = Field(description="`available` less `spent`.")
    percent_used: Percent | None = Field(description="Of what is available; null where something is spent of nothing.")
    pace: PaceOut
    unconverted: list[ForeignAmount] = Field(description="In currencies without a known rate; counted nowhere else.")
    alerts: list[AlertOut] = Field(description="The thresholds that are reached.")


class WholeOut(BaseModel):
    """The sums of several budgets, each in its own period."""

    amount: Money
    carried: Money
    available: Money
    spent: Money
    remaining: Money
    percent_used: Percent | None


class StatusesOut(BaseModel):
    """Every budget that covers a day."""

    date: date
    currency: str
    items: list[StatusOut]
    next_cursor: None = Field(default=None, description="Always null: the list is whole.")
    total: int


class ReportOut(StatusesOut):
    """The same with their sums."""

    whole: WholeOut = Field(description="What two budgets both count is in these sums twice.")


class GroupStatusOut(ReportOut):
    """How the budgets of a group stand."""

    group_id: UUID
    name: str


class HistoryOut(BaseModel):
    """The last periods of a budget, the newest first."""

    budget_id: UUID
    items: list[StatusOut]
    next_cursor: None = Field(default=None, description="Always null: ask for more `periods`, or another `date`.")
    total: int


class AmountOut(BaseModel):
    """What a period may cost, from one on."""

    model_config = ConfigDict(populate_by_name=True)

    id: UUID
    budget_id: UUID
    from_date: date = Field(alias="from", description="The first day of the first period of which it holds.")
    amount: Money


class AssignmentOut(BaseModel):
    """Money that was put into an envelope; negative where it was taken out."""

    id: UUID
    budget_id: UUID
    date: date
    amount: Money
    move_id: UUID | None = Field(description="The same for both sides of a move.")
    created_at: datetime


class AmountState(BaseModel):
    """What a period may cost, from one on, as the change feed tells it."""

    model_config = ConfigDict(populate_by_name=True)

    id: UUID
    from_date: date = Field(alias="from")
    amount: Money


class AssignmentState(BaseModel):
    """Money that was put into an envelope, as the change feed tells it."""

    id: UUID
    date: date
    amount: Money
    move_id: UUID | None
    created_at: datetime


class BudgetState(_Budget):
    """A budget as it was set, with all its amounts and assignments."""

    amounts: list[AmountState]
    assignments: list[AssignmentState]


class MoveOut(BaseModel):
    """Both sides of a move."""

    move_id: UUID
    items: list[AssignmentOut]


class EnvelopesOut(BaseModel):
    """The envelopes at the end of a day, and what is in none of them."""

    date: date
    currency: str
    money: Money = Field(description="On the checking, savings, cash and credit card accounts that every member sees.")
    assigned: Money = Field(description="What is available in the envelopes, together.")
    unassigned: Money = Field(description="`money` less `assigned`; negative where more was set aside than there is.")
    items: list[StatusOut]
    next_cursor: None = Field(default=None, description="Always null: the list is whole.")
    total: int
    unconverted: list[ForeignAmount] = Field(description="Money in other currencies; it is counted nowhere else.")


class GroupOut(BaseModel):
    """A group of budgets."""

    id: UUID
    name: str
    sort: int
    revision: int
    created_at: datetime
    updated_at: datetime

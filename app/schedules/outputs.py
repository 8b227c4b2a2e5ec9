"""What clients get about schedules."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.money import Money
from app.schedules.planned import Status
from app.schedules.schemas import AmountKind, Kind, Mode, MonthEnd, Weekend


class ScheduleOut(BaseModel):
    """A schedule."""

    id: UUID
    name: str
    kind: Kind
    template: dict[str, Any]
    account_id: UUID
    to_account_id: UUID | None
    category_id: UUID | None
    payee: str | None
    currency: str = Field(description="Of `account_id`, and of all amounts but `to_amount`.")
    rrule: str
    starts_on: date
    month_end: MonthEnd
    weekend: Weekend
    amount_kind: AmountKind
    amount: Money | None
    amount_min: Money | None
    amount_max: Money | None
    average_of: int | None
    expected_amount: Money | None = Field(description="What the next one is expected to be about; null for a journal.")
    mode: Mode
    lead_days: int
    tolerance: Money | None
    window_days: int | None
    remind_days: int | None
    active_from: date
    ends_before: date | None = Field(
        description="Set when all following ones were changed: they are another schedule's."
    )
    follows_id: UUID | None = Field(description="The schedule whose following occurrences these are.")
    next_on: date | None = Field(description="When the scheduler looks at it next; null when there is nothing to come.")
    paused_at: datetime | None
    archived_at: datetime | None
    revision: int
    created_at: datetime
    updated_at: datetime


class Reason(BaseModel):
    """Why it could not be posted."""

    code: str
    detail: str


class OccurrenceOut(BaseModel):
    """An occurrence of a schedule."""

    schedule_id: UUID
    name: str
    kind: Kind
    type: str
    due_on: date = Field(description="By the rule; with the schedule it names the occurrence, wherever it is moved.")
    date: date
    status: Status = Field(
        description="`planned`; `due`: to be posted or confirmed; `posted` by the scheduler or by confirming; "
        "`matched` with a transaction that came; `skipped`, also when its transaction was deleted; `failed`, with a "
        "`reason`."
    )
    amount: Money | None = Field(description="Expected, in `currency`; the type gives the direction.")
    amount_min: Money | None
    amount_max: Money | None
    currency: str
    account_id: UUID
    to_account_id: UUID | None
    category_id: UUID | None
    payee: str | None
    transaction_id: UUID | None
    reason: Reason | None
    revision: int = Field(description="For `If-Match`: its own, or its schedule's while nothing is kept of it.")


class ConfirmedOut(OccurrenceOut):
    """A confirmed occurrence, and what there is to know about its transaction."""

    warnings: list[dict[str, Any]]


class ChangedFollowing(BaseModel):
    """The schedule as it ends, and the one that follows."""

    before: ScheduleOut
    following: ScheduleOut


class PreviewDay(BaseModel):
    """A day of a rule."""

    due_on: date
    date: date


class Preview(BaseModel):
    """The next days of a rule."""

    rrule: str = Field(description="As it is kept.")
    items: list[PreviewDay]

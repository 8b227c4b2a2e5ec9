"""What somebody chose about being told, with the defaults of who chose nothing."""

from datetime import datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from app.core.fields import Body, Flag, Whole
from app.core.money import PositiveAmount, plain
from app.notifications.notices import Kind
from app.notifications.times import after_quiet, next_at

MOST_THRESHOLDS = 10
LARGEST_THRESHOLD = Decimal(1000)
LEAST_PRICE_MOVE = Decimal(1)
MOST_BOOKS = 20


class Channel(StrEnum):
    """Whether and when what is in the inbox goes out by mail too."""

    OFF = "off"
    IMMEDIATELY = "immediately"
    DAILY = "daily"
    WEEKLY = "weekly"


class Weekday(StrEnum):
    """A day of the week."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"

    @property
    def number(self) -> int:
        """As Python counts: Monday is 0."""
        return list(Weekday).index(self)


MAILED = tuple(kind for kind in Kind if kind is not Kind.WEEKLY_REPORT)
"""The kinds that are in the inbox; the weekly report is mail alone and has settings of its own."""
AT_ONCE = {Kind.BUDGET_THRESHOLD, Kind.BILL_OVERDUE, Kind.SCHEDULE_FAILED}
"""By default: what somebody would want to act on today."""


def _hours_and_minutes(value: Any) -> Any:
    if not isinstance(value, str) or len(value) != 5 or value[2] != ":" or not value.isascii():
        raise ValueError("a time is written HH:MM, such as 22:00")
    return value


WallTime = Annotated[
    time,
    BeforeValidator(_hours_and_minutes),
    PlainSerializer(lambda value: f"{value:%H:%M}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$", "examples": ["22:00"]}),
]
Hour = Annotated[Whole, Field(ge=0, le=23, description="A full hour in your time zone, from 0 to 23.")]


def _in_percent(value: Decimal) -> Decimal:
    if value > LARGEST_THRESHOLD:
        raise ValueError(f"is at most {LARGEST_THRESHOLD} percent")
    if value != round(value, 2):
        raise ValueError("has at most two decimals")
    return value


def _ascending(values: list[Decimal]) -> list[Decimal]:
    return sorted(set(values))


def _not_every_move(value: Decimal) -> Decimal:
    if value < LEAST_PRICE_MOVE:
        raise ValueError(f"is at least {LEAST_PRICE_MOVE} percent")
    return value


Threshold = Annotated[PositiveAmount, AfterValidator(_in_percent), PlainSerializer(plain, return_type=str)]


class QuietHours(Body):
    """No mail leaves from the one time to the other; it waits. They may go over midnight."""

    first: WallTime = Field(alias="from")
    last: WallTime = Field(alias="to")

    @model_validator(mode="after")
    def _are_hours(self) -> "QuietHours":
        if self.first == self.last:
            raise ValueError("from and to are the same: leave quiet_hours out, or null, for none")
        return self


class DailyDigest(Body):
    """When the mail of each day leaves."""

    hour: Hour = 8


class WeeklyDigest(Body):
    """When the mail of each week leaves."""

    weekday: Weekday = Weekday.MONDAY
    hour: Hour = 8


class WeeklyReportSettings(Body):
    """Whether and when the weekly report comes, and of which books."""

    enabled: Flag = True
    weekday: Weekday = Weekday.MONDAY
    hour: Hour = 7
    book_ids: list[UUID] | None = Field(
        default=None, max_length=MOST_BOOKS, description="One report of each; null is your default book."
    )


def _all_kinds(given: dict[Kind, Channel]) -> dict[Kind, Channel]:
    if Kind.WEEKLY_REPORT in given:
        raise ValueError("the weekly report is set by weekly_report")
    defaults = {kind: Channel.IMMEDIATELY if kind in AT_ONCE else Channel.DAILY for kind in MAILED}
    return defaults | given


class Preferences(Body):
    """How you are told; what is absent has its default. Everything is in the inbox whatever is chosen here."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "channels": {"budget_threshold": "immediately", "schedule_posted": "off"},
                "budget_thresholds": ["80", "100"],
                "price_move_threshold": "5",
                "quiet_hours": {"from": "22:00", "to": "07:00"},
                "daily_digest": {"hour": 8},
                "weekly_digest": {"weekday": "monday", "hour": 8},
                "weekly_report": {"enabled": True, "weekday": "monday", "hour": 7, "book_ids": None},
            }
        },
    )

    channels: Annotated[dict[Kind, Channel], AfterValidator(_all_kinds)] = Field(
        default={}, validate_default=True, description="For each kind, when it is mailed."
    )
    budget_thresholds: Annotated[list[Threshold], AfterValidator(_ascending)] = Field(
        default=[Decimal(80), Decimal(100)],
        max_length=MOST_THRESHOLDS,
        description="In percent of its amount; where a budget names none of its own.",
    )
    price_move_threshold: Annotated[Threshold, AfterValidator(_not_every_move)] = Field(
        default=Decimal(5),
        description="In percent, up or down from one day to the next: how far the price of something held has to move.",
    )
    quiet_hours: QuietHours | None = None
    daily_digest: DailyDigest = DailyDigest()
    weekly_digest: WeeklyDigest = WeeklyDigest()
    weekly_report: WeeklyReportSettings = WeeklyReportSettings()

    def quiet(self, instant: datetime, zone: ZoneInfo) -> datetime:
        """The instant, or the end of the quiet hours it lies in."""
        hours = self.quiet_hours
        return after_quiet(instant, hours.first, hours.last, zone) if hours is not None else instant

    def due(self, kind: Kind, since: datetime, zone: ZoneInfo) -> datetime | None:
        """When mail about something that was told at this instant leaves; None where none does."""
        channel = self.channels.get(kind, Channel.OFF)
        if channel is Channel.OFF:
            return None
        leaves = since
        if channel is Channel.DAILY:
            leaves = next_at(since, self.daily_digest.hour, zone)
        elif channel is Channel.WEEKLY:
            leaves = next_at(since, self.weekly_digest.hour, zone, self.weekly_digest.weekday.number)
        return self.quiet(leaves, zone)

    def report_due(self, since: datetime, zone: ZoneInfo) -> datetime:
        """When the next weekly report leaves, not before this instant."""
        report = self.weekly_report
        return self.quiet(next_at(since, report.hour, zone, report.weekday.number), zone)

    def document(self) -> dict[str, Any]:
        """As it is stored; `of` reads it."""
        return self.model_dump(mode="json", by_alias=True)


def of(document: dict[str, Any] | None) -> Preferences:
    """The preferences in a stored document, or the defaults; kinds that are no more are passed over."""
    if not document:
        return Preferences()
    known = {kind: channel for kind, channel in document.get("channels", {}).items() if kind in set(MAILED)}
    return Preferences.model_validate({**document, "channels": known})

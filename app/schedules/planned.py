"""What schedules are still to bring: for forecasts, for what is left to spend, and for lists of what comes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from anyio.lowlevel import checkpoint

from app.access.context import BookReader
from app.core.database import AnyRow
from app.core.errors import FieldError, InvalidError
from app.schedules import reading
from app.schedules.amounts import Estimate, estimate, lines
from app.schedules.calendar import FURTHEST_MOVE, Recurrence, moved, shifted
from app.schedules.rrule import stored
from app.transactions.schemas import Role

Status = Literal["planned", "due", "posted", "skipped", "matched", "failed"]
OPEN = {"planned", "due", "failed"}
"""Of what is still to come: nothing was posted for it, and nobody left it out."""


MOST_OCCURRENCES = 50_000
"""Of what is read at once: two years of 1000 schedules by the month are half of it."""


class TooManyOccurrencesError(InvalidError):
    """Schedules bring more in this time than is reckoned with at once."""

    code = "too_many_occurrences"

    def __init__(self) -> None:
        detail = f"more than {MOST_OCCURRENCES} occurrences are planned in this time: ask for less of it"
        super().__init__(FieldError("query", self.code, detail))


@dataclass(frozen=True)
class Movement:
    """What an occurrence moves on one account, in its currency; positive is money in. `low` is the worse one."""

    account_id: UUID
    category_id: UUID | None
    low: Decimal
    expected: Decimal
    high: Decimal
    role: Role = "flow"


@dataclass(frozen=True)
class Planned:
    """An occurrence that is still to come. `date` is `due_on` after weekends and changes of this one occurrence.

    `due` waits to be posted or confirmed, `failed` could not be posted.
    """

    schedule_id: UUID
    name: str
    kind: str
    due_on: date
    date: date
    status: Status
    movements: tuple[Movement, ...]


@dataclass(frozen=True)
class Occurrence:
    """An occurrence of a schedule, whatever became of it; `kept` is its row, where there is something to keep."""

    schedule: AnyRow
    due_on: date
    date: date
    status: Status
    estimate: Estimate | None
    kept: AnyRow | None = None


async def planned(book: BookReader, first: date, last: date) -> list[Planned]:
    """What is still to come from `first` to `last`, by date and then schedule, in two statements.

    What is overdue has its date in the past: ask from an earlier day for it.
    """
    return [
        Planned(
            found.schedule.id,
            found.schedule.name,
            found.schedule.kind,
            found.due_on,
            found.date,
            found.status,
            movements(found),
        )
        for found in await upcoming(book, first, last)
    ]


async def upcoming(book: BookReader, first: date, last: date) -> list[Occurrence]:
    """The same as occurrences of their schedules. Raises `TooManyOccurrencesError`."""
    schedules = await reading.active(book.connection, book.book_id, shifted(last, FURTHEST_MOVE))
    return await occurrences_of(book, schedules, first, last, open_ones=True) if schedules else []


async def occurrences_of(
    book: BookReader,
    schedules: Sequence[AnyRow],
    first: date,
    last: date,
    spans: Sequence[tuple[date, date]] = (),
    *,
    open_ones: bool = False,
) -> list[Occurrence]:
    """Every occurrence of these schedules whose date is in these days, or those in `OPEN`, in one statement; by date.

    With `spans`, days in order that lie apart, those alone; without, raises `TooManyOccurrencesError`.
    """
    ids = [row.id for row in schedules]
    by_schedule: dict[UUID, list[AnyRow]] = {}
    for row in await reading.kept(book.connection, book.book_id, ids, *around(first, last)):
        by_schedule.setdefault(row.schedule_id, []).append(row)
    today = book.actor.today()
    found: list[Occurrence] = []
    for schedule in schedules:
        await checkpoint()  # others are served between one schedule and the next
        kept = by_schedule.get(schedule.id, ())
        for begin, end in spans or [(first, last)]:
            low, high = around(begin, end)
            near = [row for row in kept if low <= row.due_on <= high or low <= row.date <= high]
            every = occurrences(schedule, near, begin, end, today)
            found += (one for one in every if not open_ones or one.status in OPEN)
        if len(found) > MOST_OCCURRENCES and not spans:
            raise TooManyOccurrencesError
    return sorted(found, key=lambda one: (one.date, one.schedule.name, one.schedule.id, one.due_on))


def recurrence(schedule: AnyRow) -> Recurrence:
    """The days of a schedule."""
    return Recurrence(
        stored(schedule.rrule), schedule.starts_on, schedule.month_end == "clamp", ends_before=schedule.ends_before
    )


def occurrences(schedule: AnyRow, rows: Sequence[AnyRow], first: date, last: date, today: date) -> Iterator[Occurrence]:
    """Every occurrence whose date is from `first` to `last`, in the order of `due_on`.

    `rows` are what is kept of the occurrences that are due, or were moved, to these days or a weekend around them.
    """
    by_day: Mapping[date, AnyRow] = {row.due_on: row for row in rows}
    for due_on in sorted({*recurrence(schedule).days(*around(first, last)), *by_day}):
        one = occurrence(schedule, due_on, by_day.get(due_on), today)
        if first <= one.date <= last:
            yield one


def occurrence(schedule: AnyRow, due_on: date, row: AnyRow | None, today: date) -> Occurrence:
    """What became of one occurrence, or what is to become of it."""
    day = moved(due_on, schedule.weekend) if row is None else row.date
    status: Any = "planned" if row is None else row.status
    if row is None and due_on < schedule.active_from:
        status = "skipped"
    elif status == "planned" and day - timedelta(days=schedule.lead_days) <= today:
        status = "due"
    about = estimate(schedule, row.amount if row is not None else None, schedule.past)
    return Occurrence(schedule, due_on, day, status, about, row)


def movements(one: Occurrence) -> tuple[Movement, ...]:
    """What an occurrence moves, line by line of its transaction."""
    template, exponent = one.schedule.template, one.schedule.exponent
    about = one.estimate
    wanted = (about.least, about.expected, about.most) if about is not None else (None,) * 3
    least, expected, most = (lines(template, amount, exponent) for amount in wanted)
    return tuple(
        Movement(
            line.account_id,
            line.category_id,
            min(small.amount, line.amount, large.amount),
            line.amount,
            max(small.amount, line.amount, large.amount),
            line.role,
        )
        for small, line, large in zip(least, expected, most, strict=True)
    )


def around(first: date, last: date) -> tuple[date, date]:
    """The days on which is due what a weekend may move to these."""
    return shifted(first, -FURTHEST_MOVE), shifted(last, FURTHEST_MOVE)

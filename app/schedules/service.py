"""Schedules: making, changing, pausing, archiving and deleting them, and what is to come of them."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from app.access.context import BookReader, BookWriter, Event
from app.core.clock import now
from app.core.conditional import check_revision
from app.core.database import AnyRow
from app.core.errors import FieldError, InvalidError, invalid
from app.core.ids import new_id
from app.core.money import quantum
from app.notifications.notices import withdraw
from app.schedules import repository, templates
from app.schedules.calendar import Recurrence, moved
from app.schedules.errors import ScheduleNotFoundError, TooManySchedulesError
from app.schedules.planned import OPEN, recurrence, upcoming
from app.schedules.rrule import parse
from app.schedules.schemas import ScheduleIn, SchedulePatch, ScheduleReplace
from app.schedules.upcoming import (
    next_on,
    occurrence_document,
    occurrence_image,
    schedule_document,
    schedule_image,
    sleeps,
)

Document = dict[str, Any]

ENTITY = "schedule"
OCCURRENCE = "schedule_occurrence"
MAX_SCHEDULES = 1000
MAX_DAYS = 366
PLAIN = (
    "name", "kind", "month_end", "weekend", "amount_kind", "average_of", "mode", "lead_days", "tolerance",
    "window_days", "remind_days",
)  # fmt: skip
"""What is kept as it is sent."""
RECURRING = ("rrule", "starts_on", "month_end")
AMOUNTS = ("amount", "amount_min", "amount_max")
REMINDERS = ("bill_due", "bill_overdue")
REMINDED = timedelta(days=366)
"""How far from today people may have been reminded of a bill; what is overdue stays told."""


async def row_of(book: BookReader, schedule_id: UUID) -> AnyRow:
    row = await repository.get(book.connection, book.book_id, schedule_id)
    if row is None:
        raise ScheduleNotFoundError(schedule_id)
    return row


async def get(book: BookReader, schedule_id: UUID) -> Document:
    return schedule_document(await row_of(book, schedule_id))


async def every(book: BookReader, kind: str | None, *, archived: bool) -> list[Document]:
    """By name."""
    return [
        schedule_document(row) for row in await repository.every(book.connection, book.book_id, kind, archived=archived)
    ]


async def coming(book: BookReader, first: date, last: date) -> list[Document]:
    """What is still to come of all schedules, by date."""
    check_window(first, last)
    return [occurrence_document(one) for one in await upcoming(book, first, last)]


def check_window(first: date, last: date) -> None:
    if last < first:
        raise invalid("query.to", "before_from", "is before from")
    if (last - first).days > MAX_DAYS:
        raise invalid("query.to", "too_far", f"is more than {MAX_DAYS} days after from")


def preview(rrule: str, starts_on: date, month_end: str, weekend: str, first: date, limit: int) -> Document:
    """The first days of a rule from a day on; raises `InvalidError` where there are none."""
    rule = parse(rrule, "query.rrule")
    days = Recurrence(rule, starts_on, month_end == "clamp")
    _check_occurs(days, "query.rrule")
    found = islice(days.days(first), limit)
    return {"rrule": str(rule), "items": [{"due_on": day, "date": moved(day, weekend)} for day in found]}


async def create(book: BookWriter, body: ScheduleIn) -> Document:
    """Raises what creating its transaction would, and `InvalidError` for a rule that never falls on a day."""
    if await repository.count(book.connection, book.book_id) >= MAX_SCHEDULES:
        raise TooManySchedulesError(f"A book has at most {MAX_SCHEDULES} schedules, archived ones included.")
    schedule_id = body.id or new_id()
    values = await columns(book, body, None)
    row = await add(book, schedule_id, values)
    return schedule_document(row)


async def add(book: BookWriter, schedule_id: UUID, values: Document) -> AnyRow:
    """Write a schedule and tell of it."""
    fixed = {"book_id": book.book_id, "id": schedule_id, "created_by": book.actor.user_id, "revision": book.revision}
    await repository.add(book.connection, {**fixed, **values})
    row = await row_of(book, schedule_id)
    await look_again(book, row, {})
    row = await row_of(book, schedule_id)
    book.record(Event(ENTITY, schedule_id, "created", after=schedule_image(row)))
    return row


async def look_again(book: BookWriter, row: AnyRow, kept: Mapping[date, AnyRow]) -> None:
    """Have the scheduler look at a schedule when there is something to do next."""
    await repository.set_next(book.connection, book.book_id, {row.id: next_on(row, kept)})


async def replace(book: BookWriter, schedule_id: UUID, body: ScheduleReplace, expected: int | None) -> Document:
    before = await row_of(book, schedule_id)
    check_revision(expected, before.revision)
    return schedule_document(await _change(book, before, body))


async def patch(book: BookWriter, schedule_id: UUID, body: SchedulePatch, expected: int | None) -> Document:
    before = await row_of(book, schedule_id)
    check_revision(expected, before.revision)
    return schedule_document(await _change(book, before, merged(before, body)))


def merged(before: AnyRow, body: SchedulePatch) -> ScheduleReplace:
    """The schedule as PUT would say it, with what the body names put over it; raises `InvalidError`."""
    whole = as_input(before) | body.model_dump(exclude_unset=True)
    try:
        return ScheduleReplace.model_validate(whole)
    except ValidationError as error:
        raise InvalidError(
            [
                FieldError(
                    ".".join(map(str, item["loc"])) or "body", item["type"], item["msg"].removeprefix("Value error, ")
                )
                for item in error.errors()
            ]
        ) from None


def as_input(row: AnyRow) -> Document:
    """A schedule as PUT takes it."""
    names = (*PLAIN, *AMOUNTS, "template", "rrule", "starts_on", "active_from")
    found = {name: getattr(row, name) for name in names}
    return {**found, "paused": row.paused_at is not None, "archived": row.archived_at is not None}


async def _change(book: BookWriter, before: AnyRow, body: ScheduleReplace) -> AnyRow:
    values = await columns(book, body, before)
    if any(values[name] != getattr(before, name) for name in RECURRING):
        # The days are others: what was passed over, or is in the past, does not come again by that.
        values["active_from"] = max(values["active_from"], book.actor.today())
    await repository.change(book.connection, book.book_id, before.id, {**values, "revision": book.revision})
    after = await row_of(book, before.id)
    kept = (await repository.kept_of(book.connection, book.book_id, [before.id]))[before.id]
    book.record(Event(ENTITY, before.id, "updated", before=schedule_image(before), after=schedule_image(after)))
    days = recurrence(after)
    gone = [row for due_on, row in kept.items() if row.kept_status in OPEN | {"skipped"} and not days.includes(due_on)]
    await drop(book, after, gone)
    await take_back_reminders(book, before, after)
    for row in gone:
        del kept[row.due_on]
    await look_again(book, after, kept)
    return await row_of(book, before.id)


async def drop(book: BookWriter, schedule: AnyRow, rows: list[AnyRow]) -> None:
    """Forget what was kept of occurrences that there are no more."""
    if rows:
        for row in rows:
            book.record(Event(OCCURRENCE, row.id, "deleted", before=occurrence_image(kept_values(row), schedule)))
        await repository.forget(book.connection, book.book_id, [row.id for row in rows])
        await take_back_notices(book, schedule.id, [row.due_on for row in rows])


def kept_values(row: AnyRow) -> Document:
    """What is kept of an occurrence, as it lies in its row."""
    found = dict(row._mapping)  # noqa: SLF001  # the documented way to a row's mapping
    return {**found, "status": found.pop("kept_status"), "transaction_id": found.pop("linked_id")}


async def take_back_notices(book: BookWriter, schedule_id: UUID, days: list[date]) -> None:
    """That something waits, or failed, is not so any more."""
    await _withdraw(book, schedule_id, days, ("schedule_due", "schedule_failed", *REMINDERS))


async def take_back_reminders(book: BookWriter, before: AnyRow, after: AnyRow | None = None) -> None:
    """Of the days on which there is no bill any more, though nothing is kept of them; without `after` of all."""
    today = book.actor.today()
    gone = _bill_days(before, today) - (_bill_days(after, today) if after is not None else set())
    if gone:
        await _withdraw(book, before.id, sorted(gone), REMINDERS)


def _bill_days(row: AnyRow, today: date) -> set[date]:
    """The days of which people may have been reminded; of a bill that sleeps none."""
    if row.kind != "bill" or sleeps(row):
        return set()
    return set(recurrence(row).days(max(today - REMINDED, row.active_from), today + REMINDED))


async def _withdraw(book: BookWriter, schedule_id: UUID, days: list[date], kinds: tuple[str, ...]) -> None:
    await withdraw(book.connection, [f"{kind}:{schedule_id}:{day}" for day in days for kind in kinds])


def notice_key(kind: str, schedule_id: UUID, due_on: date) -> str:
    return f"schedule_{kind}:{schedule_id}:{due_on}"


async def delete(book: BookWriter, schedule_id: UUID, expected: int | None) -> None:
    """Its transactions stay; what else was kept of its occurrences goes with it."""
    before = await row_of(book, schedule_id)
    check_revision(expected, before.revision)
    kept = (await repository.kept_of(book.connection, book.book_id, [schedule_id]))[schedule_id]
    await drop(book, before, list(kept.values()))
    await take_back_reminders(book, before)
    await repository.remove(book.connection, book.book_id, schedule_id)
    book.record(Event(ENTITY, schedule_id, "deleted", before=schedule_image(before)))


async def columns(book: BookReader, body: ScheduleReplace, before: AnyRow | None) -> Document:
    """All columns that the input decides."""
    rule = parse(body.rrule)
    days = Recurrence(rule, body.starts_on, body.month_end == "clamp")
    recurring = {"rrule": str(rule), "starts_on": body.starts_on, "month_end": body.month_end}
    if before is None or any(value != getattr(before, name) for name, value in recurring.items()):
        _check_occurs(days, "rrule")
    derived = await templates.checked(book, body, before.template if before is not None else None)
    exponent = derived.pop("exponent")
    today = book.actor.today()
    active_from = body.active_from or (before.active_from if before is not None else today)
    paused_at = before.paused_at if before is not None else None
    if paused_at is not None and not body.paused:
        active_from = max(active_from, today)
    archived_at = before.archived_at if before is not None else None
    return {
        **{name: getattr(body, name) for name in PLAIN},
        **{name: _exact(getattr(body, name), exponent) for name in AMOUNTS},
        **derived,
        "rrule": str(rule),
        "starts_on": body.starts_on,
        "active_from": active_from,
        "paused_at": (paused_at or now()) if body.paused else None,
        "archived_at": (archived_at or now()) if body.archived else None,
    }


def _exact(amount: Decimal | None, exponent: int) -> Decimal | None:
    return amount.quantize(quantum(exponent)) if amount is not None else None


def _check_occurs(days: Recurrence, field: str) -> None:
    if next(days.days(days.starts_on), None) is None:
        raise invalid(field, "never_occurs", "no day fits this rule")

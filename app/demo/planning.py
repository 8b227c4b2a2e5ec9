"""Seeing what of the demo's schedules and budgets is missing, and making it."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from app.access.context import BookReader, BookWriter
from app.budgets import editing, envelopes
from app.budgets import service as budgets
from app.budgets.schemas import AssignmentIn, BudgetIn
from app.demo import ahead
from app.schedules import service as schedules
from app.schedules.planned import planned
from app.schedules.schemas import ScheduleIn, SchedulePatch

OVERDUE = timedelta(days=366)
"""How long ago something may be due that a run makes a thing of the past."""


@dataclass(frozen=True)
class Missing:
    """What a run has to make; false when there is nothing."""

    schedules: tuple[ScheduleIn, ...]
    overdue: frozenset[UUID]
    """Schedules of which something is due up to today: the plan has the transactions of those days already."""
    budgets: tuple[BudgetIn, ...]
    empty: tuple[date, ...]
    """Days on which money goes into the envelope."""
    tomorrow: date

    def __bool__(self) -> bool:
        return bool(self.schedules or self.overdue or self.budgets or self.empty)


async def missing(book: BookReader, past: ahead.Past) -> Missing:
    """What the book does not have yet. What somebody archived stays as it is."""
    overdue = {each.schedule_id for each in await planned(book, past.today - OVERDUE, past.today)}
    found = [await schedules.every(book, None, archived=archived) for archived in (False, True)]
    found.append(await budgets.every(book, archived=None))
    present = {document["id"] for documents in found for document in documents}
    days = list(ahead.put_aside(past))
    if ahead.envelope() in present:
        envelope = next((each for each in await budgets.live(book) if each.id == ahead.envelope()), None)
        filled = {day for day, _ in envelope.assigned} if envelope else set(days)
        days = [day for day in days if day not in filled]
    return Missing(
        tuple(body for body in ahead.schedules(past) if body.id not in present),
        frozenset(overdue),
        tuple(body for body in ahead.budgets(past) if body.id not in present),
        tuple(days),
        past.tomorrow,
    )


async def make(book: BookWriter, wanted: Missing) -> None:
    """Write it, in one transaction of the database."""
    for schedule in wanted.schedules:
        await schedules.create(book, schedule)
    for schedule_id in sorted(wanted.overdue):
        await schedules.patch(book, schedule_id, SchedulePatch(active_from=wanted.tomorrow), None)
    for budget in wanted.budgets:
        await editing.create(book, budget)
    for day in wanted.empty:
        await envelopes.assign(book, ahead.envelope(), AssignmentIn(amount=ahead.PUT_ASIDE, date=day))

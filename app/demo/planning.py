"""Seeing what of the demo's schedules, budgets, goals and loans is missing, and making it."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from app.access.context import BookReader, BookWriter
from app.budgets import editing, envelopes
from app.budgets import service as budgets
from app.budgets.schemas import AssignmentIn, BudgetIn
from app.demo import ahead
from app.goals import loans
from app.goals import service as goals
from app.goals.loan_schemas import LoanIn
from app.goals.schemas import GoalIn
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
    goal: GoalIn | None
    loan: LoanIn | None
    tomorrow: date

    def __bool__(self) -> bool:
        return any((self.schedules, self.overdue, self.budgets, self.empty, self.goal, self.loan))


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
    goal, loan = ahead.goal(past), ahead.loan(past)
    has_goal = goal.id in {each["id"] for each in await goals.every(book)}
    has_loan = loan.account_id in {each["account_id"] for each in await loans.every(book)}
    return Missing(
        tuple(body for body in ahead.schedules(past) if body.id not in present),
        frozenset(overdue),
        tuple(body for body in ahead.budgets(past) if body.id not in present),
        tuple(days),
        None if has_goal else goal,
        None if has_loan else loan,
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
    if wanted.goal is not None:
        await goals.create(book, wanted.goal)
    if wanted.loan is not None:
        await loans.create(book, wanted.loan)

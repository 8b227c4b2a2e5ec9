"""Noticing that a goal has its amount, or has it no more, and telling the members who see it.

It is looked at with every change of transactions and of goals, in the same transaction, and once a day for what changed
in other ways (what is assigned to an envelope). A member who does not see every account causes the same: what is told
goes to those who see.
"""

from uuid import UUID

from app.access.context import BookReader, BookWriter, Days
from app.access.private import seeing_all
from app.access.watching import Warnings, watches
from app.core.database import AnyRow
from app.core.money import plain
from app.goals import repository
from app.goals.reading import Overview, overview
from app.notifications.notices import Kind, Notice, notify_members, withdraw


async def look(book: BookWriter) -> Overview:
    """Note which goals are reached and tell of them; returns the goals as this member sees them then."""
    today = book.actor.today()
    async with seeing_all(book):
        found = await overview(book, today)
        changed = await _note(book, found)
    return await overview(book, today) if changed or book.hides else found


async def has_news(book: BookReader) -> bool:
    """Whether a goal is reached, or is so no more, and nobody noted it; for who sees all accounts."""
    return any(_news(await overview(book, book.actor.today())))


async def forget(book: BookWriter, goal_id: UUID) -> None:
    """Take back what was told of a goal that goes."""
    await withdraw(book.connection, [_key(goal_id)])


@watches("goals")
async def _look_at_change(book: BookWriter, _days: Days) -> Warnings:
    async with seeing_all(book):
        await _note(book, await overview(book, book.actor.today()))
    return []


def _news(found: Overview) -> tuple[list[AnyRow], list[UUID]]:
    """The goals that are reached since they were looked at, and the ids of those that are so no more."""
    progress = {goal_id: found.standing.of(aim) for goal_id, aim in found.aims.items()}
    rows = [row for row in found.rows if row.id in progress]
    reached = [row for row in rows if progress[row.id].reached and row.reached_at is None]
    return reached, [row.id for row in rows if not progress[row.id].reached and row.reached_at is not None]


async def _note(book: BookWriter, found: Overview) -> bool:
    reached, behind = _news(found)
    if not reached and not behind:
        return False
    await repository.note_reached(book.connection, book.book_id, [row.id for row in reached], behind)
    if behind:
        await withdraw(book.connection, [_key(goal_id) for goal_id in behind])
    for row in reached:
        amount = f"{plain(row.target_amount)} {row.currency}"
        body = f"You have saved {amount}." if row.kind == "save_up" else f"No more than {amount} is owed."
        data = {"goal_id": str(row.id), "amount": plain(row.target_amount), "currency": row.currency}
        accounts = [source.place for source in found.aims[row.id].sources if source.place in found.accounts]
        notice = Notice(Kind.GOAL_REACHED, _key(row.id), f"Goal reached: {row.name}", body, data, accounts)
        await notify_members(book.connection, notice)
    return True


def _key(goal_id: UUID) -> str:
    return f"goal_reached:{goal_id}"

"""This and all following occurrences: a schedule ends before one of them, and another schedule has them from there."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from app.access.context import BookWriter, Event
from app.core.conditional import check_revision
from app.core.database import AnyRow
from app.core.errors import invalid
from app.core.ids import new_id
from app.schedules import repository
from app.schedules.errors import FollowingSettledError, OccurrenceNotFoundError, ScheduleArchivedError
from app.schedules.planned import recurrence
from app.schedules.rrule import parse
from app.schedules.schemas import ChangeFollowing, ScheduleReplace
from app.schedules.service import (
    ENTITY,
    OCCURRENCE,
    add,
    columns,
    drop,
    kept_values,
    look_again,
    merged,
    row_of,
    take_back_notices,
    take_back_reminders,
)
from app.schedules.upcoming import occurrence_image, schedule_document, schedule_image

Document = dict[str, Any]


async def change_following(
    book: BookWriter, schedule_id: UUID, body: ChangeFollowing, expected: int | None
) -> Document:
    """Split a schedule. What was said of single following occurrences goes along as far as they are still there.

    The new one keeps the beat of the old one, and as many of its COUNT as are left, unless the changes give another
    rule. Raises `FollowingSettledError` where transactions stand for some of them: their schedule is the old one.
    """
    before = await row_of(book, schedule_id)
    check_revision(expected, before.revision)
    if before.archived_at is not None:
        raise ScheduleArchivedError
    days = recurrence(before)
    start = body.from_
    if not days.includes(start):
        raise OccurrenceNotFoundError(start)
    if "starts_on" in body.changes.model_fields_set:
        raise invalid("changes.starts_on", "starts_at_from", "the following ones start with the one that `from` names")
    kept = (await repository.kept_of(book.connection, book.book_id, [schedule_id]))[schedule_id]
    later = [row for due_on, row in kept.items() if due_on >= start]
    if settled := [row for row in later if _is_settled(book, row)]:
        last = max(row.due_on for row in settled)
        raise FollowingSettledError(f"The occurrence due on {last} was posted: choose a later one.", due_on=str(last))
    whole = _following(before, merged(before, body.changes), body)
    values = await columns(book, whole, before)
    values |= {"follows_id": schedule_id, "active_from": max(before.active_from, start)}
    await repository.change(
        book.connection, book.book_id, schedule_id, {"ends_before": start, "revision": book.revision}
    )
    ended = await row_of(book, schedule_id)
    book.record(Event(ENTITY, schedule_id, "updated", before=schedule_image(before), after=schedule_image(ended)))
    await take_back_reminders(book, before, ended)
    await look_again(book, ended, {due_on: row for due_on, row in kept.items() if due_on < start})
    following = await add(book, new_id(), {**values, "ends_before": before.ends_before})
    await _hand_over(book, ended, following, later)
    return {
        "before": schedule_document(await row_of(book, schedule_id)),
        "following": schedule_document(await row_of(book, following.id)),
    }


def _is_settled(book: BookWriter, row: AnyRow) -> bool:
    """Whether a transaction stands for it; one that this member does not see may be there."""
    return row.transaction_id is not None or (book.hides and row.linked_id is not None)


def _following(before: AnyRow, wanted: ScheduleReplace, body: ChangeFollowing) -> ScheduleReplace:
    """The following schedule as PUT would say it: from its first day on, its rule says all by itself."""
    rrule = wanted.rrule
    if "rrule" not in body.changes.model_fields_set:
        rule = parse(before.rrule).explicit(before.starts_on)
        if rule.count is not None:
            rule = replace(rule, count=rule.count - recurrence(before).count_before(body.from_))
        rrule = str(rule)
    return wanted.model_copy(update={"rrule": rrule, "starts_on": body.from_})


async def _hand_over(book: BookWriter, ended: AnyRow, following: AnyRow, later: list[AnyRow]) -> None:
    """Give the following schedule what is kept of its occurrences, and forget that of those that are no more."""
    days = recurrence(following)
    staying = [row for row in later if days.includes(row.due_on)]
    await drop(book, ended, [row for row in later if not days.includes(row.due_on)])
    if not staying:
        return
    for row in staying:
        before = kept_values(row)
        after = {**before, "schedule_id": following.id}
        book.record(
            Event(
                OCCURRENCE,
                row.id,
                "updated",
                before=occurrence_image(before, ended),
                after=occurrence_image(after, following),
            )
        )
    await repository.hand_over(book.connection, book.book_id, [row.id for row in staying], following.id, book.revision)
    await take_back_notices(book, ended.id, [row.due_on for row in staying])
    kept = (await repository.kept_of(book.connection, book.book_id, [following.id]))[following.id]
    await look_again(book, following, kept)

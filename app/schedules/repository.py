"""Statements that write schedules and occurrences, and read single ones."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, TIMESTAMP, BigInteger, Date, Text, Uuid, bindparam, delete, func, insert, text, update
from sqlalchemy.dialects.postgresql import insert as upserting
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow
from app.schedules.models import Schedule, ScheduleOccurrence
from app.schedules.reading import OCCURRENCE_COLUMNS, OCCURRENCE_SOURCE, SCHEDULE_COLUMNS, SCHEDULE_SOURCE

_LIST = text(
    f"""
    SELECT {SCHEDULE_COLUMNS} {SCHEDULE_SOURCE}
      AND (CAST(:kind AS text) IS NULL OR s.kind = :kind) AND (:archived OR s.archived_at IS NULL)
    ORDER BY lower(s.name), s.id
    """  # nosec B608  # constants
).bindparams(bindparam("book", type_=Uuid), bindparam("kind", type_=Text))
_GET = text(
    f"SELECT {SCHEDULE_COLUMNS} {SCHEDULE_SOURCE} AND s.id = :id"  # nosec B608  # constants
).bindparams(bindparam("book", type_=Uuid), bindparam("id", type_=Uuid))
_DUE = text(
    f"""
    SELECT {SCHEDULE_COLUMNS} {SCHEDULE_SOURCE}
      AND s.created_by IS NOT DISTINCT FROM CAST(:user AS uuid) AND s.next_on <= :today
    ORDER BY s.next_on, s.id
    """  # noqa: S608  # nosec B608  # constants
).bindparams(bindparam("book", type_=Uuid), bindparam("user", type_=Uuid), bindparam("today", type_=Date))
_IS_DUE = text(
    """
    SELECT EXISTS (SELECT FROM schedules s WHERE s.book_id = :book
                   AND s.created_by IS NOT DISTINCT FROM CAST(:user AS uuid) AND s.next_on <= :today)
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("user", type_=Uuid), bindparam("today", type_=Date))
_KEPT_OF = text(
    f"""
    SELECT {OCCURRENCE_COLUMNS} {OCCURRENCE_SOURCE} AND o.schedule_id = ANY(:schedules)
    ORDER BY o.schedule_id, o.due_on
    """  # nosec B608  # constants
).bindparams(bindparam("book", type_=Uuid), bindparam("schedules", type_=ARRAY(Uuid)))
_ONE = text(
    f"""
    SELECT {OCCURRENCE_COLUMNS} {OCCURRENCE_SOURCE} AND o.schedule_id = :schedule AND o.due_on = :due_on
    """  # nosec B608  # constants
).bindparams(bindparam("book", type_=Uuid), bindparam("schedule", type_=Uuid), bindparam("due_on", type_=Date))
_SET_NEXT = text(
    """
    UPDATE schedules s SET next_on = v.next_on
    FROM unnest(:ids, :days) AS v(id, next_on)
    WHERE s.book_id = :book AND s.id = v.id AND s.next_on IS DISTINCT FROM v.next_on
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("ids", type_=ARRAY(Uuid)), bindparam("days", type_=ARRAY(Date)))
_DUE_BOOKS = text("SELECT book_id, user_id FROM due_schedules(:at)").bindparams(
    bindparam("at", type_=TIMESTAMP(timezone=True))
)
# What an undo brought back may have something to do again; when, is for the scheduler to find out.
WAKE = text(
    """
    UPDATE schedules s SET next_on = s.starts_on
    FROM (SELECT CASE WHEN entity = 'schedule' THEN entity_id
                      ELSE CAST(coalesce(before, after) ->> 'schedule_id' AS uuid) END AS id
          FROM events
          WHERE book_id = :book AND revision = :undone AND entity IN ('schedule', 'schedule_occurrence')) AS touched
    WHERE s.book_id = :book AND s.id = touched.id
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("undone", type_=BigInteger))


async def every(connection: AsyncConnection, book_id: UUID, kind: str | None, *, archived: bool) -> Sequence[AnyRow]:
    parameters = {"book": book_id, "kind": kind, "archived": archived}
    return (await connection.execute(_LIST, parameters)).all()


async def get(connection: AsyncConnection, book_id: UUID, schedule_id: UUID) -> AnyRow | None:
    return (await connection.execute(_GET, {"book": book_id, "id": schedule_id})).one_or_none()


async def count(connection: AsyncConnection, book_id: UUID) -> int:
    statement = text("SELECT count(*) FROM schedules WHERE book_id = :book")
    return await connection.scalar(statement, {"book": book_id}) or 0


async def add(connection: AsyncConnection, values: dict[str, Any]) -> None:
    await connection.execute(insert(Schedule).values(values))


async def change(connection: AsyncConnection, book_id: UUID, schedule_id: UUID, values: dict[str, Any]) -> None:
    statement = update(Schedule).where(Schedule.book_id == book_id, Schedule.id == schedule_id)
    await connection.execute(statement.values({**values, "updated_at": func.now()}))


async def remove(connection: AsyncConnection, book_id: UUID, schedule_id: UUID) -> None:
    """With what is kept of its occurrences; their transactions stay."""
    await connection.execute(delete(Schedule).where(Schedule.book_id == book_id, Schedule.id == schedule_id))


async def due(connection: AsyncConnection, book_id: UUID, user_id: UUID | None, today: date) -> Sequence[AnyRow]:
    """The schedules of this person at which the scheduler is to look by today."""
    parameters = {"book": book_id, "user": user_id, "today": today}
    return (await connection.execute(_DUE, parameters)).all()


async def is_due(connection: AsyncConnection, book_id: UUID, user_id: UUID | None, today: date) -> bool:
    parameters = {"book": book_id, "user": user_id, "today": today}
    return bool(await connection.scalar(_IS_DUE, parameters))


async def due_books(connection: AsyncConnection, at: datetime) -> Sequence[AnyRow]:
    """Which books have something to do at an instant, and for whom; by no book's permission, so nothing else."""
    return (await connection.execute(_DUE_BOOKS, {"at": at})).all()


async def set_next(connection: AsyncConnection, book_id: UUID, days: Mapping[UUID, date | None]) -> None:
    parameters = {"book": book_id, "ids": list(days), "days": list(days.values())}
    await connection.execute(_SET_NEXT, parameters)


async def kept_of(
    connection: AsyncConnection, book_id: UUID, schedules: Sequence[UUID]
) -> dict[UUID, dict[date, AnyRow]]:
    """All that is kept of the occurrences of these schedules, by schedule and `due_on`."""
    rows = await connection.execute(_KEPT_OF, {"book": book_id, "schedules": list(schedules)})
    found: dict[UUID, dict[date, AnyRow]] = {schedule: {} for schedule in schedules}
    for row in rows:
        found[row.schedule_id][row.due_on] = row
    return found


async def kept_one(connection: AsyncConnection, book_id: UUID, schedule_id: UUID, due_on: date) -> AnyRow | None:
    parameters = {"book": book_id, "schedule": schedule_id, "due_on": due_on}
    return (await connection.execute(_ONE, parameters)).one_or_none()


async def keep(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write what is to be kept of occurrences, over what was kept of them."""
    statement = upserting(ScheduleOccurrence).values([dict(row) for row in rows])
    names = ("date", "status", "amount", "transaction_id", "reason", "reason_code", "revision")
    over = {name: statement.excluded[name] for name in names}
    await connection.execute(
        statement.on_conflict_do_update(constraint="pk_schedule_occurrences", set_={**over, "updated_at": func.now()})
    )


async def hand_over(
    connection: AsyncConnection, book_id: UUID, ids: Sequence[UUID], schedule_id: UUID, revision: int
) -> None:
    """Have what is kept of these occurrences be another schedule's."""
    statement = update(ScheduleOccurrence).where(ScheduleOccurrence.book_id == book_id, ScheduleOccurrence.id.in_(ids))
    await connection.execute(statement.values(schedule_id=schedule_id, revision=revision, updated_at=func.now()))


async def forget(connection: AsyncConnection, book_id: UUID, ids: Sequence[UUID]) -> None:
    await connection.execute(
        delete(ScheduleOccurrence).where(ScheduleOccurrence.book_id == book_id, ScheduleOccurrence.id.in_(ids))
    )

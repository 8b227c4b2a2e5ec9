"""Statements that read schedules and occurrences for what is still to come."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, Date, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow

SCHEDULE_COLUMNS = """
    s.id, s.name, s.kind, s.template, s.account_ids, s.account_id, s.to_account_id, s.category_id, s.payee, s.rrule,
    s.starts_on, s.month_end, s.weekend, s.amount_kind, s.amount, s.amount_min, s.amount_max, s.average_of, s.mode,
    s.lead_days, s.tolerance, s.window_days, s.remind_days, s.active_from, s.ends_before, s.follows_id, s.created_by,
    s.next_on, s.paused_at, s.archived_at, s.revision, s.created_at, s.updated_at, a.currency, c.exponent,
    CASE WHEN s.amount_kind = 'average' THEN ARRAY(
        SELECT t.amount FROM schedule_occurrences o
        JOIN transactions t ON t.book_id = o.book_id AND t.id = o.transaction_id AND t.account_id = s.account_id
        WHERE o.book_id = s.book_id AND o.schedule_id = s.id
        ORDER BY o.due_on DESC LIMIT s.average_of)
    ELSE '{}' END AS past
"""
"""A schedule, the currency of its account, and the last amounts that its average is made of."""
SCHEDULE_SOURCE = """
    FROM schedules s
    JOIN accounts a ON a.book_id = s.book_id AND a.id = s.account_id
    JOIN currencies c ON c.code = a.currency
    WHERE s.book_id = :book
"""
_ACTIVE = text(
    f"""
    SELECT {SCHEDULE_COLUMNS} {SCHEDULE_SOURCE}
      AND s.paused_at IS NULL AND s.archived_at IS NULL AND s.starts_on <= :last
    ORDER BY s.id
    """  # nosec B608  # constants
).bindparams(bindparam("book", type_=Uuid), bindparam("last", type_=Date))

# Who does not see all has `transactions` without what is hidden; a schedule of something visible may have posted it.
OCCURRENCE_COLUMNS = """
    o.schedule_id, o.due_on, o.id, o.date, o.amount, o.reason, o.reason_code, o.revision, o.created_at, o.updated_at,
    CASE WHEN o.transaction_id IS NOT NULL AND t.id IS NULL THEN 'skipped' ELSE o.status END AS status,
    o.status AS kept_status, t.id AS transaction_id, o.transaction_id AS linked_id
"""
OCCURRENCE_SOURCE = """
    FROM schedule_occurrences o
    LEFT JOIN transactions t ON t.book_id = o.book_id AND t.id = o.transaction_id
    WHERE o.book_id = :book
"""
_KEPT = text(
    f"""
    SELECT {OCCURRENCE_COLUMNS} {OCCURRENCE_SOURCE}
      AND o.schedule_id = ANY(:schedules)
      AND (o.due_on BETWEEN :first AND :last OR o.date BETWEEN :first AND :last)
    """  # nosec B608  # constants
).bindparams(
    bindparam("book", type_=Uuid),
    bindparam("schedules", type_=ARRAY(Uuid)),
    bindparam("first", type_=Date),
    bindparam("last", type_=Date),
)


async def active(connection: AsyncConnection, book_id: UUID, last: date) -> Sequence[AnyRow]:
    """The schedules that are neither paused nor archived and have begun by a day."""
    return (await connection.execute(_ACTIVE, {"book": book_id, "last": last})).all()


async def kept(
    connection: AsyncConnection, book_id: UUID, schedules: Sequence[UUID], first: date, last: date
) -> Sequence[AnyRow]:
    """What is kept of occurrences that are due, or were moved, to these days."""
    parameters = {"book": book_id, "schedules": list(schedules), "first": first, "last": last}
    return (await connection.execute(_KEPT, parameters)).all()

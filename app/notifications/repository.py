"""Statements about what people are told, and how they want to be told."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, TIMESTAMP, Date, Text, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow
from app.core.documents import dump

_INSTANT = TIMESTAMP(timezone=True)
_COLUMNS = "n.id, n.source_book_id AS book_id, n.kind, n.title, n.body, n.data, n.created_at, n.read_at, n.mailed_at"
# Each filter that is not asked for is NULL; the index gives a person's own, the newest first.
_MATCHING = """
    n.user_id = :user AND n.dismissed_at IS NULL
    AND (NOT :unread OR n.read_at IS NULL)
    AND (CAST(:kinds AS text[]) IS NULL OR n.kind = ANY (:kinds))
    AND (CAST(:book AS uuid) IS NULL OR n.source_book_id = :book)
"""
_LIST_TYPES = (
    bindparam("user", type_=Uuid),
    bindparam("kinds", type_=ARRAY(Text)),
    bindparam("book", type_=Uuid),
)
_LIST = text(
    f"SELECT {_COLUMNS} FROM notifications n WHERE {_MATCHING} "  # noqa: S608  # nosec B608  # constants here
    "AND (CAST(:before AS uuid) IS NULL OR n.id < :before) ORDER BY n.id DESC LIMIT :limit"
).bindparams(*_LIST_TYPES, bindparam("before", type_=Uuid))
_COUNT = text(f"SELECT count(*) FROM notifications n WHERE {_MATCHING}").bindparams(*_LIST_TYPES)  # noqa: S608  # nosec B608
_UNREAD = text(
    "SELECT kind, count(*) AS unread FROM notifications "
    "WHERE user_id = :user AND dismissed_at IS NULL AND read_at IS NULL GROUP BY kind ORDER BY kind"
).bindparams(bindparam("user", type_=Uuid))
_MINE = (bindparam("user", type_=Uuid), bindparam("id", type_=Uuid), bindparam("at", type_=_INSTANT))
_SET_READ = text(
    "UPDATE notifications n SET read_at = CASE WHEN :read THEN coalesce(n.read_at, :at) END "  # noqa: S608  # nosec B608
    f"WHERE n.user_id = :user AND n.id = :id AND n.dismissed_at IS NULL RETURNING {_COLUMNS}"
).bindparams(*_MINE)
_READ_UP_TO = text(
    "UPDATE notifications SET read_at = :at WHERE user_id = :user AND read_at IS NULL AND dismissed_at IS NULL "
    "AND (CAST(:id AS uuid) IS NULL OR id <= :id)"
).bindparams(*_MINE)
# Who has put something away has read it: its mail, if it waits, is not sent any more.
_DISMISS = text(
    "UPDATE notifications SET dismissed_at = :at, read_at = coalesce(read_at, :at) "
    "WHERE user_id = :user AND id = :id AND dismissed_at IS NULL"
).bindparams(*_MINE)
_SETTINGS = text(
    """
    SELECT u.id AS user_id, u.time_zone, u.email, u.email_verified_at, u.default_book_id,
           u.banned_at IS NOT NULL AND coalesce(u.banned_until > now(), true) AS banned,
           s.settings, coalesce(s.revision, 0) AS revision, s.report_due_at, s.reported_week
    FROM users u LEFT JOIN notification_settings s ON s.user_id = u.id
    WHERE u.id = :user
    """
).bindparams(bindparam("user", type_=Uuid))
_HOLD = text(
    "INSERT INTO notification_settings (user_id) VALUES (:user) "
    "ON CONFLICT (user_id) DO UPDATE SET user_id = excluded.user_id"
).bindparams(bindparam("user", type_=Uuid))
_CHANGE = text(
    "UPDATE notification_settings SET settings = CAST(:settings AS jsonb), revision = revision + 1, updated_at = :at "
    "WHERE user_id = :user"
).bindparams(bindparam("user", type_=Uuid), bindparam("at", type_=_INSTANT))
_PLAN_REPORT = text(
    "UPDATE notification_settings SET report_due_at = :due, reported_week = coalesce(:week, reported_week) "
    "WHERE user_id = :user"
).bindparams(bindparam("user", type_=Uuid), bindparam("due", type_=_INSTANT), bindparam("week", type_=Date))
_STRANGE_BOOKS = text(
    "SELECT b FROM unnest(:books) AS b "
    "WHERE NOT EXISTS (SELECT FROM book_members m WHERE m.book_id = b AND m.user_id = :user)"
).bindparams(bindparam("user", type_=Uuid), bindparam("books", type_=ARRAY(Uuid)))

_PEOPLE = text("SELECT p FROM people_to_mail(:at, :limit) AS p").bindparams(bindparam("at", type_=_INSTANT))
_PEOPLE_OF_REPORTS = text("SELECT p FROM people_to_report_to(:at, :limit) AS p").bindparams(
    bindparam("at", type_=_INSTANT)
)
# What another worker holds is passed over: it is being mailed at this moment.
_OPEN = text(
    """
    SELECT n.id, n.kind, n.title, n.body, n.created_at, n.read_at, n.mail_due_at, b.name AS book_name
    FROM notifications n LEFT JOIN books b ON b.id = n.source_book_id
    WHERE n.user_id = :user AND n.settled_at IS NULL
      AND (CAST(:at AS timestamptz) IS NULL OR n.mail_due_at IS NULL OR n.mail_due_at <= :at)
    ORDER BY n.id LIMIT :limit FOR UPDATE OF n SKIP LOCKED
    """
).bindparams(bindparam("user", type_=Uuid), bindparam("at", type_=_INSTANT))
_PLAN = text(
    "UPDATE notifications n SET mail_due_at = p.due FROM unnest(:ids, :dues) AS p(id, due) "
    "WHERE n.user_id = :user AND n.id = p.id"
).bindparams(
    bindparam("user", type_=Uuid), bindparam("ids", type_=ARRAY(Uuid)), bindparam("dues", type_=ARRAY(_INSTANT))
)
_SETTLE = text(
    "UPDATE notifications SET settled_at = :at, mailed_at = CASE WHEN id = ANY (:mailed) THEN :at END "
    "WHERE user_id = :user AND id = ANY (:ids)"
).bindparams(
    bindparam("user", type_=Uuid),
    bindparam("at", type_=_INSTANT),
    bindparam("ids", type_=ARRAY(Uuid)),
    bindparam("mailed", type_=ARRAY(Uuid)),
)
_FORGET = text("SELECT forget_notifications(:before)").bindparams(bindparam("before", type_=_INSTANT))


async def listed(
    connection: AsyncConnection, filters: Mapping[str, Any], before: UUID | None, limit: int
) -> Sequence[AnyRow]:
    return (await connection.execute(_LIST, {**filters, "before": before, "limit": limit})).all()


async def count(connection: AsyncConnection, filters: Mapping[str, Any]) -> int:
    return int(await connection.scalar(_COUNT, filters) or 0)


async def unread(connection: AsyncConnection, user_id: UUID) -> dict[str, int]:
    """How many of each kind."""
    return {row.kind: row.unread for row in (await connection.execute(_UNREAD, {"user": user_id})).all()}


async def set_read(connection: AsyncConnection, user_id: UUID, one: UUID, at: datetime, *, read: bool) -> AnyRow | None:
    parameters = {"user": user_id, "id": one, "at": at, "read": read}
    return (await connection.execute(_SET_READ, parameters)).one_or_none()


async def read_up_to(connection: AsyncConnection, user_id: UUID, last: UUID | None, at: datetime) -> int:
    return int((await connection.execute(_READ_UP_TO, {"user": user_id, "id": last, "at": at})).rowcount)


async def dismiss(connection: AsyncConnection, user_id: UUID, one: UUID, at: datetime) -> bool:
    return bool((await connection.execute(_DISMISS, {"user": user_id, "id": one, "at": at})).rowcount)


async def settings(connection: AsyncConnection, user_id: UUID) -> AnyRow | None:
    """The person whom this transaction acts as, with what they chose; None where they are gone."""
    return (await connection.execute(_SETTINGS, {"user": user_id})).one_or_none()


async def hold_settings(connection: AsyncConnection, user_id: UUID) -> None:
    """Have a row of settings, and keep it to this transaction."""
    await connection.execute(_HOLD, {"user": user_id})


async def change_settings(
    connection: AsyncConnection, user_id: UUID, document: Mapping[str, Any], at: datetime
) -> None:
    await connection.execute(_CHANGE, {"user": user_id, "settings": dump(dict(document)), "at": at})


async def plan_report(
    connection: AsyncConnection, user_id: UUID, due: datetime | None, week: date | None = None
) -> None:
    """When the next report leaves, and the first day of the week that was reported just now."""
    await connection.execute(_PLAN_REPORT, {"user": user_id, "due": due, "week": week})


async def strange_books(connection: AsyncConnection, user_id: UUID, books: Collection[UUID]) -> set[UUID]:
    """Those that are not books of this person's."""
    found = await connection.execute(_STRANGE_BOOKS, {"user": user_id, "books": list(books)})
    return set(found.scalars())


async def people_to_mail(connection: AsyncConnection, at: datetime, limit: int) -> Sequence[UUID]:
    return (await connection.execute(_PEOPLE, {"at": at, "limit": limit})).scalars().all()


async def people_to_report_to(connection: AsyncConnection, at: datetime, limit: int) -> Sequence[UUID]:
    return (await connection.execute(_PEOPLE_OF_REPORTS, {"at": at, "limit": limit})).scalars().all()


async def take_open(connection: AsyncConnection, user_id: UUID, at: datetime | None, limit: int) -> Sequence[AnyRow]:
    """Hold what mail may have to be sent about: what is due at an instant or was not planned, or with None all."""
    return (await connection.execute(_OPEN, {"user": user_id, "at": at, "limit": limit})).all()


async def plan(connection: AsyncConnection, user_id: UUID, dues: Mapping[UUID, datetime]) -> None:
    if dues:
        await connection.execute(_PLAN, {"user": user_id, "ids": list(dues), "dues": list(dues.values())})


async def settle(
    connection: AsyncConnection, user_id: UUID, ids: Collection[UUID], mailed: Collection[UUID], at: datetime
) -> None:
    if ids:
        await connection.execute(_SETTLE, {"user": user_id, "ids": list(ids), "mailed": list(mailed), "at": at})


async def forget(connection: AsyncConnection, before: datetime) -> int:
    return int(await connection.scalar(_FORGET, {"before": before}) or 0)

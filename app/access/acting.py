"""Working in a book without a request: jobs act for a member, and see all of it or what that member sees."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import repository
from app.access.context import Actor, BookReader, BookWriter
from app.access.opening import close_book, take_book
from app.core.errors import NotFoundError

_OPEN = text(
    """
    SELECT set_config('app.book_id', CAST(:book AS text), true), set_config('app.user_id', CAST(:user AS text), true),
           set_config('app.permission', '', true), set_config('app.hidden_accounts', '', true),
           set_config('search_path', 'public', true)
    """
)
_WHO = text(
    """
    SELECT m.user_id, m.role AS book_role, u.role AS user_role, u.time_zone, b.base_currency, b.revision,
           c.exponent AS base_exponent
    FROM books b
    JOIN book_members m ON m.book_id = b.id AND m.role <> 'viewer'
    JOIN users u ON u.id = m.user_id
    JOIN currencies c ON c.code = b.base_currency
    WHERE b.id = :book
    ORDER BY m.user_id = :user DESC, m.role = 'owner' DESC, m.created_at, m.user_id
    LIMIT 1
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("user", type_=Uuid))
# The same accounts that `open_request` hides, and the views that go with them.
_MEMBER = text(
    """
    SELECT m.role AS book_role, u.role AS user_role, u.time_zone, b.base_currency, b.revision,
           c.exponent AS base_exponent, h.hidden <> '' AS hides,
           set_config('app.hidden_accounts', h.hidden, true) AS hidden_setting,
           set_config('search_path', CASE WHEN h.hidden <> '' THEN 'partly, public' ELSE 'public' END, true) AS path
    FROM book_members m
    JOIN books b ON b.id = m.book_id
    JOIN users u ON u.id = m.user_id
    JOIN currencies c ON c.code = b.base_currency
    CROSS JOIN LATERAL (
        SELECT coalesce((
            SELECT array_agg(DISTINCT v.account_id)::text FROM account_viewers v
            WHERE v.book_id = m.book_id
              AND NOT EXISTS (SELECT FROM account_viewers w
                              WHERE w.book_id = v.book_id AND w.account_id = v.account_id AND w.user_id = m.user_id)
        ), '') AS hidden
        OFFSET 0
    ) AS h
    WHERE m.book_id = :book AND m.user_id = :user AND (u.banned_at IS NULL OR u.banned_until <= now())
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("user", type_=Uuid))


async def open_as(connection: AsyncConnection, book_id: UUID, user_id: UUID) -> BookReader:
    """Open a book for the rest of the transaction as this member, a viewer perhaps, sees it: without what is hidden.

    For what is told to them and to nobody else. Raises `NotFoundError` for a book that is not theirs any more.
    """
    await connection.execute(_OPEN, {"book": str(book_id), "user": str(user_id)})
    row = (await connection.execute(_MEMBER, {"book": book_id, "user": user_id})).one_or_none()
    if row is None:
        raise NotFoundError("There is no such book any more, or they are no member of it.")
    actor = Actor(user_id, row.user_role, row.time_zone, connection)
    return BookReader(
        actor,
        connection,
        book_id,
        row.book_role,
        row.base_currency,
        row.base_exponent,
        row.revision,
        hides=row.hides,
    )


async def open_for(connection: AsyncConnection, book_id: UUID, user_id: UUID | None) -> BookReader:
    """Open a book for the rest of the transaction, acting for this member or, where they may not write, for an owner.

    Every account is seen, private ones too: what a job tells people must name its accounts (`Notice.accounts`). Raises
    `NotFoundError` for a book that is gone.
    """
    asked = user_id or book_id  # a book's id is nobody's
    await connection.execute(_OPEN, {"book": str(book_id), "user": str(asked)})
    row = (await connection.execute(_WHO, {"book": book_id, "user": asked})).one_or_none()
    if row is None:
        raise NotFoundError("There is no such book any more.")
    await repository.act_as(connection, row.user_id)
    actor = Actor(row.user_id, row.user_role, row.time_zone, connection)
    return BookReader(actor, connection, book_id, row.book_role, row.base_currency, row.base_exponent, row.revision)


@asynccontextmanager
async def writing_for(connection: AsyncConnection, book_id: UUID, user_id: UUID | None) -> AsyncIterator[BookWriter]:
    """The same, and hold the book; what watches it looks, and events are written, when the block ends."""
    reader = await open_for(connection, book_id, user_id)
    writer = await take_book(reader.actor, reader.book_id, reader.role)
    yield writer
    await close_book(writer)

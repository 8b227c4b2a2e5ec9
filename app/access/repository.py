"""The statements that open a request."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, TIMESTAMP, BigInteger, RowMapping, Text, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.documents import dump
from app.core.security import Bearer

# Who does not see all reads `transactions` and `events` through views. The function cannot set the path itself: its own
# is put back when it ends.
_OPEN = text(
    """
    SELECT o.*, set_config('search_path', CASE WHEN o.hides THEN 'partly, public' ELSE 'public' END, true) AS path
    FROM open_request(:session, :user, :token, :book, :permission) AS o
    """
)
_ACT_AS = text("SELECT set_config('app.user_id', CAST(:user AS text), true)")
_SET_BOOK = text("SELECT set_config('app.book_id', CAST(:book AS text), true)")
# No join: after waiting for a writer who chose another base currency, the row joined before would not fit any more.
_TAKE = text(
    """
    UPDATE books b SET revision = b.revision + 1, updated_at = now()
    WHERE b.id = :book
    RETURNING b.revision, b.base_currency, b.base_currency_chosen, b.locked_until,
              (SELECT c.exponent FROM currencies c WHERE c.code = b.base_currency) AS base_exponent,
              array_remove(ARRAY[
                  CASE WHEN book_has_budgets() THEN 'budgets' END,
                  CASE WHEN book_has_goals() THEN 'goals' END,
                  CASE WHEN book_has_trades() THEN 'portfolio' END,
                  CASE WHEN EXISTS (SELECT FROM schedules x WHERE x.book_id = :book AND x.kind = 'bill'
                                    AND x.archived_at IS NULL AND x.paused_at IS NULL) THEN 'bills' END,
                  CASE WHEN EXISTS (SELECT FROM rules x WHERE x.book_id = :book AND x.enabled) THEN 'rules' END,
                  CASE WHEN EXISTS (SELECT FROM suggestion_settings x WHERE x.book_id = :book AND x.auto_categorise)
                       THEN 'suggestions' END
              ], NULL) AS uses
    """
)
_NOTE_LAST_USES = text("SELECT note_last_uses(:ids, :at, :addresses)").bindparams(
    bindparam("ids", type_=ARRAY(Uuid)),
    bindparam("at", type_=ARRAY(TIMESTAMP(timezone=True))),
    bindparam("addresses", type_=ARRAY(Text)),
)
_TOKEN_IS_GOOD = text("SELECT personal_token_is_good(:hash)")
EVENTS_SQL = """
    INSERT INTO public.events (book_id, revision, position, entity, entity_id, action, actor_id, before, after)
    SELECT :book, :revision, e.position, e.entity, e.entity_id, e.action, :actor, e.before, e.after
    FROM jsonb_to_recordset(CAST(:events AS jsonb))
        AS e(position integer, entity text, entity_id uuid, action text, before jsonb, after jsonb)
"""
EVENT_PARAMETERS = (
    bindparam("book", type_=Uuid),
    bindparam("revision", type_=BigInteger),
    bindparam("actor", type_=Uuid),
)
_LOG = text(EVENTS_SQL).bindparams(*EVENT_PARAMETERS)


async def open_request(
    connection: AsyncConnection, bearer: Bearer, book_id: UUID | None, permission: str
) -> RowMapping | None:
    """Check session or token, permission and membership, and set user, book and permission for row-level security.

    All in one statement. None when the session or token is over or its user is banned; a row that is not `permitted`
    without the permission; a row without `book_id` when the book is not this user's.
    """
    parameters = {
        "session": bearer.session_id,
        "user": bearer.user_id,
        "token": bearer.token_hash,
        "book": book_id,
        "permission": permission,
    }
    return (await connection.execute(_OPEN, parameters)).mappings().one_or_none()


async def act_as(connection: AsyncConnection, user_id: UUID) -> None:
    """Let this transaction see and write the rows of a person who has just proved who they are, or is just made."""
    await connection.execute(_ACT_AS, {"user": str(user_id)})


async def note_last_uses(
    connection: AsyncConnection, ids: list[UUID], at: list[datetime], addresses: list[str | None]
) -> None:
    """Say when, and from where, these sessions and personal tokens were used; what is newer stays."""
    await connection.execute(_NOTE_LAST_USES, {"ids": ids, "at": at, "addresses": addresses})


async def personal_token_is_good(connection: AsyncConnection, token_hash: bytes) -> bool:
    """Whether such a token is known, not over, and nobody banned holds it; what it may do is another question."""
    return bool(await connection.scalar(_TOKEN_IS_GOOD, {"hash": token_hash}))


async def open_new_book(connection: AsyncConnection, book_id: UUID) -> None:
    """Let this transaction write the rows of a book that it is about to create."""
    await connection.execute(_SET_BOOK, {"book": str(book_id)})


async def take_book(connection: AsyncConnection, book_id: UUID) -> RowMapping | None:
    """Raise the book's revision; its row stays locked until the commit, so writers of one book queue.

    None for a book that was deleted while this waited.
    """
    return (await connection.execute(_TAKE, {"book": book_id})).mappings().one_or_none()


async def write_events(
    connection: AsyncConnection, book_id: UUID, revision: int, actor_id: UUID, rows: list[dict[str, Any]]
) -> None:
    parameters: Mapping[str, Any] = {
        "book": book_id,
        "revision": revision,
        "actor": actor_id,
        "events": dump(rows),
    }
    await connection.execute(_LOG, parameters)

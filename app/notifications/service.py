"""The inbox: what somebody is told, the newest first."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.access.context import Actor
from app.core.clock import now
from app.core.database import AnyRow
from app.core.errors import NotFoundError
from app.core.pagination import PageRequest, bad_cursor, decode_cursor, encode_cursor
from app.notifications import repository
from app.notifications.notices import Kind

SORT = "-id"


@dataclass(frozen=True)
class Wanted:
    """Which notifications are asked for; None and False leave all."""

    unread: bool = False
    kinds: tuple[Kind, ...] = ()
    book_id: UUID | None = None


async def list_page(actor: Actor, wanted: Wanted, page: PageRequest) -> dict[str, Any]:
    filters = {
        "user": actor.user_id,
        "unread": wanted.unread,
        "kinds": [kind.value for kind in wanted.kinds] or None,
        "book": wanted.book_id,
    }
    rows = await repository.listed(actor.connection, filters, _before(page), page.limit + 1)
    items = rows[: page.limit]
    more = len(rows) > page.limit
    total = await repository.count(actor.connection, filters) if page.include_total else None
    return {"items": items, "next_cursor": encode_cursor(SORT, [items[-1].id]) if more else None, "total": total}


def _before(page: PageRequest) -> UUID | None:
    if page.cursor is None:
        return None
    (last,) = decode_cursor(page.cursor, SORT, 1)
    try:
        return UUID(last)
    except (ValueError, TypeError, AttributeError):
        raise bad_cursor() from None


async def unread_count(actor: Actor) -> dict[str, Any]:
    kinds = await repository.unread(actor.connection, actor.user_id)
    return {"unread": sum(kinds.values()), "kinds": kinds}


async def mark(actor: Actor, notification_id: UUID, *, read: bool) -> AnyRow:
    """Raises `NotFoundError` for what is not in the actor's inbox. What was read keeps when it first was."""
    row = await repository.set_read(actor.connection, actor.user_id, notification_id, now(), read=read)
    if row is None:
        raise _not_there()
    return row


async def mark_all(actor: Actor, last: UUID | None) -> int:
    """Have everything count as read, or what is not newer than `last`; returns how many were unread."""
    return await repository.read_up_to(actor.connection, actor.user_id, last, now())


async def dismiss(actor: Actor, notification_id: UUID) -> None:
    """Put it away for good; it is not told again while it is so. Raises `NotFoundError`."""
    if not await repository.dismiss(actor.connection, actor.user_id, notification_id, now()):
        raise _not_there()


def _not_there() -> NotFoundError:
    return NotFoundError("There is no such notification in your inbox.")

"""Reading the audit: all of it for those who may, and everybody what concerned them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.access.context import Actor
from app.administration.audit_repository import AuditFilter, entries
from app.core.database import AnyRow
from app.core.pagination import PageRequest, bad_cursor, decode_cursor, encode_cursor

Document = dict[str, Any]


async def page_of(actor: Actor, wanted: AuditFilter, page: PageRequest) -> Document:
    rows = await entries(actor.connection, wanted, _position(page), page.limit + 1)
    return {"items": [_entry(row) for row in rows[: page.limit]], "next_cursor": _next(rows, page)}


async def own_page(actor: Actor, page: PageRequest) -> Document:
    """From where somebody else acted, and who that was, is not told."""
    rows = await entries(actor.connection, AuditFilter(subject_id=actor.user_id), _position(page), page.limit + 1)
    return {"items": [_own_entry(row, actor.user_id) for row in rows[: page.limit]], "next_cursor": _next(rows, page)}


def _position(page: PageRequest) -> UUID | None:
    if page.cursor is None:
        return None
    (last,) = decode_cursor(page.cursor, "audit", 1)
    try:
        return UUID(last)
    except (ValueError, TypeError, AttributeError):
        raise bad_cursor() from None


def _next(rows: Sequence[AnyRow], page: PageRequest) -> str | None:
    return encode_cursor("audit", [rows[page.limit - 1].id]) if len(rows) > page.limit else None


def _entry(row: AnyRow) -> Document:
    return {
        "id": row.id,
        "at": row.at,
        "action": row.action,
        "actor": _party(row.actor_id, row.actor_email, row.actor_name),
        "subject": _party(row.subject_id, row.subject_email, row.subject_name),
        "address": row.address,
        "details": row.details,
    }


def _party(user_id: UUID | None, email: str | None, full_name: str | None) -> Document | None:
    return {"id": user_id, "email": email, "full_name": full_name} if user_id is not None else None


def _own_entry(row: AnyRow, user_id: UUID) -> Document:
    by_yourself = row.actor_id == user_id
    return {
        "id": row.id,
        "at": row.at,
        "action": row.action,
        "by_yourself": by_yourself,
        "address": row.address if by_yourself else None,
        "details": row.details,
    }

"""People as administrators see them: listing, roles, bans, deletion."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit
from app.access.context import Actor
from app.administration import repository
from app.administration.errors import refused
from app.administration.schemas import BanIn, Role
from app.attachments.storage import Store
from app.core.clock import now
from app.core.database import AnyRow
from app.core.errors import NotFoundError, invalid
from app.core.pagination import PageRequest, bad_cursor, decode_cursor, encode_cursor
from app.leaving.service import Cleaning, delete_person

Document = dict[str, Any]
PeopleSort = Literal["created_at", "-created_at", "email", "-email"]
Status = Literal["active", "banned"]


async def page_of(
    connection: AsyncConnection,
    page: PageRequest,
    *,
    q: str | None,
    role: Role | None,
    status: Status | None,
    sort: PeopleSort,
) -> Document:
    """Whose address or name contains `q`, without regard to case and accents."""
    wanted = (q or "").replace("\x00", "").strip()
    rows = await repository.people(
        connection,
        q=wanted,
        role=role,
        status=status,
        sort=sort,
        after=_position(page, sort),
        skip=page.skip,
        limit=page.limit + 1,
    )
    total = await repository.people_count(connection, wanted, role, status) if page.include_total else None
    shown = rows[: page.limit]
    cursor = encode_cursor(sort, _key(shown[-1], sort)) if len(rows) > page.limit else None
    return {"items": await _documents(connection, shown), "next_cursor": cursor, "total": total}


def _key(row: AnyRow, sort: PeopleSort) -> tuple[str, str]:
    value = row.address if sort.endswith("email") else row.created_at.isoformat()
    return value, str(row.id)


def _position(page: PageRequest, sort: PeopleSort) -> tuple[Any, UUID] | None:
    if page.cursor is None:
        return None
    value, last = decode_cursor(page.cursor, sort, 2)
    if not isinstance(value, str) or "\x00" in value or not isinstance(last, str):
        raise bad_cursor()
    try:
        return (value if sort.endswith("email") else _instant(value)), UUID(last)
    except ValueError:
        raise bad_cursor() from None


def _instant(value: str) -> datetime:
    """Raises ValueError for anything else, an instant without its offset from UTC included."""
    found = datetime.fromisoformat(value)
    if found.tzinfo is None:
        raise ValueError("an instant has an offset")
    return found


async def _documents(connection: AsyncConnection, rows: Sequence[AnyRow]) -> list[Document]:
    used = await repository.last_used(connection, [row.id for row in rows]) if rows else {}
    return [_document(row, used.get(row.id)) for row in rows]


def _document(row: AnyRow, last_used_at: datetime | None) -> Document:
    """A ban that has ended by itself is none."""
    document = dict(row._mapping) | {"last_used_at": last_used_at}  # noqa: SLF001  # the documented way to a row's mapping
    if not row.banned:
        document |= {"banned_at": None, "banned_until": None, "ban_reason": None}
    return document


async def get(connection: AsyncConnection, user_id: UUID) -> Document:
    row = await repository.person(connection, user_id)
    if row is None:
        raise NotFoundError("There is no such user.")
    return (await _documents(connection, [row]))[0]


async def change_role(actor: Actor, user_id: UUID, role: Role, address: str | None) -> Document:
    """Raises `NotFoundError`, `OwnAccountError`, `OutrankedError` or `LastAdminError`."""
    await _may_act_on(actor, user_id)
    before = await get(actor.connection, user_id)
    if before["role"] == role:
        return before
    _granted(await repository.set_role(actor.connection, user_id, role, actor.role))
    await _tell(actor, "user_role_changed", user_id, address, before=before["role"], after=role)
    return await get(actor.connection, user_id)


async def ban(actor: Actor, user_id: UUID, body: BanIn, address: str | None) -> Document:
    """A second ban replaces the first. Raises as `change_role` does, and `InvalidError` for an end that is past."""
    if body.until is not None and body.until <= now():
        raise invalid("until", "not_in_the_future", "a ban ends in the future")
    _granted(
        await repository.set_ban(
            actor.connection, user_id, actor.role, banned=True, reason=body.reason, until=body.until
        )
    )
    until = body.until.isoformat() if body.until is not None else None
    await _tell(actor, "user_banned", user_id, address, reason=body.reason, until=until)
    return await get(actor.connection, user_id)


async def unban(actor: Actor, user_id: UUID, address: str | None) -> Document:
    """Whoever is not banned stays so. Raises as `change_role` does."""
    await _may_act_on(actor, user_id)
    before = await get(actor.connection, user_id)
    if before["banned_at"] is None:
        return before
    _granted(await repository.set_ban(actor.connection, user_id, actor.role, banned=False))
    await _tell(actor, "user_unbanned", user_id, address)
    return await get(actor.connection, user_id)


async def delete(actor: Actor, store: Store, user_id: UUID, address: str | None) -> Cleaning:
    """The person with everything that is theirs alone; what is returned is to be run after the commit.

    Raises as `change_role` does.
    """
    await _may_act_on(actor, user_id)
    return await delete_person(actor.connection, store, user_id, actor_id=actor.user_id, address=address)


async def _may_act_on(actor: Actor, user_id: UUID) -> None:
    """What is found here holds until the commit: whoever else administers waits."""
    _granted(await repository.refusal(actor.connection, user_id, actor.role))


def _granted(refusal: str | None) -> None:
    if refusal is not None:
        raise refused(refusal)


async def _tell(actor: Actor, action: str, user_id: UUID, address: str | None, **details: Any) -> None:
    await audit.tell(actor.connection, action, actor_id=actor.user_id, subject_id=user_id, address=address, **details)

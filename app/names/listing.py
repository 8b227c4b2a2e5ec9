"""Pages of payees and of tags."""

from collections.abc import Sequence
from typing import Any

from app.access.context import BookReader
from app.core.database import AnyRow
from app.core.pagination import PageRequest, bad_cursor, decode_cursor, encode_cursor
from app.names import repository

Document = dict[str, Any]


async def payees(book: BookReader, q: str | None, page: PageRequest) -> Document:
    wanted = _clean(q)
    rows = await repository.payee_page(
        book.connection, book.book_id, q=wanted, limit=page.limit + 1, skip=page.skip, after=_position(page)
    )
    total = await repository.payee_count(book.connection, book.book_id, wanted) if page.include_total else None
    return _page(rows, page, total)


async def tags(book: BookReader, q: str | None, page: PageRequest) -> Document:
    wanted = _clean(q)
    rows = await repository.tag_page(
        book.connection, book.book_id, q=wanted, limit=page.limit + 1, skip=page.skip, after=_position(page)
    )
    total = await repository.tag_count(book.connection, book.book_id, wanted) if page.include_total else None
    return _page(rows, page, total)


def _clean(q: str | None) -> str:
    return (q or "").replace("\x00", "")


def _position(page: PageRequest) -> str | None:
    if page.cursor is None:
        return None
    (after,) = decode_cursor(page.cursor, "name", 1)
    if not isinstance(after, str) or "\x00" in after:
        raise bad_cursor()
    return after


def _page(rows: Sequence[AnyRow], page: PageRequest, total: int | None) -> Document:
    """One more row than asked was read, to know whether there is a next page."""
    shown = rows[: page.limit]
    cursor = encode_cursor("name", [shown[-1].name_key]) if len(rows) > page.limit else None
    return {"items": [document(row) for row in shown], "next_cursor": cursor, "total": total}


def document(row: AnyRow) -> Document:
    return {key: value for key, value in row._mapping.items() if key != "name_key"}  # noqa: SLF001  # the documented way to a row's mapping

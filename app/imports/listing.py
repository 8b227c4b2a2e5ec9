"""Pages of imports and of their rows."""

from typing import Any
from uuid import UUID

from app.access.context import BookReader
from app.core.pagination import PageRequest, bad_cursor, decode_cursor, encode_cursor
from app.imports import repository, suggested
from app.imports.documents import import_document
from app.imports.service import get

LARGEST_POSITION = 2**31 - 1


async def imports(book: BookReader, page: PageRequest) -> dict[str, Any]:
    after = None
    if page.cursor is not None:
        (text,) = decode_cursor(page.cursor, "imports", 1)
        try:
            after = UUID(text)
        except (TypeError, ValueError, AttributeError):
            raise bad_cursor() from None
    rows = await repository.page(book.connection, book.book_id, limit=page.limit + 1, skip=page.skip, after=after)
    shown = rows[: page.limit]
    return {
        "items": [import_document(row) for row in shown],
        "next_cursor": encode_cursor("imports", [shown[-1].id]) if len(rows) > page.limit else None,
        "total": await repository.count(book.connection, book.book_id) if page.include_total else None,
    }


async def rows(book: BookReader, import_id: UUID, outcome: str | None, page: PageRequest) -> dict[str, Any]:
    """Raises `ImportNotFoundError`."""
    document = await get(book, import_id)
    after = 0
    if page.cursor is not None:
        (after,) = decode_cursor(page.cursor, "rows", 1)
        if not isinstance(after, int) or isinstance(after, bool) or not 0 <= after <= LARGEST_POSITION:
            raise bad_cursor()
    found = await repository.rows(
        book.connection, book.book_id, import_id, outcome=outcome, limit=page.limit + 1, skip=page.skip, after=after
    )
    total = None
    if page.include_total:
        total = await repository.row_count(book.connection, book.book_id, import_id, outcome)
    shown = found[: page.limit]
    return {
        "items": await suggested.documents(book, shown, document["status"]),
        "next_cursor": encode_cursor("rows", [shown[-1].position]) if len(found) > page.limit else None,
        "total": total,
    }

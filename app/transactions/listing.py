"""Pages of transactions."""

from datetime import date
from typing import Any
from uuid import UUID

from app.access.context import BookReader
from app.core.pagination import PageRequest, bad_cursor, decode_cursor, encode_cursor
from app.transactions import repository
from app.transactions.documents import Document, from_row
from app.transactions.filters import Sort, TransactionFilter


async def transactions(book: BookReader, wanted: TransactionFilter, sort: Sort, page: PageRequest) -> dict[str, Any]:
    """One page; a row more than asked is read, to know whether there is a next page."""
    rows = await repository.page(
        book.connection,
        book.book_id,
        wanted,
        sort,
        limit=page.limit + 1,
        skip=page.skip,
        after=_position(page.cursor, sort),
    )
    total = await repository.count(book.connection, book.book_id, wanted) if page.include_total else None
    shown = rows[: page.limit]
    cursor = None
    if len(rows) > page.limit:
        last = shown[-1]
        cursor = encode_cursor(sort.text, [last.date if sort.name == "date" else last.amount_key, last.id])
    documents: list[Document] = [from_row(row) for row in shown]
    return {"items": documents, "next_cursor": cursor, "total": total}


def _position(cursor: str | None, sort: Sort) -> tuple[Any, UUID] | None:
    if cursor is None:
        return None
    key, row_id = decode_cursor(cursor, sort.text, 2)
    try:
        if sort.name == "date":
            return date.fromisoformat(key), UUID(row_id)
        if isinstance(key, bool) or not -(2**63) <= int(key) < 2**63:
            raise bad_cursor()
        return int(key), UUID(row_id)
    except (TypeError, ValueError, AttributeError):
        raise bad_cursor() from None

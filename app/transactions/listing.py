"""Pages of transactions, payees and tags."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from app.access.context import BookReader
from app.core.database import AnyRow
from app.core.pagination import PageRequest, bad_cursor, decode_cursor, encode_cursor
from app.transactions import repository
from app.transactions.documents import Document, from_row
from app.transactions.filters import Sort, TransactionFilter
from app.transactions.models import Payee, Tag


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


async def payees(book: BookReader, q: str | None, page: PageRequest) -> dict[str, Any]:
    return await _named(book, Payee, q, page)


async def tags(book: BookReader, q: str | None, page: PageRequest) -> dict[str, Any]:
    return await _named(book, Tag, q, page)


async def _named(book: BookReader, model: type[Payee] | type[Tag], q: str | None, page: PageRequest) -> dict[str, Any]:
    after = None
    if page.cursor is not None:
        (after,) = decode_cursor(page.cursor, "name", 1)
        if not isinstance(after, str) or "\x00" in after:
            raise bad_cursor()
    text = (q or "").replace("\x00", "")
    rows: Sequence[AnyRow] = await repository.named_page(
        book.connection, book.book_id, model, q=text, limit=page.limit + 1, skip=page.skip, after=after
    )
    total = None
    if page.include_total:
        total = await repository.named_count(book.connection, book.book_id, model, text)
    shown = rows[: page.limit]
    cursor = encode_cursor("name", [shown[-1].name_key]) if len(rows) > page.limit else None
    items = [{"id": row.id, "name": row.name, "revision": row.revision} for row in shown]
    return {"items": items, "next_cursor": cursor, "total": total}

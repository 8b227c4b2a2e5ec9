"""Pages of transactions."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from app.access.context import BookReader
from app.core.database import AnyRow
from app.core.pagination import PageRequest, bad_cursor, decode_cursor, encode_cursor
from app.transactions import repository
from app.transactions.documents import Document, from_row
from app.transactions.filters import EVERYTHING, Sort, TransactionFilter
from app.transactions.search.errors import FIELD, SearchError
from app.transactions.search.parser import parse
from app.transactions.search.preparing import MOST_IDS, First, look_up
from app.transactions.search.terms import TextTerm

FIRST_TRY = 10
"""How many times as many as a page has are read first of what texts find where other filters leave out some."""

Position = tuple[Any, UUID] | None
"""Behind which row a page begins: its sort key and its id."""


async def prepared(book: BookReader, wanted: TransactionFilter, *, field: str = FIELD) -> TransactionFilter:
    """The filter with its search looked up; without a search it is the same. Its conditions are ready then.

    Raises `SearchError`, about `field`, for a search that cannot be understood or names what is not there.
    """
    if wanted.q is None:
        return wanted
    try:
        return replace(wanted, found=await look_up(book.connection, book.book_id, parse(wanted.q)))
    except SearchError as error:
        raise error.about(field) from None


async def transactions(book: BookReader, wanted: TransactionFilter, sort: Sort, page: PageRequest) -> dict[str, Any]:
    """One page; a row more than asked is read, to know whether there is a next page."""
    after = _position(page.cursor, sort)
    near, rows = await _first(book, wanted, sort, page, after)
    total = None
    if page.include_total:
        total = await repository.count(
            book.connection, book.book_id, near.without_ids if after or _is_cut(near) else near
        )
    shown = rows[: page.limit]
    cursor = None
    if len(rows) > page.limit:
        last = shown[-1]
        cursor = encode_cursor(sort.text, [last.date if sort.name == "date" else last.amount_key, last.id])
    documents: list[Document] = [from_row(row) for row in shown]
    return {"items": documents, "next_cursor": cursor, "total": total}


async def walk(
    book: BookReader, wanted: TransactionFilter, sort: Sort, *, size: int, flat: bool = False
) -> AsyncGenerator[Sequence[AnyRow]]:
    """Every row there is, `size` at a time, by key: a statement for each page, and none costs more than another.

    A row is for `from_row`, or, where it is `flat`, for `flat.rows`.

    They are one state of the book only on a connection that sees one (`SnapshotBook`).
    """
    ready = await prepared(book, wanted)
    after: Position = None
    columns = repository.FLAT if flat else repository.WHOLE
    while rows := await repository.page(
        book.connection, book.book_id, ready, sort, limit=size, skip=0, after=after, columns=columns
    ):
        yield rows
        if len(rows) < size:
            return
        last = rows[-1]
        after = (last.date if sort.name == "date" else last.amount_key, UUID(str(last.id)))


async def _first(
    book: BookReader, wanted: TransactionFilter, sort: Sort, page: PageRequest, after: Position
) -> tuple[TransactionFilter, Sequence[AnyRow]]:
    """The rows of a page and one more, and the filter as it was prepared for them.

    Of what texts find only the first are read. Where other filters leave too few of those for a page, more are, and
    at last each transaction is looked at.
    """
    if wanted.q is None or page.skip:
        near = await prepared(book, wanted)
        return near, await _rows(book, near, sort, page, after)
    terms = parse(wanted.q)
    by_text_alone = all(isinstance(term, TextTerm) for term in terms) and replace(wanted, q=None) == EVERYTHING
    most = page.limit + 1 if by_text_alone else min(FIRST_TRY * (page.limit + 1), MOST_IDS)
    while True:
        first = First(sort.text, after, most)
        near = replace(wanted, found=await look_up(book.connection, book.book_id, terms, first))
        rows = await _rows(book, near, sort, page, after)
        if not _is_cut(near) or len(rows) > page.limit:
            return near, rows
        if most == MOST_IDS:
            return near, await _rows(book, near.without_ids, sort, page, after)
        most = MOST_IDS


def _is_cut(wanted: TransactionFilter) -> bool:
    return wanted.found is not None and wanted.found.is_cut


async def _rows(
    book: BookReader, wanted: TransactionFilter, sort: Sort, page: PageRequest, after: Position
) -> Sequence[AnyRow]:
    return await repository.page(
        book.connection, book.book_id, wanted, sort, limit=page.limit + 1, skip=page.skip, after=after
    )


def _position(cursor: str | None, sort: Sort) -> Position:
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

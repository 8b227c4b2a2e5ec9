"""Saved reports: keeping what people put together; `saved_running` answers it."""

from typing import Any
from uuid import UUID

from app.access.context import BookReader, BookWriter, Event
from app.accounts.errors import AccountNotFoundError
from app.categories.service import CategoryNotFoundError
from app.core.conditional import check_revision
from app.core.database import AnyRow
from app.core.errors import FieldError, InvalidError, NotFoundError
from app.core.ids import new_id
from app.names.errors import PayeeNotFoundError, TagNotFoundError
from app.reports import saved_repository as repository
from app.reports import saved_running
from app.reports.asked import currency_of
from app.reports.saved_errors import SavedReportNotFoundError
from app.reports.saved_schemas import SavedIn, SavedPatch, SavedReplace

ENTITY = "saved_report"
MAX_SAVED = 500
FILTERS = ("period", "account_ids", "category_ids", "tag_ids", "payee_ids", "min_amount", "max_amount")
NOT_FOUND: dict[str, type[NotFoundError]] = {
    "account": AccountNotFoundError,
    "category": CategoryNotFoundError,
    "tag": TagNotFoundError,
    "payee": PayeeNotFoundError,
}

Document = dict[str, Any]


async def every(book: BookReader) -> list[Document]:
    """All that this member may see, by name."""
    return [document_of(row) for row in await repository.every(book.connection, book.book_id)]


async def get(book: BookReader, report_id: UUID) -> Document:
    return document_of(await _row(book, report_id))


async def _row(book: BookReader, report_id: UUID) -> AnyRow:
    row = await repository.get(book.connection, book.book_id, report_id)
    if row is None:
        raise SavedReportNotFoundError(report_id)
    return row


async def create(book: BookWriter, body: SavedIn) -> Document:
    """Raises `InvalidError` for what does not go together, and errors of their own for filters that name nothing."""
    if len(await repository.every(book.connection, book.book_id)) >= MAX_SAVED:
        raise InvalidError(FieldError("name", "too_many_saved_reports", f"a book has at most {MAX_SAVED}: delete some"))
    values = _values(body.model_dump(exclude={"id"}))
    await _check(book, values)
    report_id = body.id or new_id()
    row = {**values, "book_id": book.book_id, "id": report_id, "revision": book.revision}
    await repository.add(book.connection, row)
    made = await _row(book, report_id)
    book.record(Event(ENTITY, report_id, "created", after=image(made)))
    return document_of(made)


async def replace(book: BookWriter, report_id: UUID, body: SavedReplace, expected: int | None) -> Document:
    return await _change(book, report_id, _values(body.model_dump()), expected)


async def patch(book: BookWriter, report_id: UUID, body: SavedPatch, expected: int | None) -> Document:
    return await _change(book, report_id, _values(body.model_dump(include=body.model_fields_set)), expected)


async def _change(book: BookWriter, report_id: UUID, changes: Document, expected: int | None) -> Document:
    before = await _row(book, report_id)
    check_revision(expected, before.revision)
    await _check(book, {**image(before), **changes})
    await repository.change(book.connection, book.book_id, report_id, {**changes, "revision": book.revision})
    after = await _row(book, report_id)
    book.record(Event(ENTITY, report_id, "updated", before=image(before), after=image(after)))
    return document_of(after)


async def delete(book: BookWriter, report_id: UUID, expected: int | None) -> None:
    before = await _row(book, report_id)
    check_revision(expected, before.revision)
    await repository.remove(book.connection, book.book_id, report_id)
    book.record(Event(ENTITY, report_id, "deleted", before=image(before)))


async def run(book: BookReader, report_id: UUID) -> Document:
    """What it says now, to the member who asks: of the accounts that they see."""
    return await saved_running.run(book, image(await _row(book, report_id)))


async def _check(book: BookReader, values: Document) -> None:
    sort = (values["sort"] or "").removeprefix("-")
    if sort and sort not in {*values["measures"], *values["dimensions"]}:
        raise InvalidError(FieldError("sort", "not_in_report", f"{sort} is none of its measures and dimensions"))
    await currency_of(book, values["currency"], "currency")
    saved_running.check(book, values)
    for row in await repository.missing(book.connection, book.book_id, values):
        raise NOT_FOUND[row.kind](row.id)


def _values(body: Document) -> Document:
    """The columns of what was sent."""
    values = {**body, **body.pop("filters", {})}
    values.pop("filters", None)
    if "limit" in values:
        values["most"] = values.pop("limit")
    return values


def document_of(row: AnyRow) -> Document:
    own = dict(row._mapping)  # noqa: SLF001  # the documented way to a row's mapping
    filters = {name: own.pop(name) for name in FILTERS}
    return {**own, "filters": filters, "limit": own.pop("most")}


def image(row: AnyRow) -> Document:
    """What the log keeps: the row's own columns."""
    return {key: value for key, value in row._mapping.items() if key != "updated_at"}  # noqa: SLF001  # as above

"""Attaching files to transactions, reading them and taking them off again.

A file is stored before the row that names it is committed, and its row is deleted before the object: whatever breaks
in between leaves an object that nobody names, which `sweep` removes. Who writes or removes an object holds a lock on
its key from before they look until they have committed, so an upload and a removal of the same file never cross.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, BinaryIO
from uuid import UUID

from anyio import to_thread

from app.access.context import BookReader, BookWriter, Event
from app.access.private import check_transaction_is_whole
from app.attachments import repository
from app.attachments.errors import (
    AttachmentExistsError,
    AttachmentNotFoundError,
    TooManyAttachmentsError,
    UnsupportedMediaError,
)
from app.attachments.media import media_type_of
from app.attachments.naming import kept_name
from app.attachments.storage import CHUNK_BYTES, ObjectKey, Store
from app.core.conditional import check_revision
from app.core.database import AnyRow
from app.core.errors import invalid
from app.core.ids import new_id
from app.transactions import posting
from app.transactions.errors import TransactionNotFoundError

ENTITY = "attachment"
MOST = 100

Document = dict[str, Any]


@dataclass(frozen=True)
class StoredFile:
    """A file whose object is in the store, while the request's transaction holds its key."""

    key: ObjectKey
    size: int
    media_type: str
    file_name: str


async def of_transaction(book: BookReader, transaction_id: UUID) -> list[Document]:
    rows = await repository.of_transaction(book.connection, book.book_id, transaction_id)
    if not rows and await repository.date_of(book.connection, book.book_id, transaction_id) is None:
        raise TransactionNotFoundError(transaction_id)
    return [_document(row) for row in rows]


async def get(book: BookReader, attachment_id: UUID) -> Document:
    row = await repository.get(book.connection, book.book_id, attachment_id)
    if row is None:
        raise AttachmentNotFoundError(attachment_id)
    return _document(row)


async def store(
    book: BookReader, objects: Store, transaction_id: UUID, source: BinaryIO, given_name: str | None
) -> StoredFile:
    """Put a file into the store, once a book; the slow part of attaching, before the book is held.

    Raises `UnsupportedMediaError` for what is none of the kinds taken, and what `attach` would refuse in any case.
    """
    await check_transaction_is_whole(book, transaction_id)
    size, sha256, media_type = await to_thread.run_sync(_look_at, source)
    if not size:
        raise invalid("file", "empty_file", "is empty")
    if media_type is None:
        raise UnsupportedMediaError
    key = ObjectKey(book.book_id, sha256)
    await _check(book, transaction_id, sha256)
    await repository.hold(book.connection, key)
    if not (await repository.is_known(book.connection, key) and await objects.exists(key)):
        await to_thread.run_sync(source.seek, 0)
        await objects.put(key, source)
    return StoredFile(key, size, media_type, kept_name(given_name, media_type))


async def attach(book: BookWriter, transaction_id: UUID, file: StoredFile) -> Document:
    """Raises `TransactionNotFoundError`, `AttachmentExistsError`, `TooManyAttachmentsError`, `PeriodLockedError`."""
    await _check_unlocked(book, transaction_id)
    await _check(book, transaction_id, file.key.sha256)
    await repository.keep_file(book.connection, file.key, file.size, file.media_type)
    attachment_id = new_id()
    await repository.add(
        book.connection,
        file.key,
        attachment_id=attachment_id,
        transaction_id=transaction_id,
        file_name=file.file_name,
        revision=book.revision,
    )
    document = await get(book, attachment_id)
    book.record(Event(ENTITY, attachment_id, "created", after=_as_event(document)))
    return document


async def remove(book: BookWriter, attachment_id: UUID, expected: int | None) -> ObjectKey:
    """Take a file off its transaction; returns which, for `sweep` to remove when nothing else has it."""
    before = await get(book, attachment_id)
    check_revision(expected, before["revision"])
    await _check_unlocked(book, before["transaction_id"])
    key = ObjectKey(book.book_id, bytes.fromhex(before["sha256"]))
    await repository.remove(book.connection, book.book_id, attachment_id)
    await repository.orphan(book.connection, key)
    book.record(Event(ENTITY, attachment_id, "deleted", before=_as_event(before)))
    return key


async def _check(book: BookReader, transaction_id: UUID, sha256: bytes) -> None:
    count, same = await repository.present(book.connection, book.book_id, transaction_id, sha256)
    if same is not None:
        raise AttachmentExistsError(same)
    if count >= MOST:
        raise TooManyAttachmentsError(MOST)
    if not count and await repository.date_of(book.connection, book.book_id, transaction_id) is None:
        raise TransactionNotFoundError(transaction_id)


async def _check_unlocked(book: BookWriter, transaction_id: UUID) -> None:
    day = await repository.date_of(book.connection, book.book_id, transaction_id)
    if day is None:
        raise TransactionNotFoundError(transaction_id)
    posting.check_open(book, day)


def _look_at(source: BinaryIO) -> tuple[int, bytes, str | None]:
    """Size, SHA-256 and kind of a file, a piece at a time."""
    digest = hashlib.sha256()
    size = 0
    source.seek(0)
    while piece := source.read(CHUNK_BYTES):
        digest.update(piece)
        size += len(piece)
    return size, digest.digest(), media_type_of(source) if size else None


def _document(row: AnyRow) -> Document:
    document = dict(row._mapping)  # noqa: SLF001  # the documented way to a row's mapping
    return {**document, "sha256": row.sha256.hex()}


def _as_event(document: Document) -> Document:
    return {name: document[name] for name in ("transaction_id", "sha256", "file_name", "created_at")}

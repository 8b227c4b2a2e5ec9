"""Creating, changing and deleting transactions."""

from collections.abc import Sequence
from uuid import UUID

from app.access.context import BookReader, BookWriter
from app.access.private import check_whole
from app.core.conditional import check_revision
from app.core.documents import aside
from app.core.errors import FieldError, InvalidError
from app.transactions import repository
from app.transactions.batch import Batch, Wanted, batch_for, body_of
from app.transactions.documents import Document, from_row
from app.transactions.errors import RefundedError, TransactionNotFoundError, check_own
from app.transactions.merging import merged
from app.transactions.preparing import prepared
from app.transactions.rules import PURCHASES
from app.transactions.schemas import AnyIn, TransactionPatch


async def get(book: BookReader, transaction_id: UUID) -> Document:
    row = await repository.get(book.connection, book.book_id, transaction_id)
    if row is None:
        raise TransactionNotFoundError(transaction_id)
    return from_row(row)


async def get_many(book: BookReader, ids: Sequence[UUID]) -> dict[UUID, Document]:
    """Those of these transactions that the book has."""
    found = await repository.get_many(book.connection, book.book_id, ids)
    return await aside(len(found), lambda: {row_id: from_row(row) for row_id, row in found.items()})


async def create(book: BookWriter, body: Wanted) -> Document:
    """Write one transaction; see `create_many`."""
    return (await create_many(book, [body]))[0]


async def record(book: BookWriter, body: AnyIn) -> Document:
    """The same for what a person enters: the book's rules have their say first."""
    return (await create_many(book, await prepared(book, [body])))[0]


async def create_many(book: BookWriter, bodies: Sequence[Wanted]) -> list[Document]:
    """Write all of them or, when one is wrong, none, with the same number of statements however many there are.

    Raises what `Batch.put` raises for the first body that is wrong, and the conflicts of ids that are taken.
    """
    batch = await batch_for(book, bodies)
    documents = [batch.put(body) for body in bodies]
    return await batch.finish(documents)


async def replace(book: BookWriter, transaction_id: UUID, body: AnyIn, expected: int | None) -> Document:
    """PUT: the transaction becomes what the body says, whatever its type was."""
    before = await get(book, transaction_id)
    check_whole(before)
    check_revision(expected, before["revision"])
    return await _write_over(book, before, body)


async def patch(book: BookWriter, transaction_id: UUID, body: TransactionPatch, expected: int | None) -> Document:
    """PATCH: what the body names is changed, parts by their line, and the merged whole must be valid."""
    before = await get(book, transaction_id)
    check_whole(before)
    check_revision(expected, before["revision"])
    check_own(before["type"])
    return await _write_over(book, before, merged(before, body))


async def delete(book: BookWriter, transaction_id: UUID, expected: int | None) -> None:
    before = await get(book, transaction_id)
    check_whole(before)
    check_revision(expected, before["revision"])
    batch = await batch_for(book, [])
    stage_removal(batch, before)
    await batch.write()


async def _write_over(book: BookWriter, before: Document, wanted: Wanted) -> Document:
    batch = await batch_for(book, [wanted])
    if is_lost_purchase(before, wanted) and await repository.refunds_of(book.connection, book.book_id, [before["id"]]):
        raise refunded(before["id"])
    document = stage_change(batch, before, wanted)
    return (await batch.finish([document]))[0]


def stage_change(batch: Batch, before: Document, wanted: Wanted) -> Document:
    """Stage a transaction over the one that is there; raises what `Batch.put` does."""
    body = body_of(wanted)
    check_own(before["type"])
    if body.id is not None and body.id != before["id"]:
        raise InvalidError(FieldError("id", "id_mismatch", "is not the id in the path"))
    return batch.put(wanted, before)


def stage_removal(batch: Batch, before: Document) -> None:
    check_own(before["type"])
    batch.remove(before)


def is_lost_purchase(before: Document, wanted: Wanted) -> bool:
    """Whether what may have refunds would be no purchase any more."""
    return before["type"] in PURCHASES and body_of(wanted).type not in PURCHASES


def refunded(transaction_id: UUID) -> RefundedError:
    return RefundedError(
        f"Another transaction is a refund of {transaction_id}; delete that or take its refund_of_id away first."
    )

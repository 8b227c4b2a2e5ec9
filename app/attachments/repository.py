"""The statements about attachments and their files."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    LargeBinary,
    Uuid,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.attachments.models import Attachment, File
from app.attachments.storage import ObjectKey
from app.core.database import AnyRow, AnySelect
from app.transactions.models import Transaction

_HOLD = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 11))")
_ORPHANS = text("SELECT book_id, sha256 FROM orphaned_files(:days, :most)")
_SET_BOOK = text("SELECT set_config('app.book_id', CAST(:book AS text), true)")
_HAS_BOOK = text("SELECT EXISTS (SELECT FROM books WHERE id = :book)").bindparams(bindparam("book", type_=Uuid))
_KNOWN = text("SELECT sha256 FROM files WHERE book_id = :book AND sha256 = ANY(:digests)").bindparams(
    bindparam("book", type_=Uuid), bindparam("digests", type_=ARRAY(LargeBinary))
)
_WAS_DELETED = text("SELECT book_was_deleted(:book)").bindparams(bindparam("book", type_=Uuid))
_FORGET = text(
    """
    DELETE FROM files f
    WHERE f.book_id = :book AND f.sha256 = :sha256 AND f.orphaned_at <= now() - make_interval(days => :days)
      AND NOT EXISTS (SELECT FROM attachments a WHERE a.book_id = :book AND a.sha256 = :sha256)
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("sha256", type_=LargeBinary))


def _whole(book_id: UUID) -> AnySelect:
    return (
        select(
            Attachment.id,
            Attachment.transaction_id,
            Attachment.file_name,
            Attachment.sha256,
            Attachment.revision,
            Attachment.created_at,
            File.media_type,
            File.size,
        )
        .join(File, (File.book_id == book_id) & (File.sha256 == Attachment.sha256))
        .where(Attachment.book_id == book_id)
    )


async def get(connection: AsyncConnection, book_id: UUID, attachment_id: UUID) -> AnyRow | None:
    return (await connection.execute(_whole(book_id).where(Attachment.id == attachment_id))).one_or_none()


async def of_transaction(connection: AsyncConnection, book_id: UUID, transaction_id: UUID) -> Sequence[AnyRow]:
    """Oldest first."""
    wanted = _whole(book_id).where(Attachment.transaction_id == transaction_id)
    return (await connection.execute(wanted.order_by(Attachment.id))).all()


async def date_of(connection: AsyncConnection, book_id: UUID, transaction_id: UUID) -> date | None:
    """The date of a transaction; None where there is none of this id."""
    statement = select(Transaction.date).where(Transaction.book_id == book_id, Transaction.id == transaction_id)
    return (await connection.execute(statement)).scalar_one_or_none()


async def present(
    connection: AsyncConnection, book_id: UUID, transaction_id: UUID, sha256: bytes
) -> tuple[int, UUID | None]:
    """How many attachments the transaction has, and which of them is of this file."""
    statement = select(
        func.count(),
        func.array_agg(Attachment.id).filter(Attachment.sha256 == sha256),
    ).where(Attachment.book_id == book_id, Attachment.transaction_id == transaction_id)
    count, same = (await connection.execute(statement)).one()
    return count, same[0] if same else None


async def hold(connection: AsyncConnection, key: ObjectKey) -> None:
    """Keep everybody else from writing or removing this object until the transaction ends."""
    await connection.execute(_HOLD, {"key": str(key)})


async def is_known(connection: AsyncConnection, key: ObjectKey) -> bool:
    statement = select(exists().where(File.book_id == key.book_id, File.sha256 == key.sha256))
    return bool((await connection.execute(statement)).scalar_one())


async def keep_file(connection: AsyncConnection, key: ObjectKey, size: int, media_type: str) -> None:
    """Write the file's row, or call it back where it had no attachment any more."""
    values = {"book_id": key.book_id, "sha256": key.sha256, "size": size, "media_type": media_type}
    statement = upsert(File).values(**values)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["book_id", "sha256"], set_={"orphaned_at": None})
    )


async def add(
    connection: AsyncConnection,
    key: ObjectKey,
    *,
    attachment_id: UUID,
    transaction_id: UUID,
    file_name: str,
    revision: int,
) -> None:
    await connection.execute(
        insert(Attachment).values(
            book_id=key.book_id,
            id=attachment_id,
            transaction_id=transaction_id,
            sha256=key.sha256,
            file_name=file_name,
            revision=revision,
        )
    )


async def remove(connection: AsyncConnection, book_id: UUID, attachment_id: UUID) -> None:
    await connection.execute(delete(Attachment).where(Attachment.book_id == book_id, Attachment.id == attachment_id))


async def orphan(connection: AsyncConnection, key: ObjectKey) -> None:
    """Say since when a file has no attachment; one that has another stays as it is."""
    attached = exists(literal_column("1")).where(Attachment.book_id == key.book_id, Attachment.sha256 == key.sha256)
    statement = update(File).where(File.book_id == key.book_id, File.sha256 == key.sha256, ~attached)
    await connection.execute(statement.values(orphaned_at=func.now()))


async def orphans(connection: AsyncConnection, days: int, most: int) -> list[ObjectKey]:
    """Files of all books that have had no attachment for so many days; marks those that have lost theirs unseen."""
    rows = await connection.execute(_ORPHANS, {"days": days, "most": most})
    return [ObjectKey(row.book_id, row.sha256) for row in rows]


async def open_book(connection: AsyncConnection, book_id: UUID) -> bool:
    """For the housekeeping, which has no user; False where there is no such book."""
    await connection.execute(_SET_BOOK, {"book": str(book_id)})
    return bool(await connection.scalar(_HAS_BOOK, {"book": book_id}))


async def was_deleted(connection: AsyncConnection, book_id: UUID) -> bool:
    """Whether there was such a book, and somebody deleted it."""
    return bool(await connection.scalar(_WAS_DELETED, {"book": book_id}))


async def forget(connection: AsyncConnection, key: ObjectKey, days: int) -> bool:
    """Delete the row of a file, if it still has had no attachment for so long."""
    parameters = {"book": key.book_id, "sha256": key.sha256, "days": days}
    return bool((await connection.execute(_FORGET, parameters)).rowcount)


async def everything(connection: AsyncConnection, book_id: UUID, after: UUID | None, most: int) -> Sequence[AnyRow]:
    """The attachments of the book, by id, from behind one."""
    wanted = _whole(book_id) if after is None else _whole(book_id).where(Attachment.id > after)
    return (await connection.execute(wanted.order_by(Attachment.id).limit(most))).all()


async def known(connection: AsyncConnection, book_id: UUID, digests: Sequence[bytes]) -> set[bytes]:
    """Which of these files the open book has."""
    rows = await connection.execute(_KNOWN, {"book": book_id, "digests": list(digests)})
    return set(rows.scalars())

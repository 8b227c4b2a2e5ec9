"""Receipts: files of a book, kept outside the database, and which transactions they belong to."""

from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import BookId, Bytes, GivenId, Instant, NowByDefault, PlainId, Revision, Words
from app.core.database import Base


class File(Base):
    """A stored file, once a book however often it is attached; `orphaned_at` is when its last attachment went."""

    __tablename__ = "files"

    book_id: Mapped[BookId]
    sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[Words]
    created_at: Mapped[NowByDefault]
    orphaned_at: Mapped[Instant | None]

    __table_args__ = (Index("ix_files_orphaned_at", "orphaned_at", postgresql_where=text("orphaned_at IS NOT NULL")),)


class Attachment(Base):
    """A file on a transaction, under the name it came with."""

    __tablename__ = "attachments"

    book_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    id: Mapped[GivenId]
    transaction_id: Mapped[PlainId]
    sha256: Mapped[Bytes]
    file_name: Mapped[Words]
    revision: Mapped[Revision]
    created_at: Mapped[NowByDefault]

    __table_args__ = (
        UniqueConstraint("book_id", "transaction_id", "sha256", name="uq_attachments_file"),
        ForeignKeyConstraint(
            ["book_id", "transaction_id"],
            ["transactions.book_id", "transactions.id"],
            name="fk_attachments_transaction",
        ),
        ForeignKeyConstraint(["book_id", "sha256"], ["files.book_id", "files.sha256"], name="fk_attachments_file"),
        Index("ix_attachments_file", "book_id", "sha256"),
        Index("ix_attachments_revision", "book_id", "revision", "id"),
    )

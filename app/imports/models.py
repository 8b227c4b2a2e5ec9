"""Uploaded files, their rows and what became of each, and the mappings that worked."""

from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ForeignKeyConstraint, Index, Integer, LargeBinary, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import (
    BookId,
    Bytes,
    CivilDate,
    Document,
    Exact,
    GivenId,
    Instant,
    NowByDefault,
    PlainId,
    Revision,
    Whole,
    Words,
)
from app.core.database import Base


class Import(Base):
    """One uploaded file: previewed (nothing posted), committed, or undone.

    `assets` is what the file calls which asset: id, symbol, name, type, currency and isin of each, and whether it is
    `new` and the commit makes it.
    """

    __tablename__ = "imports"

    book_id: Mapped[BookId]
    id: Mapped[GivenId]
    account_id: Mapped[PlainId | None]
    status: Mapped[Words]
    format: Mapped[Words]
    file_name: Mapped[Words | None]
    content_hash: Mapped[Bytes]
    rows_hash: Mapped[Bytes]
    header_hash: Mapped[Bytes | None]
    mapping: Mapped[Document]
    lasting_mapping: Mapped[Document]
    mapping_source: Mapped[Words]
    confidence: Mapped[Document]
    warnings: Mapped[Document]
    assets: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    rows_new: Mapped[Whole]
    rows_duplicate: Mapped[Whole]
    rows_suspect: Mapped[Whole]
    rows_error: Mapped[Whole]
    created_count: Mapped[Whole | None]
    skipped_count: Mapped[Whole | None]
    revision: Mapped[Revision]
    created_at: Mapped[NowByDefault]
    committed_at: Mapped[Instant | None]
    undone_at: Mapped[Instant | None]

    __table_args__ = (
        ForeignKeyConstraint(
            ["book_id", "account_id"],
            ["accounts.book_id", "accounts.id"],
            name="fk_imports_account",
            ondelete="SET NULL (account_id)",
        ),
        Index("ix_imports_content", "book_id", "content_hash"),
        Index("ix_imports_rows", "book_id", "rows_hash"),
        Index("ix_imports_account", "book_id", "account_id"),
    )


class ImportRow(Base):
    """One row of a file with its outcome; an error has no date or amount but says where and why."""

    __tablename__ = "import_rows"

    book_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    import_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    line: Mapped[Whole]
    outcome: Mapped[Words]
    error_column: Mapped[Words | None]
    reason: Mapped[Words | None]
    account_id: Mapped[PlainId | None]
    date: Mapped[CivilDate | None]
    amount: Mapped[Exact | None]
    payee: Mapped[Words | None]
    description: Mapped[Words | None]
    notes: Mapped[Words | None]
    external_id: Mapped[Words | None]
    category_id: Mapped[PlainId | None]
    match_id: Mapped[PlainId | None]
    transaction_id: Mapped[PlainId]
    document: Mapped[Document | None]
    skipped: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))

    __table_args__ = (
        ForeignKeyConstraint(
            ["book_id", "import_id"],
            ["imports.book_id", "imports.id"],
            name="fk_import_rows_import",
            ondelete="CASCADE",
        ),
        Index("ix_import_rows_outcome", "book_id", "import_id", "outcome", "position"),
    )


class ImportMapping(Base):
    """The mapping that last committed a file with this header; offered again for the same header."""

    __tablename__ = "import_mappings"

    book_id: Mapped[BookId]
    header_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    mapping: Mapped[Document]
    updated_at: Mapped[NowByDefault]

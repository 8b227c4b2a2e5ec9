"""Payees and tags: the names that transactions are found by."""

from uuid import UUID

from sqlalchemy import (
    Computed,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import BookId, GivenId, NowByDefault, PlainId, Revision, Words
from app.core.database import Base


class Payee(Base):
    """Who is paid or pays; names are unique in a book without regard to case."""

    __tablename__ = "payees"

    book_id: Mapped[BookId]
    id: Mapped[GivenId]
    name: Mapped[Words]
    name_key: Mapped[str] = mapped_column(Text, Computed("lower(name)", persisted=True))
    search_name: Mapped[str] = mapped_column(Text(collation="C"), Computed("search_text(name)", persisted=True))
    search: Mapped[str] = mapped_column(TSVECTOR, Computed("search_vector(book_id, name)", persisted=True))
    default_category_id: Mapped[PlainId | None]
    revision: Mapped[Revision]
    created_at: Mapped[NowByDefault]
    updated_at: Mapped[NowByDefault]

    __table_args__ = (
        UniqueConstraint("book_id", "name_key", name="uq_payees_name_key"),
        ForeignKeyConstraint(
            ["book_id", "default_category_id"],
            ["categories.book_id", "categories.id"],
            name="fk_payees_default_category",
        ),
        Index(
            "ix_payees_default_category",
            "book_id",
            "default_category_id",
            postgresql_where=text("default_category_id IS NOT NULL"),
        ),
        Index("ix_payees_revision", "book_id", "revision", "id"),
        Index("ix_payees_search_name", "book_id", "search_name"),
        Index("ix_payees_search", "search", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
    )


class PayeeAlias(Base):
    """Another name of a payee, such as the one it had before; it means the payee wherever one is named."""

    __tablename__ = "payee_aliases"

    book_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    id: Mapped[GivenId]
    payee_id: Mapped[PlainId]
    alias: Mapped[Words]
    alias_key: Mapped[str] = mapped_column(Text, Computed("lower(alias)", persisted=True))
    search_name: Mapped[str] = mapped_column(Text(collation="C"), Computed("search_text(alias)", persisted=True))

    __table_args__ = (
        UniqueConstraint("book_id", "alias_key", name="uq_payee_aliases_alias_key"),
        ForeignKeyConstraint(["book_id", "payee_id"], ["payees.book_id", "payees.id"], name="fk_payee_aliases_payee"),
        Index("ix_payee_aliases_payee", "book_id", "payee_id"),
        Index("ix_payee_aliases_search_name", "book_id", "search_name"),
    )


class Tag(Base):
    """A word to find transactions by; unique in a book without regard to case."""

    __tablename__ = "tags"

    book_id: Mapped[BookId]
    id: Mapped[GivenId]
    name: Mapped[Words]
    name_key: Mapped[str] = mapped_column(Text, Computed("lower(name)", persisted=True))
    revision: Mapped[Revision]
    created_at: Mapped[NowByDefault]
    updated_at: Mapped[NowByDefault]

    __table_args__ = (
        UniqueConstraint("book_id", "name_key", name="uq_tags_name_key"),
        Index("ix_tags_revision", "book_id", "revision", "id"),
    )


class TransactionTag(Base):
    """Which tags a transaction has."""

    __tablename__ = "transaction_tags"

    book_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    transaction_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    tag_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)

    __table_args__ = (
        ForeignKeyConstraint(
            ["book_id", "transaction_id"],
            ["transactions.book_id", "transactions.id"],
            name="fk_transaction_tags_transaction",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(["book_id", "tag_id"], ["tags.book_id", "tags.id"], name="fk_transaction_tags_tag"),
        Index("ix_transaction_tags_tag", "book_id", "tag_id", "transaction_id"),
    )

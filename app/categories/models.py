"""What money is for: a tree of income and expense categories."""

from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Integer, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import BookId, GivenId, Instant, NowByDefault, Revision, Words
from app.core.database import Base


class Category(Base):
    """A node of the tree; a child has its parent's kind."""

    __tablename__ = "categories"

    book_id: Mapped[BookId]
    id: Mapped[GivenId]
    parent_id: Mapped[UUID | None] = mapped_column(Uuid)
    name: Mapped[Words]
    kind: Mapped[Words]
    color: Mapped[Words | None]
    icon: Mapped[Words | None]
    sort: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    archived_at: Mapped[Instant | None]
    revision: Mapped[Revision]
    created_at: Mapped[NowByDefault]
    updated_at: Mapped[NowByDefault]

    __table_args__ = (
        UniqueConstraint("book_id", "id", "kind", name="uq_categories_kind"),
        ForeignKeyConstraint(
            ["book_id", "parent_id", "kind"],
            ["categories.book_id", "categories.id", "categories.kind"],
            name="fk_categories_parent",
        ),
        Index(
            "uq_categories_sibling_name",
            "book_id",
            "kind",
            "parent_id",
            text("lower(name)"),
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_categories_parent", "book_id", "parent_id"),
    )

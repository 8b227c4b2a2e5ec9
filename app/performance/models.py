"""The table of targets."""

from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import BookId, Exact, GivenId, NowByDefault, Revision, Words
from app.core.database import Base


class AllocationTarget(Base):
    """The wanted part, in percent of the whole, of a type, currency or sector (`key`), or of an account.

    Those of single assets are columns of the assets.
    """

    __tablename__ = "allocation_targets"

    book_id: Mapped[BookId]
    id: Mapped[GivenId]
    dimension: Mapped[Words]
    key: Mapped[Words | None]
    account_id: Mapped[UUID | None] = mapped_column(Uuid)
    target_percent: Mapped[Exact]
    revision: Mapped[Revision]
    created_at: Mapped[NowByDefault]
    updated_at: Mapped[NowByDefault]

    __table_args__ = (
        UniqueConstraint(
            "book_id",
            "dimension",
            "key",
            "account_id",
            name="uq_allocation_targets_key",
            postgresql_nulls_not_distinct=True,
        ),
        ForeignKeyConstraint(
            ["book_id", "account_id"], ["accounts.book_id", "accounts.id"], name="fk_allocation_targets_account"
        ),
        Index("ix_allocation_targets_account", "book_id", "account_id"),
    )

"""What somebody is told."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import Document, GivenId, Instant, NowByDefault, Words
from app.core.database import Base


class Notification(Base):
    """One thing that one person is told, once: `key` says what of, within the book it is about."""

    __tablename__ = "notifications"

    id: Mapped[GivenId]
    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id", ondelete="CASCADE"))
    source_book_id: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("books.id", ondelete="CASCADE"))
    kind: Mapped[Words]
    key: Mapped[Words]
    title: Mapped[Words]
    body: Mapped[Words]
    data: Mapped[Document]
    created_at: Mapped[NowByDefault]
    read_at: Mapped[Instant | None]

    __table_args__ = (
        UniqueConstraint(
            "user_id", "source_book_id", "key", name="uq_notifications_key", postgresql_nulls_not_distinct=True
        ),
        Index("ix_notifications_newest", "user_id", "id"),
        Index("ix_notifications_book", "source_book_id", "key"),
    )

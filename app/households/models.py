"""Invitations to books."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import BookId, Bytes, GivenId, Instant, NowByDefault, Words
from app.core.database import Base


class BookInvitation(Base):
    """An invitation by the digest of its token; one that has ended stays a while, to say how it ended."""

    __tablename__ = "book_invitations"

    book_id: Mapped[BookId]
    id: Mapped[GivenId]
    inviter_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id", ondelete="CASCADE"))
    role: Mapped[Words]
    email: Mapped[str | None] = mapped_column(Text)
    token_hash: Mapped[Bytes]
    created_at: Mapped[NowByDefault]
    expires_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]
    outcome: Mapped[Words | None]

    __table_args__ = (
        Index("uq_book_invitations_token_hash", "token_hash", unique=True),
        Index("ix_book_invitations_id", "id"),
        Index("ix_book_invitations_inviter_id", "inviter_id"),
        Index("ix_book_invitations_email", text("lower(email)"), postgresql_where=text("ended_at IS NULL")),
    )

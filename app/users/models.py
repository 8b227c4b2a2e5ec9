"""People who can log in."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import GivenId, Instant, NowByDefault, Words
from app.core.database import Base


class User(Base):
    """A person; the address is unique without regard to case and kept as it was written."""

    __tablename__ = "users"

    id: Mapped[GivenId]
    email: Mapped[Words]
    full_name: Mapped[Words | None]
    role: Mapped[str] = mapped_column(Text, server_default=text("'user'"))
    time_zone: Mapped[str] = mapped_column(Text, server_default=text("'UTC'"))
    default_book_id: Mapped[UUID | None] = mapped_column(
        Uuid, ForeignKey("books.id", ondelete="SET NULL", use_alter=True)
    )
    email_verified_at: Mapped[Instant | None]
    banned_at: Mapped[Instant | None]
    banned_until: Mapped[Instant | None]
    ban_reason: Mapped[Words | None]
    created_at: Mapped[NowByDefault]
    updated_at: Mapped[NowByDefault]

    __table_args__ = (
        Index("uq_users_email", text("lower(email)"), unique=True),
        Index("ix_users_created_at", "created_at", "id"),
    )

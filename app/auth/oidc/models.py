"""Who people are at a provider."""

from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import GivenId, Instant, NowByDefault, Words
from app.core.database import Base


class Identity(Base):
    """That a subject of an issuer is this person. `email` is what the provider said last; nothing is decided by it."""

    __tablename__ = "identities"

    id: Mapped[GivenId]
    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id", ondelete="CASCADE"))
    issuer: Mapped[Words]
    subject: Mapped[Words]
    email: Mapped[Words | None]
    created_at: Mapped[NowByDefault]
    last_used_at: Mapped[Instant | None]

    __table_args__ = (UniqueConstraint("issuer", "subject"), UniqueConstraint("user_id", "issuer"))

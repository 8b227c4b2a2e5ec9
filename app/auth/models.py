"""Sessions and the refresh tokens that keep them alive."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import GivenId, Instant, NowByDefault, Words
from app.core.database import Base


class Session(Base):
    """One log-in on one device: a family of refresh tokens, revoked as one."""

    __tablename__ = "sessions"

    id: Mapped[GivenId]
    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id", ondelete="CASCADE"))
    user_agent: Mapped[Words | None]
    address: Mapped[Words | None]
    created_at: Mapped[NowByDefault]
    expires_at: Mapped[Instant]
    revoked_at: Mapped[Instant | None]

    __table_args__ = (Index("ix_sessions_user_id", "user_id"), Index("ix_sessions_expires_at", "expires_at"))


class RefreshToken(Base):
    """A refresh token by its digest; `used_at` tells a spent one, whose second use is theft or a lost answer."""

    __tablename__ = "refresh_tokens"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    session_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("sessions.id", ondelete="CASCADE"))
    created_at: Mapped[NowByDefault]
    used_at: Mapped[Instant | None]

    __table_args__ = (Index("ix_refresh_tokens_session_id", "session_id"),)

"""Passwords, sessions, tokens and permissions: what lets people in, and how far."""

from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, ForeignKey, Index, LargeBinary, SmallInteger, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
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
    method: Mapped[str] = mapped_column(Text, server_default=text("'password'"))
    last_used_at: Mapped[NowByDefault]
    confirmed_at: Mapped[Instant | None]
    revoked_because: Mapped[Words | None]

    __table_args__ = (Index("ix_sessions_user_id", "user_id"), Index("ix_sessions_expires_at", "expires_at"))


class Password(Base):
    """A person's password by its argon2id hash; who comes by single sign-on has none."""

    __tablename__ = "passwords"

    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    hash: Mapped[Words]
    changed_at: Mapped[NowByDefault]


class PersonalToken(Base):
    """A personal access token by its digest; `prefix` is the part of it that may be shown."""

    __tablename__ = "personal_tokens"

    id: Mapped[GivenId]
    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[Words]
    prefix: Mapped[Words]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[NowByDefault]
    expires_at: Mapped[Instant]
    last_used_at: Mapped[Instant | None]
    last_address: Mapped[Words | None]
    revoked_at: Mapped[Instant | None]

    __table_args__ = (Index("ix_personal_tokens_user_id", "user_id"),)


class OneTimeToken(Base):
    """What proves one thing once: that mail arrived, that a challenge is ours. Redeeming deletes it."""

    __tablename__ = "one_time_tokens"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    purpose: Mapped[Words]
    user_id: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("users.id", ondelete="CASCADE"))
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    created_at: Mapped[NowByDefault]
    expires_at: Mapped[Instant]

    __table_args__ = (
        Index("ix_one_time_tokens_user_id", "user_id"),
        Index("ix_one_time_tokens_expires_at", "expires_at"),
    )


class RefreshToken(Base):
    """A refresh token by its digest, with what tells an honest double use from theft.

    `uses` counts how often it was exchanged, the first time at `used_at`. `parent_hash` is the token that it came
    for; `succeeded` tells that one of those that came for this one was itself exchanged.
    """

    __tablename__ = "refresh_tokens"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    session_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("sessions.id", ondelete="CASCADE"))
    created_at: Mapped[NowByDefault]
    used_at: Mapped[Instant | None]
    parent_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    uses: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    succeeded: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))

    __table_args__ = (Index("ix_refresh_tokens_session_id", "session_id"),)

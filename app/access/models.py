"""Which permissions there are, who has them, and the audit of what administrators did."""

from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import GivenId, NowByDefault, PlainId, Words
from app.core.database import Base


class PermissionName(Base):
    """A permission; a `grantable` one may be the scope of a personal access token."""

    __tablename__ = "permissions"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    description: Mapped[Words]
    grantable: Mapped[bool] = mapped_column(Boolean)


class RolePermission(Base):
    """That a role has a permission."""

    __tablename__ = "role_permissions"

    role: Mapped[str] = mapped_column(Text, primary_key=True)
    permission: Mapped[str] = mapped_column(Text, ForeignKey("permissions.name", ondelete="CASCADE"), primary_key=True)


class AuditEntry(Base):
    """One administrative act; it outlives the people it tells of, and is never altered."""

    __tablename__ = "audit"

    id: Mapped[GivenId]
    at: Mapped[NowByDefault]
    action: Mapped[Words]
    actor_id: Mapped[PlainId | None]
    subject_id: Mapped[PlainId | None]
    address: Mapped[Words | None]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))

    __table_args__ = (
        Index("ix_audit_subject_id", "subject_id", "id"),
        Index("ix_audit_actor_id", "actor_id", "id"),
        Index("ix_audit_action", "action", "id"),
    )

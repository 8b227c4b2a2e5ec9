"""Statements that read the audit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.models import AuditEntry
from app.core.database import AnyRow
from app.users.models import User

_ENTRY = (
    AuditEntry.id,
    AuditEntry.at,
    AuditEntry.action,
    AuditEntry.actor_id,
    AuditEntry.subject_id,
    AuditEntry.address,
    AuditEntry.details,
)
_ACTOR = User.__table__.alias("actor")
_SUBJECT = User.__table__.alias("subject")


@dataclass(frozen=True)
class AuditFilter:
    """Which entries are wanted; what is None lets every one through, and `until` is the first instant left out."""

    action: str | None = None
    actor_id: UUID | None = None
    subject_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


async def entries(connection: AsyncConnection, wanted: AuditFilter, after: UUID | None, limit: int) -> Sequence[AnyRow]:
    """The newest first, with the names of those who still exist."""
    people = (
        _ACTOR.c.email.label("actor_email"),
        _ACTOR.c.full_name.label("actor_name"),
        _SUBJECT.c.email.label("subject_email"),
        _SUBJECT.c.full_name.label("subject_name"),
    )
    statement = (
        select(*_ENTRY, *people)
        .outerjoin(_ACTOR, _ACTOR.c.id == AuditEntry.actor_id)
        .outerjoin(_SUBJECT, _SUBJECT.c.id == AuditEntry.subject_id)
    )
    conditions = (
        (wanted.action, lambda value: AuditEntry.action == value),
        (wanted.actor_id, lambda value: AuditEntry.actor_id == value),
        (wanted.subject_id, lambda value: AuditEntry.subject_id == value),
        (wanted.since, lambda value: AuditEntry.at >= value),
        (wanted.until, lambda value: AuditEntry.at < value),
        (after, lambda value: AuditEntry.id < value),
    )
    statement = statement.where(*(condition(value) for value, condition in conditions if value is not None))
    return (await connection.execute(statement.order_by(AuditEntry.id.desc()).limit(limit))).all()

"""Statements that read the audit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
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
    conditions: list[ColumnElement[bool]] = []
    for column, value in (
        (AuditEntry.action, wanted.action),
        (AuditEntry.actor_id, wanted.actor_id),
        (AuditEntry.subject_id, wanted.subject_id),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.since is not None:
        conditions.append(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(AuditEntry.at < wanted.until)
    if after is not None:
        conditions.append(AuditEntry.id < after)
    statement = statement.where(*conditions)
    return (await connection.execute(statement.order_by(AuditEntry.id.desc()).limit(limit))).all()

"""Writing the audit: who did what to whom, in the transaction of the deed."""

from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.models import AuditEntry


async def tell(
    connection: AsyncConnection,
    action: str,
    *,
    actor_id: UUID | None,
    subject_id: UUID | None = None,
    address: str | None = None,
    **details: Any,
) -> None:
    """Add an entry. `details` hold ids, names and states; never a secret, an amount or anything of a book."""
    values = {
        "action": action,
        "actor_id": actor_id,
        "subject_id": subject_id,
        "address": address,
        "details": details,
    }
    # Inline: it asks for nothing back, for who may add an entry need not be one who may read it.
    await connection.execute(insert(AuditEntry).values(values).inline())

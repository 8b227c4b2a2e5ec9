"""Taking a person out of the server."""

from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from app.attachments.storage import Store
from app.core.errors import NotFoundError
from app.users.models import User


async def delete_person(connection: AsyncConnection, store: Store, user_id: UUID, *, actor_id: UUID) -> None:  # noqa: ARG001  # of books
    """Delete the person with their sessions, tokens and memberships; books that they alone had are left to nobody."""
    gone = await connection.execute(delete(User).where(User.id == user_id))
    if gone.rowcount == 0:
        raise NotFoundError("There is no such user.")

"""Taking a person out of the server."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from app.attachments.storage import Store
from app.core.database import Database
from app.core.errors import NotFoundError
from app.users.models import User


@dataclass(frozen=True)
class Cleaning:
    """What is left to do in the store of attachments when the deletion is committed."""

    store: Store

    async def run(self, database: Database) -> None:
        """Nothing yet: books stay, and their files with them."""


async def delete_person(connection: AsyncConnection, store: Store, user_id: UUID, *, actor_id: UUID) -> Cleaning:  # noqa: ARG001  # who did it
    """Delete the person with their sessions, tokens and memberships; books that they alone had are left to nobody."""
    gone = await connection.execute(delete(User).where(User.id == user_id))
    if gone.rowcount == 0:
        raise NotFoundError("There is no such user.")
    return Cleaning(store)

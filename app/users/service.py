"""What a person may know and change about themselves."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.repository import act_as
from app.core.clock import now
from app.core.database import AnyRow, constraint_means
from app.core.errors import ConflictError, NotFoundError
from app.users import repository
from app.users.schemas import UserPatch


class EmailTakenError(ConflictError):
    code = "email_taken"
    title = "This address is registered"


constraint_means(
    "uq_users_email", lambda: EmailTakenError("This e-mail address is registered; log in, or use another one.")
)


async def add(
    connection: AsyncConnection,
    *,
    user_id: UUID,
    email: str,
    full_name: str | None,
    time_zone: str,
    may_be_admin: bool = True,
) -> str:
    """Add a person, the first one as admin if they may; returns their role. The transaction acts as them from then on.

    Raises `EmailTakenError` when the address belongs to somebody.
    """
    role = "admin" if may_be_admin and await repository.is_first(connection) else "user"
    await act_as(connection, user_id)
    await repository.add(connection, user_id=user_id, email=email, full_name=full_name, time_zone=time_zone, role=role)
    return role


async def get(connection: AsyncConnection, user_id: UUID) -> AnyRow:
    row = await repository.get(connection, user_id)
    if row is None:
        raise NotFoundError("This user does not exist any more.")
    return row


async def set_default_book(connection: AsyncConnection, user_id: UUID, book_id: UUID) -> None:
    await repository.change(connection, user_id, {"default_book_id": book_id})


async def mark_email_verified(connection: AsyncConnection, user_id: UUID) -> None:
    """Somebody trusted, or a mail that arrived, says that the address is theirs."""
    await repository.change(connection, user_id, {"email_verified_at": now()})


async def patch(connection: AsyncConnection, user_id: UUID, body: UserPatch) -> AnyRow:
    """Change what the body names."""
    values = body.model_dump(exclude_unset=True)
    if values:
        await repository.change(connection, user_id, values)
    return await get(connection, user_id)

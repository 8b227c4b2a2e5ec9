"""What a person may know and change about themselves."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.repository import act_as
from app.core.clock import now
from app.core.database import AnyRow, constraint_means
from app.core.errors import ConflictError, NotFoundError
from app.notifications import planning as notifications
from app.users import repository
from app.users.schemas import UserPatch


class EmailTakenError(ConflictError):
    code = "email_taken"
    title = "This address is registered"


def _taken() -> EmailTakenError:
    return EmailTakenError("This e-mail address is registered; log in, or use another one.")


constraint_means("uq_users_email", _taken)


async def add(
    connection: AsyncConnection,
    *,
    user_id: UUID,
    email: str,
    full_name: str | None,
    time_zone: str,
    may_be_admin: bool = True,
    verified: bool = False,
) -> str:
    """Add a person, the first one as admin if they may; returns their role. The transaction acts as them from then on.

    Raises `EmailTakenError` when the address belongs to somebody.
    """
    if await repository.hold_address(connection, email) is not None:
        raise _taken()
    role = "admin" if may_be_admin and await repository.is_first(connection) else "user"
    await act_as(connection, user_id)
    await repository.add(
        connection,
        user_id=user_id,
        email=email,
        full_name=full_name,
        time_zone=time_zone,
        role=role,
        verified=verified,
    )
    return role


@dataclass(frozen=True)
class Owner:
    """Whose an address is, and how they write it."""

    user_id: UUID
    email: str


async def hold_address(connection: AsyncConnection, email: str) -> Owner | None:
    """The owner of an address, None where it is free; it stays so until this transaction ends.

    Who makes or changes an address asks this first, so two who want the same come one after the other.
    """
    row = await repository.hold_address(connection, email)
    return Owner(row.user_id, row.email) if row is not None else None


async def hold(connection: AsyncConnection, user_id: UUID) -> None:
    """Have what is done to this person in two transactions happen one after the other."""
    await repository.hold(connection, user_id)


async def verify(connection: AsyncConnection, user_id: UUID, email: str) -> bool:
    """Note that mail reached the person at this address; False when it is not theirs any more."""
    return await repository.verify(connection, user_id, email)


async def change_email(connection: AsyncConnection, user_id: UUID, email: str) -> None:
    """Another address, where mail has reached the person; raises `EmailTakenError` when it is somebody else's."""
    owner = await hold_address(connection, email)
    if owner is not None and owner.user_id != user_id:
        raise _taken()
    await repository.change(connection, user_id, {"email": email, "email_verified_at": now()})


async def get(connection: AsyncConnection, user_id: UUID) -> AnyRow:
    row = await repository.get(connection, user_id)
    if row is None:
        raise NotFoundError("This user does not exist any more.")
    return row


async def set_default_book(connection: AsyncConnection, user_id: UUID, book_id: UUID) -> None:
    await repository.change(connection, user_id, {"default_book_id": book_id})


async def patch(connection: AsyncConnection, user_id: UUID, body: UserPatch) -> AnyRow:
    """Change what the body names."""
    values = body.model_dump(exclude_unset=True)
    if values:
        await repository.change(connection, user_id, values)
    if "time_zone" in values:
        await notifications.replan(connection, user_id)
    return await get(connection, user_id)

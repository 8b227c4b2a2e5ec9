"""Making admins from outside: for who holds the database itself."""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.audit import tell
from app.auth.door import Door
from app.auth.password_policy import refuse_weak
from app.auth.registration import add_person
from app.auth.repository import user_for_login
from app.auth.schemas import Register
from app.users.models import User


async def promote(connection: AsyncConnection, email: str) -> bool:
    """Make the person with this address an admin; False when there is none. The connection is the owner's."""
    found = await user_for_login(connection, email)
    if found is None:
        return False
    await connection.execute(update(User).where(User.id == found.user_id).values(role="admin"))
    await tell(connection, "user_role_changed", actor_id=None, subject_id=found.user_id, after="admin", by="command")
    return True


async def add_admin(door: Door, body: Register) -> None:
    """A new admin, whose address counts as confirmed; the connection is the owner's.

    Raises `WeakPasswordError`, and `EmailTakenError` where somebody has registered the address meanwhile.
    """
    await refuse_weak(door.passwords, "password", body.password, (body.email, body.full_name))
    user = await add_person(door, body, verified=True)
    await door.connection.execute(update(User).where(User.id == user.id).values(role="admin"))
    await tell(door.connection, "user_role_changed", actor_id=None, subject_id=user.id, after="admin", by="command")

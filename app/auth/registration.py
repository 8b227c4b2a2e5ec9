"""Making new people known."""

from app.access.context import Actor
from app.auth import repository
from app.auth.door import Door
from app.auth.schemas import Register
from app.core.database import AnyRow
from app.core.errors import ForbiddenError
from app.core.identity_settings import Registration
from app.core.ids import new_id
from app.onboarding.service import start_book
from app.users import service as users

BOOK_NAME = "Personal"


class RegistrationClosedError(ForbiddenError):
    code = "registration_closed"
    title = "Registration is closed"


async def register(door: Door, body: Register) -> AnyRow:
    """A new person with a personal book and its default categories; the first one of a server is its admin.

    Raises `EmailTakenError`, and `RegistrationClosedError` where the settings let nobody in.
    """
    if door.settings.registration is not Registration.OPEN:
        raise RegistrationClosedError("This server takes no registrations; ask the person who runs it.")
    return await add_person(door, body)


async def add_person(door: Door, body: Register, *, may_be_admin: bool = True) -> AnyRow:
    """The person, their password and their book, whatever the settings say about registration."""
    user_id = new_id()
    password_hash = await door.passwords.hash(body.password)
    role = await users.add(
        door.connection,
        user_id=user_id,
        email=body.email,
        full_name=body.full_name,
        time_zone=body.time_zone,
        may_be_admin=may_be_admin,
    )
    await repository.set_password(door.connection, user_id, password_hash)
    book = await start_book(Actor(user_id, role, body.time_zone, door.connection), BOOK_NAME, body.base_currency)
    await users.set_default_book(door.connection, user_id, book.book_id)
    return await users.get(door.connection, user_id)

"""Making new people known, and telling nobody who is known already."""

from typing import Any

from app.access.context import Actor
from app.auth import mails, repository
from app.auth.door import Door
from app.auth.invitations import registration_allowed
from app.auth.mailed_tokens import Purpose, renew
from app.auth.password_policy import refuse_weak
from app.auth.schemas import Register
from app.core.database import AnyRow
from app.core.ids import new_id
from app.households.invitations import accept_token, spend
from app.mail.outbox import post
from app.onboarding.service import start_book
from app.users import service as users

BOOK_NAME = "Personal"


async def register(door: Door, body: Register, *, tell_owner: bool = True) -> dict[str, Any]:
    """A new person with a personal book and its default categories; the first one of a server is its admin.

    Whose invitation is one to a book is its member then; it is spent, as any invitation is, for a known address too.

    Where the address is known, somebody invented is made with the same work and taken back, and the answer is theirs:
    only the mail differs, and the owner of the address gets it, unless `tell_owner` spares them. Raises
    `RegistrationClosedError`, `InvitationRequiredError` and `WeakPasswordError`, none of which depends on who is known.
    """
    connection = door.connection
    permit = await registration_allowed(door, body.invitation, body.email)
    await refuse_weak(door.passwords, "password", body.password, (body.email, body.full_name))
    # Two who register the same address at once come one after the other, whether it is known or not.
    owner = await users.hold_address(connection, body.email)
    email = body.email if owner is None else f"{new_id().hex}@example.invalid"
    savepoint = await connection.begin_nested()
    user = await add_person(door, body.model_copy(update={"email": email}), verified=permit.verified)
    if permit.to_book and body.invitation is not None:
        await accept_token(Actor(user.id, user.role, user.time_zone, connection), body.invitation)
    if permit.verified:
        words = mails.welcome(door.settings)
    else:
        words = mails.confirm_address(door.settings, await renew(connection, Purpose.VERIFY_EMAIL, user.id, email))
    if owner is None:
        await savepoint.commit()
        await post(connection, email, words.subject, words.body)
    else:
        await savepoint.rollback()
        if permit.to_book and body.invitation is not None:
            await spend(connection, body.invitation)
        words = mails.registered_already(door.settings)
        if tell_owner:
            await post(connection, owner.email, words.subject, words.body)
    return {**user._asdict(), "email": body.email}


async def add_person(door: Door, body: Register, *, may_be_admin: bool = True, verified: bool = False) -> AnyRow:
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
        verified=verified,
    )
    await repository.set_password(door.connection, user_id, password_hash)
    book = await start_book(Actor(user_id, role, body.time_zone, door.connection), BOOK_NAME, body.base_currency)
    await users.set_default_book(door.connection, user_id, book.book_id)
    return await users.get(door.connection, user_id)

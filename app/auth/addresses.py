"""Confirming an e-mail address, and changing it.

That the mail came back shows who reads it, not whose account it is about: somebody else may have registered the
address, or asked for it, and wait for its owner to say yes. So whoever confirms shows that the account is theirs too.
"""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.audit import tell
from app.access.context import Actor
from app.access.repository import act_as
from app.auth import guesses, mails
from app.auth.confirmation import WrongProofError
from app.auth.door import Door
from app.auth.factor_repository import password_hash
from app.auth.mailed_tokens import Mailed, Purpose, find, redeem, renew, token_not_valid, withdraw
from app.core.config import Settings
from app.core.errors import DomainError
from app.mail.outbox import post
from app.users import service as users

PURPOSES = (Purpose.VERIFY_EMAIL, Purpose.CHANGE_EMAIL)


async def confirm(door: Door, token: str, password: str) -> DomainError | None:
    """Confirm the address that a token was mailed to; where it was for a change, it is the person's from now on.

    A wrong password is a value, because the guess is counted; the token stays good. Raises `TokenNotValidError`,
    `TooManyTriesError`, and `EmailTakenError` where somebody else has registered the address meanwhile.
    """
    mailed = await find(door.connection, token, *PURPOSES)
    if mailed is None:
        raise token_not_valid()
    await act_as(door.connection, mailed.user_id)
    held = await guesses.hold(door.connection, mailed.user_id, "password")
    held.check()
    if not await door.passwords.verify(password, await password_hash(door.connection, mailed.user_id)):
        await held.was_wrong()
        return WrongProofError("This is not the password of the account that the mail is about.")
    await held.was_right()
    await _confirm(door.connection, door.settings, token, mailed)
    return None


async def confirm_own(actor: Actor, settings: Settings, token: str) -> None:
    """The same for somebody who is logged in, whose session says whose account it is; another's token is worthless.

    Raises as `confirm` does.
    """
    mailed = await find(actor.connection, token, *PURPOSES)
    if mailed is None or mailed.user_id != actor.user_id:
        raise token_not_valid()
    await _confirm(actor.connection, settings, token, mailed)


async def _confirm(connection: AsyncConnection, settings: Settings, token: str, mailed: Mailed) -> None:
    if await redeem(connection, mailed.purpose, token) is None:
        raise token_not_valid()
    if mailed.purpose is Purpose.CHANGE_EMAIL:
        await _change(connection, settings, mailed.user_id, mailed.email)
        return
    if not await users.verify(connection, mailed.user_id, mailed.email):
        raise token_not_valid()
    await tell(connection, "email_verified", actor_id=mailed.user_id, subject_id=mailed.user_id)


async def _change(connection: AsyncConnection, settings: Settings, user_id: UUID, email: str) -> None:
    former = (await users.get(connection, user_id)).email
    await users.change_email(connection, user_id, email)
    # What was mailed to the former address opens nothing any more.
    await withdraw(connection, user_id, Purpose.VERIFY_EMAIL, Purpose.RESET_PASSWORD)
    await tell(connection, "email_changed", actor_id=user_id, subject_id=user_id)
    words = mails.address_changed(settings)
    await post(connection, former, words.subject, words.body)


async def ask_for_change(actor: Actor, settings: Settings, email: str) -> None:
    """Mail a token to the address that the person wants; one that is somebody else's is not told from a free one.

    Its owner hears that it was wanted, and the token that nobody gets is as good as none. Mail to the present address
    says what was asked for while it can still be stopped.
    """
    owner = await users.hold_address(actor.connection, email)
    token = await renew(actor.connection, Purpose.CHANGE_EMAIL, actor.user_id, email)
    await tell(actor.connection, "email_change_requested", actor_id=actor.user_id, subject_id=actor.user_id)
    warning = mails.address_change_requested(settings)
    await post(
        actor.connection, (await users.get(actor.connection, actor.user_id)).email, warning.subject, warning.body
    )
    if owner is None or owner.user_id == actor.user_id:
        recipient, words = email, mails.confirm_new_address(settings, token)
    else:
        recipient, words = owner.email, mails.address_wanted(settings)
    await post(actor.connection, recipient, words.subject, words.body)

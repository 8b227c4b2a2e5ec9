"""Confirming an e-mail address, and changing it."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.audit import tell
from app.access.context import Actor
from app.auth import mails
from app.auth.mailed_tokens import Purpose, redeem, renew, token_not_valid, withdraw
from app.core.config import Settings
from app.mail.outbox import post
from app.users import service as users


async def confirm(connection: AsyncConnection, settings: Settings, token: str) -> None:
    """Confirm the address that a token was mailed to; where it was for a change, it is the person's from now on.

    Raises `TokenNotValidError`, and `EmailTakenError` where somebody else has registered it meanwhile.
    """
    present = await redeem(connection, Purpose.VERIFY_EMAIL, token)
    if present is not None:
        user_id, email = present
        if not await users.verify(connection, user_id, email):
            raise token_not_valid()
        await tell(connection, "email_verified", actor_id=user_id, subject_id=user_id)
        return
    wanted = await redeem(connection, Purpose.CHANGE_EMAIL, token)
    if wanted is None:
        raise token_not_valid()
    await _change(connection, settings, *wanted)


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

    Its owner hears that it was wanted, and the token that nobody gets is as good as none.
    """
    owner = await users.hold_address(actor.connection, email)
    token = await renew(actor.connection, Purpose.CHANGE_EMAIL, actor.user_id, email)
    await tell(actor.connection, "email_change_requested", actor_id=actor.user_id, subject_id=actor.user_id)
    if owner is None or owner.user_id == actor.user_id:
        recipient, words = email, mails.confirm_new_address(settings, token)
    else:
        recipient, words = owner.email, mails.address_wanted(settings)
    await post(actor.connection, recipient, words.subject, words.body)

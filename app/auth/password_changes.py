"""Another password: by who knows the present one, or by who gets the mail."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.audit import tell
from app.access.context import Actor
from app.access.permissions import confirmed
from app.auth import mails, repository
from app.auth.door import Door
from app.auth.factor_repository import remove_every_factor
from app.auth.mailed_tokens import Purpose, redeem, token_not_valid, withdraw
from app.auth.oidc.identities import forget_all as forget_identities
from app.auth.password_policy import refuse_weak
from app.core.database import AnyRow
from app.core.errors import ForbiddenError, InvalidError, invalid
from app.mail.outbox import post
from app.users import service as users


class WrongPasswordError(ForbiddenError):
    code = "wrong_password"
    title = "Wrong password"


async def change(door: Door, actor: Actor, current: str | None, new: str, *, revoke_tokens: bool = False) -> None:
    """Set a password and end the person's other sessions; personal tokens end only with `revoke_tokens`.

    Who has no password yet proves who they are by a fresh confirmation. Raises `WrongPasswordError`,
    `ConfirmationRequiredError` and `WeakPasswordError`.
    """
    user = await users.get(door.connection, actor.user_id)
    await refuse_weak(door.passwords, "new_password", new, (user.email, user.full_name))
    held = await repository.hold_password(door.connection, actor.user_id)
    if held is None:
        confirmed(actor)
    elif current is None:
        raise _current_missing()
    elif not await door.passwords.verify(current, held):
        raise WrongPasswordError("This is not your present password; nothing was changed.")
    await _set(door, user, new)
    await repository.revoke_sessions(door.connection, user.id, "password_changed", keep=actor.session_id)
    if revoke_tokens:
        await repository.revoke_personal_tokens(door.connection, user.id)
    await tell(door.connection, "password_changed", actor_id=user.id, subject_id=user.id, tokens_revoked=revoke_tokens)


def _current_missing() -> InvalidError:
    return invalid("current_password", "missing", "say your present password too")


async def reset(door: Door, token: str, new: str) -> None:
    """Set the password of the person whom a token was mailed to, end all of their sessions, and log nobody in.

    Their personal access tokens are revoked: who needs a reset may have lost the account to somebody. The mail has
    reached them, so their address is confirmed as well; if it was not before, what else let somebody in goes: linked
    identities and second factors. Raises `TokenNotValidError` and `WeakPasswordError`; the token stays good after the
    latter.
    """
    redeemed = await redeem(door.connection, Purpose.RESET_PASSWORD, token)
    if redeemed is None:
        raise token_not_valid()
    user_id, email = redeemed
    user = await users.get(door.connection, user_id)
    await refuse_weak(door.passwords, "new_password", new, (user.email, user.full_name))
    await repository.hold_password(door.connection, user_id)
    await _set(door, user, new)
    if user.email_verified_at is None:
        await _forget_strangers(door.connection, user_id)
    await users.verify(door.connection, user_id, email)
    await withdraw(door.connection, user_id, Purpose.VERIFY_EMAIL)
    await repository.revoke_sessions(door.connection, user_id, "password_reset")
    await repository.revoke_personal_tokens(door.connection, user_id)
    await tell(door.connection, "password_reset", actor_id=user_id, subject_id=user_id)


async def _forget_strangers(connection: AsyncConnection, user_id: UUID) -> None:
    """Take away what lets in beside the password: until the address was proved, the account may have been anybody's.

    Whoever registers somebody else's address and waits would otherwise keep a way in behind the owner's back.
    """
    await forget_identities(connection, user_id)
    await remove_every_factor(connection, user_id)


async def _set(door: Door, user: AnyRow, new: str) -> None:
    """The new hash; what somebody else may have asked for under the old password comes to nothing."""
    await repository.set_password(door.connection, user.id, await door.passwords.hash(new))
    await withdraw(door.connection, user.id, Purpose.RESET_PASSWORD, Purpose.CHANGE_EMAIL)
    words = mails.password_changed(door.settings)
    await post(door.connection, user.email, words.subject, words.body)

"""The identities of somebody who is signed in."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.audit import tell
from app.access.context import Actor
from app.auth.factor_repository import count_passkeys
from app.auth.oidc import repository
from app.auth.oidc.errors import LastWayInError
from app.core.config import Settings
from app.core.database import AnyRow
from app.core.errors import NotFoundError
from app.mail.outbox import post
from app.users import service as users


async def of_person(actor: Actor) -> Sequence[AnyRow]:
    return await repository.of_person(actor.connection, actor.user_id)


async def unlink(actor: Actor, settings: Settings, identity_id: UUID, address: str | None) -> None:
    """Take an identity away and tell the person by mail; their sessions stay.

    Raises `NotFoundError`, and `LastWayInError` where they could not log in any more.
    """
    await repository.hold_person(actor.connection, actor.user_id)
    issuer = await repository.delete_one(actor.connection, actor.user_id, identity_id)
    if issuer is None:
        raise NotFoundError("You have no identity with this id.")
    if not await has_way_in(actor.connection, actor.user_id, settings):
        raise LastWayInError("You have no password and no passkey: this identity is your way in; set a password first.")
    await tell(
        actor.connection,
        "identity_unlinked",
        actor_id=actor.user_id,
        subject_id=actor.user_id,
        address=address,
        issuer=issuer,
    )
    body = (
        f"Your account is no longer linked to {issuer}; who logs in there is not let in here any more.\n\n"
        "If that was not you, log in and change your password."
    )
    recipient = (await users.get(actor.connection, actor.user_id)).email
    await post(actor.connection, recipient, "Single sign-on was unlinked from your account", body)


async def has_way_in(connection: AsyncConnection, user_id: UUID, settings: Settings) -> bool:
    """Whether somebody can log in: by a password, a passkey, or an identity at the provider of the settings."""
    if await repository.has_password(connection, user_id) or await count_passkeys(connection, user_id):
        return True
    return settings.oidc_issuer is not None and await repository.has_identity(connection, user_id, settings.oidc_issuer)


async def forget_all(connection: AsyncConnection, user_id: UUID) -> int:
    """Unlink everything, as whom the transaction acts; returns how many.

    For the moment in which an address is proved that was not: who was in the account before may be somebody else.
    """
    return await repository.delete_all(connection, user_id)

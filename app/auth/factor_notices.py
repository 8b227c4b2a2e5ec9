"""Telling people by mail, and the audit, of every change to what guards their account."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit
from app.mail import outbox

_BODY = """Hello,

{what} It concerns your account at {url}.

If this was not you, somebody else may be using your account: log in, end all other sessions, change your password and
look through your second factors.
"""


async def tell(
    connection: AsyncConnection,
    url: str,
    *,
    user_id: UUID,
    email: str,
    action: str,
    what: str,
    address: str | None,
    actor_id: UUID | None,
    **details: str | int,
) -> None:
    """`what` is one sentence for the mail, without anything secret; `action` and `details` go to the audit."""
    await audit.tell(connection, action, actor_id=actor_id, subject_id=user_id, address=address, **details)
    await outbox.post(connection, email, "A change to how your account is secured", _BODY.format(what=what, url=url))

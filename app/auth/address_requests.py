"""Mails that anybody may ask for by an address, and that only go out where the address is known.

The request writes down the address, known or not: one row, the same work, the same answer. Whose it is is looked up
later, in the background, where nobody can watch how long it takes.
"""

from datetime import timedelta

import structlog
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.audit import tell
from app.access.repository import act_as
from app.auth import mails, repository
from app.auth.address_models import AddressRequest
from app.auth.mailed_tokens import Purpose, renew
from app.core.config import Settings
from app.core.database import Database, domain_error_of, is_disconnect
from app.core.errors import BusyError
from app.core.ids import new_id
from app.mail.outbox import post

PATIENCE = timedelta(hours=1)
"""Whom nobody has answered for so long has given up or asked again."""

_TAKE = text("SELECT * FROM take_address_request(:patience)")

log = structlog.get_logger("finance.auth")


async def ask(connection: AsyncConnection, purpose: Purpose, email: str) -> None:
    """Have a mail for this purpose sent to the address, if somebody is known by it."""
    await connection.execute(insert(AddressRequest).values(id=new_id(), purpose=purpose.value, email=email))


async def answer_all(database: Database, settings: Settings) -> int:
    """Answer what has been asked until now; returns how many requests there were. Several processes may."""
    answered = 0
    while await _answer_next(database, settings):
        answered += 1
    return answered


async def _answer_next(database: Database, settings: Settings) -> bool:
    async with database.begin() as connection:
        request = (await connection.execute(_TAKE, {"patience": PATIENCE})).one_or_none()
        if request is None:
            return False
        if not request.late:
            try:
                async with connection.begin_nested():
                    await _answer(connection, settings, Purpose(request.purpose), request.email)
            except DBAPIError as error:
                if is_disconnect(error) or isinstance(domain_error_of(error), BusyError):
                    raise
                # One that cannot be answered must not keep those behind it waiting.
                log.exception("address_request_dropped", purpose=request.purpose)
    return True


async def _answer(connection: AsyncConnection, settings: Settings, purpose: Purpose, email: str) -> None:
    found = await repository.user_for_login(connection, email)
    if found is None or (purpose is Purpose.VERIFY_EMAIL and found.email_verified_at is not None):
        return
    await act_as(connection, found.user_id)
    token = await renew(connection, purpose, found.user_id, found.email)
    # To the address as its owner wrote it: two that are equal in small letters need not be one mailbox.
    if purpose is Purpose.RESET_PASSWORD:
        words = mails.reset_password(settings, token)
        await tell(connection, "password_reset_requested", actor_id=None, subject_id=found.user_id)
    else:
        words = mails.confirm_address(settings, token)
    await post(connection, found.email, words.subject, words.body)

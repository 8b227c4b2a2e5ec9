"""Handing over what is due: at least once each, by any number of processes, later and later after failures."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage

import structlog
from prometheus_client import Counter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow, Database
from app.mail.backends import SEND_SECONDS, Backend, MailFailedError, MailRefusedError, Send
from app.mail.messages import compose

BATCH = 20
# A taker that still works on its last mail must not meet another one on it.
LEASE = timedelta(seconds=BATCH * SEND_SECONDS * 2)
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=6)
MAX_ATTEMPTS = 8
MAX_ERROR_LENGTH = 500
FAILED_KEPT_FOR = timedelta(days=30)

SENT = Counter("finance_mails_sent_total", "Mails handed over")
FAILED = Counter("finance_mail_failures_total", "Attempts to hand a mail over that failed")
GIVEN_UP = Counter("finance_mails_given_up_total", "Mails that will not be tried again")

_TAKE = text("SELECT * FROM take_mails(:limit, :lease)")
_HANDED_OVER = text("SELECT mail_handed_over(:id)")
_FAILED = text("SELECT mail_failed(:id, :error, :pause)")
_FORGET = text("SELECT forget_failed_mails(:before)")

log = structlog.get_logger("finance.mail")


def pause_after(attempts: int) -> timedelta | None:
    """How long to wait after so many attempts: 30 s, 2 min, 8 min, ... 6 h; None when it was the last."""
    return None if attempts >= MAX_ATTEMPTS else min(FIRST_PAUSE * 4 ** (attempts - 1), LONGEST_PAUSE)


async def deliver_due(database: Database, backend: Backend, sender: Address) -> int:
    """Hand over every mail that is due now; returns how many were. Failures are kept with the mail and logged."""
    handed_over = 0
    while taken := await _take(database):
        async with backend.open() as send:
            for mail in taken:
                handed_over += await _deliver(database, send, sender, mail)
    return handed_over


async def _take(database: Database) -> Sequence[AnyRow]:
    """The oldest first: of two mails to one person the later one says what holds."""
    async with database.begin() as connection:
        taken = (await connection.execute(_TAKE, {"limit": BATCH, "lease": LEASE})).all()
    return sorted(taken, key=lambda mail: mail.id)


async def _deliver(database: Database, send: Send, sender: Address, mail: AnyRow) -> bool:
    try:
        await send(_message(sender, mail))
    except MailRefusedError as error:
        await _fail(database, mail, str(error), None)
    except MailFailedError as error:
        await _fail(database, mail, str(error), pause_after(mail.attempts))
    else:
        async with database.begin() as connection:
            await connection.execute(_HANDED_OVER, {"id": mail.id})
        SENT.inc()
        log.debug("mail_sent", mail_id=str(mail.id), attempts=mail.attempts)
        return True
    return False


def _message(sender: Address, mail: AnyRow) -> EmailMessage:
    try:
        return compose(
            mail_id=mail.id,
            sender=sender,
            recipient=mail.recipient,
            subject=mail.subject,
            body=mail.body,
            created_at=mail.created_at,
            html=mail.html,
            headers=mail.headers,
            pictures=mail.pictures,
        )
    except ValueError as error:
        raise MailRefusedError(str(error)) from error


async def _fail(database: Database, mail: AnyRow, reason: str, pause: timedelta | None) -> None:
    async with database.begin() as connection:
        error = reason.replace("\x00", "")[:MAX_ERROR_LENGTH]
        await connection.execute(_FAILED, {"id": mail.id, "error": error, "pause": pause})
    FAILED.inc()
    told = {"mail_id": str(mail.id), "attempts": mail.attempts, "error": reason}
    if pause is None:
        GIVEN_UP.inc()
        log.error("mail_given_up", **told)
    else:
        log.warning("mail_failed", **told, next_in_seconds=pause.total_seconds())


async def forget_failed(connection: AsyncConnection, present: datetime) -> int:
    """Delete what was given up long ago; returns how many."""
    return int(await connection.scalar(_FORGET, {"before": present - FAILED_KEPT_FOR}) or 0)

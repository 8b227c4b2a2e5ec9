"""Where mail is handed over: to a mail server, into a folder, or into the log."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

import structlog
from aiosmtplib import SMTP, SMTPException, SMTPRecipientsRefused

from app.core.identity_settings import IdentitySettings, SmtpSecurity

ANSWER_SECONDS = 20.0
"""How long a mail server may take for one answer."""
SEND_SECONDS = 60.0
"""How long it may take for a mail, connecting included."""

log = structlog.get_logger("finance.mail")

Send = Callable[[EmailMessage], Awaitable[None]]


class MailRefusedError(Exception):
    """This mail will never be taken, however often it is tried."""


class MailFailedError(Exception):
    """It was not taken now; a later try may succeed."""


class Backend(Protocol):
    """Opens a way to hand messages over; what it gives raises `MailRefusedError` or `MailFailedError`."""

    def open(self) -> AbstractAsyncContextManager[Send]: ...


class SmtpBackend:
    """A mail server; the messages of one opening share a connection."""

    def __init__(self, settings: IdentitySettings) -> None:
        self._settings = settings

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Send]:
        settings = self._settings
        client = SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_user,
            password=settings.smtp_password,
            use_tls=settings.smtp_security is SmtpSecurity.TLS,
            start_tls=settings.smtp_security is SmtpSecurity.STARTTLS,
            timeout=ANSWER_SECONDS,
        )

        async def send(message: EmailMessage) -> None:
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    if not client.is_connected:  # the server may have ended it over the message before
                        await client.connect()
                    await client.send_message(message)
            except SMTPRecipientsRefused as error:
                codes = [refused.code for refused in error.recipients]
                reason = "; ".join(f"{refused.code} {refused.message}" for refused in error.recipients)
                if all(code >= 500 for code in codes):
                    raise MailRefusedError(reason) from error
                raise MailFailedError(reason) from error
            except (SMTPException, OSError) as error:
                raise MailFailedError(f"{type(error).__name__}: {error}") from error

        try:
            yield send
        finally:
            client.close()


class FolderBackend:
    """A folder that gets a file for each mail."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Send]:
        yield self._send

    async def _send(self, message: EmailMessage) -> None:
        try:
            await asyncio.to_thread(self._write, message)
        except OSError as error:
            raise MailFailedError(f"MAIL_FOLDER: {error}") from error

    def _write(self, message: EmailMessage) -> None:
        """A mail tried twice is one file, for its id is the same; nobody reads half of one."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = str(message["Message-ID"]).strip("<>").partition("@")[0]
        half = self._folder / f"{name}.part"
        half.write_bytes(message.as_bytes())
        half.replace(self._folder / f"{name}.eml")


class LogBackend:
    """The log, for a server that nobody has given a way to send mail: whoever runs it reads it there."""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Send]:
        yield self._send

    async def _send(self, message: EmailMessage) -> None:
        text = message.get_body(("plain",))
        body = text.get_content() if text is not None else ""
        log.info("mail", to=str(message["To"]), subject=str(message["Subject"]), body=body)


def make_backend(settings: IdentitySettings) -> Backend:
    """The backend that the settings name."""
    if settings.smtp_host is not None:
        return SmtpBackend(settings)
    return FolderBackend(settings.mail_folder) if settings.mail_folder is not None else LogBackend()

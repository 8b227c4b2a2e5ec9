"""The mail of one server, in the background: requests that come by address are answered, what is due is sent."""

import asyncio
from contextlib import AbstractAsyncContextManager

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.auth.address_requests import answer_all
from app.core.background import in_background
from app.core.clock import now
from app.core.config import Settings
from app.core.database import Database
from app.core.failures import StartupError
from app.mail.backends import make_backend
from app.mail.delivery import deliver_due, forget_failed
from app.mail.messages import sender_of

PAUSE_SECONDS = 1.0
"""Short for a person who waits for a mail, and not at once: when a mail leaves is no answer about the request."""
ROUNDS_BETWEEN_FORGETTING = 3600

log = structlog.get_logger("finance.mail")


class Mailroom:
    """Safe in several processes at once; raises `StartupError` for a sender that no mail could have."""

    def __init__(self, database: Database, settings: Settings) -> None:
        try:
            self._sender = sender_of(settings.smtp_from)
        except ValueError as error:
            raise StartupError(f"SMTP_FROM: {error}.") from None
        self._database = database
        self._settings = settings
        self._backend = make_backend(settings)
        self._one_round = asyncio.Lock()

    async def round(self) -> None:
        """Answer and send what there is now."""
        async with self._one_round:
            await answer_all(self._database, self._settings)
            await deliver_due(self._database, self._backend, self._sender)

    async def forget(self) -> None:
        async with self._database.begin() as connection:
            await forget_failed(connection, now())

    def open(self) -> AbstractAsyncContextManager[None]:
        """Go on, round after round, while the block runs."""
        return in_background(self._go_on())

    async def _go_on(self) -> None:
        rounds = 0
        while True:
            try:
                await self.round()
                if rounds % ROUNDS_BETWEEN_FORGETTING == 0:
                    await self.forget()
            except (OSError, SQLAlchemyError) as error:
                log.warning("mailroom_failed", error=str(error))
            rounds += 1
            await asyncio.sleep(PAUSE_SECONDS)

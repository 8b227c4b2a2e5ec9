"""Counting wrong guesses in the database, so that many at once and many servers count together."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import factor_repository as repository
from app.core.clock import now
from app.core.errors import TooManyTriesError

FREE_TRIES = 5
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
FORGOTTEN_AFTER = timedelta(days=1)

Kind = Literal["otp", "password"]


@dataclass(frozen=True)
class Guesses:
    """A person's count of one kind, held by this transaction until it ends."""

    connection: AsyncConnection
    user_id: UUID
    kind: Kind
    wrong: int
    paused_until: datetime | None

    def check(self) -> None:
        """Raises `TooManyTriesError` during a pause."""
        if self.paused_until is None or self.paused_until <= now():
            return
        seconds = max(1, ceil((self.paused_until - now()).total_seconds()))
        raise TooManyTriesError(f"Too many wrong tries; try again in {seconds} seconds.", retry_after=seconds)

    async def was_wrong(self) -> None:
        """From the fifth in a row on each is followed by a pause, twice as long as the one before up to an hour."""
        wrong, at = self.wrong + 1, now()
        doublings = min(wrong - FREE_TRIES, 20)
        pause = min(FIRST_PAUSE * 2**doublings, LONGEST_PAUSE) if doublings >= 0 else None
        paused_until = at + pause if pause is not None else None
        await repository.count_guesses(self.connection, self.user_id, self.kind, wrong, at, paused_until)

    async def was_right(self) -> None:
        if self.wrong:
            await repository.count_guesses(self.connection, self.user_id, self.kind, 0, now(), None)


async def hold(connection: AsyncConnection, user_id: UUID, kind: Kind) -> Guesses:
    """Take the count; whoever guesses at the same time waits. A day without a wrong guess forgets those before.

    The caller answers a wrong guess with a value, not an error, so that it stays counted.
    """
    row = await repository.hold_guesses(connection, user_id, kind)
    wrong = row.wrong if row.last_at > now() - FORGOTTEN_AFTER else 0
    return Guesses(connection, user_id, kind, wrong, row.paused_until)

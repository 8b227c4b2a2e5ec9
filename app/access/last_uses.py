"""When each session and personal token was last used: kept in memory, written now and then.

A request only notes it here. The background writes what has gathered with one statement, so neither a round trip nor
a write is added to any request. What a crash loses is the last half minute.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.access import repository
from app.core.clock import now
from app.core.database import Database

PAUSE_SECONDS = 30.0
LAST_FLUSH_SECONDS = 5.0
MOST_NOTED = 10_000

log = structlog.get_logger("finance.last_uses")


@dataclass(frozen=True)
class Use:
    """When, and from where."""

    at: datetime
    address: str | None


class LastUses:
    """The last use of each session and token since the last flush; never more than `MOST_NOTED` of them."""

    def __init__(self) -> None:
        self._noted: dict[UUID, Use] = {}
        self._wake = asyncio.Event()
        self._ending = False

    def note(self, used_id: UUID, address: str | None) -> None:
        """Remember a use. When memory is full it is dropped, and what there is gets written at once."""
        if used_id not in self._noted and len(self._noted) >= MOST_NOTED:
            self._wake.set()
            return
        self._noted[used_id] = Use(now(), address)

    def of(self, used_id: UUID) -> Use | None:
        """A use that may not be in the database yet."""
        return self._noted.get(used_id)

    async def flush(self, database: Database) -> None:
        """Write what has gathered; it stays here when that fails, for the next time."""
        taken = dict(self._noted)
        if not taken:
            return
        async with database.begin() as connection:
            uses = list(taken.values())
            when, where = [use.at for use in uses], [use.address for use in uses]
            await repository.note_last_uses(connection, list(taken), when, where)
        self._forget(taken)

    def _forget(self, written: Mapping[UUID, Use]) -> None:
        """Only now, so that a list read meanwhile lacks none; what was used again since is kept."""
        for used_id, use in written.items():
            if self._noted.get(used_id) is use:
                del self._noted[used_id]

    @asynccontextmanager
    async def flushing(self, database: Database) -> AsyncIterator[None]:
        """Write in the background while the block runs, and what is left when it ends."""
        self._ending = False
        task = asyncio.create_task(self._keep(database))
        try:
            yield
        finally:
            self._ending = True
            self._wake.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(task, LAST_FLUSH_SECONDS)

    async def _keep(self, database: Database) -> None:
        ending = False
        while not ending:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), PAUSE_SECONDS)
            self._wake.clear()
            ending = self._ending
            try:
                await self.flush(database)
            except (OSError, SQLAlchemyError) as error:
                log.warning("last_uses_not_written", error=str(error))

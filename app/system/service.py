"""Whether the server can do its work: the database answers, its schema is ours, the disk has room."""

import asyncio
import shutil
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.core.config import Settings
from app.core.database import Database
from app.core.migrations import newest_revision, present_revision
from app.core.version import VERSION

Check = dict[str, Any]

FRESH_SECONDS = 1.0
"""How long a finding is good for everybody who asks."""

log = structlog.get_logger("finance.health")


class HealthCheck:
    """Looks once a second at most, however many ask: those who come meanwhile wait for the same finding."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._found: tuple[bool, dict[str, Any]] | None = None
        self._looked_at = 0.0

    async def result(self, database: Database, settings: Settings) -> tuple[bool, dict[str, Any]]:
        """What `health` found, no more than `FRESH_SECONDS` ago."""
        async with self._turn:
            if self._found is None or monotonic() - self._looked_at >= FRESH_SECONDS:
                self._found = await health(database, settings)
                self._looked_at = monotonic()
            return self._found


async def health(database: Database, settings: Settings) -> tuple[bool, dict[str, Any]]:
    """Whether all is well, and each check with its finding; a broken check never raises."""
    checks = {**await _database(database), "disk": _disk(settings)}
    healthy = all(check["ok"] for check in checks.values())
    return healthy, {"status": "ok" if healthy else "broken", "version": VERSION, "checks": checks}


async def _database(database: Database) -> dict[str, Check]:
    started = perf_counter()
    try:
        async with database.begin() as connection:
            present = await present_revision(connection)
    except (OSError, SQLAlchemyError) as error:
        # The reason may name hosts and users: it is for the log, not for whoever asks.
        log.warning("database_check_failed", error=str(getattr(error, "orig", None) or error))
        broken = {"ok": False, "detail": "the database does not answer"}
        return {"database": broken, "migrations": {"ok": False, "detail": "not known"}}
    took = round((perf_counter() - started) * 1000, 2)
    newest = newest_revision()
    migrations = {"ok": present == newest, "present": present, "newest": newest}
    return {"database": {"ok": True, "milliseconds": took}, "migrations": migrations}


def _disk(settings: Settings) -> Check:
    """Of the disk that holds the data folder, or its closest parent that exists."""
    folder: Path = settings.data_dir
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    return {
        "ok": free >= settings.min_free_disk_bytes,
        "free_bytes": free,
        "needed_bytes": settings.min_free_disk_bytes,
    }

"""Proof that the books are right: everything kept is computed again from the postings and compared."""

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.context import BookReader
from app.access.private import seeing_all
from app.core.clock import now
from app.core.database import Database, without_nested_loops
from app.core.errors import ForbiddenError
from app.integrity import repository
from app.portfolio import checking

Report = dict[str, Any]

_PLACES = {"revision", "position"}
"""That there is a revision is no secret."""


async def check(book: BookReader) -> Report:
    """Run every check on the open book; `ok` when none finds an offender. Owners only."""
    if book.role != "owner":
        raise ForbiddenError("Only an owner may check the whole book.")
    async with seeing_all(book):
        report = await check_book(book.connection, book.book_id)
    if book.hides:
        for item in report["checks"]:
            item["offenders"] = [await _in_sight(book, row) for row in item["offenders"]]
    return report


async def _in_sight(book: BookReader, row: dict[str, str | None]) -> dict[str, str | None]:
    """An offender as far as its reader sees it: all of it, or of what is hidden the ids that are not, and places."""
    ids = {key: UUID(value) for key, value in row.items() if key.endswith("id") and value is not None}
    seen = await repository.visible(book.connection, book.book_id, list(ids.values()))
    if ids and seen == set(ids.values()):
        return row
    return {key: value for key, value in row.items() if ids.get(key) in seen or key in _PLACES}


async def check_book(connection: AsyncConnection, book_id: UUID) -> Report:
    # A book that was filled a moment ago is not in the planner's statistics: it would be taken for a small one.
    async with without_nested_loops(connection):
        checks = [await _run(connection, book_id, name) for name in repository.CHECKS]
        checks.append(await _recompute(connection, book_id))
    return {"ok": all(item["ok"] for item in checks), "checked_at": now(), "checks": checks}


async def check_every_book(database: Database) -> dict[UUID, Report]:
    """A report for each book of a database that is opened as its owner."""
    async with database.begin() as connection:
        return {book_id: await check_book(connection, book_id) for book_id in await repository.every_book(connection)}


async def _run(connection: AsyncConnection, book_id: UUID, name: str) -> Report:
    started = perf_counter()
    rows = await repository.offenders(connection, book_id, name)
    return _report(name, started, [row._mapping for row in rows])  # noqa: SLF001  # the documented way to a row's mapping


async def _recompute(connection: AsyncConnection, book_id: UUID) -> Report:
    """What is kept of trades, which no statement alone can compute."""
    started = perf_counter()
    rows = await checking.differences(connection, book_id, repository.OFFENDERS)
    return _report("positions_follow_from_trades", started, rows)


def _report(name: str, started: float, rows: Sequence[Mapping[Any, Any]]) -> Report:
    found = [{key: None if value is None else str(value) for key, value in row.items()} for row in rows]
    return {"name": name, "ok": not found, "seconds": round(perf_counter() - started, 4), "offenders": found}

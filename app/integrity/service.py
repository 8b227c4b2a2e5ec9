"""Proof that the books are right: everything kept is computed again from the postings and compared."""

from time import perf_counter
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.context import BookReader
from app.core.clock import now
from app.core.database import Database, without_nested_loops
from app.core.errors import ForbiddenError
from app.integrity import repository

Report = dict[str, Any]


async def check(book: BookReader) -> Report:
    """Run every check on the open book; `ok` when none finds an offender. Owners only."""
    if book.role != "owner":
        raise ForbiddenError("Only an owner may check the whole book.")
    return await check_book(book.connection, book.book_id)


async def check_book(connection: AsyncConnection, book_id: UUID) -> Report:
    # A book that was filled a moment ago is not in the planner's statistics: it would be taken for a small one.
    async with without_nested_loops(connection):
        checks = [await _run(connection, book_id, name) for name in repository.CHECKS]
    return {"ok": all(item["ok"] for item in checks), "checked_at": now(), "checks": checks}


async def check_every_book(database: Database) -> dict[UUID, Report]:
    """A report for each book of a database that is opened as its owner."""
    async with database.begin() as connection:
        return {book_id: await check_book(connection, book_id) for book_id in await repository.every_book(connection)}


async def _run(connection: AsyncConnection, book_id: UUID, name: str) -> Report:
    started = perf_counter()
    rows = await repository.offenders(connection, book_id, name)
    found = [{key: None if value is None else str(value) for key, value in row._mapping.items()} for row in rows]  # noqa: SLF001  # the documented way to a row's mapping
    return {"name": name, "ok": not found, "seconds": round(perf_counter() - started, 4), "offenders": found}

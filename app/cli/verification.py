"""Checking every book of a database, and saying what was found."""

from collections.abc import Iterator
from uuid import UUID

from app.core.database import Database
from app.core.failures import StartupError
from app.core.migrations import newest_revision, present_revision
from app.integrity.service import Report, check_every_book

Reports = dict[UUID, Report]


async def every_report(url: str) -> Reports:
    """The report of each book, read as the database's owner; `StartupError` where the schema is not this program's."""
    database = Database(url, pool_size=1, role=None)
    try:
        async with database.begin() as connection:
            present = await present_revision(connection)
        if present != (newest := newest_revision()):
            raise StartupError(
                f"The database has schema {present or 'none'} and this program needs {newest}: run `finance migrate`."
            )
        return await check_every_book(database)
    finally:
        await database.dispose()


def failures(reports: Reports) -> Iterator[str]:
    """A line for each failed check, and one for each of its first offenders."""
    for book_id, report in reports.items():
        for check in report["checks"]:
            if check["ok"]:
                continue
            yield f"FAILED {check['name']} in book {book_id}, for example:"
            for offender in check["offenders"]:
                yield "    " + ", ".join(f"{name} {value}" for name, value in offender.items())


def summary(reports: Reports) -> str:
    wrong = sum(not report["ok"] for report in reports.values())
    counted = "1 book" if len(reports) == 1 else f"{len(reports)} books"
    return f"{counted} checked: " + (f"{wrong} with errors." if wrong else "all is right.")

"""What saved reports name goes over to an heir."""

from app.access.context import BookReader, BookWriter, Event
from app.access.heirs import Going, Heir, Use, name_ledger, with_heir
from app.core.database import AnyRow
from app.reports import saved_repository as repository
from app.reports.saved_service import ENTITY, image


async def _rows(book: BookReader, going: Going) -> list[AnyRow]:
    rows = await repository.every(book.connection, book.book_id)
    return [row for row in rows if set(getattr(row, _column(going))) & set(going.ids)]


def _column(going: Going) -> str:
    return f"{going.kind}_ids"


async def users(book: BookReader, going: Going) -> list[Use]:
    return [Use(ENTITY.replace("_", " "), row.id, row.name) for row in await _rows(book, going)]


async def inherit(book: BookWriter, going: Going, heir: Heir) -> None:
    column = _column(going)
    for row in await _rows(book, going):
        values = {column: with_heir(getattr(row, column), going, heir), "revision": book.revision}
        await repository.change(book.connection, book.book_id, row.id, values)
        before = image(row)
        book.record(Event(ENTITY, row.id, "updated", before=before, after={**before, **values}))


name_ledger("saved_reports", users, inherit)

"""What budgets name goes over to an heir."""

from app.access.context import BookReader, BookWriter, Event
from app.access.heirs import Going, Heir, Use, name_ledger, with_heir
from app.budgets import repository
from app.budgets.amounts import BUDGET
from app.budgets.editing import NAMED, image
from app.core.database import AnyRow

COLUMNS = {kind: column for column, kind in NAMED}


async def _rows(book: BookReader, going: Going) -> list[AnyRow]:
    column = COLUMNS.get(going.kind)
    if column is None:
        return []
    rows = await repository.budgets(book.connection, book.book_id)
    return [row for row in rows if set(getattr(row, column)) & set(going.ids)]


async def users(book: BookReader, going: Going) -> list[Use]:
    return [Use("budget", row.id, row.name) for row in await _rows(book, going)]


async def inherit(book: BookWriter, going: Going, heir: Heir) -> None:
    before = await _rows(book, going)
    for row in before:
        column = COLUMNS[going.kind]
        values = {column: with_heir(getattr(row, column), going, heir), "revision": book.revision}
        await repository.change(book.connection, book.book_id, row.id, values)
    after = await repository.budgets(book.connection, book.book_id, [row.id for row in before])
    images = {row.id: image(row) for row in after}
    for row in before:
        book.record(Event(BUDGET, row.id, "updated", before=image(row), after=images[row.id]))


name_ledger("budgets", users, inherit)

"""Groups of budgets, and how the whole of one stands."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from app.access.context import BookReader, BookWriter, Event
from app.budgets import amounts, repository, service
from app.budgets.errors import BudgetGroupNotFoundError
from app.budgets.schemas import GroupIn, GroupPatch, GroupReplace
from app.core.conditional import check_revision
from app.core.database import AnyRow
from app.core.ids import new_id

GROUP = "budget_group"

Document = dict[str, Any]


async def every(book: BookReader) -> Sequence[AnyRow]:
    return await repository.groups(book.connection, book.book_id)


async def get(book: BookReader, group_id: UUID) -> Document:
    row = await repository.group(book.connection, book.book_id, group_id)
    if row is None:
        raise BudgetGroupNotFoundError(group_id)
    return dict(row._mapping)  # noqa: SLF001  # the documented way to a row's mapping


async def create(book: BookWriter, body: GroupIn) -> Document:
    group_id = body.id or new_id()
    values = {"id": group_id, "name": body.name, "sort": body.sort, "revision": book.revision}
    await repository.add_group(book.connection, {**values, "book_id": book.book_id})
    made = await get(book, group_id)
    book.record(Event(GROUP, group_id, "created", after=_image(made)))
    return made


async def change(book: BookWriter, group_id: UUID, body: GroupReplace | GroupPatch, expected: int | None) -> Document:
    before = await get(book, group_id)
    check_revision(expected, before["revision"])
    values = body.model_dump(exclude_unset=isinstance(body, GroupPatch))
    await repository.change_group(book.connection, book.book_id, group_id, {**values, "revision": book.revision})
    after = await get(book, group_id)
    book.record(Event(GROUP, group_id, "updated", before=_image(before), after=_image(after)))
    return after


async def delete(book: BookWriter, group_id: UUID, expected: int | None) -> None:
    """Its budgets stay, in no group."""
    before = await get(book, group_id)
    check_revision(expected, before["revision"])
    for row in await repository.leave_group(book.connection, book.book_id, group_id, book.revision):
        private = {"account_ids": row.account_ids}
        was, now_is = {**private, "group_id": group_id}, {**private, "group_id": None}
        book.record(Event(amounts.BUDGET, row.id, "updated", before=was, after=now_is))
    await repository.remove_group(book.connection, book.book_id, group_id)
    book.record(Event(GROUP, group_id, "deleted", before=_image(before)))


async def status(book: BookReader, group_id: UUID, at: date) -> Document:
    """Each budget of the group in its period that contains the day; the sums are the router's."""
    group = await get(book, group_id)
    return {"name": group["name"], "items": await service.statuses(book, at, group_id=group_id)}


def _image(document: Document) -> Document:
    return {key: value for key, value in document.items() if key != "updated_at"}

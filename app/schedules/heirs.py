"""What schedules name goes over to an heir."""

from typing import Any
from uuid import UUID

from app.access.context import BookReader, BookWriter, Event
from app.access.heirs import (
    Going,
    Heir,
    HeirDoesNotFitError,
    Use,
    name_ledger,
    names_by_id,
    with_heir,
    with_heir_inside,
    with_name,
)
from app.core.database import AnyRow
from app.schedules import repository
from app.schedules.service import ENTITY
from app.schedules.upcoming import schedule_image

Document = dict[str, Any]


async def _every(book: BookReader) -> dict[UUID, AnyRow]:
    return {row.id: row for row in await repository.every(book.connection, book.book_id, None, archived=True)}


async def users(book: BookReader, going: Going) -> list[Use]:
    if going.kind not in {"account", "category"}:
        return []
    return [Use(ENTITY, row.id, row.name) for row in (await _every(book)).values() if names_by_id(row.template, going)]


async def inherit(book: BookWriter, going: Going, heir: Heir) -> None:
    """Raises `HeirDoesNotFitError` for a transfer that would have one account twice."""
    every = await _every(book)
    changed = {row.id: values for row in every.values() if (values := _values(row, going, heir))}
    for schedule_id, values in changed.items():
        await repository.change(book.connection, book.book_id, schedule_id, {**values, "revision": book.revision})
    after = await _every(book) if changed else {}
    for schedule_id in changed:
        images = schedule_image(every[schedule_id]), schedule_image(after[schedule_id])
        book.record(Event(ENTITY, schedule_id, "updated", before=images[0], after=images[1]))


def _values(row: AnyRow, going: Going, heir: Heir) -> Document:
    """The columns of a schedule that names it, and nothing for one that does not."""
    template = _with_names(with_heir_inside(row.template, going, heir), going, heir)
    if template == row.template:
        return {}
    if template["type"] == "transfer" and template["account_id"] == template["to_account_id"]:
        raise HeirDoesNotFitError(
            f"The schedule '{row.name}' is a transfer between the two accounts: change or delete it first."
        )
    values: Document = {"template": template, "payee": template.get("payee")}
    if going.kind == "account":
        values["account_ids"] = sorted(with_heir(row.account_ids, going, heir))
    for column in ("account_id", "to_account_id", "category_id"):
        if column.endswith(f"{going.kind}_id") and getattr(row, column) in going.ids:
            values[column] = heir.id
    return values


def _with_names(template: Document, going: Going, heir: Heir) -> Document:
    if going.kind == "payee" and going.names_it(template.get("payee")):
        return {**template, "payee": heir.name}
    if going.kind == "tag" and any(going.names_it(tag) for tag in template.get("tags") or ()):
        return {**template, "tags": with_name(template["tags"], going, heir)}
    return template


name_ledger("schedules", users, inherit)

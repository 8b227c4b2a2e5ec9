"""Tags: adding, renaming, merging and deleting them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.access.context import BookReader, BookWriter, Event
from app.access.heirs import Going, Heir, hand_over, users_of
from app.access.private import are_names_taken
from app.core.conditional import check_revision
from app.core.errors import invalid
from app.core.ids import new_id
from app.names import moving, repository
from app.names.errors import NameTakenError, TagInUseError, TagNotFoundError
from app.names.listing import document
from app.names.schemas import TagIn

ENTITY = "tag"

Document = dict[str, Any]


async def get(book: BookReader, tag_id: UUID) -> Document:
    row = await repository.tag(book.connection, book.book_id, tag_id)
    if row is None:
        raise TagNotFoundError(tag_id)
    return document(row)


async def create(book: BookWriter, body: TagIn) -> Document:
    tag_id = body.id or new_id()
    await _check_name(book, None, body.name)
    row = {"book_id": book.book_id, "id": tag_id, "name": body.name, "revision": book.revision}
    await repository.add_tag(book.connection, row)
    book.record(Event(ENTITY, tag_id, "created", after={"name": body.name}))
    return await get(book, tag_id)


async def rename(book: BookWriter, tag_id: UUID, name: str | None, expected: int | None) -> Document:
    """Raises `NameTakenError` with the id of the tag that has the name; without a name it stays as it is."""
    before = await get(book, tag_id)
    check_revision(expected, before["revision"])
    name = before["name"] if name is None else name
    await _check_name(book, tag_id, name)
    await _touch(book, before, name)
    return await get(book, tag_id)


async def merge(book: BookWriter, tag_id: UUID, others: Sequence[UUID], expected: int | None) -> Document:
    """Make the others this one: what had one of them, or names it, has this one instead.

    Raises `TagNotFoundError`, and `PeriodLockedError` where a transaction that would change is dated in a closed
    period.
    """
    before = await get(book, tag_id)
    check_revision(expected, before["revision"])
    if tag_id in others:
        raise invalid("tag_ids", "own_id", "the tag cannot become itself: leave its own id out")
    sources = {row.id: row for row in await repository.tags(book.connection, book.book_id, others)}
    for other in others:
        if other not in sources:
            raise TagNotFoundError(other)
    await moving.tags(book, list(sources), tag_id)
    going = Going.called("tag", sources, (row.name for row in sources.values()))
    await hand_over(book, going, Heir(tag_id, before["name"]))
    for row in sources.values():
        book.record(Event(ENTITY, row.id, "deleted", before={"name": row.name, "created_at": row.created_at}))
    await repository.remove_tags(book.connection, book.book_id, list(sources))
    await _touch(book, before, before["name"])
    return await get(book, tag_id)


async def delete(book: BookWriter, tag_id: UUID, expected: int | None, *, force: bool) -> None:
    """Raises `TagInUseError` when budgets count it, or when transactions have it, unless forced: then it is taken
    from them, or `PeriodLockedError` where one of them is dated in a closed period."""
    before = await get(book, tag_id)
    check_revision(expected, before["revision"])
    used = 0 if force else await repository.tag_use(book.connection, book.book_id, tag_id)
    named = await users_of(book, Going("tag", (tag_id,)))
    if used or named:
        raise TagInUseError(used, named)
    if force:
        await moving.tags(book, [tag_id], None)
    await repository.remove_tags(book.connection, book.book_id, [tag_id])
    image = {"name": before["name"], "created_at": before["created_at"]}
    book.record(Event(ENTITY, tag_id, "deleted", before=image))


async def _check_name(book: BookWriter, tag_id: UUID | None, name: str) -> None:
    if await are_names_taken(book, tags=[name]):
        raise NameTakenError("The name is taken.")
    owner = await repository.tag_named(book.connection, book.book_id, name)
    if owner is not None and owner.id != tag_id:
        raise NameTakenError(
            f"name: the tag '{owner.name}' ({owner.id}) has this name. To make the two one, use "
            "POST /tags/{tag_id}/merge.",
            tag_id=str(owner.id),
        )


async def _touch(book: BookWriter, before: Document, name: str) -> None:
    values = {"name": name, "revision": book.revision}
    await repository.change_tag(book.connection, book.book_id, before["id"], values)
    book.record(Event(ENTITY, before["id"], "updated", before={"name": before["name"]}, after={"name": name}))

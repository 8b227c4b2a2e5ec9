"""Payees: adding, renaming, merging and deleting them, with the other names that mean them."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from app.access.context import BookReader, BookWriter, Event
from app.access.heirs import Going, Heir, hand_over
from app.access.private import are_names_taken
from app.core.conditional import check_revision
from app.core.database import AnyRow
from app.core.errors import FieldError, invalid
from app.core.ids import new_id
from app.names import moving, repository
from app.names.errors import NameTakenError, PayeeInUseError, PayeeNotFoundError
from app.names.listing import document
from app.names.schemas import PayeeIn, PayeePatch, PayeeReplace
from app.transactions import references
from app.transactions.errors import ArchivedError, ReferenceNotFoundError
from app.transactions.references import References

ENTITY = "payee"
ALIAS = "payee_alias"

Document = dict[str, Any]


async def get(book: BookReader, payee_id: UUID) -> Document:
    row = await repository.payee(book.connection, book.book_id, payee_id)
    if row is None:
        raise PayeeNotFoundError(payee_id)
    return document(row)


async def create(book: BookWriter, body: PayeeIn) -> Document:
    """Raises `NameTakenError` where a name or alias means another payee, and what is wrong about the category."""
    payee_id = body.id or new_id()
    known = await _look_up(book, [body.name, *body.aliases], body.default_category_id)
    _check_names(known, None, body.name, body.aliases)
    _check_default(known, body.default_category_id, None)
    image = {"name": body.name, "default_category_id": body.default_category_id}
    row = {"book_id": book.book_id, "id": payee_id, "revision": book.revision, **image}
    await repository.add_payee(book.connection, row)
    book.record(Event(ENTITY, payee_id, "created", after=image))
    await _add_aliases(book, payee_id, _distinct(known, body.name, body.aliases).values())
    return await get(book, payee_id)


async def replace(book: BookWriter, payee_id: UUID, body: PayeeReplace, expected: int | None) -> Document:
    return await _change(book, payee_id, body.model_dump(), expected)


async def patch(book: BookWriter, payee_id: UUID, body: PayeePatch, expected: int | None) -> Document:
    return await _change(book, payee_id, body.model_dump(exclude_unset=True), expected)


async def _change(book: BookWriter, payee_id: UUID, changes: Document, expected: int | None) -> Document:
    """What becomes of the aliases: those of the changes, or those there are, and the old name after a new one."""
    before = await get(book, payee_id)
    check_revision(expected, before["revision"])
    after = {**before, **changes}
    known = await _look_up(book, [after["name"], before["name"], *after["aliases"]], after["default_category_id"])
    _check_names(known, payee_id, after["name"], changes.get("aliases", ()))
    _check_default(known, after["default_category_id"], before["default_category_id"])
    old_name = [before["name"]] if changes.get("keep_alias", True) else []
    wanted = _distinct(known, after["name"], [*after["aliases"], *old_name])
    present = await repository.aliases(book.connection, book.book_id, [payee_id])
    await _remove_aliases(book, [row for row in present if wanted.get(row.alias_key) != row.alias])
    await _touch(book, payee_id, _image(before), _image(after))
    kept = {(row.alias_key, row.alias) for row in present}
    await _add_aliases(book, payee_id, [alias for key, alias in wanted.items() if (key, alias) not in kept])
    return await get(book, payee_id)


async def merge(book: BookWriter, payee_id: UUID, others: Sequence[UUID], expected: int | None) -> Document:
    """Make the others this one: their transactions and aliases are its own, and their names become aliases of it.

    Its own default category stays. Raises `PayeeNotFoundError`, and `PeriodLockedError` where a transaction that would
    change is dated in a closed period.
    """
    before = await get(book, payee_id)
    check_revision(expected, before["revision"])
    if payee_id in others:
        raise invalid("payee_ids", "own_id", "the payee cannot become itself: leave its own id out")
    sources = {row.id: row for row in await repository.payees(book.connection, book.book_id, others)}
    for other in others:
        if other not in sources:
            raise PayeeNotFoundError(other)
    ids = list(sources)
    await moving.payees(book, ids, payee_id)
    aliases = await repository.aliases(book.connection, book.book_id, ids)
    called = [row.name for row in sources.values()] + [row.alias for row in aliases]
    await hand_over(book, Going.called("payee", ids, called), Heir(payee_id, before["name"]))
    for row in aliases:
        was, becomes = _alias_image(row.payee_id, row.alias), _alias_image(payee_id, row.alias)
        book.record(Event(ALIAS, row.id, "updated", before=was, after=becomes))
    await repository.move_aliases(book.connection, book.book_id, ids, payee_id)
    for row in sources.values():
        image = {"name": row.name, "default_category_id": row.default_category_id, "created_at": row.created_at}
        book.record(Event(ENTITY, row.id, "deleted", before=image))
    await repository.remove_payees(book.connection, book.book_id, ids)
    await _touch(book, payee_id, _image(before), _image(before))
    await _add_aliases(book, payee_id, [row.name for row in sources.values()])
    return await get(book, payee_id)


async def delete(book: BookWriter, payee_id: UUID, reassign_to: UUID | None, expected: int | None) -> None:
    """Delete a payee with its aliases, after its transactions went to another one where one is named.

    Raises `PayeeInUseError` when it has transactions and none is, and `PeriodLockedError` like `merge`.
    """
    before = await get(book, payee_id)
    check_revision(expected, before["revision"])
    if reassign_to is None:
        used = await repository.payee_use(book.connection, book.book_id, payee_id)
        if used:
            raise PayeeInUseError(used)
    else:
        if reassign_to == payee_id:
            raise invalid("query.reassign_to", "own_id", "is the payee itself")
        heir = await get(book, reassign_to)
        await moving.payees(book, [payee_id], reassign_to)
        going = Going.called("payee", [payee_id], [before["name"], *before["aliases"]])
        await hand_over(book, going, Heir(reassign_to, heir["name"]))
    await _remove_aliases(book, await repository.aliases(book.connection, book.book_id, [payee_id]))
    await repository.remove_payees(book.connection, book.book_id, [payee_id])
    book.record(Event(ENTITY, payee_id, "deleted", before={**_image(before), "created_at": before["created_at"]}))


async def _look_up(book: BookWriter, names: Iterable[str], category_id: UUID | None) -> References:
    names = set(names)
    if await are_names_taken(book, payees=names):
        raise NameTakenError("One of the names is taken.")
    return await references.load(
        book.connection,
        book.book_id,
        accounts=(),
        categories=() if category_id is None else (category_id,),
        payees=names,
    )


def _check_names(known: References, payee_id: UUID | None, name: str, aliases: Sequence[str]) -> None:
    fields = [("name", name), *((f"aliases.{number}", alias) for number, alias in enumerate(aliases))]
    for field, text in fields:
        owner = known.payees.get(known.name_keys[text])
        if owner is not None and owner[0] != payee_id:
            raise NameTakenError(
                f"{field}: '{text}' means the payee '{owner[1]}' ({owner[0]}). To make the two one, use "
                "POST /payees/{payee_id}/merge.",
                payee_id=str(owner[0]),
            )


def _check_default(known: References, category_id: UUID | None, before: UUID | None) -> None:
    """It exists and is in use; an archived one that was the default before may stay."""
    if category_id is None:
        return
    category = known.categories.get(category_id)
    if category is None:
        detail = "there is no category with this id"
        raise ReferenceNotFoundError([FieldError("default_category_id", "category_not_found", detail)])
    if category.archived and category_id != before:
        raise ArchivedError([FieldError("default_category_id", "category_archived", "is archived")])


def _distinct(known: References, name: str, aliases: Iterable[str]) -> dict[str, str]:
    """The aliases by key: of two that are one but for their case the first, and none that is the name."""
    found: dict[str, str] = {}
    for alias in aliases:
        if known.name_keys[alias] != known.name_keys[name]:
            found.setdefault(known.name_keys[alias], alias)
    return found


async def _touch(book: BookWriter, payee_id: UUID, before: Document, after: Document) -> None:
    """Write the payee and its revision: a change of its aliases is a change of the payee."""
    await repository.change_payee(book.connection, book.book_id, payee_id, {**after, "revision": book.revision})
    book.record(Event(ENTITY, payee_id, "updated", before=before, after=after))


async def _add_aliases(book: BookWriter, payee_id: UUID, aliases: Iterable[str]) -> None:
    fresh = [(new_id(), _alias_image(payee_id, alias)) for alias in aliases]
    rows = [{"book_id": book.book_id, "id": alias_id, **image} for alias_id, image in fresh]
    await repository.add_aliases(book.connection, rows)
    for alias_id, image in fresh:
        book.record(Event(ALIAS, alias_id, "created", after=image))


async def _remove_aliases(book: BookWriter, rows: Sequence[AnyRow]) -> None:
    await repository.remove_aliases(book.connection, book.book_id, [row.id for row in rows])
    for row in rows:
        book.record(Event(ALIAS, row.id, "deleted", before=_alias_image(row.payee_id, row.alias)))


def _image(payee: Document) -> Document:
    return {"name": payee["name"], "default_category_id": payee["default_category_id"]}


def _alias_image(payee_id: UUID, alias: str) -> Document:
    return {"payee_id": payee_id, "alias": alias}

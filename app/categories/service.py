"""The category tree: adding, moving, archiving and deleting with reassignment."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.access.context import BookReader, BookWriter, Event
from app.access.heirs import Going, Heir, hand_over, users_of
from app.categories import repository
from app.categories.defaults import TREE
from app.categories.schemas import CategoryIn, CategoryPatch, CategoryReplace
from app.core.clock import now
from app.core.conditional import check_revision
from app.core.database import AnyRow, constraint_means
from app.core.errors import ConflictError, FieldError, IdTakenError, NotFoundError, invalid
from app.core.ids import new_id
from app.transactions import reassign
from app.transactions.errors import ArchivedError

ENTITY = "category"
MAX_DEPTH = 32

Document = dict[str, Any]


class CategoryNotFoundError(NotFoundError):
    code = "category_not_found"

    def __init__(self, category_id: UUID) -> None:
        super().__init__(f"There is no category {category_id}.")


class ParentNotFoundError(NotFoundError):
    code = "parent_not_found"


class NameTakenError(ConflictError):
    code = "category_name_taken"
    title = "A sibling has this name"


class CategoryInUseError(ConflictError):
    code = "category_in_use"
    title = "The category is in use"


constraint_means(
    "uq_categories_sibling_name",
    lambda: NameTakenError("Another category of this kind has this name under the same parent."),
)
constraint_means("pk_categories", lambda: IdTakenError("A category with this id exists."))


async def tree(book: BookReader) -> list[Document]:
    """The roots with all that is below them, siblings by `sort` and name."""
    documents = await every(book)
    by_id = {document["id"]: document for document in documents}
    for document in documents:
        document["children"] = []
    roots: list[Document] = []
    for document in documents:
        parent = by_id.get(document["parent_id"])
        (parent["children"] if parent else roots).append(document)
    return roots


async def every(book: BookReader) -> list[Document]:
    return [_document(row) for row in await repository.every(book.connection, book.book_id)]


async def get(book: BookReader, category_id: UUID) -> Document:
    row = await repository.get(book.connection, book.book_id, category_id)
    if row is None:
        raise CategoryNotFoundError(category_id)
    return _document(row)


async def create(book: BookWriter, body: CategoryIn) -> Document:
    """Raises `NameTakenError` for a sibling's name and `ParentNotFoundError`; the parent has the same kind."""
    if body.parent_id is not None:
        await _check_parent(book, None, body.parent_id, body.kind)
    category_id = body.id or new_id()
    values = {**body.model_dump(exclude={"id"}), "id": category_id, "revision": book.revision}
    await repository.add_many(book.connection, [{**values, "book_id": book.book_id}])
    document = await get(book, category_id)
    book.record(Event(ENTITY, category_id, "created", after=_as_event(document)))
    return document


async def add_defaults(book: BookWriter) -> None:
    """Fill a new book with the default tree."""
    roots: list[Document] = []
    leaves: list[Document] = []
    for kind, branches in TREE:
        for place, branch in enumerate(branches):
            root = _default(book, kind, None, branch.name, branch.icon, place)
            roots.append(root)
            leaves += [
                _default(book, kind, root["id"], name, None, number) for number, name in enumerate(branch.children)
            ]
    await repository.add_many(book.connection, roots + leaves)
    book.record(Event(ENTITY, book.book_id, "defaults_added", after={"count": len(roots) + len(leaves)}))


def _default(book: BookWriter, kind: str, parent_id: UUID | None, name: str, icon: str | None, sort: int) -> Document:
    return {
        "book_id": book.book_id,
        "id": new_id(),
        "parent_id": parent_id,
        "name": name,
        "kind": kind,
        "icon": icon,
        "sort": sort,
        "revision": book.revision,
    }


async def replace(book: BookWriter, category_id: UUID, body: CategoryReplace, expected: int | None) -> Document:
    return await _change(book, category_id, body.model_dump(), expected)


async def patch(book: BookWriter, category_id: UUID, body: CategoryPatch, expected: int | None) -> Document:
    return await _change(book, category_id, body.model_dump(exclude_unset=True), expected)


async def _change(book: BookWriter, category_id: UUID, changes: Document, expected: int | None) -> Document:
    before = await get(book, category_id)
    check_revision(expected, before["revision"])
    parent_id = changes.get("parent_id")
    if parent_id is not None and parent_id != before["parent_id"]:
        await _check_parent(book, category_id, parent_id, before["kind"])
    archived = changes.pop("archived", None)
    if archived is not None and archived != (before["archived_at"] is not None):
        changes["archived_at"] = now() if archived else None
    if parent_id != before["parent_id"] and "parent_id" in changes:
        book.touch_today()  # what counts by categories with all below them counts otherwise now
    await repository.change(book.connection, book.book_id, category_id, {**changes, "revision": book.revision})
    after = await get(book, category_id)
    book.record(Event(ENTITY, category_id, "updated", before=_as_event(before), after=_as_event(after)))
    return after


async def delete(book: BookWriter, category_id: UUID, reassign_to: UUID | None, expected: int | None) -> None:
    """Delete a category that nothing uses, or hand all it has to another one first.

    Payees whose default it was have the heir as their default, or none; budgets, schedules and rules name the heir.

    Raises `CategoryInUseError` with the counts and what names it when it is in use and no heir is named.
    """
    before = await get(book, category_id)
    check_revision(expected, before["revision"])
    if reassign_to is None:
        await _check_unused(book, category_id)
    moved = 0 if reassign_to is None else await _hand_over(book, before, reassign_to)
    await repository.hand_over_defaults(book, category_id, reassign_to)
    await repository.remove(book.connection, book.book_id, category_id)
    book.record(
        Event(
            ENTITY,
            category_id,
            "deleted",
            before=_as_event(before),
            after={"reassigned_to": reassign_to, "transactions": moved} if reassign_to else None,
        )
    )


async def _check_unused(book: BookReader, category_id: UUID) -> None:
    used = await repository.use(book.connection, book.book_id, category_id)
    named = await users_of(book, Going("category", (category_id,)))
    if used.children or used.transactions or named:
        raise CategoryInUseError(
            f"It has {used.transactions} transactions and {used.children} children. {named.detail}Archive it with "
            'PATCH {"archived": true}, or delete it with ?reassign_to=<category id>.',
            transactions=used.transactions,
            children=used.children,
            used_by=named.documents(),
        )


async def _hand_over(book: BookWriter, category: Document, heir_id: UUID) -> int:
    """Give the heir all that the category has; returns of how many transactions."""
    heir = await repository.get(book.connection, book.book_id, heir_id)
    if heir is None:
        raise CategoryNotFoundError(heir_id)
    if heir.archived_at is not None:
        raise ArchivedError([FieldError("query.reassign_to", "category_archived", "is archived")])
    if heir.kind != category["kind"]:
        raise invalid("query.reassign_to", "category_kind_mismatch", "the other category is of the other kind")
    rows = await repository.every(book.connection, book.book_id)
    if heir_id in _subtree(rows, category["id"]):
        raise invalid("query.reassign_to", "own_subtree", "the other category is this one or below it")
    if _depth({row.id: row for row in rows}, heir_id) + _height(rows, category["id"]) > MAX_DEPTH:
        detail = f"with the children the tree would be deeper than {MAX_DEPTH} levels"
        raise invalid("query.reassign_to", "tree_too_deep", detail)
    transactions = await reassign.category(book, category["id"], heir_id)
    moved = await repository.adopt_children(book.connection, book.book_id, book.revision, category["id"], heir_id)
    for child in moved:
        before, after = {"parent_id": category["id"]}, {"parent_id": heir_id}
        book.record(Event(ENTITY, child, "updated", before=before, after=after))
    await hand_over(book, Going("category", (category["id"],)), Heir(heir_id, heir.name))
    return transactions


async def _check_parent(book: BookWriter, category_id: UUID | None, parent_id: UUID, kind: str) -> None:
    """The parent exists, is of the same kind, is not below the category, and the tree stays of sane depth."""
    rows = await repository.every(book.connection, book.book_id)
    by_id = {row.id: row for row in rows}
    if parent_id not in by_id:
        raise ParentNotFoundError(f"There is no category {parent_id} to be the parent.")
    if by_id[parent_id].kind != kind:
        raise invalid("parent_id", "category_kind_mismatch", f"the parent is not of kind {kind}")
    if by_id[parent_id].archived_at is not None:
        raise ArchivedError([FieldError("parent_id", "category_archived", "is archived")])
    if category_id is not None and parent_id in _subtree(rows, category_id):
        raise invalid("parent_id", "category_cycle", "a category cannot move below itself")
    height = _height(rows, category_id) if category_id is not None else 0
    if _depth(by_id, parent_id) + 1 + height > MAX_DEPTH:
        raise invalid("parent_id", "tree_too_deep", f"the tree would be deeper than {MAX_DEPTH} levels")


def _depth(by_id: Mapping[UUID, Any], category_id: UUID) -> int:
    """On which level a category is; a root is on the first."""
    depth, above = 0, category_id
    while above is not None:
        depth, above = depth + 1, by_id[above].parent_id
    return depth


def _children(rows: Any) -> dict[UUID | None, list[UUID]]:
    found: dict[UUID | None, list[UUID]] = {}
    for row in rows:
        found.setdefault(row.parent_id, []).append(row.id)
    return found


def _subtree(rows: Any, root: UUID) -> set[UUID]:
    children = _children(rows)
    found, waiting = set(), [root]
    while waiting:
        current = waiting.pop()
        found.add(current)
        waiting += children.get(current, [])
    return found


def _height(rows: Any, root: UUID) -> int:
    """How many levels lie below a category."""
    children = _children(rows)
    level, height = children.get(root, []), 0
    while level:
        height += 1
        level = [child for parent in level for child in children.get(parent, [])]
    return height


def _document(row: AnyRow) -> Document:
    return dict(row._mapping)  # noqa: SLF001  # the documented way to a row's mapping


def _as_event(document: Document) -> Document:
    return {key: value for key, value in document.items() if key != "updated_at"}

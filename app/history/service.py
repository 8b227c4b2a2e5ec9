"""Who changed what and when, what changed since, and taking it back."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.access.context import BookReader, BookWriter
from app.core.database import AnyRow
from app.core.errors import NotFoundError
from app.core.pagination import PageRequest, bad_cursor, decode_cursor, encode_cursor
from app.history import repository, undo
from app.history.errors import EntityNotFoundError, NotUndoableError, SinceAheadError
from app.history.schemas import UndoRevisionIn
from app.history.states import states

Document = dict[str, Any]

LAST_ID = UUID(int=2**128 - 1)
BEHIND_ALL = "~"
"""Sorts behind the name of every entity."""


async def of_entity(book: BookReader, entity: str, entity_id: UUID, page: PageRequest) -> Document:
    """A page of a row's history, the newest change first; raises `EntityNotFoundError` where there never was one."""
    before = _position(page.cursor, f"history {entity} {entity_id}")
    rows = await repository.of_entity(
        book.connection, book.book_id, entity, entity_id, before=before, limit=page.limit + 1
    )
    if not rows and before is None:
        raise EntityNotFoundError(f"This book has no {entity} {entity_id}, and never had.")
    return _page(rows, page, f"history {entity} {entity_id}", _history_event)


async def of_book(book: BookReader, page: PageRequest) -> Document:
    """A page of everything that happened in the book, the newest first."""
    before = _position(page.cursor, "activity")
    rows = await repository.of_book(book.connection, book.book_id, before=before, limit=page.limit + 1)
    return _page(rows, page, "activity", _activity_event)


async def changes(book: BookReader, since: int, page: PageRequest) -> Document:
    """A page of rows newer than `since`, each once in its newest state, and of deletions.

    A row that changes while a client walks the pages comes again at its new revision, so a client that walks to the
    end has everything up to the last page's `revision`. Raises `SinceAheadError` where the client knows of more than
    the book does.
    """
    if since > book.revision:
        raise SinceAheadError(since, book.revision)
    behind = (since, BEHIND_ALL, LAST_ID)
    if page.cursor is not None:
        revision, entity, row_id = decode_cursor(page.cursor, f"changes {since}", 3)
        try:
            behind = (int(revision), str(entity), UUID(row_id))
        except (TypeError, ValueError, AttributeError):
            raise bad_cursor() from None
        if not since <= behind[0] < 2**62 or "\x00" in behind[1]:
            raise bad_cursor()
    rows = await repository.changes(book.connection, book.book_id, since, behind, page.limit + 1)
    shown = rows[: page.limit]
    found: dict[str, dict[UUID, Document]] = {}
    for entity in sorted({row.entity for row in shown if not row.deleted}):
        ids = [row.id for row in shown if row.entity == entity and not row.deleted]
        found[entity] = await states(book, entity, ids)
    cursor = None
    if len(rows) > page.limit:
        last = shown[-1]
        cursor = encode_cursor(f"changes {since}", [last.revision, last.entity, last.id])
    items = [
        {
            "entity": row.entity,
            "id": row.id,
            "revision": row.revision,
            "deleted": row.deleted,
            "state": None if row.deleted else found[row.entity][row.id],
        }
        for row in shown
        # What went between the two looks comes as a deletion at the end of the walk.
        if row.deleted or row.id in found[row.entity]
    ]
    return {"items": items, "next_cursor": cursor, "revision": book.revision}


async def take_back(book: BookWriter, body: UndoRevisionIn) -> Document:
    """Undo a revision, or the commit of an import; see `undo.undo`."""
    if body.revision is not None:
        return await undo.undo(book, body.revision)
    if body.import_id is None:  # the schema has one of the two
        raise NotUndoableError("Say what to undo.")
    revision = await undo.committing_revision(book, body.import_id)
    if revision is None:
        raise NotFoundError(f"This book has no committed import {body.import_id}.")
    return await undo.undo(book, revision)


def _page(rows: Sequence[AnyRow], page: PageRequest, name: str, document: Any) -> Document:
    shown = rows[: page.limit]
    more = len(rows) > page.limit
    cursor = encode_cursor(name, [shown[-1].revision, shown[-1].position]) if more else None
    return {"items": [document(row) for row in shown], "next_cursor": cursor, "total": None}


def _position(cursor: str | None, name: str) -> tuple[int, int] | None:
    if cursor is None:
        return None
    revision, position = decode_cursor(cursor, name, 2)
    if not isinstance(revision, int) or not isinstance(position, int):
        raise bad_cursor()
    if not (0 <= revision < 2**62 and 0 <= position < 2**31):
        raise bad_cursor()
    return revision, position


def _activity_event(row: AnyRow) -> Document:
    return {
        "revision": row.revision,
        "position": row.position,
        "at": row.at,
        "actor": {"id": row.actor_id, "name": row.actor_name},
        "entity": row.entity,
        "entity_id": row.entity_id,
        "action": row.action,
    }


def _history_event(row: AnyRow) -> Document:
    return {**_activity_event(row), "before": row.before, "after": row.after}

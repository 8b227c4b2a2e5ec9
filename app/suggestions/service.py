"""Learned categories: the model of a book, kept while the book hardly changes, and what it suggests."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from anyio import to_thread

from app.access.context import BookReader, BookWriter, Event
from app.core.conditional import check_revision
from app.core.errors import FieldError
from app.core.ids import new_id
from app.suggestions import repository
from app.suggestions.learning import Example, Guess, Model, learned
from app.suggestions.schemas import SettingsIn
from app.transactions.errors import ReferenceNotFoundError

ENTITY = "suggestion_settings"
MOST_MODELS = 16
STALE_REVISIONS = 20
"""After so many changes of the book, or a hundredth of what was learned from, it is learned anew."""
DEFAULT_CONFIDENCE = Decimal(90)

Document = dict[str, Any]


@dataclass(frozen=True)
class _Kept:
    model: Model
    revision: int

    def serves(self, revision: int) -> bool:
        """Whether the book has hardly changed since; an undo of its deletion may have put it behind."""
        return 0 <= revision - self.revision <= max(STALE_REVISIONS, self.model.count // 100)


_MODELS: OrderedDict[tuple[UUID, str], _Kept] = OrderedDict()


async def model_for(book: BookReader) -> Model:
    """What the member's part of the book teaches; members who see the same accounts share it."""
    key = (book.book_id, await repository.hidden(book.connection) if book.hides else "")
    kept = _MODELS.get(key)
    if kept is None or not kept.serves(book.revision):
        rows = await repository.examples(book.connection, book.book_id)
        kept = _Kept(await to_thread.run_sync(_learn, rows), book.revision)
        _MODELS[key] = kept
    _MODELS.move_to_end(key)
    while len(_MODELS) > MOST_MODELS:
        _MODELS.popitem(last=False)
    return kept.model


def _learn(rows: Sequence[Any]) -> Model:
    return learned(
        (Example(row.type, row.payee, row.description, row.amount, row.account_id), row.category_id) for row in rows
    )


async def guesses(book: BookReader, examples: Sequence[Example]) -> list[list[Guess]]:
    """For each example the likeliest categories in use; in a few statements however many there are."""
    if not examples:
        return []
    model = await model_for(book)
    kinds = await repository.kinds(book.connection, book.book_id)
    return await to_thread.run_sync(lambda: [model.guess(example, kinds) for example in examples])


async def suggest(book: BookReader, example: Example) -> Document:
    """Raises `ReferenceNotFoundError` for an account that the book does not have."""
    if example.account_id is not None and not await repository.has_account(
        book.connection, book.book_id, example.account_id
    ):
        field = FieldError("query.account_id", "account_not_found", "there is no account with this id")
        raise ReferenceNotFoundError([field])
    (found,) = await guesses(book, [example])
    model = await model_for(book)
    return {
        "category_id": found[0].category_id if found else None,
        "confidence": found[0].confidence if found else Decimal("0.00"),
        "alternatives": [{"category_id": g.category_id, "confidence": g.confidence} for g in found[1:]],
        "learned_from": model.count,
    }


async def settings(book: BookReader) -> Document:
    """What the book says; nothing is applied unasked until it does."""
    row = await repository.settings(book.connection, book.book_id)
    if row is None:
        return {"auto_categorise": False, "minimum_confidence": DEFAULT_CONFIDENCE, "revision": 0}
    return {
        "auto_categorise": row.auto_categorise,
        "minimum_confidence": row.minimum_confidence,
        "revision": row.revision,
    }


async def choose(book: BookWriter, body: SettingsIn, expected: int | None) -> Document:
    """PUT: what the book says from now on."""
    before = await repository.settings(book.connection, book.book_id)
    check_revision(expected, before.revision if before is not None else 0)
    values = {**body.model_dump(), "revision": book.revision}
    if before is None:
        await repository.add_settings(book.connection, {**values, "book_id": book.book_id, "id": new_id()})
    else:
        await repository.change_settings(book.connection, book.book_id, values)
    after = await repository.settings(book.connection, book.book_id)
    if after is not None:  # it was just written
        old = None if before is None else _image(before)
        book.record(Event(ENTITY, after.id, "updated" if old else "created", before=old, after=_image(after)))
    return await settings(book)


def _image(row: Any) -> Document:
    return {
        "auto_categorise": row.auto_categorise,
        "minimum_confidence": row.minimum_confidence,
        "created_at": row.created_at,
    }

"""Learned categories for rows that say none: shown beside them, and taken where the book says so."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Numeric, Uuid, bindparam, text

from app.access.context import BookReader
from app.core.database import AnyRow
from app.imports.documents import row_document
from app.suggestions import service as suggestions
from app.suggestions.applying import sure
from app.suggestions.learning import Example, Guess
from app.transactions import references

CHUNK = 5_000

Document = dict[str, Any]

_OPEN = text(
    """
    SELECT position, amount, payee, description, account_id FROM import_rows
    WHERE book_id = :book AND import_id = :import AND position > :after AND outcome IN ('new', 'suspect')
      AND category_id IS NULL AND (document IS NULL OR NOT document ?| ARRAY['postings', 'trade'])
    ORDER BY position LIMIT :most
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("import", type_=Uuid))
_TAKE = text(
    """
    UPDATE import_rows r
    SET category_id = w.category_id,
        document = coalesce(r.document, '{}') || jsonb_build_object('learned', w.confidence::text)
    FROM unnest(CAST(:positions AS integer[]), CAST(:categories AS uuid[]), CAST(:confidences AS numeric[]))
        AS w(position, category_id, confidence)
    WHERE r.book_id = :book AND r.import_id = :import AND r.position = w.position
    """
).bindparams(
    bindparam("book", type_=Uuid),
    bindparam("import", type_=Uuid),
    bindparam("positions", type_=ARRAY(Integer)),
    bindparam("categories", type_=ARRAY(Uuid)),
    bindparam("confidences", type_=ARRAY(Numeric)),
)


async def documents(book: BookReader, rows: Sequence[AnyRow], status: str) -> list[Document]:
    """The rows as the API writes them, those that are still to be committed with what is likely for them."""
    found = [row_document(row, committed=status == "committed") for row in rows]
    wanted = [place for place, row in enumerate(rows) if status == "previewed" and _is_open(row)]
    guesses = await suggestions.guesses(book, [_example(rows[place]) for place in wanted])
    for place, likely in zip(wanted, guesses, strict=True):
        if likely:
            found[place]["suggestion"] = _suggestion(likely[0])
    return found


def _is_open(row: AnyRow) -> bool:
    return row.outcome in {"new", "suspect"} and row.category_id is None and row.made is None and row.trade is None


def _example(row: AnyRow) -> Example:
    kind = "expense" if row.amount < 0 else "income"
    return Example(kind, row.payee, row.description, abs(row.amount), row.account_id)


def _suggestion(guess: Guess) -> Document:
    return {"category_id": guess.category_id, "confidence": guess.confidence, "applied": False}


async def take(book: BookReader, import_id: UUID) -> None:
    """Where the book says so, give rows the category that is likely enough; a payee's default goes first."""
    if not (await suggestions.settings(book))["auto_categorise"]:
        return
    names = {"book": book.book_id, "import": import_id}
    after = 0
    while True:
        rows = (await book.connection.execute(_OPEN, {**names, "after": after, "most": CHUNK})).all()
        if not rows:
            return
        after = rows[-1].position
        payees = {row.payee for row in rows if row.payee}
        known = await references.load(book.connection, book.book_id, accounts=(), payees=payees)
        rows_left = [row for row in rows if not _has_default(row, known)]
        found = await sure(book, [_example(row) for row in rows_left])
        taken = [(row.position, guess) for row, guess in zip(rows_left, found, strict=True) if guess is not None]
        parameters = {
            "positions": [position for position, _ in taken],
            "categories": [guess.category_id for _, guess in taken],
            "confidences": [guess.confidence for _, guess in taken],
        }
        await book.connection.execute(_TAKE, {**names, **parameters})


def _has_default(row: AnyRow, known: references.References) -> bool:
    payee = known.payees.get(known.name_keys[row.payee]) if row.payee else None
    default = known.defaults.get(payee[0]) if payee is not None else None
    return default is not None and not default.archived and default.kind == ("expense" if row.amount < 0 else "income")

"""Statements about what an imported plain-text ledger brings beside its transactions, and takes along when undone."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow

_WANTED = "r.book_id = :book AND r.import_id = :import AND r.outcome IN ('new', 'suspect') AND NOT r.skipped"
_NEW_TAGS = text(
    f"""
    INSERT INTO tags (book_id, id, name, revision)
    SELECT DISTINCT ON (lower(tag.name)) :book, uuidv7(), tag.name, :revision
    FROM import_rows r CROSS JOIN LATERAL jsonb_array_elements_text(r.document->'tags') AS tag(name)
    WHERE {_WANTED}
    ORDER BY lower(tag.name), r.position
    ON CONFLICT (book_id, name_key) DO NOTHING
    RETURNING id, name
    """  # noqa: S608  # nosec B608  # the part is a constant above
).bindparams(bindparam("book", type_=Uuid), bindparam("import", type_=Uuid), bindparam("revision", type_=BigInteger))
_UNUSED_TAGS = text(
    """
    DELETE FROM tags y
    WHERE y.book_id = :book AND y.revision = :revision
      AND (SELECT t.tag_id FROM transaction_tags t WHERE t.book_id = :book AND t.tag_id = y.id LIMIT 1) IS NULL
    RETURNING id, name
    """
)
_UNUSED_ACCOUNTS = text(
    """
    SELECT a.id FROM accounts a
    WHERE a.book_id = :book AND a.id = ANY(:ids)
      AND (SELECT p.account_id FROM postings p WHERE p.book_id = :book AND p.account_id = a.id LIMIT 1) IS NULL
      AND (SELECT r.account_id FROM reconciliations r WHERE r.book_id = :book AND r.account_id = a.id LIMIT 1) IS NULL
      AND (SELECT t.id FROM trades t WHERE t.book_id = :book AND t.account_id = a.id LIMIT 1) IS NULL
      AND (SELECT t.id FROM trades t WHERE t.book_id = :book AND t.to_account_id = a.id LIMIT 1) IS NULL
      AND (SELECT m.id FROM cost_methods m WHERE m.book_id = :book AND m.account_id = a.id) IS NULL
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("ids", type_=ARRAY(Uuid)))
_UNUSED_CATEGORIES = text(
    """
    SELECT c.id FROM categories c
    WHERE c.book_id = :book AND c.id = ANY(:ids)
      AND (SELECT p.category_id FROM postings p WHERE p.book_id = :book AND p.category_id = c.id LIMIT 1) IS NULL
      AND (SELECT y.id FROM payees y WHERE y.book_id = :book AND y.default_category_id = c.id LIMIT 1) IS NULL
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("ids", type_=ARRAY(Uuid)))
_MISSING = text(
    """
    SELECT count(*) FROM (
        SELECT DISTINCT (p.line->>'account_id')::uuid AS account_id, (p.line->>'category_id')::uuid AS category_id
        FROM import_rows r CROSS JOIN LATERAL jsonb_array_elements(r.document->'postings') AS p(line)
        WHERE r.book_id = :book AND r.import_id = :import AND r.outcome IN ('new', 'suspect')
    ) AS used
    WHERE NOT EXISTS (SELECT 1 FROM accounts a
                      WHERE a.book_id = :book AND a.id = used.account_id AND a.archived_at IS NULL)
       OR (used.category_id IS NOT NULL AND NOT EXISTS (
               SELECT 1 FROM categories c
               WHERE c.book_id = :book AND c.id = used.category_id AND c.archived_at IS NULL))
    """
)


_TRADES = text("SELECT id FROM trades WHERE book_id = :book AND id = ANY(:ids)").bindparams(
    bindparam("book", type_=Uuid), bindparam("ids", type_=ARRAY(Uuid))
)


async def trades_of(connection: AsyncConnection, book_id: UUID, ids: Iterable[UUID]) -> set[UUID]:
    """Which of these are trades of the book."""
    return set((await connection.execute(_TRADES, {"book": book_id, "ids": list(ids)})).scalars())


async def add_tags(connection: AsyncConnection, book_id: UUID, import_id: UUID, revision: int) -> Sequence[AnyRow]:
    """Make the tags that the rows name and the book does not have; returns them."""
    parameters = {"book": book_id, "import": import_id, "revision": revision}
    return (await connection.execute(_NEW_TAGS, parameters)).all()


async def drop_tags(connection: AsyncConnection, book_id: UUID, revision: int) -> Sequence[AnyRow]:
    """Remove the tags that a revision made and nothing uses any more; returns them."""
    return (await connection.execute(_UNUSED_TAGS, {"book": book_id, "revision": revision})).all()


async def unused(
    connection: AsyncConnection, book_id: UUID, accounts: Sequence[UUID], categories: Sequence[UUID]
) -> tuple[set[Any], set[Any]]:
    """Which of these nothing uses."""
    found = []
    for statement, ids in ((_UNUSED_ACCOUNTS, accounts), (_UNUSED_CATEGORIES, categories)):
        rows = await connection.execute(statement, {"book": book_id, "ids": list(ids)})
        found.append(set(rows.scalars()))
    return found[0], found[1]


async def missing(connection: AsyncConnection, book_id: UUID, import_id: UUID) -> int:
    """How many pairs of account and category that rows want are gone or archived by now."""
    return int(await connection.scalar(_MISSING, {"book": book_id, "import": import_id}) or 0)

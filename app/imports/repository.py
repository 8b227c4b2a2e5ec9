"""Statements about imports, their rows and saved mappings."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Uuid, bindparam, delete, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow
from app.imports.models import Import, ImportMapping, ImportRow

_PUBLIC = (
    Import.id,
    Import.status,
    Import.format,
    Import.account_id,
    Import.file_name,
    Import.mapping,
    Import.lasting_mapping,
    Import.mapping_source,
    Import.confidence,
    Import.warnings,
    Import.assets,
    Import.rows_new,
    Import.rows_duplicate,
    Import.rows_suspect,
    Import.rows_error,
    Import.created_count,
    Import.skipped_count,
    Import.content_hash,
    Import.rows_hash,
    Import.header_hash,
    Import.revision,
    Import.created_at,
    Import.committed_at,
    Import.undone_at,
)


_FORGET_PLANS = text("DISCARD PLANS")


async def forget_plans(connection: AsyncConnection) -> None:
    """Have the statements to come planned for the tables as they are by then.

    A plan that the connection keeps from when a table was nearly empty, such as the one that checks a foreign key by
    reading all of it, would take hours for a large file.
    """
    await connection.execute(_FORGET_PLANS)


async def add(connection: AsyncConnection, values: dict[str, Any]) -> None:
    await connection.execute(insert(Import).values(values))


async def change(connection: AsyncConnection, book_id: UUID, import_id: UUID, values: dict[str, Any]) -> None:
    statement = update(Import).where(Import.book_id == book_id, Import.id == import_id)
    await connection.execute(statement.values(values))


async def remove(connection: AsyncConnection, book_id: UUID, import_id: UUID) -> None:
    await connection.execute(delete(Import).where(Import.book_id == book_id, Import.id == import_id))


async def get(connection: AsyncConnection, book_id: UUID, import_id: UUID) -> AnyRow | None:
    statement = select(*_PUBLIC).where(Import.book_id == book_id, Import.id == import_id)
    return (await connection.execute(statement)).one_or_none()


async def get_many(connection: AsyncConnection, book_id: UUID, ids: Sequence[UUID]) -> Sequence[AnyRow]:
    statement = select(*_PUBLIC).where(
        Import.book_id == book_id, Import.id == func.any(literal(list(ids), ARRAY(Uuid)))
    )
    return (await connection.execute(statement)).all()


async def page(
    connection: AsyncConnection, book_id: UUID, *, limit: int, skip: int, after: UUID | None
) -> Sequence[AnyRow]:
    """Imports, newest first, from behind the last id seen."""
    statement = select(*_PUBLIC).where(Import.book_id == book_id)
    if after is not None:
        statement = statement.where(Import.id < after)
    ordered = statement.order_by(Import.id.desc()).offset(skip).limit(limit)
    return (await connection.execute(ordered)).all()


async def count(connection: AsyncConnection, book_id: UUID) -> int:
    statement = select(func.count()).select_from(Import).where(Import.book_id == book_id)
    return int(await connection.scalar(statement) or 0)


async def rows(
    connection: AsyncConnection,
    book_id: UUID,
    import_id: UUID,
    *,
    outcome: str | None,
    limit: int,
    skip: int,
    after: int,
) -> Sequence[AnyRow]:
    """Rows in file order, from behind the last position seen."""
    statement = select(
        ImportRow.position,
        ImportRow.line,
        ImportRow.outcome,
        ImportRow.error_column,
        ImportRow.reason,
        ImportRow.account_id,
        ImportRow.date,
        ImportRow.amount,
        ImportRow.payee,
        ImportRow.description,
        ImportRow.notes,
        ImportRow.external_id,
        ImportRow.category_id,
        ImportRow.match_id,
        ImportRow.skipped,
        ImportRow.transaction_id,
        ImportRow.document["rules"].label("rules"),
        ImportRow.document["type"].label("made"),
        ImportRow.document["trade"].label("trade"),
        ImportRow.document["learned"].label("learned"),
    ).where(ImportRow.book_id == book_id, ImportRow.import_id == import_id, ImportRow.position > after)
    if outcome is not None:
        statement = statement.where(ImportRow.outcome == outcome)
    ordered = statement.order_by(ImportRow.position).offset(skip).limit(limit)
    return (await connection.execute(ordered)).all()


async def row_count(connection: AsyncConnection, book_id: UUID, import_id: UUID, outcome: str | None) -> int:
    statement = (
        select(func.count())
        .select_from(ImportRow)
        .where(ImportRow.book_id == book_id, ImportRow.import_id == import_id)
    )
    if outcome is not None:
        statement = statement.where(ImportRow.outcome == outcome)
    return int(await connection.scalar(statement) or 0)


async def mappings(connection: AsyncConnection, book_id: UUID) -> dict[bytes, dict[str, Any]]:
    """Saved mappings by the digest of the header they belong to."""
    statement = select(ImportMapping.header_hash, ImportMapping.mapping).where(ImportMapping.book_id == book_id)
    return {row.header_hash: row.mapping for row in (await connection.execute(statement)).all()}


async def keep_mapping(connection: AsyncConnection, book_id: UUID, header_hash: bytes, mapping: dict[str, Any]) -> None:
    statement = upsert(ImportMapping).values(book_id=book_id, header_hash=header_hash, mapping=mapping)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["book_id", "header_hash"], set_={"mapping": mapping, "updated_at": func.now()}
        )
    )


async def drop_mapping(connection: AsyncConnection, book_id: UUID, header_hash: bytes) -> None:
    statement = delete(ImportMapping).where(ImportMapping.book_id == book_id, ImportMapping.header_hash == header_hash)
    await connection.execute(statement)


_BEFORE_OPENING = text(
    """
    SELECT count(*) FROM import_rows r
    JOIN transactions o ON o.book_id = :book AND o.account_id = r.account_id AND o.type = 'opening_balance'
    WHERE r.book_id = :book AND r.import_id = :import AND r.outcome IN ('new', 'suspect') AND r.date < o.date
    """
)


async def count_before_opening(connection: AsyncConnection, book_id: UUID, import_id: UUID) -> int:
    """How many rows lie before the opening balance of their account."""
    return int(await connection.scalar(_BEFORE_OPENING, {"book": book_id, "import": import_id}) or 0)


_CATEGORIES = text(
    """
    SELECT kind, lower(name) AS name, min(id::text)::uuid AS id
    FROM categories WHERE book_id = :book AND archived_at IS NULL
    GROUP BY kind, lower(name) HAVING count(*) = 1
    """
)


async def categories_by_name(connection: AsyncConnection, book_id: UUID) -> dict[tuple[str, str], UUID]:
    """Categories in use whose name is the only one of its kind, by (kind, lower-case name)."""
    found = (await connection.execute(_CATEGORIES, {"book": book_id})).all()
    return {(row.kind, row.name): row.id for row in found}


_SKIP = text(
    """
    UPDATE import_rows SET skipped = true
    WHERE book_id = :book AND import_id = :import AND outcome IN ('new', 'suspect')
      AND ((:suspects AND outcome = 'suspect') OR position = ANY(:positions))
    """
).bindparams(bindparam("positions", type_=ARRAY(Integer)))
_COUNTS = text(
    """
    SELECT count(*) FILTER (WHERE outcome = 'new') AS rows_new,
           count(*) FILTER (WHERE outcome = 'duplicate') AS rows_duplicate,
           count(*) FILTER (WHERE outcome = 'suspect') AS rows_suspect,
           count(*) FILTER (WHERE outcome = 'error') AS rows_error,
           count(*) FILTER (WHERE outcome IN ('new', 'suspect') AND NOT skipped) AS wanted,
           count(*) FILTER (WHERE document ? 'rules') AS ruled,
           count(*) FILTER (WHERE document ? 'postings') AS with_lines,
           count(*) FILTER (WHERE document ? 'trade') AS with_trades
    FROM import_rows WHERE book_id = :book AND import_id = :import
    """
)


async def skip(
    connection: AsyncConnection, book_id: UUID, import_id: UUID, *, suspects: bool, positions: list[int]
) -> None:
    parameters = {"book": book_id, "import": import_id, "suspects": suspects, "positions": positions}
    await connection.execute(_SKIP, parameters)


async def count_outcomes(connection: AsyncConnection, book_id: UUID, import_id: UUID) -> dict[str, int]:
    """The counts by column of `imports`, and others: `wanted` are to become transactions, `ruled` were changed by the
    book's rules, `with_lines` say their postings themselves, `with_trades` are trades.
    """
    found = await connection.execute(_COUNTS, {"book": book_id, "import": import_id})
    return dict(found.mappings().one())


_ARCHIVED = text(
    """
    SELECT min(a.name) FROM accounts a
    WHERE a.book_id = :book AND a.archived_at IS NOT NULL
      AND a.id IN (SELECT account_id FROM import_rows WHERE book_id = :book AND import_id = :import)
    """
)
_MISSING = text(
    """
    SELECT count(*) FROM import_rows r
    WHERE r.book_id = :book AND r.import_id = :import AND r.account_id IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.book_id = :book AND a.id = r.account_id)
    """
)


async def closed_account(connection: AsyncConnection, book_id: UUID, import_id: UUID) -> str | None:
    """What keeps an account of this import from taking rows: its name if archived, or that it is gone."""
    parameters = {"book": book_id, "import": import_id}
    name: str | None = await connection.scalar(_ARCHIVED, parameters)
    if name is not None:
        return f"the account '{name}' is archived"
    return "an account of it was deleted" if await connection.scalar(_MISSING, parameters) else None


_MERGED = text(
    """
    SELECT count(*) FROM merged_transactions m
    JOIN transactions t ON t.book_id = m.book_id AND t.id = m.into_id
    WHERE m.book_id = :book AND (m.import_id = :import OR t.import_id = :import)
    """
)


async def merged_count(connection: AsyncConnection, book_id: UUID, import_id: UUID) -> int:
    """How many of the import's rows are one side of a transfer whose other side came another way."""
    return int(await connection.scalar(_MERGED, {"book": book_id, "import": import_id}) or 0)


_COMMITTED = text(
    """
    SELECT max(revision) FROM events
    WHERE book_id = :book AND entity = 'import' AND entity_id = :import AND after ->> 'status' = 'committed'
    """
)


async def committing_revision(connection: AsyncConnection, book_id: UUID, import_id: UUID) -> int:
    """The revision that wrote a committed import's transactions: its commit, or the undo of its undo.

    The row's own revision may be later: it follows an account that is handed over.
    """
    return int(await connection.scalar(_COMMITTED, {"book": book_id, "import": import_id}) or 0)


_EDITED = text(
    """
    SELECT count(*) FROM transactions
    WHERE book_id = :book AND import_id = :import AND revision <> :revision
    """
)


async def edited_count(connection: AsyncConnection, book_id: UUID, import_id: UUID, revision: int) -> int:
    """How many of the import's transactions were changed after the revision that committed it."""
    parameters = {"book": book_id, "import": import_id, "revision": revision}
    return int(await connection.scalar(_EDITED, parameters) or 0)

"""Statements that mark rows which the book has got already: by their id, or with an earlier import of the same file."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import without_nested_loops

_KNOWN_ID = text(
    """
    UPDATE import_rows r SET outcome = 'duplicate', reason = 'this external id exists on the account'
    WHERE r.book_id = :book AND r.import_id = :import AND r.outcome IN ('new', 'suspect') AND r.external_id IS NOT NULL
      AND ((SELECT t.id FROM transactions t
            WHERE t.book_id = :book AND t.account_id = r.account_id AND t.external_id = r.external_id) IS NOT NULL
           OR EXISTS (SELECT 1 FROM merged_transactions m
                      WHERE m.book_id = :book AND m.account_id = r.account_id AND m.external_id = r.external_id
                        AND EXISTS (SELECT 1 FROM transactions t WHERE t.book_id = :book AND t.id = m.into_id)))
    """
)

# The same bytes have the same lines. The same rows, written another way, are told by their order among the rows that
# could be read (those with a date): lines above or between them may differ.
_EARLIER = """
    SELECT i.id, i.content_hash = here.content_hash AS same_file
    FROM imports here
    JOIN imports i ON i.book_id = :book AND i.status = 'committed' AND i.id <> here.id
        AND (i.content_hash = here.content_hash OR i.rows_hash = here.rows_hash)
    WHERE here.book_id = :book AND here.id = :import
"""
_HAS_EARLIER = text(f"SELECT EXISTS ({_EARLIER})")
_REPEATED = text(
    f"""
    WITH earlier AS MATERIALIZED ({_EARLIER}),
    brought AS MATERIALIZED (
        SELECT e.same_file, r.account_id, CASE WHEN e.same_file THEN r.line ELSE r.nth END AS place
        FROM earlier e
        JOIN LATERAL (
            SELECT account_id, line, outcome IN ('new', 'suspect') AND NOT skipped AS kept,
                   row_number() OVER (ORDER BY position) AS nth
            FROM import_rows WHERE book_id = :book AND import_id = e.id AND date IS NOT NULL
        ) AS r ON r.kept
    ),
    place AS (
        SELECT position, account_id, line, row_number() OVER (ORDER BY position) AS nth
        FROM import_rows WHERE book_id = :book AND import_id = :import AND date IS NOT NULL
    ),
    repeated AS (
        SELECT p.position
        FROM place p JOIN brought b ON b.same_file AND b.account_id = p.account_id AND b.place = p.line
        UNION
        SELECT p.position
        FROM place p JOIN brought b ON NOT b.same_file AND b.account_id = p.account_id AND b.place = p.nth
    )
    UPDATE import_rows r SET outcome = 'duplicate', reason = 'the same file was imported before', match_id = NULL
    FROM repeated
    WHERE r.book_id = :book AND r.import_id = :import AND r.position = repeated.position
      AND r.outcome IN ('new', 'suspect')
    """  # noqa: S608  # nosec B608  # a constant
)


async def settle_known_ids(connection: AsyncConnection, book_id: UUID, import_id: UUID) -> None:
    """Mark rows whose id the account got between the preview and now."""
    await connection.execute(_KNOWN_ID, {"book": book_id, "import": import_id})


_KNOWN_TRANSACTION = text(
    """
    UPDATE import_rows r
    SET outcome = 'duplicate', reason = 'this transaction is in the book', match_id = transaction_id
    WHERE r.book_id = :book AND r.import_id = :import AND r.outcome IN ('new', 'suspect')
      AND (SELECT t.id FROM transactions t WHERE t.book_id = :book AND t.id = r.transaction_id) IS NOT NULL
    """
)


# What rounding leaves of a trade is an adjustment `beside` it. A file that has grown may say another amount of it, and
# the trade that is there keeps its own: so does its adjustment.
_KNOWN_BESIDE = text(
    """
    UPDATE import_rows r
    SET outcome = 'duplicate', reason = 'the trade that it belongs to is in the book', match_id = NULL
    FROM trades t
    WHERE r.book_id = :book AND r.import_id = :import AND r.outcome IN ('new', 'suspect') AND r.document ? 'beside'
      AND t.book_id = :book AND t.id = (r.document ->> 'beside')::uuid
    """
)
_ALONE = text(
    """
    UPDATE import_rows r SET skipped = true
    FROM import_rows trade
    WHERE r.book_id = :book AND r.import_id = :import AND r.outcome IN ('new', 'suspect') AND r.document ? 'beside'
      AND trade.book_id = :book AND trade.import_id = :import
      AND trade.transaction_id = (r.document ->> 'beside')::uuid
      AND (trade.skipped OR trade.outcome NOT IN ('new', 'suspect'))
    """
)


async def settle_transaction_ids(connection: AsyncConnection, book_id: UUID, import_id: UUID) -> None:
    """Mark rows of which the file says that they are transactions the book has, or belong to trades it has."""
    for statement in (_KNOWN_TRANSACTION, _KNOWN_BESIDE):
        await connection.execute(statement, {"book": book_id, "import": import_id})


async def skip_alone(connection: AsyncConnection, book_id: UUID, import_id: UUID) -> None:
    """Leave out what belongs to trades that are left out."""
    await connection.execute(_ALONE, {"book": book_id, "import": import_id})


async def settle_repeated(connection: AsyncConnection, book_id: UUID, import_id: UUID) -> None:
    """Mark rows that a committed import of the same content brought to the same account."""
    parameters = {"book": book_id, "import": import_id}
    if not await connection.scalar(_HAS_EARLIER, parameters):
        return
    # Rows that were written a moment ago are not in the planner's statistics; it would take them for a handful.
    async with without_nested_loops(connection):
        await connection.execute(_REPEATED, parameters)

"""Statements that take a file's rows into the book's staging table and say what each one is."""

from collections.abc import AsyncIterator, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import without_nested_loops

COLUMNS = (
    "position",
    "line",
    "transaction_id",
    "error_column",
    "reason",
    "account_id",
    "date",
    "amount",
    "payee",
    "description",
    "notes",
    "external_id",
    "category_id",
    "document",
)

# COPY does not write to a table with row-level security, so rows pass through one of this transaction's own.
_CREATE = text(
    """
    CREATE TEMP TABLE import_stage (
        position integer, line integer, transaction_id uuid, error_column text, reason text, account_id uuid,
        date date, amount numeric, payee text, description text, notes text, external_id text, category_id uuid,
        document jsonb
    ) ON COMMIT DROP
    """
)
# Of what is compared; a document takes longer to look at than all the rest.
_ANALYZE = text("ANALYZE import_stage (position, account_id, date, amount, payee, external_id)")
_CREATE_PRESENT = text(
    """
    CREATE TEMP TABLE import_present (
        account_id uuid, date date, amount numeric, transaction_id uuid, words text
    ) ON COMMIT DROP
    """
)
_CREATE_KNOWN = text("CREATE TEMP TABLE import_known (position integer, transaction_id uuid) ON COMMIT DROP")

# A join the planner takes for small it may do by reading one side for every row of the other, and of a book without
# statistics it takes every one for small. OFFSET 0 and subqueries that give one value leave it the index alone.
_TAKE_PRESENT = """
INSERT INTO import_present
SELECT p.account_id, p.date, p.amount, p.transaction_id, t.words
FROM (SELECT account_id, min(date) - 3 AS first, max(date) + 3 AS last
      FROM import_stage WHERE reason IS NULL GROUP BY account_id) AS span
JOIN postings p ON p.book_id = :book AND p.account_id = span.account_id AND p.date BETWEEN span.first AND span.last
CROSS JOIN LATERAL (
    SELECT lower(concat_ws(
        ' ', (SELECT y.name FROM payees y WHERE y.book_id = :book AND y.id = h.payee_id), h.description)) AS words
    FROM transactions h WHERE h.book_id = :book AND h.id = p.transaction_id
    OFFSET 0
) AS t
WHERE p.role <> 'equity'
  -- The other side of a transfer that was merged stands on the day that its own bank said.
  AND NOT EXISTS (SELECT 1 FROM merged_transactions m
                  WHERE m.book_id = :book AND m.into_id = p.transaction_id AND m.account_id = p.account_id)
UNION ALL
SELECT m.account_id, m.date, m.amount, m.into_id, t.words
FROM (SELECT account_id, min(date) - 3 AS first, max(date) + 3 AS last
      FROM import_stage WHERE reason IS NULL GROUP BY account_id) AS span
JOIN merged_transactions m
    ON m.book_id = :book AND m.account_id = span.account_id AND m.date BETWEEN span.first AND span.last
CROSS JOIN LATERAL (
    SELECT lower(concat_ws(
        ' ', (SELECT y.name FROM payees y WHERE y.book_id = :book AND y.id = h.payee_id), h.description)) AS words
    FROM transactions h WHERE h.book_id = :book AND h.id = m.into_id
    OFFSET 0
) AS t
"""
_TAKE_KNOWN = """
INSERT INTO import_known
SELECT position, id FROM (
    SELECT s.position,
           coalesce(
               (SELECT t.id FROM transactions t
                WHERE t.book_id = :book AND t.account_id = s.account_id AND t.external_id = s.external_id),
               (SELECT t.id FROM merged_transactions m JOIN transactions t ON t.book_id = :book AND t.id = m.into_id
                WHERE m.book_id = :book AND m.account_id = s.account_id AND m.external_id = s.external_id
                LIMIT 1)) AS id
    FROM import_stage s WHERE s.external_id IS NOT NULL
    OFFSET 0
) AS looked_up WHERE id IS NOT NULL
"""

# The nth row of a day and amount in the file stands against the nth such transaction of the account: two equal
# purchases, one of them known already, leave one suspect. Beyond the same day, only the same text makes a suspect.
# What an id or a day has paired already stands against nothing else.
_CLASSIFY = """
WITH canonical AS MATERIALIZED (
    -- What a payee of the file is called in the book where the file has an alias of it.
    SELECT n.payee, (SELECT y.name FROM payees y WHERE y.book_id = :book AND y.id = n.payee_id) AS name
    FROM (
        SELECT k.payee, (SELECT a.payee_id FROM payee_aliases a
                         WHERE a.book_id = :book AND a.alias_key = k.key) AS payee_id
        FROM (SELECT DISTINCT payee, lower(payee) AS key FROM import_stage WHERE payee IS NOT NULL OFFSET 0) AS k
        OFFSET 0
    ) AS n
    WHERE n.payee_id IS NOT NULL
),
present AS MATERIALIZED (
    SELECT p.*, row_number() OVER (PARTITION BY account_id, date, amount ORDER BY transaction_id) AS nth
    FROM import_present p
    WHERE NOT EXISTS (SELECT 1 FROM import_known k WHERE k.transaction_id = p.transaction_id)
),
-- What a row says beside that, a document of its rules perhaps, is not carried through the sorting.
staged AS MATERIALIZED (
    SELECT s.position, s.account_id, s.date, s.amount, s.reason, k.transaction_id AS known_id,
           lower(concat_ws(' ', coalesce(c.name, s.payee), s.description)) AS words,
           k.transaction_id IS NOT NULL
               OR (s.external_id IS NOT NULL
                   AND row_number() OVER (PARTITION BY s.account_id, s.external_id ORDER BY s.position) > 1)
               AS is_known,
           -- A trade is compared with trades: see `trade_repository`.
           coalesce(s.document ? 'trade', false) AS is_trade
    FROM import_stage s
    LEFT JOIN import_known k ON k.position = s.position
    LEFT JOIN canonical c ON c.payee = s.payee
),
numbered AS MATERIALIZED (
    SELECT s.*, row_number() OVER (PARTITION BY s.account_id, s.date, s.amount, s.is_known, s.is_trade
                                   ORDER BY s.position) AS nth
    FROM staged s
),
by_day AS MATERIALIZED (
    SELECT n.*, d.transaction_id AS day_match
    FROM numbered n
    LEFT JOIN present d
        ON d.account_id = n.account_id AND d.date = n.date AND d.amount = n.amount AND d.nth = n.nth AND NOT n.is_known
       AND NOT n.is_trade
),
close_by AS (
    SELECT account_id, date + shift AS date, amount, words, min(transaction_id::text)::uuid AS transaction_id
    FROM present, unnest(ARRAY[-3, -2, -1, 1, 2, 3]) AS shift
    WHERE words <> '' AND NOT EXISTS (SELECT 1 FROM by_day b WHERE b.day_match = present.transaction_id)
    GROUP BY 1, 2, 3, 4
),
judged AS (
    SELECT b.*, c.transaction_id AS near_match
    FROM by_day b
    LEFT JOIN close_by c
        ON c.account_id = b.account_id AND c.date = b.date AND c.amount = b.amount AND c.words = b.words
        AND b.day_match IS NULL AND NOT b.is_trade
)
INSERT INTO import_rows (book_id, import_id, position, line, outcome, error_column, reason, account_id, date,
                         amount, payee, description, notes, external_id, category_id, match_id, document,
                         transaction_id)
SELECT :book, :import, s.position, s.line, outcome,
       s.error_column,
       CASE outcome
           WHEN 'error' THEN s.reason
           WHEN 'duplicate' THEN CASE WHEN known_id IS NULL THEN 'this external id stands in the file before'
                                      ELSE 'this external id exists on the account' END
           WHEN 'suspect' THEN CASE WHEN day_match IS NOT NULL THEN 'same account, day and amount'
                                    ELSE 'same account, amount and text within 3 days' END
       END,
       s.account_id, s.date, s.amount, s.payee, s.description, s.notes, s.external_id, s.category_id,
       CASE outcome WHEN 'duplicate' THEN known_id WHEN 'suspect' THEN coalesce(day_match, near_match) END,
       s.document,
       s.transaction_id
FROM (
    SELECT position, known_id, day_match, near_match,
           CASE WHEN reason IS NOT NULL THEN 'error'
                WHEN is_known THEN 'duplicate'
                WHEN day_match IS NOT NULL OR near_match IS NOT NULL THEN 'suspect'
                ELSE 'new' END AS outcome
    FROM judged
) AS decided
JOIN import_stage s ON s.position = decided.position
"""
_TAKE_PRESENT_TYPED = text(_TAKE_PRESENT).bindparams(bindparam("book", type_=Uuid))
_TAKE_KNOWN_TYPED = text(_TAKE_KNOWN).bindparams(bindparam("book", type_=Uuid))
_ANALYZE_BESIDE = text("ANALYZE import_present, import_known")
_CLASSIFY_TYPED = text(_CLASSIFY).bindparams(bindparam("book", type_=Uuid), bindparam("import", type_=Uuid))


async def take_rows(connection: AsyncConnection, chunks: Iterable[bytes]) -> None:
    """Send the rows with COPY, chunk by chunk, so that the event loop breathes in between."""
    await connection.execute(_CREATE)
    raw = await connection.get_raw_connection()
    driver: Any = raw.driver_connection
    await driver.copy_to_table("import_stage", source=_each(chunks), columns=COLUMNS)
    await connection.execute(_ANALYZE)


async def _each(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def classify(connection: AsyncConnection, book_id: UUID, import_id: UUID) -> None:
    """Write every staged row with its outcome.

    What the book has of these days and ids is laid beside the rows first: over tables of its own, whose sizes the
    planner is told, the statement takes no longer than sorting them does, whatever else the database holds.
    """
    book = {"book": book_id}
    for statement in (_CREATE_PRESENT, _CREATE_KNOWN):
        await connection.execute(statement)
    for take in (_TAKE_PRESENT_TYPED, _TAKE_KNOWN_TYPED):
        await connection.execute(take, book)
    await connection.execute(_ANALYZE_BESIDE)
    async with without_nested_loops(connection):
        await connection.execute(_CLASSIFY_TYPED, {**book, "import": import_id})

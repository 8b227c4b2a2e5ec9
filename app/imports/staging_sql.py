"""Statements that take a file's rows into the book's staging table and say what each one is."""

from collections.abc import AsyncIterator, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

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
)

# COPY does not write to a table with row-level security, so rows pass through one of this transaction's own.
_CREATE = text(
    """
    CREATE TEMP TABLE import_stage (
        position integer, line integer, transaction_id uuid, error_column text, reason text, account_id uuid,
        date date, amount numeric, payee text, description text, notes text, external_id text, category_id uuid
    ) ON COMMIT DROP
    """
)
_ANALYZE = text("ANALYZE import_stage")

# The nth row of a day and amount in the file stands against the nth such transaction of the account: two equal
# purchases, one of them known already, leave one suspect. Beyond the same day, only the same text makes a suspect.
_CLASSIFY = """
WITH span AS (
    SELECT account_id, min(date) - 3 AS first, max(date) + 3 AS last
    FROM import_stage WHERE reason IS NULL GROUP BY account_id
),
present AS MATERIALIZED (
    SELECT p.account_id, p.date, p.amount, p.transaction_id,
           lower(concat_ws(' ', y.name, t.description)) AS words
    FROM span
    JOIN postings p ON p.book_id = :book AND p.account_id = span.account_id AND p.date BETWEEN span.first AND span.last
    JOIN transactions t ON t.book_id = :book AND t.id = p.transaction_id
    LEFT JOIN payees y ON y.book_id = :book AND y.id = t.payee_id
    WHERE p.role <> 'equity'
),
same_day AS (
    SELECT account_id, date, amount, transaction_id,
           row_number() OVER (PARTITION BY account_id, date, amount ORDER BY transaction_id) AS nth
    FROM present
),
close_by AS (
    SELECT account_id, date + shift AS date, amount, words, min(transaction_id::text)::uuid AS transaction_id
    FROM present, unnest(ARRAY[-3, -2, -1, 1, 2, 3]) AS shift
    WHERE words <> ''
    GROUP BY 1, 2, 3, 4
),
staged AS MATERIALIZED (
    SELECT s.*, lower(concat_ws(' ', s.payee, s.description)) AS words,
           row_number() OVER (PARTITION BY s.account_id, s.date, s.amount ORDER BY s.position) AS nth,
           row_number() OVER (PARTITION BY s.account_id, s.external_id ORDER BY s.position) AS nth_of_id
    FROM import_stage s
),
judged AS (
    SELECT s.*, known.id AS known_id, {prior} AS in_prior, d.transaction_id AS day_match, c.transaction_id AS near_match
    FROM staged s
    LEFT JOIN transactions known
        ON known.book_id = :book AND known.account_id = s.account_id AND known.external_id = s.external_id
    LEFT JOIN same_day d
        ON d.account_id = s.account_id AND d.date = s.date AND d.amount = s.amount AND d.nth = s.nth
    LEFT JOIN close_by c
        ON c.account_id = s.account_id AND c.date = s.date AND c.amount = s.amount AND c.words = s.words
    {prior_join}
),
written AS (
    INSERT INTO import_rows (book_id, import_id, position, line, outcome, error_column, reason, account_id, date,
                             amount, payee, description, notes, external_id, category_id, match_id, transaction_id)
    SELECT :book, :import, position, line, outcome,
           error_column,
           CASE outcome
               WHEN 'error' THEN reason
               WHEN 'duplicate' THEN CASE WHEN in_prior THEN 'the same file was imported before'
                                          ELSE 'this external id exists on the account' END
               WHEN 'suspect' THEN CASE WHEN day_match IS NOT NULL THEN 'same account, day and amount'
                                        ELSE 'same account, amount and text within 3 days' END
           END,
           account_id, date, amount, payee, description, notes, external_id, category_id,
           CASE outcome WHEN 'duplicate' THEN known_id WHEN 'suspect' THEN coalesce(day_match, near_match) END,
           transaction_id
    FROM (
        SELECT *, CASE WHEN reason IS NOT NULL THEN 'error'
                       WHEN in_prior OR known_id IS NOT NULL
                            OR (external_id IS NOT NULL AND nth_of_id > 1) THEN 'duplicate'
                       WHEN day_match IS NOT NULL OR near_match IS NOT NULL THEN 'suspect'
                       ELSE 'new' END AS outcome
        FROM judged
    ) AS decided
    RETURNING outcome
)
SELECT count(*) FILTER (WHERE outcome = 'new') AS rows_new,
       count(*) FILTER (WHERE outcome = 'duplicate') AS rows_duplicate,
       count(*) FILTER (WHERE outcome = 'suspect') AS rows_suspect,
       count(*) FILTER (WHERE outcome = 'error') AS rows_error
FROM written
"""

# Rows of the earlier import that became transactions; `{key}` is the line for the very same bytes, else the position.
_PRIOR_JOIN = """
    LEFT JOIN (
        SELECT {key} AS key FROM import_rows
        WHERE book_id = :book AND import_id = :prior AND outcome IN ('new', 'suspect') AND NOT skipped
    ) AS before ON before.key = s.{key}
"""

_IDS = (bindparam("book", type_=Uuid), bindparam("import", type_=Uuid))


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


async def classify(
    connection: AsyncConnection, book_id: UUID, import_id: UUID, prior: tuple[UUID, bool] | None
) -> dict[str, int]:
    """Write every staged row with its outcome; returns the counts by column of `imports`.

    `prior` is a committed import of the same content, and whether its file was the same byte by byte.
    """
    join, flag = "", "false"
    parameters: dict[str, Any] = {"book": book_id, "import": import_id}
    types = list(_IDS)
    if prior is not None:
        join, flag = _PRIOR_JOIN.format(key="line" if prior[1] else "position"), "before.key IS NOT NULL"
        parameters["prior"] = prior[0]
        types.append(bindparam("prior", type_=Uuid))
    statement = text(_CLASSIFY.format(prior=flag, prior_join=join)).bindparams(*types)
    return dict((await connection.execute(statement, parameters)).mappings().one())

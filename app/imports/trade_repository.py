"""Statements about rows of an import that are trades."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import BigInteger, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow

_OF_IMPORT = (bindparam("book", type_=Uuid), bindparam("import", type_=Uuid))
_WANTED = text(
    """
    SELECT position, line, outcome, document -> 'trade' AS trade FROM import_rows
    WHERE book_id = :book AND import_id = :import AND outcome IN ('new', 'suspect') AND NOT skipped
      AND document ? 'trade'
    ORDER BY position
    """
).bindparams(*_OF_IMPORT)
_EDITED = text(
    "SELECT count(*) FROM trades WHERE book_id = :book AND import_id = :import AND revision <> :revision"
).bindparams(*_OF_IMPORT, bindparam("revision", type_=BigInteger))
_KNOWN_ID = text(
    """
    UPDATE import_rows r
    SET outcome = 'duplicate', reason = 'this external id exists on the account', match_id = t.id
    FROM trades t
    WHERE r.book_id = :book AND r.import_id = :import AND r.outcome IN ('new', 'suspect')
      AND t.book_id = :book AND t.account_id = r.account_id AND t.external_id = r.external_id
    """
).bindparams(*_OF_IMPORT)
_KNOWN_TRADE = text(
    """
    UPDATE import_rows r
    SET outcome = 'duplicate', reason = 'this trade is in the book', match_id = r.transaction_id
    FROM trades t
    WHERE r.book_id = :book AND r.import_id = :import AND r.outcome IN ('new', 'suspect') AND r.document ? 'trade'
      AND t.book_id = :book AND t.id = r.transaction_id
    """
).bindparams(*_OF_IMPORT)
# As with money: the nth row of a kind stands against the nth such trade that no id has paired already; of several the
# one with the smallest id. A quantity or an amount that one of the two does not say is no difference. Told by windows:
# a join would hold each of k fills of a day against each of k trades.
SUSPECT = text(
    """
    WITH row AS MATERIALIZED (
        SELECT r.position, r.account_id, r.date, (t.trade ->> 'asset_id')::uuid AS asset_id, t.trade ->> 'kind' AS kind,
               (t.trade ->> 'quantity')::numeric AS quantity, (t.trade ->> 'amount')::numeric AS amount
        FROM import_rows r CROSS JOIN LATERAL (SELECT r.document -> 'trade' AS trade) AS t
        WHERE r.book_id = :book AND r.import_id = :import AND r.outcome = 'new' AND r.document ? 'trade'
    ),
    present AS MATERIALIZED (
        SELECT t.id, t.account_id, t.date, t.asset_id, t.kind, t.quantity, t.amount,
               row_number() OVER (PARTITION BY t.account_id, t.date, t.asset_id, t.kind, t.quantity, t.amount
                                  ORDER BY t.id) AS nth
        FROM (SELECT account_id, asset_id, min(date) AS first, max(date) AS last FROM row GROUP BY 1, 2) AS span
        JOIN trades t ON t.book_id = :book AND t.account_id = span.account_id AND t.asset_id = span.asset_id
            AND t.date BETWEEN span.first AND span.last
        WHERE t.id NOT IN (SELECT match_id FROM import_rows
                           WHERE book_id = :book AND import_id = :import AND match_id IS NOT NULL)
    ),
    numbered AS (
        SELECT row.*, row_number() OVER (PARTITION BY account_id, date, asset_id, kind, quantity, amount
                                         ORDER BY position) AS nth
        FROM row
    ),
    either AS (
        SELECT position, NULL AS id, account_id, asset_id, date, kind, nth, quantity, amount FROM numbered
        UNION ALL
        SELECT NULL, id::text COLLATE "C", account_id, asset_id, date, kind, nth, quantity, amount FROM present
    ),
    near AS (
        SELECT position, least(
            min(id) OVER same,
            CASE WHEN amount IS NULL THEN min(id) OVER of_quantity
                 ELSE min(id) FILTER (WHERE amount IS NULL) OVER of_quantity END,
            CASE WHEN quantity IS NULL THEN min(id) OVER of_amount
                 ELSE min(id) FILTER (WHERE quantity IS NULL) OVER of_amount END,
            CASE WHEN quantity IS NULL AND amount IS NULL THEN min(id) OVER of_day
                 WHEN quantity IS NULL THEN min(id) FILTER (WHERE amount IS NULL) OVER of_day
                 WHEN amount IS NULL THEN min(id) FILTER (WHERE quantity IS NULL) OVER of_day
                 ELSE min(id) FILTER (WHERE quantity IS NULL AND amount IS NULL) OVER of_day END
        )::uuid AS id
        FROM either
        WINDOW of_day AS (PARTITION BY account_id, asset_id, date, kind, nth),
               of_amount AS (PARTITION BY account_id, asset_id, date, kind, nth, amount),
               of_quantity AS (PARTITION BY account_id, asset_id, date, kind, nth, quantity),
               same AS (PARTITION BY account_id, asset_id, date, kind, nth, quantity, amount)
    ),
    paired AS (SELECT position, id FROM near WHERE position IS NOT NULL AND id IS NOT NULL)
    UPDATE import_rows r
    SET outcome = 'suspect', reason = 'same account, day, asset, kind, quantity and amount', match_id = paired.id
    FROM paired
    WHERE r.book_id = :book AND r.import_id = :import AND r.position = paired.position
    """
).bindparams(*_OF_IMPORT)
# Nothing is known of rows that were just copied in; the planner takes them for one, and loops over all for each.
LOOPS = {on: text(f"SELECT set_config('enable_nestloop', '{'on' if on else 'off'}', true)") for on in (True, False)}
_REFUSE = text(
    """
    UPDATE import_rows r SET outcome = 'error', reason = w.reason, match_id = NULL
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS w(position integer, reason text)
    WHERE r.book_id = :book AND r.import_id = :import AND r.position = w.position
    """
).bindparams(*_OF_IMPORT)


async def wanted(connection: AsyncConnection, book_id: UUID, import_id: UUID) -> Sequence[AnyRow]:
    """Position, line, outcome and trade of the rows that the commit enters, in the order of the file."""
    return (await connection.execute(_WANTED, {"book": book_id, "import": import_id})).all()


async def edited(connection: AsyncConnection, book_id: UUID, import_id: UUID, revision: int) -> int:
    """How many of the import's trades were changed after this revision."""
    given = {"book": book_id, "import": import_id, "revision": revision}
    return int(await connection.scalar(_EDITED, given) or 0)


async def settle_known(connection: AsyncConnection, book_id: UUID, import_id: UUID) -> None:
    """Mark rows that the book has got: by their external id, or because they say that they are a trade it has."""
    given = {"book": book_id, "import": import_id}
    for statement in (_KNOWN_ID, _KNOWN_TRADE):
        await connection.execute(statement, given)


async def settle_suspects(connection: AsyncConnection, book_id: UUID, import_id: UUID) -> None:
    """Mark new rows that look like a trade of the book."""
    await connection.execute(LOOPS[False])
    await connection.execute(SUSPECT, {"book": book_id, "import": import_id})
    await connection.execute(LOOPS[True])


async def refuse(connection: AsyncConnection, book_id: UUID, import_id: UUID, rows: str) -> None:
    """Make rows errors: JSON of their positions, each with the reason."""
    await connection.execute(_REFUSE, {"book": book_id, "import": import_id, "rows": rows})

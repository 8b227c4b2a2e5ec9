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
# As with money: the nth row of a kind stands against the nth such trade that no id has paired already. A quantity or an
# amount that one of the two does not say is no difference.
_SUSPECT = text(
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
    paired AS (
        SELECT DISTINCT ON (n.position) n.position, p.id
        FROM numbered n JOIN present p
            ON p.account_id = n.account_id AND p.asset_id = n.asset_id AND p.date = n.date AND p.kind = n.kind
           AND p.nth = n.nth AND coalesce(p.quantity = n.quantity, true) AND coalesce(p.amount = n.amount, true)
        ORDER BY n.position, p.id
    )
    UPDATE import_rows r
    SET outcome = 'suspect', reason = 'same account, day, asset, kind, quantity and amount', match_id = paired.id
    FROM paired
    WHERE r.book_id = :book AND r.import_id = :import AND r.position = paired.position
    """
).bindparams(*_OF_IMPORT)
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
    await connection.execute(_SUSPECT, {"book": book_id, "import": import_id})


async def refuse(connection: AsyncConnection, book_id: UUID, import_id: UUID, rows: str) -> None:
    """Make rows errors: JSON of their positions, each with the reason."""
    await connection.execute(_REFUSE, {"book": book_id, "import": import_id, "rows": rows})

"""Statements that find two transactions which are one transfer, and remember what was said of them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Integer, Numeric, Uuid, bindparam, insert, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.context import BookWriter
from app.access.opening import moving, run_telling
from app.core.database import AnyRow
from app.transactions.models import MergedTransaction, TransferRejection

# Only what is simple, open and not sealed. Equal ones of a day and account are numbered, so that the first that leaves
# goes with the first that arrives. In two currencies the rate is that of the book's own nearest exchange between them;
# without one nothing is suggested. Amounts that may fit lie in the same or the next bucket of `:tolerance` width, which
# a hash finds; the amounts themselves decide. Of all pairs those stand that are the best of both their sides.
_SUGGEST = text(
    """
    WITH candidate AS MATERIALIZED (
        SELECT t.id, t.type, t.date, t.account_id, t.amount, t.import_id, a.currency, p.category_id,
               row_number() OVER (PARTITION BY t.type, t.account_id, t.date, t.amount ORDER BY t.id) AS nth
        FROM transactions t
        JOIN postings p ON p.book_id = :book AND p.transaction_id = t.id AND p.line = 0
        JOIN accounts a ON a.book_id = :book AND a.id = t.account_id
        WHERE t.book_id = :book AND t.date BETWEEN :first AND :last
          AND t.type IN ('expense', 'income') AND t.status <> 'reconciled' AND t.refund_of_id IS NULL
          AND NOT EXISTS (SELECT 1 FROM postings s WHERE s.book_id = :book AND s.transaction_id = t.id AND s.line = 1)
    ),
    exchange AS MATERIALIZED (
        SELECT t.date, oa.currency AS given, ia.currency AS got, i.amount / -o.amount AS rate
        FROM transactions t
        JOIN postings o ON o.book_id = :book AND o.transaction_id = t.id AND o.line = 0
        JOIN postings i ON i.book_id = :book AND i.transaction_id = t.id AND i.line = 1
        JOIN accounts oa ON oa.book_id = :book AND oa.id = o.account_id
        JOIN accounts ia ON ia.book_id = :book AND ia.id = i.account_id
        WHERE t.book_id = :book AND t.type = 'transfer' AND oa.currency <> ia.currency
          AND t.date BETWEEN CAST(:first AS date) - CAST(:rate_days AS integer)
                         AND CAST(:last AS date) + CAST(:rate_days AS integer)
    ),
    both_ways AS MATERIALIZED (
        SELECT date, given, got, rate FROM exchange UNION ALL SELECT date, got, given, 1 / rate FROM exchange
    ),
    currencies AS (SELECT DISTINCT currency FROM candidate),
    rated AS MATERIALIZED (
        SELECT c.id, c.account_id, c.date, c.amount, c.category_id, c.import_id, c.nth, n.currency AS got,
               r.rate, c.amount * r.rate AS expected
        FROM candidate c JOIN currencies n ON n.currency <> c.currency
        JOIN LATERAL (
            SELECT b.rate FROM both_ways b WHERE b.given = c.currency AND b.got = n.currency
              AND abs(b.date - c.date) <= CAST(:rate_days AS integer)
            ORDER BY abs(b.date - c.date), b.date DESC LIMIT 1
        ) r ON true
        WHERE c.type = 'expense'
    ),
    pair AS (
        SELECT o.id AS outgoing_id, i.id AS incoming_id, abs(i.date - o.date) AS days, NULL::numeric AS rate,
               abs(o.nth - i.nth) AS apart, o.date,
               (o.category_id IS NOT NULL)::integer + (i.category_id IS NOT NULL)::integer AS categories,
               o.import_id AS out_import, i.import_id AS in_import
        FROM candidate o JOIN candidate i
            ON i.amount = o.amount AND i.currency = o.currency AND i.type = 'income' AND i.account_id <> o.account_id
        WHERE o.type = 'expense'
        UNION ALL
        SELECT o.id, i.id, abs(i.date - o.date), round(o.rate, 8), abs(o.nth - i.nth), o.date,
               (o.category_id IS NOT NULL)::integer + (i.category_id IS NOT NULL)::integer, o.import_id, i.import_id
        FROM (SELECT *, floor(ln(expected) / ln(1 + CAST(:tolerance AS numeric))) + step AS bucket
              FROM rated, unnest(ARRAY[-1, 0, 1]) AS step) o
        JOIN (SELECT *, floor(ln(amount) / ln(1 + CAST(:tolerance AS numeric))) AS bucket
              FROM candidate WHERE type = 'income') i
            ON i.bucket = o.bucket AND i.currency = o.got AND i.account_id <> o.account_id
        WHERE abs(i.amount - o.expected) <= o.expected * :tolerance
    ),
    ranked AS (
        SELECT p.*,
               row_number() OVER (PARTITION BY outgoing_id
                                  ORDER BY days, apart, categories, rate NULLS FIRST, incoming_id) AS of_outgoing,
               row_number() OVER (PARTITION BY incoming_id
                                  ORDER BY days, apart, categories, rate NULLS FIRST, outgoing_id) AS of_incoming
        FROM pair p
        WHERE days <= :days AND (out_import IS NOT NULL OR in_import IS NOT NULL)
          AND NOT EXISTS (SELECT 1 FROM transfer_rejections x
                          WHERE x.book_id = :book AND x.outgoing_id = p.outgoing_id AND x.incoming_id = p.incoming_id)
    )
    SELECT outgoing_id, incoming_id, days, rate FROM ranked
    WHERE of_outgoing = 1 AND of_incoming = 1
    ORDER BY date DESC, days, outgoing_id DESC LIMIT :limit
    """
).bindparams(
    bindparam("book", type_=Uuid),
    bindparam("first", type_=Date),
    bindparam("last", type_=Date),
    bindparam("days", type_=Integer),
    bindparam("rate_days", type_=Integer),
    bindparam("tolerance", type_=Numeric),
    bindparam("limit", type_=Integer),
)


async def suggestions(connection: AsyncConnection, parameters: dict[str, Any]) -> Sequence[AnyRow]:
    """Pairs, the newest first: outgoing_id, incoming_id, how many days lie between them, and the rate in use."""
    return (await connection.execute(_SUGGEST, parameters)).all()


_MOVE_RECEIPTS = moving(
    """
    UPDATE attachments a SET transaction_id = :new, revision = :revision
    WHERE a.book_id = :book AND a.transaction_id = :old
      AND NOT EXISTS (SELECT 1 FROM attachments b
                      WHERE b.book_id = :book AND b.transaction_id = :new AND b.sha256 = a.sha256)
    """,
    "attachment",
    "transaction_id",
)


async def move_receipts(book: BookWriter, old: UUID, new: UUID) -> None:
    """Hand the attachments of one transaction to another, but for files that it has; an event for each."""
    await run_telling(book, _MOVE_RECEIPTS, {"old": old, "new": new})


async def add_merged(connection: AsyncConnection, values: dict[str, Any]) -> None:
    await connection.execute(insert(MergedTransaction).values(values))


async def add_rejection(connection: AsyncConnection, values: dict[str, Any]) -> bool:
    """Whether the pair was not rejected before."""
    statement = upsert(TransferRejection).values(values).on_conflict_do_nothing()
    return bool((await connection.execute(statement.returning(TransferRejection.id))).one_or_none())

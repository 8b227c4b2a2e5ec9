"""Statements about the history that subscriptions are found in."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Date, Integer, Uuid, bindparam, insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow
from app.subscriptions.models import SubscriptionDismissal

PAYEES = 1000
EACH = 100
WITHOUT_PAYEE = 20_000

# `public.transactions`: of one that is partly hidden from a member nothing is told here. Each payee's latest are found
# through an index, so the cost follows the number of payees, not that of transactions.
_PAYMENTS = """
    WITH recent AS MATERIALIZED (
        SELECT p.id, p.name
        FROM payees p
        CROSS JOIN LATERAL (
            SELECT t.date FROM public.transactions t WHERE t.book_id = :book AND t.payee_id = p.id
            ORDER BY t.date DESC, t.id DESC LIMIT 1
        ) AS latest
        WHERE p.book_id = :book AND latest.date >= :since
        ORDER BY latest.date DESC, p.id LIMIT CAST(:payees AS integer)
    ),
    named AS (
        SELECT t.account_id, t.type, r.id AS payee_id, r.name, t.id, t.date, t.amount, t.description
        FROM recent r
        CROSS JOIN LATERAL (
            SELECT x.account_id, x.type, x.id, x.date, x.amount, x.description FROM public.transactions x
            WHERE x.book_id = :book AND x.payee_id = r.id AND x.date >= :since
              AND x.type IN ('expense', 'income') AND x.refund_of_id IS NULL
            ORDER BY x.date DESC, x.id DESC LIMIT CAST(:each AS integer)
        ) AS t
    ),
    nameless AS (
        SELECT t.account_id, t.type, t.payee_id, NULL::text AS name, t.id, t.date, t.amount, t.description
        FROM (SELECT * FROM public.transactions x WHERE x.book_id = :book AND x.date >= :since
              ORDER BY x.date DESC, x.id DESC LIMIT CAST(:nameless AS integer)) AS t
        WHERE t.payee_id IS NULL AND t.description IS NOT NULL AND t.type IN ('expense', 'income')
          AND t.refund_of_id IS NULL
    ),
    payment AS MATERIALIZED (SELECT * FROM named UNION ALL SELECT * FROM nameless),
    shop AS (
        SELECT account_id, type, payee_id FROM payment WHERE payee_id IS NOT NULL
        GROUP BY 1, 2, 3 HAVING max(date) - min(date) < {least_gap} * (count(*) - 1)
    ),
    hopeful AS (
        SELECT account_id, type, payee_id FROM payment
        GROUP BY 1, 2, 3, amount
        HAVING (count(*) > 2 AND max(date) - min(date) >= 2 * {least_gap}) OR {a_year}
        UNION ALL
        SELECT account_id, type, payee_id FROM payment
        GROUP BY 1, 2, 3, translate(lower(description), '0123456789 .,:;/-#', '')
        HAVING (count(*) > 2 AND max(date) - min(date) >= {least_gap} * (count(*) - 1)) OR {a_year}
    ),
    hopeless AS MATERIALIZED (SELECT * FROM shop EXCEPT SELECT * FROM hopeful)
"""
# Where payments come closer than any rhythm has it, a series is those of one amount or of one description; where
# nothing of that sort is spread out in time there is none, and a thousand shops are not sent to be looked at.
_LEAST_GAP = 5
"""In days, from one payment of a week to the next when each is a day off."""
_A_YEAR = "(count(*) = 2 AND max(date) - min(date) BETWEEN 340 AND 390)"
_GROUPS = text(
    f"""
    {_PAYMENTS.format(least_gap=_LEAST_GAP, a_year=_A_YEAR)}
    SELECT y.account_id, y.type, y.payee_id, y.name, a.currency, c.exponent,
           array_agg(y.id) AS ids, array_agg(y.date) AS days, array_agg(y.amount) AS amounts,
           array_agg(y.description) AS descriptions
    FROM payment y
    JOIN accounts a ON a.book_id = :book AND a.id = y.account_id AND a.archived_at IS NULL
    JOIN currencies c ON c.code = a.currency
    WHERE y.payee_id IS NULL OR (y.account_id, y.type, y.payee_id) NOT IN (SELECT * FROM hopeless)
    GROUP BY y.account_id, y.type, y.payee_id, y.name, a.currency, c.exponent
    HAVING count(*) > 1
    ORDER BY y.payee_id, y.account_id, y.type
    """  # noqa: S608  # nosec B608  # a constant of this module
).bindparams(
    bindparam("book", type_=Uuid),
    bindparam("since", type_=Date),
    bindparam("payees", type_=Integer),
    bindparam("each", type_=Integer),
    bindparam("nameless", type_=Integer),
)


async def groups(connection: AsyncConnection, book_id: UUID, since: date) -> Sequence[AnyRow]:
    """Payments since a day by account, direction and payee (NULL for those without one), each group in any order.

    Of the 1,000 payees used last the latest 100 each, and those without a payee among the latest 20,000. Groups that
    cannot hold a series are left out.
    """
    limits = {"payees": PAYEES, "each": EACH, "nameless": WITHOUT_PAYEE}
    return (await connection.execute(_GROUPS, {"book": book_id, "since": since, **limits})).all()


_CATEGORIES = text(
    """
    SELECT p.transaction_id, (array_agg(p.category_id))[1] AS category_id
    FROM postings p
    WHERE p.book_id = :book AND p.transaction_id = ANY(:ids) AND p.role = 'flow'
    GROUP BY p.transaction_id HAVING count(*) = 1
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("ids", type_=ARRAY(Uuid)))


async def categories(connection: AsyncConnection, book_id: UUID, ids: Collection[UUID]) -> dict[UUID, UUID | None]:
    """The category of each of these transactions that is not split."""
    rows = await connection.execute(_CATEGORIES, {"book": book_id, "ids": list(ids)})
    return {row.transaction_id: row.category_id for row in rows}


_DISMISSALS = text("SELECT id, transaction_id FROM subscription_dismissals WHERE book_id = :book").bindparams(
    bindparam("book", type_=Uuid)
)


async def dismissals(connection: AsyncConnection, book_id: UUID) -> dict[UUID, UUID]:
    """By the transaction that a dismissed series is known by."""
    rows = await connection.execute(_DISMISSALS, {"book": book_id})
    return {row.transaction_id: row.id for row in rows}


async def add_dismissal(connection: AsyncConnection, values: dict[str, Any]) -> None:
    await connection.execute(insert(SubscriptionDismissal).values(values))

"""The statement behind the forecast: it reads accounts, categories and a year of monthly totals, never postings."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Date, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.private import CLOSED_ACCOUNTS

# One statement sees one state of the book: a balance and the totals agree. Amounts are whole units of the currency.
_GROUND = (
    text(
        f"""
        SELECT
            (SELECT json_agg(json_build_object(
                        'id', a.id, 'name', a.name, 'type', a.type, 'currency', a.currency, 'exponent', c.exponent,
                        'balance', trunc(a.balance * 10::numeric ^ c.exponent)::text,
                        'archived', a.archived_at IS NOT NULL,
                        'private', a.id IN ({CLOSED_ACCOUNTS}))
                    ORDER BY a.sort, lower(a.name), a.id)
             FROM accounts a JOIN currencies c ON c.code = a.currency WHERE a.book_id = :book) AS accounts,
            (SELECT json_agg(json_build_object('id', id, 'parent_id', parent_id, 'kind', kind))
             FROM categories WHERE book_id = :book) AS categories,
            (SELECT json_agg(json_build_array(
                        m.account_id, m.category_id, m.month,
                        trunc(m.inflow * 10::numeric ^ c.exponent)::text,
                        trunc(m.outflow * 10::numeric ^ c.exponent)::text))
             FROM monthly_totals m
             JOIN accounts a ON a.book_id = m.book_id AND a.id = m.account_id AND a.archived_at IS NULL
             JOIN currencies c ON c.code = a.currency
             WHERE m.book_id = :book AND m.month >= :first AND m.month < :behind AND m.role = 'flow') AS flows
        """  # noqa: S608  # nosec B608  # constants
    )
    .bindparams(
        bindparam("book", type_=Uuid),
        bindparam("first", type_=Date),
        bindparam("behind", type_=Date),
    )
    .columns(accounts=JSON, categories=JSON, flows=JSON)
)


async def ground(
    connection: AsyncConnection, book_id: UUID, first: date, behind: date
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[list[Any]]]:
    """Accounts in their order, categories, and flows of the months from `first` to before `behind`.

    A flow is account, category, month, and what came in and went out; ids, days and amounts are texts.
    """
    row = (await connection.execute(_GROUND, {"book": book_id, "first": first, "behind": behind})).one()
    return row.accounts or [], row.categories or [], row.flows or []

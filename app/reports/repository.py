"""Statements behind the reports: they read the monthly totals, never the postings."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Date, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

# One statement sees one state of the book: a category that is reassigned meanwhile is in both parts or in none.
_MONTH = (
    text(
        """
        SELECT
            (SELECT json_agg(json_build_object('id', id, 'parent_id', parent_id, 'name', name, 'kind', kind))
             FROM categories WHERE book_id = :book) AS categories,
            (SELECT json_agg(to_json(f)) FROM (
                SELECT m.category_id, a.currency, c.exponent,
                       sum(m.base_inflow)::text AS base_inflow, sum(m.base_outflow)::text AS base_outflow,
                       sum(m.unconverted_inflow)::text AS unconverted_inflow,
                       sum(m.unconverted_outflow)::text AS unconverted_outflow
                FROM monthly_totals m
                JOIN accounts a ON a.book_id = m.book_id AND a.id = m.account_id
                JOIN currencies c ON c.code = a.currency
                WHERE m.book_id = :book AND m.month = :month AND m.role = 'flow'
                GROUP BY m.category_id, a.currency, c.exponent
            ) AS f) AS flows
        """
    )
    .bindparams(bindparam("book", type_=Uuid), bindparam("month", type_=Date))
    .columns(categories=JSON, flows=JSON)
)


async def month(
    connection: AsyncConnection, book_id: UUID, first_day: date
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The book's categories, and what came in and went out in a month by category and currency of the account.

    Ids and amounts are texts.
    """
    row = (await connection.execute(_MONTH, {"book": book_id, "month": first_day})).one()
    return row.categories or [], row.flows or []

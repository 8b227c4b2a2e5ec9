"""Statements behind the reports: they read the monthly totals, never the postings."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import Date, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow

_MONTH = text(
    """
    SELECT m.category_id, a.currency, c.exponent,
           sum(m.base_inflow) AS base_inflow, sum(m.base_outflow) AS base_outflow,
           sum(m.unconverted_inflow) AS unconverted_inflow, sum(m.unconverted_outflow) AS unconverted_outflow
    FROM monthly_totals m
    JOIN accounts a ON a.book_id = m.book_id AND a.id = m.account_id
    JOIN currencies c ON c.code = a.currency
    WHERE m.book_id = :book AND m.month = :month AND m.role = 'flow'
    GROUP BY m.category_id, a.currency, c.exponent
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("month", type_=Date))


async def flows_of_month(connection: AsyncConnection, book_id: UUID, month: date) -> Sequence[AnyRow]:
    """What came in and went out in the month that begins then, by category and currency of the account."""
    return (await connection.execute(_MONTH, {"book": book_id, "month": month})).all()

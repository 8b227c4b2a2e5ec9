"""What accounts held at the end of a day: whole months from the totals, the part month from its postings."""

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ARRAY, Date, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

_AT = text(
    """
    SELECT w.account_id, w.at,
           coalesce((SELECT sum(inflow - outflow) FROM monthly_totals m
                     WHERE m.book_id = :book AND m.account_id = w.account_id
                       AND m.month < date_trunc('month', w.at::timestamp)::date), 0)
         + coalesce((SELECT sum(amount) FROM postings p
                     WHERE p.book_id = :book AND p.account_id = w.account_id
                       AND p.date BETWEEN date_trunc('month', w.at::timestamp)::date AND w.at), 0) AS balance
    FROM unnest(:accounts, :days) AS w(account_id, at)
    """
).bindparams(
    bindparam("book", type_=Uuid), bindparam("accounts", type_=ARRAY(Uuid)), bindparam("days", type_=ARRAY(Date))
)


async def at(
    connection: AsyncConnection, book_id: UUID, wanted: Collection[tuple[UUID, date]]
) -> dict[tuple[UUID, date], Decimal]:
    """The end-of-day balance of each of these accounts, in its currency."""
    parameters = {"book": book_id, "accounts": [i for i, _ in wanted], "days": [day for _, day in wanted]}
    return {(row.account_id, row.at): row.balance for row in (await connection.execute(_AT, parameters)).all()}

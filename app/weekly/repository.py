"""Statements behind the weekly report: over daily totals, and over the transactions of one week."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Date, RowMapping, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow

_BOOK = bindparam("book", type_=Uuid)
_FIRST, _LAST = bindparam("first", type_=Date), bindparam("last", type_=Date)
# A category's kind decides the side, as in the monthly report; what has none stands by its direction.
_FLOWS = text(
    """
    SELECT d.day, a.currency, c.kind, cu.exponent,
           sum(d.base_inflow) AS base_inflow, sum(d.base_outflow) AS base_outflow,
           sum(d.unconverted_inflow) AS unconverted_inflow, sum(d.unconverted_outflow) AS unconverted_outflow
    FROM daily_totals d
    JOIN accounts a ON a.book_id = d.book_id AND a.id = d.account_id
    JOIN currencies cu ON cu.code = a.currency
    LEFT JOIN categories c ON c.book_id = d.book_id AND c.id = d.category_id
    WHERE d.book_id = :book AND d.day BETWEEN :first AND :last
    GROUP BY d.day, a.currency, c.kind, cu.exponent
    """
).bindparams(_BOOK, _FIRST, _LAST)
# Spending of the week, a split's parts one by one, beside what one expense of the category was on average before.
_NOTABLE = text(
    """
    WITH spent AS (
        SELECT t.id, t.date, t.payee_id, t.description, p.line, p.category_id, p.account_id, -p.base_amount AS amount
        FROM transactions t
        JOIN postings p ON p.book_id = t.book_id AND p.transaction_id = t.id
        WHERE t.book_id = :book AND t.date BETWEEN :first AND :last AND p.role = 'flow' AND p.base_amount < 0
    ), usual AS (
        SELECT d.category_id, sum(d.base_outflow) / sum(d.count) AS mean, sum(d.count) AS count
        FROM daily_totals d
        WHERE d.book_id = :book AND d.day BETWEEN :before AND :day_before AND d.base_outflow > 0
          AND d.category_id IN (SELECT s.category_id FROM spent s)
        GROUP BY d.category_id
    ), ranked AS (
        SELECT s.*, u.mean,
               coalesce(u.count >= :enough AND s.amount >= u.mean * :times, false) AS unusual,
               row_number() OVER (ORDER BY s.amount DESC, s.id, s.line) AS place
        FROM spent s LEFT JOIN usual u ON u.category_id = s.category_id
    )
    SELECT r.id AS transaction_id, r.date, r.amount, r.unusual, round(r.mean, :exponent) AS usual,
           y.name AS payee, r.description, c.name AS category, a.name AS account
    FROM ranked r
    JOIN accounts a ON a.book_id = :book AND a.id = r.account_id
    LEFT JOIN categories c ON c.book_id = :book AND c.id = r.category_id
    LEFT JOIN payees y ON y.book_id = :book AND y.id = r.payee_id
    WHERE r.place <= :largest OR r.unusual
    ORDER BY r.place LIMIT :limit
    """
).bindparams(_BOOK, _FIRST, _LAST, bindparam("before", type_=Date), bindparam("day_before", type_=Date))
_ACCOUNTS = text(
    """
    SELECT a.id, a.name, a.currency, c.exponent FROM accounts a JOIN currencies c ON c.code = a.currency
    WHERE a.book_id = :book AND a.archived_at IS NULL
    ORDER BY a.sort, lower(a.name), a.id LIMIT :limit
    """
).bindparams(_BOOK)
_CURRENCIES = text("SELECT id, currency FROM accounts WHERE book_id = :book").bindparams(_BOOK)
_NAME = text("SELECT name FROM books WHERE id = :book").bindparams(_BOOK)


async def flows(connection: AsyncConnection, book_id: UUID, first: date, last: date) -> Sequence[AnyRow]:
    """Income and spending by day, currency of the account, and kind of the category."""
    return (await connection.execute(_FLOWS, {"book": book_id, "first": first, "last": last})).all()


async def notable(
    connection: AsyncConnection,
    book_id: UUID,
    days: tuple[date, date],
    before: tuple[date, date],
    *,
    enough: int,
    times: Decimal,
    largest: int,
    limit: int,
    exponent: int,
) -> Sequence[RowMapping]:
    """The `largest` expenses of these days, and those that are `times` what their category had on average `before`.

    An average counts from `enough` expenses on; amounts are in the base currency, so what has no rate is not in it.
    """
    parameters = {
        "book": book_id,
        "first": days[0],
        "last": days[1],
        "before": before[0],
        "day_before": before[1],
        "enough": enough,
        "times": times,
        "largest": largest,
        "limit": limit,
        "exponent": exponent,
    }
    return (await connection.execute(_NOTABLE, parameters)).mappings().all()


async def accounts(connection: AsyncConnection, book_id: UUID, limit: int) -> Sequence[AnyRow]:
    return (await connection.execute(_ACCOUNTS, {"book": book_id, "limit": limit})).all()


async def currencies(connection: AsyncConnection, book_id: UUID) -> dict[UUID, str]:
    """Of each account."""
    return {row.id: row.currency for row in (await connection.execute(_CURRENCIES, {"book": book_id})).all()}


async def name(connection: AsyncConnection, book_id: UUID) -> str:
    return str(await connection.scalar(_NAME, {"book": book_id}))

"""Statements that read a whole book, its transactions through a cursor."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import JSON, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow

BATCH = 500

_BOOK = text(
    """
    SELECT b.name, b.base_currency,
           (SELECT min(date) FROM transactions WHERE book_id = :book) AS first_day,
           (SELECT max(date) FROM transactions WHERE book_id = :book) AS last_day
    FROM books b WHERE b.id = :book
    """
).bindparams(bindparam("book", type_=Uuid))

# One look into an index for each account and category, however many postings they have.
_FIRST_USED = text(
    """
    SELECT a.id::text AS id, (SELECT p.date FROM postings p WHERE p.book_id = :book AND p.account_id = a.id
                              ORDER BY p.date LIMIT 1) AS day
    FROM accounts a WHERE a.book_id = :book
    UNION ALL
    SELECT c.id::text, (SELECT p.date FROM postings p WHERE p.book_id = :book AND p.category_id = c.id
                        ORDER BY p.date LIMIT 1)
    FROM categories c WHERE c.book_id = :book
    """
).bindparams(bindparam("book", type_=Uuid))

_NAMES = {
    table: text(f"SELECT id::text AS id, name FROM {table} WHERE book_id = :book ORDER BY id").bindparams(  # noqa: S608  # nosec B608
        bindparam("book", type_=Uuid)
    )
    for table in ("payees", "tags")
}

_CURRENCIES = text(
    """
    SELECT code, name, exponent FROM currencies
    WHERE code IN (SELECT currency FROM accounts WHERE book_id = :book
                   UNION SELECT base_currency FROM books WHERE id = :book)
    ORDER BY code
    """
).bindparams(bindparam("book", type_=Uuid))

_MONTHLY = text(
    """
    SELECT month, account_id::text AS account_id, sum(inflow - outflow) AS change
    FROM monthly_totals WHERE book_id = :book GROUP BY month, account_id ORDER BY month, account_id
    """
).bindparams(bindparam("book", type_=Uuid))

_TRANSACTIONS = (
    text(
        """
        SELECT t.id::text AS id, t.type, t.date, t.payee_id::text AS payee_id,
               (SELECT y.name FROM payees y WHERE y.book_id = :book AND y.id = t.payee_id) AS payee,
               t.description, t.notes, t.status, t.external_id, t.original_amount, t.original_currency,
               t.refund_of_id::text AS refund_of_id,
               CASE WHEN (SELECT nullif(current_setting('app.hidden_accounts', true), '')) IS NULL THEN false
                    ELSE t.id IN (SELECT partial_transactions()) END AS other_side_private,
               (SELECT json_agg(json_build_array(p.account_id, p.category_id, p.role, p.amount::text, p.memo)
                                ORDER BY p.line)
                FROM postings p WHERE p.book_id = :book AND p.transaction_id = t.id) AS lines,
               (SELECT json_agg(x.tag_id ORDER BY x.tag_id)
                FROM transaction_tags x WHERE x.book_id = :book AND x.transaction_id = t.id) AS tag_ids
        FROM transactions t WHERE t.book_id = :book ORDER BY t.date, t.id
        """
    )
    .bindparams(bindparam("book", type_=Uuid))
    .columns(lines=JSON, tag_ids=JSON)
)


async def book(connection: AsyncConnection, book_id: UUID) -> AnyRow:
    return (await connection.execute(_BOOK, {"book": book_id})).one()


async def first_used(connection: AsyncConnection, book_id: UUID) -> dict[str, date]:
    """The day of the first posting, by the id of each account and category that has one."""
    rows = (await connection.execute(_FIRST_USED, {"book": book_id})).all()
    return {row.id: row.day for row in rows if row.day is not None}


_ASSET_PRICES = text(
    """
    SELECT p.date, p.asset_id::text AS asset_id, p.price, a.currency
    FROM asset_prices p JOIN assets a ON a.book_id = p.book_id AND a.id = p.asset_id
    WHERE p.book_id = :book ORDER BY p.date, a.symbol_key
    """
).bindparams(bindparam("book", type_=Uuid))
_RATES = text(
    "SELECT date, base, quote, rate FROM book_rates WHERE book_id = :book ORDER BY date, base, quote"
).bindparams(bindparam("book", type_=Uuid))
# What a holding was valued at: the newest quote up to the end of each month in which there is one.
_QUOTES = text(
    """
    SELECT DISTINCT ON (a.id, date_trunc('month', q.date)) q.date, a.id::text AS asset_id, q.price, q.currency
    FROM assets a JOIN market_quotes q ON q.provider = a.provider AND q.symbol = a.provider_symbol
    LEFT JOIN (SELECT k.asset_id, array_agg(k.date) AS days FROM known_splits() AS k GROUP BY k.asset_id) AS s
        ON s.asset_id = a.id
    WHERE a.book_id = :book AND q.date >= (SELECT min(t.date) FROM trades t
                                           WHERE t.book_id = :book AND a.id IN (t.asset_id, t.to_asset_id))
      AND NOT EXISTS (SELECT FROM asset_prices p WHERE p.book_id = :book AND p.asset_id = a.id AND p.date = q.date)
      AND (q.adjusted_to IS NULL OR NOT EXISTS (
              SELECT FROM unnest(s.days) AS d(day) WHERE d.day > q.date AND d.day <= q.adjusted_to))
    ORDER BY a.id, date_trunc('month', q.date), q.date DESC
    """
).bindparams(bindparam("book", type_=Uuid))


async def prices(connection: AsyncConnection, book_id: UUID) -> tuple[Sequence[AnyRow], Sequence[AnyRow]]:
    """Prices of assets, the book's own and quotes of the ends of months, and the book's own rates.

    A quote in which a later split is counted already is no price of its day, and is left out.
    """
    own = (await connection.execute(_ASSET_PRICES, {"book": book_id})).all()
    quotes = (await connection.execute(_QUOTES, {"book": book_id})).all()
    rates = (await connection.execute(_RATES, {"book": book_id})).all()
    return [*own, *quotes], rates


async def names(connection: AsyncConnection, book_id: UUID, table: str) -> Sequence[AnyRow]:
    """Id and name of every payee or tag."""
    return (await connection.execute(_NAMES[table], {"book": book_id})).all()


async def currencies(connection: AsyncConnection, book_id: UUID) -> Sequence[AnyRow]:
    """Those that the book's accounts are in, and its base currency."""
    return (await connection.execute(_CURRENCIES, {"book": book_id})).all()


async def monthly(connection: AsyncConnection, book_id: UUID) -> Sequence[AnyRow]:
    """By how much each month changed each account, from the totals."""
    return (await connection.execute(_MONTHLY, {"book": book_id})).all()


async def transactions(connection: AsyncConnection, book_id: UUID) -> AsyncIterator[Sequence[AnyRow]]:
    """Every transaction by date and id, some at a time: the database keeps the place, nobody keeps the book."""
    result = await connection.stream(_TRANSACTIONS, {"book": book_id}, execution_options={"yield_per": BATCH})
    async for rows in result.partitions():
        yield rows

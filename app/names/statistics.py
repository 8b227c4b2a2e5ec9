"""What the transactions of a payee or a tag come to."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Integer, TextClause, Uuid, bindparam, text

from app.access.context import BookReader
from app.core.money import quantum
from app.names import payees, tags

TOP_CATEGORIES = 10

Document = dict[str, Any]

_OF_PAYEE = "SELECT id, date FROM transactions WHERE book_id = :book AND payee_id = :id"
_OF_TAG = """
    SELECT id, date FROM transactions WHERE book_id = :book AND id = ANY(ARRAY(
        SELECT transaction_id FROM transaction_tags WHERE book_id = :book AND tag_id = :id
    ))
"""

# A transaction counts as a whole: a split with a negative part is what was paid in the end. Postings are found by the
# ids of their transactions, as an array, before accounts come in: else the planner may read an account's whole history.
_STATISTICS = """
    WITH found AS MATERIALIZED ({found}),
    line AS MATERIALIZED (
        SELECT transaction_id, account_id, category_id, role, amount FROM postings
        WHERE book_id = :book AND role <> 'equity' AND transaction_id = ANY(ARRAY(SELECT id FROM found))
    ),
    moved AS MATERIALIZED (
        SELECT l.transaction_id, l.role, a.currency, sum(l.amount) AS net,
               sum(greatest(l.amount, 0)) AS inflow, sum(greatest(-l.amount, 0)) AS outflow
        FROM line l JOIN accounts a ON a.book_id = :book AND a.id = l.account_id
        GROUP BY 1, 2, 3
    ),
    flow AS (
        SELECT m.currency, c.exponent,
               count(*) FILTER (WHERE net > 0) AS coming, coalesce(sum(net) FILTER (WHERE net > 0), 0) AS inflow,
               count(*) FILTER (WHERE net < 0) AS going, coalesce(-sum(net) FILTER (WHERE net < 0), 0) AS outflow
        FROM moved m JOIN currencies c ON c.code = m.currency
        WHERE m.role = 'flow' GROUP BY 1, 2
    ),
    transfer AS (
        SELECT m.currency, c.exponent, count(*) AS count, sum(inflow) AS inflow, sum(outflow) AS outflow
        FROM moved m JOIN currencies c ON c.code = m.currency
        WHERE m.role = 'transfer' GROUP BY 1, 2
    ),
    category AS (
        SELECT u.category_id, u.count, c.name
        FROM (SELECT category_id, count(DISTINCT transaction_id) AS count FROM line WHERE role = 'flow' GROUP BY 1) u
        LEFT JOIN categories c ON c.book_id = :book AND c.id = u.category_id
        ORDER BY u.count DESC, c.name, c.id LIMIT :top
    )
    SELECT (SELECT count(*) FROM found) AS transactions,
           (SELECT min(date) FROM found) AS first_date,
           (SELECT max(date) FROM found) AS last_date,
           (SELECT json_agg(json_build_array(currency, exponent, coming, inflow::text, going, outflow::text)
                            ORDER BY currency) FROM flow) AS currencies,
           (SELECT json_agg(json_build_array(currency, exponent, count, inflow::text, outflow::text)
                            ORDER BY currency) FROM transfer) AS transfers,
           (SELECT json_agg(json_build_array(category_id, name, count) ORDER BY count DESC, name, category_id)
            FROM category) AS categories
"""


def _statement(found: str) -> Any:
    statement: TextClause = text(_STATISTICS.format(found=found)).bindparams(
        bindparam("book", type_=Uuid), bindparam("id", type_=Uuid), bindparam("top", type_=Integer)
    )
    return statement.columns(currencies=JSON, transfers=JSON, categories=JSON)


_PAYEE = _statement(_OF_PAYEE)
_TAG = _statement(_OF_TAG)


async def of_payee(book: BookReader, payee_id: UUID) -> Document:
    await payees.get(book, payee_id)
    return await _read(book, _PAYEE, payee_id)


async def of_tag(book: BookReader, tag_id: UUID) -> Document:
    await tags.get(book, tag_id)
    return await _read(book, _TAG, tag_id)


async def _read(book: BookReader, statement: Any, name_id: UUID) -> Document:
    parameters = {"book": book.book_id, "id": name_id, "top": TOP_CATEGORIES}
    row = (await book.connection.execute(statement, parameters)).one()
    return {
        "transactions": row.transactions,
        "first_date": row.first_date,
        "last_date": row.last_date,
        "currencies": [
            {
                "currency": currency,
                "inflow": _flow(coming, inflow, exponent),
                "outflow": _flow(going, outflow, exponent),
            }
            for currency, exponent, coming, inflow, going, outflow in row.currencies or []
        ],
        "transfers": [
            {
                "currency": currency,
                "transactions": count,
                "inflow": _exact(inflow, exponent),
                "outflow": _exact(outflow, exponent),
            }
            for currency, exponent, count, inflow, outflow in row.transfers or []
        ],
        "categories": [
            {"category_id": category, "name": name, "transactions": count}
            for category, name, count in row.categories or []
        ],
    }


def _flow(count: int, total: str, exponent: int) -> Document:
    exact = _exact(total, exponent)
    average = (exact / count).quantize(quantum(exponent)) if count else None
    return {"transactions": count, "total": exact, "average": average}


def _exact(amount: str, exponent: int) -> Decimal:
    """With exactly the currency's decimals, which a sum of nothing lacks."""
    return Decimal(amount).quantize(quantum(exponent))

"""What holdings paid in a time: dividends and interest, by asset."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Date, Integer, Text, Uuid, bindparam, text

from app.access.context import BookReader
from app.core.database import AnyRow
from app.core.money import quantum
from app.performance.repository import Asked

_INCOME = text(
    """
    WITH paid AS MATERIALIZED (
        SELECT t.asset_id, t.date, t.kind = 'interest' AS interest, a.currency, t.amount, t.taxes
        FROM trades t
        JOIN accounts a ON a.book_id = :book AND a.id = t.account_id
        WHERE t.book_id = :book AND t.date BETWEEN :first_day AND :last_day
          AND t.kind IN ('dividend', 'reinvest', 'interest')
    ),
    rated AS MATERIALIZED (
        SELECT d.currency, d.date, rate_at(d.currency, :currency, d.date) AS rate
        FROM (SELECT DISTINCT p.currency, p.date FROM paid p) AS d
    )
    SELECT s.symbol, s.name, p.currency, r.rate IS NOT NULL AS converted, count(*) AS payments,
           sum(p.amount) AS amount,
           coalesce(sum(round(p.amount * r.rate, :exponent)) FILTER (WHERE NOT p.interest), 0) AS dividends,
           coalesce(sum(round(p.amount * r.rate, :exponent)) FILTER (WHERE p.interest), 0) AS interest,
           coalesce(sum(round(p.taxes * r.rate, :exponent)), 0) AS taxes
    FROM paid p
    JOIN assets s ON s.book_id = :book AND s.id = p.asset_id
    JOIN rated r ON r.currency = p.currency AND r.date = p.date
    GROUP BY s.symbol_key, s.symbol, s.name, p.currency, converted
    ORDER BY s.symbol_key, p.currency
    """
).bindparams(
    bindparam("book", type_=Uuid),
    bindparam("currency", type_=Text),
    bindparam("exponent", type_=Integer),
    bindparam("first_day", type_=Date),
    bindparam("last_day", type_=Date),
)


@dataclass
class Paid:
    """What one asset paid, in the currency asked for; dividends and interest are before taxes, reinvested ones too."""

    symbol: str
    name: str
    payments: int
    dividends: Decimal
    interest: Decimal
    taxes: Decimal


@dataclass(frozen=True)
class Income:
    """By symbol; what came in a currency without a rate on its day is in `unconverted` alone, with its `amount`."""

    paid: Sequence[Paid]
    unconverted: Sequence[AnyRow]


async def income(book: BookReader, asked: Asked, first: date, last: date) -> Income:
    """What was paid from one day to another, both included, on all accounts; each payment at the rate of its day."""
    zero = Decimal(0).quantize(quantum(asked.exponent))
    found: dict[str, Paid] = {}
    names = {"book": book.book_id, "currency": asked.currency, "exponent": asked.exponent}
    rows = (await book.connection.execute(_INCOME, {**names, "first_day": first, "last_day": last})).all()
    for row in rows:
        if row.converted:
            paid = found.setdefault(row.symbol, Paid(row.symbol, row.name, 0, zero, zero, zero))
            paid.payments += row.payments
            paid.dividends += row.dividends
            paid.interest += row.interest
            paid.taxes += row.taxes
    return Income(list(found.values()), [row for row in rows if not row.converted])

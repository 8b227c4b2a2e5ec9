"""Realised gains: what sales brought beyond what their lots had cost."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Date, Integer, Uuid, bindparam, text

from app.access.context import BookReader
from app.core.database import AnyRow
from app.core.errors import FieldError, InvalidError
from app.core.money import quantum
from app.core.pagination import PageRequest, bad_cursor, decode_cursor, encode_cursor

Document = dict[str, Any]
_NAME = "gains"
_WANTED = """
    FROM disposals d
    JOIN accounts a ON a.book_id = :book AND a.id = d.account_id
    JOIN assets s ON s.book_id = :book AND s.id = d.asset_id
    WHERE d.book_id = :book AND d.disposed_on >= :first AND d.disposed_on <= :last
      AND (CAST(:account AS uuid) IS NULL OR d.account_id = :account)
      AND (CAST(:asset AS uuid) IS NULL OR d.asset_id = :asset)
"""
_PARAMETERS = (
    bindparam("book", type_=Uuid),
    bindparam("first", type_=Date),
    bindparam("last", type_=Date),
    bindparam("account", type_=Uuid),
    bindparam("asset", type_=Uuid),
)
_PAGE = text(
    f"""
    SELECT d.trade_id, d.lot_trade_id, d.account_id, d.asset_id, d.line, s.symbol, a.currency, d.acquired_on,
           d.disposed_on, d.quantity, d.proceeds, d.cost, d.proceeds - d.cost AS gain, d.base_proceeds, d.base_cost,
           d.base_proceeds - d.base_cost AS base_gain, d.long_term
    {_WANTED}
      AND (NOT :behind OR (d.disposed_on, d.account_id, d.asset_id, d.line)
                        > (:after_day, :after_account, :after_asset, :after_line))
    ORDER BY d.disposed_on, d.account_id, d.asset_id, d.line LIMIT :limit OFFSET :skip
    """  # nosec B608  # constants of this module
).bindparams(
    *_PARAMETERS,
    bindparam("behind", type_=Boolean),
    bindparam("after_day", type_=Date),
    bindparam("after_account", type_=Uuid),
    bindparam("after_asset", type_=Uuid),
    bindparam("after_line", type_=Integer),
)
_SUMS = text(
    f"""
    SELECT a.currency, d.long_term, count(*) AS disposals, sum(d.proceeds) AS proceeds, sum(d.cost) AS cost,
           d.base_proceeds IS NOT NULL AND d.base_cost IS NOT NULL AS converted,
           sum(d.base_proceeds) AS base_proceeds, sum(d.base_cost) AS base_cost
    {_WANTED}
    GROUP BY a.currency, d.long_term, converted ORDER BY a.currency
    """  # nosec B608  # constants of this module
).bindparams(*_PARAMETERS)
_SALES = text(
    f"""
    SELECT d.disposed_on, s.symbol, d.long_term, sum(d.quantity) AS quantity,
           CASE WHEN {{known}} THEN sum(d.base_proceeds) END AS base_proceeds,
           CASE WHEN {{known}} THEN sum(d.base_cost) END AS base_cost
    {_WANTED}
    GROUP BY d.disposed_on, d.account_id, d.asset_id, d.trade_id, s.symbol, d.long_term
    ORDER BY d.disposed_on, d.account_id, d.asset_id, min(d.line)
    """.format(known="bool_and(d.base_proceeds IS NOT NULL AND d.base_cost IS NOT NULL)")  # nosec B608  # constants
).bindparams(*_PARAMETERS)
_TERMS = {False: "short_term", True: "long_term"}


async def gains(
    book: BookReader,
    first: date,
    last: date,
    *,
    account_id: UUID | None,
    asset_id: UUID | None,
    page: PageRequest,
) -> Document:
    """Disposals from one day to another, both included, and their sums over the whole range.

    In the base currency each cost is at the rate of its day of purchase and each proceeds at that of the sale; what
    lacks one of them is listed as unconverted, and is in no sum of `base`.
    """
    if first > last:
        raise InvalidError(FieldError("query.from", "empty_range", "from is after to"))
    wanted = {"book": book.book_id, "first": first, "last": last, "account": account_id, "asset": asset_id}
    rows = (
        await book.connection.execute(
            _PAGE, {**wanted, **_behind(page.cursor), "limit": page.limit + 1, "skip": page.skip}
        )
    ).all()
    total, sums = await _summed(book, wanted)
    shown = rows[: page.limit]
    cursor = None
    if len(rows) > page.limit:
        end = shown[-1]
        cursor = encode_cursor(_NAME, [end.disposed_on, end.account_id, end.asset_id, end.line])
    return {
        "items": [dict(row._mapping) for row in shown],  # noqa: SLF001  # the documented way to a row's mapping
        "next_cursor": cursor,
        "total": total if page.include_total else None,
        **sums,
    }


async def sales(book: BookReader, first: date, last: date) -> tuple[Sequence[AnyRow], Document]:
    """What each sale from one day to another brought of what was held for one term, and the sums as `gains` has them.

    In the base currency; None where a rate of one of its parts is not known.
    """
    wanted = {"book": book.book_id, "first": first, "last": last, "account": None, "asset": None}
    rows = (await book.connection.execute(_SALES, wanted)).all()
    return rows, (await _summed(book, wanted))[1]


async def _summed(book: BookReader, wanted: Document) -> tuple[int, Document]:
    """How many disposals there are, and what they come to."""
    sums = (await book.connection.execute(_SUMS, wanted)).all()
    zero = Decimal(0).quantize(quantum(book.base_exponent))
    known = [(row, row.base_proceeds, row.base_cost) for row in sums if row.converted]
    return sum(row.disposals for row in sums), {
        "currencies": [
            _totals(currency, [(row, row.proceeds, row.cost) for row in sums if row.currency == currency], None)
            for currency in sorted({row.currency for row in sums})
        ],
        "base": _totals(book.base_currency, known, zero),
        "unconverted": _unconverted([row for row in sums if not row.converted]),
    }


def _totals(currency: str, sums: list[tuple[AnyRow, Decimal, Decimal]], zero: Decimal | None) -> Document:
    """By how long things were held; without anything, `zero` gives the decimals."""
    nothing = zero if zero is not None else sums[0][1] - sums[0][1]
    found = {term: [nothing, nothing] for term in (*_TERMS.values(), "total")}
    for row, proceeds, cost in sums:
        for term in (_TERMS[row.long_term], "total"):
            found[term][0] += proceeds
            found[term][1] += cost
    return {"currency": currency, **{term: _sum(*both) for term, both in found.items()}}


def _unconverted(rows: list[AnyRow]) -> list[Document]:
    found: dict[str, tuple[int, Decimal, Decimal]] = {}
    for row in rows:
        count, proceeds, cost = found.get(row.currency, (0, Decimal(0), Decimal(0)))
        found[row.currency] = (count + row.disposals, proceeds + row.proceeds, cost + row.cost)
    return [
        {"currency": currency, "disposals": count, **_sum(proceeds, cost)}
        for currency, (count, proceeds, cost) in found.items()
    ]


def _sum(proceeds: Decimal, cost: Decimal) -> Document:
    return {"proceeds": proceeds, "cost": cost, "gain": proceeds - cost}


def _behind(cursor: str | None) -> Document:
    names = ("after_day", "after_account", "after_asset", "after_line")
    if cursor is None:
        return {"behind": False, **dict.fromkeys(names)}
    day, account_id, asset_id, line = decode_cursor(cursor, _NAME, 4)
    try:
        values = (date.fromisoformat(day), UUID(account_id), UUID(asset_id), int(line))
    except (TypeError, ValueError, AttributeError):
        raise bad_cursor() from None
    if not 0 <= values[3] < 2**31:
        raise bad_cursor()
    return {"behind": True, **dict(zip(names, values, strict=True))}

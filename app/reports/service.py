"""Reports over the monthly totals: their cost is that of the categories, not of the transactions."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.access.context import BookReader
from app.categories import service as categories
from app.core.money import quantum
from app.reports import repository
from app.reports.tree import roll_up


async def monthly(book: BookReader, year: int, month: int) -> dict[str, Any]:
    """Income and expenses of a month by category, in the book's base currency.

    A category's kind decides on which side it stands: a refund on an expense category lowers that category. What has
    no category stands by its direction. Amounts without a known exchange rate are listed under `unconverted` only.
    """
    rows = await repository.flows_of_month(book.connection, book.book_id, date(year, month, 1))
    tree = await categories.every(book)
    kind_of: dict[UUID, str] = {category["id"]: category["kind"] for category in tree}
    sides: dict[str, dict[UUID, Decimal]] = {"income": defaultdict(Decimal), "expense": defaultdict(Decimal)}
    loose = {"income": Decimal(0), "expense": Decimal(0)}
    unconverted: dict[str, dict[str, Decimal]] = {}
    for row in rows:
        _add_unconverted(unconverted, row, kind_of)
        if not row.base_inflow and not row.base_outflow:
            continue
        if row.category_id is None:
            loose["income"] += row.base_inflow
            loose["expense"] += row.base_outflow
        else:
            kind = kind_of[row.category_id]
            net = row.base_inflow - row.base_outflow
            sides[kind][row.category_id] += net if kind == "income" else -net
    income, total_income = roll_up(
        [c for c in tree if c["kind"] == "income"], sides["income"], loose["income"], book.base_exponent
    )
    expenses, total_expenses = roll_up(
        [c for c in tree if c["kind"] == "expense"], sides["expense"], loose["expense"], book.base_exponent
    )
    return {
        "year": year,
        "month": month,
        "currency": book.base_currency,
        "total_income": total_income,
        "total_expenses": total_expenses,
        "net": total_income - total_expenses,
        "income": income,
        "expenses": expenses,
        "unconverted": [{"currency": code, **amounts} for code, amounts in sorted(unconverted.items())],
    }


def _add_unconverted(found: dict[str, dict[str, Decimal]], row: Any, kind_of: dict[UUID, str]) -> None:
    """The same sides, in the currency of the account."""
    inflow, outflow = row.unconverted_inflow, row.unconverted_outflow
    if not inflow and not outflow:
        return
    zero = Decimal(0).quantize(quantum(row.exponent))
    amounts = found.setdefault(row.currency, {"income": zero, "expenses": zero})
    if row.category_id is None:
        amounts["income"] += inflow
        amounts["expenses"] += outflow
    elif kind_of[row.category_id] == "income":
        amounts["income"] += inflow - outflow
    else:
        amounts["expenses"] += outflow - inflow

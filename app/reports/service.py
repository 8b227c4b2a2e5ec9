"""Reports over the monthly totals: their cost is that of the categories, not of the transactions."""

from calendar import monthrange
from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from app.access.context import BookReader
from app.budgets import service as budgets
from app.budgets import views
from app.core.money import quantum
from app.reports import repository
from app.reports.tree import roll_up


async def monthly(book: BookReader, year: int, month: int) -> dict[str, Any]:
    """Income and expenses of a month by category, in the book's base currency, and how the budgets stand.

    A category's kind decides on which side it stands: a refund on an expense category lowers that category. What has
    no category stands by its direction. Amounts without a known exchange rate are listed under `unconverted` only.
    """
    tree, flows = await repository.month(book.connection, book.book_id, date(year, month, 1))
    kind_of: dict[str, str] = {category["id"]: category["kind"] for category in tree}
    sides: dict[str, dict[str, Decimal]] = {"income": defaultdict(Decimal), "expense": defaultdict(Decimal)}
    loose = {"income": Decimal(0), "expense": Decimal(0)}
    unconverted: dict[str, dict[str, Decimal]] = {}
    for flow in flows:
        _add_unconverted(unconverted, flow, kind_of)
        inflow, outflow = Decimal(flow["base_inflow"]), Decimal(flow["base_outflow"])
        category_id = flow["category_id"]
        if not inflow and not outflow:
            continue
        if category_id is None:
            loose["income"] += inflow
            loose["expense"] += outflow
        elif kind_of[category_id] == "income":
            sides["income"][category_id] += inflow - outflow
        else:
            sides["expense"][category_id] += outflow - inflow
    income, total_income = roll_up(
        [c for c in tree if c["kind"] == "income"], sides["income"], loose["income"], book.base_exponent
    )
    expenses, total_expenses = roll_up(
        [c for c in tree if c["kind"] == "expense"], sides["expense"], loose["expense"], book.base_exponent
    )
    day = last_day(book, year, month)
    statuses = await budgets.statuses(book, day, until=day)
    return {
        "year": year,
        "month": month,
        "currency": book.base_currency,
        "total_income": total_income,
        "total_expenses": total_expenses,
        "net": total_income - total_expenses,
        "income": income,
        "expenses": expenses,
        "budgets": [views.shown(status) for status in statuses],
        "unconverted": [{"currency": code, **amounts} for code, amounts in sorted(unconverted.items())],
    }


def last_day(book: BookReader, year: int, month: int) -> date:
    """Of a month; of the present one today."""
    today = book.actor.today()
    if (year, month) == (today.year, today.month):
        return today
    return date(year, month, monthrange(year, month)[1])


async def of_budgets(book: BookReader, at: date) -> dict[str, Any]:
    """How every budget stands in its period that contains a day, and their sums."""
    return views.summed(book, at, await budgets.statuses(book, at))


def _add_unconverted(found: dict[str, dict[str, Decimal]], flow: dict[str, Any], kind_of: dict[str, str]) -> None:
    """The same sides, in the currency of the account."""
    inflow, outflow = Decimal(flow["unconverted_inflow"]), Decimal(flow["unconverted_outflow"])
    if not inflow and not outflow:
        return
    zero = Decimal(0).quantize(quantum(flow["exponent"]))
    amounts = found.setdefault(flow["currency"], {"income": zero, "expenses": zero})
    if flow["category_id"] is None:
        amounts["income"] += inflow
        amounts["expenses"] += outflow
    elif kind_of[flow["category_id"]] == "income":
        amounts["income"] += inflow - outflow
    else:
        amounts["expenses"] += outflow - inflow

"""The order of day, month and year when a file leaves it open."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from app.core.written_dates import ORDERS, DateOrder, Numeric, dissect, numeric_dates, orders_of_all
from app.imports.csv.outcome import Confidence, Question

# Two readings of dates with two-digit years are told apart by the years they give: a bank export spans few of them.
_FEW_YEARS, _MANY_YEARS = 2, 10


class OrderDecision(NamedTuple):
    """The order of a column, None where every order reads it the same; or the question to ask."""

    order: DateOrder | None
    confidence: Confidence
    question: Question | None = None


def decide_order(column: Sequence[str], others: Iterable[str]) -> OrderDecision:
    """The one order in which all dates of the column exist.

    Dates which exist in no order count for nothing. Where the column leaves two orders open, `others`, the cells of the
    file's other date columns, may decide. Nothing else does: which order is more usual is never asked.
    """
    dates = numeric_dates(column)
    if not dates:
        year_first = any(isinstance(dissect(text), date) and text.strip()[:4].isdigit() for text in column[:1])
        return OrderDecision("YMD" if year_first else None, "certain")
    orders = orders_of_all(dates)
    if len(orders) == 1:
        return OrderDecision(orders[0], "certain")
    if orders and all(numeric.read("DMY") == numeric.read("MDY") for numeric in dates):
        return OrderDecision(None, "certain")
    orders = [order for order in orders_of_all(dates | numeric_dates(others)) if order in orders] or orders
    orders = _by_years(dates, orders)
    if len(orders) == 1:
        return OrderDecision(orders[0], "likely")
    if orders and all(len({numeric.read(order) for order in orders}) == 1 for numeric in dates):
        return OrderDecision(None, "certain")
    return OrderDecision(None, "guess", _order_question(dates, orders))


def _by_years(dates: Iterable[Numeric], orders: list[DateOrder]) -> list[DateOrder]:
    """Of the orders, those left when one that puts the year first and one that puts it last differ widely in years."""
    spans = {order: _years(dates, order) for order in orders}
    few = [order for order in orders if spans[order] <= _FEW_YEARS]
    if few and all(order in few or spans[order] >= _MANY_YEARS for order in orders):
        return few
    return orders


def _years(dates: Iterable[Numeric], order: DateOrder) -> int:
    return len({found.year for numeric in dates if (found := numeric.read(order)) is not None})


def _order_question(dates: Mapping[Numeric, str], orders: list[DateOrder]) -> Question:
    options = orders or [order for order in ORDERS if any(numeric.read(order) for numeric in dates)]
    code = "ambiguous_date_order" if orders else "conflicting_date_orders"
    example = next(n for n in dates if len({n.read(order) for order in options}) > 1)
    readings = [(order, example.read(order)) for order in options]
    meanings = " or ".join(f"{found:%d %B %Y} ({order})" for order, found in readings if found is not None)
    shown = dates[example]
    if orders:
        detail = f"The dates can be read in more than one order: {shown} may be {meanings}."
    else:
        detail = f"No one order of day, month and year fits all dates; {shown}, for one, only fits {meanings}."
    return Question("date_order", code, detail, list(options))

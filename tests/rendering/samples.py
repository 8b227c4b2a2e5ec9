"""Charts of every kind, as reports would hand them over."""

from decimal import Decimal

from app.rendering.model import Chart, Link, Series

MONTHS = [f"2026-{month:02}" for month in range(1, 13)]
INCOME = Series("Income", [Decimal(3200 + 40 * n) for n in range(12)])
EXPENSES = Series("Expenses", [Decimal(2100 + (n * 731) % 900) for n in range(12)])
GAPS = Series("Savings", [None if n in {3, 4, 7} else Decimal(150 * n - 400) for n in range(12)])
NAMES = ["Housing", "Groceries", "Transport", "Health & care", "Fun", "A category with a really long name indeed"]

BARS = Chart("bars", "Income and expenses", "EUR", MONTHS, [INCOME, EXPENSES])
STACKED = Chart("stacked", "What moved", "EUR", MONTHS, [INCOME, EXPENSES, GAPS], "Amount")
LINES = Chart("lines", "Net worth", "EUR", MONTHS, [INCOME, EXPENSES, GAPS])
AREA = Chart("area", "Balances", "EUR", MONTHS, [INCOME, GAPS])
LYING = Chart("bars", "By category", "EUR", NAMES, [Series("Expenses", [Decimal(900 - 120 * n) for n in range(6)])])
DONUT = Chart("donut", "Expenses", "EUR", NAMES, [Series("Expenses", [Decimal(900 - 120 * n) for n in range(6)])])
FLOW = Chart(
    "flow",
    "Where it went",
    "EUR",
    nodes=["Salary", "Interest", "Income", "Housing", "Groceries", "Savings"],
    links=[
        Link(0, 2, Decimal(3200)),
        Link(1, 2, Decimal("12.50")),
        Link(2, 3, Decimal(1400)),
        Link(2, 4, Decimal(800)),
        Link(2, 5, Decimal("1012.50")),
    ],
)
EVERY = {
    "bars": BARS, "stacked": STACKED, "lines": LINES, "area": AREA, "lying": LYING, "donut": DONUT, "flow": FLOW,
}  # fmt: skip


def categories(count: int) -> Chart:
    """Bars of so many categories, none of which is as large as another."""
    values = [Decimal(1000 + 13 * n) for n in range(count)]
    return Chart("bars", "Everything", "EUR", [f"Category {n}" for n in range(count)], [Series("Spent", values)])

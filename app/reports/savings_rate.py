"""How much of the income is not spent, month by month."""

from decimal import Decimal
from typing import Any

from app.access.context import BookReader
from app.core.money import percent as in_percent
from app.rendering.model import Chart, Column, Series, Table
from app.reports.asked import Grouped
from app.reports.periods import buckets
from app.reports.presenting import Document, money, percent, unconverted
from app.reports.schemas_flow import SavingsReport
from app.reports.spans import of_totals
from app.reports.trends import points, totals

NAME = "savings-rate"
TITLE = "Savings rate"
OUT = SavingsReport
PERIOD = "1year"
Asked = Grouped


async def run(book: BookReader, asked: Grouped) -> dict[str, Any]:
    """Net in percent of income: of each month, quarter or year, and of the whole period.

    More spent than earned is a negative rate; without income there is none. Transfers to savings are no expense, so
    they do not lower it.
    """
    span = await of_totals(book, asked, PERIOD)
    wanted = buckets(span.period, asked.by, asked.start_day)
    answer = await span.ask(("bucket",), wanted)
    return {
        **span.frame,
        **totals(answer),
        "points": [
            {**point, "savings_rate": _rate(point["net"], point["income"])}
            for point in points(answer, wanted, span.exponent)
        ],
        "savings_rate": _rate(answer.net, answer.income),
    }


def _rate(net: Decimal, income: Decimal) -> Decimal | None:
    return in_percent(net, income) if income > 0 else None


def tables(document: Document) -> list[Table]:
    currency = document["currency"]
    columns = [
        Column("month", "Month"),
        money("income", "Income", currency),
        money("expenses", "Expenses", currency),
        money("net", "Net", currency),
        percent("savings_rate", "Savings rate"),
    ]
    rows = [(p["month"], p["income"], p["expenses"], p["net"], p["savings_rate"]) for p in document["points"]]
    return [Table(NAME, TITLE, columns, rows), *unconverted(document)]


def chart(document: Document) -> Chart:
    shown = document["points"]
    return Chart(
        "lines",
        f"{TITLE}, {document['from']} to {document['to']}",
        "%",
        [point["month"] for point in shown],
        [Series(TITLE, [point["savings_rate"] for point in shown])],
    )

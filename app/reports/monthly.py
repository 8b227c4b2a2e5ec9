"""The report of a month: income and expenses by category, as trees, and how the budgets stand."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from pydantic import Field

from app.access.context import BookReader
from app.budgets import service as budgets
from app.budgets import views
from app.rendering.model import Cell, Chart, Column, Series, Table
from app.reports.asked import Filtered, StartDay, currency_of, refuse_tags
from app.reports.flows import Answer, Filters, Question, ask
from app.reports.periods import ONE_DAY, Bucket, bucket_name, month_start
from app.reports.presenting import Document, flat, money, percent, unconverted
from app.reports.schemas import MonthlyReport
from app.reports.tree import Node, roll_up

NAME = "monthly"
TITLE = "Income and expenses of a month"
OUT = MonthlyReport


class Asked(Filtered):
    """Which month; the present one when neither is said."""

    year: int | None = Field(default=None, ge=1900, le=9998, description="This year when absent.")
    month: int | None = Field(default=None, ge=1, le=12, description="This month when absent.")
    start_day: StartDay = 1


async def run(book: BookReader, asked: Asked) -> dict[str, Any]:
    """Income and expenses of a month by category, and how the budgets stand.

    A category's kind decides on which side it stands: a refund on an expense category lowers that category. What has
    no category stands by its direction. Amounts without a known exchange rate are listed under `unconverted` only.
    """
    refuse_tags(asked)
    currency, exponent = await currency_of(book, asked.currency)
    today = book.actor.today()
    year, month = asked.year or today.year, asked.month or today.month
    number = year * 12 + month - 1
    wanted = Bucket(
        bucket_name(number, "month"),
        month_start(number, asked.start_day),
        month_start(number + 1, asked.start_day) - ONE_DAY,
    )
    filters = Filters(tuple(asked.account_id), tuple(asked.category_id))
    answer = await ask(book, Question([wanted], currency, exponent, ("category",), filters))
    income, expenses = (side_of(answer, kind, exponent)[0] for kind in ("income", "expense"))
    day = today if wanted.first <= today <= wanted.last else wanted.last
    statuses = await budgets.statuses(book, day, until=day)
    return {
        "year": year,
        "month": month,
        "from": wanted.first,
        "to": wanted.last,
        "currency": currency,
        "total_income": answer.income,
        "total_expenses": answer.expenses,
        "net": answer.net,
        "income": income,
        "expenses": expenses,
        "budgets": [views.shown(status) for status in statuses],
        "unconverted": answer.unconverted,
    }


def side_of(answer: Answer, kind: str, exponent: int) -> tuple[list[Node], Decimal]:
    """Groups by category as the tree of one side, and its total."""
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    loose = Decimal(0)
    kinds = answer.kinds()
    for group in answer.groups:
        amount = group.income if kind == "income" else group.expenses
        category_id = group.key["category"]
        if category_id is None:
            loose += amount
        elif group.moved and kinds[category_id] == kind:
            amounts[category_id] += amount
    return roll_up(answer.of_kind(kind), amounts, loose, exponent)


def tables(document: Document) -> list[Table]:
    return [
        *(
            side_table(name, title, document[name], document["currency"])
            for name, title in (("income", "Income"), ("expenses", "Expenses"))
        ),
        totals_table(document),
        *unconverted(document),
    ]


def side_table(name: str, title: str, nodes: Sequence[Document], currency: str) -> Table:
    columns = [Column("category", "Category"), money("amount", "Amount", currency), percent("share", "Share")]
    return Table(name, title, columns, [(path, node["amount"], node["share"]) for path, node in flat(nodes)])


def totals_table(document: Document) -> Table:
    columns = [Column("total", "Total"), money("amount", "Amount", document["currency"])]
    rows: list[Sequence[Cell]] = [
        ("Income", document["total_income"]),
        ("Expenses", document["total_expenses"]),
        ("Net", document["net"]),
    ]
    return Table("totals", "Totals", columns, rows)


def chart(document: Document) -> Chart:
    """Spending by top-level category, the largest first."""
    nodes = document["expenses"]
    return Chart(
        "bars",
        f"Expenses, {document['from']} to {document['to']}",
        document["currency"],
        [node["name"] for node in nodes],
        [Series("Expenses", [node["amount"] for node in nodes])],
    )

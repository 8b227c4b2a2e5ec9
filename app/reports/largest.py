"""The largest transactions of a period."""

from datetime import date
from typing import Any

from pydantic import Field

from app.access.context import BookReader
from app.rendering.model import Chart, Column, Series, Table
from app.reports.asked import OfPostings, Side
from app.reports.presenting import Document, money, unconverted
from app.reports.schemas_flow import LargestReport
from app.reports.spans import of_postings

NAME = "largest"
TITLE = "Largest transactions"
OUT = LargestReport
PERIOD = "month"
SHOWN = ("date", "payee", "description", "category", "account", "amount")


class Asked(OfPostings):
    """One side of a period."""

    kind: Side = Field(default="expense", description="Spending, or earnings.")
    limit: int = Field(default=10, ge=1, le=100, description="How many at most.")


async def run(book: BookReader, asked: Asked) -> dict[str, Any]:
    """What was spent, or earned, in one transaction, the largest first.

    Amounts of different currencies are compared as they are converted. Transfers are neither, but their fees count.
    With a tag, a payee or an amount the postings of the period are read, of 24 months at most.
    """
    span = await of_postings(book, asked, PERIOD)
    side = "expenses" if asked.kind == "expense" else "income"
    answer = await span.ask(("transaction",), side=side, limit=asked.limit)
    return {
        **span.frame,
        "kind": asked.kind,
        "items": [
            {
                **group.key,
                "transaction_id": group.key["transaction"],
                "date": date.fromisoformat(group.key["date"]),
                "amount": getattr(group, side),
            }
            for group in answer.groups
            if getattr(group, side) > 0
        ],
        "unconverted": answer.unconverted,
    }


def tables(document: Document) -> list[Table]:
    columns = [
        Column("date", "Date", "date"),
        *(Column(name, name.capitalize()) for name in SHOWN[1:-1]),
        money("amount", "Amount", document["currency"]),
    ]
    rows = [tuple(item[name] for name in SHOWN) for item in document["items"]]
    return [Table(NAME, TITLE, columns, rows), *unconverted(document)]


def chart(document: Document) -> Chart:
    items = document["items"]
    return Chart(
        "bars",
        f"{TITLE}, {document['from']} to {document['to']}",
        document["currency"],
        [f"{item['date']} {item['payee'] or item['description'] or ''}".strip() for item in items],
        [Series("Amount", [item["amount"] for item in items])],
    )

"""Spending and earnings by payee and by tag: read from the totals by name."""

from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from app.access.context import BookReader
from app.core.money import percent as in_percent
from app.rendering.model import Chart, Column, Series, Table
from app.reports.asked import OfPostings, Side
from app.reports.presenting import Document, money, parts, percent, unconverted
from app.reports.schemas_flow import NamedReport
from app.reports.spans import of_postings

OUT = NamedReport
PERIOD = "month"
WITHOUT = {"payee": "Without a payee", "tag": "Without a tag"}


class Asked(OfPostings):
    """One side of a period."""

    kind: Side = Field(default="expense", description="Spending, or earnings.")
    limit: int = Field(default=50, ge=1, le=500, description="How many at most, the largest first.")


async def by(book: BookReader, asked: Asked, group: Literal["payee", "tag"]) -> dict[str, Any]:
    """What went through each name; refunds lower what was spent."""
    span = await of_postings(book, asked, PERIOD)
    side = "expenses" if asked.kind == "expense" else "income"
    answer = await span.ask((group,), side=side, limit=asked.limit)
    total: Decimal = getattr(answer, side)
    items = [
        {
            "id": each.key[group],
            "name": each.key[f"{group}_name"] or WITHOUT[group],
            "amount": getattr(each, side),
            "share": in_percent(getattr(each, side), total),
            "count": each.count,
        }
        for each in answer.groups
    ]
    return {
        **span.frame,
        "kind": asked.kind,
        "total": total,
        "items": items,
        "more": answer.group_count - len(items),
        "unconverted": answer.unconverted,
    }


def tables_of(document: Document, name: str, title: str) -> list[Table]:
    columns = [
        Column("name", "Name"),
        money("amount", "Amount", document["currency"]),
        percent("share", "Share"),
        Column("count", "Postings", "number"),
    ]
    rows = [(item["name"], item["amount"], item["share"], item["count"]) for item in document["items"]]
    return [Table(name, title, columns, rows), *unconverted(document)]


def chart_of(document: Document, title: str) -> Chart:
    shown = parts(document["items"])
    return Chart(
        "bars",
        f"{title}, {document['from']} to {document['to']}",
        document["currency"],
        [name for name, _ in shown],
        [Series("Expenses" if document["kind"] == "expense" else "Income", [amount for _, amount in shown])],
    )

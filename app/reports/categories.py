"""What was spent, or earned, by category, and how it developed month by month."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from pydantic import Field

from app.access.context import BookReader
from app.core.fields import EARLIEST
from app.core.money import quantum
from app.rendering.model import Chart, Column, Series, Table
from app.reports.asked import Side, Spanned
from app.reports.flows import Answer
from app.reports.monthly import side_of
from app.reports.periods import ONE_DAY, Bucket, Period, buckets, month_number, month_start
from app.reports.presenting import Document, flat, money, parts, percent, unconverted
from app.reports.schemas import CategoriesReport
from app.reports.spans import of_totals
from app.reports.tree import Node

NAME = "categories"
TITLE = "Spending by category"
OUT = CategoriesReport
PERIOD = "month"
MONTHS_OF_TREND = 6
Amounts = dict[str | None, list[Decimal]]


class Asked(Spanned):
    """One side of a period."""

    kind: Side = Field(default="expense", description="Spending, or earnings.")


async def run(book: BookReader, asked: Asked) -> dict[str, Any]:
    """What went through each category in a period, the largest first, as a tree; an amount includes what is below it.

    `trend` are the months of the period, or the six up to its end where it has fewer; the first and the last may be cut
    off by the period. Refunds lower what was spent.
    """
    span = await of_totals(book, asked, PERIOD)
    inside = buckets(span.period, "month", asked.start_day)
    lead = _lead(span.period, len(inside), asked.start_day)
    answer = await span.ask(("bucket", "category"), [*lead, *inside])
    own = _only(answer, len(lead))
    nodes, total = side_of(own, asked.kind, span.exponent)
    trend = _trend(answer, asked.kind, len(lead) + len(inside), span.exponent)
    return {
        **span.frame,
        "kind": asked.kind,
        "total": total,
        "items": [_item(node, trend, [*lead, *inside]) for node in nodes],
        "unconverted": answer.unconverted_in(range(len(lead), len(lead) + len(inside))),
    }


def _lead(period: Period, count: int, start_day: int) -> list[Bucket]:
    """Months before the period, so that there are six in all."""
    missing = MONTHS_OF_TREND - count
    if missing <= 0 or period.first.year <= EARLIEST.year:
        return []
    number = month_number(period.first, start_day)
    lead = Period(month_start(number - missing, start_day), month_start(number, start_day) - ONE_DAY)
    return buckets(lead, "month", start_day)


def _only(answer: Answer, skipped: int) -> Answer:
    """The same without the groups of the first buckets."""
    groups = [group for group in answer.groups if group.key["bucket"] >= skipped]
    return replace(answer, groups=groups)


def _trend(answer: Answer, kind: Side, count: int, exponent: int) -> Amounts:
    """By category and bucket, what is below included."""
    zero = Decimal(0).quantize(quantum(exponent))
    parents: dict[str | None, str | None] = {c["id"]: c["parent_id"] for c in answer.categories}
    found: Amounts = defaultdict(lambda: [zero] * count)
    for group in answer.groups:
        amount = group.income if kind == "income" else group.expenses
        place: str | None = group.key["category"]
        found[place][group.key["bucket"]] += amount
        while place is not None and (place := parents[place]) is not None:
            found[place][group.key["bucket"]] += amount
    return found


def _item(node: Node, trend: Amounts, wanted: Sequence[Bucket]) -> dict[str, Any]:
    amounts = trend[node["category_id"]]
    points = [
        {"month": bucket.name, "from": bucket.first, "to": bucket.last, "amount": amount}
        for bucket, amount in zip(wanted, amounts, strict=True)
    ]
    return {**node, "trend": points, "children": [_item(child, trend, wanted) for child in node["children"]]}


def tables(document: Document) -> list[Table]:
    items = list(flat(document["items"]))
    months = [point["month"] for point in items[0][1]["trend"]] if items else []
    currency = document["currency"]
    columns = [
        Column("category", "Category"),
        money("amount", "Amount", currency),
        percent("share", "Share"),
        *(money(f"trend_{place}", month, currency) for place, month in enumerate(months)),
    ]
    rows = [
        (path, item["amount"], item["share"], *(point["amount"] for point in item["trend"])) for path, item in items
    ]
    return [Table("categories", _title(document), columns, rows), *unconverted(document)]


def chart(document: Document) -> Chart:
    """Shares of the whole; what refunds made negative is no part of one."""
    shown = parts(document["items"])
    return Chart(
        "donut",
        f"{_title(document)}, {document['from']} to {document['to']}",
        document["currency"],
        [name for name, _ in shown],
        [Series(_title(document), [amount for _, amount in shown])],
    )


def _title(document: Document) -> str:
    return "Expenses" if document["kind"] == "expense" else "Income"

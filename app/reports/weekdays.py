"""What was spent, or earned, by day of the week."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from pydantic import Field

from app.access.context import BookReader
from app.core.money import percent as in_percent
from app.core.money import quantum
from app.rendering.model import Chart, Column, Series, Table
from app.reports.asked import Side, Spanned
from app.reports.periods import Period
from app.reports.presenting import Document, money, percent, unconverted
from app.reports.schemas_flow import WeekdaysReport
from app.reports.spans import of_totals

NAME = "weekdays"
TITLE = "Spending by day of the week"
OUT = WeekdaysReport
PERIOD = "3months"
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Asked(Spanned):
    """One side of a period."""

    kind: Side = Field(default="expense", description="Spending, or earnings.")


async def run(book: BookReader, asked: Asked) -> dict[str, Any]:
    """What moved on each day of the week, and what one such day moves on average: over all of the period's days.

    Days to come count in the average as days on which nothing was spent, unless something is dated on them.
    """
    span = await of_totals(book, asked, PERIOD)
    answer = await span.ask(("weekday",))
    small = quantum(span.exponent)
    side = "expenses" if asked.kind == "expense" else "income"
    total: Decimal = getattr(answer, side)
    found = {group.key["weekday"]: group for group in answer.groups}
    items = []
    for number, name in enumerate(DAYS, start=1):
        group = found.get(number)
        amount: Decimal = getattr(group, side) if group is not None else Decimal(0).quantize(small)
        days = days_in(span.period, number)
        items.append(
            {
                "weekday": number,
                "name": name,
                "amount": amount,
                "share": in_percent(amount, total),
                "days": days,
                "average": (amount / days).quantize(small) if days else None,
            }
        )
    return {**span.frame, "kind": asked.kind, "total": total, "items": items, "unconverted": answer.unconverted}


def days_in(period: Period, weekday: int) -> int:
    """How many Mondays (1) to Sundays (7) there are."""
    ahead = (weekday - period.first.isoweekday()) % 7
    if timedelta(days=ahead) > period.last - period.first:
        return 0
    return (period.days - 1 - ahead) // 7 + 1


def tables(document: Document) -> list[Table]:
    currency = document["currency"]
    columns = [
        Column("weekday", "Day"),
        money("amount", "Amount", currency),
        percent("share", "Share"),
        Column("days", "Days", "number"),
        money("average", "Average", currency),
    ]
    names = ("name", "amount", "share", "days", "average")
    rows = [tuple(item[name] for name in names) for item in document["items"]]
    return [Table(NAME, TITLE, columns, rows), *unconverted(document)]


def chart(document: Document) -> Chart:
    return Chart(
        "bars",
        f"{TITLE}, {document['from']} to {document['to']}",
        document["currency"],
        list(DAYS),
        [Series("Average of a day", [item["average"] for item in document["items"]])],
    )

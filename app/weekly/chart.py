"""The picture of a week: spending by day beside the week before it."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from app.core.money import plain
from app.mail.messages import Picture
from app.rendering import charts
from app.rendering.model import Chart, Series

NAME = "spending"


async def spending(days: Sequence[dict[str, Any]], currency: str) -> Picture:
    """Bars of seven days, as PNG. Nothing that people wrote is in it."""
    chart = Chart(
        "bars",
        title_of(days[0]["date"], days[-1]["date"]),
        currency,
        [f"{day['date']:%a}\n{day['date'].day}" for day in days],
        [
            Series("This week", [Decimal(day["expenses"]) for day in days]),
            Series("Week before", [Decimal(day["previous"]) for day in days]),
        ],
    )
    return Picture(NAME, "image/png", await charts.draw(chart, "png"))


def title_of(first: date, last: date) -> str:
    begins = f"{first.day} {first:%b}" if first.month != last.month else str(first.day)
    return f"Spending, {begins} to {last.day} {last:%b %Y}"


def in_words(days: Sequence[dict[str, Any]], currency: str) -> str:
    """The same for who does not see it."""
    told = ", ".join(f"{day['date']:%a} {plain(day['expenses'])}" for day in days)
    return f"Spending by day in {currency}: {told}"

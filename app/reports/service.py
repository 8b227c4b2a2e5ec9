"""What reports say that other domains keep."""

from datetime import date
from typing import Any

from app.access.context import BookReader
from app.budgets import service as budgets
from app.budgets import views


async def of_budgets(book: BookReader, at: date) -> dict[str, Any]:
    """How every budget stands in its period that contains a day, and their sums."""
    return views.summed(book, at, await budgets.statuses(book, at))

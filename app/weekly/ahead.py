"""What the weekly report takes from budgets and schedules."""

from datetime import date
from typing import Any

from app.access.context import BookReader


async def budgets(book: BookReader, day: date) -> list[dict[str, Any]]:
    """Each budget as it stands on a day."""
    return []


async def bills(book: BookReader, first: date, last: date) -> list[dict[str, Any]]:
    """What schedules have to be paid from one day to another, by date."""
    return []

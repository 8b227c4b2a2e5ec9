"""What the weekly report takes from budgets and schedules."""

from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from app.access.context import BookReader
from app.budgets.service import statuses
from app.schedules.planned import Planned, planned
from app.weekly import repository


async def budgets(book: BookReader, day: date) -> list[dict[str, Any]]:
    """Each budget in its period that contains a day, by what was spent up to that day."""
    return [asdict(status) for status in await statuses(book, day, until=day)]


async def bills(book: BookReader, first: date, last: date) -> list[dict[str, Any]]:
    """What schedules are to take from accounts from one day to another, by date; transfers are no bills."""
    coming = await planned(book, first, last)
    currencies = await repository.currencies(book.connection, book.book_id) if coming else {}
    return [
        {
            "schedule_id": one.schedule_id,
            "name": one.name,
            "date": one.date,
            "status": one.status,
            "amount": -outgoing,
            "currency": currencies[one.movements[0].account_id],
        }
        for one in coming
        if (outgoing := _flow(one)) < 0
    ]


def _flow(one: Planned) -> Decimal:
    """What is expected to go out (negative) or to come in, on the account of the schedule."""
    account = one.movements[0].account_id
    flows = (each.expected for each in one.movements if each.role == "flow" and each.account_id == account)
    return sum(flows, Decimal(0))

"""Valuing the amounts of a book anew, where its rates have changed."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.access.acting import open_for, writing_for
from app.core.errors import NotFoundError
from app.core.jobs.tasks import Work
from app.rates import repository
from app.transactions.revaluing import Range, open_part, recost, revalue, would_change

REVALUE = "rates.revalue"
"""The triggers of the database put jobs of this name into the queue, one for each book at a time."""


async def revalue_book(work: Work, payload: Mapping[str, Any]) -> None:
    """Value the noted days of a book anew; a book in which that changes nothing keeps its revision.

    The postings of closed periods stay as they are: opening one notes its days.
    """
    book_id = UUID(payload["book_id"])
    try:
        reader = await open_for(work.connection, book_id, None)
        noted = await repository.pending(work.connection, book_id)
        if noted is None:
            return
        if not await would_change(reader, Range(noted.first_day, noted.last_day)):
            await repository.settle(work.connection, book_id, noted.version)
            return
        async with writing_for(work.connection, book_id, None) as book:
            noted = await repository.settle(work.connection, book_id)
            if noted is not None:
                days = open_part(Range(noted.first_day, noted.last_day), book.locked_until)
                if days.first <= days.last:
                    await revalue(book, days)
                # Costs are computed from rates, and nothing keeps what they were: they follow in closed periods, too.
                await recost(book, Range(noted.first_day, noted.last_day))
    except NotFoundError:  # the book has gone
        return

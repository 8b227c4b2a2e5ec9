"""Looking once a week for accepted subscriptions that cost something else now, whatever their bill would have taken."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.access.acting import open_for
from app.core.errors import NotFoundError
from app.core.jobs.queue import defer
from app.core.jobs.tasks import Task, Work
from app.schedules import bills_links
from app.subscriptions.finding import Subscription, subscriptions_of

CHECK = "subscriptions.check"
NEWS = timedelta(days=45)
"""A change that is older is no news."""


async def check_books(work: Work, _: Mapping[str, Any]) -> None:
    """Have each book that has bills looked at by a job of its own."""
    for book_id in await bills_links.books_with_bills(work.connection):
        await defer(work.connection, CHECK, {"book_id": str(book_id)}, key=f"{CHECK}:{book_id}")


async def check(work: Work, payload: Mapping[str, Any]) -> None:
    """Tell of changed prices in one book, each once; what its bills were matched with was told then."""
    try:
        book = await open_for(work.connection, UUID(payload["book_id"]), None)
    except NotFoundError:
        return
    today = work.at.astimezone(ZoneInfo(book.actor.time_zone)).date()
    for each in await subscriptions_of(book, today):
        if each.schedule is not None and _is_news(each, today):
            before, after = each.found.price_change or (None, None)
            if before is not None and after is not None:
                await bills_links.tell_of_price(book, each.schedule.id, after.id, before.amount, after.amount)


def _is_news(each: Subscription, today: date) -> bool:
    change = each.found.price_change
    return change is not None and today - change[1].day <= NEWS


TASKS = (Task("subscriptions.weekly", check_books, every="30 4 * * 1"), Task(CHECK, check))

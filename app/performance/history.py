"""Value, cost and money put in, over time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from dateutil.relativedelta import relativedelta

from app.access.context import BookReader
from app.core.errors import invalid
from app.core.money import quantum
from app.performance import many_days, repository
from app.performance.kinds import Every
from app.performance.repository import Asked

Document = dict[str, Any]
MOST_POINTS = 4000
LONGEST = {"day": 100, "week": 750}
"""Days of a period up to which it is shown by the day, or by the week, where nobody says."""
EARLIEST = date(1900, 1, 1)


@dataclass(frozen=True)
class Span:
    """Both days are in it."""

    first: date
    last: date


async def span(book: BookReader, asked: Asked, first: date | None, last: date | None) -> Span:
    """From the first day on which anything was held, and until today, unless said otherwise; never beyond today.

    Raises `InvalidError` where it ends before it begins, and where all of it is to come.
    """
    if first is not None and last is not None and first > last:
        raise invalid("query.from", "from_after_to", f"is after the end of the period, {last}")
    today = book.actor.today()
    last = today if last is None else book.actor.known_day(last)
    if first is None:
        first = min(await repository.first_day(book, asked) or last, last)
    if first > last:
        raise invalid("query.from", "period_in_future", f"is in the future: today is {today}")
    return Span(first, last)


def points(period: Span, every: Every | None) -> list[date]:
    """The last day, and back from it the ends of days, weeks (Sundays) or months.

    Raises `InvalidError` for more than `MOST_POINTS`.
    """
    length = (period.last - period.first).days
    if every is None:
        every = "day" if length <= LONGEST["day"] else "week" if length <= LONGEST["week"] else "month"
    found = [period.last]
    for day in _back(period.last, every):
        if day < period.first:
            break
        found.append(day)
        if len(found) > MOST_POINTS:
            detail = f"is more than {MOST_POINTS} points: ask for a shorter period, or by the week or month"
            raise invalid("query.every", "too_many_points", detail)
    return found[::-1]


def _back(last: date, every: Every) -> Iterator[date]:
    day = last
    if every == "week":
        day += timedelta(days=(6 - last.weekday()) % 7)
    while True:
        if every == "month":
            day = day.replace(day=1) - timedelta(days=1)
        else:
            day -= timedelta(days=1 if every == "day" else 7)
        if day < EARLIEST:
            return
        if day < last:
            yield day


async def document(book: BookReader, asked: Asked, period: Span, every: Every | None) -> Document:
    """A point says what was held at the end of its day; what could not be valued is in none of its sums."""
    days = points(period, every)
    rows = {row.n: row for row in await many_days.by_day(book, asked, [(day, day) for day in days])}
    moved = await repository.net_by_day(book, asked, EARLIEST, period.last)
    nothing = Decimal(0).quantize(quantum(asked.exponent))
    listed: list[Document] = []
    invested, place, complete = nothing, 0, True
    for number, day in enumerate(days, start=1):
        while place < len(moved) and moved[place].day <= day:
            flow = moved[place]
            invested += flow.net
            complete = complete and flow.known
            place += 1
        row = rows.get(number)
        value, cost = (nothing + row.value, nothing + row.cost) if row is not None else (nothing, nothing)
        listed.append(
            {
                "date": day,
                "value": value,
                "cost": cost,
                "gain": value - cost,
                "invested": invested if complete else None,
                "unpriced": (row.unpriced or []) if row is not None else [],
                "unconverted": (row.unconverted or []) if row is not None else [],
            }
        )
    missing = {asset for point in listed for name in ("unpriced", "unconverted") for asset in point[name]}
    named = await repository.assets_named(book, missing) if missing else []
    return {
        "currency": asked.currency,
        "from": period.first,
        "to": period.last,
        "points": listed,
        "assets": [{"asset_id": row.id, "symbol": row.symbol, "name": row.name} for row in named],
    }


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier, or the last of its month."""
    return day - relativedelta(months=months)

"""All of a portfolio at one glance."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from app.access.context import BookReader
from app.core.database import AnyRow
from app.core.rounding import rounded_parts
from app.performance import repository
from app.performance.allocation import DIMENSIONS, spread
from app.performance.history import Span, months_before
from app.performance.periods import DAY, ZERO, Day, Period, add_flows
from app.performance.repository import Asked
from app.performance.returns import average_capital
from app.performance.valuation import PERCENT, Valuation, Valued, percent_of, value

Document = dict[str, Any]
BEST = 5
"""So many of the best and of the worst are shown."""
CHANGES = ("day", "month", "year")


async def document(book: BookReader, asked: Asked) -> Document:
    """Totals of today, what changed, the best and the worst, the allocation, and the income of twelve months."""
    at = book.actor.today()
    found = await value(book, asked, at)
    past = [at - DAY, months_before(at, 1), months_before(at, 12)]
    rows = {row.n: row for row in await repository.by_day(book, asked, [(day, day) for day in past])}
    year = Period(asked, Span(past[-1] + DAY, at))
    flows = await repository.flows(book, asked, year.span.first, at)
    add_flows(year, flows)
    gain = found.value - found.cost
    return {
        "at": at,
        "currency": asked.currency,
        "total_value": found.value,
        "total_cost": found.cost,
        "total_gain": gain,
        "total_gain_percent": percent_of(gain, found.cost),
        "changes": {
            name: _change(found, year, day, rows.get(number))
            for number, (name, day) in enumerate(zip(CHANGES, past, strict=True), start=1)
        },
        **_performers(found),
        "allocation": {by: _shares(found, by) for by in DIMENSIONS},
        "income": _income(found, flows, at),
        "unpriced": sorted({row.symbol for row in found.unpriced}),
        "unconverted": sorted({row.symbol for row in found.unconverted}),
    }


def _change(found: Valuation, year: Period, since: date, row: AnyRow | None) -> Document:
    """What was gained since the end of a day: None where something had no value then, has none now, or moved unknown.

    In percent of the average capital of the time (modified Dietz).
    """
    changed: Document = {"since": since, "gain": None, "gain_percent": None}
    known = all(holding.known for holding in year.holdings.values())
    if found.unpriced or found.unconverted or (row is not None and row.unvalued) or not known:
        return changed
    start: Decimal = ZERO if row is None else row.worth
    days = {day: moved for day, moved in year.days.items() if day > since}
    gain = found.value - start - sum((moved.net for moved in days.values()), ZERO)
    capital = average_capital(start, _capital_flows(days), since + DAY, found.at)
    return {"since": since, "gain": gain, "gain_percent": percent_of(gain, capital)}


def _capital_flows(days: dict[date, Day]) -> list[tuple[date, Decimal, Decimal]]:
    return [(day, moved.put_in, moved.taken_out) for day, moved in days.items()]


def _performers(found: Valuation) -> Document:
    rated = [(one, percent) for one in found.holdings if (percent := percent_of(one.gain, one.cost)) is not None]
    best = sorted((each for each in rated if each[1] > 0), key=lambda each: (-each[1], each[0].row.symbol))
    worst = sorted((each for each in rated if each[1] < 0), key=lambda each: (each[1], each[0].row.symbol))
    return {
        "top": [_performer(one, percent) for one, percent in best[:BEST]],
        "worst": [_performer(one, percent) for one, percent in worst[:BEST]],
    }


def _performer(one: Valued, percent: Decimal) -> Document:
    row = one.row
    return {
        "id": row.id,
        "account_id": row.account_id,
        "asset_id": row.asset_id,
        "symbol": row.symbol,
        "name": row.name,
        "value": one.value,
        "gain": one.gain,
        "gain_percent": percent,
    }


def _shares(found: Valuation, by: Any) -> list[Document]:
    parts, total = spread(found, by), found.value
    shares = rounded_parts([part.value * 100 / total if total else ZERO for part in parts], PERCENT)
    return [
        {"key": part.key, "name": part.name, "value": part.value, "share_percent": share}
        for part, share in zip(parts, shares, strict=True)
    ]


def _income(found: Valuation, flows: Sequence[AnyRow], at: date) -> Document:
    """Dividends and interest before taxes, by the month; twelve months and what the first of them lacks."""
    months: dict[str, Decimal] = defaultdict(lambda: found.nothing)
    for back in range(12, -1, -1):
        months[f"{months_before(at.replace(day=1), back):%Y-%m}"] += ZERO
    for flow in flows:
        if flow.day is not None:
            months[f"{flow.day:%Y-%m}"] += flow.dividends + flow.interest
    return {
        "total": sum(months.values(), found.nothing),
        "months": [{"month": month, "income": income} for month, income in months.items()],
    }

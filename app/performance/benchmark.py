"""How an asset did in the same time, by itself and with the same money put into it."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import anyio.to_thread

from app.access.context import BookReader
from app.assets.errors import AssetNotFoundError
from app.core.money import rounded
from app.performance import repository
from app.performance.periods import ZERO, Period, rate_document
from app.performance.returns import Outcome, Reason, money_weighted

Document = dict[str, Any]


async def document(book: BookReader, found: Period, asset_id: UUID) -> Document:
    """Raises `AssetNotFoundError` for one that is not in the book, or that this member does not see.

    Its own return is that of its price in the same currency, with splits evened out, from the beginning of the time, or
    from the first flow where nothing was held before. The same flows bought into it: what was held in the beginning
    buys units of it, each inflow more of them, each outflow and income sells some, all at that day's price; the return
    of that is money-weighted (A. Long and C. Nickels, "A Private Investment Benchmark", 1996).
    """
    named = await repository.assets_named(book, [asset_id])
    if not named:
        raise AssetNotFoundError(asset_id)
    start = found.total("start")
    first = found.before if start else min(found.days, default=found.before)
    days = sorted({first, *found.days, found.span.last})
    rows = {row.day: row for row in await repository.benchmark(book, found.asked, asset_id, days)}
    levels = {day: row.there for day, row in rows.items() if row.there}
    unpriced = any(row.price is None for row in rows.values())
    reason = None if len(levels) == len(days) else Reason.NO_PRICE if unpriced else Reason.NO_RATE
    own = _own(levels, first, found.span.last, reason)
    ends = await _with_the_same_flows(found, start, levels, reason)
    return {
        "asset_id": asset_id,
        "symbol": named[0].symbol,
        "name": named[0].name,
        "own": rate_document(own, (found.span.last - first).days),
        **ends,
    }


def _own(levels: Mapping[date, Decimal], first: date, last: date, reason: Reason | None) -> Outcome:
    if first not in levels or last not in levels:
        return Outcome(reason=reason)
    if first == last:
        return Outcome(reason=Reason.UNDER_A_DAY)
    return Outcome(levels[last] / levels[first] - 1)


async def _with_the_same_flows(
    found: Period, start: Decimal | None, levels: Mapping[date, Decimal], reason: Reason | None
) -> Document:
    if reason is None and (start is None or found.total("gain") is None):
        reason = found.lacking
    if reason is not None or start is None:
        return {"end_value": None, "gain": None, "money_weighted": rate_document(Outcome(reason=reason), found.length)}
    units = start / levels[found.before] if start else ZERO
    flows = [(found.before, -start)]
    for day, moved in sorted(found.days.items()):
        units += moved.net / levels[day]
        flows.append((day, -moved.net))
    end = rounded(units * levels[found.span.last], found.asked.exponent)
    outcome = await anyio.to_thread.run_sync(money_weighted, [*flows, (found.span.last, end)])
    net = sum((moved.net for moved in found.days.values()), start)
    return {
        "end_value": end,
        "gain": end - net,
        "money_weighted": rate_document(outcome, found.worked, annual=True),
    }

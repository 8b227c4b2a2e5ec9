"""What members are told of their holdings: moves of prices, large gains and losses, milestones of the total.

It is looked at once a day, over the last days that are complete: what a provider says late is still told, and each
thing once, by its key. Everything is in the book's currency.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

from app.access.context import BookReader
from app.core.database import AnyRow
from app.core.money import plain
from app.notifications.notices import Kind, Notice, notify_members
from app.notifications.preferences import LEAST_PRICE_MOVE
from app.performance import repository
from app.performance.repository import Asked

STEPS = tuple(Decimal(step) for step in (-75, -50, -20, 25, 50, 100, 200, 500, 1000))
"""Percent of the cost, at which a gain or loss is told."""
DAYS = 3
"""So many days are looked at, each beside the one before."""
FIRST_MILESTONE = 3
"""As a power of ten: 1,000, then 5,000, 10,000, 50,000 and so on."""
LAST_MILESTONE = 15

Row = AnyRow


async def look(book: BookReader, today: date) -> int:
    """Tell what happened on the last days that are over; returns how many were told anew."""
    days = [today - timedelta(days=back) for back in range(DAYS + 1, 0, -1)]
    asked = Asked(book.base_currency, book.base_exponent)
    steps = list(pairwise(days))
    # Each day as it was, and what was held on it at the prices of the day before: a move without purchases and splits.
    rows = await repository.cells(
        book, asked, [*((day, day) for day in days), *((day, before) for before, day in steps)]
    )
    places: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        places[row.n].append(row)
    told = 0
    for number, (before, day) in enumerate(steps):
        earlier, now, moved = places[number + 1], places[number + 2], places[len(days) + number + 1]
        for notice, audiences in (
            *price_moves(day, now, moved),
            *gains(book.base_currency, earlier, now),
            *milestones(book.base_currency, before, earlier, now),
        ):
            for accounts in audiences:
                told += await notify_members(book.connection, _for(notice, accounts))
    return told


Told = tuple[Notice, Sequence[Sequence[UUID]]]
"""What is told, and by which accounts: who sees all accounts of one of the groups is told."""


def _for(notice: Notice, accounts: Sequence[UUID]) -> Notice:
    return Notice(notice.kind, notice.key, notice.title, notice.body, notice.data, accounts)


def price_moves(day: date, now: Sequence[Row], before: Sequence[Row]) -> Iterator[Told]:
    """Prices that moved far; whoever sees an account with the asset on it is told, if that is far enough for them."""
    past = {row.id: row for row in before}
    assets: dict[UUID, list[Row]] = defaultdict(list)
    for row in now:
        assets[row.asset_id].append(row)
    for asset_id, rows in assets.items():
        row = rows[0]
        old = past.get(row.id)
        if old is None or row.price is None or not old.amount or row.price_currency != old.price_currency:
            continue
        percent = ((row.amount - old.amount) * 100 / old.amount).quantize(Decimal("0.1"))
        if abs(percent) < LEAST_PRICE_MOVE:
            continue
        words = f"{'up' if percent > 0 else 'down'} {plain(abs(percent))} %"
        data = {
            "asset_id": asset_id,
            "date": day,
            "percent": plain(percent),
            "price": plain(row.price),
            "currency": row.price_currency,
        }
        body = f"{row.name}: {plain(row.price)} {row.price_currency} on {row.priced_on}."
        notice = Notice(
            Kind.PRICE_MOVED, f"price_moved:{asset_id}:{row.priced_on}", f"{row.symbol} is {words}", body, data
        )
        yield notice, [[account] for account in sorted({each.account_id for each in rows})]


def gains(currency: str, before: Sequence[Row], now: Sequence[Row]) -> Iterator[Told]:
    """Holdings whose gain or loss passed one of `STEPS` that day; of several the furthest."""
    past = {row.id: _gain_percent(row) for row in before}
    for row in now:
        percent, old = _gain_percent(row), past.get(row.id)
        if percent is None or old is None:
            continue
        passed = [step for step in STEPS if (old < step <= percent if step > 0 else percent <= step < old)]
        if not passed:
            continue
        step = max(passed, key=abs)
        amount = plain(abs(row.value - row.cost_there))
        what = "gain" if step > 0 else "loss"
        data = {
            "holding_id": row.id,
            "asset_id": row.asset_id,
            "account_id": row.account_id,
            "step": plain(step),
            "percent": plain(percent.quantize(Decimal("0.1"))),
            "amount": plain(row.value - row.cost_there),
            "currency": currency,
        }
        title = f"{row.symbol}: a {what} of more than {plain(abs(step))} %"
        body = f"{row.name} on {row.account_name}: a {what} of {amount} {currency}."
        yield (
            Notice(Kind.HOLDING_GAIN, f"holding_gain:{row.id}:{plain(step)}", title, body, data),
            [[row.account_id]],
        )


def milestones(currency: str, since: date, before: Sequence[Row], now: Sequence[Row]) -> Iterator[Told]:
    """The highest milestone that the total passed upwards; for who sees all accounts with holdings.

    None on a day on which something came to have a value, or lost it: the total jumps then, and nothing was gained.
    """
    if not before or {row.id for row in before if row.value is None} != {row.id for row in now if row.value is None}:
        return
    old = sum((row.value for row in before if row.value is not None), Decimal(0))
    total = sum((row.value for row in now if row.value is not None), Decimal(0))
    passed = [mark for mark in marks() if old < mark <= total]
    if passed:
        mark = plain(passed[-1])
        data = {"milestone": mark, "total": plain(total), "currency": currency, "since": since}
        notice = Notice(
            Kind.PORTFOLIO_MILESTONE,
            f"portfolio_milestone:{currency}:{mark}",
            f"Your holdings are worth more than {mark} {currency}",
            f"Together they are worth {plain(total)} {currency}.",
            data,
        )
        yield notice, [sorted({row.account_id for row in (*before, *now)})]


def marks() -> Iterator[Decimal]:
    """1,000, 5,000, 10,000, 50,000 and so on."""
    for power in range(FIRST_MILESTONE, LAST_MILESTONE):
        yield Decimal(10**power)
        yield Decimal(5 * 10**power)


def _gain_percent(row: Row) -> Decimal | None:
    if row.value is None or not row.cost_there:
        return None
    percent: Decimal = (row.value - row.cost_there) * 100 / row.cost_there
    return percent

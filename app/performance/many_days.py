"""What was held on given days was worth in all, or on each account: few days are asked of the database one by one, many
are walked, and both say the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from anyio import to_thread

from app.access.context import BookReader
from app.performance import repository, series
from app.performance.repository import Asked, Pair
from app.performance.walking import Missing, Total, Walk

FEW = 32
"""Up to so many days each is looked up by itself."""
Totals = dict[UUID | None, list[Total]]


@dataclass(frozen=True)
class DaySum:
    """The sums of a pair of days, of which `n` is the place, from 1: as a row of `cells_sql.BY_DAY`."""

    n: int
    value: Decimal
    cost: Decimal
    worth: Decimal
    unpriced: Sequence[UUID]
    unconverted: Sequence[UUID]
    unrated: Sequence[str]
    unvalued: int


@dataclass(frozen=True)
class AccountSum:
    """The sums of an account and a day: as a row of `cells_sql.BY_ACCOUNT`."""

    day: date
    account_id: UUID
    value: Decimal
    unvalued: Sequence[dict[str, Any]]


async def by_day(book: BookReader, asked: Asked, pairs: Sequence[Pair]) -> Sequence[Any]:
    """The sums of each pair: held at the end of the one day, at the prices and rates of the other.

    A pair for which nothing was held has no row.
    """
    days = sorted({day for _, day in pairs})
    if len(days) <= FEW:
        return await repository.by_day(book, asked, pairs)
    lanes: dict[timedelta, dict[date, int]] = {}
    for n, (units, day) in enumerate(pairs, start=1):
        lanes.setdefault(day - units, {})[day] = n
    read = await series.read(book, asked, days, longest=max(lanes))
    return await day_sums(read, days, lanes)


async def by_account(book: BookReader, asked: Asked, days: Sequence[date]) -> Sequence[Any]:
    """The sums of each account and day, of what was held at its end."""
    if len(days) <= FEW:
        return await repository.by_account(book, asked, [(day, day) for day in days])
    read = await series.read(book, asked, days, longest=timedelta(0))
    return await to_thread.run_sync(_account_sums, read, days)


async def day_sums(read: series.Read, days: Sequence[date], lanes: dict[timedelta, dict[date, int]]) -> list[DaySum]:
    """Walk what was read, in a thread; `lanes` say by how long before a day it was held, and which pair that is."""
    return await to_thread.run_sync(_day_sums, read, days, lanes)


def _day_sums(read: series.Read, days: Sequence[date], lanes: dict[timedelta, dict[date, int]]) -> list[DaySum]:
    walk = Walk(read, [day.toordinal() for day in days])
    found = []
    for back, wanted in lanes.items():
        totals = walk.totals([day.toordinal() - back.days for day in days]).get(None, [])
        found += [_day_sum(wanted[days[one.place]], one) for one in totals if days[one.place] in wanted]
    return found


def _day_sum(n: int, one: Total) -> DaySum:
    unvalued = [each for each in one.missing if not each.valued]
    return DaySum(
        n,
        one.value,
        one.cost,
        one.worth,
        unpriced=sorted({each.asset_id for each in unvalued if each.currency is None}),
        unconverted=sorted({each.asset_id for each in one.missing if each.currency is not None}),
        unrated=sorted({each.currency for each in unvalued if each.currency is not None}),
        unvalued=len(unvalued),
    )


def _account_sums(read: series.Read, days: Sequence[date]) -> list[AccountSum]:
    walk = Walk(read, [day.toordinal() for day in days])
    return [
        AccountSum(days[one.place], account_id, one.worth, [_unvalued(each) for each in one.missing if not each.valued])
        for account_id, totals in walk.totals([day.toordinal() for day in days], by_account=True).items()
        if account_id is not None
        for one in totals
    ]


def _unvalued(each: Missing) -> dict[str, Any]:
    return {"asset_id": str(each.asset_id), "currency": each.currency, "amount": each.amount}

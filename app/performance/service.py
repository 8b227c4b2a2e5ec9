"""What holdings are worth, for other domains."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from app.access.context import BookReader
from app.currencies.service import exponent_of
from app.performance import many_days, repository
from app.performance.repository import Asked


@dataclass(frozen=True)
class Unvalued:
    """What was held and is in no value: without a price, or with `amount` in a `currency` that has no rate."""

    day: date
    account_id: UUID
    asset_id: UUID
    currency: str | None = None
    amount: Decimal | None = None


@dataclass(frozen=True)
class HoldingsValue:
    """`by_account` has no entry for an account on which nothing was held that day.

    Where something could not be valued the entry is of the rest, and what is missing is listed by day and account.
    """

    by_account: dict[tuple[date, UUID], Decimal] = field(default_factory=dict)
    unpriced: list[Unvalued] = field(default_factory=list)
    unconverted: list[Unvalued] = field(default_factory=list)


async def holdings_value(book: BookReader, days: Sequence[date], currency: str) -> HoldingsValue:
    """What was held at the end of each of these days, by account, at that day's prices and rates.

    In any currency, rounded to its decimals a holding; cash on the accounts is not part of it. A day to come is valued
    at the prices and rates of today. One statement however many days, and one for those to come. Raises `InvalidError`
    on `query.currency` for a currency that is not known.
    """
    asked = Asked(currency, await exponent_in(book, currency))
    found = HoldingsValue()
    valued = {day: book.actor.known_day(day) for day in sorted(set(days))}
    rows = list(await many_days.by_account(book, asked, [day for day, known in valued.items() if day == known]))
    rows += await repository.by_account(book, asked, [pair for pair in valued.items() if pair[0] != pair[1]])
    for row in rows:
        found.by_account[row.day, row.account_id] = row.value if row.value is not None else Decimal(0)
        for missing in row.unvalued or ():
            amount = None if missing["amount"] is None else Decimal(missing["amount"])
            place = Unvalued(row.day, row.account_id, UUID(missing["asset_id"]), missing["currency"], amount)
            (found.unpriced if missing["currency"] is None else found.unconverted).append(place)
    return found


async def exponent_in(book: BookReader, currency: str) -> int:
    """The decimals of a currency of a query; raises `InvalidError` on `query.currency` for one that is not known."""
    if currency == book.base_currency:
        return book.base_exponent
    return await exponent_of(book.connection, currency, "query.currency")

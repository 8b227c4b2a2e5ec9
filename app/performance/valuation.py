"""What is held now, or was on a day, and what it is worth."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.access.context import BookReader
from app.core.database import AnyRow
from app.core.errors import invalid
from app.core.money import quantum
from app.performance import repository
from app.performance.repository import Asked
from app.performance.service import exponent_in

Document = dict[str, Any]
DAY = timedelta(days=1)
PERCENT = Decimal("0.01")


@dataclass(frozen=True)
class Valued:
    """A holding with all that its document says; `day_change` is None where yesterday had no price or rate."""

    row: AnyRow
    value: Decimal
    cost: Decimal
    day_change: Decimal | None

    @property
    def gain(self) -> Decimal:
        return self.value - self.cost


@dataclass(frozen=True)
class Valuation:
    """All that was held at the end of a day: what is in the totals, and what is in none and why."""

    asked: Asked
    at: date
    holdings: Sequence[Valued]
    unpriced: Sequence[AnyRow]
    unconverted: Sequence[AnyRow]

    @property
    def nothing(self) -> Decimal:
        return Decimal(0).quantize(quantum(self.asked.exponent))

    @property
    def value(self) -> Decimal:
        return sum((one.value for one in self.holdings), self.nothing)

    @property
    def cost(self) -> Decimal:
        return sum((one.cost for one in self.holdings), self.nothing)


def trimmed(number: Decimal) -> Decimal:
    """A quantity or a price without zeros at its end."""
    return number.normalize() if number else Decimal(0)


def percent_of(part: Decimal, whole: Decimal) -> Decimal | None:
    """In percent, with two decimals; None of nothing, for that is no percentage."""
    return (part * 100 / whole).quantize(PERCENT) if whole > 0 else None


async def asked_for(
    book: BookReader, currency: str | None, accounts: Collection[UUID] | None = None, assets: Any = None
) -> Asked:
    """In this currency, the book's where none is named. Raises `InvalidError` for one that is not known."""
    chosen = currency or book.base_currency
    return Asked(chosen, await exponent_in(book, chosen), accounts or None, assets or None)


def day_of(book: BookReader, at: date | None) -> date:
    """The day that is asked for, today when none is.

    Raises `InvalidError` for one to come: nobody knows its prices and rates.
    """
    today = book.actor.today()
    if at is not None and at > today:
        detail = f"{at} is in the future: today is {today}, and nothing has a price or a rate of a later day"
        raise invalid("query.at", "date_in_future", detail)
    return at or today


async def value(book: BookReader, asked: Asked, at: date) -> Valuation:
    """What was held at the end of that day, at its prices, and at those of the day before for the change of the day."""
    rows = await repository.cells(book, asked, [(at, at), (at, at - DAY)])
    return _valuation(asked, at, [row for row in rows if row.n == 1], [row for row in rows if row.n == 2])


def _valuation(asked: Asked, at: date, rows: Iterable[AnyRow], before: Iterable[AnyRow]) -> Valuation:
    yesterday = {row.id: row.value for row in before}
    holdings, unpriced, unconverted = [], [], []
    for row in rows:
        if row.price is None:
            unpriced.append(row)
        elif row.value is None or row.cost_there is None:
            unconverted.append(row)
        else:
            past = yesterday.get(row.id)
            holdings.append(Valued(row, row.value, row.cost_there, None if past is None else row.value - past))
    return Valuation(asked, at, holdings, unpriced, unconverted)


async def document(book: BookReader, asked: Asked, at: date | None) -> Document:
    """The valuation as the API tells it, of today unless a day is named. Raises `InvalidError` for a day to come."""
    found = await value(book, asked, day_of(book, at))
    gain = found.value - found.cost
    return {
        "at": found.at,
        "currency": asked.currency,
        "total_value": found.value,
        "total_cost": found.cost,
        "total_gain": gain,
        "total_gain_percent": percent_of(gain, found.cost),
        "holdings": [holding_document(found, one) for one in found.holdings],
        "unpriced": [_held(row) for row in found.unpriced],
        "unconverted": [_unconverted(row) for row in found.unconverted],
    }


def holding_document(found: Valuation, one: Valued) -> Document:
    """`cost`, `value` and `gain` are in the currency of the valuation; the price is in its own."""
    row = one.row
    return {
        **_named(row),
        "quantity": trimmed(row.quantity),
        "cost": one.cost,
        "currency": found.asked.currency,
        "account_cost": row.cost,
        "account_currency": row.account_currency,
        **_priced(row, found.at),
        "value": one.value,
        "gain": one.gain,
        "gain_percent": percent_of(one.gain, one.cost),
        "day_change": one.day_change,
    }


def _named(row: AnyRow) -> Document:
    return {
        "id": row.id,
        "account_id": row.account_id,
        "asset_id": row.asset_id,
        "symbol": row.symbol,
        "name": row.name,
        "type": row.type,
    }


def _held(row: AnyRow) -> Document:
    return {**_named(row), "quantity": trimmed(row.quantity), "cost": row.cost, "currency": row.account_currency}


def _priced(row: AnyRow, at: date) -> Document:
    return {
        "current_price": trimmed(row.price),
        "price_currency": row.price_currency,
        "price_at": row.priced_on,
        "price_age_days": (at - row.priced_on).days,
        "price_source": row.price_source,
    }


def _unconverted(row: AnyRow) -> Document:
    """`missing` says whether its value cannot be told in the currency, or only what it cost."""
    missing = "value" if row.value is None else "cost"
    return {**_held(row), "value": trimmed(row.amount), "price_currency": row.price_currency, "missing": missing}

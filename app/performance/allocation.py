"""How the whole is spread, how far that is from its targets, and what would bring it there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.access.context import BookReader
from app.core.database import AnyRow
from app.core.errors import invalid
from app.core.money import decimals
from app.core.rounding import rounded_parts
from app.performance import target_repository
from app.performance.kinds import Dimension
from app.performance.rebalancing import moves_to, purchases_with, quantity_of
from app.performance.repository import Asked
from app.performance.valuation import PERCENT, Valuation, Valued, day_of, value

DIMENSIONS: tuple[Dimension, ...] = ("type", "currency", "asset", "sector", "account")
Document = dict[str, Any]
ZERO = Decimal(0)

_PLACE: dict[Dimension, Callable[[AnyRow], tuple[str | None, str | None]]] = {
    "type": lambda row: (row.type, row.type),
    "currency": lambda row: (row.asset_currency, row.asset_currency),
    "asset": lambda row: (str(row.asset_id), row.symbol),
    "sector": lambda row: (row.sector, row.sector),
    "account": lambda row: (str(row.account_id), row.account_name),
}
"""The key and the name of the part that a holding belongs to; both None where it has no sector."""


@dataclass
class Part:
    """A part of the whole; `price` is that of one unit, in the currency of the report, of an asset alone."""

    key: str | None
    name: str | None
    value: Decimal = ZERO
    target: Decimal | None = None
    price: Decimal | None = None


def spread(found: Valuation, by: Dimension) -> list[Part]:
    """What is held by its parts, the biggest first."""
    parts: dict[str | None, Part] = {}
    for one in found.holdings:
        key, name = _PLACE[by](one.row)
        part = parts.setdefault(key, Part(key, name, found.nothing))
        part.value += one.value
        if by == "asset":
            part.target = one.row.target_percent
            part.price = _price(one)
    return sorted(parts.values(), key=lambda part: (-part.value, part.name or ""))


def _price(one: Valued) -> Decimal:
    """Of a unit as it is held, with the splits that the price does not count yet."""
    price: Decimal = one.row.amount / one.row.quantity * one.row.rate
    return price


async def document(book: BookReader, asked: Asked, at: date | None, by: Dimension, cash: Decimal | None) -> Document:
    """Shares sum to 100 percent and moves to 0, or to the cash.

    Raises `InvalidError` for cash that is no amount, and for a day to come.
    """
    if cash is not None and decimals(cash) > asked.exponent:
        raise invalid("query.cash", "too_many_decimals", f"{asked.currency} has {asked.exponent} decimals")
    found = await value(book, asked, day_of(book, at))
    parts = spread(found, by)
    await _aim(book, found, by, parts)
    total = found.value
    shares = rounded_parts([part.value * 100 / total if total else ZERO for part in parts], PERCENT)
    return {
        "by": by,
        "at": found.at,
        "currency": asked.currency,
        "total_value": total,
        "items": [_item(part, share) for part, share in zip(parts, shares, strict=True)],
        "moves": moves(parts, asked.exponent, cash),
        "cash": cash,
        "unpriced": sorted({row.symbol for row in found.unpriced}),
        "unconverted": sorted({row.symbol for row in found.unconverted}),
    }


async def _aim(book: BookReader, found: Valuation, by: Dimension, parts: list[Part]) -> None:
    """Give the parts their targets, and add what has one and is not held."""
    present = {part.key: part for part in parts}
    if by == "asset":
        unknown = {row.asset_id for row in (*found.unpriced, *found.unconverted)}
        wanted = [
            (str(row.id), row.symbol, row.target_percent, row.price)
            for row in await target_repository.wanted_assets(book, found.asked, found.at)
            if row.id not in unknown
        ]
    else:
        rows = await target_repository.every(book, by)
        wanted = [(row.key, row.name, row.target_percent, None) for row in rows]
    for key, name, target, price in wanted:
        if key not in present:
            present[key] = Part(key, name, found.nothing, price=price)
            parts.append(present[key])
        present[key].target = target


def _item(part: Part, share: Decimal) -> Document:
    return {
        "key": part.key,
        "name": part.name,
        "value": part.value,
        "share_percent": share,
        "target_percent": part.target,
        "drift_percent": None if part.target is None else share - part.target,
    }


def moves(parts: list[Part], exponent: int, cash: Decimal | None) -> list[Document]:
    """What to buy and sell among the parts that have a target; the others are left alone."""
    aimed = [part for part in parts if part.target is not None]
    targets = [part.target or ZERO for part in aimed]
    if not sum(targets, ZERO):
        return []
    values = [part.value for part in aimed]
    amounts = moves_to(values, targets, exponent) if cash is None else purchases_with(cash, values, targets, exponent)
    return [
        {
            "key": part.key,
            "name": part.name,
            "side": "buy" if amount > 0 else "sell",
            "amount": abs(amount),
            "quantity": quantity_of(amount, part.price),
        }
        for part, amount in zip(aimed, amounts, strict=True)
        if amount
    ]


def account_key(key: str) -> UUID | None:
    """The id that a key of the dimension `account` is; None for another text."""
    try:
        return UUID(key)
    except ValueError:
        return None

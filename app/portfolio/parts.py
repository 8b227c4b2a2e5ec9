"""Parts of what is held, and dividing and multiplying them so that no cent and no unit appears or is lost.

Amounts have the decimals of their currency, quantities up to `QUANTITY_DECIMALS`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import accumulate
from uuid import UUID

from app.core.money import quantum, rounded
from app.core.rounding import rounded_steps

QUANTITY_DECIMALS = 18
MOST_UNITS = Decimal(10) ** 24
"""More than this of one thing is a mistake, and more than the arithmetic holds exactly."""
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Part:
    """A lot, or what was taken of one; `trade_id` is the trade that brought it to its account.

    `cost` is in the account's currency, `base_cost` in the book's; None while no rate of the day of purchase is known.
    """

    trade_id: UUID
    acquired_on: date
    quantity: Decimal
    cost: Decimal
    base_cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Excess:
    """What came back of a lot beyond its cost."""

    trade_id: UUID
    acquired_on: date
    amount: Decimal


def spread(total: Decimal, weights: Sequence[Decimal], exponent: int) -> list[Decimal]:
    """A total in parts by weight that sum to it exactly: each is what rounding the sum up to it adds.

    Where nothing has a weight, the first part is all of it.
    """
    whole = sum(weights, NOTHING)
    if not whole:
        return [total if number == 0 else rounded(NOTHING, exponent) for number in range(len(weights))]
    return rounded_steps((total * running / whole for running in accumulate(weights)), quantum(exponent))


def portion(amount: Decimal, part: Decimal, whole: Decimal, exponent: int) -> Decimal:
    """How much of an amount goes with a part of the whole; all of it with the whole."""
    return amount if part == whole else rounded(amount * part / whole, exponent)


def multiplied(parts: Sequence[Part], ratio: Decimal) -> list[Part]:
    """The same lots with this many units for each one; what it cost stays.

    A lot too small to keep a unit joins the one before it (or behind it). Empty where nothing at all is left.
    """
    total = rounded(sum((part.quantity for part in parts), NOTHING) * ratio, QUANTITY_DECIMALS)
    if not total:
        return []
    counts = spread(total, [part.quantity for part in parts], QUANTITY_DECIMALS)
    kept: list[Part] = []
    lost: list[Part] = []
    for part, count in zip(parts, counts, strict=True):
        if count:
            kept.append(replace(part, quantity=count))
        elif kept:
            kept[-1] = _with_cost_of(kept[-1], part)
        else:
            lost.append(part)
    for part in lost:
        kept[0] = _with_cost_of(kept[0], part)
    return kept


def _with_cost_of(part: Part, other: Part) -> Part:
    base = None if part.base_cost is None or other.base_cost is None else part.base_cost + other.base_cost
    return replace(part, cost=part.cost + other.cost, base_cost=base)

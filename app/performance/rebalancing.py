"""Which purchases and sales bring parts of a whole to their targets; it knows no portfolio."""

from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal

from app.core.money import quantum
from app.core.rounding import rounded_parts

ZERO = Decimal(0)
QUANTITY = quantum(8)


def moves_to(values: Sequence[Decimal], targets: Sequence[Decimal], exponent: int) -> list[Decimal]:
    """What to buy (positive) and sell (negative) of each, so that they stand to each other as their targets do.

    Purchases and sales sum to 0 exactly: no money comes or goes. `targets` are weights of any size, one of them above
    0 at least; amounts have so many decimals.
    """
    total, weight = sum(values, ZERO), sum(targets, ZERO)
    wanted = rounded_parts([total * target / weight for target in targets], quantum(exponent))
    return [want - value for want, value in zip(wanted, values, strict=True)]


def purchases_with(
    cash: Decimal, values: Sequence[Decimal], targets: Sequence[Decimal], exponent: int
) -> list[Decimal]:
    """What to buy of each with the cash, selling nothing; the purchases sum to it exactly.

    It goes to what is furthest behind: all that is bought is filled up to the same part of its target, and what is
    already beyond that is left as it is.
    """
    wanted = [(value / target, value, target) for value, target in zip(values, targets, strict=True) if target]
    wanted.sort()
    level, money, weight = ZERO, cash, ZERO
    for at, value, target in wanted:
        if weight and at * weight >= money:
            break
        money += value
        weight += target
        level = money / weight
    return rounded_parts(
        [max(level * target - value, ZERO) for value, target in zip(values, targets, strict=True)], quantum(exponent)
    )


def quantity_of(amount: Decimal, price: Decimal | None) -> Decimal | None:
    """How many units an amount is at a price, rounded down to 8 decimals; None without a price."""
    return (abs(amount) / price).quantize(QUANTITY, ROUND_DOWN) if price else None

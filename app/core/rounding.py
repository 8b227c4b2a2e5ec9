"""Rounded parts that sum to their rounded whole."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate, pairwise


def rounded_steps(sums: Iterable[Decimal], unit: Decimal) -> list[Decimal]:
    """What each running sum, rounded half away from zero, adds to the one before; `unit` is 0.01 for two decimals.

    So the steps sum to the rounded last one, to the last digit, and none is off by more than one unit.
    """
    ends = [each.quantize(unit, ROUND_HALF_UP) for each in sums]
    return [end - start for start, end in pairwise([Decimal(0), *ends])]


def rounded_parts(parts: Iterable[Decimal], unit: Decimal) -> list[Decimal]:
    """Each part rounded so that all of them sum to the rounded sum; 0 stays 0."""
    return rounded_steps(accumulate(parts), unit)

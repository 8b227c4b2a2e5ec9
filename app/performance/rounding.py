"""Rounded parts that sum to their rounded whole."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal


def rounded_parts(parts: Sequence[Decimal], unit: Decimal) -> list[Decimal]:
    """Each part rounded so that all of them sum to the rounded sum, to the last digit; `unit` is 0.01 for two decimals.

    Each is what rounding adds to the running sum, so none is off by more than one unit, and 0 stays 0.
    """
    found, running, given = [], Decimal(0), Decimal(0)
    for part in parts:
        running += part
        upto = running.quantize(unit, ROUND_HALF_UP)
        found.append(upto - given)
        given = upto
    return found

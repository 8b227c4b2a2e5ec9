"""Exact division of whole units, and the length of a time in months."""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from math import isqrt

from app.forecast.model import Share

MONTH = 377_580
"""A month in the unit of `elapsed`: the least common multiple of 28, 29, 30 and 31, so that each day is whole."""


def divided(amount: int, by: int) -> int:
    """A quotient rounded half to even; `by` is positive."""
    quotient, left = divmod(amount, by)
    return quotient + (2 * left > by or (2 * left == by and quotient % 2 == 1))


def shared(amount: int, weights: Sequence[int]) -> list[int]:
    """Parts of an amount in proportion to weights, not all 0; they sum to the amount exactly."""
    whole, parts, given, weight = sum(weights), [], 0, 0
    for each in weights:
        weight += each
        upto = divided(amount * weight, whole)
        parts.append(upto - given)
        given = upto
    return parts


def spread_by_day(shares: Iterable[Share], today: date, days: int) -> list[int]:
    """What of the shares falls on each day from today on; by the end of its days each has come whole."""
    found = [0] * (days + 1)
    for share in shares:
        start, length = (share.first - today).days, (share.last - share.first).days + 1
        done = 0
        for number in range(1, min(length, days - start + 1) + 1):
            upto = divided(share.amount * number, length)
            found[start + number - 1] += upto - done
            done = upto
    return found


def elapsed(today: date, days: int) -> list[int]:
    """For each day from `today` on, the time since then: a day of April is a thirtieth of a month."""
    found, sum_, day = [0], 0, today
    for _ in range(days):
        day += timedelta(days=1)
        sum_ += MONTH // monthrange(day.year, day.month)[1]
        found.append(sum_)
    return found


def roots(times: Sequence[int]) -> list[int]:
    """The square root of each time, in the same unit, rounded down."""
    return [isqrt(time * MONTH) for time in times]

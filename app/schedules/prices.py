"""Whether a price changed: something else than an amount that varies anyway."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from app.schedules.calendar import Recurrence

LOOKS_BACK = 6
NOISE = Decimal("0.005")
"""A change of half a percent of the amount or less is none."""
BEYOND = 3
"""Where amounts vary, only a change so many times the usual one counts."""


@dataclass(frozen=True)
class PriceChange:
    """Magnitudes in the account's currency: what was paid the time before, and what was paid now."""

    before: Decimal
    after: Decimal

    @property
    def difference(self) -> Decimal:
        """Negative where it became cheaper."""
        return self.after - self.before


def price_change(past: Sequence[Decimal], paid: Decimal) -> PriceChange | None:
    """The change from what was paid before, the latest last, to what was paid now; None for noise or without a past.

    The usual change is the median of those between the last 6 payments: 0 for a price that stays, whatever it was
    raised by in between.
    """
    if not past:
        return None
    last = past[-LOOKS_BACK:]
    usual = median([abs(b - a) for a, b in itertools.pairwise(last)] or [Decimal(0)])
    change = PriceChange(last[-1], paid)
    if abs(change.difference) <= max(last[-1] * NOISE, BEYOND * usual):
        return None
    return change


def times_a_year(recurrence: Recurrence) -> Decimal:
    """How often a rule's days come in a year, by its frequency and the days it names, without COUNT and UNTIL."""
    rule = recurrence.rule.explicit(recurrence.starts_on)
    days = len(rule.positions) or len(rule.days) + len(rule.month_days) or 1
    if rule.freq == "DAILY":
        return Decimal("365.2425") / rule.interval
    if rule.freq == "WEEKLY":
        return Decimal("365.2425") * days / (7 * rule.interval)
    if rule.freq == "MONTHLY":
        return Decimal((len(rule.months) or 12) * days) / rule.interval
    return Decimal((len(rule.months) or 1) * days) / rule.interval

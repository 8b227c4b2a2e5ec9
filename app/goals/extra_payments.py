"""What is paid on a loan besides its regular payments: once, or again and again."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from dateutil.relativedelta import relativedelta

from app.goals import dates

STEPS = {"monthly": 1, "yearly": 12}
Repeats = Literal["once", "monthly", "yearly"]
Day = date
"""For what stands beside a field called `date`."""
ZERO = Decimal(0)


@dataclass(frozen=True)
class ExtraPayment:
    """Paid besides, wholly off the principal, with the first regular payment on or after each of its days."""

    date: date
    amount: Decimal
    repeats: Repeats = "once"
    until: Day | None = None


class Occurrences:
    """The days of an extra payment, each taken once; those up to when the loan begins are past."""

    def __init__(self, extra: ExtraPayment, begins: date) -> None:
        self.extra = extra
        step = STEPS.get(extra.repeats)
        self.count = 0
        if step is not None and extra.date <= begins:
            self.count = dates.months_between(extra.date, begins) // step
        while (day := self._next()) is not None and day <= begins:
            self.count += 1

    def up_to(self, last: date) -> Decimal:
        """What falls due up to a day and has not been taken yet."""
        total = ZERO
        while (day := self._next()) is not None and day <= last:
            total += self.extra.amount
            self.count += 1
        return total

    def _next(self) -> date | None:
        step = STEPS.get(self.extra.repeats)
        if step is None:
            return self.extra.date if self.count == 0 else None
        day: date = self.extra.date + relativedelta(months=step * self.count)
        until = self.extra.until
        return None if until is not None and day > until else day

"""Months of the demo and the luck in them: the same month always has the same luck."""

import calendar
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import TypeVar

SEED = "finance-tracker-demo-1"
CENT = Decimal("0.01")
YEARLY_PRICE_RISE = Decimal("1.025")
SUNDAY = 6
WORKDAYS = range(5)
SHOPPING_DAYS = range(6)
EVERY_DAY = range(7)

T = TypeVar("T")


class Luck:
    """Seeded dice that throw whole cents, so that no float becomes money."""

    def __init__(self, seed: str) -> None:
        self._dice = Random(seed)  # noqa: S311  # nosec B311  # a made-up life, not a secret

    def amount(self, low: str, high: str) -> Decimal:
        """An amount of the range, likelier from its middle."""
        cents = [int(Decimal(bound) / CENT) for bound in (low, high)]
        return Decimal((self._dice.randint(*cents) + self._dice.randint(*cents)) // 2) * CENT

    def between(self, low: int, high: int) -> int:
        return self._dice.randint(low, high)

    def chance(self, percent: int) -> bool:
        return self._dice.randint(1, 100) <= percent

    def pick(self, choices: Sequence[T]) -> T:
        return self._dice.choice(choices)

    def some(self, days: Sequence[date], count: int) -> list[date]:
        """So many different days, in their order."""
        return sorted(self._dice.sample(days, min(count, len(days))))


@dataclass(frozen=True)
class Month:
    """A month; `number` counts from 0 at the demo's first."""

    year: int
    month: int
    number: int

    def day(self, number: int) -> date:
        """That day, or the last one of a shorter month."""
        return date(self.year, self.month, min(number, calendar.monthrange(self.year, self.month)[1]))

    @property
    def last(self) -> date:
        return self.day(31)

    def days(self, weekdays: Collection[int] = EVERY_DAY) -> list[date]:
        every = (self.day(1) + timedelta(days=offset) for offset in range(self.last.day))
        return [day for day in every if day.weekday() in weekdays]

    def luck(self, stream: str) -> Luck:
        """Dice of this stream and month alone: what another one throws does not move them."""
        return Luck(f"{SEED}/{stream}/{self.year}-{self.month:02}")

    def price(self, at_first: Decimal | str) -> Decimal:
        """What something costs by now when prices rise with every year of the demo."""
        return (Decimal(at_first) * YEARLY_PRICE_RISE ** (self.number // 12)).quantize(CENT)

    def later(self, months: int) -> "Month":
        years, month = divmod(self.month - 1 + months, 12)
        return Month(self.year + years, month + 1, self.number + months)


def months(start: date, end: date) -> Iterator[Month]:
    month = Month(start.year, start.month, 0)
    while month.day(1) <= end:
        yield month
        month = month.later(1)

"""Made-up histories of which it is known what comes again in them, with all the noise of real ones."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

from app.subscriptions.detection import Source
from app.subscriptions.series import Payment, words_of

CENT = Decimal("0.01")
ACCOUNT = UUID(int=1)
TODAY = date(2026, 6, 15)


def cents(amount: Decimal | float | str) -> Decimal:
    return Decimal(amount).quantize(CENT)


def payments(*rows: tuple[str, str] | tuple[str, str, str]) -> list[Payment]:
    """From day, amount and, where it says something, description."""
    return [
        Payment(UUID(int=number), date.fromisoformat(row[0]), Decimal(row[1]), words_of(" ".join(row[2:])))
        for number, row in enumerate(rows, 1)
    ]


def source(name: str = "Shop", number: int = 1, direction: str = "expense") -> Source:
    return Source(ACCOUNT, direction, UUID(int=number), name)  # type: ignore[arg-type]


def month_day(start: date, months: int, day: int) -> date:
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(day, calendar.monthrange(year, month + 1)[1]))


def weekday(day: date, dice: Random) -> date:
    """A bank does nothing on weekends: usually the Monday after, sometimes a day later still."""
    while day.weekday() > 4:
        day += timedelta(days=1)
    return day + timedelta(days=1) if dice.random() < 0.1 else day


@dataclass
class History:
    """Groups as detection takes them, and the payments of each that come again."""

    groups: list[tuple[Source, list[Payment]]] = field(default_factory=list)
    regular: list[frozenset[UUID]] = field(default_factory=list)


class Generator:
    """A household of two years, another for each seed."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.history = History()
        self._numbers = iter(range(1, 1_000_000))
        self.start = date(TODAY.year - 2, TODAY.month, 1)

    def make(self) -> History:
        for _ in range(8):
            self._subscription()
        for _ in range(3):
            self._utility()
        self._yearly()
        self._salary()
        for _ in range(25):
            self._shop()
        self._shop_with_subscription()
        return self.history

    def _payment(self, day: date, amount: Decimal, text: str = "") -> Payment:
        return Payment(UUID(int=next(self._numbers)), day, cents(amount), text)

    def _add(self, rows: list[Payment], regular: list[Payment]) -> None:
        shown = sorted((row for row in rows if row.day <= TODAY), key=lambda row: row.day)
        if shown:
            self.history.groups.append((source(f"Payee {shown[0].id.int}", shown[0].id.int), shown))
        if regular:
            self.history.regular.append(frozenset(row.id for row in regular if row.day <= TODAY))

    def _days(self, months: int, every: int = 1) -> Iterator[date]:
        day = self.dice.randint(1, 28)
        first = 24 - months
        for number in range(first, 26, every):
            yield weekday(month_day(self.start, number, day), self.dice)

    def _subscription(self) -> None:
        """Any of monthly, weekly or quarterly; its price may rise once, one payment may be missing."""
        price = Decimal(self.dice.randint(299, 6999)) / 100
        kind = self.dice.choice(("month", "month", "month", "quarter", "week"))
        if kind == "week":
            days = [TODAY - timedelta(days=7 * n + self.dice.randint(0, 6) // 6) for n in range(30)][::-1]
        else:
            days = list(self._days(self.dice.randint(12, 24), 3 if kind == "quarter" else 1))
        rises = self.dice.randint(4, len(days)) if kind == "month" and self.dice.random() < 0.5 else len(days)
        raised = cents(price * Decimal("1.15"))
        rows = [self._payment(day, raised if n >= rises else price) for n, day in enumerate(days)]
        if kind == "month" and self.dice.random() < 0.3:
            del rows[len(rows) // 2]
        self._add(rows, rows)

    def _utility(self) -> None:
        base = Decimal(self.dice.randint(4000, 9000)) / 100
        rows = [self._payment(day, base * Decimal(self.dice.randint(80, 120)) / 100) for day in self._days(18)]
        self._add(rows, rows)

    def _yearly(self) -> None:
        day = month_day(self.start, self.dice.randint(1, 11), self.dice.randint(1, 28))
        rows = [self._payment(day, Decimal("89.90")), self._payment(month_day(day, 12, day.day), Decimal("89.90"))]
        self._add(rows, rows)

    def _salary(self) -> None:
        pay = Decimal(self.dice.randint(200_000, 500_000)) / 100
        rows = [
            self._payment(month_day(self.start, n, 31) - timedelta(days=self.dice.randint(0, 2)), pay)
            for n in range(24)
        ]
        bonus = self._payment(month_day(self.start, 9, 30), pay / 2)
        self._add([*rows, bonus], rows)

    def _shop(self) -> None:
        """Random visits, from several a week to one a month, with any amounts or with few prices."""
        often = self.dice.choice((4, 9, 20, 30))
        prices = [cents(self.dice.uniform(2, 8)) for _ in range(6)] if self.dice.random() < 0.3 else []
        rows, day = [], self.start
        while True:
            day += timedelta(days=max(1, round(self.dice.expovariate(1 / often))))
            if day > TODAY:
                break
            amount = self.dice.choice(prices) if prices else cents(self.dice.lognormvariate(3.3, 0.6))
            rows.append(self._payment(day, amount))
        self._add(rows[-100:], [])

    def _shop_with_subscription(self) -> None:
        """One payee for purchases now and then, and for a membership each month."""
        member = [self._payment(day, Decimal("8.99")) for day in self._days(20)]
        bought = [
            self._payment(self.start + timedelta(days=self.dice.randint(0, 740)), cents(self.dice.uniform(9, 120)))
            for _ in range(30)
        ]
        self._add([*member, *bought], member)

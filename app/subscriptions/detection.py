"""What is a subscription, a bill or a regular income among many payments, and how sure that is."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID

from app.subscriptions.rhythm import Rhythm
from app.subscriptions.series import Payment, Series, series_in

Direction = Literal["expense", "income"]
POINTS = {"regularity": Decimal(40), "amount": Decimal(30), "count": Decimal(20), "recency": Decimal(10)}
MOST_OF_PAIR = Decimal(55)
"""Two payments are believed no more than so, whatever else speaks for them."""
PLACES = Decimal("0.1")


@dataclass(frozen=True)
class Source:
    """Whose payments these are: one payee's, or those of one description, on one account in one direction."""

    account_id: UUID
    direction: Direction
    payee_id: UUID | None
    name: str
    """The payee's name, or the description of the last payment."""
    words: str = ""
    """Without a payee: the description without what changes."""


@dataclass(frozen=True)
class Found:
    """A series that is still alive; `reasons` are the points that its confidence consists of."""

    source: Source
    series: Series
    confidence: Decimal
    """From 0 to 100, with one decimal."""
    reasons: dict[str, Decimal] = field(default_factory=dict)
    nth: int = 0
    """Tells apart what is alike in all that the key is made of: two contracts at one price."""

    @property
    def rhythm(self) -> Rhythm:
        return self.series.rhythm

    @property
    def key(self) -> str:
        """A name for the suggestion that stays while its amount does."""
        source, interval = self.source, self.rhythm.interval
        parts = (
            source.account_id, source.direction, source.payee_id or source.words, interval.unit, interval.every,
            self.series.amount.normalize(), self.nth,
        )  # fmt: skip
        return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:32]

    @property
    def price_change(self) -> tuple[Payment, Payment] | None:
        """The last payment before the price changed and the first after it; None where it never did."""
        if self.series.spread:
            return None
        pairs = zip(self.series.payments, self.series.payments[1:], strict=False)
        changed = [pair for pair in pairs if pair[0].amount != pair[1].amount]
        return changed[-1] if changed else None


def find(groups: Iterable[tuple[Source, Sequence[Payment]]], today: date) -> list[Found]:
    """All that is alive today, the surest first: nothing is overdue by more than its interval."""
    found: list[Found] = []
    for source, payments in groups:
        seen: dict[tuple[object, ...], int] = {}
        for series in sorted(series_in(payments), key=lambda s: s.payments[0].day):
            if is_alive(series, today):
                alike = (series.rhythm.interval, series.amount)
                reasons = _reasons(series, today)
                nth = seen[alike] = seen.get(alike, -1) + 1
                found.append(Found(source, series, _confidence(series, reasons), reasons, nth))
    return sorted(found, key=lambda each: (-each.confidence, each.source.name.lower(), each.key))


def is_alive(series: Series, today: date) -> bool:
    return today <= series.rhythm.next_on + timedelta(days=int(series.rhythm.interval.days))


def _reasons(series: Series, today: date) -> dict[str, Decimal]:
    """Points for how regular, how steady, how many, and how recent it is; each is rounded to one decimal."""
    rhythm, count = series.rhythm, len(series.payments)
    steps = count - 1 + rhythm.missed
    regular = (1 - rhythm.jitter / (rhythm.interval.tolerance + 1)) * (1 - Decimal(rhythm.missed) / steps)
    enough = 2 if rhythm.interval.unit == "year" else 5
    overdue = max(0, (today - rhythm.next_on).days)
    parts = {
        "regularity": regular,
        "amount": max(Decimal(0), 1 - 4 * series.spread),
        "count": min(Decimal(1), Decimal(count - 1) / enough),
        "recency": 1 - min(Decimal(1), overdue / rhythm.interval.days),
    }
    return {name: (POINTS[name] * part).quantize(PLACES) for name, part in parts.items()}


def _confidence(series: Series, reasons: dict[str, Decimal]) -> Decimal:
    """The sum of the reasons, less for what is one of many payments there, and capped for a pair."""
    lost = (15 * (1 - series.share)).quantize(PLACES)
    whole = max(Decimal(0), sum(reasons.values(), Decimal(0)) - lost)
    return min(whole, MOST_OF_PAIR) if len(series.payments) == 2 else whole

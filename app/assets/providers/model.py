"""What all providers have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Protocol

from app.core.fetching import Answer, Source

Day = date
"""For a class in which `date` is something else."""


@dataclass(frozen=True)
class Quote:
    """What one unit cost at the end of a day, in a whole currency.

    `adjusted_to` is the day up to which splits are already counted in the price; None is a price as it was traded.
    """

    date: date
    price: Decimal
    currency: str
    adjusted_to: Day | None = None


@dataclass(frozen=True)
class Ask:
    """What to ask a provider for: a path behind its URL, and parameters beside those that every call has."""

    path: str
    parameters: Mapping[str, str] = field(default_factory=dict)


class Provider(Protocol):
    """How a provider is asked, and understood."""

    name: str
    source: Source

    def asks(self, symbol: str, since: date, today: date, /) -> Sequence[Ask]:
        """What to ask for quotes from a day on: each in turn until one is not refused. `symbol` is a normal one."""
        ...

    def read(self, answer: Answer, symbol: str, today: date, /) -> Sequence[Quote]:
        """The quotes in an answer, in the order of their days.

        Raises `UnreadableError` for what is not what was asked for, and `RefusedError` where it says no.
        """
        ...

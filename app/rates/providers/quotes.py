"""What providers are asked for, and what they say."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from app.core.config import Settings
from app.core.fetching import Fetcher


@dataclass(frozen=True, slots=True)
class Quote:
    """A rate as somebody says it: how much of `quote` one unit of `base` is. It may be nonsense."""

    base: str
    quote: str
    date: date
    rate: Decimal


@dataclass(frozen=True)
class Wanted:
    """The currencies of which rates are needed, each since a day, and from which day to which there are some.

    `histories` says of which currencies, and since when, a whole history was asked for before.
    """

    since: Mapping[str, date]
    spans: Mapping[str, tuple[date, date]]
    histories: Mapping[str, date]
    today: date


@dataclass
class Gathered:
    """What a provider said: quotes, the currencies of whose history this is all there is, and why there is no more."""

    quotes: list[Quote] = field(default_factory=list)
    histories: dict[str, date] = field(default_factory=dict)
    cut_short: str | None = None


class Provider(ABC):
    """Somebody who can be asked. `base` is the currency that all of its rates are from."""

    name: str
    base: str

    @abstractmethod
    def __init__(self, settings: Settings) -> None: ...

    @abstractmethod
    async def gather(self, fetcher: Fetcher, wanted: Wanted) -> Gathered:
        """What is missing up to today; raises `FetchError` where nothing can be had."""

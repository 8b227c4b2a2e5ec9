"""What a forecast is made of. Amounts are whole numbers of the smallest unit of their account's currency, so sums are
exact and fast; positive is money in.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

SourceKind = Literal["schedule", "budget", "rest", "what_if"]
Side = Literal["income", "expense"]


@dataclass(frozen=True)
class Account:
    """An account as it stands today."""

    id: UUID
    name: str
    type: str
    currency: str
    exponent: int
    balance: int
    is_liability: bool = False
    is_archived: bool = False
    is_private: bool = False
    """Whether some member of the book does not see it: a budget that names no accounts does not count it."""

    def units(self, amount: Decimal) -> int:
        """An amount in the account's currency as whole units; it has no more decimals than the currency."""
        return int(amount.scaleb(self.exponent))


@dataclass(frozen=True)
class Source:
    """Where an expected change comes from; `id` is None for the learned rest."""

    kind: SourceKind
    id: UUID | None
    name: str


@dataclass(frozen=True)
class Range:
    """Three sums of the same thing: the worse one, the expected one, the better one."""

    low: int
    expected: int
    high: int

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.expected + other.expected, self.high + other.high)


NOTHING = Range(0, 0, 0)


@dataclass(frozen=True)
class Entry:
    """A change of one account on one day that is planned: an occurrence of a schedule, or an assumption.

    `is_transfer` is true for the legs of a transfer: they are neither income nor spending.
    """

    source: Source
    account_id: UUID
    category_id: UUID | None
    day: date
    change: Range
    is_transfer: bool = False
    due_on: date | None = None
    """Which occurrence of its schedule it belongs to."""


@dataclass(frozen=True)
class Share:
    """`amount` units leave an account evenly over the days from `first` to `last`, both included."""

    first: date
    last: date
    amount: int


@dataclass(frozen=True)
class Spread:
    """How far a usual month falls below (`down`) and rises above (`up`) its median; both are 0 or more."""

    down: int
    up: int


CERTAIN = Spread(0, 0)


@dataclass(frozen=True)
class Budgeted:
    """What one budget says will be spent from one account."""

    source: Source
    account_id: UUID
    shares: tuple[Share, ...]
    spread: Spread = CERTAIN


@dataclass(frozen=True)
class Rest:
    """The usual month of an account that nothing else explains: medians of income and of spending (0 or less)."""

    account_id: UUID
    income: int
    spending: int
    spread: Spread
    months: int
    """From how many months it was learned."""


@dataclass(frozen=True)
class Flow:
    """What came in and went out in one month, on one account and in one category; both are 0 or more."""

    account_id: UUID
    category_id: UUID | None
    month: date
    inflow: int
    outflow: int


@dataclass(frozen=True)
class Plan:
    """All that is expected from the day after `today` on."""

    today: date
    last: date
    accounts: tuple[Account, ...]
    entries: tuple[Entry, ...] = ()
    budgeted: tuple[Budgeted, ...] = ()
    rest: tuple[Rest, ...] = field(default=())

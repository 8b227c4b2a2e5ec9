"""What a plain-text ledger says, the same for both formats."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

Meta = dict[str, str]
Kind = Literal["asset", "liability", "expense", "income", "equity"]

KNOWN = frozenset({"id", "type", "status", "external-id", "description", "original", "refund-of", "notes"})
"""What our own exports say of a transaction; anything else goes to its notes."""


class LineError(ValueError):
    """What is wrong with a part of the file; `line` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


class NumberQuestionError(Exception):
    """Numbers of the file can be read in two ways, and nothing in it says which."""

    def __init__(self, line: int, number: str) -> None:
        super().__init__(number)
        self.line = line
        self.number = number


@dataclass(frozen=True, slots=True)
class Amount:
    number: Decimal
    commodity: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What stands in the braces behind an amount: what a unit cost, what came on top for all, since when, which lot.

    What is not said is None; of a purchase it follows from the transaction, of a sale it is any.
    """

    number: Decimal | None = None
    total: Decimal | None = None
    currency: str | None = None
    day: date | None = None
    label: str | None = None


@dataclass(slots=True)
class Posting:
    """A line of a transaction. Without an amount it takes what the others leave open.

    `total` is what the amount is worth in another commodity, with the amount's sign. With a `cost` that is known once
    its lots are; `price` is then what a unit was sold for.
    """

    line: int
    account: str
    amount: Amount | None
    total: Amount | None = None
    meta: Meta = field(default_factory=dict)
    cost: Cost | None = None
    price: Amount | None = None

    def worth(self) -> Amount:
        worth = self.total or self.amount
        if worth is None:
            raise LineError(self.line, "a posting without an amount")
        return worth


@dataclass(slots=True)
class Transaction:
    line: int
    day: date
    pending: bool = False
    payee: str | None = None
    description: str | None = None
    notes: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    meta: Meta = field(default_factory=dict)
    postings: list[Posting] = field(default_factory=list)

    @property
    def has_lots(self) -> bool:
        return any(posting.cost is not None for posting in self.postings)


@dataclass(frozen=True, slots=True)
class Assertion:
    """A balance that the file states: of an account, with those below it or without, in one commodity.

    `place` orders it among the transactions: it speaks of all that stand before it by (date, place).
    """

    line: int
    day: date
    place: float
    account: str
    amount: Amount
    tolerance: Decimal
    with_children: bool


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit of a commodity was worth on a day."""

    line: int
    day: date
    commodity: str
    amount: Amount


@dataclass
class Journal:
    """A whole file. What could not be taken is in `errors`; the rest is as good as if it were not there."""

    transactions: list[Transaction] = field(default_factory=list)
    accounts: dict[str, Meta] = field(default_factory=dict)
    """Those that are declared, in their order."""
    kinds: dict[str, Kind] = field(default_factory=dict)
    """What a root, or an account and all below it, is."""
    codes: dict[str, str] = field(default_factory=dict)
    """The currency that a commodity stands for, where the file says so."""
    payees: dict[str, str | None] = field(default_factory=dict)
    """The payee that a name stands for; None for nobody."""
    tags: dict[str, str] = field(default_factory=dict)
    assertions: list[Assertion] = field(default_factory=list)
    errors: list[LineError] = field(default_factory=list)
    warnings: dict[str, str] = field(default_factory=dict)
    base_currency: str | None = None
    prices: list[Price] = field(default_factory=list)
    commodities: dict[str, Meta] = field(default_factory=dict)
    booking: dict[str, str] = field(default_factory=dict)
    """How sales choose their lots, by account; under "" where an account says nothing."""

    def booking_of(self, account: str) -> str:
        return self.booking.get(account) or self.booking.get("") or "STRICT"

    def kind_of(self, account: str) -> Kind | None:
        """By the nearest account above it of which the file says what it is."""
        for name in above(account):
            if name in self.kinds:
                return self.kinds[name]
        return None


def above(account: str) -> Iterator[str]:
    """The account itself, and those above it up to the root."""
    while account:
        yield account
        account = account.rpartition(":")[0]


def complete(transaction: Transaction) -> None:
    """Give the one posting without an amount what the others leave open; check that the whole balances.

    Two commodities left over are an exchange at the ratio of the two. Raises `LineError`.
    """
    missing = [posting for posting in transaction.postings if posting.amount is None]
    if len(missing) > 1:
        raise LineError(missing[1].line, "more than one posting has no amount")
    sums = _sums(transaction, one_is_open=bool(missing))
    if missing:
        number, posting = len(transaction.postings), missing[0]
        place = transaction.postings.index(posting)
        if not sums:
            transaction.postings.pop(place)
            return
        found = [Posting(posting.line, posting.account, Amount(-n, c), None, posting.meta) for c, n in sums.items()]
        transaction.postings[place : place + 1] = found
        if number == 1:
            raise LineError(posting.line, "the transaction has one posting and no amount")
        return
    signs = sorted(-1 if number < 0 else 1 for number in sums.values())
    if len(sums) == 1 or len(sums) > 2 or signs == [1, 1] or signs == [-1, -1]:
        left = ", ".join(f"{number:f} {commodity}" for commodity, number in sums.items())
        raise LineError(transaction.line, f"it does not balance: {left} is left over")


def _sums(transaction: Transaction, *, one_is_open: bool) -> dict[str, Decimal]:
    """What is left over in each commodity; what a rate's rounding leaves is nothing.

    That is half of the last decimal of the amounts that stand there in that commodity. Where none has decimals, up to
    a half is nothing to a transaction that is complete; it is all that a posting without an amount takes.
    """
    sums: dict[str, Decimal] = {}
    finest: dict[str, int] = {}
    rated: set[str] = set()
    for posting in transaction.postings:
        if posting.amount is None:
            continue
        worth = posting.worth()
        sums[worth.commodity] = sums.get(worth.commodity, Decimal(0)) + worth.number
        if posting.total is None:
            finest[worth.commodity] = max(finest.get(worth.commodity, 0), _decimals(worth.number))
        else:
            rated.add(worth.commodity)
    return {
        commodity: number
        for commodity, number in sums.items()
        if number
        and not (commodity in rated and abs(number) <= _rounding(finest.get(commodity, 0), one_is_open=one_is_open))
    }


def _rounding(places: int, *, one_is_open: bool) -> Decimal:
    return Decimal(0) if one_is_open and not places else Decimal(5).scaleb(-places - 1)


def _decimals(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0

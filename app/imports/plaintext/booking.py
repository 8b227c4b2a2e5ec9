"""Lots as Beancount books them: what a posting with a cost brings, and which lots one takes.

A transaction is booked in two steps, so that one that turns out to be wrong leaves all lots as they were: `book` finds
what each posting means and touches nothing; `settle` then moves the units.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from app.core.money import MAX_INTEGER_DIGITS, quantum
from app.imports.plaintext.model import Amount, Cost, Journal, LineError, Posting, Transaction, complete

NOTHING = Decimal(0)
NEAR = Decimal("1e-12")
"""A cost of a unit that follows from that of all has only so many digits."""
ANY = Cost()
Place = tuple[str, str]
"""An account of the file and a commodity."""


@dataclass(slots=True)
class Piece:
    """The units of a lot that one trade brought."""

    trade_id: UUID
    units: Decimal


@dataclass(slots=True, eq=False)
class Lot:
    """Units of the same cost, day and label, in `pieces`, what came first in front."""

    number: Decimal
    currency: str
    day: date
    label: str | None
    units: Decimal = NOTHING
    pieces: list[Piece] = field(default_factory=list)

    @property
    def key(self) -> tuple[object, ...]:
        return (self.number, self.currency, self.day, self.label)


@dataclass(slots=True)
class Booked:
    """A posting with its lots: `taken` of those there are, or the one that it brings (`made`).

    `weight` is what it is worth at cost, in `currency` and with the sign of the units.
    """

    posting: Posting
    commodity: str
    units: Decimal
    currency: str
    weight: Decimal
    taken: list[tuple[Lot, Decimal]] = field(default_factory=list)
    made: Lot | None = None

    @property
    def place(self) -> Place:
        return (self.posting.account, self.commodity)


class Booker:
    """The lots of one file, while its transactions go by in their order."""

    def __init__(self, journal: Journal, currency_of: Callable[[str, int], str], exponents: Mapping[str, int]) -> None:
        self._journal = journal
        self._currency_of = currency_of
        self._exponents = exponents
        self.lots: dict[Place, list[Lot]] = {}
        self._by_key: dict[tuple[Place, tuple[object, ...]], Lot] = {}
        self._of_day: dict[tuple[Place, date], list[Lot]] = {}
        """The same lots, so that a sale that names the day of its own looks at no other."""

    def held(self, place: Place) -> Decimal:
        return sum((lot.units for lot in self.lots.get(place, ())), NOTHING)

    def book(self, transaction: Transaction) -> list[Booked]:
        """What each posting with a cost means; the others get their amounts. Raises `LineError`."""
        used: dict[int, Decimal] = {}
        booked: list[Booked] = []
        open_one: tuple[Posting, Cost] | None = None
        for posting in transaction.postings:
            cost, amount = posting.cost, posting.amount
            if cost is None or amount is None:
                continue
            found = None
            if amount.number < 0:
                found = self._reduction(posting, amount, cost, used)
            elif cost.number is not None or cost.total is not None:
                found = self._augmentation(posting, amount, cost, transaction.day)
            elif open_one is not None or any(other.amount is None for other in transaction.postings):
                raise LineError(posting.line, "what it cost follows from nothing: write it into the braces")
            else:
                open_one = (posting, cost)
            if found is not None:
                booked.append(found)
                posting.total = Amount(found.weight, found.currency)
        if open_one is not None:
            booked.append(self._left_over(transaction, *open_one))
        self._complete(transaction)
        return booked

    def settle(self, booked: Sequence[Booked], brought: Mapping[int, Sequence[Piece]]) -> None:
        """Move the units. `brought` has, by the place in `booked`, what each trade brings of what a posting brings.

        A lot that is brought with the cost, day and label of one that is there joins it.
        """
        for each in booked:
            for lot, count in each.taken:
                take_pieces(lot, count)
                lot.units -= count
                if not lot.units:
                    del self._by_key[each.place, lot.key]
                    self.lots[each.place].remove(lot)
                    self._of_day[each.place, lot.day].remove(lot)
        for n, each in enumerate(booked):
            if each.made is None:
                continue
            lot = self._by_key.setdefault((each.place, each.made.key), each.made)
            if lot is each.made:
                self.lots.setdefault(each.place, []).append(lot)
                self._of_day.setdefault((each.place, lot.day), []).append(lot)
            lot.units += each.units
            lot.pieces += brought[n]

    def _augmentation(self, posting: Posting, amount: Amount, cost: Cost, day: date) -> Booked:
        whole = (cost.number or NOTHING) * amount.number + (cost.total or NOTHING)
        check_size(whole, posting.line)
        currency = self._cost_currency(posting, cost)
        number = whole / amount.number if cost.total is not None else cost.number or NOTHING
        lot = Lot(number, currency, cost.day or day, cost.label)
        return Booked(posting, amount.commodity, amount.number, currency, whole, made=lot)

    def _cost_currency(self, posting: Posting, cost: Cost) -> str:
        if cost.currency is None:
            raise LineError(posting.line, "the cost does not say in which currency it is")
        return self._currency_of(cost.currency, posting.line)

    def _left_over(self, transaction: Transaction, posting: Posting, cost: Cost) -> Booked:
        """A purchase whose cost is what the other postings leave open."""
        sums: dict[str, Decimal] = {}
        for other in transaction.postings:
            if other is not posting:
                worth = other.worth()
                sums[worth.commodity] = sums.get(worth.commodity, NOTHING) + worth.number
        left = {commodity: number for commodity, number in sums.items() if number}
        if len(left) != 1 or posting.amount is None:
            raise LineError(posting.line, "what it cost follows from nothing: write it into the braces")
        ((commodity, number),) = left.items()
        if number > 0 or cost.currency not in {None, commodity}:
            raise LineError(posting.line, "what the other postings leave open is no cost of it")
        posting.total = Amount(-number, commodity)
        known = Cost(None, -number, commodity, cost.day, cost.label)
        return self._augmentation(posting, posting.amount, known, transaction.day)

    def _reduction(self, posting: Posting, amount: Amount, cost: Cost, used: dict[int, Decimal]) -> Booked:
        """The lots that go: those the braces mean, in the order of the booking method; `used` are gone already."""
        place = (posting.account, amount.commodity)
        wanted = -amount.number
        lots = self.lots.get(place, []) if cost.day is None else self._of_day.get((place, cost.day), [])
        if cost != ANY:
            lots = self._meant(lots, cost, amount, posting.line)
        free = [(lot, lot.units - used[id(lot)] if id(lot) in used else lot.units) for lot in lots]
        free = [(lot, units) for lot, units in free if units]
        held = sum((units for _, units in free), NOTHING)
        if held < wanted:
            raise LineError(
                posting.line,
                f"{wanted:f} {amount.commodity} go, and of the lots that are meant {held:f} are held; a lot is found "
                "by its cost, its day and its label",
            )
        taken = _chosen(free, wanted, self._journal.booking_of(posting.account), posting.line)
        for lot, count in taken:
            used[id(lot)] = used.get(id(lot), NOTHING) + count
        currency = taken[0][0].currency
        if any(lot.currency != currency for lot, _ in taken):
            raise LineError(posting.line, "its lots have costs in several currencies: name each lot")
        weight = -sum((count * lot.number for lot, count in taken), NOTHING)
        return Booked(posting, amount.commodity, amount.number, currency, weight, taken=taken)

    def _meant(self, lots: Sequence[Lot], cost: Cost, amount: Amount, line: int) -> list[Lot]:
        number = cost.number
        if cost.total is not None:
            number = (number or NOTHING) + cost.total / abs(amount.number)
        currency = None if cost.currency is None else self._currency_of(cost.currency, line)
        near = NOTHING if number is None else number * NEAR
        return [
            lot
            for lot in lots
            if (cost.day is None or cost.day == lot.day)
            and (cost.label is None or cost.label == lot.label)
            and (currency is None or currency == lot.currency)
            and (number is None or abs(number - lot.number) <= near)
        ]

    def _complete(self, transaction: Transaction) -> None:
        """Give what has no amount what is left open, rounded half away from zero to the decimals of its currency."""
        known = {id(posting) for posting in transaction.postings if posting.amount is not None}
        complete(transaction)
        for posting in transaction.postings:
            if id(posting) not in known and posting.amount is not None:
                check_size(posting.amount.number, posting.line)
                exponent = self._exponents[self._currency_of(posting.amount.commodity, posting.line)]
                number = posting.amount.number.quantize(quantum(exponent), "ROUND_HALF_UP")
                posting.amount = Amount(number, posting.amount.commodity)


def check_size(amount: Decimal, line: int) -> None:
    if amount and amount.adjusted() >= MAX_INTEGER_DIGITS:
        raise LineError(line, f"the amount has more than {MAX_INTEGER_DIGITS} digits before the point")


def _chosen(free: list[tuple[Lot, Decimal]], wanted: Decimal, method: str, line: int) -> list[tuple[Lot, Decimal]]:
    """Raises `LineError` where the method leaves open which lots go."""
    if method == "AVERAGE":
        raise LineError(line, "lots are not merged at their average cost (booking method AVERAGE)")
    if method in {"STRICT", "STRICT_WITH_SIZE", "NONE"} and len(free) > 1:
        same = [(lot, units) for lot, units in free if units == wanted]
        if sum((units for _, units in free), NOTHING) == wanted:
            return free
        if method != "STRICT_WITH_SIZE" or not same:
            raise LineError(line, f"{len(free)} lots may be meant: name one by its cost, its day or its label")
        return [min(same, key=lambda each: each[0].day)]
    order: dict[str, Callable[[tuple[Lot, Decimal]], object]] = {
        "LIFO": lambda each: -each[0].day.toordinal(),
        "HIFO": lambda each: -each[0].number,
    }
    ordered = sorted(free, key=order.get(method, lambda each: each[0].day.toordinal()))  # type: ignore[arg-type]
    taken, left = [], wanted
    for lot, units in ordered:
        if left:
            count = min(left, units)
            taken.append((lot, count))
            left -= count
    return taken


def pieces_of(lot: Lot, count: Decimal, skip: Decimal = NOTHING) -> list[Piece]:
    """Which trades brought the next `count` units of a lot behind the first `skip`."""
    found = []
    for piece in lot.pieces:
        if not count:
            break
        passed = min(skip, piece.units)
        skip -= passed
        share = min(count, piece.units - passed)
        if share:
            found.append(Piece(piece.trade_id, share))
            count -= share
    return found


def take_pieces(lot: Lot, count: Decimal) -> None:
    while count:
        first = lot.pieces[0]
        share = min(count, first.units)
        count -= share
        first.units -= share
        if not first.units:
            del lot.pieces[0]

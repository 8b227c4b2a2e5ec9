"""What is held of one asset on one account: its lots, which of them go first, and what they cost."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from app.core.money import rounded
from app.portfolio.parts import MOST_UNITS, NOTHING, Excess, Part, portion, spread

Method = Literal["fifo", "lifo", "hifo", "average", "specific"]


class NotHeldError(Exception):
    """More is wanted than is held; with `lot_id`, than is left of the lots of that trade."""

    def __init__(self, held: Decimal, lot_id: UUID | None = None) -> None:
        super().__init__(f"{held} is held")
        self.held = held
        self.lot_id = lot_id


class TooManyUnitsError(Exception):
    """More units than anybody has of anything: `MOST_UNITS`."""


class _Lot:
    """A lot as it is used up. `key` is its place in the order in which lots go."""

    __slots__ = ("acquired_on", "base_cost", "cost", "key", "number", "quantity", "trade_id")

    def __init__(self, part: Part, number: int) -> None:
        self.trade_id = part.trade_id
        self.acquired_on = part.acquired_on
        self.quantity = part.quantity
        self.cost = part.cost
        self.base_cost = part.base_cost
        self.number = number
        self.key: tuple[Decimal | int, ...] = ()

    @property
    def age(self) -> tuple[date, int]:
        return (self.acquired_on, self.number)


class Holding:
    """The lots of one position, in the order of a method.

    `fifo` takes the oldest first, by the day of purchase; `lifo` the youngest; `hifo` what cost most a unit, the oldest
    among equals; `specific` what is named, and the oldest where nothing is. With `average` all units cost the same: the
    quantity goes as with `fifo`, for its age, the cost by the part of the whole.
    """

    def __init__(self, method: Method, exponent: int, base_exponent: int) -> None:
        self.method = method
        self.exponent = exponent
        self.base_exponent = base_exponent
        self.quantity = NOTHING
        self.cost = rounded(NOTHING, exponent)
        self._base = rounded(NOTHING, base_exponent)
        self._unknown = 0
        """How many lots have no base cost; with `average`, 1 where the pool has none."""
        self._lots: list[_Lot] = []
        self._by_trade: dict[UUID, list[_Lot]] = {}
        """The same lots, to be found by name."""
        self._count = 0

    @property
    def base_cost(self) -> Decimal | None:
        return None if self._unknown else self._base

    def parts(self) -> list[Part]:
        """The lots, the oldest first."""
        lots = sorted(self._lots, key=lambda lot: lot.age)
        if self.method != "average":
            return [Part(lot.trade_id, lot.acquired_on, lot.quantity, lot.cost, lot.base_cost) for lot in lots]
        return self._of_pool(lots, [lot.quantity for lot in lots], self.cost, self.base_cost)

    def add(self, part: Part) -> None:
        if self.quantity + part.quantity > MOST_UNITS:
            raise TooManyUnitsError
        lot = _Lot(part, self._count)
        self._count += 1
        self.quantity += part.quantity
        self.cost += part.cost
        self._count_base(part.base_cost, 1)
        self._by_trade.setdefault(lot.trade_id, []).append(lot)
        self._insert(lot)

    def take(self, quantity: Decimal, named: Sequence[tuple[UUID, Decimal]] = ()) -> list[Part]:
        """Take units out, of the lots that are named or in the method's order; raises `NotHeldError`."""
        if quantity > self.quantity:
            raise NotHeldError(self.quantity)
        chosen = self._named(named) if named and self.method == "specific" else self._next(quantity)
        return self._from_pool(chosen, quantity) if self.method == "average" else self._from_lots(chosen)

    def take_all(self) -> list[Part]:
        parts = self.parts()
        self.quantity = NOTHING
        self.cost = rounded(NOTHING, self.exponent)
        self._base = rounded(NOTHING, self.base_exponent)
        self._unknown = 0
        self._lots = []
        self._by_trade = {}
        return parts

    def add_all(self, parts: Iterable[Part]) -> None:
        for part in parts:
            self.add(part)

    def lower(self, amount: Decimal) -> list[Excess]:
        """Take an amount off the cost, the same for each unit; returns what exceeds the cost, by lot.

        The base cost falls in the same proportion: it stays that of the day of purchase.
        """
        if self.method == "average":
            return self._lower_pool(amount)
        parts = self.take_all()
        excess = []
        for part, share in zip(parts, self._by_units(amount, parts), strict=True):
            off = min(share, part.cost)
            self.add(replace(part, cost=part.cost - off, base_cost=self._rest_of_base(part.base_cost, off, part.cost)))
            excess.append(Excess(part.trade_id, part.acquired_on, share - off))
        return [each for each in excess if each.amount]

    def carve(self, percent: Decimal) -> list[Part]:
        """Take a percentage of the cost off, lot by lot; returns the lots with that cost and their whole quantity."""
        parts = self.take_all()
        total = rounded(sum((part.cost for part in parts), NOTHING) * percent / 100, self.exponent)
        moved = []
        for part, off in zip(parts, spread(total, [part.cost for part in parts], self.exponent), strict=True):
            left = self._rest_of_base(part.base_cost, off, part.cost)
            gone = None if part.base_cost is None or left is None else part.base_cost - left
            self.add(replace(part, cost=part.cost - off, base_cost=left))
            moved.append(replace(part, cost=off, base_cost=gone))
        return moved

    def _insert(self, lot: _Lot) -> None:
        day = lot.acquired_on.toordinal()
        if self.method == "lifo":
            lot.key = (-day, -lot.number)
        elif self.method == "hifo":
            lot.key = (-lot.cost / lot.quantity, day, lot.number)
        else:
            lot.key = (day, lot.number)
        insort(self._lots, lot, key=lambda each: each.key)

    def _next(self, quantity: Decimal) -> list[tuple[_Lot, Decimal]]:
        chosen, wanted = [], quantity
        for lot in self._lots:
            if not wanted:
                break
            count = min(wanted, lot.quantity)
            chosen.append((lot, count))
            wanted -= count
        return chosen

    def _named(self, named: Sequence[tuple[UUID, Decimal]]) -> list[tuple[_Lot, Decimal]]:
        chosen = []
        for trade_id, quantity in named:
            wanted = quantity
            lots = sorted(self._by_trade.get(trade_id, ()), key=lambda lot: lot.key)
            for lot in lots:
                count = min(wanted, lot.quantity)
                if count:
                    chosen.append((lot, count))
                    wanted -= count
            if wanted:
                raise NotHeldError(sum((lot.quantity for lot in lots), NOTHING), trade_id)
        return chosen

    def _from_lots(self, chosen: Sequence[tuple[_Lot, Decimal]]) -> list[Part]:
        taken = []
        for lot, count in chosen:
            cost = portion(lot.cost, count, lot.quantity, self.exponent)
            base = None
            if lot.base_cost is not None:
                base = portion(lot.base_cost, count, lot.quantity, self.base_exponent)
            taken.append(Part(lot.trade_id, lot.acquired_on, count, cost, base))
            self._count_base(lot.base_cost, -1)
            self.quantity -= count
            self.cost -= cost
            lot.quantity -= count
            lot.cost -= cost
            if lot.base_cost is not None and base is not None:
                lot.base_cost -= base
            if lot.quantity:
                self._count_base(lot.base_cost, 1)
        self._drop_used([lot for lot, _ in chosen])
        return taken

    def _from_pool(self, chosen: Sequence[tuple[_Lot, Decimal]], quantity: Decimal) -> list[Part]:
        cost = portion(self.cost, quantity, self.quantity, self.exponent)
        base = None
        if self.base_cost is not None:
            base = portion(self._base, quantity, self.quantity, self.base_exponent)
            self._base -= base
        taken = self._of_pool([lot for lot, _ in chosen], [count for _, count in chosen], cost, base)
        self.quantity -= quantity
        self.cost -= cost
        for lot, count in chosen:
            lot.quantity -= count
        self._drop_used([lot for lot, _ in chosen])
        if not self.quantity:
            self._base = rounded(NOTHING, self.base_exponent)
            self._unknown = 0
        return taken

    def _drop_used(self, touched: Sequence[_Lot]) -> None:
        """Lots that are used up go; with `hifo` the others are placed anew, for the cost of a unit is rounded."""
        gone = [lot for lot in touched if self.method == "hifo" or not lot.quantity]
        if self._lots[: len(gone)] == gone:  # from the front on, which is usual and quick
            del self._lots[: len(gone)]
        else:
            for lot in gone:
                del self._lots[bisect_left(self._lots, lot.key, key=lambda each: each.key)]
        for lot in gone:
            if lot.quantity:
                self._insert(lot)
            else:
                self._forget(lot)

    def _forget(self, lot: _Lot) -> None:
        same = self._by_trade[lot.trade_id]
        same.remove(lot)
        if not same:
            del self._by_trade[lot.trade_id]

    def _of_pool(
        self, lots: Sequence[_Lot], counts: Sequence[Decimal], cost: Decimal, base: Decimal | None
    ) -> list[Part]:
        costs = spread(cost, counts, self.exponent)
        bases = [None] * len(lots) if base is None else spread(base, counts, self.base_exponent)
        return [
            Part(lot.trade_id, lot.acquired_on, count, one, other)
            for lot, count, one, other in zip(lots, counts, costs, bases, strict=True)
        ]

    def _lower_pool(self, amount: Decimal) -> list[Excess]:
        off = min(amount, self.cost)
        if not self._unknown:
            left = self._rest_of_base(self._base, off, self.cost)
            self._base = self._base if left is None else left
        self.cost -= off
        parts = self.parts()
        shares = zip(parts, self._by_units(amount - off, parts), strict=True)
        return [Excess(part.trade_id, part.acquired_on, share) for part, share in shares if share]

    def _by_units(self, amount: Decimal, parts: Sequence[Part]) -> list[Decimal]:
        return spread(amount, [part.quantity for part in parts], self.exponent)

    def _rest_of_base(self, base: Decimal | None, off: Decimal, cost: Decimal) -> Decimal | None:
        if base is None or not off:
            return base
        return base - portion(base, off, cost, self.base_exponent)

    def _count_base(self, base: Decimal | None, sign: int) -> None:
        if base is not None:
            self._base += sign * base
        elif self.method == "average":
            self._unknown = 1
        else:
            self._unknown += sign

"""A lot book in plain lists, slow and simple, to compare the real one with."""

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Key = tuple[str, str]
CENT, DUST = Decimal("0.01"), Decimal("1e-18")
IN_KIND = {"withdrawal", "transfer", "sell"}


class ImpossibleError(Exception):
    """A trade that cannot be, by its number."""


def cut(amount: Decimal, unit: Decimal = CENT) -> Decimal:
    return amount.quantize(unit, ROUND_HALF_UP)


def shares(total: Decimal, weights: list[Decimal], unit: Decimal = CENT) -> list[Decimal]:
    """What each part adds to the rounded sum up to it."""
    whole = sum(weights, Decimal(0))
    if not weights:
        return []
    if not whole:
        return [total, *[Decimal(0)] * (len(weights) - 1)]
    sums = [cut(total * sum(weights[: n + 1]) / whole, unit) for n in range(len(weights))]
    return [upto - (sums[n - 1] if n else 0) for n, upto in enumerate(sums)]


@dataclass
class Lot:
    day: str
    quantity: Decimal
    cost: Decimal


@dataclass
class Book:
    """Lots in the order in which they came; those of an averaged account all cost the same a unit."""

    methods: dict[str, str]
    lots: dict[Key, list[Lot]] = field(default_factory=dict)
    gained: Decimal = Decimal(0)

    def at(self, account: str, asset: str) -> list[Lot]:
        return self.lots.setdefault((account, asset), [])

    def add(self, key: Key, lot: Lot) -> None:
        self.at(*key).append(lot)
        self.level(key)

    def level(self, key: Key) -> None:
        if self.methods.get(key[0]) == "average":
            lots = sorted(self.at(*key), key=lambda lot: lot.day)
            costs = shares(sum((lot.cost for lot in lots), Decimal(0)), [lot.quantity for lot in lots])
            for lot, cost in zip(lots, costs, strict=True):
                lot.cost = cost

    def take(self, key: Key, quantity: Decimal) -> list[Lot]:
        lots, method = self.at(*key), self.methods.get(key[0], "fifo")
        held = sum((lot.quantity for lot in lots), Decimal(0))
        if held < quantity:
            raise ImpossibleError
        if method == "average":
            return self._from_pool(key, quantity, held)
        taken = []
        while quantity:
            places = list(enumerate(lots))
            if method == "lifo":
                _, lot = max(places, key=lambda place: (place[1].day, place[0]))
            elif method == "hifo":
                _, lot = min(places, key=lambda place: (-place[1].cost / place[1].quantity, place[1].day, place[0]))
            else:
                _, lot = min(places, key=lambda place: (place[1].day, place[0]))
            count = min(quantity, lot.quantity)
            cost = lot.cost if count == lot.quantity else cut(lot.cost * count / lot.quantity)
            taken.append(Lot(lot.day, count, cost))
            lot.quantity, lot.cost, quantity = lot.quantity - count, lot.cost - cost, quantity - count
            if not lot.quantity:
                lots.remove(lot)
        return taken

    def _from_pool(self, key: Key, quantity: Decimal, held: Decimal) -> list[Lot]:
        lots = sorted(self.at(*key), key=lambda lot: lot.day)
        pool = sum((lot.cost for lot in lots), Decimal(0))
        cost = pool if quantity == held else cut(pool * quantity / held)
        taken, left = [], quantity
        for lot in lots:
            count = min(left, lot.quantity)
            if count:
                taken.append(Lot(lot.day, count, Decimal(0)))
            lot.quantity, left = lot.quantity - count, left - count
        for lot, share in zip(taken, shares(cost, [lot.quantity for lot in taken]), strict=True):
            lot.cost = share
        self.lots[key] = [lot for lot in self.at(*key) if lot.quantity]
        if self.lots[key]:
            self.lots[key][0].cost += pool - cost - sum(lot.cost for lot in self.lots[key])
            self.level(key)
        return taken

    def whole(self, key: Key) -> list[Lot]:
        """All lots, the oldest first; what happens to nothing cannot be."""
        lots = sorted(self.at(*key), key=lambda lot: lot.day)
        if not lots:
            raise ImpossibleError
        self.lots[key] = lots
        return lots

    def lower(self, key: Key, amount: Decimal) -> None:
        lots = self.whole(key)
        if self.methods.get(key[0]) == "average":
            cost = sum((lot.cost for lot in lots), Decimal(0))
            off = min(amount, cost)
            self.gained += amount - off
            lots[0].cost -= off
            self.level(key)
            return
        for lot, share in zip(lots, shares(amount, [lot.quantity for lot in lots]), strict=True):
            off = min(share, lot.cost)
            lot.cost -= off
            self.gained += share - off

    def apply(self, trade: dict[str, Any]) -> None:
        kind, key, day = trade["kind"], (trade["account_id"], trade["asset_id"]), trade["date"]
        quantity, amount = Decimal(trade.get("quantity", 0)), Decimal(trade.get("amount", 0))
        fees, taxes = Decimal(trade.get("fees", 0)), Decimal(trade.get("taxes", 0))
        ratio = Decimal(trade.get("ratio", 1))
        if kind == "buy":
            self.add(key, Lot(day, quantity, amount + fees + taxes))
        elif kind == "reinvest":
            self.add(key, Lot(day, quantity, amount - taxes))
        elif kind == "deposit":
            self.add(key, Lot(trade["acquired_on"], quantity, Decimal(trade["cost"])))
        elif kind in IN_KIND:
            taken = self.take(key, quantity)
            if kind == "sell":
                self.gained += amount - fees - sum(lot.cost for lot in taken)
            for lot in sorted(taken, key=lambda lot: lot.day) if kind == "transfer" else ():
                self.add((trade["to_account_id"], key[1]), lot)
        elif kind == "return_of_capital":
            self.lower(key, amount)
        elif kind in {"split", "merger", "spin_off"}:
            self._exchange(kind, key, ratio, amount, trade)

    def _exchange(self, kind: str, key: Key, ratio: Decimal, amount: Decimal, trade: dict[str, Any]) -> None:
        if kind == "merger":
            self.lower(key, amount)
        lots = self.whole(key)
        total = sum((lot.quantity for lot in lots), Decimal(0))
        counts = shares(cut(total * ratio, DUST), [lot.quantity for lot in lots], DUST)
        if kind == "split":
            for lot, count in zip(lots, counts, strict=True):
                lot.quantity = count
            self.level(key)
            return
        costs = [lot.cost for lot in lots]
        if kind == "spin_off":
            whole = sum(costs, Decimal(0))
            costs = shares(cut(whole * Decimal(trade["cost_percent"]) / 100), costs)
        for lot, count, cost in zip(list(lots), counts, costs, strict=True):
            lot.cost -= cost
            self.add((key[0], trade["to_asset_id"]), Lot(lot.day, count, cost))
        if kind == "merger":
            self.lots[key] = []
        self.level(key)

    def positions(self) -> dict[Key, tuple[Decimal, Decimal]]:
        """Quantity and cost of what is held."""
        found = {
            key: (sum((lot.quantity for lot in lots), Decimal(0)), sum((lot.cost for lot in lots), Decimal(0)))
            for key, lots in self.lots.items()
        }
        return {key: state for key, state in found.items() if state[0]}

"""Trades as the lots that go and come: what a format with lots writes of them, so that it counts as the book does.

A lot is told by its day and a label. Where a part of one goes that costs exactly its part, that much goes; else, and
where a split or a return of capital changes it, the whole lot goes and what is left of it comes in again, with what it
still costs. So each account holds as many units at the same cost, to the cent, after every trade.

All units of a pool (`average`) cost the same anew after each sale. Its lots are one lot from its first sale on: they
go, and the pool comes in, in an entry of its own. What touches the lots themselves, such as a split, finds them again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from app.core.errors import ConflictError
from app.exports.chart import GAINS, OTHER_EQUITY, PRIVATE, Chart
from app.exports.entries import Facts, Line, Posting, category_line
from app.exports.telling import facts_of
from app.portfolio.holding import Holding
from app.portfolio.lots import Position
from app.portfolio.parts import Part
from app.portfolio.replay import TAKING, Replay, Step

NOTHING = Decimal(0)
NEAR = Decimal("1e-9")
MOST_LOTS = 1_000_000
"""So many lots one file tells of, over all its trades: some 100 MB, and what a server writes in half a minute."""


class ExportTooLargeError(ConflictError):
    """The trades move more lots than a file may tell of."""

    code = "export_too_large"
    title = "The file would be too large"

    def __init__(self) -> None:
        super().__init__(
            f"The trades of this book move more than {MOST_LOTS:,} lots; a file of all of them cannot be written. "
            "GET /exports/hledger has all of its money, GET /me/export everything."
        )


@dataclass(frozen=True, slots=True)
class LotLine:
    """Units that come (with what all of them cost) or go (with a minus), of the lot of this day and label."""

    account: str
    asset: str
    units: Decimal
    currency: str
    cost: Decimal
    day: date
    label: str
    price: Decimal | None = None
    facts: Facts = ()


@dataclass(frozen=True, slots=True)
class TradeEntry:
    """A trade with its lots, the lines of its money, and the row of its transaction where it has one.

    With a `title` it is no trade, but lots of a pool that are told otherwise.
    """

    step: Step
    row: Any
    lots: Sequence[LotLine]
    lines: Sequence[Line]
    title: str | None = None


@dataclass(slots=True)
class _Lot:
    part: Part
    label: str


Lotted = dict[tuple[Any, date], list[_Lot]]
"""The lots of a position, by what brought them and their day."""


@dataclass
class Lots:
    """Writes the trades of one book beside its transactions, those of a day in the order in which they happened."""

    replay: Replay
    chart: Chart
    _held: dict[Position, Lotted] = field(default_factory=dict)
    _pools: set[Position] = field(default_factory=set)
    """Which positions are one lot in the file."""
    _rows: dict[str, Any] = field(default_factory=dict)
    _count: int = 0
    lots_told: int = 0
    """How many lots were written or looked at."""

    def __post_init__(self) -> None:
        self._steps = self.replay.steps()
        self._next = next(self._steps, None)
        self._moving = self.replay.moving

    def keep(self, row: Any) -> bool:
        """Whether a transaction belongs to a trade that moves lots: it is written with that one."""
        if row.id not in self._moving:
            return False
        self._rows[row.id] = row
        return True

    def before(self, day: date | None) -> Iterator[TradeEntry]:
        """The trades before this day that were not asked for yet; all of them without a day.

        Raises `ExportTooLargeError`.
        """
        while self._next is not None and (day is None or self._next.trade.date < day):
            yield from self._entries(self._next)
            if self.lots_told > MOST_LOTS:
                raise ExportTooLargeError
            self._next = next(self._steps, None)  # not before: it changes what its forerunner left

    def units(self) -> Iterator[tuple[str, str, Decimal]]:
        """What each account holds at the end: account, asset and units."""
        for (account, asset), lots in self._held.items():
            units = sum((lot.part.quantity for lot in _all(lots)), NOTHING)
            if str(account) in self.chart.accounts and units:
                yield str(account), str(asset), units

    def _entries(self, step: Step) -> Iterator[TradeEntry]:
        lots: list[LotLine] = []
        if step.brought is not None:
            lots.append(self._bring(step.trade.position, step.brought, step, []))
        gone: list[_Lot] = []
        for position, holding in step.left.items():
            if step.trade.kind not in TAKING:
                yield from self._regrouped(position, step, self._apart(position, step))
                lots += self._becomes(position, holding.parts(), step, gone)
            elif holding.method == "average":
                yield from self._regrouped(position, step, self._together(position, step))
                lots += self._becomes(position, self._as_one(position, holding), step, gone)
            else:
                sold = self._sold(position, step)
                lots += sold or self._becomes(position, holding.parts(), step, gone)
        entry = self._entry(step, lots)
        if entry is not None:
            yield entry

    def _entry(self, step: Step, lots: list[LotLine]) -> TradeEntry | None:
        lots = [line for line in lots if line.account in self.chart.accounts]
        row = None
        if step.seen is not None and step.seen.transaction_id is not None:
            row = self._rows.pop(str(step.seen.transaction_id), None)
        if not lots and row is None:
            return None
        lots.sort(key=lambda line: line.units > 0)
        return TradeEntry(step, row, lots, self._lines(step, row, lots))

    def _lines(self, step: Step, row: Any, lots: Sequence[LotLine]) -> list[Line]:
        """The money: on the account, what flowed, the gain, and against equity what is left."""
        account = str(step.trade.account_id)
        postings = [Posting(a, c, r, Decimal(amount), memo) for a, c, r, amount, memo in row.lines] if row else []
        left: dict[str, Decimal] = {}
        for line in lots:
            left[line.currency] = left.get(line.currency, NOTHING) + line.cost.copy_sign(line.units)
        lines: list[Line] = []
        if postings:
            currency = self.chart.currencies[account]
            whole = sum((posting.amount for posting in postings), NOTHING)
            if whole:
                lines.append(Line(self.chart.accounts[account], whole, currency))
            lines += [category_line(posting, self.chart) for posting in postings if posting.role == "flow"]
            left[currency] = left.get(currency, NOTHING) + sum(
                (p.amount for p in postings if p.role != "flow"), NOTHING
            )
        gain = sum((each.proceeds - each.cost for each in step.disposals), NOTHING)
        if gain and account in self.chart.accounts:
            currency = self.chart.currencies[account]
            lines.append(Line(GAINS, -gain, currency))
            left[currency] = left.get(currency, NOTHING) - gain
        other = OTHER_EQUITY if step.seen is not None else PRIVATE
        lines += [Line(other, -amount, currency) for currency, amount in left.items() if amount]
        return lines

    def _bring(self, position: Position, part: Part, step: Step, gone: list[_Lot]) -> LotLine:
        lot = _Lot(part, self._label(position, part, gone))
        self._held.setdefault(position, {}).setdefault(_key(part), []).append(lot)
        return self._line(position, lot, part.quantity, part.cost, step)

    def _label(self, position: Position, part: Part, gone: list[_Lot]) -> str:
        """That of the lot that went to another account, told by its day and its units; else a new one."""
        if str(position[0]) not in self.chart.accounts:  # how many there are on a hidden account is hidden, too
            return ""
        for lot in gone:
            if lot.label and (lot.part.acquired_on, lot.part.quantity) == (part.acquired_on, part.quantity):
                gone.remove(lot)
                return lot.label
        self._count += 1
        return f"lot-{self._count}"

    def _becomes(self, position: Position, parts: Sequence[Part], step: Step, gone: list[_Lot]) -> Iterator[LotLine]:
        """From the lots that a position has in the file to those that it has in the book."""
        self.lots_told += len(parts)
        waiting: dict[tuple[Any, date], list[Part]] = {}
        for part in parts:
            waiting.setdefault(_key(part), []).append(part)
        kept: Lotted = {}
        for lot in _all(self._held.get(position, {})):
            before = lot.part
            same = waiting.get(_key(before))
            after = same.pop(0) if same else None
            if after is not None:
                kept.setdefault(_key(after), []).append(lot)
                lot.part = after
            units = before.quantity - (after.quantity if after is not None else NOTHING)
            if units > 0 and step.trade.kind == "transfer":
                gone.append(_Lot(replace(before, quantity=units), lot.label))
            yield from self._changed(position, lot, before, after, step)
        self._held[position] = kept
        for part in (part for some in waiting.values() for part in some):
            yield self._bring(position, part, step, gone)

    def _changed(
        self, position: Position, lot: _Lot, before: Part, after: Part | None, step: Step
    ) -> Iterator[LotLine]:
        if after is None:
            yield self._line(position, lot, -before.quantity, before.cost, step)
        elif _is_part(before, after):
            units = before.quantity - after.quantity
            if units:
                yield self._line(position, lot, -units, before.cost - after.cost, step)
        else:
            yield self._line(position, lot, -before.quantity, before.cost, step)
            yield self._line(position, lot, after.quantity, after.cost, step)

    def _sold(self, position: Position, step: Step) -> list[LotLine]:
        """The lots that a sale took, without a look at all the others; none where they cannot be told from others."""
        held = self._held.get(position, {})
        if any(len(held.get((sold.lot_trade_id, sold.acquired_on), ())) != 1 for sold in step.disposals):
            return []
        lines: list[LotLine] = []
        for sold in step.disposals:
            (lot,) = held[sold.lot_trade_id, sold.acquired_on]
            before = lot.part
            after = replace(before, quantity=before.quantity - sold.quantity, cost=before.cost - sold.cost)
            lot.part = after
            lines += self._changed(position, lot, before, after if after.quantity else None, step)
            if not after.quantity:
                del held[_key(after)]
        return lines

    def _together(self, position: Position, step: Step) -> list[LotLine]:
        """A pool becomes one lot, as old as its oldest; nothing where it is one."""
        lots = list(_all(self._held.get(position, {})))
        if len(lots) < 2:
            return []
        first = min(lots, key=lambda lot: lot.part.acquired_on).part
        units = sum((lot.part.quantity for lot in lots), NOTHING)
        pool = replace(first, quantity=units, cost=sum((lot.part.cost for lot in lots), NOTHING))
        self._pools.add(position)
        return self._exchanged(position, [pool], step)

    def _apart(self, position: Position, step: Step) -> list[LotLine]:
        """A pool that is one lot becomes the lots that the book has."""
        if position not in self._pools:
            return []
        self._pools.remove(position)
        return self._exchanged(position, step.pools[position], step)

    def _exchanged(self, position: Position, parts: Sequence[Part], step: Step) -> list[LotLine]:
        lots = list(_all(self._held.pop(position, {})))
        untold = replace(step, seen=None)
        lines = [self._line(position, lot, -lot.part.quantity, lot.part.cost, untold) for lot in lots]
        return lines + [self._bring(position, part, untold, []) for part in parts]

    def _as_one(self, position: Position, holding: Holding) -> list[Part]:
        """What is left of a pool that is one lot."""
        (lot,) = _all(self._held[position])
        if not holding.quantity:
            self._pools.discard(position)
            return []
        return [replace(lot.part, quantity=holding.quantity, cost=holding.cost)]

    def _regrouped(self, position: Position, step: Step, lots: Sequence[LotLine]) -> Iterator[TradeEntry]:
        if lots and str(position[0]) in self.chart.accounts:
            yield TradeEntry(replace(step, seen=None), None, lots, [], "Pool")

    def _line(self, position: Position, lot: _Lot, units: Decimal, cost: Decimal, step: Step) -> LotLine:
        self.lots_told += 1
        account, asset = (str(each) for each in position)
        seen = step.seen
        own = seen is not None and step.trade.kind == "sell" and units < 0
        priced = own and seen is not None and seen.currency == self.chart.currencies.get(account)
        return LotLine(
            account, asset, units, self.chart.currencies.get(account, ""), cost, lot.part.acquired_on, lot.label,
            seen.price if priced and seen is not None else None,
            facts_of(seen, self.chart) if seen is not None else (),
        )  # fmt: skip


def _key(part: Part) -> tuple[Any, date]:
    return (part.trade_id, part.acquired_on)


def _all(lots: Lotted) -> Iterator[_Lot]:
    return (lot for some in lots.values() for lot in some)


def _is_part(before: Part, after: Part) -> bool:
    """Whether what is left of a lot costs its part of it, as a program that counts by the cost of a unit has it."""
    if after.quantity > before.quantity:
        return False
    return abs(before.cost * after.quantity - after.cost * before.quantity) <= NEAR * before.quantity

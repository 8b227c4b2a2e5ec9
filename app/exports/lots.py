"""Trades as the lots that go and come: what a format with lots writes of them, so that it counts as the book does.

A lot is told by its day and a label. Where a part of one goes that costs exactly its part, that much goes; else, and
where a split or a return of capital changes it, the whole lot goes and what is left of it comes in again, with what it
still costs. So each account holds as many units at the same cost, to the cent, after every trade.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from app.exports.chart import GAINS, OTHER_EQUITY, PRIVATE, Chart
from app.exports.entries import Facts, Line, Posting, category_line
from app.exports.telling import facts_of
from app.portfolio.lots import Position
from app.portfolio.parts import Part
from app.portfolio.replay import Replay, Step

NOTHING = Decimal(0)
NEAR = Decimal("1e-9")


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
    """A trade with its lots, the lines of its money, and the row of its transaction where it has one."""

    step: Step
    row: Any
    lots: Sequence[LotLine]
    lines: Sequence[Line]


@dataclass(slots=True)
class _Lot:
    part: Part
    label: str


@dataclass
class Lots:
    """Writes the trades of one book beside its transactions, those of a day in the order in which they happened."""

    replay: Replay
    chart: Chart
    _held: dict[Position, list[_Lot]] = field(default_factory=dict)
    _rows: dict[str, Any] = field(default_factory=dict)
    _count: int = 0

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
        """The trades before this day that were not asked for yet; all of them without a day."""
        while self._next is not None and (day is None or self._next.trade.date < day):
            step, self._next = self._next, next(self._steps, None)
            entry = self._entry(step)
            if entry is not None:
                yield entry

    def units(self) -> Iterator[tuple[str, str, Decimal]]:
        """What each account holds at the end: account, asset and units."""
        for (account, asset), lots in self._held.items():
            units = sum((lot.part.quantity for lot in lots), NOTHING)
            if str(account) in self.chart.accounts and units:
                yield str(account), str(asset), units

    def _entry(self, step: Step) -> TradeEntry | None:
        lots: list[LotLine] = []
        if step.brought is not None:
            lots.append(self._bring(step.trade.position, step.brought, step, []))
        gone: list[_Lot] = []
        for position, parts in step.left.items():
            lots += self._becomes(position, parts, step, gone)
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
        self._held.setdefault(position, []).append(lot)
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
        waiting: dict[tuple[Any, date], list[Part]] = {}
        for part in parts:
            waiting.setdefault((part.trade_id, part.acquired_on), []).append(part)
        kept: list[_Lot] = []
        for lot in self._held.get(position, []):
            before = lot.part
            same = waiting.get((before.trade_id, before.acquired_on))
            after = same.pop(0) if same else None
            if after is not None:
                kept.append(lot)
                lot.part = after
            units = before.quantity - (after.quantity if after is not None else NOTHING)
            if units > 0 and step.trade.kind == "transfer":
                gone.append(_Lot(replace(before, quantity=units), lot.label))
            if after is None:
                yield self._line(position, lot, -before.quantity, before.cost, step)
            elif _is_part(before, after):
                if units:
                    yield self._line(position, lot, -units, before.cost - after.cost, step)
            else:
                yield self._line(position, lot, -before.quantity, before.cost, step)
                yield self._line(position, lot, after.quantity, after.cost, step)
        self._held[position] = kept
        for part in (part for some in waiting.values() for part in some):
            yield self._bring(position, part, step, gone)

    def _line(self, position: Position, lot: _Lot, units: Decimal, cost: Decimal, step: Step) -> LotLine:
        account, asset = (str(each) for each in position)
        seen = step.seen
        own = seen is not None and step.trade.kind == "sell" and units < 0
        priced = own and seen is not None and seen.currency == self.chart.currencies.get(account)
        return LotLine(
            account, asset, units, self.chart.currencies.get(account, ""), cost, lot.part.acquired_on, lot.label,
            seen.price if priced and seen is not None else None,
            facts_of(seen, self.chart) if seen is not None else (),
        )  # fmt: skip


def _is_part(before: Part, after: Part) -> bool:
    """Whether what is left of a lot costs its part of it, as a program that counts by the cost of a unit has it."""
    if after.quantity > before.quantity:
        return False
    return abs(before.cost * after.quantity - after.cost * before.quantity) <= NEAR * before.quantity

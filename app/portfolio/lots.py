"""The lot book: trades in their order, and what follows from them. It knows no database and no day but its trades'.

A sale takes lots by the method of its account (`holding.Holding`). What comes over from another account or asset by a
transfer, a merger or a spin-off keeps what it cost and since when it is held.
"""

import calendar
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from app.core.money import rounded
from app.portfolio.holding import Holding, Method, NotHeldError, TooManyUnitsError
from app.portfolio.parts import NOTHING, Excess, Part, multiplied, spread

Day = date
Position = tuple[UUID, UUID]
"""An account and an asset."""
Reason = Literal["oversold", "lot_not_held", "nothing_held", "nothing_left", "too_many_units"]


@dataclass(frozen=True, slots=True)
class Terms:
    """How an account counts: the decimals of its currency, its method, and when a gain is long-term."""

    exponent: int
    method: Method = "fifo"
    long_term_months: int = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """What the lot book reads of a trade; amounts are in the account's currency and have no sign.

    `rate` of a transfer is how much of the receiving account's currency one unit of the giving one's is. `base_rate` is
    how much of the book's currency one unit of the account's is on the day of the purchase or sale; None: not known.
    """

    id: UUID
    account_id: UUID
    asset_id: UUID
    kind: str
    date: date
    quantity: Decimal = NOTHING
    amount: Decimal = NOTHING
    fees: Decimal = NOTHING
    taxes: Decimal = NOTHING
    cost: Decimal = NOTHING
    acquired_on: Day | None = None
    to_account_id: UUID | None = None
    to_asset_id: UUID | None = None
    ratio: Decimal = Decimal(1)
    rate: Decimal | None = None
    base_rate: Decimal | None = None
    cost_percent: Decimal = NOTHING
    lots: tuple[tuple[UUID, Decimal], ...] = ()

    @property
    def position(self) -> Position:
        return (self.account_id, self.asset_id)


@dataclass(frozen=True, slots=True)
class Disposal:
    """What a sale took of one lot: a gain is `proceeds - cost`. Without a quantity, what came back beyond the cost."""

    trade_id: UUID
    lot_trade_id: UUID
    acquired_on: date
    disposed_on: date
    quantity: Decimal
    cost: Decimal
    proceeds: Decimal
    base_cost: Decimal | None
    base_proceeds: Decimal | None
    long_term: bool


@dataclass(frozen=True, slots=True)
class DayState:
    """What was held at the end of a day, and what it had cost."""

    quantity: Decimal
    cost: Decimal
    base_cost: Decimal | None


class ImpossibleTradeError(Exception):
    """A trade that cannot have happened after the ones before it."""

    def __init__(self, trade: Trade, reason: Reason, held: Decimal, lot_id: UUID | None = None) -> None:
        super().__init__(f"{reason}: {trade.kind} {trade.id} of {trade.date}")
        self.trade = trade
        self.reason = reason
        self.held = held
        self.lot_id = lot_id


def is_long_term(acquired_on: date, disposed_on: date, months: int) -> bool:
    """Whether it was held for more than so many months, counted from the day after the purchase.

    What was bought on 31 January is held for more than a month from 1 March on: a month that lacks the day ends with
    its last one.
    """
    year, month = divmod(acquired_on.year * 12 + acquired_on.month - 1 + months, 12)
    if year > date.max.year:
        return False
    last = calendar.monthrange(year, month + 1)[1]
    return disposed_on > date(year, month + 1, min(acquired_on.day, last))


@dataclass
class LotBook:
    """Positions as trades leave them. `apply` takes trades in the order of their days, those of a day as they came."""

    accounts: Mapping[UUID, Terms]
    base_exponent: int
    holdings: dict[Position, Holding] = field(default_factory=dict)
    days: dict[Position, dict[date, DayState]] = field(default_factory=dict)
    disposals: dict[Position, list[Disposal]] = field(default_factory=dict)

    def run(self, trades: Iterable[Trade]) -> "LotBook":
        """Apply all of them; raises `ImpossibleTradeError` for the first that cannot be."""
        for trade in trades:
            self.apply(trade)
        return self

    def apply(self, trade: Trade) -> None:
        step = _STEPS.get(trade.kind)
        if step is None:  # cash alone: a dividend, interest, a fee
            return
        try:
            step(self, trade)
        except NotHeldError as error:
            reason: Reason = "lot_not_held" if error.lot_id else "oversold"
            raise ImpossibleTradeError(trade, reason, error.held, error.lot_id) from error
        except TooManyUnitsError as error:
            raise ImpossibleTradeError(trade, "too_many_units", NOTHING) from error
        self._note(trade.position, trade.date)
        if trade.to_account_id is not None:
            self._note((trade.to_account_id, trade.asset_id), trade.date)
        if trade.to_asset_id is not None:
            self._note((trade.account_id, trade.to_asset_id), trade.date)

    def holding(self, position: Position) -> Holding:
        if position not in self.holdings:
            terms = self.accounts[position[0]]
            self.holdings[position] = Holding(terms.method, terms.exponent, self.base_exponent)
        return self.holdings[position]

    def _buy(self, trade: Trade) -> None:
        cost = trade.amount + trade.fees + trade.taxes
        self._receive(trade, cost, trade.date)

    def _reinvest(self, trade: Trade) -> None:
        self._receive(trade, trade.amount - trade.taxes, trade.date)

    def _deposit(self, trade: Trade) -> None:
        self._receive(trade, trade.cost, trade.acquired_on or trade.date)

    def _receive(self, trade: Trade, cost: Decimal, acquired_on: date) -> None:
        base = self._in_base(trade, cost)
        self.holding(trade.position).add(Part(trade.id, acquired_on, trade.quantity, cost, base))

    def _sell(self, trade: Trade) -> None:
        parts = self.holding(trade.position).take(trade.quantity, trade.lots)
        proceeds = trade.amount - trade.fees
        counts = [part.quantity for part in parts]
        shares = spread(proceeds, counts, self.accounts[trade.account_id].exponent)
        in_base = self._in_base(trade, proceeds)
        bases = [None] * len(parts) if in_base is None else spread(in_base, counts, self.base_exponent)
        for part, share, base in zip(parts, shares, bases, strict=True):
            self._dispose(trade, part, share, base)

    def _withdraw(self, trade: Trade) -> None:
        self.holding(trade.position).take(trade.quantity, trade.lots)

    def _transfer(self, trade: Trade) -> None:
        if trade.to_account_id is None:  # the database and the schema have it
            raise ValueError(trade)
        parts = self.holding(trade.position).take(trade.quantity, trade.lots)
        target = self.holding((trade.to_account_id, trade.asset_id))
        if trade.rate is not None:
            costs = [part.cost for part in parts]
            total = rounded(sum(costs, NOTHING) * trade.rate, target.exponent)
            parts = [replace(p, cost=c) for p, c in zip(parts, spread(total, costs, target.exponent), strict=True)]
        target.add_all(replace(part, trade_id=trade.id) for part in sorted(parts, key=lambda part: part.acquired_on))

    def _split(self, trade: Trade) -> None:
        holding = self._held(trade)
        holding.add_all(self._multiplied(trade, holding.take_all()))

    def _merge(self, trade: Trade) -> None:
        """Cash that comes with the new units lowers the cost first, as a return of capital does."""
        holding = self._held(trade)
        self._gain(trade, holding.lower(trade.amount))
        self._hand_over(trade, holding.take_all())

    def _spin_off(self, trade: Trade) -> None:
        self._hand_over(trade, self._held(trade).carve(trade.cost_percent))

    def _return_capital(self, trade: Trade) -> None:
        self._gain(trade, self._held(trade).lower(trade.amount))

    def _hand_over(self, trade: Trade, parts: Sequence[Part]) -> None:
        if trade.to_asset_id is None:  # the schema has it
            raise ValueError(trade)
        target = self.holding((trade.account_id, trade.to_asset_id))
        target.add_all(replace(part, trade_id=trade.id) for part in self._multiplied(trade, parts))

    def _held(self, trade: Trade) -> Holding:
        holding = self.holding(trade.position)
        if not holding.quantity:
            raise ImpossibleTradeError(trade, "nothing_held", NOTHING)
        return holding

    @staticmethod
    def _multiplied(trade: Trade, parts: Sequence[Part]) -> list[Part]:
        after = multiplied(parts, trade.ratio)
        if not after:
            raise ImpossibleTradeError(trade, "nothing_left", sum((part.quantity for part in parts), NOTHING))
        return after

    def _gain(self, trade: Trade, excess: Sequence[Excess]) -> None:
        """What came back beyond the cost of lots is a gain of that day."""
        none = rounded(NOTHING, self.accounts[trade.account_id].exponent)
        no_base = rounded(NOTHING, self.base_exponent)
        for each in excess:
            part = Part(each.trade_id, each.acquired_on, NOTHING, none, no_base)
            self._dispose(trade, part, each.amount, self._in_base(trade, each.amount))

    def _dispose(self, trade: Trade, part: Part, proceeds: Decimal, base_proceeds: Decimal | None) -> None:
        months = self.accounts[trade.account_id].long_term_months
        self.disposals.setdefault(trade.position, []).append(
            Disposal(
                trade.id,
                part.trade_id,
                part.acquired_on,
                trade.date,
                part.quantity,
                part.cost,
                proceeds,
                part.base_cost,
                base_proceeds,
                is_long_term(part.acquired_on, trade.date, months),
            )
        )

    def _in_base(self, trade: Trade, amount: Decimal) -> Decimal | None:
        return None if trade.base_rate is None else rounded(amount * trade.base_rate, self.base_exponent)

    def _note(self, position: Position, day: date) -> None:
        holding = self.holding(position)
        state = DayState(holding.quantity, holding.cost, holding.base_cost)
        self.days.setdefault(position, {})[day] = state


_STEPS: dict[str, Callable[[LotBook, Trade], None]] = {
    "buy": LotBook._buy,  # noqa: SLF001  # a table of its own methods
    "sell": LotBook._sell,  # noqa: SLF001
    "reinvest": LotBook._reinvest,  # noqa: SLF001
    "deposit": LotBook._deposit,  # noqa: SLF001
    "withdrawal": LotBook._withdraw,  # noqa: SLF001
    "transfer": LotBook._transfer,  # noqa: SLF001
    "split": LotBook._split,  # noqa: SLF001
    "merger": LotBook._merge,  # noqa: SLF001
    "spin_off": LotBook._spin_off,  # noqa: SLF001
    "return_of_capital": LotBook._return_capital,  # noqa: SLF001
}

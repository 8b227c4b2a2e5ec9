"""From a line of a broker's file to the trade that it is, or to money that moved without an asset."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from app.core.money import plain, rounded
from app.imports.broker.figures import NOTHING, OUT, Figures
from app.imports.broker.lines import Line, Money, is_currency
from app.imports.broker.mapping import LineKind
from app.imports.broker.naming import Assets, LineFault
from app.imports.csv.headers import words

Document = dict[str, Any]
Pair = tuple[str, str, date]
"""How much of the second currency one unit of the first is on a day."""
OF_UNITS: frozenset[LineKind] = frozenset(("buy", "sell", "reinvest", "split", "return_of_capital"))
"""What happens to an asset or not at all."""
MOVING: frozenset[LineKind] = frozenset(("deposit", "withdrawal", "transfer_in", "transfer_out"))
GOING_OUT: frozenset[LineKind] = frozenset(("fee", "tax", "withdrawal", "transfer_out"))
_PAID = frozenset(("belastung", "zinsbelastung", "debit", "paid", "margin", "sollzinsen"))
"""Words of interest that one pays."""
_RATIO = re.compile(
    r"(?P<new>\d{1,6}(?:\.\d{1,6})?)\s?(?:-?for-?|:|/)\s?(?P<old>\d{1,6}(?:\.\d{1,6})?)", re.ASCII | re.IGNORECASE
)


class Entry(NamedTuple):
    """What a line becomes: a `trade` without its ids, or money alone. `amount` is what moves on the account, signed and
    in its currency; None where only units move.
    """

    trade: Document | None
    amount: Decimal | None
    text: str


class RatesWantedError(Exception):
    """A rate is wanted that was not looked up yet."""

    def __init__(self, pair: Pair) -> None:
        super().__init__(pair)
        self.pair = pair


class Trader:
    """Makes entries of lines, for one account. `rates` are those looked up, None for one that is not known."""

    def __init__(
        self, figures: Figures, assets: Assets, currency: str, exponent: int, rates: Mapping[Pair, Decimal | None]
    ) -> None:
        self._figures = figures
        self._assets = assets
        self._own = currency
        self._exponent = exponent
        self._rates = rates

    def entry(self, line: Line, *, by_name: bool) -> Entry | None:
        """What a line becomes, None where it is to be left out; `by_name` where a name alone may be that of an asset.

        Raises LineFault, and RatesWantedError for a rate that is to be looked up first.
        """
        kind = self._kind(line)
        if kind == "ignore":
            return None
        sums = _Sums(self._figures, line, self._own, self._exponent, self._rates)
        if kind not in OF_UNITS and not self._is_of_asset(line, kind, by_name=by_name):
            return self._cash(line, kind, sums)
        asset = self._assets.of(line, line.currency or self._own)
        about = {"asset_id": asset["id"], "date": line.day.isoformat()}
        fields, moved = _MAKERS[kind](sums, line)
        if fields is None:
            return Entry(None, moved, _text(line, asset["symbol"]))
        return Entry({**about, **fields}, moved, _text(line, asset["symbol"]))

    def _kind(self, line: Line) -> LineKind:
        kind = line.kind
        if kind is None and not line.word:
            raise LineFault("kind", "it does not say what happened, and has no quantity that would")
        if kind is None:
            raise LineFault("kind", f"'{line.word[:80]}' is not known: say with mapping.kinds what it means")
        # Where amounts have signs, money that goes out for it was brought by another line: the dividend.
        if kind == "reinvest" and line.amount is not None and line.amount.value < 0:
            return "buy"
        return kind

    def _is_of_asset(self, line: Line, kind: LineKind, *, by_name: bool) -> bool:
        if kind in MOVING and not line.quantity:
            return False
        if is_currency(line.symbol) and line.isin is None:
            return False
        return bool(line.symbol or line.isin or (by_name and line.name))

    def _cash(self, line: Line, kind: LineKind, sums: "_Sums") -> Entry:
        moved = sums.moved(kind)
        return Entry(None, moved, _text(line, None))


def _text(line: Line, symbol: str | None) -> str:
    said = line.name if line.name and line.name != symbol else None
    return ": ".join(filter(None, (line.word, " ".join(filter(None, (symbol, said))) or None)))


class _Sums:
    """The amounts of one line, in the account's currency and with its decimals."""

    def __init__(
        self, figures: Figures, line: Line, own: str, exponent: int, rates: Mapping[Pair, Decimal | None]
    ) -> None:
        self._figures = figures
        self._line = line
        self._own = own
        self._exponent = exponent
        self._rates = rates
        self._price = line.currency or own
        self._fees = [Money(m.value * sign, m.currency) for m, sign in zip(line.fees, figures.fees, strict=True)]
        self._taxes = [Money(m.value * sign, m.currency) for m, sign in zip(line.taxes, figures.taxes, strict=True)]

    @property
    def quantity(self) -> Decimal:
        if not self._line.quantity:
            raise LineFault("quantity", "the quantity is missing")
        return abs(self._line.quantity)

    @property
    def price(self) -> Decimal | None:
        return None if self._line.price is None else abs(self._line.price.value)

    def priced(self, gross: Decimal) -> Document:
        """What a purchase or a sale says beside its amounts; what costs nothing has no price that leads to it."""
        fields: Document = {"quantity": plain(self.quantity)}
        if self.price is not None and gross:
            fields |= {"price": plain(self.price), "currency": self._price}
        return fields

    def costs(self) -> tuple[Decimal, Decimal]:
        """Fees and taxes; what is less than nothing is a rebate."""
        return self._total(self._fees), self._total(self._taxes)

    def gross(self, kind: LineKind) -> Decimal:
        """The amount before fees and taxes."""
        fees, taxes = self.costs()
        line = self._line
        if line.amount is not None and line.amount.value:
            total = self._rounded(self._own_amount())
            if not self._figures.is_net:
                return total
            return total - fees - taxes if kind in OUT else total + fees + taxes
        if self.price is None or not line.quantity:
            raise LineFault("amount", "there is no amount, and no quantity and price that would give it")
        return self._rounded(self.quantity * self.price * self._rate_of_price())

    def moved(self, kind: LineKind) -> Decimal:
        """What moves on the account, where it is all there is to know; signed."""
        line = self._line
        if line.amount is None or not line.amount.value:
            if line.quantity and is_currency(line.symbol):
                return self._signed(kind, self._rounded(self._converted(line.quantity, (line.symbol or "").upper())))
            raise LineFault("amount", "the amount is missing, or 0")
        fees, taxes = self.costs()
        total = self._signed(kind, self._rounded(self._own_amount()))
        return total if self._figures.is_net else total - fees - taxes

    def is_out(self, kind: LineKind) -> bool:
        """Whether money goes out; where the file writes no signs, by what it is."""
        amount = self._line.amount
        if self._figures.signed and amount is not None:
            return amount.value < 0
        return kind in GOING_OUT or (kind == "interest" and not _PAID.isdisjoint(words(self._line.word)))

    def _signed(self, kind: LineKind, amount: Decimal) -> Decimal:
        return -abs(amount) if self.is_out(kind) else abs(amount)

    def _own_amount(self) -> Decimal:
        amount = self._line.amount
        value, currency = (NOTHING, None) if amount is None else (abs(amount.value), amount.currency)
        return self._converted(value, currency or self._unit)

    @property
    def _unit(self) -> str:
        """The currency of amounts that say none."""
        return self._price if self._figures.in_price else self._own

    def _total(self, costs: Sequence[Money]) -> Decimal:
        said = self._line.amount.currency if self._line.amount is not None else None
        return self._rounded(
            sum((self._converted(m.value, m.currency or said or self._unit) for m in costs if m.value), NOTHING)
        )

    def _rounded(self, amount: Decimal) -> Decimal:
        return rounded(amount, self._exponent)

    def _converted(self, amount: Decimal, currency: str) -> Decimal:
        if currency == self._own:
            return amount
        if currency == self._price:
            return amount * self._rate_of_price()
        return amount * self._looked_up(currency)

    def _rate_of_price(self) -> Decimal:
        """How much of the account's currency one unit of the price's is: by the amounts, by the file, by the book."""
        if self._price == self._own:
            return Decimal(1)
        line = self._line
        if line.rate:
            return 1 / line.rate if self._figures.divides else line.rate
        return self._rate_of_amounts() or self._looked_up(self._price)

    def _rate_of_amounts(self) -> Decimal | None:
        """What the amount in the account's currency comes to for each unit of the price's, costs left aside."""
        line = self._line
        if line.amount is None or (line.amount.currency or self._unit) != self._own:
            return None
        if not line.quantity or line.price is None:
            return None
        amount, computed = abs(line.amount.value), abs(line.quantity * line.price.value)
        if self._figures.is_net:
            sign = 1 if line.kind in OUT else -1
            for cost in (*self._fees, *self._taxes):
                if (cost.currency or self._own) == self._own:
                    amount -= sign * cost.value
                elif cost.currency == self._price:
                    computed += sign * cost.value
        return amount / computed if amount > 0 and computed > 0 else None

    def _looked_up(self, currency: str) -> Decimal:
        pair = (currency, self._own, self._line.day)
        if pair not in self._rates:
            raise RatesWantedError(pair)
        rate = self._rates[pair]
        if rate is None:
            raise LineFault("rate", f"no rate from {currency} to {self._own} is known for {self._line.day}")
        return rate


Made = tuple[Document | None, Decimal | None]


def _costing(fees: Decimal, taxes: Decimal) -> Document:
    return {name: plain(value) for name, value in (("fees", fees), ("taxes", taxes)) if value > 0}


def _bought_or_sold(sums: _Sums, line: Line, kind: LineKind) -> Made:
    if kind in OUT and line.quantity is not None and line.quantity < 0:
        raise LineFault("quantity", "a purchase of less than nothing: it takes something back, enter that by hand")
    fees, taxes = sums.costs()
    gross = sums.gross(kind)
    # A rebate is no cost: it makes a purchase cheaper, and a sale bring more.
    rebate = -min(fees, NOTHING) - min(taxes, NOTHING)
    fees, taxes = max(fees, NOTHING), max(taxes, NOTHING)
    gross = gross - rebate if kind in OUT else gross + rebate
    if gross < 0:
        raise LineFault("amount", "fees and taxes are more than the amount")
    sign = -1 if kind == "buy" else 1
    if kind == "reinvest":
        return {
            "kind": kind,
            **sums.priced(gross),
            "amount": plain(gross + fees + taxes),
            **_costing(fees, taxes),
        }, None
    moved = sign * gross - fees - taxes
    return {"kind": kind, **sums.priced(gross), "amount": plain(gross), **_costing(fees, taxes)}, moved


def _buy(sums: _Sums, line: Line) -> Made:
    return _bought_or_sold(sums, line, "buy")


def _sell(sums: _Sums, line: Line) -> Made:
    return _bought_or_sold(sums, line, "sell")


def _reinvest(sums: _Sums, line: Line) -> Made:
    return _bought_or_sold(sums, line, "reinvest")


def _income(sums: _Sums, kind: LineKind) -> Made:
    if sums.is_out(kind):  # something was taken back
        return None, sums.moved(kind)
    fees, taxes = sums.costs()
    gross = sums.gross(kind)
    if fees < 0 or taxes < 0 or gross < fees + taxes or not gross:
        raise LineFault("amount", "the amount is 0, or less than the fees and taxes taken from it")
    return {"kind": kind, "amount": plain(gross), **_costing(fees, taxes)}, gross - fees - taxes


def _dividend(sums: _Sums, _line: Line) -> Made:
    return _income(sums, "dividend")


def _interest(sums: _Sums, _line: Line) -> Made:
    return _income(sums, "interest")


def _fee(sums: _Sums, _line: Line) -> Made:
    moved = sums.moved("fee")
    return ({"kind": "fee", "amount": plain(-moved)} if moved < 0 else None), moved


def _tax(sums: _Sums, _line: Line) -> Made:
    return None, sums.moved("tax")


def _return_capital(sums: _Sums, _line: Line) -> Made:
    moved = sums.moved("return_of_capital")
    if moved < 0:
        return None, moved
    return {"kind": "return_of_capital", "amount": plain(moved)}, moved


def _move(sums: _Sums, line: Line, kind: LineKind) -> Made:
    """Units that come or go without money. What they cost is what the line says that they were worth."""
    quantity = plain(sums.quantity)
    if kind in GOING_OUT or (line.quantity is not None and line.quantity < 0):
        return {"kind": "withdrawal", "quantity": quantity}, None
    cost = sums.gross("buy") + sum(sums.costs(), NOTHING)
    return {"kind": "deposit", "quantity": quantity, "cost": plain(max(cost, NOTHING))}, None


def _split(_sums: _Sums, line: Line) -> Made:
    for text in (line.word, line.notes, line.name):
        found = _RATIO.search(text or "")
        if found is not None:
            return {"kind": "split", "ratio": f"{found['new']}:{found['old']}"}, None
    raise LineFault("kind", "the line does not say how many shares became how many: enter the split by hand")


_MAKERS: dict[LineKind, Callable[[_Sums, Line], Made]] = {
    "buy": _buy,
    "sell": _sell,
    "reinvest": _reinvest,
    "dividend": _dividend,
    "interest": _interest,
    "fee": _fee,
    "tax": _tax,
    "return_of_capital": _return_capital,
    "split": _split,
    "deposit": lambda sums, line: _move(sums, line, "deposit"),
    "transfer_in": lambda sums, line: _move(sums, line, "transfer_in"),
    "withdrawal": lambda sums, line: _move(sums, line, "withdrawal"),
    "transfer_out": lambda sums, line: _move(sums, line, "transfer_out"),
}

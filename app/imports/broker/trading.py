"""From a line of a broker's file to the trade that it is, or to money that moved without an asset."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from app.core.money import plain
from app.imports.broker.figures import NOTHING, OUT, Figures
from app.imports.broker.lines import Line, is_currency
from app.imports.broker.mapping import LineKind
from app.imports.broker.naming import Assets, LineFault
from app.imports.broker.ratios import SplitRatio, ratio_of
from app.imports.broker.sums import GOING_OUT, Pair, Sums

Document = dict[str, Any]
OF_UNITS: frozenset[LineKind] = frozenset(("buy", "sell", "reinvest", "split", "return_of_capital"))
"""What happens to an asset or not at all."""
MOVING: frozenset[LineKind] = frozenset(("deposit", "withdrawal", "transfer_in", "transfer_out"))


class Entry(NamedTuple):
    """What a line becomes: a `trade` without its ids, or money alone. `amount` is what moves on the account, signed and
    in its currency; None where only units move.
    """

    trade: Document | None
    amount: Decimal | None
    text: str


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
        sums = Sums(self._figures, line, self._own, self._exponent, self._rates)
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

    def _cash(self, line: Line, kind: LineKind, sums: "Sums") -> Entry:
        moved = sums.moved(kind)
        return Entry(None, moved, _text(line, None))


def split_ratio(line: Line) -> SplitRatio | None:
    return ratio_of((line.word, line.notes, line.name))


def _text(line: Line, symbol: str | None) -> str:
    said = line.name if line.name and line.name != symbol else None
    return ": ".join(filter(None, (line.word, " ".join(filter(None, (symbol, said))) or None)))


Made = tuple[Document | None, Decimal | None]


def _costing(fees: Decimal, taxes: Decimal) -> Document:
    return {name: plain(value) for name, value in (("fees", fees), ("taxes", taxes)) if value > 0}


def _bought_or_sold(sums: Sums, line: Line, kind: LineKind) -> Made:
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


def _buy(sums: Sums, line: Line) -> Made:
    return _bought_or_sold(sums, line, "buy")


def _sell(sums: Sums, line: Line) -> Made:
    return _bought_or_sold(sums, line, "sell")


def _reinvest(sums: Sums, line: Line) -> Made:
    return _bought_or_sold(sums, line, "reinvest")


def _income(sums: Sums, kind: LineKind) -> Made:
    if sums.is_out(kind):  # something was taken back
        return None, sums.moved(kind)
    fees, taxes = sums.costs()
    gross = sums.gross(kind)
    if fees < 0 or taxes < 0 or gross < fees + taxes or not gross:
        raise LineFault("amount", "the amount is 0, or less than the fees and taxes taken from it")
    return {"kind": kind, "amount": plain(gross), **_costing(fees, taxes)}, gross - fees - taxes


def _dividend(sums: Sums, _line: Line) -> Made:
    return _income(sums, "dividend")


def _interest(sums: Sums, _line: Line) -> Made:
    return _income(sums, "interest")


def _fee(sums: Sums, _line: Line) -> Made:
    moved = sums.moved("fee")
    return ({"kind": "fee", "amount": plain(-moved)} if moved < 0 else None), moved


def _tax(sums: Sums, _line: Line) -> Made:
    return None, sums.moved("tax")


def _return_capital(sums: Sums, _line: Line) -> Made:
    moved = sums.moved("return_of_capital")
    if moved < 0:
        return None, moved
    return {"kind": "return_of_capital", "amount": plain(moved)}, moved


def _move(sums: Sums, line: Line, kind: LineKind) -> Made:
    """Units that come or go without money. What they cost is what the line says that they were worth."""
    quantity = plain(sums.quantity)
    if kind in GOING_OUT or (line.quantity is not None and line.quantity < 0):
        return {"kind": "withdrawal", "quantity": quantity}, None
    cost = sums.gross("buy") + sum(sums.costs(), NOTHING)
    return {"kind": "deposit", "quantity": quantity, "cost": plain(max(cost, NOTHING))}, None


def _split(_sums: Sums, line: Line) -> Made:
    found = split_ratio(line)
    if found is None:
        raise LineFault("kind", "the line does not say how many shares became how many: enter the split by hand")
    return {"kind": "split", "ratio": str(found)}, None


_MAKERS: dict[LineKind, Callable[[Sums, Line], Made]] = {
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

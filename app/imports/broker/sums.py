"""What the amounts of a line in a broker's file come to in the account's currency."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from app.core.money import MAX_INTEGER_DIGITS, plain, rounded
from app.imports.broker.figures import NOTHING, OUT, Figures
from app.imports.broker.lines import Line, Money, is_currency
from app.imports.broker.mapping import LineKind
from app.imports.broker.naming import LineFault
from app.imports.csv.headers import words

Document = dict[str, Any]
Pair = tuple[str, str, date]
"""How much of the second currency one unit of the first is on a day."""
GOING_OUT: frozenset[LineKind] = frozenset(("fee", "tax", "withdrawal", "transfer_out"))
_PAID = frozenset(("belastung", "zinsbelastung", "debit", "paid", "margin", "sollzinsen"))
"""Words of interest that one pays."""


class RatesWantedError(Exception):
    """A rate is wanted that was not looked up yet."""

    def __init__(self, pair: Pair) -> None:
        super().__init__(pair)
        self.pair = pair


class Sums:
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
            if kind in OUT:
                return total - fees - taxes
            return fees + taxes - total if self._cost_more(kind, total, fees + taxes) else total + fees + taxes
        if self.price is None or not line.quantity:
            raise LineFault("amount", "there is no amount, and no quantity and price that would give it")
        return self._rounded(self.quantity * self.price * self._rate_of_price())

    def _cost_more(self, kind: LineKind, net: Decimal, costs: Decimal) -> bool:
        """Whether a sale cost more than it brought, so that its net amount, here without its sign, is negative.

        Some files write a minus before each sale: quantity and price tell, where they are there, else other lines.
        """
        line = self._line
        if kind != "sell" or line.amount is None or line.amount.value > 0 or net > costs:
            return False
        if self.price is None or not line.quantity or (self._price != self._own and not line.rate):
            return self._figures.signed
        brought = self.quantity * self.price * self._rate_of_price()
        return abs(costs - net - brought) < abs(costs + net - brought)

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
        """Whether money goes out: where there is a minus, and where the file writes no signs, by what it is."""
        amount = self._line.amount
        if amount is not None and (self._figures.signed or amount.value < 0):
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
        if amount and amount.adjusted() >= MAX_INTEGER_DIGITS:
            raise LineFault("amount", f"an amount has more than {MAX_INTEGER_DIGITS} digits before the point")
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

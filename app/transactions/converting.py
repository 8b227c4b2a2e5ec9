"""From an account's currency to the book's: how the amounts of one day are converted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext

from app.core.money import rounded

DIGITS = 200
"""More than an amount times a rate has: the product is exact, and rounded once."""

Rates = Mapping[tuple[str, date], Decimal]
"""How much of the base currency one unit of a currency is on a day; what is not known is not there."""


@dataclass(frozen=True, slots=True)
class InBase:
    """What amounts of one day are in the base currency, by the rates that were read with what the input names."""

    currency: str
    exponent: int
    rates: Rates
    day: date

    def amount_of(self, amount: Decimal, currency: str) -> Decimal | None:
        """The amount in the base currency, rounded half away from zero to its decimals; None without a rate.

        The posting engine computes the same where it is handed None, with the same rounding.
        """
        if currency == self.currency:
            return amount
        rate = self.rates.get((currency, self.day))
        if rate is None:
            return None
        return converted(amount, rate, self.exponent)


def converted(amount: Decimal, rate: Decimal, exponent: int) -> Decimal:
    """An amount times a rate, rounded half away from zero to this many decimals, as the ledger does."""
    with localcontext(prec=DIGITS):
        return rounded(amount * rate, exponent)

"""Prices in parts of a currency (pence, cents, agorot) become prices in the currency."""

from decimal import Decimal

from app.core.fetching import UnreadableError

HUNDREDTHS = {
    "GBp": "GBP",
    "GBX": "GBP",
    "GBPENCE": "GBP",
    "ZAc": "ZAR",
    "ZAC": "ZAR",
    "ILA": "ILS",
    "ILa": "ILS",
    "USX": "USD",
    "USc": "USD",
}


def whole(price: Decimal, unit: str) -> tuple[Decimal, str]:
    """A price and its currency; `unit` is a currency's code, in capitals, or one of a hundredth of a currency."""
    if unit in HUNDREDTHS:
        return price / 100, HUNDREDTHS[unit]
    if not (unit.isascii() and unit.isalnum() and unit == unit.upper() and 3 <= len(unit) <= 10):
        raise UnreadableError("the answer names no currency")
    return price, unit

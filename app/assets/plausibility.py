"""Which quotes of a provider are believed: a wrong price is worse than an old one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from app.assets.providers.model import Quote

LEAP = 50
"""No market moves fifty-fold from one quote to the next, but pence taken for pounds do."""
NEAR = timedelta(days=30)
"""Quotes further apart than this say nothing about each other."""
HIGHEST = Decimal(10) ** 15
DECIMALS = Decimal("1e-18")
EARLIEST = date(1900, 1, 1)


@dataclass(frozen=True)
class Sifted:
    """The quotes that are believed, in the order of their days, and what was wrong with the first one that is not."""

    quotes: Sequence[Quote]
    problem: str | None


def sift(quotes: Sequence[Quote], before: Quote | None, latest: date) -> Sifted:
    """Look at quotes in the order of their days; `before` is the last one known before them, `latest` the last day that
    has begun anywhere.

    One quote that leaps is left out, and so is all that follows on its level: what came before it was believed already.
    """
    kept: list[Quote] = []
    problem: str | None = None
    for told in quotes:
        quote = replace(told, price=_exact(told.price))  # as it would be kept: one that is 0 then is no price
        found = _wrong(quote, latest) or _leap(quote, kept[-1] if kept else before)
        if found is None:
            kept.append(quote)
        elif problem is None:
            problem = f"{quote.date}: {found}"
    return Sifted(kept, problem)


def _wrong(quote: Quote, latest: date) -> str | None:
    if not quote.price.is_finite() or not 0 < quote.price < HIGHEST:
        return "the price is not above 0, or out of all proportion"
    if quote.date > latest:
        return "the day is still to come"
    return "the day is too long ago" if quote.date < EARLIEST else None


def _leap(quote: Quote, before: Quote | None) -> str | None:
    """Splits are counted in both prices or in neither, where both are of one answer."""
    if before is None or before.currency != quote.currency or quote.date - before.date > NEAR:
        return None
    if quote.price > before.price * LEAP or quote.price * LEAP < before.price:
        return f"the price is {LEAP} times that of {before.date}, or more, or as many times less"
    return None


def _exact(price: Decimal) -> Decimal:
    """No more decimals than the API takes and shows."""
    exponent = price.as_tuple().exponent
    return price.quantize(DECIMALS) if isinstance(exponent, int) and exponent < -18 else price

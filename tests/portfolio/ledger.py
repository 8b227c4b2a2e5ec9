"""Short ways to write trades of the lot book, and to read what it makes of them."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.portfolio.holding import Method
from app.portfolio.lots import LotBook, Terms, Trade

ACCOUNT, OTHER_ACCOUNT = UUID(int=1), UUID(int=2)
ASSET, OTHER_ASSET = UUID(int=11), UUID(int=12)
HERE = (ACCOUNT, ASSET)
NUMBERS = {"quantity", "amount", "fees", "taxes", "cost", "ratio", "rate", "base_rate", "cost_percent"}


def trade(number: int, kind: str, day: str, **fields: Any) -> Trade:
    """A trade on the first account; decimals may be strings."""
    exact: dict[str, Any] = {name: Decimal(value) if name in NUMBERS else value for name, value in fields.items()}
    exact.setdefault("base_rate", Decimal(1))
    places: dict[str, Any] = {"account_id": ACCOUNT, "asset_id": ASSET}
    return Trade(id=UUID(int=1000 + number), kind=kind, date=date.fromisoformat(day), **{**places, **exact})


def book(*trades: Trade, method: Method = "fifo", months: int = 12, exponent: int = 2) -> LotBook:
    """What follows from these trades, which are in their order."""
    terms = {account: Terms(exponent, method, months) for account in (ACCOUNT, OTHER_ACCOUNT)}
    return LotBook(terms, 2).run(trades)


def gains(made: LotBook, position: tuple[UUID, UUID] = HERE) -> list[Any]:
    return [each.proceeds - each.cost for each in made.disposals.get(position, [])]


def lots(made: LotBook, position: tuple[UUID, UUID] = HERE) -> list[Any]:
    """Quantity and cost of what is left, the oldest first."""
    return [(part.quantity, part.cost) for part in made.holding(position).parts()]

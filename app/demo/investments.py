"""What the demo invests: a savings plan into a fund, a few shares, a bond fund, and dollars, month by month.

As with the rest of the plan, a day depends on the days before it alone, and ids come from what happened when. Each
asset has a price on the trading day of each month, and the dollar a rate on each Friday.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID, uuid5

from app.assets.schemas import AssetIn, AssetType
from app.demo.months import CENT, SEED, Luck, Month, months
from app.demo.moves import CategoryName, Opening
from app.demo.plan import NAMESPACE
from app.portfolio.schemas import BuyTrade, DividendTrade, SellTrade

TRADING_DAY = 15
SAVED, KEPT = Decimal(250), Decimal(300)
"""What goes into the fund each month, as long as the account holds so much more."""
PARTS = Decimal("0.0001")
FRIDAY = 4
WEEK = timedelta(days=7)
USUAL_RATE = Decimal("1.0850")
"""Dollars for a euro, to which the rate comes back by a tenth each week."""

Trade = BuyTrade | SellTrade | DividendTrade


class Depot(StrEnum):
    """The accounts of the investments, beside those of everyday."""

    EUROS = "Harbour depot"
    DOLLARS = "Dollar brokerage"


DEPOTS = {
    Depot.EUROS: Opening("investment", "EUR", Decimal("24000.00"), "Harbour Bank", "For later: do not touch."),
    Depot.DOLLARS: Opening("investment", "USD", Decimal("5200.00"), "Atlantic Online"),
}


@dataclass(frozen=True)
class Dividend:
    """So much for each unit on a day of these months; of it `tax` is withheld."""

    months: tuple[int, ...]
    day: int
    each: Decimal
    tax: Decimal


@dataclass(frozen=True)
class Asset:
    """`drift` and `swing` are hundredths of a percent a month: where a price goes, and how far it strays."""

    symbol: str
    name: str
    type: AssetType
    sector: str
    price: Decimal
    drift: int
    swing: int
    dividend: Dividend | None = None
    depot: Depot = Depot.EUROS
    orders: Mapping[int, int] = field(default_factory=dict)
    """Units bought, or sold where negative, on the trading day of the month of that number."""

    @property
    def id(self) -> UUID:
        return uuid5(NAMESPACE, f"asset/{self.symbol}")

    @property
    def currency(self) -> str:
        return DEPOTS[self.depot].currency


HOME_TAX, FOREIGN_TAX = Decimal("0.26375"), Decimal("0.15")
QUARTERS = (3, 6, 9, 12)
FUND = Asset(
    "WLD",
    "World Equity ETF",
    "etf",
    "World",
    Decimal("78.40"),
    75,
    320,
    Dividend(QUARTERS, 20, Decimal("0.31"), HOME_TAX),
)
ASSETS = (
    FUND,
    Asset(
        "EBF", "Euro Bond Fund", "fund", "Bonds", Decimal("101.20"), 15, 60,
        Dividend((11,), 25, Decimal("2.10"), HOME_TAX), orders={1: 45, 13: 20},
    ),
    Asset(
        "NWE", "Nordwind Energy", "stock", "Energy", Decimal("24.10"), 110, 650,
        Dividend((5,), 12, Decimal("0.55"), HOME_TAX), orders={2: 120, 24: -60},
    ),
    Asset("ALP", "Alpenbahn", "stock", "Transport", Decimal("56.80"), -60, 500, orders={6: 40, 11: -25}),
    Asset(
        "QRS", "Quarry Software", "stock", "Technology", Decimal("112.50"), 130, 700,
        Dividend((2, 5, 8, 11), 10, Decimal("0.30"), FOREIGN_TAX), Depot.DOLLARS, {3: 30, 16: -10, 27: 8},
    ),
)  # fmt: skip
FEE = Decimal("4.90")


def depot_id(name: Depot) -> UUID:
    return uuid5(NAMESPACE, f"account/{name.name} depot")


def assets() -> Iterator[AssetIn]:
    for each in ASSETS:
        names = {"symbol": each.symbol, "name": each.name, "sector": each.sector}
        yield AssetIn(id=each.id, type=each.type, currency=each.currency, **names)


def prices(start: date, end: date) -> dict[tuple[UUID, date], Decimal]:
    """The price of each asset on each trading day, in its currency."""
    found: dict[tuple[UUID, date], Decimal] = {}
    for each in ASSETS:
        price = each.price
        for month in months(start, end):
            change = each.drift + month.luck(f"price-{each.symbol}").between(-each.swing, each.swing)
            price = (price * (10_000 + change) / 10_000).quantize(CENT)
            if month.day(TRADING_DAY) <= end:
                found[each.id, month.day(TRADING_DAY)] = price
    return found


def rates(start: date, end: date) -> dict[date, Decimal]:
    """Dollars for a euro on each Friday, from the one before the demo on."""
    found: dict[date, Decimal] = {}
    day = start - timedelta(days=(start.weekday() - FRIDAY) % 7)
    rate = USUAL_RATE
    while day <= end:
        strayed = Decimal(Luck(f"{SEED}/rate/{day}").between(-110, 110)) / 10_000
        rate = (rate + (USUAL_RATE - rate) / 10 + strayed).quantize(PARTS)
        found[day] = rate
        day += WEEK
    return found


def trades(start: date, end: date, categories: Mapping[CategoryName, UUID]) -> Iterator[Trade]:
    """All trades from `start` to `end`, both included, by date."""
    priced = prices(start, end)
    units: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    cash = {name: opening.balance for name, opening in DEPOTS.items()}
    for month in months(start, end):
        found = [*_orders(month, priced, cash), *_dividends(month, units, categories)]
        for depot, trade in sorted(found, key=lambda each: each[1].date):
            if trade.date > end:
                return
            if isinstance(trade, DividendTrade):
                cash[depot] += trade.amount - trade.taxes
            else:
                side = 1 if isinstance(trade, BuyTrade) else -1
                units[trade.asset_id] += side * trade.quantity
                cash[depot] -= side * (trade.quantity * (trade.price or 0)).quantize(CENT) + trade.fees
            yield trade


def _id(kind: str, asset: Asset, day: date) -> UUID:
    return uuid5(NAMESPACE, f"trade/{kind}/{asset.symbol}/{day}")


def _orders(
    month: Month, priced: Mapping[tuple[UUID, date], Decimal], cash: Mapping[Depot, Decimal]
) -> Iterator[tuple[Depot, Trade]]:
    """The savings plan, and what is bought or sold beside it."""
    day = month.day(TRADING_DAY)
    for asset in ASSETS:
        price = priced.get((asset.id, day))
        wanted = Decimal(asset.orders.get(month.number, 0))
        fees = FEE
        if price is not None and asset is FUND and cash[asset.depot] >= SAVED + KEPT:
            wanted, fees = (SAVED / price).quantize(PARTS), Decimal(0)
        if price is None or not wanted:
            continue
        common = {"date": day, "account_id": depot_id(asset.depot), "asset_id": asset.id, "price": price, "fees": fees}
        if wanted > 0:
            yield asset.depot, BuyTrade(kind="buy", id=_id("buy", asset, day), quantity=wanted, **common)
        else:
            yield asset.depot, SellTrade(kind="sell", id=_id("sell", asset, day), quantity=-wanted, **common)


def _dividends(
    month: Month, units: Mapping[UUID, Decimal], categories: Mapping[CategoryName, UUID]
) -> Iterator[tuple[Depot, Trade]]:
    """Of what was held when the month began."""
    for asset in ASSETS:
        pays = asset.dividend
        if pays is None or month.month not in pays.months or not units.get(asset.id):
            continue
        day = month.day(pays.day)
        amount = (units[asset.id] * pays.each).quantize(CENT)
        yield (
            asset.depot,
            DividendTrade(
                kind="dividend",
                id=_id("dividend", asset, day),
                date=day,
                account_id=depot_id(asset.depot),
                asset_id=asset.id,
                amount=amount,
                taxes=(amount * pays.tax).quantize(CENT),
                category_id=categories[CategoryName.DIVIDENDS],
                tax_category_id=categories[CategoryName.FEES],
            ),
        )

"""Seeing what of the demo's investments is missing, and making it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from app.access.context import BookReader, BookWriter
from app.accounts import service as accounts
from app.assets import prices
from app.assets import service as assets
from app.assets.schemas import AssetIn
from app.core.money import plain
from app.demo import investments
from app.demo.investments import DEPOTS, Depot, Trade
from app.demo.moves import CategoryName, opened
from app.portfolio import service as portfolio
from app.rates import loading
from app.rates import service as rates

PAIR = ("EUR", "USD")


@dataclass(frozen=True)
class Missing:
    """What a run has to make; false when there is nothing."""

    depots: Sequence[Depot]
    assets: Sequence[AssetIn]
    prices: Mapping[tuple[UUID, date], Decimal]
    trades: Sequence[Trade]

    def __bool__(self) -> bool:
        return any((self.depots, self.assets, self.prices, self.trades))


async def missing_rates(book: BookReader, start: date, today: date) -> dict[date, Decimal]:
    """Rates of days on which the book knows none."""
    wanted = investments.rates(start, today)
    known = await rates.rates_for(book.connection, [(*PAIR, day) for day in wanted])
    dated = {day for (_, _, day), found in known.items() if found.rated_on == day}
    return {day: rate for day, rate in wanted.items() if day not in dated}


async def make_rates(book: BookWriter, wanted: Mapping[date, Decimal]) -> None:
    lines = [f"{day},{PAIR[0]},{PAIR[1]},{plain(rate)}" for day, rate in wanted.items()]
    await loading.load(book, "\n".join(["date,base,quote,rate", *lines]).encode())


async def missing(book: BookReader, start: date, today: date, categories: Mapping[CategoryName, UUID]) -> Missing:
    """What the book does not have yet. What somebody archived stays as it is."""
    present = {account["id"] for account in await accounts.every(book, archived=None)}
    known = await assets.get_many(book, [each.id for each in investments.ASSETS])
    priced = investments.prices(start, today)
    found = await assets.prices_on(book, priced)
    wanted = list(investments.trades(start, today, categories))
    entered = await portfolio.get_many(book, [trade.id for trade in wanted if trade.id])
    return Missing(
        [name for name in Depot if investments.depot_id(name) not in present],
        [asset for asset in investments.assets() if asset.id not in known],
        {pair: price for pair, price in priced.items() if not _is_of(found.get(pair), pair[1])},
        [trade for trade in wanted if trade.id not in entered],
    )


def _is_of(price: assets.Price | None, day: date) -> bool:
    return price is not None and price.priced_on == day


async def make(book: BookWriter, wanted: Missing, start: date) -> None:
    """Write it, in one transaction of the database."""
    for name in wanted.depots:
        place = 100 + list(Depot).index(name)
        await accounts.create(book, opened(investments.depot_id(name), name, DEPOTS[name], start, place))
    for asset in wanted.assets:
        await assets.create(book, asset)
    if wanted.prices:
        lines = [f"{asset_id},{day},{plain(price)}" for (asset_id, day), price in wanted.prices.items()]
        await prices.load(book, "\n".join(["asset_id,date,price", *lines]).encode(), skip_errors=False)
    if wanted.trades:
        await portfolio.create_many(book, wanted.trades)

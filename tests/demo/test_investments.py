"""What the demo invests, as a plan: the same each time, paid from what is there, and never more sold than held."""

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

from app.demo import investments
from app.demo.investments import ASSETS, DEPOTS, FUND, Depot, depot_id
from app.demo.moves import CategoryName
from app.portfolio.schemas import BuyTrade, DividendTrade, SellTrade

START, TODAY = date(2023, 2, 1), date(2026, 2, 10)
CATEGORIES = {name: uuid4() for name in CategoryName}


def test_the_plan_of_three_years() -> None:
    trades = list(investments.trades(START, TODAY, CATEGORIES))
    assert trades == list(investments.trades(START, TODAY, CATEGORIES))
    assert [trade.date for trade in trades] == sorted(trade.date for trade in trades)
    assert len({trade.id for trade in trades}) == len(trades)
    cash = {depot_id(name): opening.balance for name, opening in DEPOTS.items()}
    held: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    for trade in trades:
        if isinstance(trade, DividendTrade):
            assert 0 < trade.taxes < trade.amount
            assert held[trade.asset_id] > 0
            cash[trade.account_id] += trade.amount - trade.taxes
            continue
        worth = trade.quantity * (trade.price or 0)
        held[trade.asset_id] += trade.quantity if isinstance(trade, BuyTrade) else -trade.quantity
        cash[trade.account_id] += (-worth if isinstance(trade, BuyTrade) else worth) - trade.fees
        assert held[trade.asset_id] >= 0
        assert cash[trade.account_id] > 0
    assert all(held[asset.id] > 0 for asset in ASSETS)
    assert Counter(type(trade) for trade in trades)[SellTrade] == 3
    plan = [trade for trade in trades if trade.asset_id == FUND.id and isinstance(trade, BuyTrade)]
    assert len(plan) == 36
    assert all(abs(trade.quantity * (trade.price or 0) - 250) < Decimal("0.02") for trade in plan)
    assert {trade.account_id for trade in trades} == {depot_id(Depot.EUROS), depot_id(Depot.DOLLARS)}


def test_a_longer_plan_has_the_same_past_and_ends_with_the_money() -> None:
    short = list(investments.trades(START, TODAY, CATEGORIES))
    long = list(investments.trades(START, date(2033, 2, 10), CATEGORIES))
    assert long[: len(short)] == short
    assert sum(1 for trade in long if isinstance(trade, BuyTrade) and trade.date.year == 2032) < 12
    until = date(2028, 1, 1)
    assert investments.prices(START, TODAY).items() <= investments.prices(START, until).items()
    assert investments.rates(START, TODAY).items() <= investments.rates(START, until).items()


def test_prices_and_rates_are_there_when_they_are_needed() -> None:
    prices, rates = investments.prices(START, TODAY), investments.rates(START, TODAY)
    assert len(prices) == 36 * len(ASSETS)
    assert all(price > 1 for price in prices.values())
    assert min(rates) <= START
    assert max(rates) > date(2026, 2, 3)
    assert all(Decimal("0.95") < rate < Decimal("1.25") for rate in rates.values())
    assert {day.weekday() for day in rates} == {4}

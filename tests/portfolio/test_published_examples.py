"""Worked examples that tax authorities and companies have published, to the cent where they go to the cent."""

from datetime import date as day
from decimal import Decimal
from typing import Any

from app.portfolio.lots import is_long_term
from tests.portfolio.ledger import ACCOUNT, HERE, OTHER_ASSET, book, gains, lots, trade

THERE = (ACCOUNT, OTHER_ASSET)


def test_first_in_first_out() -> None:
    """IRS Publication 550, "Identifying stock or bonds sold": 130 shares of which 50 were given away before."""
    made = book(
        trade(1, "buy", "2008-01-10", quantity="100", amount="1000"),
        trade(2, "buy", "2009-01-10", quantity="200", amount="2200"),
        trade(3, "withdrawal", "2009-07-01", quantity="50"),
        trade(4, "buy", "2009-12-10", quantity="100", amount="900"),
        trade(5, "sell", "2023-04-10", quantity="130", amount="1950"),
    )
    taken: list[Any] = [(each.quantity, each.cost) for each in made.disposals[HERE]]
    assert taken == [(50, 500), (80, 880)]
    assert sum(each.cost for each in made.disposals[HERE]) == 1380
    assert all(each.long_term for each in made.disposals[HERE])


def test_section_104_holding() -> None:
    """HMRC HS284, example 3: Ms Pierson's shares in Lobster plc, a pool without same-day or 30-day purchases.

    HMRC rounds to pounds: the pool of 800 shares cost £3,349, the gains are £329 and £300.
    """
    made = book(
        trade(1, "buy", "2014-04-01", quantity="1000", amount="4000", fees="150"),
        trade(2, "buy", "2017-09-01", quantity="500", amount="2050", fees="80"),
        trade(3, "sell", "2022-05-01", quantity="700", amount="3360", fees="100"),
        trade(4, "sell", "2023-02-01", quantity="400", amount="2080", fees="105"),
        method="average",
    )
    assert made.days[HERE][day.fromisoformat("2017-09-01")].cost == 6280
    assert made.days[HERE][day.fromisoformat("2022-05-01")].cost == Decimal("3349.33")
    by_sale = [sum(each.proceeds - each.cost for each in made.disposals[HERE] if each.trade_id.int == n)
               for n in (1003, 1004)]  # fmt: skip
    assert by_sale == [Decimal("329.33"), Decimal("300.33")]
    assert made.holding(HERE).cost == Decimal("1674.66")


def test_return_of_capital() -> None:
    """IRS Publication 550, "Nondividend distributions": $100 of stock, $80 back, then $30: a gain of $10."""
    made = book(
        trade(1, "buy", "2012-03-01", quantity="1", amount="100"),
        trade(2, "return_of_capital", "2015-03-01", amount="80"),
        trade(3, "return_of_capital", "2024-03-01", amount="30"),
    )
    assert [state.cost for state in made.days[HERE].values()] == [100, 20, 0]
    (gain,) = made.disposals[HERE]
    shown: tuple[Any, ...] = (gain.quantity, gain.cost, gain.proceeds, gain.long_term)
    assert shown == (0, 0, 10, True)


def test_stock_dividend() -> None:
    """IRS Publication 550, "Stock splits and stock dividends": two lots of $30 and $45, three shares of each one."""
    made = book(
        trade(1, "buy", "2007-05-01", quantity="1", amount="30"),
        trade(2, "buy", "2008-05-01", quantity="1", amount="45"),
        trade(3, "split", "2018-05-01", ratio="3"),
    )
    assert lots(made) == [(3, 30), (3, 45)]
    assert [cost / quantity for quantity, cost in lots(made)] == [10, 15]


def test_merger() -> None:
    """Treas. Reg. § 1.358-2(c), example 1: 20 shares of $3 and 10 of $6 become 40 of $1.50 and 20 of $3."""
    made = book(
        trade(1, "buy", "2004-01-02", quantity="20", amount="60"),
        trade(2, "buy", "2005-01-03", quantity="10", amount="60"),
        trade(3, "merger", "2006-06-01", to_asset_id=OTHER_ASSET, ratio="2"),
    )
    assert made.holding(HERE).quantity == 0
    assert [cost / quantity for quantity, cost in lots(made, THERE)] == [Decimal("1.5"), 3]
    assert [str(part.acquired_on) for part in made.holding(THERE).parts()] == ["2004-01-02", "2005-01-03"]


def test_spin_off() -> None:
    """ConocoPhillips, Form 8937 of 2012: one share of Phillips 66 for two, and 77.09 % of the basis stays."""
    made = book(
        trade(1, "buy", "2010-02-01", quantity="100", amount="5000"),
        trade(2, "spin_off", "2012-05-01", to_asset_id=OTHER_ASSET, ratio="0.5", cost_percent="22.91"),
        trade(3, "sell", "2012-06-01", quantity="50", amount="1700", asset_id=OTHER_ASSET),
    )
    assert lots(made) == [(100, Decimal("3854.50"))]
    (sold,) = made.disposals[THERE]
    assert (sold.cost, sold.long_term) == (Decimal("1145.50"), True)
    assert gains(made, THERE) == [Decimal("554.50")]


def test_holding_period() -> None:
    """IRS Publication 550, "Holding period": bought on 5 February 2022, sold on the 5th a year later, or on the 6th."""
    bought = day(2022, 2, 5)
    assert not is_long_term(bought, day(2023, 2, 5), 12)
    assert is_long_term(bought, day(2023, 2, 6), 12)

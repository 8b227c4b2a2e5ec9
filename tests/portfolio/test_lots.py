"""The lot book by itself: methods, what goes over from one place to another, and that nothing appears or is lost."""

import random
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.portfolio.holding import Method
from app.portfolio.lots import ImpossibleTradeError, LotBook, Trade, is_long_term
from app.portfolio.parts import spread
from tests.portfolio.ledger import (
    ACCOUNT,
    ASSET,
    HERE,
    OTHER_ACCOUNT,
    OTHER_ASSET,
    book,
    gains,
    lots,
    trade,
)

BOUGHT = (
    trade(1, "buy", "2020-01-01", quantity="10", amount="100"),
    trade(2, "buy", "2021-01-01", quantity="10", amount="300"),
    trade(3, "buy", "2022-01-01", quantity="10", amount="200"),
)
THERE = (OTHER_ACCOUNT, ASSET)
NEW = (ACCOUNT, OTHER_ASSET)


@pytest.mark.parametrize(
    ("method", "cost", "left"),
    [
        ("fifo", "250", [(5, 150), (10, 200)]),
        ("lifo", "350", [(10, 100), (5, 150)]),
        ("hifo", "400", [(10, 100), (5, 100)]),
        ("average", "300", [(5, 100), (10, 200)]),
        ("specific", "250", [(5, 150), (10, 200)]),
    ],
)
def test_which_lots_a_sale_takes(method: Method, cost: str, left: list[tuple[int, int]]) -> None:
    made = book(*BOUGHT, trade(4, "sell", "2023-01-01", quantity="15", amount="450", fees="9"), method=method)
    assert sum(each.cost for each in made.disposals[HERE]) == Decimal(cost)
    assert sum(gains(made)) == 450 - 9 - Decimal(cost)
    assert lots(made) == left


def test_a_sale_names_its_lots() -> None:
    chosen = ((UUID(int=1003), Decimal(4)), (UUID(int=1001), Decimal(2)))
    sale = trade(4, "sell", "2023-01-01", quantity="6", amount="120", lots=chosen)
    made = book(*BOUGHT, sale, method="specific")
    taken: list[Any] = [(each.lot_trade_id.int, each.quantity, each.cost) for each in made.disposals[HERE]]
    assert taken == [(1003, 4, 80), (1001, 2, 20)]
    assert lots(made) == [(8, 80), (10, 300), (6, 120)]
    # Another method does not look at them.
    assert [each.lot_trade_id.int for each in book(*BOUGHT, sale).disposals[HERE]] == [1001]


@pytest.mark.parametrize(
    ("sale", "reason", "held"),
    [
        ({"quantity": "31", "amount": "1"}, "oversold", 30),
        ({"quantity": "12", "amount": "1", "lots": ((UUID(int=1001), Decimal(12)),)}, "lot_not_held", 10),
        ({"quantity": "1", "amount": "1", "lots": ((UUID(int=1009), Decimal(1)),)}, "lot_not_held", 0),
        ({"quantity": "1", "amount": "1", "asset_id": OTHER_ASSET}, "oversold", 0),
    ],
)
def test_what_is_not_held_is_not_sold(sale: dict[str, Any], reason: str, held: int) -> None:
    with pytest.raises(ImpossibleTradeError) as error:
        book(*BOUGHT, trade(4, "sell", "2023-01-01", **sale), method="specific")
    assert error.value.reason == reason
    assert error.value.held == held
    assert error.value.trade.id.int == 1004


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("split", {"ratio": "2"}),
        ("merger", {"ratio": "2", "to_asset_id": OTHER_ASSET}),
        ("spin_off", {"ratio": "2", "to_asset_id": OTHER_ASSET, "cost_percent": "5"}),
        ("return_of_capital", {"amount": "1"}),
    ],
)
def test_nothing_happens_to_nothing(kind: str, fields: dict[str, Any]) -> None:
    with pytest.raises(ImpossibleTradeError) as error:
        book(trade(1, kind, "2023-01-01", **fields))
    assert error.value.reason == "nothing_held"


def test_a_reverse_split_leaves_whole_units_and_joins_what_is_too_small() -> None:
    third = Decimal(1) / 3
    made = book(*BOUGHT, trade(4, "split", "2023-01-01", ratio=str(third)))
    assert made.holding(HERE).quantity == 10
    assert [cost for _, cost in lots(made)] == [100, 300, 200]
    dust = trade(0, "deposit", "2019-01-01", quantity="0.000000000000000001", cost="7", base_rate="1")
    last = trade(4, "deposit", "2022-02-01", quantity="0.000000000000000001", cost="5", base_rate=1)
    joined = book(dust, *BOUGHT, last, trade(5, "split", "2023-01-01", ratio="0.1"))
    assert lots(joined) == [(1, 107), (1, 300), (1, 205)]
    for ratio, reason in (("0.000001", "nothing_left"), ("1000000", None)):
        trades = [dust, *(trade(n, "split", "2023-01-01", ratio=ratio) for n in range(5, 13))]
        with pytest.raises(ImpossibleTradeError) as error:
            book(*trades)
        assert error.value.reason == (reason or "too_many_units")


def test_a_transfer_takes_age_and_cost_along() -> None:
    moved = trade(4, "transfer", "2023-01-01", quantity="15", to_account_id=OTHER_ACCOUNT)
    made = book(*BOUGHT, moved, trade(5, "sell", "2023-02-01", quantity="10", amount="500", account_id=OTHER_ACCOUNT))
    assert lots(made) == [(5, 150), (10, 200)]
    assert lots(made, THERE) == [(5, 150)]
    (sold,) = made.disposals[THERE]
    assert sold.cost == 100
    assert (sold.acquired_on, sold.lot_trade_id.int) == (date(2020, 1, 1), 1004)
    exchanged = book(
        *BOUGHT, trade(4, "transfer", "2023-01-01", quantity="30", to_account_id=OTHER_ACCOUNT, rate="1.1")
    )
    assert lots(exchanged, THERE) == [(10, 110), (10, 330), (10, 220)]
    assert exchanged.holding(THERE).base_cost == 600


def test_cash_in_a_merger_lowers_the_cost_first() -> None:
    merger = trade(4, "merger", "2023-01-01", ratio="1.5", amount="450", to_asset_id=OTHER_ASSET)
    made = book(*BOUGHT, merger)
    assert lots(made, NEW) == [(15, 0), (15, 150), (15, 50)]
    assert gains(made) == [50]
    assert not made.disposals[HERE][0].quantity


def test_what_comes_back_of_a_pool_exceeds_it_as_a_whole() -> None:
    made = book(*BOUGHT, trade(4, "return_of_capital", "2023-01-01", amount="630"), method="average")
    assert made.holding(HERE).cost == 0
    assert gains(made) == [10, 10, 10]
    unknown = book(
        trade(1, "buy", "2020-01-01", quantity="10", amount="100", base_rate="1"),
        trade(2, "return_of_capital", "2023-01-01", amount="30"),
        method="average",
    )
    assert unknown.holding(HERE).cost == 70
    assert unknown.holding(HERE).base_cost == 70


def test_a_reinvested_dividend_costs_what_the_taxes_left() -> None:
    made = book(trade(1, "reinvest", "2023-01-01", quantity="2", amount="100", taxes="26.38", fees="1"))
    assert lots(made) == [(2, Decimal("73.62"))]


def test_cash_alone_leaves_no_trace() -> None:
    made = book(*(trade(n, kind, "2023-01-01", amount="1") for n, kind in enumerate(("dividend", "interest", "fee"))))
    assert not made.days
    assert not made.holdings


@pytest.mark.parametrize("method", ["fifo", "lifo", "average"])
def test_base_costs_are_those_of_the_days_of_purchase(method: Method) -> None:
    priced = [
        trade(1, "buy", "2020-01-01", quantity="10", amount="100", base_rate="0.9"),
        trade(2, "buy", "2021-01-01", quantity="10", amount="100", base_rate="0.8"),
    ]
    made = book(*priced, trade(3, "sell", "2022-01-01", quantity="20", amount="400", base_rate="0.5"), method=method)
    assert sum(each.base_cost or 0 for each in made.disposals[HERE]) == 170
    assert sum(each.base_proceeds or 0 for each in made.disposals[HERE]) == 200
    # Of what was bought on a day without a rate nothing is known in the base currency, until it is gone.
    blank = Trade(**{name: getattr(priced[1], name) for name in Trade.__slots__} | {"base_rate": None})
    rest = [
        trade(3, "return_of_capital", "2021-06-01", amount="20"),
        trade(4, "spin_off", "2021-07-01", ratio="1", cost_percent="50", to_asset_id=OTHER_ASSET),
        trade(5, "split", "2021-08-01", ratio="3"),
    ]
    held = book(priced[0], blank, *rest, method=method)
    assert held.holding(HERE).base_cost is None
    assert held.holding(NEW).base_cost is None
    last = [
        trade(6, "sell", "2022-01-01", quantity="60", amount="1"),
        trade(7, "buy", "2023-01-01", quantity="1", amount="5"),
    ]
    assert book(priced[0], blank, *rest, *last, method=method).holding(HERE).base_cost == 5


@pytest.mark.parametrize(
    ("bought", "sold", "months", "expected"),
    [
        ("2024-02-29", "2025-02-28", 12, False),
        ("2024-02-29", "2025-03-01", 12, True),
        ("2024-01-31", "2024-02-29", 1, False),
        ("2024-01-31", "2024-03-01", 1, True),
        ("2024-01-31", "2024-01-31", 0, False),
        ("2024-01-31", "2024-02-01", 0, True),
        ("9990-01-31", "9998-12-31", 1200, False),
    ],
)
def test_long_term(bought: str, sold: str, months: int, expected: bool) -> None:
    assert is_long_term(date.fromisoformat(bought), date.fromisoformat(sold), months) is expected


weights = st.lists(st.decimals(0, 1000, places=3), min_size=1, max_size=20)


@given(st.decimals(-1000, 1000, places=2), weights)
def test_parts_sum_to_the_whole(total: Decimal, parts: list[Decimal]) -> None:
    found = spread(total, parts, 2)
    assert len(found) == len(parts)
    assert sum(found) == total


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell", "split", "spin_off", "transfer", "merger", "return_of_capital", "withdrawal"]),
        st.decimals("0.001", 50, places=3),
        st.decimals("0.01", 500, places=2),
    ),
    min_size=1,
    max_size=25,
)


@pytest.mark.parametrize("seed", range(3))
def test_lots_that_are_named_are_taken_in_any_order(seed: int) -> None:
    chance = random.Random(seed)
    days = [f"2020-01-{chance.randint(1, 28):02}" for _ in range(40)]
    made = book(
        *(trade(n, "buy", day, quantity=str(2 + n % 3), amount="30") for n, day in enumerate(days)), method="specific"
    )
    left = {UUID(int=1000 + n): Decimal(2 + n % 3) for n in range(len(days))}
    for number in range(40, 80):
        some = chance.sample(sorted(left), min(len(left), chance.randint(1, 3)))
        named = tuple((lot, Decimal(1)) for lot in some)
        made.apply(trade(number, "sell", "2021-01-01", quantity=str(len(named)), amount="9", lots=named))
        left = {lot: units - (lot in some) for lot, units in left.items() if units > (lot in some)}
        parts = made.holding(HERE).parts()
        assert {part.trade_id: part.quantity for part in parts} == left
        assert [part.acquired_on for part in parts] == sorted(part.acquired_on for part in parts)
    gone = next(UUID(int=1000 + n) for n in range(len(days)) if UUID(int=1000 + n) not in left)
    with pytest.raises(ImpossibleTradeError):
        made.apply(trade(100, "sell", "2021-01-01", quantity="1", amount="9", lots=((gone, Decimal(1)),)))


@settings(max_examples=150)
@given(STEPS, st.sampled_from(["fifo", "lifo", "hifo", "average"]))
def test_cost_and_quantity_are_conserved(steps: list[tuple[str, Decimal, Decimal]], method: Method) -> None:
    """What was paid is what is held, was sold or taken out, and came back; whatever happened in between."""
    made = book(method=method)
    paid = Decimal(0)
    for number, (kind, wanted, amount) in enumerate(steps):
        held = made.holding(HERE)
        quantity = min(wanted, held.quantity) if kind in {"sell", "transfer", "withdrawal"} else wanted
        if kind != "buy" and not (held.quantity and quantity):
            continue
        before = held.cost
        made.apply(_step(number, kind, quantity, amount))
        paid += amount if kind == "buy" else 0
        if kind == "withdrawal":
            paid -= before - held.cost
        if kind in {"return_of_capital", "merger"}:
            paid -= amount - sum(
                each.proceeds for each in made.disposals.get(HERE, []) if each.trade_id.int == 1000 + number
            )
        _check(made, paid)


def _step(number: int, kind: str, quantity: Decimal, amount: Decimal) -> Trade:
    target: dict[str, Any] = {}
    if kind == "transfer":
        target = {"to_account_id": OTHER_ACCOUNT}
    if kind in {"merger", "spin_off"}:
        target = {"to_asset_id": OTHER_ASSET, "cost_percent": "12.5"}
    ratio = max(quantity / 10, Decimal("0.1"))
    return trade(number, kind, "2024-01-01", quantity=quantity, amount=amount, ratio=ratio, **target)


def _check(made: LotBook, paid: Decimal) -> None:
    sold = sum(each.cost for rows in made.disposals.values() for each in rows)
    assert sum(held.cost for held in made.holdings.values()) + sold == paid
    for held in made.holdings.values():
        parts = held.parts()
        assert sum(part.quantity for part in parts) == held.quantity
        assert sum(part.cost for part in parts) == held.cost
        assert sum(part.base_cost or 0 for part in parts) == held.base_cost
        assert all(part.quantity > 0 and part.cost >= 0 for part in parts)

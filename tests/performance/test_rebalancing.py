"""Rounded parts and rebalancing: they sum to the last cent."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.rounding import rounded_parts
from app.performance.rebalancing import moves_to, purchases_with, quantity_of

D = Decimal
amounts = st.decimals(0, 10**9, places=2)
weights = st.decimals("0.01", 100, places=2)
pairs = st.lists(st.tuples(amounts, weights), min_size=1, max_size=12)


def test_shares_sum_to_the_whole() -> None:
    assert rounded_parts([D(100) / 3] * 3, D("0.01")) == [D("33.33"), D("33.34"), D("33.33")]
    assert rounded_parts([D(0), D("0.005"), D("-0.005")], D("0.01")) == [D(0), D("0.01"), D("-0.01")]
    assert rounded_parts([], D("0.01")) == []


@given(st.lists(st.decimals(-(10**9), 10**9, places=6), max_size=20))
def test_rounded_parts_are_near_and_exact(parts: list[Decimal]) -> None:
    found = rounded_parts(parts, D("0.01"))
    assert sum(found) == sum(rounded_parts([sum(parts, D(0))], D("0.01")))
    assert all(abs(one - part) <= D("0.01") for one, part in zip(found, parts, strict=True))


def test_a_portfolio_is_brought_to_its_targets() -> None:
    assert moves_to([D("7500.00"), D("2500.00")], [D(60), D(40)], 2) == [D("-1500.00"), D("1500.00")]
    assert moves_to([D("100.00"), D(0), D(0)], [D(1), D(1), D(1)], 2) == [D("-66.67"), D("33.34"), D("33.33")]


def test_cash_goes_to_what_is_furthest_behind() -> None:
    held, targets = [D("7500.00"), D("2500.00")], [D(60), D(40)]
    assert purchases_with(D("1000.00"), held, targets, 2) == [D(0), D("1000.00")]
    # Enough to bring both to their targets: the whole is 20,000 then.
    assert purchases_with(D("10000.00"), held, targets, 2) == [D("4500.00"), D("5500.00")]
    assert purchases_with(D(100), [D(5), D(0)], [D(0), D(10)], 0) == [D(0), D(100)]


@given(pairs)
def test_purchases_and_sales_are_the_same_in_sum(parts: list[tuple[Decimal, Decimal]]) -> None:
    values, targets = [value for value, _ in parts], [target for _, target in parts]
    moves = moves_to(values, targets, 2)
    assert sum(moves) == 0
    total, weight = sum(values, D(0)), sum(targets, D(0))
    for value, target, move in zip(values, targets, moves, strict=True):
        assert abs(value + move - total * target / weight) <= D("0.01")


@given(pairs, st.decimals("0.01", 10**9, places=2))
def test_purchases_sum_to_the_cash_and_none_is_a_sale(parts: list[tuple[Decimal, Decimal]], cash: Decimal) -> None:
    values, targets = [value for value, _ in parts], [target for _, target in parts]
    moves = purchases_with(cash, values, targets, 2)
    assert sum(moves) == cash
    assert all(move >= 0 for move in moves)
    # What is bought ends at the same part of its target, and what is not bought is beyond it already.
    levels = [(value + move) / target for value, target, move in zip(values, targets, moves, strict=True)]
    bought = [level for level, move in zip(levels, moves, strict=True) if move]
    slack = D("0.011") / min(targets)
    assert max(bought) - min(bought) <= 2 * slack
    assert all(level >= max(bought) - 2 * slack for level in levels)


@pytest.mark.parametrize(
    ("amount", "price", "quantity"), [("100", "3", "33.33333333"), ("-100", "3", "33.33333333"), ("1", None, None)]
)
def test_quantities_are_rounded_down(amount: str, price: str | None, quantity: str | None) -> None:
    found = quantity_of(D(amount), None if price is None else D(price))
    assert found == (None if quantity is None else D(quantity))

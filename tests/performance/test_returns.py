"""Rates of return against published tables, to the last digit that those print."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.performance.returns import (
    FlowDay,
    Outcome,
    Reason,
    a_year,
    average_capital,
    modified_dietz,
    money_weighted,
    time_weighted,
)

D = Decimal
FIRST = date(2001, 1, 1)
"""Two years without a leap day follow it."""


def percent(outcome: Outcome | Decimal | None, places: str = "0.01") -> Decimal:
    rate = outcome.rate if isinstance(outcome, Outcome) else outcome
    assert rate is not None
    return (rate * 100).quantize(D(places))


def year(number: int) -> date:
    return date(2001 + number, 1, 1)


# The example of the documentation of XIRR: 37.34 % (Microsoft, "XIRR function"; its 0.373362535 is where the iteration
# of Excel ends, to 0.000001 %); and the same amounts in 1992, of which the article Q116041 of the Microsoft Knowledge
# Base says 37.3363 %.
XIRR = ((date(2008, 1, 1), -10000), (date(2008, 3, 1), 2750), (date(2008, 10, 30), 4250), (date(2009, 2, 15), 3250))


def test_the_example_of_the_documentation_of_xirr() -> None:
    flows = [(day, D(amount)) for day, amount in (*XIRR, (date(2009, 4, 1), 2750))]
    assert percent(money_weighted(flows)) == D("37.34")
    assert abs(percent(money_weighted(flows), "0.0000001") - D("37.3362535")) < D("0.000001")
    earlier = [(day.replace(year=day.year - 16), amount) for day, amount in flows]
    assert percent(money_weighted(earlier), "0.0001") == D("37.3363")


# A share is bought for 100, another for 120 after a year, both are sold for 130 after two; each pays 2 a year. Printed:
# 13.86 % money-weighted and 15.84 % time-weighted (Kaplan Schweser, CFA level I notes, "Discounted cash flow
# applications").
def test_a_share_and_another_a_year_later() -> None:
    flows = [(year(0), D(-100)), (year(1), D(-118)), (year(2), D(264))]
    assert percent(money_weighted(flows)) == D("13.86")
    days = [
        FlowDay(year(0), D(0), D(100), inflow=D(100)),
        FlowDay(year(1), D(120), D(240), inflow=D(120), income=D(2)),
        FlowDay(year(2), D(260), D(0), outflow=D(260), income=D(4)),
    ]
    whole = time_weighted(D(0), days, D(0))
    assert percent(whole) == D("34.20")  # 1.22 x 1.10
    assert percent(a_year(whole, 730)) == D("15.84")


# The same with 200, 225 and 235 and a dividend of 5, a question for the CFA level I exam (leetquiz.com has it with its
# answer): 9.4 % money-weighted; 15 % and 6.667 % in the two years, 10.8 % a year time-weighted.
def test_two_shares_of_a_question_of_the_cfa_exam() -> None:
    flows = [(year(0), D(-200)), (year(1), D(-220)), (year(2), D(480))]
    assert percent(money_weighted(flows), "0.1") == D("9.4")
    days = [
        FlowDay(year(0), D(0), D(200), inflow=D(200)),
        FlowDay(year(1), D(225), D(450), inflow=D(225), income=D(5)),
        FlowDay(year(2), D(470), D(0), outflow=D(470), income=D(10)),
    ]
    assert time_weighted(D(0), days[:1], D("230")).rate == D("0.15")
    second = FlowDay(year(2), D(470), D(0), outflow=D(470), income=D(10))
    assert percent(time_weighted(D(450), [second], D(0)), "0.001") == D("6.667")
    assert percent(a_year(time_weighted(D(0), days, D(0)), 730), "0.1") == D("10.8")


# Four shares for 50 each; two sold for 50 after a year without a dividend; after two years 5 on each of the others, and
# they are sold for 80: 20.52 % money-weighted, 30.38 % time-weighted (a question of the CFA level I exam).
def test_four_shares_of_which_two_are_sold_early() -> None:
    flows = [(year(0), D(-200)), (year(1), D(100)), (year(2), D(170))]
    assert percent(money_weighted(flows)) == D("20.52")
    days = [
        FlowDay(year(0), D(0), D(200), inflow=D(200)),
        FlowDay(year(1), D(200), D(100), outflow=D(100)),
        FlowDay(year(2), D(160), D(0), outflow=D(160), income=D(10)),
    ]
    assert percent(a_year(time_weighted(D(0), days, D(0)), 730)) == D("30.38")


# 100 become 105, 95 are put in, and the 200 become 220 in the second half of the year: 15.5 % time-weighted, and some
# 17 % money-weighted (learninvestmentperformance.com, "What is the Modified Dietz Return?").
def test_more_money_at_work_in_the_better_half() -> None:
    half = date(2025, 7, 2)
    assert percent(time_weighted(D(100), [FlowDay(half, D(105), D(200), inflow=D(95))], D(220))) == D("15.50")
    flows = [(date(2025, 1, 1), D(-100)), (half, D(-95)), (date(2025, 12, 31), D(220))]
    assert percent(money_weighted(flows), "1") == D(17)


# 500 become 1,000 in a year, 1,000 more are put in, and 1,500 are left: nothing was gained, and yet the time-weighted
# return is 2 x 3/4, half as much again: by the root of 1.5 a year.
def test_nothing_gained_with_a_time_weighted_return_of_half() -> None:
    days = [FlowDay(year(1), D(1000), D(2000), inflow=D(1000))]
    whole = time_weighted(D(500), days, D(1500))
    assert percent(whole) == D("50.00")
    assert percent(a_year(whole, 730)) == D("22.47")
    assert percent(money_weighted([(year(0), D(-500)), (year(1), D(-1000)), (year(2), D(1500))])) == D("0.00")


# Returns of 4, 9, 5 and 11 % of four years are linked to 32.12 % (Wikipedia, "Time-weighted return").
def test_returns_of_years_are_linked_whatever_is_put_in() -> None:
    value, days = D(100), []
    for number, rate in enumerate((4, 9, 5, 11), start=1):
        before = value * (100 + rate) / 100
        value = before + 50 * number
        days.append(FlowDay(year(number), before, value, inflow=D(50 * number)))
    assert percent(time_weighted(D(100), days, value)) == D("32.12")


# 100 in the beginning, 300 after two years, 50 put in after one: the modified Dietz return is 150 of 125, 120 %, where
# the internal rate of return is 50 % a year and 125 % in all (Wikipedia, "Modified Dietz method").
def test_modified_dietz_beside_the_internal_rate() -> None:
    capital = average_capital(D(100), [(year(1), D(50), D(0))], FIRST, year(2) - timedelta(days=1))
    assert capital == D(125)
    assert percent(modified_dietz(D(150), capital)) == D("120.00")
    flows = [(year(0), D(-100)), (year(1), D(-50)), (year(2), D(300))]
    assert percent(money_weighted(flows)) == D("50.00")
    assert modified_dietz(D(1), D(0)) == Outcome(reason=Reason.NOTHING_HELD)


@pytest.mark.parametrize(
    ("flows", "reason"),
    [
        ([], Reason.NOTHING_HELD),
        ([(FIRST, D(0))], Reason.NOTHING_HELD),
        ([(FIRST, D(-1)), (FIRST, D(2))], Reason.UNDER_A_DAY),
        ([(FIRST, D(1)), (year(1), D(2))], Reason.NO_SIGN_CHANGE),
        ([(FIRST, D(-1)), (year(1), D(-2))], Reason.NO_SIGN_CHANGE),
        ([(FIRST, D(-1)), (FIRST + timedelta(days=1), D(10) ** 9)], Reason.NO_SOLUTION),
    ],
)
def test_why_there_is_no_money_weighted_return(flows: list[tuple[date, Decimal]], reason: Reason) -> None:
    assert money_weighted(flows) == Outcome(reason=reason)
    assert reason.words


def test_why_there_is_no_time_weighted_return() -> None:
    day = FlowDay(FIRST, D(100), D(100))
    assert time_weighted(None, [], D(1)).reason is Reason.NO_PRICE
    assert time_weighted(D(1), [], None).reason is Reason.NO_PRICE
    assert time_weighted(D(0), [], D(0)).reason is Reason.NOTHING_HELD
    unknown = FlowDay(FIRST, None, D(1), outflow=D(1))
    assert time_weighted(D(1), [unknown], D(1)).reason is Reason.NO_PRICE
    assert time_weighted(D(1), [FlowDay(FIRST, D(1), None, inflow=D(1))], D(1)).reason is Reason.NO_PRICE
    costs = FlowDay(FIRST, D(10), D(10), income=D(-11))
    assert time_weighted(D(10), [costs], D(10)).reason is Reason.LOST_MORE_THAN_ALL
    assert time_weighted(D(100), [day], D(110)).rate == D("0.1")
    # A dividend that comes when all is sold has nothing that it could be a return on; what is bought next starts anew.
    late = [FlowDay(FIRST, D(0), D(0), income=D(5)), FlowDay(year(1), D(0), D(50), inflow=D(50))]
    assert time_weighted(D(0), late, D(55)).rate == D("0.1")
    # Bought, and without a price until later: what was paid is what the return is on.
    paid = [FlowDay(FIRST, D(0), None, inflow=D(50))]
    assert time_weighted(D(0), paid, D(55)).rate == D("0.1")
    assert a_year(Outcome(D("0.1")), 364) is None
    assert a_year(Outcome(D(-1)), 730) == -1
    assert a_year(Outcome(), 730) is None


def test_costs_of_trading_count_on_what_was_traded() -> None:
    """One euro was held, 10,000 are bought with a fee of 10: a loss of a thousandth, not of ten times all."""
    days = [FlowDay(FIRST, D(1), D(10001), inflow=D(10010))]
    assert percent(time_weighted(D(1), days, D(10001)), "0.0001") == D("-0.0999")
    # Selling everything and buying something else on one day is no flow but the difference.
    moved = [FlowDay(FIRST, D(100), D(102), inflow=D(100), outflow=D(100))]
    assert time_weighted(D(100), moved, D(102)).rate == D("0.02")


@given(
    st.lists(st.integers(1, 10**9), min_size=2, max_size=12),
    st.lists(st.integers(-(10**6), 10**6), min_size=12, max_size=12),
)
def test_flows_at_the_days_price_leave_no_trace(prices: list[int], flows: list[int]) -> None:
    """Whatever is put in or taken out, the time-weighted return of one asset is that of its price."""
    units, days = D(1), []
    for place, (price, moved) in enumerate(zip(prices[1:-1], flows, strict=False), start=1):
        before = units * price
        units = max(units + D(moved) / 1000, D("0.001"))
        net = units * price - before
        days.append(FlowDay(FIRST + timedelta(days=place), before, units * price, max(net, D(0)), max(-net, D(0))))
    found = time_weighted(D(prices[0]), days, units * prices[-1]).rate
    assert found is not None
    assert abs(found + 1 - D(prices[-1]) / prices[0]) <= D("1e-25") * (found + 1)

"""Paying debts off together: by hand, and by what must always hold."""

from datetime import date
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from app.goals.payoff import Debt, MonthlyRate, Outcome, Plan, first_interest, minimums_only, order_of, pay_off

FIRST = date(2026, 1, 31)


def debt(balance: str, rate: str, minimum: str) -> Debt:
    return Debt(Decimal(balance), (MonthlyRate(None, Decimal(rate), Decimal(rate) / 1200),), Decimal(minimum))


def plan(amount: str, *debts: Debt, extra: dict[int, Decimal] | None = None) -> Plan:
    return Plan(debts, FIRST, 2, Decimal(amount), extra or {})


def test_freed_payments_roll_over() -> None:
    """By hand: 100.00 and 300.00 without interest, 60.00 a month, at least 20.00 for each."""
    both = plan("60", debt("100", "0", "20"), debt("300", "0", "20"))
    outcome = pay_off(both, order_of(both, "snowball"), keep=True)
    assert [[(p.debt, p.payment) for p in month.payments] for month in outcome.schedule[:4]] == [
        [(0, Decimal(40)), (1, Decimal(20))],
        [(0, Decimal(40)), (1, Decimal(20))],
        [(0, Decimal(20)), (1, Decimal(40))],
        [(1, Decimal(60))],
    ]
    assert [(number, month.number, month.date) for number, month in outcome.paid_off] == [
        (0, 3, date(2026, 3, 31)),
        (1, 7, date(2026, 7, 31)),
    ]
    assert (outcome.months, outcome.total_paid, outcome.total_interest) == (7, Decimal(400), Decimal(0))
    assert minimums_only(both).months == 15


def test_the_strategies_choose_whom_they_say() -> None:
    both = plan("200", debt("1000", "24", "20"), debt("500", "6", "20"), extra={2: Decimal(400)})
    ends = {
        strategy: [number for number, _ in pay_off(both, order_of(both, strategy, [1, 0])).paid_off]
        for strategy in ("avalanche", "snowball", "custom")
    }
    assert ends == {"avalanche": [0, 1], "snowball": [1, 0], "custom": [1, 0]}
    assert first_interest(both) == Decimal("22.50")
    # A rate that is to rise makes its debt the dearest from then on.
    rising = Debt(
        Decimal(1000),
        (
            MonthlyRate(None, Decimal(1), Decimal(1) / 1200),
            MonthlyRate(date(2026, 3, 1), Decimal(50), Decimal(50) / 1200),
        ),
        Decimal(0),
    )
    late = plan("100", debt("1000", "10", "0"), rising)
    months = pay_off(late, order_of(late, "avalanche"), keep=True).schedule
    assert [[p.debt for p in month.payments if p.payment] for month in months[:4]] == [[0], [0], [1], [1]]


def test_what_never_ends_ends_the_computation() -> None:
    growing = plan("10", debt("1000", "100", "10"))
    outcome = minimums_only(growing)
    assert outcome.months is None
    explosive = plan("10", debt("100000000000000", "1000", "10"))
    assert pay_off(explosive, order_of(explosive, "avalanche")).months is None


DEBTS = st.lists(
    st.builds(
        lambda cents, rate, minimum: debt(
            str(Decimal(cents).scaleb(-2)), str(Decimal(rate).scaleb(-1)), str(Decimal(minimum).scaleb(-2))
        ),
        st.integers(1000, 1_000_000),
        st.integers(0, 300),
        st.integers(0, 20_000),
    ),
    min_size=1,
    max_size=5,
)


def outcome_of(made: Plan, strategy: str) -> Outcome:
    return pay_off(made, order_of(made, strategy))  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(DEBTS, st.integers(4_200, 100_000), st.integers(0, 50_000))  # less would not pay 50,000 off in 1200 months
def test_what_holds_of_every_plan(debts: list[Debt], above: int, more: int) -> None:
    base = (
        sum((one.minimum for one in debts), Decimal(0)) + first_interest(plan("1", *debts)) + Decimal(above).scaleb(-2)
    )
    made = plan(str(base), *debts)
    owed = sum(one.balance for one in debts)
    # Interest is rounded to the cent for each debt and month: by that much the order may cost, at most.
    for strategy in ("avalanche", "snowball"):
        outcome = outcome_of(made, strategy)
        if outcome.months is None:
            continue
        assert outcome.total_paid == owed + outcome.total_interest
        assert sum(outcome.interest) == outcome.total_interest
        assert sorted(number for number, _ in outcome.paid_off) == list(range(len(debts)))
        assert all(a.number <= b.number for (_, a), (_, b) in pairwise(outcome.paid_off))
    avalanche, snowball = outcome_of(made, "avalanche"), outcome_of(made, "snowball")
    assert avalanche.months is not None
    cents = Decimal("0.01") * avalanche.months * len(debts)
    if snowball.months is not None:
        assert avalanche.total_interest <= snowball.total_interest + cents
        assert avalanche.months <= snowball.months + 1
    richer = outcome_of(plan(str(base + Decimal(more).scaleb(-2)), *debts), "avalanche")
    assert richer.months is not None
    assert richer.months <= avalanche.months
    assert richer.total_interest <= avalanche.total_interest + cents
    least = minimums_only(made)
    if least.months is not None:
        assert avalanche.total_interest <= least.total_interest + cents

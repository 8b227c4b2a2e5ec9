"""Amortisation against published examples, to the cent, and by what must always hold."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.goals import dates
from app.goals.amortisation import (
    MAX_PAYMENTS,
    RateChange,
    Terms,
    amortise,
    from_today,
    in_order,
    next_payment,
    without_extra,
)
from app.goals.errors import PaymentTooSmallError, TakesTooLongError
from app.goals.extra_payments import ExtraPayment


def terms(principal: str, rate: str, **more: Any) -> Terms:
    given_terms: dict[str, Any] = {"first_payment_date": date(2026, 2, 1), "exponent": 2, **more}
    return Terms(Decimal(principal), Decimal(rate), **given_terms)


def test_the_table_of_a_small_loan() -> None:
    """A table that introductions to programming have their readers print: 1000.00 at 9 % over six months."""
    schedule = amortise(terms("1000", "9", term=6))
    assert [(line.interest, line.principal, line.balance) for line in schedule.lines] == [
        (Decimal("7.50"), Decimal("163.57"), Decimal("836.43")),
        (Decimal("6.27"), Decimal("164.80"), Decimal("671.63")),
        (Decimal("5.04"), Decimal("166.03"), Decimal("505.60")),
        (Decimal("3.79"), Decimal("167.28"), Decimal("338.32")),
        (Decimal("2.54"), Decimal("168.53"), Decimal("169.79")),
        (Decimal("1.27"), Decimal("169.79"), Decimal("0.00")),
    ]
    assert (schedule.payment, schedule.lines[-1].payment) == (Decimal("171.07"), Decimal("171.06"))
    assert (schedule.total_interest, schedule.total_paid) == (Decimal("26.41"), Decimal("1026.41"))


@pytest.mark.parametrize(
    ("principal", "rate", "more", "payment"),
    [
        # Wikipedia, "Mortgage calculator": 200,000 at 6.5 % for 30 years.
        ("200000", "6.5", {"term": 360}, "1264.14"),
        # A course in the theory of interest (Math 352): 150,000 at 3.625 % for 30 years.
        ("150000", "3.625", {"term": 360}, "684.08"),
        # The annuity tables of textbooks: 6 % over 30 years costs 5.9955 a month for each thousand.
        ("100000", "6", {"term": 360}, "599.55"),
        # Canadian mortgages compound twice a year: 6 % over 25 years costs 6.3981 a month for each thousand.
        ("100000", "6", {"term": 300, "compounding_per_year": 2}, "639.81"),
        ("1200", "0", {"term": 7}, "171.43"),
        ("1200", "12", {"term": 1}, "1212.00"),
    ],
)
def test_level_payments_are_those_of_published_tables(
    principal: str, rate: str, more: dict[str, Any], payment: str
) -> None:
    schedule = amortise(terms(principal, rate, **more))
    assert schedule.payment == Decimal(payment)
    assert len(schedule.lines) == more["term"]
    assert sum(line.principal for line in schedule.lines) == Decimal(principal)


def test_a_given_payment_ends_with_a_smaller_one() -> None:
    schedule = amortise(terms("1000", "12", payment=Decimal(200), fee=Decimal("2.50")))
    assert [line.payment for line in schedule.lines] == [Decimal("200.00")] * 5 + [Decimal("31.12")]
    assert schedule.total_fees == Decimal("15.00")
    assert schedule.total_paid == Decimal("1000.00") + schedule.total_interest + Decimal("15.00")


def test_interest_only_and_a_balloon() -> None:
    schedule = amortise(terms("120000", "6", term=36, interest_only=12, balloon=Decimal(100000)))
    assert {line.payment for line in schedule.lines[:12]} == {Decimal("600.00")}
    assert schedule.lines[11].balance == Decimal("120000.00")
    last = schedule.lines[-1]
    assert last.balance == 0
    assert abs(last.payment - Decimal(100000) - schedule.lines[-2].payment) < Decimal("0.30")
    # Nothing but interest, and then all of it.
    bullet = amortise(terms("5000", "6", term=3, balloon=Decimal(5000)))
    assert [line.payment for line in bullet.lines] == [Decimal("25.00"), Decimal("25.00"), Decimal("5025.00")]
    # With a payment and a term what is left is due at the end.
    rest = amortise(terms("5000", "6", term=3, payment=Decimal(100)))
    assert [line.balance for line in rest.lines] == [Decimal("4925.00"), Decimal("4849.62"), Decimal("0.00")]


def test_interest_by_days() -> None:
    """31 days of January, 28 of February: 10000 * 5 % * days / 365, by hand."""
    loan = terms("10000", "5", term=2, day_count="actual/365", start_date=date(2026, 1, 1))
    schedule = amortise(loan)
    assert [line.interest for line in schedule.lines] == [Decimal("42.47"), Decimal("19.22")]
    later = date(2026, 1, 16)
    turned = amortise(replace(loan, rate_changes=(RateChange(later, Decimal(10)),)))
    assert turned.lines[0].interest == Decimal("64.38")  # 15 days at 5 % and 16 at 10 %
    assert turned.lines[0].annual_rate == Decimal(5)


def test_rounding_is_as_the_terms_say() -> None:
    loan = terms("0.50", "12", payment=Decimal("0.30"), periods_per_year=12)
    assert amortise(loan).lines[0].interest == Decimal("0.00")  # half a cent, to the even one
    assert amortise(replace(loan, rounding="half_up")).lines[0].interest == Decimal("0.01")


def test_a_rate_change_makes_a_new_level_payment_and_keeps_an_agreed_one() -> None:
    change = (RateChange(date(2027, 2, 1), Decimal(9)),)
    level = amortise(terms("10000", "3", term=36, rate_changes=change))
    assert len(level.lines) == 36
    first, then = level.lines[12].payment, level.lines[13].payment
    assert first < then == level.lines[34].payment
    assert (level.lines[12].annual_rate, level.lines[13].annual_rate) == (Decimal(3), Decimal(9))
    agreed = amortise(terms("10000", "3", payment=Decimal(300), rate_changes=change))
    assert {line.payment for line in agreed.lines[:-1]} == {Decimal("300.00")}
    assert len(agreed.lines) > len(amortise(terms("10000", "3", payment=Decimal(300))).lines)
    assert in_order([RateChange(date(2027, 1, 1), Decimal(1)), *change])[1] == change[0]


def test_extra_payments_shorten_a_loan() -> None:
    extra = (
        ExtraPayment(date(2026, 3, 5), Decimal(1000)),
        ExtraPayment(date(2026, 1, 15), Decimal(50), "monthly", until=date(2026, 6, 15)),
        ExtraPayment(date(2020, 12, 24), Decimal(500), "yearly"),
        ExtraPayment(date(2025, 12, 31), Decimal(9999)),  # before interest runs: it is past
    )
    loan = terms("20000", "6", term=60, extra_payments=extra)
    schedule = amortise(loan)
    assert [line.extra for line in schedule.lines[:6]] == [
        Decimal(50),
        Decimal(50),
        Decimal(1050),
        Decimal(50),
        Decimal(50),
        Decimal(50),
    ]
    assert [line.number for line in schedule.lines if line.extra == 500][:2] == [12, 24]
    plain = amortise(without_extra(loan))
    assert len(schedule.lines) < len(plain.lines) == 60
    assert sum(line.principal + line.extra for line in schedule.lines) == Decimal(20000)


def test_a_payment_below_the_interest_says_what_it_takes() -> None:
    for payment in ("100", "99.99"):
        with pytest.raises(PaymentTooSmallError) as refusal:
            amortise(terms("10000", "12", payment=Decimal(payment)))
        assert refusal.value.extra["needed"] == "100.01"
    long = amortise(terms("10000", "12", payment=Decimal("100.01")))
    assert long.lines[-1].balance == 0
    with pytest.raises(TakesTooLongError):
        amortise(terms("10000", "0", payment=Decimal("0.01")))
    assert next_payment(terms("10000", "12", payment=Decimal(100))) == Decimal(100)


def test_the_rest_of_a_loan_starts_today() -> None:
    loan = terms("6000", "6", term=60, interest_only=0, start_date=date(2025, 12, 20))
    rest = from_today(loan, Decimal(5000), date(2026, 3, 2))
    assert rest.skipped == 2
    schedule = amortise(rest)
    assert (schedule.lines[0].number, schedule.lines[0].date) == (3, date(2026, 4, 1))
    assert len(schedule.lines) == 58
    assert from_today(loan, Decimal(5000), date(2026, 2, 1)).begins == date(2025, 12, 20)
    over = amortise(from_today(loan, Decimal(70), date(2040, 1, 1)))
    assert [(line.number, line.payment) for line in over.lines] == [(60, Decimal("70.35"))]
    assert amortise(from_today(loan, Decimal(0), date(2026, 2, 1))).payoff_date is None


@pytest.mark.parametrize("periods", dates.PERIODS)
def test_due_dates_and_how_many_are_past(periods: int) -> None:
    first = date(2024, 1, 31)
    days = [dates.due(first, periods, number) for number in range(60)]
    assert days == sorted(set(days))
    for number, day in enumerate(days):
        assert dates.passed(first, periods, day) == number
        assert dates.passed(first, periods, date.fromordinal(day.toordinal() + 1)) == number + 1
    assert dates.passed(first, periods, date(2020, 1, 1)) == 0


def test_due_dates_keep_their_day_of_the_month() -> None:
    assert [str(dates.due(date(2024, 1, 31), 12, n)) for n in (1, 2, 3)] == ["2024-02-29", "2024-03-31", "2024-04-30"]
    assert dates.due(date(2024, 1, 1), 26, 2) == date(2024, 1, 29)
    assert dates.months_between(date(2024, 1, 31), date(2024, 2, 29)) == 1
    assert dates.months_between(date(2024, 2, 1), date(2024, 1, 1)) == 0


CENTS = st.integers(100, 50_000_000).map(lambda cents: Decimal(cents).scaleb(-2))
LOANS = st.builds(
    Terms,
    principal=CENTS,
    annual_rate=st.integers(0, 4000).map(lambda rate: Decimal(rate).scaleb(-2)),
    first_payment_date=st.dates(date(2000, 1, 1), date(2050, 12, 31)),
    exponent=st.just(2),
    term=st.integers(2, 120),
    periods_per_year=st.sampled_from(dates.PERIODS),
    day_count=st.sampled_from(["periodic", "actual/365"]),
    rounding=st.sampled_from(["half_even", "half_up"]),
    interest_only=st.sampled_from([0, 1]),
)
EXTRA = st.integers(0, 100_000).map(lambda cents: Decimal(cents).scaleb(-2))


@settings(max_examples=60, deadline=None)
@given(LOANS, EXTRA, EXTRA)
def test_every_schedule_sums_and_more_extra_never_costs_more(loan: Terms, less: Decimal, more: Decimal) -> None:
    def paying(amount: Decimal) -> Terms:
        return replace(loan, extra_payments=(ExtraPayment(loan.begins, amount, "monthly"),))

    less, more = sorted([less, more])
    for schedule in (first := amortise(paying(less)), second := amortise(paying(more))):
        assert len(schedule.lines) <= min(loan.term or 0, MAX_PAYMENTS)
        assert sum(line.principal + line.extra for line in schedule.lines) == loan.principal
        assert schedule.lines[-1].balance == 0
        before = loan.principal
        for line in schedule.lines:
            assert line.payment == line.interest + line.principal
            assert line.principal >= 0
            assert before - line.principal - line.extra == line.balance >= 0
            before = line.balance
        assert schedule.total_paid == loan.principal + schedule.total_interest
    assert second.total_interest <= first.total_interest
    assert len(second.lines) <= len(first.lines)

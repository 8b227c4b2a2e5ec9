"""Periods: what their texts mean, how they are cut, and how the totals have them."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidError
from app.reports.categories import _lead
from app.reports.periods import (
    Bucket,
    By,
    Period,
    before,
    bucket_name,
    buckets,
    check_bounded,
    month_number,
    month_start,
    pieces,
    resolve,
    year_before,
)
from app.reports.weekdays import days_in

TODAY = date(2026, 3, 31)
DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))
START_DAYS = st.integers(1, 31)


@pytest.mark.parametrize(
    ("text", "start_day", "first", "last"),
    [
        ("month", 1, "2026-03-01", "2026-03-31"),
        ("lastmonth", 1, "2026-02-01", "2026-02-28"),
        ("quarter", 1, "2026-01-01", "2026-03-31"),
        ("lastquarter", 1, "2025-10-01", "2025-12-31"),
        ("year", 1, "2026-01-01", "2026-12-31"),
        ("lastyear", 1, "2025-01-01", "2025-12-31"),
        ("1month", 1, "2026-03-01", "2026-03-31"),
        ("6months", 1, "2025-10-01", "2026-03-31"),
        ("1year", 1, "2025-04-01", "2026-03-31"),
        ("24months", 1, "2024-04-01", "2026-03-31"),
        ("2quarters", 1, "2025-10-01", "2026-03-31"),
        ("month", 23, "2026-03-23", "2026-04-22"),
        ("lastmonth", 23, "2026-02-23", "2026-03-22"),
        ("year", 23, "2026-01-23", "2027-01-22"),
        ("month", 31, "2026-03-31", "2026-04-29"),
        ("lastmonth", 31, "2026-02-28", "2026-03-30"),
        ("2026-01-05..2026-02-06", 1, "2026-01-05", "2026-02-06"),
        ("2026-01-05..2026-01-05", 23, "2026-01-05", "2026-01-05"),
    ],
)
def test_what_a_text_means(text: str, start_day: int, first: str, last: str) -> None:
    assert resolve(text, TODAY, start_day) == Period(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad_period"),
        ("week", "bad_period"),
        ("lastweek", "bad_period"),
        ("0months", "bad_period"),
        ("601months", "bad_period"),
        ("51years", "bad_period"),
        ("-1months", "bad_period"),
        ("2026-02-30..2026-03-01", "bad_period"),
        ("1899-12-31..1900-01-01", "bad_period"),
        ("2026-03-02..2026-03-01", "empty_range"),
    ],
)
def test_what_is_no_period(text: str, code: str) -> None:
    with pytest.raises(InvalidError) as caught:
        resolve(text, TODAY)
    assert [(error.field, error.code) for error in caught.value.errors] == [("query.period", code)]


@given(DAYS, st.integers(0, 900), START_DAYS, st.sampled_from(["month", "quarter", "year"]))
def test_buckets_are_the_days_of_a_period_each_once(first: date, length: int, start_day: int, by: By) -> None:
    period = Period(first, first + timedelta(days=length))
    found = buckets(period, by, start_day)
    assert (found[0].first, found[-1].last) == period
    assert len({bucket.name for bucket in found}) == len(found)
    for left, right in pairwise(found):
        assert right.first == left.last + timedelta(days=1)
        assert right.first.day == min(start_day, (month_start(month_number(right.first) + 1) - timedelta(days=1)).day)
    assert all(bucket.first <= bucket.last for bucket in found)


@given(DAYS, st.integers(0, 900), START_DAYS)
def test_pieces_are_the_days_of_the_buckets(first: date, length: int, start_day: int) -> None:
    period = Period(first, first + timedelta(days=length))
    wanted = buckets(period, "month", start_day)
    covered = []
    for piece in pieces(wanted):
        last = piece.last
        if piece.monthly:
            assert piece.first.day == piece.last.day == 1
            last = month_start(month_number(last) + 1) - timedelta(days=1)
        assert wanted[piece.bucket].first <= piece.first
        assert last <= wanted[piece.bucket].last
        covered += [piece.first + timedelta(days=n) for n in range((last - piece.first).days + 1)]
    assert covered == [first + timedelta(days=n) for n in range(length + 1)]


def test_names() -> None:
    assert [bucket_name(2026 * 12 + 4, by) for by in ("month", "quarter", "year")] == ["2026-05", "2026-Q2", "2026"]
    assert buckets(Period(date(2026, 1, 5), date(2026, 2, 6)), "quarter") == [
        Bucket("2026-Q1", date(2026, 1, 5), date(2026, 2, 6))
    ]


def test_too_many_months_are_refused() -> None:
    ages = Period(date(1900, 1, 1), date(9998, 12, 31))
    for by in ("month", "quarter", "year"):
        with pytest.raises(InvalidError, match="more than 600"):
            buckets(ages, by)
    assert len(buckets(Period(date(1950, 1, 1), date(1999, 12, 31)), "month")) == 600
    check_bounded(Period(date(2024, 1, 5), date(2026, 1, 4)))
    with pytest.raises(InvalidError, match="24 months"):
        check_bounded(Period(date(2024, 1, 5), date(2026, 2, 1)))


@pytest.mark.parametrize(
    ("first", "last", "start_day", "earlier", "year"),
    [
        (date(2026, 3, 1), date(2026, 3, 31), 1, (date(2026, 2, 1), date(2026, 2, 28)), date(2025, 3, 1)),
        (date(2026, 1, 1), date(2026, 6, 30), 1, (date(2025, 7, 1), date(2025, 12, 31)), date(2025, 1, 1)),
        (date(2026, 3, 5), date(2026, 3, 9), 1, (date(2026, 2, 28), date(2026, 3, 4)), date(2025, 3, 5)),
        (date(2026, 2, 23), date(2026, 3, 22), 23, (date(2026, 1, 23), date(2026, 2, 22)), date(2025, 2, 23)),
        (date(2024, 2, 29), date(2024, 2, 29), 1, (date(2024, 2, 28), date(2024, 2, 28)), date(2023, 2, 28)),
    ],
)
def test_earlier_periods(first: date, last: date, start_day: int, earlier: tuple[date, date], year: date) -> None:
    assert before(Period(first, last), start_day) == earlier
    assert year_before(Period(first, last)).first == year


def test_a_month_a_year_before_is_a_whole_month() -> None:
    assert year_before(Period(date(2025, 2, 1), date(2025, 2, 28))).last == date(2024, 2, 29)
    assert year_before(Period(date(2024, 2, 1), date(2024, 2, 28))).last == date(2023, 2, 28)


@given(DAYS, st.integers(0, 400))
def test_how_many_of_each_weekday_there_are(first: date, length: int) -> None:
    days = [first + timedelta(days=n) for n in range(length + 1)]
    for weekday in range(1, 8):
        found = days_in(Period(days[0], days[-1]), weekday)
        assert found == sum(day.isoweekday() == weekday for day in days)


def test_a_trend_has_six_months_each_once() -> None:
    period = Period(date(2026, 3, 10), date(2026, 4, 20))
    names = [bucket.name for bucket in (*_lead(period, 2, 1), *buckets(period, "month"))]
    assert names == ["2025-11", "2025-12", "2026-01", "2026-02", "2026-03", "2026-04"]


@pytest.mark.parametrize(("first", "last"), [((1901, 1, 2), (9998, 12, 30)), ((1901, 1, 1), (9998, 12, 31))])
def test_nothing_is_before_the_first_day_there_is(first: tuple[int, int, int], last: tuple[int, int, int]) -> None:
    found = before(Period(date(*first), date(*last)))
    assert found == (date(1900, 1, 1), date(*first) - timedelta(days=1))

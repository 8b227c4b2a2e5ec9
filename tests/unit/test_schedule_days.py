"""On which days schedules fall: hard cases by hand, and day by day for rules nobody thought of."""

from calendar import isleap, monthrange
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby, islice
from time import process_time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.core.errors import InvalidError
from app.core.fields import LATEST
from app.schedules.amounts import scaled
from app.schedules.calendar import Recurrence, moved
from app.schedules.rrule import Rule, parse

WORKDAYS = "BYDAY=MO,TU,WE,TH,FR"

# Rule, first day, from where to look, month end, weekend, and the days after moving.
CASES = [
    # The last day of the month, in four ways.
    ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-31", "", "skip", "keep", "2026-01-31 2026-02-28 2026-03-31 2026-04-30"),
    ("FREQ=MONTHLY", "2026-01-31", "", "clamp", "keep", "2026-01-31 2026-02-28 2026-03-31 2026-04-30"),
    ("FREQ=MONTHLY;BYMONTHDAY=31", "2024-01-01", "", "clamp", "keep", "2024-01-31 2024-02-29 2024-03-31 2024-04-30"),
    ("FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", "2026-01-01", "", "skip", "keep", "2026-01-31 2026-02-28"),
    ("FREQ=MONTHLY", "2026-01-31", "", "skip", "keep", "2026-01-31 2026-03-31 2026-05-31 2026-07-31"),
    ("FREQ=MONTHLY", "2026-01-30", "", "clamp", "keep", "2026-01-30 2026-02-28 2026-03-30"),
    ("FREQ=MONTHLY", "2026-01-29", "", "clamp", "keep", "2026-01-29 2026-02-28 2026-03-29"),
    ("FREQ=MONTHLY", "2028-01-29", "", "clamp", "keep", "2028-01-29 2028-02-29 2028-03-29"),
    ("FREQ=MONTHLY;BYMONTHDAY=30,31", "2026-01-01", "", "clamp", "keep", "2026-01-30 2026-01-31 2026-02-28 2026-03-30"),
    ("FREQ=MONTHLY;BYMONTHDAY=15,31", "2026-02-01", "", "clamp", "keep", "2026-02-15 2026-02-28 2026-03-15"),
    ("FREQ=MONTHLY;BYMONTHDAY=-31", "2026-01-01", "", "clamp", "keep", "2026-01-01 2026-03-01 2026-05-01"),
    ("FREQ=MONTHLY;BYMONTHDAY=-2", "2026-02-01", "", "clamp", "keep", "2026-02-27 2026-03-30 2026-04-29"),
    ("FREQ=MONTHLY;INTERVAL=3", "2025-11-30", "", "clamp", "keep", "2025-11-30 2026-02-28 2026-05-30 2026-08-30"),
    # Clamping counts: five are five, and the day comes back.
    ("FREQ=MONTHLY;COUNT=3", "2026-01-31", "", "clamp", "keep", "2026-01-31 2026-02-28 2026-03-31"),
    ("FREQ=MONTHLY;COUNT=3", "2026-01-31", "", "skip", "keep", "2026-01-31 2026-03-31 2026-05-31"),
    # 29 February, and the year 2100, which is no leap year.
    ("FREQ=YEARLY", "2024-02-29", "", "clamp", "keep", "2024-02-29 2025-02-28 2026-02-28 2027-02-28 2028-02-29"),
    ("FREQ=YEARLY", "2024-02-29", "", "skip", "keep", "2024-02-29 2028-02-29 2032-02-29"),
    ("FREQ=YEARLY", "2024-02-29", "2095-01-01", "skip", "keep", "2096-02-29 2104-02-29"),
    ("FREQ=YEARLY", "2096-02-29", "2099-01-01", "clamp", "keep", "2099-02-28 2100-02-28 2101-02-28"),
    ("FREQ=YEARLY;INTERVAL=4", "2096-02-29", "", "skip", "keep", "2096-02-29 2104-02-29 2108-02-29"),
    ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", "2026-01-01", "", "skip", "keep", "2044-02-29 2072-02-29"),
    ("FREQ=YEARLY;BYMONTHDAY=31;BYMONTH=2,4", "2026-01-01", "", "clamp", "keep", "2026-02-28 2026-04-30 2027-02-28"),
    # Every second Friday: over both changes of the clock, over the year's end, and with the beat of its first day.
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "2026-03-20", "", "clamp", "keep", "2026-03-20 2026-04-03 2026-04-17"),
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "2026-10-16", "", "clamp", "keep", "2026-10-16 2026-10-30 2026-11-13"),
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "2026-12-18", "", "clamp", "keep", "2026-12-18 2027-01-01 2027-01-15"),
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "2026-01-05", "2026-12-20", "clamp", "keep", "2026-12-25 2027-01-08"),
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "2026-01-12", "2026-12-20", "clamp", "keep", "2027-01-01 2027-01-15"),
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO", "1997-08-05", "", "skip", "keep", "1997-08-05 1997-08-10"),
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU", "1997-08-05", "", "skip", "keep", "1997-08-05 1997-08-17"),
    ("FREQ=WEEKLY;INTERVAL=53", "2020-12-31", "", "clamp", "keep", "2020-12-31 2022-01-06"),
    # The last working day, the first one, the one before the last.
    (f"FREQ=MONTHLY;{WORKDAYS};BYSETPOS=-1", "2026-01-01", "", "clamp", "keep", "2026-01-30 2026-02-27 2026-03-31"),
    (f"FREQ=MONTHLY;{WORKDAYS};BYSETPOS=1", "2026-01-01", "", "clamp", "keep", "2026-01-01 2026-02-02 2026-03-02"),
    (f"FREQ=MONTHLY;{WORKDAYS};BYSETPOS=-2", "2026-01-01", "", "clamp", "keep", "2026-01-29 2026-02-26 2026-03-30"),
    (f"FREQ=MONTHLY;{WORKDAYS};BYSETPOS=1,-1", "2026-02-01", "", "clamp", "keep", "2026-02-02 2026-02-27 2026-03-02"),
    (f"FREQ=YEARLY;{WORKDAYS};BYSETPOS=-1", "2021-01-01", "", "clamp", "keep", "2021-12-31 2022-12-30 2023-12-29"),
    # Weekdays counted: the fifth Monday leaves months out, the last Friday does not.
    ("FREQ=MONTHLY;BYDAY=5MO", "2026-01-01", "", "clamp", "keep", "2026-03-30 2026-06-29 2026-08-31"),
    ("FREQ=MONTHLY;BYDAY=-1FR", "2026-01-01", "", "clamp", "keep", "2026-01-30 2026-02-27 2026-03-27"),
    ("FREQ=MONTHLY;BYDAY=2TU,4TU", "2026-02-01", "", "clamp", "keep", "2026-02-10 2026-02-24 2026-03-10"),
    ("FREQ=MONTHLY;BYDAY=MO,-1SU", "2026-05-18", "", "clamp", "keep", "2026-05-18 2026-05-25 2026-05-31 2026-06-01"),
    ("FREQ=YEARLY;BYDAY=1MO", "2026-01-01", "", "clamp", "keep", "2026-01-05 2027-01-04 2028-01-03"),
    ("FREQ=YEARLY;BYDAY=53TH", "2020-01-01", "", "clamp", "keep", "2020-12-31 2026-12-31"),
    ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "2026-01-01", "", "clamp", "keep", "2026-11-26 2027-11-25"),
    ("FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR", "2026-01-01", "", "clamp", "keep", "2026-02-13 2026-03-13 2026-11-13"),
    ("FREQ=YEARLY;BYDAY=FR;BYMONTHDAY=13,-1", "2026-01-01", "", "clamp", "keep", "2026-02-13 2026-03-13 2026-07-31"),
    # Weekends: to the Friday before and the Monday after, across the ends of months and years.
    ("FREQ=MONTHLY;BYMONTHDAY=1", "2026-02-01", "", "clamp", "before", "2026-01-30 2026-02-27 2026-04-01"),
    ("FREQ=MONTHLY;BYMONTHDAY=1", "2026-02-01", "", "clamp", "after", "2026-02-02 2026-03-02 2026-04-01"),
    ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-01", "", "clamp", "after", "2026-02-02 2026-03-02 2026-03-31"),
    ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-01", "", "clamp", "before", "2026-01-30 2026-02-27 2026-03-31"),
    ("FREQ=YEARLY", "2022-12-31", "", "clamp", "after", "2023-01-02 2024-01-01 2024-12-31"),
    ("FREQ=YEARLY", "2022-01-01", "", "clamp", "before", "2021-12-31 2022-12-30 2024-01-01"),
    # Moving changes no count and no end: they are of the days by the rule.
    ("FREQ=MONTHLY;BYMONTHDAY=1;COUNT=2", "2026-02-01", "", "clamp", "after", "2026-02-02 2026-03-02"),
    ("FREQ=MONTHLY;BYMONTHDAY=1;UNTIL=20260301", "2026-02-01", "", "clamp", "after", "2026-02-02 2026-03-02"),
    ("FREQ=MONTHLY;BYMONTHDAY=1;UNTIL=20260228", "2026-02-01", "", "clamp", "before", "2026-01-30"),
    ("FREQ=DAILY;COUNT=3", "2026-05-01", "", "clamp", "after", "2026-05-01 2026-05-04 2026-05-04"),
    ("FREQ=DAILY;COUNT=4", "2026-05-01", "2026-05-04", "clamp", "keep", "2026-05-04"),
    ("FREQ=DAILY;UNTIL=20260502T235959Z", "2026-05-01", "", "clamp", "keep", "2026-05-01 2026-05-02"),
    (f"FREQ=DAILY;{WORKDAYS}", "2026-05-01", "", "clamp", "keep", "2026-05-01 2026-05-04 2026-05-05"),
    ("FREQ=DAILY;INTERVAL=10;BYMONTH=2", "2026-01-01", "", "clamp", "keep", "2026-02-10 2026-02-20 2027-02-05"),
    ("FREQ=WEEKLY;BYMONTH=12;BYDAY=SA", "2026-01-01", "", "clamp", "keep", "2026-12-05 2026-12-12 2026-12-19"),
    # The first day counts only if the rule says so.
    ("FREQ=MONTHLY;BYMONTHDAY=15;COUNT=1", "2026-01-20", "", "clamp", "keep", "2026-02-15"),
    # The end of the calendar.
    ("FREQ=YEARLY", "9998-12-31", "", "clamp", "keep", "9998-12-31"),
    ("FREQ=WEEKLY;INTERVAL=520", "9990-01-01", "", "clamp", "keep", "9990-01-01"),
    # None at all.
    ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "2026-01-01", "", "skip", "keep", ""),
    ("FREQ=DAILY;INTERVAL=7;BYDAY=SU", "2026-01-05", "", "clamp", "keep", ""),
    ("FREQ=DAILY;UNTIL=20251231", "2026-01-01", "", "clamp", "keep", ""),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "start", "first", "month_end", "weekend", "wanted"), CASES)
def test_hard_days(rule: str, start: str, first: str, month_end: str, weekend: str, wanted: str) -> None:
    days = Recurrence(parse(rule), date.fromisoformat(start), clamp=month_end == "clamp")
    looked = days.days(date.fromisoformat(first or start))
    expected = wanted.split()
    ends = any(part in rule for part in ("COUNT", "UNTIL")) or not expected or expected[-1] > "9990"
    found = [str(moved(day, weekend)) for day in islice(looked, None if ends and rule[5] != "W" else len(expected))]
    assert found == expected


NUMBERS = st.sampled_from((1, 2, 5, 15, 28, 29, 30, 31, -1, -2, -30, -31))
WEEKDAYS = st.lists(st.sampled_from(("MO", "TU", "WE", "TH", "FR", "SA", "SU")), min_size=1, max_size=4, unique=True)


def _joined(name: str) -> Callable[[Sequence[object]], str]:
    return lambda items: f"{name}={','.join(map(str, items))}"


@st.composite
def rules(draw: st.DrawFn) -> str:
    freq = draw(st.sampled_from(("DAILY", "WEEKLY", "MONTHLY", "YEARLY")))
    parts = [f"FREQ={freq}", f"INTERVAL={draw(st.integers(1, 6))}"]
    maybe = st.booleans()
    if draw(maybe):
        parts.append(draw(st.lists(st.integers(1, 12), min_size=1, max_size=4, unique=True).map(_joined("BYMONTH"))))
    chooses = False
    if draw(maybe):
        nths = st.sampled_from(("", "", "1", "2", "5", "-1")) if freq in {"MONTHLY", "YEARLY"} else st.just("")
        parts.append(_joined("BYDAY")([f"{draw(nths)}{day}" for day in draw(WEEKDAYS)]))
        chooses = True
    if freq in {"MONTHLY", "YEARLY"}:
        if draw(maybe):
            parts.append(draw(st.lists(NUMBERS, min_size=1, max_size=3, unique=True).map(_joined("BYMONTHDAY"))))
            chooses = True
        if chooses and draw(maybe):
            parts.append(f"BYSETPOS={draw(st.sampled_from((1, 2, -1, -2)))}")
    if freq == "WEEKLY":
        parts.append(f"WKST={draw(st.sampled_from(('MO', 'SU', 'WE')))}")
    parts.append(draw(st.sampled_from(("COUNT=7", "COUNT=40", "UNTIL=20310704", "UNTIL=20351231"))))
    return ";".join(parts)


MONTH_ENDS = st.sampled_from(("clamp", "skip"))


def falls(rule: Rule, start: date, day: date, *, clamp: bool) -> bool:
    """Whether a rule that chooses by no position has this day, asked of the day alone."""
    length = monthrange(day.year, day.month)[1]
    months, numbers, weekdays = rule.months, rule.month_days, rule.days
    if not weekdays and not numbers:
        if rule.freq == "WEEKLY":
            weekdays = ((start.weekday(), 0),)
        elif rule.freq in {"MONTHLY", "YEARLY"}:
            numbers = (start.day,)
            months = months or ((start.month,) if rule.freq == "YEARLY" else ())
    if (months and day.month not in months) or (period(rule, start, day)[0] % rule.interval):
        return False
    cut = clamp and not weekdays
    wanted = {(min(n, length) if cut else n) if n > 0 else length + 1 + n for n in numbers}
    if numbers and day.day not in wanted:
        return False
    ends = (date(day.year, 1, 1), date(day.year, 12, 31))
    if rule.freq == "MONTHLY" or months:
        ends = (day.replace(day=1), day.replace(day=length))
    ranks = {0, (day - ends[0]).days // 7 + 1, -((ends[1] - day).days // 7 + 1)}
    return not weekdays or any(number == day.weekday() and nth in ranks for number, nth in weekdays)


def period(rule: Rule, start: date, day: date) -> tuple[int, date]:
    """Which period of the beat a day is in, counted from that of the start, and where that begins."""
    if rule.freq == "DAILY":
        return (day - start).days, day
    if rule.freq == "WEEKLY":
        weeks = [each - timedelta(days=(each.weekday() - rule.week_start) % 7) for each in (start, day)]
        return (weeks[1] - weeks[0]).days // 7, weeks[1]
    if rule.freq == "MONTHLY":
        return (day.year - start.year) * 12 + day.month - start.month, day.replace(day=1)
    return day.year - start.year, date(day.year, 1, 1)


def naive(rule: Rule, start: date, last: date, *, clamp: bool) -> list[date]:
    """All days of a rule, found by looking at each day there is."""
    begin = date(start.year, 1, 1) - timedelta(days=7)
    days = [begin + timedelta(days=n) for n in range((date(last.year, 12, 31) - begin).days + 1)]
    found: list[date] = []
    for _, each in groupby(days, key=lambda day: period(rule, start, day)[1]):
        chosen = [day for day in each if falls(rule, start, day, clamp=clamp)]
        if rule.positions:
            places = {at - 1 if at > 0 else len(chosen) + at for at in rule.positions}
            chosen = [day for place, day in enumerate(chosen) if place in places]
        found += [day for day in chosen if day >= start]
    ended = [day for day in found if rule.until is None or day <= rule.until][: rule.count]
    return [day for day in ended if day <= last]


@settings(max_examples=80, deadline=None)
@given(
    rules(),
    st.dates(date(2020, 1, 1), date(2028, 12, 31)),
    st.integers(0, 2000),
    st.integers(0, 1500),
    st.sampled_from(("clamp", "skip")),
)
@example("FREQ=YEARLY;INTERVAL=1;BYMONTHDAY=29;BYMONTH=2;UNTIL=20351231", date(2023, 3, 1), 0, 3000, "skip")
@example("FREQ=YEARLY;BYMONTHDAY=29,31;BYSETPOS=2,-1;COUNT=9", date(2023, 1, 31), 0, 3000, "clamp")
@example("FREQ=MONTHLY;INTERVAL=5;BYMONTHDAY=30,31,-1;BYSETPOS=2;COUNT=9", date(2023, 1, 31), 0, 3000, "clamp")
@example("FREQ=MONTHLY;INTERVAL=6;BYMONTHDAY=30;COUNT=9", date(2023, 2, 28), 400, 3000, "clamp")
def test_days_are_those_found_day_by_day(text: str, start: date, later: int, length: int, month_end: str) -> None:
    clamp = month_end == "clamp"
    first = start + timedelta(days=later)
    last = first + timedelta(days=length)
    rule = parse(text)
    mine = list(Recurrence(rule, start, clamp=clamp).days(first, last))
    assert mine == [day for day in naive(rule, start, last, clamp=clamp) if day >= first]
    assert str(parse(str(rule))) == str(rule)


@given(st.integers(1, 31), st.integers(1990, 2110))
@settings(max_examples=40, deadline=None)
def test_clamping_has_a_day_in_every_month(number: int, year: int) -> None:
    days = Recurrence(parse(f"FREQ=MONTHLY;BYMONTHDAY={number}"), date(year, 1, 1)).days(date(year, 1, 1))
    found = list(islice(days, 12))
    assert [day.month for day in found] == list(range(1, 13))
    assert found[1].day == min(number, 29 if isleap(year) else 28)


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("", "bad_rrule"),
        ("FREQ=MONTHLY;", "bad_rrule"),
        ("FREQ=SECONDLY", "too_often"),
        ("FREQ=MINUTELY;INTERVAL=1440", "too_often"),
        ("INTERVAL=2", "bad_rrule"),
        ("FREQ=DAILY;FREQ=DAILY", "bad_rrule"),
        ("FREQ=DAILY;COUNT=0", "bad_rrule"),
        ("FREQ=DAILY;COUNT=2001", "bad_rrule"),
        ("FREQ=DAILY;COUNT=x", "bad_rrule"),
        ("FREQ=DAILY;INTERVAL=0", "bad_rrule"),
        ("FREQ=YEARLY;INTERVAL=21", "bad_rrule"),
        ("FREQ=DAILY;COUNT=1;UNTIL=20260101", "bad_rrule"),
        ("FREQ=DAILY;UNTIL=20260230", "bad_rrule"),
        ("FREQ=DAILY;UNTIL=18991231", "bad_rrule"),
        ("FREQ=DAILY;UNTIL=2026", "bad_rrule"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "bad_rrule"),
        ("FREQ=WEEKLY;BYDAY=1MO", "bad_rrule"),
        ("FREQ=MONTHLY;BYDAY=6MO", "bad_rrule"),
        ("FREQ=MONTHLY;BYDAY=XX", "bad_rrule"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "bad_rrule"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "bad_rrule"),
        ("FREQ=MONTHLY;BYMONTH=-1", "bad_rrule"),
        ("FREQ=MONTHLY;BYSETPOS=-1", "bad_rrule"),
        ("FREQ=WEEKLY;WKST=1", "bad_rrule"),
        ("FREQ=DAILY;BYHOUR=9", "unsupported_part"),
        ("FREQ=YEARLY;BYWEEKNO=20", "unsupported_part"),
        ("FREQ=DAILY;COUNT=\u0663", "bad_rrule"),
        ("F" * 501, "bad_rrule"),
    ],
)
def test_rules_that_are_refused(rule: str, code: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        parse(rule)
    assert (refusal.value.errors[0].field, refusal.value.errors[0].code) == ("rrule", code)


def test_a_rule_far_away_and_one_that_never_falls_cost_little() -> None:
    began = process_time()
    for rule in ("FREQ=DAILY;INTERVAL=7;BYDAY=SU", "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;BYDAY=MO"):
        days = Recurrence(parse(rule), date(1900, 1, 1), clamp=False)
        found = list(days.days(LATEST - timedelta(days=30)))
        assert len(found) == (4 if rule.endswith("MO") else 0)
    assert process_time() - began < 10


def test_parts_are_scaled_to_the_last_cent() -> None:
    parts = [Decimal("1.00"), Decimal("1.00"), Decimal("1.00")]
    assert scaled(parts, Decimal("10.00"), 2) == [Decimal("3.34"), Decimal("3.33"), Decimal("3.33")]
    assert scaled([Decimal(12), Decimal(-2)], Decimal(5), 0) == [Decimal(6), Decimal(-1)]
    assert scaled(parts, Decimal("3.00"), 2) == parts

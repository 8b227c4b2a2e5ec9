"""How the totals by payee and by tag have the days of a period."""

from collections import Counter
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.reports.parts import Part, parts
from app.reports.periods import Bucket, month_end

DAYS = st.dates(date(1999, 1, 1), date(2005, 12, 31))


def days_of(part: Part) -> list[date]:
    ends = {
        "day": part.last,
        "third": month_end(part.last) if part.last.day == 21 else part.last + timedelta(days=9),
        "month": month_end(part.last),
        "year": date(part.last.year, 12, 31),
    }
    assert part.unit == "day" or {part.first.day, part.last.day} <= ({1, 11, 21} if part.unit == "third" else {1})
    return [part.first + timedelta(days=n) for n in range((ends[part.unit] - part.first).days + 1)]


@given(ends=st.tuples(DAYS, DAYS).map(sorted), years=st.booleans(), thirds=st.booleans())
def test_parts_are_each_day_of_a_bucket_once(ends: list[date], years: bool, thirds: bool) -> None:
    first, last = ends
    counted: Counter[date] = Counter()
    found = parts([Bucket("all", first, last)], years=years, thirds=thirds)
    for part in found:
        counted.update(dict.fromkeys(days_of(part), part.sign))
    assert {day for day, count in counted.items() if count} == {
        first + timedelta(days=n) for n in range((last - first).days + 1)
    }
    assert set(counted.values()) <= {0, 1}
    # What is read day by day is at most half a month at each end, and half of one month within it; or half a third.
    assert sum(len(days_of(part)) for part in found if part.unit == "day") <= (10 if thirds else 31)
    assert years or all(part.unit != "year" for part in found)
    assert thirds or all(part.unit != "third" for part in found)


def test_a_bucket_has_the_parts_of_its_own() -> None:
    wanted = [Bucket("2004-01", date(2004, 1, 1), date(2004, 1, 31)), Bucket("x", date(2003, 3, 2), date(2004, 2, 18))]
    assert parts(wanted) == [
        Part(0, "month", 1, date(2004, 1, 1), date(2004, 1, 1)),
        Part(1, "day", -1, date(2003, 3, 1), date(2003, 3, 1)),
        Part(1, "year", 1, date(2003, 1, 1), date(2003, 1, 1)),
        Part(1, "month", -1, date(2003, 1, 1), date(2003, 2, 1)),
        Part(1, "day", -1, date(2004, 2, 19), date(2004, 2, 20)),
        Part(1, "third", -1, date(2004, 2, 21), date(2004, 2, 21)),
        Part(1, "month", 1, date(2004, 1, 1), date(2004, 2, 1)),
    ]

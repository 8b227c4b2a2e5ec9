"""What counts as a changed price, and how often a rule comes in a year."""

from datetime import date
from decimal import Decimal

import pytest

from app.schedules.calendar import Recurrence
from app.schedules.prices import price_change, times_a_year
from app.schedules.rrule import parse


@pytest.mark.parametrize(
    ("past", "paid", "difference"),
    [
        ("", "9.99", None),
        ("9.99", "9.99", None),
        ("9.99", "12.99", "3.00"),
        ("17.99 17.99", "14.99", "-3.00"),
        ("100.00", "100.50", None),  # half a percent
        ("100.00", "100.51", "0.51"),
        ("9.99 9.99 9.99 12.99", "12.99", None),
        ("9.99 9.99 12.99 12.99", "13.99", "1.00"),  # after a raise the next one is told too
        ("58 66 55 61", "70", None),  # it varies by 8 anyway
        ("58 66 55 61", "95", "34"),
        ("1 1 1 1 50 60 50 60 50 60", "70", None),  # the last six count
    ],
)
def test_a_change_beyond_what_is_usual_is_one(past: str, paid: str, difference: str | None) -> None:
    change = price_change([Decimal(amount) for amount in past.split()], Decimal(paid))
    assert (change.difference if change else None) == (Decimal(difference) if difference else None)


@pytest.mark.parametrize(
    ("rrule", "times"),
    [
        ("FREQ=MONTHLY", "12"),
        ("FREQ=MONTHLY;INTERVAL=3", "4"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,15", "24"),
        ("FREQ=MONTHLY;BYMONTH=1,7", "2"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "12"),
        ("FREQ=YEARLY", "1"),
        ("FREQ=YEARLY;BYMONTH=3,9;BYMONTHDAY=1", "2"),
        ("FREQ=YEARLY;INTERVAL=2", "0.5"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR", "52.18"),
        ("FREQ=DAILY", "365.24"),
    ],
)
def test_how_often_a_rule_comes_in_a_year(rrule: str, times: str) -> None:
    found = times_a_year(Recurrence(parse(rrule), date(2026, 1, 1)))
    assert round(found, 2) == Decimal(times)

"""Paths into JSON, numbers with their digits, and when to come back."""

from decimal import Decimal
from typing import Any

import pytest

from app.core.fetching import UnreadableError, decimal_of, pick
from app.core.fetching.answers import steps_of
from app.core.fetching.pacing import Pace
from app.core.fetching.retry_after import seconds_of

DOCUMENT = {"chart": {"result": [{"close": [1, 2]}, {"a-b c": {"0": "zero"}}]}, "none": None}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("chart.result[0].close[-1]", 2),
        ("chart.result.0.close.1", 2),
        ("chart.result[1].a-b c.0", "zero"),
        ("none", None),
    ],
)
def test_a_path_leads_to_its_value(path: str, value: Any) -> None:
    assert pick(DOCUMENT, path) == value


@pytest.mark.parametrize("path", ["nothing", "chart.result[2]", "chart.result[x]", "none.more", "chart.result.close"])
def test_a_path_to_nothing_is_unreadable(path: str) -> None:
    with pytest.raises((UnreadableError, ValueError)):
        pick(DOCUMENT, path)


@pytest.mark.parametrize("path", [".a", "a.", "a..b", "a[", "a[]", "a]b", "a[1.5]", "."])
def test_what_is_no_path_is_said_at_once(path: str) -> None:
    with pytest.raises(ValueError, match="is no path"):
        steps_of(path)


@pytest.mark.parametrize(
    ("value", "number"),
    [(1, Decimal(1)), (" 1.50 ", Decimal("1.50")), (Decimal("2.25"), Decimal("2.25")), ("-3e-4", Decimal("-0.0003"))],
)
def test_a_number_keeps_its_digits(value: Any, number: Decimal) -> None:
    assert str(decimal_of(value)) == str(number)


@pytest.mark.parametrize(
    "value", [None, True, 1.5, "", "NaN", "1,5", "Infinity", [], "1" * 60, Decimal("NaN"), Decimal("1e50"), 10**5000]
)
def test_what_is_no_number_is_unreadable(value: Any) -> None:
    with pytest.raises(UnreadableError, match="the price"):
        decimal_of(value, "price")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("-5", None),
        ("120", 120.0),
        ("99999999999", 86400.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 2015 07:28:00 -0000", None),
    ],
)
def test_when_to_come_back(header: str | None, seconds: float | None) -> None:
    assert seconds_of(header) == seconds


def test_a_minute_slides() -> None:
    moments = iter([0.0, 30.0, 59.0, 60.0, 61.0, 90.0])
    pace = Pace(2, lambda: next(moments))
    assert [pace.wait() for _ in range(6)] == [0, 0, 1, 0, 29, 0]

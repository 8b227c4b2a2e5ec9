"""Where periods begin and end, and from which totals their sums come."""

from datetime import date, timedelta

import pytest

from app.budgets.periods import Cadence, Piece


def starts(anchor: str, every: int, unit: str, count: int) -> list[str]:
    cadence = Cadence.of(date.fromisoformat(anchor), every, unit)
    return [str(cadence.start(number)) for number in range(count)]


@pytest.mark.parametrize(
    ("anchor", "every", "unit", "begins"),
    [
        ("2026-01-23", 1, "month", ["2026-01-23", "2026-02-23", "2026-03-23"]),
        ("2026-01-31", 1, "month", ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]),
        ("2023-11-30", 1, "month", ["2023-11-30", "2023-12-30", "2024-01-30", "2024-02-29", "2024-03-30"]),
        ("2024-02-29", 1, "year", ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
        ("2026-01-02", 2, "week", ["2026-01-02", "2026-01-16", "2026-01-30"]),  # every second Friday
        ("2026-11-30", 3, "month", ["2026-11-30", "2027-02-28", "2027-05-30"]),
        ("2026-02-27", 10, "day", ["2026-02-27", "2026-03-09"]),
    ],
)
def test_periods_begin_on_the_anchor(anchor: str, every: int, unit: str, begins: list[str]) -> None:
    assert starts(anchor, every, unit, len(begins)) == begins


@pytest.mark.parametrize("anchor", ["2023-12-31", "2024-01-01", "2024-02-29", "2024-01-23"])
@pytest.mark.parametrize(("every", "unit"), [(1, "month"), (3, "month"), (1, "year"), (2, "week"), (5, "day")])
def test_every_day_is_in_one_period_and_in_one_piece(anchor: str, every: int, unit: str) -> None:
    """Periods follow each other without gaps; what comes from the totals by month is whole months of one period."""
    cadence = Cadence.of(date.fromisoformat(anchor), every, unit)
    first, last = cadence.anchor, date(2028, 3, 15)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    for day in days:
        number = cadence.number(day)
        assert cadence.start(number) <= day <= cadence.end(number)
        assert cadence.start(number + 1) == cadence.end(number) + timedelta(days=1)
    pieces = cadence.pieces(first, last)
    assert [day for piece in pieces for day in between(piece)] == days
    for piece in pieces:
        if piece.monthly:
            assert piece.first.day == 1
            assert (piece.last + timedelta(days=1)).day == 1
            months = {(day.year, day.month) for day in between(piece)}
            assert len({(*month, cadence.number(date(*month, d))) for month in months for d in (1, 28)}) == len(months)
    assert any(piece.monthly for piece in pieces) == (unit in {"month", "year"} and (every > 1 or unit == "year"
                                                      or cadence.anchor.day == 1))  # fmt: skip


def between(piece: Piece) -> list[date]:
    return [piece.first + timedelta(days=n) for n in range((piece.last - piece.first).days + 1)]


def test_what_is_out_of_all_proportion_still_has_an_end() -> None:
    assert Cadence.of(date(9998, 1, 1), 1000, "year").end(0) == date.max
    assert Cadence.of(date(9998, 1, 1), 1000, "week").end(0) == date.max
    assert len(Cadence.of(date(1900, 1, 31), 3, "month").pieces(date(1900, 1, 31), date(9998, 12, 31))) == 1
    assert Cadence.of(date(2026, 1, 1), 1, "month").pieces(date(2026, 2, 1), date(2026, 1, 1)) == []

"""What is learned from a year: medians of what schedules do not explain."""

from datetime import date
from uuid import UUID

import pytest

from app.forecast.learning import (
    MONTHS,
    first_month,
    known_months,
    last_explained,
    learn,
    months_of,
    quantile,
    spread_of,
    unexplained,
    without_keys,
)
from app.forecast.model import Entry, Flow, Range, Rest, Side, Source, Spread

TODAY = date(2026, 2, 10)
BANK, CASH = UUID(int=1), UUID(int=2)
FOOD, RENT, PAY = UUID(int=11), UUID(int=12), UUID(int=13)
KINDS: dict[UUID, Side] = {FOOD: "expense", RENT: "expense", PAY: "income"}
SCHEDULE = Source("schedule", UUID(int=20), "Rent")


def month(index: int) -> date:
    """The first of a learned month; 0 is the oldest."""
    return date(2025 + (index + 1) // 12, (index + 1) % 12 + 1, 1)


def entry(day: date, amount: int, category: UUID | None = RENT, is_transfer: bool = False) -> Entry:
    return Entry(SCHEDULE, BANK, category, day, Range(amount, amount, amount), is_transfer=is_transfer)


def test_the_year_before_this_month_and_the_year_after_it() -> None:
    assert first_month(TODAY) == month(0) == date(2025, 2, 1)
    assert month(11) == date(2026, 1, 1)
    assert last_explained(TODAY) == date(2027, 2, 28)
    assert (first_month(date(2024, 2, 29)), last_explained(date(2024, 2, 29))) == (date(2023, 2, 1), date(2025, 2, 28))


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ([5], (5, 5, 5)),
        ([1, 2], (1, 2, 2)),  # 1.1, 1.5 to the even 2, 1.9
        ([3, 1, 2], (1, 2, 3)),  # 1.2, 2, 2.8
        ([10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110], (20, 60, 100)),
        ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -120_000], (0, 0, 0)),  # one car in a year is no habit
        ([-1, -4], (-4, -2, -1)),
    ],
)
def test_quantiles_interpolate(sample: list[int], expected: tuple[int, int, int]) -> None:
    assert tuple(quantile(sample, tenths) for tenths in (1, 5, 9)) == expected


def test_too_small_a_sample_has_no_spread() -> None:
    assert spread_of([]) == spread_of([1, 100]) == Spread(0, 0)
    assert spread_of([100, 200, 400]) == Spread(80, 160)


def test_a_category_decides_the_side_and_without_one_the_direction() -> None:
    flows = [
        Flow(BANK, FOOD, month(0), 500, 3_000),
        Flow(BANK, None, month(0), 700, 200),
        Flow(CASH, PAY, month(11), 9_000, 1_000),
    ]
    found = months_of(flows, KINDS, TODAY)
    assert found[BANK, FOOD, "expense"] == [-2_500] + [0] * 11
    assert found[BANK, None, "income"] == [700] + [0] * 11
    assert found[BANK, None, "expense"] == [-200] + [0] * 11
    assert found[CASH, PAY, "income"] == [0] * 11 + [8_000]
    # The month an account began in is not whole; one older than the year has all twelve.
    assert known_months(found) == {BANK: 12, CASH: 0}


def test_schedules_explain_the_same_month_of_the_year() -> None:
    """The rent explains itself in each month, the yearly bill in its own, and neither ever more than there was."""
    flows = [Flow(BANK, RENT, month(index), 0, 90_000) for index in range(MONTHS)]
    flows += [Flow(BANK, FOOD, month(3), 0, 50_000)]
    entries = [entry(date(2026 + (3 + n - 1) // 12, (3 + n - 1) % 12 + 1, 1), -92_000) for n in range(MONTHS)]
    entries += [
        entry(date(2026, 5, 20), -30_000, FOOD),  # May: the fourth learned month
        entry(date(2026, 2, 20), -10_000, FOOD),  # this month has no like: it is learned from when it is over
        entry(date(2026, 5, 21), -99_999, None, is_transfer=True),
        entry(date(2026, 5, 22), 1_000, None),
        entry(date(2026, 6, 22), -1_000, None),
        entry(date(2026, 6, 23), -1_000, UUID(int=99)),
    ]
    whole = months_of(flows, KINDS, TODAY)
    rest = unexplained(whole, entries, KINDS, TODAY)
    assert rest[BANK, RENT, "expense"] == [0] * MONTHS
    assert rest[BANK, FOOD, "expense"] == [0, 0, 0, -20_000] + [0] * 8
    assert whole[BANK, FOOD, "expense"][3] == -50_000
    # A month of refunds is not explained by spending, nor income by more than there was.
    back = months_of([Flow(BANK, RENT, month(0), 700, 0), Flow(BANK, PAY, month(0), 700, 0)], KINDS, TODAY)
    rest = unexplained(back, [*entries, entry(date(2027, 2, 1), 900, PAY)], KINDS, TODAY)
    assert rest[BANK, RENT, "expense"][0] == 700
    assert rest[BANK, PAY, "income"][0] == 0


def test_the_usual_month_is_the_median() -> None:
    food = [300, 280, 310, 900, 290, 305, 295, 300, 310, 280, 305, 295]
    flows = [Flow(BANK, FOOD, month(i), 0, amount * 100) for i, amount in enumerate(food)]
    flows += [Flow(BANK, PAY, month(i), 200_000, 0) for i in range(MONTHS)]
    series = months_of(flows, KINDS, TODAY)
    # Sorted: 280 280 290 295 295 300 300 305 305 310 310 900. The median is 300, the 10th percentile at position 1.1
    # is 281, the 90th at 9.9 is 310; seen from the net, the dearer end is the lower one.
    assert learn(series, known_months(series)) == [Rest(BANK, 200_000, -30_000, Spread(1_000, 1_900), 12)]
    assert learn(without_keys(series, [(BANK, PAY, "income")]), known_months(series))[0].income == 0


@pytest.mark.parametrize(("begins", "months"), [(0, 12), (1, 10), (7, 4), (8, 3), (9, None), (11, None)])
def test_a_young_account_is_learned_from_its_whole_months(begins: int, months: int | None) -> None:
    flows = [Flow(BANK, FOOD, month(index), 0, 10_000) for index in range(begins, MONTHS)]
    series = months_of(flows, KINDS, TODAY)
    found = learn(series, known_months(series))
    expected = [] if months is None else [Rest(BANK, 0, -10_000, Spread(0, 0), months)]
    assert found == expected


def test_what_nobody_uses_any_more_has_no_rest() -> None:
    flows = [Flow(BANK, FOOD, month(0), 0, 10_000)]
    series = months_of(flows, KINDS, TODAY)
    assert learn(series, known_months(series)) == []

"""Lines from plans: what goes in is in the line, to the cent, and the worse line is never the better one."""

from collections import defaultdict
from datetime import date, timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.forecast.arithmetic import MONTH, divided, elapsed, roots, shared, spread_by_day
from app.forecast.model import NOTHING, Account, Budgeted, Entry, Plan, Range, Rest, Share, Source, Spread
from app.forecast.projection import NAMES, REST, project, together

TODAY = date(2026, 2, 10)
IDS = [UUID(int=number) for number in range(1, 4)]
SOURCES = [Source("schedule", UUID(int=10), "Rent"), Source("what_if", UUID(int=11), "Sofa")]
BUDGETS = [Source("budget", UUID(int=20), "Food"), Source("budget", UUID(int=21), "Fun")]

amounts = st.integers(-(10**9), 10**9)
positive = st.integers(0, 10**9)
days = st.integers(-20, 120).map(lambda number: TODAY + timedelta(days=number))
ranges = st.lists(amounts, min_size=3, max_size=3).map(lambda values: Range(*sorted(values)))
entries = st.builds(
    Entry, st.sampled_from(SOURCES), st.sampled_from(IDS), st.none(), days, ranges, is_transfer=st.booleans()
)
spreads = st.builds(Spread, positive, positive)
shares = st.builds(
    lambda first, length, amount: Share(first, first + timedelta(days=length), amount),
    st.integers(1, 100).map(lambda number: TODAY + timedelta(days=number)),
    st.integers(0, 400),
    positive,
)
plans = st.builds(
    lambda length, balances, planned, budgeted, rest: Plan(
        TODAY,
        TODAY + timedelta(days=length),
        tuple(
            Account(account_id, "A", "checking", "EUR", 2, balance)
            for account_id, balance in zip(IDS, balances, strict=False)
        ),
        tuple(planned),
        tuple(budgeted),
        tuple(rest),
    ),
    st.integers(0, 100),
    st.lists(amounts, min_size=1, max_size=3),
    st.lists(entries, max_size=8),
    st.lists(
        st.builds(
            Budgeted,
            st.sampled_from(BUDGETS),
            st.sampled_from(IDS),
            st.lists(shares, max_size=3).map(tuple),
            spreads,
        ),
        max_size=4,
    ),
    st.lists(
        st.builds(Rest, st.sampled_from(IDS), positive, positive.map(lambda x: -x), spreads, st.just(12)),
        max_size=3,
        unique_by=lambda each: each.account_id,
    ),
)


@given(plans)
def test_contributions_sum_to_every_line(plan: Plan) -> None:
    lines = project(plan)
    assert set(lines) == {account.id for account in plan.accounts}
    for line in [*lines.values(), together(lines.values())]:
        count = (plan.last - plan.today).days + 1
        for name in ("low", "expected", "high"):
            values = getattr(line.sums, name)
            assert len(values) == count
            for index in range(count):
                parts = [getattr(line.groups[group], name)[index] for group in NAMES]
                assert values[index] == line.balance + sum(parts)
        whole = Range(line.balance, line.balance, line.balance)
        for change in line.sources.values():
            whole += change
        assert whole == line.sums.at(-1)


@given(plans)
def test_low_is_never_above_expected_nor_that_above_high(plan: Plan) -> None:
    for line in project(plan).values():
        for index in range(len(line.sums.low)):
            assert line.sums.low[index] <= line.sums.expected[index] <= line.sums.high[index]
        assert line.lowest()[0] == line.sums.expected[line.lowest()[1]] <= min(line.sums.expected)
        assert line.lowest_low()[0] == min(line.sums.low)


@given(plans)
def test_with_nothing_else_the_line_is_the_schedules(plan: Plan) -> None:
    """Added up the slow way: on each day, all that is dated up to it, and what is overdue today."""
    bare = Plan(plan.today, plan.last, plan.accounts, plan.entries)
    lines = project(bare)
    for account in plan.accounts:
        for index in range((plan.last - plan.today).days + 1):
            day = plan.today + timedelta(days=index)
            due = [e.change for e in plan.entries if e.account_id == account.id and e.day <= day]
            expected = sum(due, Range(account.balance, account.balance, account.balance))
            assert lines[account.id].sums.at(index) == expected


@given(plans)
def test_a_total_is_the_sum_of_its_accounts(plan: Plan) -> None:
    lines = project(plan)
    whole = together(lines.values())
    for index in range((plan.last - plan.today).days + 1):
        assert whole.sums.at(index) == sum((line.sums.at(index) for line in lines.values()), NOTHING)
    sources: defaultdict[Source, Range] = defaultdict(lambda: NOTHING)
    for line in lines.values():
        for source, change in line.sources.items():
            sources[source] += change
    assert whole.sources == sources


def test_a_usual_month_comes_evenly_and_its_spread_with_the_root_of_the_time() -> None:
    """February has 28 days, March 31: 280.00 a month are 10.00 a day, and then 280 / 31."""
    account = Account(IDS[0], "A", "checking", "EUR", 2, 100_000)
    rest = Rest(IDS[0], 0, -28_000, Spread(6_000, 3_000), 12)
    line = project(Plan(date(2026, 1, 31), date(2026, 5, 31), (account,), rest=(rest,)))[IDS[0]]
    assert line.sums.expected[0] == line.sums.low[0] == line.sums.high[0] == 100_000
    assert line.sums.expected[1] == 100_000 - 1_000
    # A month from the last of January is the last of February: a whole usual month, and once the spread.
    assert line.sums.at(28) == Range(100_000 - 28_000 - 6_000, 72_000, 72_000 + 3_000)
    assert line.sums.expected[29] == 72_000 - 903  # 28000 / 31 = 903.2
    # Four months on the spread is twice as wide.
    assert line.sums.at(-1) == Range(-12_000 - 12_000, 100_000 - 4 * 28_000, -12_000 + 6_000)
    assert line.sources == {REST: Range(-124_000, -112_000, -106_000)}


def test_nobody_is_expected_to_spend_less_than_nothing() -> None:
    account = Account(IDS[0], "A", "checking", "EUR", 2, 0)
    share = Share(date(2026, 3, 1), date(2026, 3, 31), 31_00)
    budgeted = Budgeted(BUDGETS[0], IDS[0], (share,), Spread(10_000, 10_000))
    line = project(Plan(TODAY, date(2026, 4, 30), (account,), budgeted=(budgeted,)))[IDS[0]]
    before = (date(2026, 2, 28) - TODAY).days
    assert line.sums.at(before) == NOTHING
    assert line.sums.expected[before + 1] == -100
    assert line.sums.high[before + 1 :] == [0] * (len(line.sums.high) - before - 1)
    assert line.sums.expected[-1] == -3_100


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**6))
def test_division_is_off_by_at_most_half(amount: int, by: int) -> None:
    found = divided(amount, by)
    assert abs(2 * (found * by - amount)) <= by
    assert divided(-amount, by) == -found


@given(positive, st.lists(positive, min_size=1, max_size=6).filter(any))
def test_parts_sum_to_the_whole(amount: int, weights: list[int]) -> None:
    parts = shared(amount, weights)
    assert sum(parts) == amount
    assert all(part >= 0 for part in parts)


@given(st.lists(shares, max_size=4))
def test_a_share_comes_whole(given_: list[Share]) -> None:
    by_day = spread_by_day(given_, TODAY, 600)
    assert sum(by_day) == sum(share.amount for share in given_)
    assert min(by_day) >= 0
    assert spread_by_day(given_, TODAY, 30) == by_day[:31]


def test_a_calendar_month_is_one_month_long() -> None:
    times = elapsed(date(2023, 12, 31), 366)
    ends = [(date(2024 + (m == 12), m % 12 + 1, 1) - date(2024, 1, 1)).days for m in range(1, 13)]
    assert [times[end] for end in ends] == [MONTH * number for number in range(1, 13)]
    assert all(a < b for a, b in pairwise(roots(times)))

"""What budgets take from accounts: net of what is planned, the narrow ones first, as it was spent before."""

from datetime import date
from uuid import UUID

from app.forecast.learning import MONTHS, Key
from app.forecast.model import Account, Budgeted, Entry, Range, Share, Source, Spread
from app.forecast.spending import Budget, Period, spend

TODAY = date(2026, 2, 10)
UNTIL = date(2027, 2, 28)
BANK = Account(UUID(int=1), "Bank", "checking", "EUR", 2, 0)
CARD = Account(UUID(int=2), "Card", "credit_card", "EUR", 2, 0, is_liability=True)
HIDDEN = Account(UUID(int=3), "Mine", "checking", "EUR", 2, 0, is_private=True)
FOOD, FUN, RENT = UUID(int=11), UUID(int=12), UUID(int=13)
EXPENSE = frozenset({FOOD, FUN, RENT})
FEBRUARY, MARCH = (date(2026, 2, 1), date(2026, 2, 28)), (date(2026, 3, 1), date(2026, 3, 31))


def budget(number: int, categories: set[UUID] | None, *periods: Period, accounts: set[UUID] | None = None) -> Budget:
    source = Source("budget", UUID(int=100 + number), str(number))
    return Budget(
        source,
        None if categories is None else frozenset(categories),
        frozenset(accounts) if accounts else None,
        periods,
    )


def entry(
    day: date, amount: int, category: UUID | None = FOOD, account: Account = BANK, is_transfer: bool = False
) -> Entry:
    source = Source("schedule", UUID(int=50), "Planned")
    return Entry(source, account.id, category, day, Range(amount, amount, amount), is_transfer=is_transfer)


def spent(
    budgets: list[Budget],
    entries: list[Entry] | None = None,
    series: dict[Key, list[int]] | None = None,
    accounts: tuple[Account, ...] = (BANK, CARD, HIDDEN),
) -> tuple[list[Budgeted], frozenset[Key]]:
    months = {account.id: MONTHS for account in accounts}
    return spend(budgets, entries or [], series or {}, months, accounts, EXPENSE, TODAY, UNTIL)


def sums(found: list[Budgeted]) -> dict[str, list[int]]:
    return {each.source.name: [share.amount for share in each.shares] for each in found}


def test_what_remains_goes_over_the_days_that_are_left() -> None:
    found, explained = spent([budget(1, {FOOD}, Period(*FEBRUARY, 18_000), Period(*MARCH, 30_000))])
    assert explained == frozenset()
    shares = (Share(date(2026, 2, 11), FEBRUARY[1], 18_000), Share(*MARCH, 30_000))
    assert found == [Budgeted(Source("budget", UUID(int=101), "1"), BANK.id, shares, Spread(0, 0))]


def test_on_the_last_day_nothing_more_is_spent() -> None:
    assert spent([budget(1, {FOOD}, Period(date(2026, 2, 1), TODAY, 18_000))]) == ([], frozenset())
    assert spent([budget(1, {FOOD}, Period(*FEBRUARY, 0))]) == ([], frozenset())
    assert spent([budget(1, {FOOD})], accounts=()) == ([], frozenset())


def test_planned_items_are_in_the_budget_already() -> None:
    wanted = [budget(1, {FOOD}, Period(*FEBRUARY, 18_000), Period(*MARCH, 30_000))]
    entries = [
        entry(date(2026, 2, 3), -1_000),  # overdue: it comes today, so it takes from this period
        entry(date(2026, 2, 28), -2_000),
        entry(date(2026, 3, 5), -25_000),
        entry(date(2026, 3, 6), -90_000, RENT),
        entry(date(2026, 3, 7), -90_000, is_transfer=True),
        entry(date(2026, 3, 8), -90_000, None),
        entry(date(2026, 3, 9), -90_000, account=HIDDEN),
        entry(date(2026, 3, 10), 90_000, UUID(int=99)),
    ]
    assert sums(spent(wanted, entries)[0]) == {"1": [15_000, 5_000]}
    # More is planned than the budget has; and a refund makes no room for more.
    assert sums(spent(wanted, [entry(date(2026, 3, 5), -40_000)])[0]) == {"1": [18_000]}
    assert sums(spent(wanted, [entry(date(2026, 3, 5), 40_000)])[0]) == {"1": [18_000, 30_000]}


def test_a_budget_of_everything_has_what_the_narrow_ones_leave() -> None:
    """30 days of March at 10.00 for fun; 500.00 for all, of which 31 * 10.00 and the planned 100.00 are taken."""
    fun = budget(2, {FUN}, Period(*MARCH, 31_000))
    everything = budget(1, None, Period(*MARCH, 50_000))
    entries = [entry(date(2026, 3, 5), -10_000, None), entry(date(2026, 3, 6), 99_000, None)]
    assert sums(spent([everything, fun], entries)[0]) == {"2": [31_000], "1": [9_000]}
    # The same categories twice: the shorter period first, and the rest of the longer one.
    week = budget(3, {FUN}, Period(date(2026, 3, 2), date(2026, 3, 8), 7_000))
    assert sums(spent([fun, week])[0]) == {"3": [7_000], "2": [24_000]}
    # Half of what the narrower one covers is in the wider one.
    pair, wide = budget(4, {FUN, RENT}, Period(*MARCH, 20_000)), budget(5, {FOOD, FUN}, Period(*MARCH, 30_000))
    assert sums(spent([wide, pair])[0]) == {"4": [20_000], "5": [20_000]}
    # Nothing in common: neither the categories nor the accounts.
    other = budget(6, {FUN}, Period(*MARCH, 5_000), accounts={CARD.id})
    assert sums(spent([budget(7, {FUN}, Period(*MARCH, 5_000), accounts={BANK.id}), other])[0]) == {
        "6": [5_000],
        "7": [5_000],
    }
    assert sums(spent([budget(8, {RENT}, Period(*MARCH, 1)), budget(9, {FOOD, FUN}, Period(*MARCH, 2))])[0]) == {
        "8": [1],
        "9": [2],
    }


def test_it_leaves_the_accounts_from_which_it_was_spent() -> None:
    series: dict[Key, list[int]] = {
        (BANK.id, FOOD, "expense"): [-10_000] * MONTHS,
        (CARD.id, FOOD, "expense"): [-20_000] * 11 + [-50_000],
        (CARD.id, FUN, "expense"): [-77_000] * MONTHS,
        (BANK.id, FOOD, "income"): [1] * MONTHS,
        (HIDDEN.id, FOOD, "expense"): [-88_000] * MONTHS,
    }
    found, explained = spent([budget(1, {FOOD}, Period(*MARCH, 39_001))], series=series)
    # 120000 of 390000 from the bank; the card's months: ten of twelve alike, so the spread is none.
    assert [(each.account_id, each.shares[0].amount) for each in found] == [(BANK.id, 12_000), (CARD.id, 27_001)]
    assert [each.spread for each in found] == [Spread(0, 0), Spread(0, 0)]
    assert explained == {(BANK.id, FOOD, "expense"), (CARD.id, FOOD, "expense")}
    # Named, a private account counts; and what nobody spent yet leaves the first of the everyday accounts.
    found, explained = spent([budget(1, {FOOD}, Period(*MARCH, 100), accounts={HIDDEN.id})], series=series)
    assert [(each.account_id, each.shares[0].amount) for each in found] == [(HIDDEN.id, 100)]
    assert explained == {(HIDDEN.id, FOOD, "expense")}
    found, _ = spent([budget(1, {FOOD}, Period(*MARCH, 100))], accounts=(CARD, BANK))
    assert [each.account_id for each in found] == [BANK.id]
    found, _ = spent([budget(1, {FOOD}, Period(*MARCH, 100))], accounts=(CARD,))
    assert [each.account_id for each in found] == [CARD.id]


def test_how_the_spending_varied_widens_the_line() -> None:
    past = [-10_000, -12_000, -8_000] * 4
    series: dict[Key, list[int]] = {(BANK.id, FOOD, "expense"): past}
    found, _ = spent([budget(1, {FOOD}, Period(*MARCH, 100))], series=series)
    assert found[0].spread == Spread(2_000, 2_000)


def test_a_long_period_is_known_up_to_a_point() -> None:
    """A period that ends after all that is known is spread over its days all the same."""
    long = budget(1, {FOOD}, Period(date(2026, 1, 1), date(2035, 12, 31), 1_000_000))
    found, _ = spent([long], [entry(date(2026, 3, 5), -40_000), entry(date(2030, 3, 5), -1)])
    assert found[0].shares == (Share(date(2026, 2, 11), date(2035, 12, 31), 960_000),)

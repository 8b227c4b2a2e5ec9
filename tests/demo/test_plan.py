"""The plan of the demo: always the same, never in the future, and a life one could lead."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from uuid import uuid4

import pytest

from app.categories.defaults import TREE
from app.demo import plan
from app.demo.moves import OPENINGS, AccountName, CategoryName, Flow, Move
from app.transactions.schemas import FlowIn, TransferIn

TODAY = date(2026, 2, 10)
START = plan.first_day(TODAY)
ENDS = [TODAY, date(2024, 2, 29), date(2025, 1, 1), date(2026, 12, 31), date(2027, 7, 4)]
ACCOUNTS = {name: plan.account_id(name) for name in AccountName}
CATEGORIES = {name: uuid4() for name in CategoryName}


@cache
def made(start: date = START, end: date = TODAY) -> list[FlowIn | TransferIn]:
    return list(plan.bodies(start, end, ACCOUNTS, CATEGORIES))


def balances_by_day(moves: Iterable[Move]) -> dict[date, dict[AccountName, Decimal]]:
    now = {name: opening.balance for name, opening in OPENINGS.items()}
    found = {}
    for move in moves:
        for name, change in move.changes():
            now[name] += change
        found[move.day] = dict(now)
    return found


def monthly(moves: Iterable[Move], direction: str) -> Counter[tuple[int, int]]:
    """Cents in or out a month, on the accounts in euros."""
    found: Counter[tuple[int, int]] = Counter()
    for move in moves:
        if isinstance(move, Flow) and move.direction == direction and OPENINGS[move.account].currency == "EUR":
            found[move.day.year, move.day.month] += int(move.amount * 100)
    return found


def test_it_is_always_the_same() -> None:
    assert list(plan.bodies(START, TODAY, ACCOUNTS, CATEGORIES)) == made()


@pytest.mark.parametrize("days", [1, 2, 45, 400])
def test_a_later_end_has_the_same_past(days: int) -> None:
    """All but the last days' pending payments, which have cleared since."""
    earlier, later = made(), made(end=TODAY + timedelta(days=days))
    past = [body for body in later if body.date <= TODAY]
    assert [body.model_copy(update={"status": "cleared"}) for body in earlier] == [
        body.model_copy(update={"status": "cleared"}) for body in past
    ]
    settled = TODAY - timedelta(days=plan.DAYS_UNTIL_CLEARED)
    assert [body for body in earlier if body.date <= settled] == [body for body in later if body.date <= settled]


@pytest.mark.parametrize("end", ENDS)
def test_three_years_are_about_three_thousand(end: date) -> None:
    bodies = made(plan.first_day(end), end)
    assert 2800 <= len(bodies) <= 3300
    assert len({body.id for body in bodies}) == len(bodies)
    days = [body.date for body in bodies]
    assert days == sorted(days)
    assert plan.first_day(end) <= days[0]
    assert days[-1] <= end
    assert end - days[-1] <= timedelta(days=3)


@pytest.mark.parametrize("end", ENDS)
def test_no_account_runs_dry(end: date) -> None:
    for balances in balances_by_day(plan.moves(plan.first_day(end), end)).values():
        assert balances[AccountName.CHECKING] >= 200
        assert balances[AccountName.CASH] >= 0
        assert balances[AccountName.SAVINGS] >= 0
        assert balances[AccountName.DOLLARS] >= 0
        assert -4000 <= balances[AccountName.CARD] <= 100
        assert balances[AccountName.LOAN] <= 0


def test_the_loan_ends_when_it_is_paid() -> None:
    end = date(START.year + 6, 1, 1)
    by_day = list(balances_by_day(plan.moves(START, end)).values())
    assert by_day[-1][AccountName.LOAN] == 0


def test_months_are_plausible() -> None:
    moves = list(plan.moves(START, TODAY))
    income, spending = monthly(moves, "income"), monthly(moves, "expense")
    whole = [month for month in income if month != (TODAY.year, TODAY.month)]
    assert len(whole) == 36
    assert all(3000_00 <= income[month] <= 7000_00 for month in whole)
    assert all(2000_00 <= spending[month] <= 6500_00 for month in whole)
    assert sum(income.values()) > sum(spending.values())


def test_every_category_exists_and_is_of_its_kind() -> None:
    names = Counter(
        (name, kind) for kind, branches in TREE for branch in branches for name in (branch.name, *branch.children)
    )
    assert {names[name.value, name.kind] for name in CategoryName} == {1}
    kind_of = {CATEGORIES[name]: name.kind for name in CategoryName}
    for body in made():
        if isinstance(body, FlowIn) and body.type == "expense":
            used = [body.category_id, *(split.category_id for split in body.splits or [])]
            assert all(kind_of[category] == "expense" for category in used if category is not None)


def test_splits_sum_to_their_whole() -> None:
    split = [body for body in made() if isinstance(body, FlowIn) and body.splits]
    assert len(split) > 50
    assert all(sum(part.amount for part in body.splits or []) == body.amount for body in split)
    assert all(part.amount for body in split for part in body.splits or [])
    assert any(part.amount < 0 for body in split for part in body.splits or [])


def test_it_shows_what_the_ledger_can_do() -> None:
    bodies = made()
    flows = [body for body in bodies if isinstance(body, FlowIn)]
    transfers = [body for body in bodies if isinstance(body, TransferIn)]
    refunds = [f for f in flows if f.type == "income" and f.notes and f.notes.startswith("Sent back")]
    assert refunds
    assert {f.category_id for f in refunds} <= {CATEGORIES[name] for name in CategoryName if name.kind == "expense"}
    assert len({f.original_currency for f in flows if f.original_currency}) >= 3
    assert any(t.fee_amount for t in transfers)
    assert any(t.to_amount for t in transfers)
    assert {"holiday", "christmas", "refund", "subscription"} <= {tag for body in bodies for tag in body.tags}
    pending = [body for body in bodies if body.status == "pending"]
    assert 1 <= len(pending) <= 20
    assert all(body.date > TODAY - timedelta(days=plan.DAYS_UNTIL_CLEARED) for body in pending)
    films = {body.amount for body in flows if body.payee == "Moonbeam Films"}
    assert films == {Decimal("9.99"), Decimal("12.99")}
    pay = [body.amount for body in flows if body.category_id == CATEGORIES[CategoryName.SALARY]]
    assert pay == sorted(pay)
    assert len(set(pay)) == 4

"""The demo in a real database: complete after one run, untouched by the next, extended on a later day."""

import asyncio
import itertools
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.access.context import Actor
from app.auth.door import Door
from app.auth.registration import add_person
from app.auth.schemas import Register
from app.core.config import Settings
from app.core.database import Database
from app.core.embedded import EmbeddedPostgres
from app.core.failures import StartupError
from app.core.identity_settings import Registration
from app.core.keys import load_keyring
from app.core.security import PasswordHasher
from app.core.tokens import AccessTokens
from app.core.vault import Vault
from app.demo import plan
from app.demo.ahead import ALLOWANCES, MOVED, PAYMENTS
from app.demo.investments import ASSETS, DEPOTS
from app.demo.moves import OPENINGS, AccountName, CategoryName
from app.demo.service import EMAIL, PASSWORD, DemoSummary, run_demo
from app.integrity.service import check_every_book
from tests.databases import migrated_database

_numbers = itertools.count(1)

# What a run must not touch when there is nothing to do. Sessions are not among it: a run logs in.
STATE = {
    "transactions": "SELECT count(*), max(revision), max(updated_at) FROM transactions",
    "postings": "SELECT count(*), sum(amount) FROM postings",
    "events": "SELECT count(*) FROM events",
    "books": "SELECT count(*), max(revision) FROM books",
    "users": "SELECT count(*), max(updated_at) FROM users",
    "categories": "SELECT count(*) FROM categories",
    "payees": "SELECT count(*) FROM payees",
    "schedules": "SELECT count(*), max(revision), max(updated_at) FROM schedules",
    "budgets": "SELECT count(*), max(revision), max(updated_at) FROM budgets",
    "goals": "SELECT count(*), max(revision), max(updated_at) FROM goals",
    "loans": "SELECT count(*), max(revision), max(updated_at) FROM loans",
    "assigned": "SELECT count(*), sum(amount) FROM budget_assignments",
    "trades": "SELECT count(*), max(revision) FROM trades",
    "prices": "SELECT count(*), max(revision) FROM asset_prices",
    "rates": "SELECT count(*), max(revision) FROM book_rates",
    "held": "SELECT count(*), sum(quantity) FROM positions WHERE quantity > 0",
    "balances": "SELECT string_agg(name || ' ' || balance, ', ' ORDER BY name) FROM accounts",
}


@pytest.fixture
async def url(postgres: EmbeddedPostgres) -> str:
    """A migrated database of the test's own: there is one demo in a database."""
    name = f"demo_{next(_numbers)}"
    return await migrated_database(postgres, name)


async def execute(url: str, sql: str, **parameters: object) -> list[Any]:
    """What a statement of the database's owner returns, its first column."""
    database = Database(url, pool_size=1, role=None)
    try:
        async with database.begin() as connection:
            result = await connection.execute(text(sql), parameters)
            return list(result.scalars()) if result.returns_rows else []
    finally:
        await database.dispose()


async def state(url: str) -> dict[str, Any]:
    return {name: (await execute(url, f"SELECT to_jsonb(s) FROM ({sql}) AS s"))[0] for name, sql in STATE.items()}


async def check(url: str) -> None:
    database = Database(url, pool_size=1, role=None)
    try:
        reports = await check_every_book(database)
    finally:
        await database.dispose()
    assert len(reports) == 1
    assert all(report["ok"] for report in reports.values()), reports


async def check_balances(url: str, summary: DemoSummary) -> None:
    """Every account holds what the plan says."""
    expected = {name: opening.balance for name, opening in OPENINGS.items()}
    for move in plan.moves(summary.first_day, summary.last_day):
        for name, change in move.changes():
            expected[name] += change
    everyday = (
        "SELECT jsonb_build_object('name', name, 'balance', balance::text) FROM accounts WHERE type <> 'investment'"
    )
    stored = await execute(url, everyday)
    assert {row["name"]: row["balance"] for row in stored} == {name: str(amount) for name, amount in expected.items()}


def every_transaction(summary: DemoSummary) -> int:
    """Those of the plan, the money of the trades, and the opening balances."""
    return summary.transactions + summary.trades + len(AccountName) + len(DEPOTS)


async def run(url: str, settings: Settings) -> DemoSummary:
    return await run_demo(url, settings, lambda done, total: None)


async def test_one_run_makes_all_of_it_and_the_next_adds_nothing(url: str, settings: Settings) -> None:
    reports: list[tuple[int, int]] = []
    summary = await run_demo(url, settings, lambda done, total: reports.append((done, total)))
    assert summary.added == summary.transactions
    assert 2800 <= summary.transactions <= 3300
    assert reports[0] == (0, summary.transactions)
    assert reports[-1] == (summary.transactions, summary.transactions)
    assert [done for done, _ in reports] == sorted({done for done, _ in reports})
    assert PASSWORD in str(summary)
    before = await state(url)
    assert before["transactions"]["count"] == every_transaction(summary)
    assert before["trades"]["count"] == summary.trades > 60
    assert before["held"]["count"] == len(ASSETS)
    assert await execute(url, "SELECT count(*) FROM postings WHERE base_amount IS NULL") == [0]
    assert (before["schedules"]["count"], before["budgets"]["count"]) == (len(PAYMENTS) + len(MOVED), len(ALLOWANCES))
    assert before["assigned"] == {"count": 13, "sum": 3250}
    assert (before["goals"]["count"], before["loans"]["count"]) == (1, 1)
    await check_balances(url, summary)
    await check(url)

    again = await run(url, settings)
    assert again.added == 0
    assert await state(url) == before


class KilledError(Exception):
    """Stands for whatever ends a run in the middle."""


@pytest.mark.parametrize("calls", [1, 5])
async def test_an_interrupted_run_is_completed_by_the_next(url: str, settings: Settings, calls: int) -> None:
    seen: list[int] = []

    def killed(done: int, total: int) -> None:
        seen.append(done)
        if len(seen) == calls:
            raise KilledError

    with pytest.raises(KilledError):
        await run_demo(url, settings, killed)
    await check(url)
    half = await state(url)
    assert half["transactions"]["count"] == seen[-1] + len(AccountName)
    summary = await run(url, settings)
    assert summary.added == summary.transactions - seen[-1]
    assert (await state(url))["transactions"]["count"] == every_transaction(summary)
    await check(url)


async def test_a_later_run_adds_the_days_since(url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Actor.today
    with monkeypatch.context() as earlier:
        earlier.setattr(Actor, "today", lambda actor: real(actor) - timedelta(days=40))
        first = await run(url, settings)
    assigned = (await state(url))["assigned"]["count"]
    second = await run(url, settings)
    assert second.first_day == first.first_day
    assert second.last_day == first.last_day + timedelta(days=40)
    assert second.added == second.transactions - first.transactions > 40
    assert (await state(url))["trades"]["count"] == second.trades > first.trades
    # What was due in between is a thing of the past, and the envelope has the money of each month. Bills are paid.
    monthly = "SELECT DISTINCT active_from FROM schedules WHERE rrule LIKE 'FREQ=MONTHLY%' AND kind <> 'bill'"
    assert await execute(url, monthly) == [second.last_day + timedelta(days=1)]
    months = (second.last_day.year - first.last_day.year) * 12 + second.last_day.month - first.last_day.month
    assert (await state(url))["assigned"]["count"] == assigned + months
    await check(url)
    pending = await execute(url, "SELECT date FROM transactions WHERE status = 'pending'")
    assert all(day > second.last_day - timedelta(days=plan.DAYS_UNTIL_CLEARED) for day in pending)


async def test_a_server_that_takes_no_registrations_has_its_demo(url: str, settings: Settings) -> None:
    def reached(done: int, total: int) -> None:
        raise KilledError

    closed = settings.model_copy(update={"registration": Registration.CLOSED})
    with pytest.raises(KilledError):
        await run_demo(url, closed, reached)
    assert await execute(url, "SELECT email FROM users") == [EMAIL]


async def test_a_person_with_this_address_keeps_what_is_theirs(url: str, settings: Settings) -> None:
    await register(url, settings, "a password of their own")
    before = await state(url)
    with pytest.raises(StartupError, match="registered with another password"):
        await run(url, settings)
    assert await state(url) == before


async def test_what_stands_in_the_way_is_told(url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    await run(url, settings)
    await execute(url, "UPDATE accounts SET archived_at = now()")
    before = await state(url)
    real = Actor.today
    monkeypatch.setattr(Actor, "today", lambda actor: real(actor) + timedelta(days=30))
    with pytest.raises(StartupError, match=r"could not be completed.*is archived"):
        await run(url, settings)
    after = await state(url)
    # The rates of the weeks since come first, in a step of their own.
    assert after.pop("rates")["count"] > before.pop("rates")["count"]
    for changed in ("books", "events"):
        assert after.pop(changed) != before.pop(changed)
    assert after == before


async def test_two_runs_at_once_make_one_demo(url: str, settings: Settings) -> None:
    """The slower one may give up with a sentence; nothing is there twice."""
    ends = await asyncio.gather(run(url, settings), run(url, settings), return_exceptions=True)
    assert all(isinstance(end, DemoSummary | StartupError) for end in ends), ends
    summary = await run(url, settings)
    assert (await state(url))["transactions"]["count"] == every_transaction(summary)
    await check(url)


async def test_a_renamed_category_is_made_again(url: str, settings: Settings) -> None:
    await register(url, settings, PASSWORD)
    name = CategoryName.GROCERIES.value
    await execute(url, "UPDATE categories SET name = 'Food shop' WHERE name = :name", name=name)
    await run(url, settings)
    assert await execute(url, "SELECT kind FROM categories WHERE name = :name", name=name) == ["expense"]
    await check(url)


async def register(url: str, settings: Settings, password: str) -> None:
    database = Database(url, pool_size=1)
    try:
        async with database.begin() as connection:
            access_tokens = AccessTokens(settings, load_keyring(settings, ["unused " * 8]))
            door = Door(connection, settings, PasswordHasher(settings), access_tokens, Vault("unused " * 8))
            await add_person(door, Register(email=EMAIL, password=password, base_currency="EUR"))
    finally:
        await database.dispose()

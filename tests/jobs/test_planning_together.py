"""Everything that plans, with every task there is, through the real queue and real workers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from app.core.clock import now
from app.core.jobs.tasks import Task
from app.core.jobs.ticks import next_tick
from app.jobs import TASKS
from tests.conftest import fresh_email
from tests.goals.test_goals import goal
from tests.jobs.conftest import Yard
from tests.people import Person, expect, register
from tests.schedules.clock import Clock, posted, schedule
from tests.schedules.conftest import clock as clock  # noqa: PLC0414  # a fixture
from tests.servers import serving
from tests.staff import run

BY_CLOCK = [task for task in TASKS if task.every]
UNTOUCHED = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 5, tzinfo=UTC))


@pytest.fixture
async def served(yard: Yard, tmp_path: Path) -> AsyncIterator[FastAPI]:
    """A server over the yard's database."""
    yard.settings = yard.settings.model_copy(update={"data_dir": tmp_path})
    async with serving(yard.settings) as (app, _):
        first = await register(app, fresh_email())  # the admin, whoever else there is
        await first.http.aclose()
        yield app


@asynccontextmanager
async def person_of(app: FastAPI) -> AsyncIterator[Person]:
    person = await register(app, fresh_email())
    yield person
    await person.http.aclose()


async def finish(yard: Yard) -> None:
    """Wait until no job waits or runs; none may have failed, even once."""

    async def reached() -> bool:
        found = await yard.rows("SELECT status::text, count(*) FROM procrastinate_jobs GROUP BY 1")
        names = {row[0] for row in found}
        return bool(names) and not names & {"todo", "doing"}

    await yard.until(reached)
    trouble = await yard.rows(
        "SELECT task_name, status::text, attempts, error FROM procrastinate_jobs LEFT JOIN runs ON job_id = id "
        "WHERE status <> 'succeeded' OR attempts > 1 OR error IS NOT NULL"
    )
    assert trouble == []


async def asked_for(yard: Yard) -> None:
    """Wait until the clock has asked for everything that it asks for."""

    async def reached() -> bool:
        return {name for name, _, _ in await yard.jobs()} >= {task.name for task in BY_CLOCK}

    await yard.until(reached)


async def put_all_by_the_clock(yard: Yard) -> None:
    for task in BY_CLOCK:
        await yard.defer(task.name)


def on_demand(*tasks: Task) -> list[Task]:
    """The same tasks, not asked for by the clock."""
    return [Task(task.name, task.handler, None, task.attempts) for task in tasks]


async def plans(person: Person, clock: Clock) -> dict[str, Any]:
    """A book with something due from ten days ago on for whatever looks at it."""
    real = now()
    start = real - timedelta(days=10)
    clock.at = start
    day = str(start.date())
    account = await person.account(opening_balance="5000.00", opening_date=str(start.date() - timedelta(days=30)))
    savings = await person.account("Savings", opening_balance="10.00", opening_date=day)
    food = await person.category()
    daily = await schedule(person, account, name="Coffee", rrule="FREQ=DAILY", starts_on=day, amount="1.00",
                           template={"category_id": food["id"], "payee": "Cafe"})  # fmt: skip
    bill = await schedule(person, account, name="Gym", kind="bill", mode="confirm", starts_on=day, amount="30.00",
                          rrule="FREQ=MONTHLY", template={"payee": "Gym"})  # fmt: skip
    confirm = await schedule(person, account, name="Ask", mode="confirm", rrule="FREQ=WEEKLY", starts_on=day)
    await schedule(person, account, name="Save", rrule="FREQ=WEEKLY", starts_on=day, amount="5.00",
                   template={"type": "transfer", "to_account_id": savings["id"], "payee": None})  # fmt: skip
    budget = {"name": "Food", "amount": "10.00", "period": "yearly", "start_date": day, "category_ids": [food["id"]],
              "thresholds": ["50", "100"]}  # fmt: skip
    expect(await person.http.post("/budgets", json=budget), 201)
    await goal(person, savings, target_amount="20.00", name="Bike")
    clock.at = real
    return {"account": account, "savings": savings, "daily": daily, "bill": bill, "confirm": confirm}


async def told(person: Person) -> list[str]:
    return sorted(item["kind"] for item in (await person.read("/notifications", limit=100))["items"])


def test_every_clock_time_is_one() -> None:
    names = [task.name for task in TASKS]
    assert len(names) == len(set(names))
    for task in BY_CLOCK:
        first = next_tick(task, UNTOUCHED[0])
        assert first is not None
        assert first - UNTOUCHED[0] <= timedelta(days=7), task.name


async def test_the_clock_asks_for_all_and_finds_nothing(yard: Yard, served: FastAPI) -> None:
    async with person_of(served) as person, yard.working(*TASKS):
        await asked_for(yard)
        await finish(yard)
        assert {name for name, _, _ in await yard.jobs()} >= {task.name for task in BY_CLOCK}
        assert await posted(person) == []
        await person.check_integrity()


async def test_ten_days_without_a_server_are_made_up_for_once(yard: Yard, served: FastAPI, clock: Clock) -> None:
    async with person_of(served) as person:
        made = await plans(person, clock)
        async with yard.working(*TASKS, workers=2):
            await asked_for(yard)
            await finish(yard)
        coffee = [day for day, amount in await posted(person) if amount == "1.00"]
        assert len(coffee) == 11
        assert len(set(coffee)) == 11
        assert len([1 for _, amount in await posted(person) if amount == "5.00"]) == 2
        kinds = await told(person)
        assert kinds.count("goal_reached") == 1
        assert kinds.count("budget_threshold") == 1
        assert kinds.count("bill_overdue") == 1
        assert kinds.count("schedule_due") == 2
        assert kinds.count("schedule_posted") == 13
        # Twice more, by two at once: nothing comes twice.
        before = (await posted(person), kinds)
        async with yard.working(*on_demand(*TASKS), workers=2):
            for _ in range(2):
                await put_all_by_the_clock(yard)
            for _ in range(3):
                await yard.defer("schedules.post", {"book_id": person.book_id, "user_id": person.user["id"]})
                await yard.defer("bills.remind", {"book_id": person.book_id})
            await finish(yard)
        assert (await posted(person), await told(person)) == before
        assert made["daily"]["id"]
        await person.check_integrity()


PER_BOOK = (
    *("schedules.post", "bills.remind", "subscriptions.check", "goals.look_at_book", "weekly.send"),
    *("rates.revalue", "rates.change_base_currency", "performance.look_at_book"),
    *("rates.end_base_currency_change", "rates.look_at_base_currency_change", "reports.keep_converted"),
)
OF_PROVIDERS = {"assets.fetch"}


async def put_per_book(yard: Yard, person: Person) -> None:
    payload = {"book_id": person.book_id, "user_id": person.user["id"], "week": "2026-11-09", "id": person.user["id"]}
    for name in PER_BOOK:
        await yard.defer(name, payload)


def test_no_task_of_one_book_is_left_out() -> None:
    assert {task.name for task in TASKS if not task.every} == OF_PROVIDERS | set(PER_BOOK)


async def test_a_book_that_goes_before_its_jobs_run_fails_none(yard: Yard, served: FastAPI, clock: Clock) -> None:
    async with person_of(served) as person:
        await plans(person, clock)
        expect(await person.http.post("/books", json={"name": "Other", "base_currency": "EUR"}), 201)
        await put_per_book(yard, person)
        await run(yard.owner, "UPDATE sessions SET confirmed_at = now()")
        expect(await person.http.delete(f"/books/{person.book_id}", params={"name": "Personal"}), 204)
        async with yard.working(*on_demand(*TASKS)):
            await put_all_by_the_clock(yard)
            await finish(yard)


async def test_a_person_who_goes_before_their_jobs_run_fails_none(yard: Yard, served: FastAPI, clock: Clock) -> None:
    async with person_of(served) as person:
        await plans(person, clock)
        await put_per_book(yard, person)
        await run(yard.owner, "UPDATE sessions SET confirmed_at = now()")
        await run(yard.owner, "UPDATE users SET email_verified_at = now()")
        expect(await person.http.delete("/users/me"), 204)
        async with yard.working(*on_demand(*TASKS)):
            await put_all_by_the_clock(yard)
            await finish(yard)
        assert await yard.rows("SELECT 1 FROM users WHERE id = :id", id=person.user["id"]) == []


async def test_a_banned_person_fails_none(yard: Yard, served: FastAPI, clock: Clock) -> None:
    async with person_of(served) as person:
        await plans(person, clock)
        await run(yard.owner, "UPDATE users SET email_verified_at = now(), banned_at = now() WHERE id = :id",
                  id=person.user["id"])  # fmt: skip
        await put_per_book(yard, person)
        async with yard.working(*on_demand(*TASKS)):
            await put_all_by_the_clock(yard)
            await finish(yard)

"""Another base currency for a book that is in use."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.core.clock import now
from app.core.config import Settings
from app.core.database import Database
from app.rates import base_currency, change_ending, change_repository
from tests.conftest import Unchanged
from tests.households.sharing import join
from tests.people import Person, expect, problem
from tests.portfolio.trading import depot, hold
from tests.rates.helping import Document, bases, set_rate, waiting, work_on


def path(person: Person) -> str:
    return f"/books/{person.book_id}/base-currency"


async def run_job(person: Person, database: Database, settings: Settings) -> None:
    change = await person.read(path(person))
    payload = {"book_id": person.book_id, "id": change["id"], "user_id": person.user["id"]}
    async with database.begin() as connection:
        await base_currency.change_book(work_on(connection, database, settings), payload)


@pytest.fixture
async def book(kim: Person) -> dict[str, Document]:
    euros, dollars = await kim.account(), await kim.account("Dollars", currency="USD")
    food = await kim.category()
    await set_rate(kim, "EUR", "USD", "2026-01-10", "1.25")
    return {"euros": euros, "dollars": dollars, "food": food}


async def test_a_book_is_counted_in_another_currency_and_back(
    kim: Person, book: dict[str, Document], app_database: Database, owner_database: Database, settings: Settings
) -> None:
    ours = await kim.add(account_id=book["euros"]["id"], amount="10", category_id=book["food"]["id"])
    theirs = await kim.add(account_id=book["dollars"]["id"], amount="10", category_id=book["food"]["id"])
    late = await kim.add(account_id=book["euros"]["id"], amount="1", date="2026-02-15")
    asked = expect(await kim.http.post(path(kim), json={"currency": "USD"}), 202)
    assert (asked["status"], asked["from_currency"], asked["to_currency"]) == ("queued", "EUR", "USD")
    assert await waiting(owner_database, kim, base_currency.CHANGE) == 1
    problem(await kim.http.post(path(kim), json={"currency": "CHF"}), 409, "base_currency_change_running")
    assert (await kim.read(f"/books/{kim.book_id}"))["base_currency"] == "EUR"
    await run_job(kim, app_database, settings)
    done = await kim.read(path(kim))
    assert (done["status"], done["done"], done["total"], done["reason"]) == ("done", 2, 2, None)
    assert (await kim.read(f"/books/{kim.book_id}"))["base_currency"] == "USD"
    for made, wanted in ((ours, "-12.50"), (theirs, "-10.00"), (late, None)):
        assert bases(await kim.read(f"/transactions/{made['id']}")) == [wanted]
    report = await kim.read("/reports/monthly", year=2026, month=1)
    assert (report["currency"], report["total_expenses"]) == ("USD", "22.50")
    await kim.check_integrity()
    [event] = [
        e for e in (await kim.read(f"/books/{kim.book_id}/activity"))["items"] if e["action"] == "base_currency_changed"
    ]
    refused = await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": event["revision"]})
    assert "base-currency" in problem(refused, 409, "not_undoable")["detail"]
    await run_job(kim, app_database, settings)  # once more is nothing
    expect(await kim.http.post(path(kim), json={"currency": "EUR"}), 202)
    await run_job(kim, app_database, settings)
    for made, wanted in ((ours, "-10.00"), (theirs, "-8.00"), (late, "-1.00")):
        assert bases(await kim.read(f"/transactions/{made['id']}")) == [wanted]


async def test_budgets_are_named_or_converted(
    kim: Person, book: dict[str, Document], app_database: Database, settings: Settings, unchanged: Unchanged
) -> None:
    today = str(now().date())
    budget = {"name": "Eating", "kind": "envelope", "amount": "100", "period": "monthly", "start_date": "2026-01-01"}
    made = expect(await kim.http.post("/budgets", json=budget), 201)
    expect(await kim.http.post(f"/budgets/{made['id']}/assign", json={"amount": "50", "date": "2026-01-01"}), 201)
    async with unchanged(kim):
        named = problem(await kim.http.post(path(kim), json={"currency": "USD"}), 409, "budgets_in_base_currency")
        assert named["budgets"] == ["Eating"]
        wanted = {"currency": "USD", "convert_budgets": True}
        problem(await kim.http.post(path(kim), json=wanted), 409, "no_rate")
    await set_rate(kim, "EUR", "USD", today, "1.1")
    expect(await kim.http.post(path(kim), json=wanted), 202)
    await run_job(kim, app_database, settings)
    found = await kim.read(f"/budgets/{made['id']}")
    assert (found["amount"], found["currency"], found["revision"] > made["revision"]) == ("110.00", "USD", True)
    [assigned] = (await kim.read(f"/budgets/{made['id']}/assignments"))["items"]
    assert assigned["amount"] == "55.00"


async def test_what_came_in_kind_is_counted_in_the_other_currency_too(
    kim: Person, app_database: Database, settings: Settings
) -> None:
    await hold(kim, account_id=(await depot(kim))["id"])
    await set_rate(kim, "EUR", "USD", "2024-01-02", "1.25")
    expect(await kim.http.post(path(kim), json={"currency": "USD"}), 202)
    await run_job(kim, app_database, settings)
    [found] = (await kim.read("/portfolio/gains"))["unconverted"] or [None]
    assert found is None
    await kim.check_integrity()


async def test_a_goal_in_an_envelope_goes_along_and_a_deleted_budget_does_not_come_back(
    kim: Person, book: dict[str, Document], app_database: Database, settings: Settings
) -> None:
    budget = {"name": "Roof", "kind": "envelope", "amount": "100", "period": "monthly", "start_date": "2026-01-01"}
    kept, gone = [
        expect(await kim.http.post("/budgets", json={**budget, "name": name}), 201) for name in ("Roof", "Gone")
    ]
    expect(await kim.http.post(f"/budgets/{kept['id']}/assign", json={"amount": "50", "date": "2026-01-01"}), 201)
    aim = {"name": "New roof", "kind": "save_up", "target_amount": "1000", "currency": "EUR"}
    goal = expect(await kim.http.post("/goals", json={**aim, "sources": [{"budget_id": kept["id"]}]}), 201)
    expect(await kim.http.delete(f"/budgets/{gone['id']}"), 204)
    deleted = (await kim.read(f"/books/{kim.book_id}"))["revision"]
    await set_rate(kim, "EUR", "USD", str(now().date()), "1.1")
    expect(await kim.http.post(path(kim), json={"currency": "USD", "convert_budgets": True}), 202)
    await run_job(kim, app_database, settings)
    found = await kim.read(f"/goals/{goal['id']}")
    assert (found["currency"], found["target_amount"]) == ("USD", "1100.00")
    assert found["status"]["current_amount"] == "55.00"
    back = await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": deleted})
    problem(back, 409, "not_undoable")


async def test_what_cannot_be_is_refused_and_changes_nothing(
    kim: Person, robin: Person, book: dict[str, Document], unchanged: Unchanged
) -> None:
    async with unchanged(kim):
        problem(await kim.get(path(kim)), 404, "base_currency_change_not_found")
        for body, status, code in (
            ({"currency": "EUR"}, 422, "invalid_input"),
            ({"currency": "XXQ"}, 422, "invalid_input"),
            ({"currency": "usd"}, 422, "invalid_input"),
            ({"currency": None}, 422, "invalid_input"),
            ({"currency": "USD", "convert_budgets": "yes"}, 422, "invalid_input"),
            ({}, 422, "invalid_input"),
        ):
            problem(await kim.http.post(path(kim), json=body), status, code)
        problem(await robin.http.post(path(kim), json={"currency": "USD"}), 404, "not_found")
    await join(kim, robin, "editor")
    async with unchanged(kim):
        problem(await robin.http.post(path(kim), json={"currency": "USD"}), 403, "forbidden")
    expect(await kim.http.put(f"/books/{kim.book_id}/lock", json={"locked_until": "2026-01-31"}), 200)
    async with unchanged(kim):
        problem(await kim.http.post(path(kim), json={"currency": "USD"}), 409, "period_locked")


async def test_two_at_once_are_one(kim: Person, book: dict[str, Document]) -> None:
    answers = await asyncio.gather(*(kim.http.post(path(kim), json={"currency": c}) for c in ("USD", "CHF", "GBP")))
    assert sorted(answer.status_code for answer in answers) == [202, 409, 409]


async def test_what_the_book_refuses_by_then_fails_with_the_reason(
    kim: Person, book: dict[str, Document], app_database: Database, settings: Settings
) -> None:
    made = await kim.add(account_id=book["euros"]["id"])
    expect(await kim.http.post(path(kim), json={"currency": "USD"}), 202)
    expect(await kim.http.put(f"/books/{kim.book_id}/lock", json={"locked_until": "2026-01-31"}), 200)
    await run_job(kim, app_database, settings)
    failed = await kim.read(path(kim))
    assert (failed["status"], "closed up to" in failed["reason"]) == ("failed", True)
    assert bases(await kim.read(f"/transactions/{made['id']}")) == ["-10.00"]
    expect(await kim.http.put(f"/books/{kim.book_id}/lock", json={"locked_until": None}), 200)
    expect(await kim.http.post(path(kim), json={"currency": "USD"}), 202)
    await run_job(kim, app_database, settings)
    assert (await kim.read(path(kim)))["status"] == "done"


async def test_a_run_that_breaks_is_told_and_may_be_run_again(
    kim: Person,
    book: dict[str, Document],
    app_database: Database,
    owner_database: Database,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await kim.add(account_id=book["euros"]["id"])
    expect(await kim.http.post(path(kim), json={"currency": "USD"}), 202)

    async def breaks(*_: Any) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(change_repository, "months", breaks)
        with pytest.raises(RuntimeError):
            await run_job(kim, app_database, settings)
    failed = await kim.read(path(kim))
    assert (failed["status"], failed["reason"]) == ("failed", base_currency.INTERNAL)
    assert (await kim.read(f"/books/{kim.book_id}"))["base_currency"] == "EUR"
    await run_job(kim, app_database, settings)
    assert (await kim.read(path(kim)))["status"] == "done"
    gone = {"book_id": str(UUID(int=1)), "id": failed["id"], "user_id": kim.user["id"]}
    async with app_database.begin() as connection:
        await base_currency.change_book(work_on(connection, app_database, settings), gone)
    async with owner_database.begin() as connection:
        count = text("SELECT count(*) FROM base_currency_changes WHERE book_id = :book")
        assert await connection.scalar(count, {"book": UUID(kim.book_id)}) == 1


async def test_a_run_that_is_killed_each_time_ends_as_failed_and_may_be_asked_for_again(
    kim: Person,
    book: dict[str, Document],
    app_database: Database,
    owner_database: Database,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = await kim.add(account_id=book["euros"]["id"])

    class Killed(BaseException):
        """The process ends here: no handler of errors sees it."""

    async def dies(*_: Any) -> None:
        raise Killed

    async def handle(handler: Any) -> None:
        change = await kim.read(path(kim))
        payload = {"book_id": kim.book_id, "id": change["id"], "user_id": kim.user["id"]}
        async with app_database.begin() as connection:
            await handler(work_on(connection, app_database, settings), payload)

    async def job_is(status: str) -> None:
        key = change_ending.key_of(UUID((await kim.read(path(kim)))["id"]))
        marked = "UPDATE jobs.procrastinate_jobs SET status = CAST(:status AS text)::jobs.procrastinate_job_status "
        async with owner_database.begin() as connection:
            names = {"status": status, "key": key, "task": base_currency.CHANGE}
            await connection.execute(text(marked + "WHERE lock = :key AND task_name = :task"), names)

    expect(await kim.http.post(path(kim), json={"currency": "USD"}), 202)
    await job_is("doing")
    with monkeypatch.context() as patched:
        patched.setattr(change_repository, "months", dies)
        for _ in range(3):
            with pytest.raises(Killed):
                await run_job(kim, app_database, settings)
    assert (await kim.read(path(kim)))["status"] == "running"
    async with owner_database.begin() as connection:  # the end waits behind all runs: it has their lock, and is later
        found = text(
            "SELECT task_name FROM jobs.procrastinate_jobs WHERE args -> 'payload' ->> 'book_id' = :book "
            "AND lock = :key ORDER BY id"
        )
        key = change_ending.key_of(UUID((await kim.read(path(kim)))["id"]))
        tasks = (await connection.execute(found, {"book": kim.book_id, "key": key})).scalars().all()
    assert (tasks[0], set(tasks[1:])) == (base_currency.CHANGE, {change_ending.END})
    await handle(change_ending.end)
    failed = await kim.read(path(kim))
    assert (failed["status"], failed["reason"]) == ("failed", change_ending.ABANDONED)
    assert failed["finished_at"] is not None
    assert (await kim.read(f"/books/{kim.book_id}"))["base_currency"] == "EUR"
    await kim.check_integrity()

    expect(await kim.http.post(path(kim), json={"currency": "USD"}), 202)  # no run of this one ever begins
    ends = await waiting(owner_database, kim, change_ending.END)
    await handle(change_ending.look)  # it waits to be run, so far: nothing is to be ended
    assert await waiting(owner_database, kim, change_ending.END) == ends
    await job_is("failed")
    await handle(change_ending.look)
    assert await waiting(owner_database, kim, change_ending.END) == ends + 1
    assert await waiting(owner_database, kim, change_ending.LOOK) == 2  # one for each change
    await handle(change_ending.end)
    assert (await kim.read(path(kim)))["status"] == "failed"

    expect(await kim.http.post(path(kim), json={"currency": "USD"}), 202)
    await run_job(kim, app_database, settings)
    for handler in (change_ending.look, change_ending.end):  # what comes after the end changes nothing
        await handle(handler)
    done = await kim.read(path(kim))
    assert (done["status"], done["reason"]) == ("done", None)
    assert bases(await kim.read(f"/transactions/{made['id']}")) == ["-12.50"]
    gone = {"book_id": str(UUID(int=1)), "id": done["id"], "user_id": kim.user["id"]}
    async with app_database.begin() as connection:
        for handler in (change_ending.look, change_ending.end):
            await handler(work_on(connection, app_database, settings), gone)
    await kim.check_integrity()


async def test_goals_that_count_accounts_and_envelopes_together_are_named(
    kim: Person, book: dict[str, Document], app_database: Database, settings: Settings, unchanged: Unchanged
) -> None:
    budget = {"name": "Roof", "kind": "envelope", "amount": "100", "period": "monthly", "start_date": "2026-01-01"}
    envelope = expect(await kim.http.post("/budgets", json=budget), 201)
    aim = {"name": "New roof", "kind": "save_up", "target_amount": "1000", "currency": "EUR"}
    sources = [{"budget_id": envelope["id"]}, {"account_id": book["euros"]["id"]}]
    goal = expect(await kim.http.post("/goals", json={**aim, "sources": sources}), 201)
    await set_rate(kim, "EUR", "USD", str(now().date()), "1.1")
    wanted = {"currency": "USD", "convert_budgets": True}
    async with unchanged(kim):
        refused = problem(await kim.http.post(path(kim), json=wanted), 409, "goals_in_base_currency")
        assert refused["goals"] == ["New roof"]
    expect(await kim.http.patch(f"/goals/{goal['id']}", json={"sources": sources[:1]}), 200)
    expect(await kim.http.post(path(kim), json=wanted), 202)
    await run_job(kim, app_database, settings)
    assert (await kim.read(f"/goals/{goal['id']}"))["currency"] == "USD"

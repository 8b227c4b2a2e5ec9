"""What the scheduler does when its clock moves: posts, puts up, fails and catches up, each occurrence once."""

import asyncio

import pytest

from app.core.database import Database
from tests.people import Person, expect, problem
from tests.schedules.clock import Clock, Scheduler, posted, schedule, states, told


async def test_ten_days_of_downtime_and_two_workers_post_each_occurrence_once(
    kim: Person, scheduler: Scheduler, clock: Clock, owner_database: Database
) -> None:
    account = await kim.account(opening_balance="1000", opening_date="2026-01-01")
    daily = await schedule(kim, account, rrule="FREQ=DAILY", starts_on="2026-02-01", amount="1.00", name="Coffee")
    clock.set("2026-03-10")
    await asyncio.gather(*(scheduler.work(kim) for _ in range(4)))
    wanted = [(f"2026-03-{day:02}", "1.00") for day in range(1, 11)]
    assert (await posted(kim))[1:] == wanted
    revision = (await kim.read(f"/books/{kim.book_id}"))["revision"]
    await scheduler.work(kim)  # nothing is due: the book is left alone
    assert (await kim.read(f"/books/{kim.book_id}"))["revision"] == revision
    assert await kim.balance(account) == "990.00"
    assert await states(kim, daily, "2026-02-27", "2026-03-12") == [
        ("2026-02-27", "skipped"),
        ("2026-02-28", "skipped"),
        *((day, "posted") for day, _ in wanted),
        ("2026-03-11", "planned"),
        ("2026-03-12", "planned"),
    ]
    assert (await kim.read(f"/schedules/{daily['id']}"))["next_on"] == "2026-03-11"
    assert (await told(owner_database, kim)) == [("schedule_posted", "Coffee was posted")] * 10


async def test_confirming_while_the_scheduler_posts_gives_one_transaction(
    kim: Person, scheduler: Scheduler, clock: Clock
) -> None:
    account = await kim.account()
    made = await schedule(kim, account, rrule="FREQ=DAILY;COUNT=1", starts_on="2026-03-01")
    path = f"/schedules/{made['id']}/occurrences/2026-03-01/confirm"
    answers = await asyncio.gather(
        scheduler.work(kim), *(kim.http.post(path, json={}) for _ in range(3)), scheduler.work(kim)
    )
    statuses = sorted(answer.status_code for answer in answers if answer is not None)
    assert statuses.count(200) <= 1
    assert set(statuses) <= {200, 409}
    assert await posted(kim) == [("2026-03-01", "850.00")]
    assert (await kim.read(f"/schedules/{made['id']}"))["next_on"] is None
    problem(await kim.http.post(path, json={}), 409, "occurrence_settled")


async def test_what_cannot_be_posted_fails_by_itself_and_is_tried_again_by_confirming(
    kim: Person, scheduler: Scheduler, clock: Clock, owner_database: Database
) -> None:
    good, bad = await kim.account(), await kim.account("Old")
    rent = await schedule(kim, good, rrule="FREQ=WEEKLY", starts_on="2026-03-02")
    gym = await schedule(kim, bad, rrule="FREQ=WEEKLY", starts_on="2026-03-02", name="Gym", amount="20.00")
    expect(await kim.http.patch(f"/accounts/{bad['id']}", json={"archived": True}), 200)
    clock.set("2026-03-10")
    await scheduler.work(kim)
    assert await posted(kim) == [("2026-03-02", "850.00"), ("2026-03-09", "850.00")]
    assert await states(kim, rent, "2026-03-01", "2026-03-14") == [("2026-03-02", "posted"), ("2026-03-09", "posted")]
    failed = (await kim.read(f"/schedules/{gym['id']}/occurrences", **{"from": "2026-03-01", "to": "2026-03-14"}))[
        "items"
    ]
    assert [(o["status"], o["reason"]["code"]) for o in failed] == [("failed", "archived")] * 2
    kinds = [kind for kind, _ in await told(owner_database, kim)]
    assert sorted(kinds) == ["schedule_failed"] * 2 + ["schedule_posted"] * 2
    path = f"/schedules/{gym['id']}/occurrences/2026-03-02"
    problem(await kim.http.post(f"{path}/confirm", json={}), 409, "archived")
    expect(await kim.http.patch(f"/accounts/{bad['id']}", json={"archived": False}), 200)
    confirmed = expect(await kim.http.post(f"{path}/confirm", json={}), 200)
    assert (confirmed["status"], confirmed["reason"]) == ("posted", None)
    assert ("2026-03-02", "20.00") in await posted(kim)
    assert ("schedule_failed", "Gym could not be posted") in await told(owner_database, kim)
    assert [kind for kind, _ in await told(owner_database, kim)].count("schedule_failed") == 1
    # A closed period refuses too.
    expect(await kim.http.put(f"/books/{kim.book_id}/lock", json={"locked_until": "2026-03-20"}), 200)
    clock.set("2026-03-17")
    await scheduler.work(kim)
    assert (await states(kim, rent, "2026-03-16", "2026-03-16")) == [("2026-03-16", "failed")]


async def test_confirm_mode_puts_up_and_posts_what_the_person_says(
    kim: Person, scheduler: Scheduler, clock: Clock, owner_database: Database
) -> None:
    account = await kim.account()
    food, fun = await kim.category(), await kim.category("Fun")
    splits = [{"amount": "3", "category_id": food["id"]}, {"amount": "1", "category_id": fun["id"]}]
    made = await schedule(
        kim,
        account,
        mode="confirm",
        amount_kind="range",
        amount_min="10.00",
        amount_max="30.00",
        lead_days=3,
        template={"splits": splits},
        starts_on="2026-03-15",
        rrule="FREQ=MONTHLY",
        weekend="after",
    )
    assert made["expected_amount"] == "20.00"
    clock.set("2026-03-12")  # the 15th is a Sunday: it is put up three days before the Monday
    await scheduler.work(kim)
    assert await told(owner_database, kim) == []
    clock.set("2026-03-13")
    await scheduler.work(kim)
    assert await told(owner_database, kim) == [("schedule_due", "Rent waits for you to confirm it")]
    coming = (await kim.read("/schedules/upcoming", **{"from": "2026-03-13", "to": "2026-04-20"}))["items"]
    assert [(o["due_on"], o["date"], o["status"], o["amount_min"], o["amount_max"]) for o in coming] == [
        ("2026-03-15", "2026-03-16", "due", "10.00", "30.00"),
        ("2026-04-15", "2026-04-15", "planned", "10.00", "30.00"),
    ]
    path = f"/schedules/{made['id']}/occurrences/2026-03-15"
    answer = await kim.http.post(f"{path}/confirm", json={})
    assert problem(answer, 422, "invalid_input")["errors"][0]["code"] == "amount_needed"
    answer = await kim.http.post(f"{path}/confirm", json={"amount": "12.50"}, headers={"Idempotency-Key": "once"})
    confirmed = expect(answer, 200)
    assert (
        expect(
            await kim.http.post(f"{path}/confirm", json={"amount": "12.50"}, headers={"Idempotency-Key": "once"}), 200
        )
        == confirmed
    )
    transaction = await kim.read(f"/transactions/{confirmed['transaction_id']}")
    assert (transaction["date"], transaction["amount"]) == ("2026-03-13", "12.50")  # not in the future
    assert [part["amount"] for part in transaction["splits"]] == ["9.38", "3.12"]
    assert await told(owner_database, kim) == []
    # Deleted, it reads as skipped and is not posted again; undone, it is posted again.
    expect(await kim.http.delete(f"/transactions/{transaction['id']}"), 204)
    assert (await kim.read(path))["status"] == "skipped"
    clock.set("2026-03-20")
    await scheduler.work(kim)
    assert await posted(kim) == []
    revision = (await kim.read(f"/books/{kim.book_id}"))["revision"]
    expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": revision}), 200)
    assert (await kim.read(path))["status"] == "posted"


@pytest.mark.parametrize(("zone", "hour", "done"), [("Pacific/Kiritimati", 11, True), ("America/Adak", 11, False)])
async def test_the_day_is_the_persons_own(
    kim: Person, scheduler: Scheduler, clock: Clock, zone: str, hour: int, done: bool
) -> None:
    expect(await kim.http.patch("/users/me", json={"time_zone": zone}), 200)
    account = await kim.account()
    await schedule(kim, account, rrule="FREQ=DAILY;COUNT=1", starts_on="2026-03-05")
    clock.set("2026-03-04" if done else "2026-03-05", hour=hour if done else 9)
    await scheduler.work(kim)
    assert await posted(kim) == ([("2026-03-05", "850.00")] if done else [])

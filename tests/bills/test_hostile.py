"""Bills and subscriptions against who means harm, and against unlucky histories."""

import time
from typing import Any

import pytest

from app.schedules import planned
from tests.bills.acting import bill, bills, pay
from tests.bills.test_subscriptions import MONTHS, listed, write
from tests.households.sharing import join
from tests.people import Person, expect, fields, problem
from tests.schedules.clock import Clock, schedule

Document = dict[str, Any]


async def test_a_subscription_whose_bill_was_archived_is_accepted_again(kim: Person, clock: Clock) -> None:
    account = await kim.account()
    await write(kim, account, *((f"{month}-04", "9.99", "Films") for month in MONTHS))
    clock.set("2026-03-01")
    [found] = await listed(kim)
    first = expect(await kim.http.post("/subscriptions/accept", json={"key": found["key"]}), 201)
    expect(await kim.http.patch(f"/schedules/{first['schedule_id']}", json={"archived": True}), 200)
    [found] = await listed(kim, status="suggested")
    again = expect(await kim.http.post("/subscriptions/accept", json={"key": found["key"]}), 201)
    assert again["status"] == "accepted"
    assert again["schedule_id"] != first["schedule_id"]
    assert await listed(kim, status="suggested") == []


async def test_a_bill_changed_from_a_day_on_still_stands_for_its_subscription(kim: Person, clock: Clock) -> None:
    account = await kim.account()
    await write(kim, account, *((f"{month}-04", "9.99", "Films") for month in MONTHS))
    clock.set("2026-03-01")
    [found] = await listed(kim)
    first = expect(await kim.http.post("/subscriptions/accept", json={"key": found["key"]}), 201)
    change = {"from": "2026-04-04", "changes": {"amount": "19.99"}}
    answer = await kim.http.post(f"/schedules/{first['schedule_id']}/change-following", json=change)
    following = expect(answer, 200)["following"]
    [known] = await listed(kim)
    assert (known["status"], known["schedule_id"]) == ("accepted", following["id"])


async def test_what_a_hidden_schedule_posted_pays_no_bill(kim: Person, robin: Person, clock: Clock) -> None:
    """Robin sees the transaction, and not the schedule that it belongs to."""
    await join(kim, robin)
    clock.set("2026-03-12")
    shared, private = await kim.account("Shared"), await kim.account("Private", visibility="private")
    monthly = {"amount": "20.00", "active_from": "2026-03-01", "rrule": "FREQ=MONTHLY;BYMONTHDAY=10"}
    hidden = await schedule(kim, private, mode="confirm", template={"payee": "Films"}, **monthly)
    answer = await kim.http.post(f"/schedules/{hidden['id']}/occurrences/2026-03-10/confirm", json={})
    path = f"/transactions/{expect(answer, 200)['transaction_id']}"
    expect(await kim.http.patch(path, json={"account_id": shared["id"]}), 200)
    robin.http.headers["X-Book-Id"] = kim.book_id
    await bill(robin, shared, active_from="2026-01-01")
    edited = await robin.http.patch(path, json={"notes": "seen"})
    [open_one] = await bills(robin, first="2026-03-01", last="2026-03-31")
    by_hand = await robin.http.post(
        f"/schedules/{open_one['schedule_id']}/occurrences/2026-03-10/match",
        json={"transaction_id": path.rpartition("/")[2]},
    )
    del robin.http.headers["X-Book-Id"]
    assert expect(edited, 200)["warnings"] == []
    assert open_one["status"] == "overdue"
    problem(by_hand, 409, "payment_taken")


async def test_what_is_said_of_a_private_bill_is_told_to_nobody_else(kim: Person, robin: Person, clock: Clock) -> None:
    await join(kim, robin)
    clock.set("2026-03-12")
    private = await kim.account("Private", visibility="private")
    made = await bill(kim, private, active_from="2026-01-01")
    await pay(kim, private, "2026-03-10")
    expect(await kim.http.post(f"/schedules/{made['id']}/occurrences/2026-03-10/unmatch"), 200)
    robin.http.headers["X-Book-Id"] = kim.book_id
    log = (await robin.read(f"/books/{kim.book_id}/activity", limit=50))["items"]
    del robin.http.headers["X-Book-Id"]
    assert not {"bill_rejection", "schedule", "schedule_occurrence"} & {event["entity"] for event in log}


async def test_a_payment_that_found_another_bill_is_not_undone_to_the_first(kim: Person, clock: Clock) -> None:
    clock.set("2026-03-12")
    account = await kim.account()
    first = await bill(kim, account, active_from="2026-03-01")
    payment = await pay(kim, account, "2026-03-10")
    expect(await kim.http.post(f"/schedules/{first['id']}/occurrences/2026-03-10/unmatch"), 200)
    taken_away = (await kim.read(f"/books/{kim.book_id}"))["revision"]
    other = await bill(kim, account, active_from="2026-03-01", name="Other")
    match = {"transaction_id": payment["id"]}
    expect(await kim.http.post(f"/schedules/{other['id']}/occurrences/2026-03-10/match", json=match), 200)
    answer = await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": taken_away})
    assert answer.status_code == 409, answer.text


async def test_payments_a_century_apart_do_not_unfold_all_days_between(kim: Person, clock: Clock) -> None:
    clock.set("2026-03-12")
    account = await kim.account()
    daily = {"rrule": "FREQ=DAILY", "starts_on": "1900-01-01", "active_from": "1900-01-01"}
    for number in range(20):
        await bill(kim, account, name=f"Bill {number}", **daily)
    began = time.process_time()
    await write(kim, account, ("1901-01-01", "20.00", "Films"), ("2026-03-10", "20.00", "Films"))
    assert time.process_time() - began < 20
    assert [each["status"] for each in await bills(kim, first="1901-01-01", last="1901-01-01")].count("paid") == 1


async def test_more_than_can_be_reckoned_with_is_refused(
    kim: Person, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await kim.account()
    await schedule(kim, account, rrule="FREQ=DAILY")
    monkeypatch.setattr(planned, "MOST_OCCURRENCES", 30)
    for path in ("/schedules/upcoming?to=2026-04-15", "/forecast?months=3"):
        answer = await kim.http.get(path)
        assert fields(problem(answer, 422, "too_many_occurrences")) == {("query", "too_many_occurrences")}
    await kim.read("/schedules/upcoming", to="2026-03-15")

"""Schedules over HTTP: making, changing, single occurrences, splitting, undo, and what is refused."""

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.access.acting import open_for
from app.core.database import Database
from app.schedules.planned import Movement, planned
from tests.conftest import Unchanged
from tests.people import Person, expect, fields, problem
from tests.schedules.clock import Clock, Scheduler, posted, schedule, states

Document = dict[str, Any]


async def undo(person: Person) -> None:
    revision = (await person.read(f"/books/{person.book_id}"))["revision"]
    expect(await person.http.post(f"/books/{person.book_id}/undo", json={"revision": revision}), 200)


async def test_making_reading_changing_and_deleting_a_schedule(kim: Person, clock: Clock) -> None:
    account, food = await kim.account(), await kim.category()
    made = await schedule(
        kim, account, rrule="rrule:freq=monthly;bymonthday=31", template={"category_id": food["id"], "tags": ["home"]}
    )
    assert made["rrule"] == "FREQ=MONTHLY;BYMONTHDAY=31"
    assert (made["active_from"], made["next_on"], made["currency"]) == ("2026-03-01", "2026-03-31", "EUR")
    assert (made["category_id"], made["payee"], made["expected_amount"]) == (food["id"], "Landlord", "850.00")
    path = f"/schedules/{made['id']}"
    answer = await kim.get(path)
    tag = answer.headers["etag"]
    assert expect(answer, 200) == made
    answer = await kim.http.patch(path, json={"amount": "900", "name": " Flat "}, headers={"If-Match": tag})
    changed = expect(answer, 200)
    assert (changed["amount"], changed["name"]) == ("900.00", "Flat")
    problem(await kim.http.patch(path, json={}, headers={"If-Match": tag}), 412, "revision_mismatch")
    problem(await kim.http.delete(path, headers={"If-Match": tag}), 412, "revision_mismatch")
    body = {name: made[name] for name in ("name", "template", "rrule", "starts_on", "amount", "mode", "weekend")}
    replaced = expect(await kim.http.put(path, json={**body, "kind": "bill", "tolerance": "12.5"}), 200)
    assert (replaced["kind"], replaced["tolerance"], replaced["amount"]) == ("bill", "12.5", "850.00")
    listed = await kim.get("/schedules", kind="bill")
    assert [item["id"] for item in expect(listed, 200)["items"]] == [made["id"]]
    assert (await kim.http.get("/schedules", headers={"If-None-Match": listed.headers["etag"]})).status_code == 304
    assert (await kim.read("/schedules", kind="transaction"))["items"] == []
    archived = expect(await kim.http.patch(path, json={"archived": True}), 200)
    assert (archived["next_on"], (await kim.read("/schedules"))["total"]) == (None, 0)
    assert (await kim.read("/schedules", archived=True))["total"] == 1
    problem(await kim.http.post(f"{path}/occurrences/2026-03-31/skip"), 409, "schedule_archived")
    problem(
        await kim.http.post(f"{path}/change-following", json={"from": "2026-03-31", "changes": {}}),
        409,
        "schedule_archived",
    )
    assert (await kim.read("/schedules/upcoming", to="2026-12-31", **{"from": "2026-03-01"}))["items"] == []
    problem(await kim.http.delete(f"/accounts/{account['id']}"), 409, "account_in_use")
    problem(await kim.http.delete(f"/categories/{food['id']}"), 409, "category_in_use")
    feed = await kim.read(f"/books/{kim.book_id}/changes", since=0)
    assert [i["state"]["name"] for i in feed["items"] if i["entity"] == "schedule"] == ["Rent"]
    expect(await kim.http.delete(path), 204)
    problem(await kim.get(path), 404, "schedule_not_found")
    history = (await kim.read(f"{path}/history"))["items"]
    assert [event["action"] for event in history] == ["deleted", "updated", "updated", "updated", "created"]
    await undo(kim)
    assert (await kim.read(path))["archived_at"] == archived["archived_at"]
    expect(await kim.http.delete(path), 204)
    expect(await kim.http.delete(f"/accounts/{account['id']}"), 204)


async def test_what_is_due_while_it_is_paused_is_passed_over(kim: Person, scheduler: Scheduler, clock: Clock) -> None:
    account = await kim.account()
    made = await schedule(kim, account, rrule="FREQ=WEEKLY", starts_on="2026-03-02", active_from="2026-03-09")
    path = f"/schedules/{made['id']}"
    paused = expect(await kim.http.patch(path, json={"paused": True}), 200)
    assert paused["next_on"] is None
    assert expect(await kim.http.patch(path, json={"name": "R"}), 200)["paused_at"] == paused["paused_at"]
    clock.set("2026-03-20")
    await scheduler.work(kim)
    expect(await kim.http.patch(path, json={"paused": False}), 200)
    await scheduler.work(kim)
    assert await posted(kim) == []
    wanted = [
        ("2026-03-02", "skipped"),
        ("2026-03-09", "skipped"),
        ("2026-03-16", "skipped"),
        ("2026-03-23", "planned"),
    ]
    assert await states(kim, made, "2026-03-01", "2026-03-23") == wanted
    # One of them after all: it is posted by the next tick.
    expect(await kim.http.post(f"{path}/occurrences/2026-03-16/unskip"), 200)
    problem(await kim.http.post(f"{path}/occurrences/2026-03-16/unskip"), 409, "occurrence_not_skipped")
    assert (await states(kim, made, "2026-03-16", "2026-03-16")) == [("2026-03-16", "due")]
    await scheduler.work(kim)
    assert await posted(kim) == [("2026-03-16", "850.00")]


async def test_one_occurrence_is_changed_moved_and_skipped_and_each_is_undone(
    kim: Person, scheduler: Scheduler, clock: Clock
) -> None:
    account = await kim.account()
    made = await schedule(kim, account, starts_on="2026-04-01")
    path = f"/schedules/{made['id']}/occurrences"
    before = await kim.read(f"{path}/2026-04-01")
    body = {"amount": "800", "date": "2026-04-10"}
    changed = expect(await kim.http.patch(f"{path}/2026-04-01", json=body), 200)
    assert (changed["amount"], changed["date"], changed["status"]) == ("800.00", "2026-04-10", "planned")
    stale = {"If-Match": f'"{before["revision"]}"'}
    problem(await kim.http.post(f"{path}/2026-04-01/skip", headers=stale), 412, "revision_mismatch")
    assert (await kim.read(f"/schedules/{made['id']}"))["next_on"] == "2026-04-10"
    await undo(kim)
    assert await kim.read(f"{path}/2026-04-01") == before
    clock.set("2026-04-02")
    await scheduler.work(kim)  # the undo has the scheduler look again
    assert await posted(kim) == [("2026-04-01", "850.00")]
    problem(await kim.http.patch(f"{path}/2026-04-01", json=body), 409, "occurrence_settled")
    problem(await kim.http.post(f"{path}/2026-04-01/skip"), 409, "occurrence_settled")
    # Moved over the one that follows: both come, each once.
    expect(await kim.http.patch(f"{path}/2026-05-01", json={"date": "2026-06-02", "amount": "1.00"}), 200)
    skipped = expect(await kim.http.post(f"{path}/2026-06-01/skip"), 200)
    assert expect(await kim.http.post(f"{path}/2026-06-01/skip"), 200) == skipped
    problem(await kim.http.post(f"{path}/2026-06-01/confirm", json={}), 409, "occurrence_skipped")
    problem(await kim.http.patch(f"{path}/2026-06-01", json={"amount": "2"}), 409, "occurrence_skipped")
    clock.set("2026-06-05")
    await scheduler.work(kim)
    assert (await posted(kim))[1:] == [("2026-06-02", "1.00")]
    # null goes back to the schedule's.
    expect(await kim.http.patch(f"{path}/2026-07-01", json=body | {"date": "2026-07-03"}), 200)
    assert expect(await kim.http.patch(f"{path}/2026-07-01", json={"amount": None, "date": None}), 200)["amount"] == (
        "850.00"
    )
    assert expect(await kim.http.patch(f"{path}/2026-07-01", json={}), 200)["date"] == "2026-07-01"
    # Confirmed before its day, and undone, it is to come again.
    confirmed = expect(await kim.http.post(f"{path}/2026-07-01/confirm", json={"date": "2026-06-04"}), 200)
    assert (confirmed["status"], confirmed["warnings"]) == ("posted", [])
    assert ("2026-06-04", "850.00") in await posted(kim)
    await undo(kim)
    assert (await states(kim, made, "2026-07-01", "2026-07-01")) == [("2026-07-01", "planned")]
    assert ("2026-06-04", "850.00") not in await posted(kim)


async def test_what_failed_or_waits_goes_on_waiting_with_another_amount_and_comes_again_when_put_off(
    kim: Person, scheduler: Scheduler, clock: Clock, owner_database: Database
) -> None:
    account = await kim.account()
    made = await schedule(kim, account, rrule="FREQ=WEEKLY;COUNT=2", starts_on="2026-03-02")
    expect(await kim.http.patch(f"/accounts/{account['id']}", json={"archived": True}), 200)
    clock.set("2026-03-02")
    await scheduler.work(kim)
    path = f"/schedules/{made['id']}/occurrences/2026-03-02"
    changed = expect(await kim.http.patch(path, json={"amount": "5.00"}), 200)
    assert (changed["status"], changed["amount"], changed["reason"]["code"]) == ("failed", "5.00", "archived")
    assert expect(await kim.http.patch(path, json={"date": "2026-03-05"}), 200)["status"] == "planned"
    expect(await kim.http.patch(f"/accounts/{account['id']}", json={"archived": False}), 200)
    clock.set("2026-03-06")
    await scheduler.work(kim)
    assert await posted(kim) == [("2026-03-05", "5.00")]


async def test_changing_this_and_all_following_ones(kim: Person, scheduler: Scheduler, clock: Clock) -> None:
    account = await kim.account()
    made = await schedule(kim, account, rrule="FREQ=MONTHLY;COUNT=5", starts_on="2026-01-31", active_from="2026-01-01")
    await scheduler.work(kim)
    assert await posted(kim) == [("2026-01-31", "850.00"), ("2026-02-28", "850.00")]
    path = f"/schedules/{made['id']}"
    expect(await kim.http.patch(f"{path}/occurrences/2026-04-30", json={"amount": "7.00"}), 200)
    expect(await kim.http.post(f"{path}/occurrences/2026-05-31/skip"), 200)
    late = {"from": "2026-02-28", "changes": {"amount": "900.00"}}
    problem(await kim.http.post(f"{path}/change-following", json=late), 409, "following_settled")
    for wrong in ("2026-03-30", "2026-06-30"):
        none: Document = {"from": wrong, "changes": {}}
        problem(await kim.http.post(f"{path}/change-following", json=none), 404, "occurrence_not_found")
    body: Document = {"from": "2026-03-31", "changes": {"starts_on": "2026-03-31"}}
    problem(await kim.http.post(f"{path}/change-following", json=body), 422, "invalid_input")
    body = {"from": "2026-03-31", "changes": {"amount": "900.00"}}
    both = expect(await kim.http.post(f"{path}/change-following", json=body), 200)
    before, after = both["before"], both["following"]
    assert (before["ends_before"], before["next_on"], after["follows_id"]) == ("2026-03-31", None, made["id"])
    # The day and what is left of the count go along: the 31st stays the 31st.
    assert (after["rrule"], after["amount"]) == ("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3", "900.00")
    assert await states(kim, before, "2026-01-01", "2026-12-01") == [("2026-01-31", "posted"), ("2026-02-28", "posted")]
    assert await states(kim, after, "2026-01-01", "2026-12-01") == [
        ("2026-03-31", "planned"),
        ("2026-04-30", "planned"),
        ("2026-05-31", "skipped"),
    ]
    clock.set("2026-06-30")
    await scheduler.work(kim)
    assert (await posted(kim))[2:] == [("2026-03-31", "900.00"), ("2026-04-30", "7.00")]
    # With another rule, what was said of days that are no more is forgotten; undone, all is as it was.
    weekly = await schedule(kim, account, rrule="FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", starts_on="2026-07-03", name="W")
    path = f"/schedules/{weekly['id']}"
    expect(await kim.http.post(f"{path}/occurrences/2026-07-31/skip"), 200)
    body = {"from": "2026-07-17", "changes": {"rrule": "FREQ=WEEKLY;BYDAY=MO", "weekend": "after"}}
    both = expect(await kim.http.post(f"{path}/change-following", json=body), 200)
    assert await states(kim, both["following"], "2026-07-01", "2026-07-31") == [
        ("2026-07-20", "planned"),
        ("2026-07-27", "planned"),
    ]
    await undo(kim)
    problem(await kim.get(f"/schedules/{both['following']['id']}"), 404, "schedule_not_found")
    assert await states(kim, weekly, "2026-07-01", "2026-07-31") == [
        ("2026-07-03", "planned"),
        ("2026-07-17", "planned"),
        ("2026-07-31", "skipped"),
    ]


async def test_another_rule_forgets_what_was_said_of_days_that_are_no_more(
    kim: Person, scheduler: Scheduler, clock: Clock
) -> None:
    account = await kim.account()
    made = await schedule(kim, account, mode="confirm", active_from="2026-01-01")
    await scheduler.work(kim)
    assert await states(kim, made, "2026-02-01", "2026-03-31") == [("2026-02-01", "due"), ("2026-03-01", "due")]
    expect(await kim.http.patch(f"/schedules/{made['id']}", json={"rrule": "FREQ=MONTHLY;BYMONTHDAY=10"}), 200)
    assert await states(kim, made, "2026-02-01", "2026-03-31") == [("2026-02-10", "skipped"), ("2026-03-10", "planned")]
    await undo(kim)
    assert await states(kim, made, "2026-02-01", "2026-03-31") == [("2026-02-01", "due"), ("2026-03-01", "due")]


async def test_planned_movements_of_every_kind_of_template(
    kim: Person, scheduler: Scheduler, clock: Clock, app_database: Database
) -> None:
    main, savings = await kim.account(), await kim.account("Savings")
    dollars = await kim.account("Dollars", currency="USD")
    food, fun = await kim.category(), await kim.category("Fun")
    splits = [{"amount": "1.00", "category_id": food["id"]}, {"amount": "2.00", "category_id": fun["id"]}]
    once = {"rrule": "FREQ=DAILY;COUNT=1", "starts_on": "2026-03-10", "mode": "confirm"}
    ranged = {"amount_kind": "range", "amount_min": "9.00", "amount_max": "12.00"}
    await schedule(kim, main, name="a", template={"category_id": food["id"]}, **once, **ranged)
    await schedule(kim, main, name="b", template={"splits": splits}, **once, **ranged)
    moving = {"type": "transfer", "to_account_id": savings["id"], "to_amount": "850.00", "payee": None}
    made = await schedule(kim, main, name="c", template=moving, **once)
    assert "to_amount" not in made["template"]
    abroad = {**moving, "to_account_id": dollars["id"], "to_amount": "900.00", "fee_amount": "1.50"}
    transfer = await schedule(kim, main, name="d", template=abroad, **once)
    lines = [
        {"account_id": main["id"], "role": "flow", "amount": "70.00"},
        {"account_id": savings["id"], "role": "flow", "amount": "-20.00", "category_id": food["id"]},
    ]
    journal = {"name": "e", "template": {"type": "journal", "postings": lines}, **once}
    wages = expect(await kim.http.post("/schedules", json=journal), 201)
    assert (wages["amount"], wages["expected_amount"]) == (None, None)
    average = {"amount_kind": "average", "average_of": 2, "amount": "40.00"}
    power = await schedule(kim, main, name="f", **{**once, "rrule": "FREQ=DAILY;COUNT=4", **average})
    for day, amount in ((10, "99.00"), (11, "30.00"), (12, "45.01")):
        path = f"/schedules/{power['id']}/occurrences/2026-03-{day}/confirm"
        expect(await kim.http.post(path, json={"amount": amount}), 200)

    async with app_database.begin() as connection:
        book = await open_for(connection, UUID(kim.book_id), UUID(kim.user["id"]))
        found = {one.name: one for one in await planned(book, date(2026, 3, 1), date(2026, 3, 31))}
    ids = {name: UUID(row["id"]) for name, row in (("m", main), ("s", savings), ("d", dollars))}
    eat, play = UUID(food["id"]), UUID(fun["id"])

    def moves(account: str, category: Any, low: str, expected: str, high: str, role: Any = "flow") -> Movement:
        return Movement(ids[account], category, Decimal(low), Decimal(expected), Decimal(high), role)

    assert found["a"].movements == (moves("m", eat, "-12", "-10.50", "-9"),)
    assert found["b"].movements == (
        moves("m", eat, "-4", "-3.50", "-3"),
        moves("m", play, "-8", "-7", "-6"),
    )
    assert found["c"].movements == (
        moves("m", None, "-850", "-850", "-850", "transfer"),
        moves("s", None, "850", "850", "850", "transfer"),
    )
    assert found["d"].movements == (
        moves("m", None, "-850", "-850", "-850", "transfer"),
        moves("d", None, "900", "900", "900", "transfer"),
        moves("m", None, "-1.50", "-1.50", "-1.50"),
    )
    assert found["e"].movements == (moves("m", None, "70", "70", "70"), moves("s", eat, "-20", "-20", "-20"))
    assert found["f"].movements == (moves("m", None, "-45.01", "-37.50", "-30"),)
    assert (found["f"].due_on, found["f"].kind, found["f"].status) == (date(2026, 3, 13), "transaction", "planned")

    path = f"/schedules/{transfer['id']}/occurrences/2026-03-10"
    for refused in (
        await kim.http.patch(path, json={"amount": "5"}),
        await kim.http.post(f"{path}/confirm", json={"amount": "5"}),
    ):
        assert "to_amount_needed" in refused.text
    expect(await kim.http.post(f"{path}/confirm", json={"amount": "5", "to_amount": "6"}), 200)
    assert await kim.balance(dollars) == "6.00"
    path = f"/schedules/{wages['id']}/occurrences/2026-03-10"
    for refused in (
        await kim.http.patch(path, json={"amount": "5"}),
        await kim.http.post(f"{path}/confirm", json={"amount": "5"}),
    ):
        assert "amount_of_journal" in refused.text
    expect(await kim.http.post(f"{path}/confirm", json={}), 200)
    path = f"/schedules/{made['id']}/occurrences/2026-03-10"
    expect(await kim.http.post(f"{path}/confirm", json={}), 200)
    assert await kim.balance(savings) == "830.00"
    path = f"/schedules/{power['id']}/occurrences/2026-03-13/confirm"
    assert "not_a_transfer" in (await kim.http.post(path, json={"amount": "5", "to_amount": "6"})).text


WRONG: list[tuple[Document, str, str]] = [
    ({"rrule": "FREQ=HOURLY"}, "rrule", "too_often"),
    ({"rrule": "nonsense"}, "rrule", "bad_rrule"),
    ({"rrule": "\x00"}, "rrule", "bad_rrule"),
    ({"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "month_end": "skip"}, "rrule", "never_occurs"),
    ({"rrule": "FREQ=DAILY;UNTIL=20251231"}, "rrule", "never_occurs"),
    ({"template": {"type": "adjustment"}}, "template.type", "bad_type"),
    ({"template": {"type": ["expense"]}}, "template.type", "bad_type"),
    ({"template": {"type": "expense", "date": "2026-01-01", "id": "x"}}, "template.date", "extra_forbidden"),
    ({"template": {"type": "expense"}}, "template.account_id", "missing"),
    ({"template": {"status": "reconciled"}}, "template.status", "reconciled"),
    ({"template": {"account_id": "00000000-0000-0000-0000-000000000000"}}, "template.account_id", "account_not_found"),
    ({"template": {"splits": [{"amount": "2"}]}}, "template.splits", "splits_do_not_sum"),
    ({"template": {"splits": [{"amount": "-1"}]}, "amount": None, "amount_kind": "range", "amount_min": "1",
      "amount_max": "2", "mode": "confirm"}, "amount", "value_error"),
    ({"amount": "1.001"}, "amount", "too_many_decimals"),
    ({"amount": "-1"}, "amount", "value_error"),
    ({"amount": 1e300}, "amount", "value_error"),
    ({"amount": None}, "body", "value_error"),
    ({"amount_kind": "range"}, "body", "value_error"),
    ({"amount": None, "amount_kind": "range", "amount_min": "2", "amount_max": "1", "mode": "confirm"}, "body",
     "value_error"),
    ({"amount_kind": "average", "average_of": 3}, "body", "value_error"),
    ({"lead_days": 3}, "body", "value_error"),
    ({"lead_days": 61}, "lead_days", "less_than_equal"),
    ({"starts_on": "0001-01-01"}, "starts_on", "value_error"),
    ({"unknown": 1}, "unknown", "extra_forbidden"),
    ({"tolerance": "100.01"}, "tolerance", "less_than_equal"),
    ({"template": {"type": "journal", "postings": []}, "amount_kind": "average"}, "body", "value_error"),
]  # fmt: skip


async def test_bad_input_is_refused_and_changes_nothing(
    kim: Person, robin: Person, clock: Clock, unchanged: Unchanged
) -> None:
    account, dollars = await kim.account(), await kim.account("Dollars", currency="USD")
    old = await kim.account("Old")
    foreign = await robin.account()
    made = await schedule(kim, old, name="Old")
    expect(await kim.http.patch(f"/accounts/{old['id']}", json={"archived": True}), 200)
    body: Document = {"name": "Rent", "template": {"type": "expense", "account_id": account["id"]}, "amount": "1.00"}
    body |= {"rrule": "FREQ=MONTHLY", "starts_on": "2026-01-01", "mode": "post"}
    async with unchanged(kim):
        for change, field, code in WRONG:
            template = change.get("template", {})
            if set(template) & {"splits", "status"} or "account_id" in template:
                template = {**body["template"], **template}
            answer = await kim.http.post(
                "/schedules", json={**body, **change, "template": template or body["template"]}
            )
            wanted = 404 if code == "account_not_found" else 422
            assert answer.status_code == wanted, (change, answer.text)
            assert (field, code) in fields(answer.json()), (change, answer.text)
        for template in ({"account_id": foreign["id"]}, {"category_id": foreign["id"]}):
            answer = await kim.http.post("/schedules", json={**body, "template": {**body["template"], **template}})
            problem(answer, 404, "reference_not_found")
        answer = await kim.http.post(
            "/schedules", json={**body, "template": {"type": "expense", "account_id": old["id"]}}
        )
        problem(answer, 409, "archived")
        problem(await kim.http.post("/schedules", json={**body, "id": made["id"]}), 409, "id_taken")
        abroad = {"type": "transfer", "account_id": account["id"], "to_account_id": dollars["id"], "to_amount": "2"}
        ranged = {"amount": None, "amount_kind": "range", "amount_min": "1", "amount_max": "2", "mode": "confirm"}
        answer = await kim.http.post("/schedules", json={**body, "template": abroad, **ranged})
        assert ("template.to_amount", "amount_not_fixed") in fields(answer.json())
        path = f"/schedules/{made['id']}"
        problem(await kim.http.patch(path, json={"name": None}), 422, "invalid_input")
        problem(await kim.http.patch(path, json={"mode": "confirm", "amount_kind": "range"}), 422, "invalid_input")
        problem(await kim.http.patch(path, json={"rrule": "FREQ=DAILY;UNTIL=20250101"}), 422, "invalid_input")
        problem(await kim.get(f"{path}/occurrences/2026-04-02"), 404, "occurrence_not_found")
        problem(await kim.http.patch(f"{path}/occurrences/2026-04-01", json={"amount": "0.001"}), 422, "invalid_input")
        problem(await kim.get(f"{path}/occurrences/9999-12-31"), 422, "invalid_input")
        for query in ({"from": "2026-02-01", "to": "2026-01-01"}, {"from": "2026-01-01", "to": "2028-01-01"}):
            problem(await kim.get("/schedules/upcoming", **query), 422, "invalid_input")
        problem(await kim.get("/schedules/preview", rrule="FREQ=MONTHLY;BYDAY=6MO"), 422, "invalid_input")
    # An archived account that it has already may stay.
    expect(await kim.http.patch(path, json={"amount": "2"}), 200)


async def test_a_preview_and_the_last_days_there_are(kim: Person, clock: Clock) -> None:
    rule = {"rrule": "FREQ=MONTHLY;BYMONTHDAY=-1", "starts_on": "2026-01-31", "weekend": "before", "limit": 3}
    shown = await kim.read("/schedules/preview", **rule)
    assert [(day["due_on"], day["date"]) for day in shown["items"]] == [
        ("2026-01-31", "2026-01-30"),
        ("2026-02-28", "2026-02-27"),
        ("2026-03-31", "2026-03-31"),
    ]
    shown = await kim.read("/schedules/preview", rrule="FREQ=DAILY", **{"from": "9998-12-30"})
    assert [day["due_on"] for day in shown["items"]] == ["9998-12-30", "9998-12-31"]
    account = await kim.account()
    made = await schedule(kim, account, rrule="FREQ=YEARLY", starts_on="9998-12-26", weekend="after")
    assert made["next_on"] == "9998-12-28"
    coming = await kim.read("/schedules/upcoming", **{"from": "9998-12-27"})
    assert [(one["due_on"], one["date"]) for one in coming["items"]] == [("9998-12-26", "9998-12-28")]
    early = await schedule(kim, account, mode="confirm", lead_days=60, starts_on="1900-01-01", active_from="1900-01-01")
    assert early["next_on"] == "1900-01-01"
    assert len((await kim.read(f"/schedules/{early['id']}/occurrences", **{"from": "1900-01-01"}))["items"]) == 1


async def test_who_does_not_see_an_account_learns_nothing_of_its_schedules(
    kim: Person, robin: Person, scheduler: Scheduler, clock: Clock, owner_database: Database
) -> None:
    shared = await kim.account()
    private = await kim.account("Own", visibility="private")
    await schedule(kim, shared, name="Seen", starts_on="2026-03-01")
    hidden = await schedule(kim, private, name="Hidden", starts_on="2026-03-01")
    into = {"type": "transfer", "to_account_id": private["id"]}
    transfer = await schedule(kim, shared, name="Hidden move", starts_on="2026-03-01", template=into)
    join = text("INSERT INTO book_members (book_id, user_id, role) VALUES (:book, :user, 'editor')")
    async with owner_database.begin() as connection:
        await connection.execute(join, {"book": kim.book_id, "user": robin.user["id"]})
    robin.http.headers["X-Book-Id"] = kim.book_id
    expect(await kim.http.post(f"/schedules/{hidden['id']}/occurrences/2026-04-01/skip"), 200)
    await scheduler.work(kim)
    assert len(await posted(kim)) == 3
    window = {"from": "2026-03-01", "to": "2026-05-31"}
    for path in ("/schedules", "/schedules/upcoming", f"/books/{kim.book_id}/activity"):
        answer = await robin.get(path, **(window if path.endswith("upcoming") else {}))
        assert "Hidden" not in str(expect(answer, 200))
        assert private["id"] not in answer.text
        assert hidden["id"] not in answer.text
    for made in (hidden, transfer):
        for path in ("", "/occurrences", "/occurrences/2026-03-01", "/occurrences/2026-04-01"):
            problem(await robin.get(f"/schedules/{made['id']}{path}"), 404, "schedule_not_found")
        problem(await robin.http.delete(f"/schedules/{made['id']}"), 404, "schedule_not_found")
    # A transaction that was moved out of sight is not taken for one that was deleted: it would be posted again.
    seen = next(s for s in (await robin.read("/schedules"))["items"] if s["name"] == "Seen")
    path = f"/schedules/{seen['id']}"
    occurrence = await kim.read(f"{path}/occurrences/2026-03-01")
    body = {"account_id": private["id"]}
    expect(await kim.http.patch(f"/transactions/{occurrence['transaction_id']}", json=body), 200)
    problem(await robin.http.post(f"{path}/occurrences/2026-03-01/unskip"), 409, "private_other_side")
    change = {"from": "2026-03-01", "changes": {}}
    problem(await robin.http.post(f"{path}/change-following", json=change), 409, "following_settled")
    told = text("SELECT title FROM notifications WHERE user_id = :user")
    async with owner_database.begin() as connection:
        titles = (await connection.execute(told, {"user": robin.user["id"]})).scalars().all()
    assert list(titles) == ["Seen was posted"]
    del robin.http.headers["X-Book-Id"]


async def test_two_confirmations_at_once_post_once(kim: Person, clock: Clock) -> None:
    account = await kim.account()
    made = await schedule(kim, account, starts_on="2026-03-01", mode="confirm")
    path = f"/schedules/{made['id']}/occurrences/2026-03-01"
    answers = await asyncio.gather(
        *(kim.http.post(f"{path}/confirm", json={}) for _ in range(3)), kim.http.post(f"{path}/skip")
    )
    assert len(await posted(kim)) == [answer.status_code for answer in answers[:3]].count(200) <= 1


@pytest.mark.parametrize("at_once", [1, 8])
async def test_lists_cost_the_same_however_many_schedules_there_are(
    kim: Person, clock: Clock, at_once: int, app_database: Database
) -> None:
    account = await kim.account()
    for number in range(at_once):
        await schedule(kim, account, name=f"S{number}", starts_on="2026-03-01")
    seen: list[str] = []
    database = Database(app_database.engine.url.render_as_string(hide_password=False), pool_size=1)
    database.count_statements(seen.append)
    async with database.begin() as connection:
        book = await open_for(connection, UUID(kim.book_id), UUID(kim.user["id"]))
        seen.clear()
        found = await planned(book, date(2026, 3, 1), date(2026, 5, 31))
        assert (len(found), len(seen)) == (3 * at_once, 2)
    await database.dispose()


async def test_a_change_of_the_month_end_may_leave_no_day_either(kim: Person, unchanged: Unchanged) -> None:
    made = await schedule(kim, await kim.account(), rrule="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")
    async with unchanged(kim):
        answer = await kim.http.patch(f"/schedules/{made['id']}", json={"month_end": "skip"})
        assert fields(problem(answer, 422, "invalid_input")) == {("rrule", "never_occurs")}

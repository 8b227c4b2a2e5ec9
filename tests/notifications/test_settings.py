"""Choosing how one is told, and what that does to mail that waits."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from app.access.repository import act_as
from app.core.clock import now
from app.core.database import Database
from app.core.ids import new_id
from app.notifications.notices import Kind
from app.notifications.planning import budget_thresholds
from tests.notifications.telling import column, reachable, tell, tick
from tests.people import Person, expect, fields, problem

PATH = "/users/me/notification-settings"


async def test_defaults_choosing_and_revisions(app: FastAPI, kim: Person, owner_database: Database) -> None:
    answer = await kim.get(PATH)
    found = expect(answer, 200)
    assert answer.headers["etag"] == '"0"'
    at_once = {kind for kind, channel in found["channels"].items() if channel == "immediately"}
    assert at_once == {"budget_threshold", "bill_overdue", "schedule_failed"}
    assert set(found["channels"]) == {kind.value for kind in Kind} - {"weekly_report"}
    assert (found["budget_thresholds"], found["quiet_hours"]) == (["80", "100"], None)
    assert found["price_move_threshold"] == "5"
    assert found["weekly_report"] == {"enabled": True, "weekday": "monday", "hour": 7, "book_ids": None}
    assert (found["mail_address"], found["time_zone"], found["revision"]) == (None, "UTC", 0)

    await reachable(owner_database, kim)
    wanted = {
        "channels": {"bill_due": "weekly", "bill_overdue": "off"},
        "budget_thresholds": ["100", "50.5", "100.00"],
        "price_move_threshold": "12.50",
        "quiet_hours": {"from": "22:00", "to": "07:00"},
        "weekly_report": {"enabled": False, "book_ids": [kim.book_id]},
    }
    answer = await kim.http.put(PATH, json=wanted, headers={"If-Match": '"0"'})
    chosen = expect(answer, 200)
    assert (answer.headers["etag"], chosen["revision"], chosen["mail_address"]) == ('"1"', 1, kim.email)
    assert (chosen["channels"]["bill_due"], chosen["channels"]["goal_reached"]) == ("weekly", "daily")
    assert chosen["budget_thresholds"] == ["50.5", "100"]
    assert chosen["price_move_threshold"] == "12.50"
    assert chosen["quiet_hours"] == wanted["quiet_hours"]
    assert await kim.read(PATH) == chosen
    problem(await kim.http.put(PATH, json={}, headers={"If-Match": '"0"'}), 412, "revision_mismatch")
    async with app.state.database.begin() as connection:
        await act_as(connection, kim.user["id"])
        assert [str(each) for each in await budget_thresholds(connection, kim.user["id"])] == ["50.5", "100"]
    budget = {"name": "Food", "amount": "100", "period": "monthly", "start_date": "2026-01-01"}
    assert expect(await kim.http.post("/budgets", json=budget), 201)["thresholds"] == ["50.5", "100"]
    # What is left out goes back to its default.
    assert expect(await kim.http.put(PATH, json={}), 200)["channels"]["bill_due"] == "daily"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"channels": {"bill_due": "sometimes"}}, "channels.bill_due"),
        ({"channels": {"nothing": "off"}}, "channels.nothing.[key]"),
        ({"channels": {"weekly_report": "off"}}, "channels"),
        ({"budget_thresholds": ["0"]}, "budget_thresholds.0"),
        ({"budget_thresholds": ["-5"]}, "budget_thresholds.0"),
        ({"budget_thresholds": ["1000.01"]}, "budget_thresholds.0"),
        ({"budget_thresholds": ["33.333"]}, "budget_thresholds.0"),
        ({"budget_thresholds": ["NaN"]}, "budget_thresholds.0"),
        ({"price_move_threshold": "0.99"}, "price_move_threshold"),
        ({"price_move_threshold": "1000.01"}, "price_move_threshold"),
        ({"price_move_threshold": None}, "price_move_threshold"),
        ({"budget_thresholds": [str(number) for number in range(1, 12)]}, "budget_thresholds"),
        ({"quiet_hours": {"from": "22:00", "to": "22:00"}}, "quiet_hours"),
        ({"quiet_hours": {"from": "25:00", "to": "07:00"}}, "quiet_hours.from"),
        ({"quiet_hours": {"from": "22:00:00", "to": "07:00"}}, "quiet_hours.from"),
        ({"quiet_hours": {"from": 22, "to": "07:00"}}, "quiet_hours.from"),
        ({"quiet_hours": {"from": "22:00"}}, "quiet_hours.to"),
        ({"daily_digest": {"hour": 24}}, "daily_digest.hour"),
        ({"daily_digest": {"hour": True}}, "daily_digest.hour"),
        ({"weekly_digest": {"weekday": "someday"}}, "weekly_digest.weekday"),
        ({"weekly_report": {"enabled": "yes"}}, "weekly_report.enabled"),
        ({"weekly_report": {"book_ids": ["x"]}}, "weekly_report.book_ids.0"),
        ({"weekly_report": {"book_ids": [str(new_id())]}}, "weekly_report.book_ids"),
        ({"surprise": 1}, "surprise"),
    ],
)
async def test_what_nobody_can_choose(kim: Person, body: dict[str, Any], field: str) -> None:
    answer = problem(await kim.http.put(PATH, json=body), 422, "invalid_input")
    assert [name for name, _ in fields(answer)] == [field]
    assert (await kim.read(PATH))["revision"] == 0


async def test_a_book_of_somebody_else_is_none_to_report_on(kim: Person, robin: Person) -> None:
    body = {"weekly_report": {"book_ids": [kim.book_id, robin.book_id]}}
    answer = problem(await kim.http.put(PATH, json=body), 422, "invalid_input")
    assert fields(answer) == {("weekly_report.book_ids", "unknown_book")}


async def test_mail_that_waits_follows_the_settings_and_the_time_zone(
    app: FastAPI, kim: Person, owner_database: Database
) -> None:
    await reachable(owner_database, kim)
    await tell(app, kim, Kind.BILL_DUE)
    await tell(app, kim, Kind.GOAL_REACHED)
    present = now()
    await tick(app, present)
    planned = await column(owner_database, kim, "mail_due_at")
    assert planned[0] == planned[1]
    assert (planned[0].hour, planned[0].minute) == (8, 0)
    assert present < planned[0] <= present + timedelta(days=1)

    expect(await kim.http.put(PATH, json={"channels": {"goal_reached": "off"}, "daily_digest": {"hour": 9}}), 200)
    assert [each.hour for each in await column(owner_database, kim, "mail_due_at")] == [9, 8]
    assert [each is not None for each in await column(owner_database, kim, "settled_at")] == [False, True]

    expect(await kim.http.patch("/users/me", json={"time_zone": "Asia/Tokyo"}), 200)
    (first, _) = await column(owner_database, kim, "mail_due_at")
    assert first.astimezone(UTC).hour == 0  # 09:00 in Tokyo
    assert first > datetime.now(UTC)

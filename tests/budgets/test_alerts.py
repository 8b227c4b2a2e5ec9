"""Alerts: told when a threshold is reached, once a period, and taken back when it is not reached any more."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.core.database import Database
from tests.budgets.helpers import budget, status, today_is, undo
from tests.people import Person, expect
from tests.security.household import join

TOLD = text(
    "SELECT key, title, body, data FROM notifications WHERE user_id = CAST(:user AS uuid) "
    "AND kind = 'budget_threshold' ORDER BY id"
)
KEPT = text(
    "SELECT period_start::text, threshold::text FROM budget_alerts WHERE book_id = CAST(:book AS uuid) ORDER BY 1, 2"
)


@pytest.fixture(autouse=True)
def in_march(monkeypatch: pytest.MonkeyPatch) -> None:
    today_is(monkeypatch, "2026-03-10")


async def told(owner: Database, person: Person) -> list[str]:
    """The thresholds that the person has notifications of."""
    async with owner.begin() as connection:
        rows = (await connection.execute(TOLD, {"user": person.user["id"]})).all()
    assert all(row.key.endswith(f":{row.data['period_start']}:{row.data['threshold']}") for row in rows)
    return [row.data["threshold"] for row in rows]


async def kept(owner: Database, person: Person) -> list[tuple[str, str]]:
    async with owner.begin() as connection:
        return [tuple(row) for row in (await connection.execute(KEPT, {"book": person.book_id})).all()]


def warned(answer: dict[str, Any]) -> list[str]:
    return [warning["threshold"] for warning in answer["warnings"]]


async def test_each_threshold_is_told_once_and_taken_back(kim: Person, owner_database: Database) -> None:
    account = await kim.account()
    here = {"account_id": account["id"], "date": "2026-03-05"}
    made = await budget(kim, "Fun", thresholds=["50", "80", "100"])
    assert warned(await kim.add(**here, amount="49.99")) == []
    half = await kim.add(**here, amount="0.01")
    assert half["warnings"] == [
        {
            "code": "budget_threshold", "budget_id": made["id"], "name": "Fun", "threshold": "50",
            "percent_used": "50.00", "period_start": "2026-03-01", "period_end": "2026-03-31",
            "detail": "Fun has reached 50 %: 50.00 of 100.00 EUR spent from 2026-03-01 to 2026-03-31.",
            "schedule_id": None, "due_on": None, "transaction_id": None,
        }
    ]  # fmt: skip
    assert warned(await kim.add(**here, amount="1")) == []
    much = await kim.add(**here, amount="60")
    assert warned(much) == ["100"]
    assert await told(owner_database, kim) == ["50", "100"]
    # An edit takes it back, and it may be told again; so do a deletion, an undo, and a raised amount.
    edited = expect(await kim.http.patch(f"/transactions/{much['id']}", json={"amount": "35"}), 200)
    assert warned(edited) == []
    assert await told(owner_database, kim) == ["50"]
    assert await kept(owner_database, kim) == [("2026-03-01", "50"), ("2026-03-01", "80")]
    again = expect(await kim.http.patch(f"/transactions/{much['id']}", json={"amount": "49"}), 200)
    assert warned(again) == ["100"]
    await undo(kim)
    assert await told(owner_database, kim) == ["50"]
    await undo(kim)
    assert await told(owner_database, kim) == ["50", "100"]
    expect(await kim.http.delete(f"/transactions/{much['id']}"), 204)
    assert await kept(owner_database, kim) == [("2026-03-01", "50")]
    expect(await kim.http.patch(f"/budgets/{made['id']}", json={"amount": "1000"}), 200)
    assert (await told(owner_database, kim), await kept(owner_database, kim)) == ([], [])
    await undo(kim)
    assert await told(owner_database, kim) == ["50"]
    expect(await kim.http.patch(f"/budgets/{made['id']}", json={"archived": True}), 200)
    assert (await told(owner_database, kim), await kept(owner_database, kim)) == ([], [])
    assert warned(await kim.add(**here, amount="900")) == []
    expect(await kim.http.patch(f"/budgets/{made['id']}", json={"archived": False}), 200)
    assert await told(owner_database, kim) == ["100"]
    expect(await kim.http.delete(f"/budgets/{made['id']}"), 204)
    assert (await told(owner_database, kim), await kept(owner_database, kim)) == ([], [])


async def test_the_period_before_is_warned_of_and_not_notified(
    kim: Person, owner_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await kim.account()
    await budget(kim)
    spent = await kim.add(account_id=account["id"], date="2026-02-28", amount="100")
    assert warned(spent) == ["100"]
    assert spent["warnings"][0]["period_start"] == "2026-02-01"
    assert await told(owner_database, kim) == []
    assert warned(await kim.add(account_id=account["id"], date="2026-01-31", amount="500")) == []
    assert len(await kept(owner_database, kim)) == 2
    today_is(monkeypatch, "2026-04-02")
    assert warned(await kim.add(account_id=account["id"], date="2026-04-01", amount="90")) == ["80"]
    assert await kept(owner_database, kim) == [("2026-04-01", "80")]
    assert await told(owner_database, kim) == ["80"]


async def test_a_carried_deficit_and_a_moved_category_reach_it_too(kim: Person, owner_database: Database) -> None:
    account, top, other = await kim.account(), await kim.category("Top"), await kim.category("Other")
    await budget(kim, category_ids=[top["id"]], rollover="deficit", thresholds=["100"])
    old = {"account_id": account["id"], "date": "2026-01-05"}
    assert warned(await kim.add(**old, amount="150", category_id=top["id"])) == []
    assert warned(await kim.add(account_id=account["id"], date="2026-03-05", amount="40", category_id=top["id"])) == []
    # January's rest of -250 is gone by March only in part: 100 - 250 + 100, then nothing is left.
    assert warned(await kim.add(**old, amount="200", category_id=top["id"])) == ["100"]
    await undo(kim)
    assert await told(owner_database, kim) == []
    await kim.add(account_id=account["id"], date="2026-03-05", amount="60", category_id=other["id"])
    expect(await kim.http.post(f"/categories/{other['id']}/move", json={"parent_id": top["id"]}), 200)
    assert await told(owner_database, kim) == ["100"]
    await undo(kim)
    assert await told(owner_database, kim) == []


async def test_two_writers_at_once_are_told_once(kim: Person, owner_database: Database) -> None:
    account = await kim.account()
    await budget(kim)
    answers = await asyncio.gather(
        *(kim.add(account_id=account["id"], date="2026-03-05", amount="30") for _ in range(4))
    )
    assert sorted(threshold for answer in answers for threshold in warned(answer)) == ["100", "80"]
    assert sorted(await told(owner_database, kim)) == ["100", "80"]


async def test_an_import_that_reaches_it_is_one_notification(kim: Person, owner_database: Database) -> None:
    account = await kim.account()
    await budget(kim)
    rows = "".join(f"2026-03-{day:02},-30.00,Shop {day}\n" for day in range(1, 10))
    file = {"file": ("bank.csv", f"Date,Amount,Payee\n{rows}".encode(), "text/csv")}
    preview = expect(await kim.http.post("/imports", files=file, data={"account_id": account["id"]}), 201)
    expect(await kim.http.post(f"/imports/{preview['id']}/commit"), 200)
    assert await told(owner_database, kim) == ["100"]
    expect(await kim.http.post(f"/imports/{preview['id']}/undo"), 200)
    assert await told(owner_database, kim) == []


async def test_nothing_is_left_of_nothing(kim: Person, owner_database: Database) -> None:
    """A budget of nothing is reached by the first cent; one with no thresholds by none."""
    account = await kim.account()
    made = await budget(kim, amount="0")
    assert (await status(kim, made, "2026-03-10"))["percent_used"] == "0.00"
    await budget(kim, amount="1", thresholds=[])
    spent = await kim.add(account_id=account["id"], date="2026-03-05", amount="0.01")
    assert [(w["threshold"], w["percent_used"]) for w in spent["warnings"]] == [("100", None)]


async def test_who_does_not_see_an_account_is_told_nothing_of_it(
    app: FastAPI, kim: Person, robin: Person, owner_database: Database
) -> None:
    shared = await kim.account("Joint")
    private = await kim.account("Own", visibility="private")
    await join(owner_database, kim.book_id, robin, "editor")
    mine = await budget(kim, "Mine", account_ids=[private["id"], shared["id"]], thresholds=["50"])
    ours = await budget(kim, "Ours", thresholds=["100"])
    for path in (f"/budgets/{mine['id']}", f"/budgets/{mine['id']}/status", f"/budgets/{mine['id']}/amounts"):
        assert (await robin.get(path)).status_code == 404
    assert [item["id"] for item in (await robin.read("/budgets"))["items"]] == [ours["id"]]
    await kim.add(account_id=private["id"], date="2026-03-05", amount="40")
    assert (await status(kim, ours, "2026-03-10"))["spent"] == "0.00"
    # What Robin spends counts in a budget that Robin does not see, and its members are told.
    spent = await robin.add(account_id=shared["id"], date="2026-03-05", amount="15")
    assert spent["warnings"] == []
    assert await told(owner_database, kim) == ["50"]
    assert await told(owner_database, robin) == []
    for person in (kim, robin):
        assert (await status(person, ours, "2026-03-10"))["spent"] == "15.00"
    assert (await status(kim, mine, "2026-03-10"))["spent"] == "55.00"
    spent = await robin.add(account_id=shared["id"], date="2026-03-05", amount="85")
    assert warned(spent) == ["100"]
    assert await told(owner_database, robin) == ["100"]
    events = (await robin.read(f"/books/{kim.book_id}/activity", limit=100))["items"]
    assert mine["id"] not in str(events)
    assert private["id"] not in str(events)
    expect(await kim.http.patch(f"/budgets/{ours['id']}", json={"archived": True}), 200)
    assert await robin.read("/budgets/status", date="2026-03-10") == {
        "date": "2026-03-10", "currency": "EUR", "items": [], "next_cursor": None, "total": 0,
    }  # fmt: skip
    await robin.add(account_id=shared["id"], date="2026-03-05", amount="1")  # only a hidden budget is left to look at
    robin.http.headers.pop("X-Book-Id")


async def test_an_undo_takes_back_what_was_told_of_a_budget(kim: Person, owner_database: Database) -> None:
    account = await kim.account()
    await kim.add(account_id=account["id"], date="2026-03-05", amount="90")
    made = await budget(kim, "Fun")
    assert await told(owner_database, kim) == ["80"]
    await undo(kim)
    assert await told(owner_database, kim) == []
    await undo(kim)
    assert await told(owner_database, kim) == ["80"]
    expect(await kim.http.delete(f"/budgets/{made['id']}"), 204)
    assert await told(owner_database, kim) == []
    await undo(kim)
    assert await told(owner_database, kim) == ["80"]


async def test_a_merged_tag_reaches_it_too(kim: Person, owner_database: Database) -> None:
    account = await kim.account()
    trip, journey = [expect(await kim.http.post("/tags", json={"name": name}), 201) for name in ("trip", "journey")]
    await budget(kim, "Trip", tag_ids=[trip["id"]])
    await kim.add(account_id=account["id"], date="2026-03-05", amount="90", tags=["journey"])
    assert await told(owner_database, kim) == []
    expect(await kim.http.post(f"/tags/{trip['id']}/merge", json={"tag_ids": [journey["id"]]}), 200)
    assert await told(owner_database, kim) == ["80"]
    await undo(kim)
    assert await told(owner_database, kim) == []

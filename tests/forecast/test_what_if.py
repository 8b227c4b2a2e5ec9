"""What would be if: computed in the request, and nothing of it is kept."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from tests.conftest import Unchanged
from tests.forecast.books import Document, at, check, line, spend_monthly
from tests.people import Person, expect, fields, problem
from tests.schedules.clock import Clock, schedule


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(monkeypatch)
    clock.set("2026-02-10")
    return clock


async def ask(person: Person, *changes: Document, **more: Any) -> Document:
    body = {"months": 3, "points": "monthly", "changes": list(changes), **more}
    found: Document = expect(await person.http.post("/forecast/what-if", json=body), 200)
    check(found["baseline"])
    check(found["scenario"])
    return found


def end(found: Document, account: Document) -> tuple[str, str, str]:
    """On the last day: as it is, as it would be, and the difference."""
    before, after = (line(found[name], account)["end"]["expected"] for name in ("baseline", "scenario"))
    (change,) = (each for each in found["difference"] if each["account_id"] == account["id"])
    last = change["points"][-1]
    assert Decimal(last["expected"]) == Decimal(after) - Decimal(before)
    assert last["date"] == found["baseline"]["to"]
    return before, after, last["expected"]


async def test_assumptions(kim: Person, clock: Clock, unchanged: Unchanged) -> None:
    bank = await kim.account("Bank", opening_balance="1000.00", opening_date="2025-01-01")
    savings = await kim.account("Savings", type="savings")
    home, food = await kim.category("Our home"), await kim.category("Our food")
    await spend_monthly(kim, bank, home, date(2026, 1, 15), ["50.00"] * 13)
    parts = [{"category_id": home["id"], "amount": "40.00"}, {"category_id": food["id"], "amount": "20.00"}]
    rent = await schedule(kim, bank, template={"splits": parts}, amount="60.00")
    moved = {"type": "transfer", "to_account_id": savings["id"]}
    await schedule(kim, bank, name="Savings", template=moved, amount="10.00", rrule="FREQ=MONTHLY;BYMONTHDAY=20")
    spent = {"name": "Food", "amount": "30.00", "period": "monthly", "start_date": "2026-03-01"}
    expect(await kim.http.post("/budgets", json={**spent, "category_ids": [food["id"]]}), 201)
    base = {"type": "one_off", "account_id": bank["id"], "date": "2026-03-10"}
    async with unchanged(kim):
        # 1000 - 13 * 50 = 350 now; - 3 * 60 rent - 3 * 10 savings; home habit 50 - 40 = 10 a month over February's
        # 18 / 28, two months and 10 / 31: 29.65; food 30 - 20 = 10 in March, in April, and 10 * 10 / 31 in May: 23.23.
        found = await ask(kim, {**base, "amount": "-100.00", "name": "Sofa"})
        assert end(found, bank) == ("87.12", "-12.88", "-100.00")
        assert line(found["scenario"], bank)["first_below"]["expected"] is not None
        assert line(found["baseline"], bank)["first_below"]["expected"] is None
        names = {each["name"]: each["source"] for each in line(found["scenario"], bank)["sources"]}
        assert names["Sofa"] == "what_if"
        assert at(line(found["scenario"], bank), "2026-03-10")["date"] == "2026-03-10"

        # In a budgeted category it takes from what the budget leaves: March has only 10.00 left to take.
        found = await ask(kim, {**base, "amount": "-100.00", "category_id": food["id"]})
        assert end(found, bank)[2] == "-90.00"
        # Both sides of a transfer.
        found = await ask(kim, {**base, "amount": "-100.00", "to_account_id": savings["id"]})
        assert (end(found, bank)[2], end(found, savings)[2]) == ("-100.00", "100.00")
        # Again and again: on the 1st of March, April and May; from a day on: April and May.
        again = {"type": "recurring", "account_id": bank["id"], "amount": "7.00", "rrule": "FREQ=MONTHLY;BYMONTHDAY=1"}
        assert end(await ask(kim, again), bank)[2] == "21.00"
        assert end(await ask(kim, {**again, "starts_on": "2026-03-02"}), bank)[2] == "14.00"
        # Without the rent: what it explained does not come back as a habit. Food's budget has 30.00 to spend again.
        gone = {"type": "remove_schedule", "schedule_id": rent["id"]}
        # 3 * 60 less, and 20 + 20 + 20 * 10 / 31 (6.45) more for food
        assert end(await ask(kim, gone), bank)[2] == "133.55"
        assert end(await ask(kim, {**gone, "from": "2026-05-01"}, budgets=False), bank)[2] == "60.00"
        # Of 90.00 the parts are 60.00 and 30.00: food's budget has nothing left.
        dearer = {"type": "change_amount", "schedule_id": rent["id"], "amount": "90.00"}
        # 3 * 30 more; 10 + 10 + 10 * 10 / 31 (3.23) less
        assert end(await ask(kim, dearer), bank)[2] == "-66.77"
        assert end(await ask(kim, {**dearer, "from": "2026-05-01"}, budgets=False), bank)[2] == "-30.00"
        start = {"type": "balance", "account_id": bank["id"], "balance": "0.00"}
        found = await ask(kim, start, again)
        assert line(found["scenario"], bank)["balance"] == "0.00"
        assert end(found, bank)[2] == "-329.00"
        found = await ask(kim, {**base, "amount": "-1.00"}, rest=False, budgets=False, account_ids=[savings["id"]])
        assert [each["name"] for each in found["scenario"]["accounts"]] == ["Savings"]
        assert end(found, savings) == ("30.00", "30.00", "0.00")
        # As every POST it takes an Idempotency-Key.
        key = {"Idempotency-Key": "what-if"}
        body = {"months": 1, "changes": [start]}
        first = await kim.http.post("/forecast/what-if", json=body, headers=key)
        assert (await kim.http.post("/forecast/what-if", json=body, headers=key)).content == first.content


async def test_transfers_scale_on_both_sides(kim: Person, clock: Clock) -> None:
    bank, dollars = await kim.account("Bank"), await kim.account("Dollars", currency="USD")
    moved = {"type": "transfer", "to_account_id": dollars["id"], "to_amount": "33.00"}
    made = await schedule(kim, bank, name="Abroad", template=moved, amount="30.00", rrule="FREQ=MONTHLY;BYMONTHDAY=1")
    found = await ask(kim, {"type": "change_amount", "schedule_id": made["id"], "amount": "10.00"})
    assert end(found, bank) == ("-90.00", "-30.00", "60.00")
    assert end(found, dollars) == ("99.00", "33.00", "-66.00")


async def test_a_viewer_may_ask_and_a_stranger_sees_nothing(kim: Person, robin: Person, clock: Clock) -> None:
    bank = await kim.account("Bank")
    change = {"type": "balance", "account_id": bank["id"], "balance": "1.00"}
    answer = await robin.http.post("/forecast/what-if", json={"changes": [change]})
    assert fields(problem(answer, 422, "invalid_input")) == {("changes.0.account_id", "unknown_account")}


ONCE = {"type": "one_off", "amount": "1", "date": "2026-03-01"}
BAD: list[tuple[Document, str, str]] = [
    ({"type": "one_off", "amount": "1.00", "date": "2026-02-09"}, "date", "outside_forecast"),
    ({"type": "one_off", "amount": "1.00", "date": "2026-05-11"}, "date", "outside_forecast"),
    ({"type": "one_off", "amount": "1.001", "date": "2026-03-01"}, "amount", "too_many_decimals"),
    ({**ONCE, "category_id": "?"}, "category_id", "unknown_category"),
    ({**ONCE, "account_id": "?"}, "account_id", "unknown_account"),
    (
        {**ONCE, "to_account_id": "?"},
        "to_account_id",
        "unknown_account",
    ),
    (
        {**ONCE, "to_account_id": "yen"},
        "to_account_id",
        "currencies_differ",
    ),
    (
        {**ONCE, "to_account_id": "bank"},
        "to_account_id",
        "not_a_transfer",
    ),
    ({"type": "balance", "balance": "1", "account_id": "old"}, "account_id", "unknown_account"),
    ({"type": "balance", "balance": "1.5", "account_id": "yen"}, "balance", "too_many_decimals"),
    ({"type": "recurring", "amount": "1", "rrule": "FREQ=HOURLY"}, "rrule", "too_often"),
    ({"type": "recurring", "amount": "1", "rrule": "\u0000"}, "rrule", "bad_rrule"),
    ({"type": "remove_schedule", "schedule_id": "?"}, "schedule_id", "nothing_planned"),
    ({"type": "change_amount", "schedule_id": "?", "amount": "1"}, "schedule_id", "nothing_planned"),
    ({"type": "change_amount", "schedule_id": "nil", "amount": "1"}, "schedule_id", "no_amount"),
]


async def test_assumptions_that_cannot_be_made(kim: Person, clock: Clock) -> None:
    accounts = {
        "bank": await kim.account("Bank"),
        "yen": await kim.account("Yen", currency="JPY"),
        "old": await kim.account("Old"),
    }
    expect(await kim.http.patch(f"/accounts/{accounts['old']['id']}", json={"archived": True}), 200)
    parts = [{"account_id": accounts["bank"]["id"], "amount": amount, "role": "flow"} for amount in ("5.00", "-5.00")]
    template = {"type": "journal", "postings": parts}
    body = {"name": "Round", "template": template, "rrule": "FREQ=MONTHLY;BYMONTHDAY=1", "starts_on": "2026-01-01"}
    made = await kim.http.post("/schedules", json=body)
    ids = {name: account["id"] for name, account in accounts.items()} | {"nil": expect(made, 201)["id"]}
    for change, field, code in BAD:
        whole = {"account_id": "bank", **change} if "schedule_id" not in change else change
        body = {name: ids.get(value, str(uuid4())) if name.endswith("_id") else value for name, value in whole.items()}
        answer = await kim.http.post("/forecast/what-if", json={"changes": [body]})
        assert fields(problem(answer, 422, "invalid_input")) == {(f"changes.0.{field}", code)}, change
    bad_bodies: list[Document] = [{"changes": []}, {"changes": [{"type": "magic"}]}, {"changes": [body] * 21}, {}]
    for wrong in bad_bodies:
        problem(await kim.http.post("/forecast/what-if", json=wrong), 422, "invalid_input")
    days = {
        "months": 24,
        "points": "daily",
        "changes": [{"type": "balance", "account_id": ids["bank"], "balance": "1"}],
    }
    answer = await kim.http.post("/forecast/what-if", json=days)
    assert fields(problem(answer, 422, "invalid_input")) == {("points", "too_many_points")}

"""Envelopes: money set aside, moved and spent, and what is in none of them."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from app.core.database import Database
from tests.budgets.helpers import assign, budget, figures, status, today_is, undo
from tests.conftest import Unchanged
from tests.people import Person, expect, fields, problem
from tests.security.household import join


@pytest.fixture(autouse=True)
def in_march(monkeypatch: pytest.MonkeyPatch) -> None:
    today_is(monkeypatch, "2026-03-10")


async def envelopes(person: Person, date: str) -> tuple[str, str, str]:
    """What there is, what is in the envelopes, what is in none; the first is the sum of the others."""
    found = await person.read("/budgets/envelopes", date=date)
    assert Decimal(found["money"]) == Decimal(found["assigned"]) + Decimal(found["unassigned"])
    assert sum(Decimal(item["remaining"]) for item in found["items"]) == Decimal(found["assigned"])
    return found["money"], found["assigned"], found["unassigned"]


async def move(person: Person, source: dict[str, Any], target: dict[str, Any], amount: str, date: str) -> Any:
    body = {"from": source["id"], "to": target["id"], "amount": amount, "date": date}
    return await person.http.post("/budgets/move", json=body)


async def test_money_is_assigned_spent_and_moved(kim: Person) -> None:
    account = await kim.account(opening_balance="1000", opening_date="2026-01-01")
    card = await kim.account("Card", type="credit_card")
    await kim.account("Shares", type="investment", opening_balance="5000", opening_date="2026-01-01")
    await kim.account("Dollars", currency="USD", opening_balance="7", opening_date="2026-01-01")
    food, fun = await kim.category("My food"), await kim.category("My fun")
    eating = await budget(kim, "Eating", kind="envelope", category_ids=[food["id"]])
    playing = await budget(kim, "Playing", kind="envelope", category_ids=[fun["id"]], amount="30")
    assert (eating["rollover"], eating["kind"]) == ("both", "envelope")
    assert await envelopes(kim, "2026-01-05") == ("1000.00", "0.00", "1000.00")
    await assign(kim, eating, "300", "2026-01-05")
    await assign(kim, playing, "50", "2026-01-06")
    assert await envelopes(kim, "2026-01-05") == ("1000.00", "300.00", "700.00")
    assert await envelopes(kim, "2026-01-06") == ("1000.00", "350.00", "650.00")
    # Spending from an envelope leaves what is in none, on whichever account; other spending and income change it.
    await kim.add(account_id=account["id"], date="2026-01-10", amount="80", category_id=food["id"])
    await kim.add(account_id=card["id"], date="2026-01-11", amount="20", category_id=food["id"])
    assert await envelopes(kim, "2026-01-11") == ("900.00", "250.00", "650.00")
    await kim.add(account_id=account["id"], date="2026-01-12", amount="5")
    await kim.add(account_id=account["id"], date="2026-01-12", amount="100", type="income")
    assert await envelopes(kim, "2026-01-31") == ("995.00", "250.00", "745.00")
    assert await envelopes(kim, "2026-01-10") == ("920.00", "270.00", "650.00")
    moved = expect(await move(kim, eating, playing, "150", "2026-01-31"), 201)
    assert [(item["budget_id"], item["amount"]) for item in moved["items"]] == [
        (eating["id"], "-150.00"), (playing["id"], "150.00"),
    ]  # fmt: skip
    assert {item["move_id"] for item in moved["items"]} == {moved["move_id"]}
    assert await envelopes(kim, "2026-02-01") == ("995.00", "250.00", "745.00")
    shown = await status(kim, playing, "2026-02-01")
    assert figures(shown, "amount", "target", "carried", "remaining") == ("0.00", "30.00", "200.00", "200.00")
    await undo(kim)
    assert (await status(kim, playing, "2026-02-01"))["carried"] == "50.00"
    assert (await status(kim, eating, "2026-02-01"))["carried"] == "200.00"
    # An overspent envelope carries that on; without a rollover what was in it is in none again.
    await kim.add(account_id=account["id"], date="2026-02-03", amount="90", category_id=fun["id"])
    assert (await status(kim, playing, "2026-03-01"))["carried"] == "-40.00"
    assert await envelopes(kim, "2026-03-01") == ("905.00", "160.00", "745.00")
    expect(await kim.http.patch(f"/budgets/{playing['id']}", json={"rollover": "none"}), 200)
    assert await envelopes(kim, "2026-03-01") == ("905.00", "200.00", "705.00")
    expect(await kim.http.delete(f"/budgets/{eating['id']}"), 204)
    assert await envelopes(kim, "2026-03-01") == ("905.00", "0.00", "905.00")
    await undo(kim)
    assert await envelopes(kim, "2026-03-01") == ("905.00", "200.00", "705.00")
    found = await kim.read("/budgets/envelopes")
    assert found["unconverted"] == [{"currency": "USD", "amount": "7.00"}]


async def test_what_cannot_be_moved(kim: Person, robin: Person, unchanged: Unchanged) -> None:
    limit = await budget(kim)
    one, two = [await budget(kim, name, kind="envelope", end_date="2026-12-31") for name in ("One", "Two")]
    gone = await budget(kim, kind="envelope")
    expect(await kim.http.patch(f"/budgets/{gone['id']}", json={"archived": True}), 200)
    foreign = await budget(robin, kind="envelope")
    await assign(kim, one, "10", "2026-03-01")
    async with unchanged(kim):
        for source, target, amount, code, status_code in (
            (one, two, "10.01", "not_enough_in_envelope", 409),
            (one, one, "1", "invalid_input", 422),
            (one, two, "0", "invalid_input", 422),
            (one, two, "-1", "invalid_input", 422),
            (one, two, "0.001", "invalid_input", 422),
            (one, limit, "1", "not_an_envelope", 409),
            (one, gone, "1", "budget_archived", 409),
            (one, foreign, "1", "budget_not_found", 404),
        ):
            problem(await move(kim, source, target, amount, "2026-03-01"), status_code, code)
        answer = problem(await move(kim, one, two, "1", "2027-01-01"), 422, "invalid_input")
        assert fields(answer) == {("date", "after_budget")}
        body = {"amount": "-10.01", "date": "2026-03-01"}
        problem(await kim.http.post(f"/budgets/{one['id']}/assign", json=body), 409, "not_enough_in_envelope")
        problem(await kim.http.post(f"/budgets/{one['id']}/assign", json={"amount": "0"}), 422, "invalid_input")
        problem(await kim.http.get("/budgets/move"), 405, "method_not_allowed")
    answers = await asyncio.gather(*(move(kim, one, two, "6", "2026-03-01") for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    put = expect(await kim.http.post(f"/budgets/{one['id']}/assign", json={"amount": "-4"}), 201)
    assert figures(put, "amount", "date", "move_id") == ("-4.00", "2026-03-10", None)
    assert (await status(kim, one, "2026-03-10"))["remaining"] == "0.00"


async def test_assignments_are_listed_page_by_page(kim: Person) -> None:
    made = await budget(kim, kind="envelope")
    for day in range(1, 6):
        await assign(kim, made, str(day), f"2026-03-0{(day + 1) // 2}")
    url = f"/budgets/{made['id']}/assignments"
    found: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = await kim.read(url, limit=2, **cursor)
        found += [item["amount"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == ["5.00", "4.00", "3.00", "2.00", "1.00"]
    problem(await kim.get(url, cursor="WyItZGF0ZSIsIngiLCJ5Il0"), 422, "invalid_input")
    problem(await kim.get(url, cursor="x"), 422, "invalid_input")


async def test_a_private_account_is_in_no_envelope(kim: Person, robin: Person, owner_database: Database) -> None:
    """Members who see different accounts see the same sums."""
    shared = await kim.account("Joint", opening_balance="100", opening_date="2026-01-01")
    private = await kim.account("Own", opening_balance="1000", opening_date="2026-01-01", visibility="private")
    await join(owner_database, kim.book_id, robin, "editor")
    ours = await budget(kim, "Ours", kind="envelope", account_ids=[shared["id"]])
    mine = await budget(kim, "Mine", kind="envelope", account_ids=[private["id"]])
    await assign(kim, ours, "30", "2026-03-01")
    await assign(kim, mine, "500", "2026-03-01")
    for person in (kim, robin):
        assert await envelopes(person, "2026-03-10") == ("100.00", "30.00", "70.00")
    expect(await move(kim, mine, ours, "5", "2026-03-01"), 201)
    for person in (kim, robin):
        assert (await status(person, ours, "2026-03-01"))["amount"] == "35.00"
    listed = (await robin.read(f"/budgets/{ours['id']}/assignments"))["items"]
    assert [item["amount"] for item in listed] == ["5.00", "30.00"]
    assert mine["id"] not in str((await robin.read(f"/books/{kim.book_id}/activity"))["items"])
    robin.http.headers.pop("X-Book-Id")

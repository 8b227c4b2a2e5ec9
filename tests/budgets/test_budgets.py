"""Budgets over HTTP: what they are, how they stand, and what is refused."""

import asyncio
from datetime import date
from typing import Any

import pytest

from tests.budgets.helpers import budget, figures, status, today_is, undo
from tests.conftest import Unchanged
from tests.people import Person, expect, fields, problem

UNKNOWN = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"
SHOWN = ("period_start", "period_end", "amount", "carried", "spent", "remaining", "percent_used")


@pytest.fixture(autouse=True)
def in_march(monkeypatch: pytest.MonkeyPatch) -> None:
    today_is(monkeypatch, "2026-03-10")


async def test_creating_answers_the_budget_with_location_and_etag(kim: Person) -> None:
    food = await kim.category()
    body = {
        "id": UNKNOWN, "name": " Food ", "amount": "500", "period": "monthly", "start_date": "2026-01-23",
        "category_ids": [food["id"]], "thresholds": ["100", "50.5"], "rollover": True, "notes": "n", "sort": 3,
    }  # fmt: skip
    answer = await kim.http.post("/budgets", json=body)
    made = expect(answer, 201)
    assert answer.headers["location"] == f"/api/v1/budgets/{UNKNOWN}"
    assert answer.headers["etag"] == f'"{made["revision"]}"'
    wanted = {
        **body, "name": "Food", "amount": "500.00", "currency": "EUR", "every": 1, "unit": "month",
        "thresholds": ["50.5", "100"], "rollover": "both", "rollover_since": "2026-01-23", "kind": "limit",
        "account_ids": [], "tag_ids": [], "end_date": None, "group_id": None, "archived_at": None,
    }  # fmt: skip
    assert wanted.items() <= made.items()
    read = await kim.get(f"/budgets/{UNKNOWN}")
    assert (read.json(), read.headers["etag"]) == (made, answer.headers["etag"])
    assert (await kim.read("/budgets"))["items"] == [made]
    problem(await kim.http.post("/budgets", json=body), 409, "id_taken")


async def test_how_it_stands(kim: Person) -> None:
    """Refunds lower the spending, what is below a category counts, transfers and income do not."""
    account, savings = await kim.account(), await kim.account("Savings", type="savings")
    home = await kim.category("My home")
    energy = await kim.category("My energy", parent_id=home["id"])
    other = await kim.category("My other")
    made = await budget(kim, category_ids=[energy["id"], home["id"]], amount="200")
    here = {"account_id": account["id"], "date": "2026-03-02"}
    await kim.add(**here, amount="60", category_id=energy["id"])
    await kim.add(**here, amount="50", splits=[
        {"amount": "20", "category_id": home["id"]}, {"amount": "30", "category_id": other["id"]},
    ])  # fmt: skip
    await kim.add(**here, type="income", amount="10", category_id=energy["id"])
    await kim.add(**here, type="income", amount="999")
    await kim.add(**here, type="transfer", to_account_id=savings["id"], amount="500", fee_amount="1")
    await kim.add(account_id=account["id"], date="2026-02-28", amount="77", category_id=home["id"])
    found = await status(kim, made, "2026-03-31")
    assert figures(found, *SHOWN) == ("2026-03-01", "2026-03-31", "200.00", "0.00", "70.00", "130.00", "35.00")
    assert found["pace"] == {
        "days": 31, "days_passed": 10, "allowed_per_day": "6.45", "actual_per_day": "7.00", "left_per_day": "6.19",
        "expected_spent": "217.00",
    }  # fmt: skip
    assert found["alerts"] == []
    everything = await budget(kim, "Everything", amount="100")
    whole = await status(kim, everything, "2026-03-01")
    assert figures(whole, "spent", "remaining", "percent_used") == ("101.00", "-1.00", "101.00")
    assert whole["alerts"] == [{"threshold": "80"}, {"threshold": "100"}]
    expect(await kim.http.post(f"/categories/{other['id']}/move", json={"parent_id": home["id"]}), 200)
    assert (await status(kim, made, "2026-03-01"))["spent"] == "100.00"
    listed = await kim.read("/budgets/status", date="2026-03-31")
    assert [item["name"] for item in listed["items"]] == ["Budget", "Everything"]
    assert listed["items"][0] == await status(kim, made, "2026-03-31")


async def test_accounts_tags_and_currencies(kim: Person) -> None:
    account, card, dollars = (
        await kim.account(), await kim.account("Card", type="credit_card"), await kim.account("USD", currency="USD"),
    )  # fmt: skip
    food = await kim.category()
    for place, each in enumerate((account, card, dollars)):
        await kim.add(account_id=each["id"], date="2026-03-01", amount=f"{10 + place}", category_id=food["id"],
                      tags=["holiday"] if place else [])  # fmt: skip
    await kim.add(account_id=card["id"], date="2026-03-02", amount="5", tags=["holiday", "sun"])
    await kim.add(account_id=card["id"], date="2026-03-02", amount="3", type="income", tags=["holiday"])
    await kim.add(account_id=card["id"], date="2026-02-28", amount="8", category_id=food["id"], tags=["sun"])
    tags = {tag["name"]: tag["id"] for tag in (await kim.read("/tags"))["items"]}
    foreign = [{"currency": "USD", "amount": "12.00"}]
    cases: tuple[tuple[dict[str, Any], str, Any], ...] = (
        ({"category_ids": [food["id"]]}, "21.00", foreign),
        ({"category_ids": [food["id"]], "account_ids": [card["id"]]}, "11.00", []),
        ({"account_ids": [card["id"], account["id"]]}, "26.00", []),
        ({"tag_ids": [tags["holiday"], tags["sun"]]}, "16.00", foreign),
        ({"tag_ids": [tags["sun"]], "account_ids": [card["id"]]}, "5.00", []),
        ({"tag_ids": [tags["holiday"]], "category_ids": [food["id"]]}, "11.00", foreign),
    )
    for options, spent, unconverted in cases:
        made = await budget(kim, **options)
        found = await status(kim, made, "2026-03-31")
        assert (found["spent"], found["unconverted"]) == (spent, unconverted), options
    carried = await budget(kim, tag_ids=[tags["sun"]], rollover="surplus")
    assert (await status(kim, carried, "2026-03-31"))["carried"] == "192.00"


async def test_amounts_from_a_period_on_leave_the_past_as_it_was(kim: Person) -> None:
    made = await budget(kim, amount="100", start_date="2026-01-31", rollover="surplus")
    path = f"/budgets/{made['id']}/amounts"
    answer = expect(await kim.http.post(path, json={"from": "2026-03-30", "amount": "50"}), 201)
    assert (answer["from"], answer["amount"]) == ("2026-02-28", "50.00")
    again = expect(await kim.http.post(path, json={"from": "2026-03-01", "amount": "60.5"}), 201)
    assert again["id"] == answer["id"]
    later = expect(await kim.http.post(path, json={"from": "2026-04-30", "amount": "0"}), 201)
    expected = [("2026-01-31", "100.00"), ("2026-02-28", "60.50"), ("2026-04-30", "0.00")]
    listed = (await kim.read(path))["items"]
    assert [(item["from"], item["amount"]) for item in listed] == expected
    periods = (await kim.read(f"/budgets/{made['id']}/history", date="2026-05-01"))["items"]
    assert [figures(p, "period_start", "period_end", "amount", "carried") for p in periods] == [
        ("2026-04-30", "2026-05-30", "0.00", "221.00"),
        ("2026-03-31", "2026-04-29", "60.50", "160.50"),
        ("2026-02-28", "2026-03-30", "60.50", "100.00"),
        ("2026-01-31", "2026-02-27", "100.00", "0.00"),
    ]
    patched = expect(await kim.http.patch(f"/budgets/{made['id']}", json={"amount": "70"}), 200)
    assert patched["amount"] == "70.00"
    assert (await status(kim, made, "2026-02-01"))["amount"] == "100.00"
    assert (await status(kim, made, "2026-03-01"))["amount"] == "70.00"
    await undo(kim)
    assert (await status(kim, made, "2026-03-01"))["amount"] == "60.50"
    expect(await kim.http.delete(f"{path}/{later['id']}"), 204)
    assert (await status(kim, made, "2026-05-01"))["amount"] == "60.50"
    await undo(kim)
    assert [(i["from"], i["amount"]) for i in (await kim.read(path))["items"]] == expected
    problem(await kim.http.delete(f"{path}/{listed[0]['id']}"), 409, "first_amount")
    problem(await kim.http.delete(f"{path}/{UNKNOWN}"), 404, "budget_amount_not_found")
    problem(await kim.http.post(path, json={"from": "2026-01-30", "amount": "1"}), 422, "invalid_input")


async def test_changing_and_deleting_and_undoing_it(kim: Person, unchanged: Unchanged) -> None:
    food, account = await kim.category(), await kim.account()
    await kim.add(account_id=account["id"], tags=["sun"])
    tag = (await kim.read("/tags"))["items"][0]
    group = expect(await kim.http.post("/budget-groups", json={"name": "Home"}), 201)
    made = await budget(kim, thresholds=[])
    url = f"/budgets/{made['id']}"
    change: dict[str, Any] = {
        "name": "New", "category_ids": [food["id"]], "account_ids": [account["id"]], "tag_ids": [tag["id"]],
        "thresholds": None, "group_id": group["id"], "end_date": "2026-12-31", "archived": True,
    }  # fmt: skip
    changed = expect(await kim.http.patch(url, json=change, headers={"If-Match": f'"{made["revision"]}"'}), 200)
    assert (changed["thresholds"], changed["group_id"]) == (["80", "100"], group["id"])
    assert changed["archived_at"]
    problem(await kim.http.patch(url, json={"name": "x"}, headers={"If-Match": '"1"'}), 412, "revision_mismatch")
    assert (await kim.read("/budgets", archived=False))["items"] == []
    assert (await kim.read("/budgets", group_id=group["id"]))["items"] == [changed]
    assert (await kim.read("/budgets/status"))["items"] == []
    await undo(kim)
    back = await kim.read(url)
    assert {**back, "revision": 0, "updated_at": 0} == {**made, "revision": 0, "updated_at": 0}
    replaced = expect(
        await kim.http.put(url, json={"name": "Put", "amount": "1", "period": "monthly", "start_date": "2026-01-01"}),
        200,
    )
    assert figures(replaced, "name", "amount", "thresholds", "rollover") == ("Put", "1.00", ["80", "100"], "none")
    expect(await kim.http.patch(url, json={"category_ids": [food["id"]]}), 200)
    async with unchanged(kim):
        problem(await kim.http.delete(f"/categories/{food['id']}"), 409, "category_in_use")
    expect(await kim.http.delete(url), 204)
    problem(await kim.get(url), 404, "budget_not_found")
    problem(await kim.get(f"{url}/status"), 404, "budget_not_found")
    await undo(kim)
    assert (await kim.read(f"{url}/amounts"))["total"] == 2
    expect(await kim.http.delete(url), 204)
    expect(await kim.http.delete(f"/categories/{food['id']}"), 204)


async def test_periods_are_cut_anew_only_at_the_beginning(kim: Person) -> None:
    made = await budget(kim, start_date="2026-03-05")
    url = f"/budgets/{made['id']}"
    changed = expect(await kim.http.patch(url, json={"start_date": "2026-03-06", "period": "biweekly"}), 200)
    assert figures(changed, "every", "unit", "rollover_since") == (2, "week", "2026-03-06")
    found = await status(kim, made, "2026-04-17")
    assert figures(found, "period_start", "period_end") == ("2026-04-17", "2026-04-30")
    await undo(kim)
    assert (await kim.read(f"{url}/amounts"))["items"][0]["from"] == "2026-03-05"
    custom = {"period": "custom", "every": 10, "unit": "day"}
    assert expect(await kim.http.patch(url, json=custom), 200)["every"] == 10
    assert expect(await kim.http.patch(url, json={"every": 45}), 200)["unit"] == "day"
    found = await status(kim, made, "2026-04-19")
    assert figures(found, "period_start", "period_end") == ("2026-04-19", "2026-06-02")
    expect(await kim.http.post(f"{url}/amounts", json={"from": "2026-06-30", "amount": "9"}), 201)
    problem(await kim.http.patch(url, json={"period": "monthly"}), 409, "budget_begun")
    old = await budget(kim, start_date="2026-01-01")
    problem(await kim.http.patch(f"/budgets/{old['id']}", json={"start_date": "2026-01-02"}), 409, "budget_begun")


async def test_rollover_counts_from_the_period_in_which_it_changed(kim: Person) -> None:
    account = await kim.account()
    made = await budget(kim, amount="100")
    await kim.add(account_id=account["id"], date="2026-01-10", amount="130")
    await kim.add(account_id=account["id"], date="2026-03-10", amount="30")
    url = f"/budgets/{made['id']}"
    assert (await status(kim, made, "2026-04-01"))["carried"] == "0.00"
    changed = expect(await kim.http.patch(url, json={"rollover": "both"}), 200)
    assert changed["rollover_since"] == "2026-03-01"
    assert (await status(kim, made, "2026-05-01"))["carried"] == "170.00"
    expect(await kim.http.patch(url, json={"rollover_since": "2026-01-01"}), 200)
    for rollover, carried in (("both", "240.00"), ("surplus", "270.00"), ("deficit", "0.00")):
        expect(await kim.http.patch(url, json={"rollover": rollover, "rollover_since": "2026-01-01"}), 200)
        assert (await status(kim, made, "2026-05-01"))["carried"] == carried
    assert (await status(kim, made, "2026-02-01"))["carried"] == "-30.00"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"amount": "-1"}, {("amount", "value_error")}),
        ({"amount": "1.001"}, {("amount", "too_many_decimals")}),
        ({"amount": "1" * 16}, {("amount", "value_error")}),
        ({"name": " \x00 "}, {("name", "value_error")}),
        ({"period": "custom"}, {("every", "missing"), ("unit", "missing")}),
        ({"every": 2}, {("every", "only_custom")}),
        ({"period": "custom", "every": 0, "unit": "day"}, {("every", "greater_than_equal")}),
        ({"end_date": "2025-12-31"}, {("end_date", "before_start")}),
        ({"rollover_since": "2025-12-31"}, {("rollover_since", "before_start")}),
        ({"thresholds": ["0.5"]}, {("thresholds.0", "value_error")}),
        ({"thresholds": ["80", "80.0"]}, {("thresholds", "value_error")}),
        ({"thresholds": [str(n) for n in range(1, 12)]}, {("thresholds", "too_long")}),
        ({"rollover": "all"}, {("rollover", "literal_error")}),
        ({"category_ids": [UNKNOWN, UNKNOWN]}, {("category_ids", "value_error")}),
        ({"color": "red"}, {("color", "extra_forbidden")}),
    ],
)
async def test_bad_input_is_named_and_changes_nothing(
    kim: Person, unchanged: Unchanged, body: dict[str, Any], found: set[tuple[str, str]]
) -> None:
    whole = {"name": "B", "amount": "1", "period": "monthly", "start_date": "2026-01-01", **body}
    async with unchanged(kim):
        answer = problem(await kim.http.post("/budgets", json=whole), 422, "invalid_input")
        assert fields(answer) == found


async def test_what_is_not_there_or_is_not_for_it(kim: Person, robin: Person, unchanged: Unchanged) -> None:
    income, gone, foreign = (
        await kim.category("In", kind="income"), await kim.category("Gone"), await robin.category("Robin's"),
    )  # fmt: skip
    expect(await kim.http.patch(f"/categories/{gone['id']}", json={"archived": True}), 200)
    made = await budget(kim)
    url = f"/budgets/{made['id']}"
    async with unchanged(kim):
        for body, code, status_code in (
            ({"category_ids": [foreign["id"]]}, "reference_not_found", 404),
            ({"account_ids": [UNKNOWN], "tag_ids": [UNKNOWN]}, "reference_not_found", 404),
            ({"group_id": UNKNOWN}, "budget_group_not_found", 404),
            ({"category_ids": [income["id"]]}, "invalid_input", 422),
            ({"category_ids": [gone["id"]]}, "archived", 409),
            ({"name": None}, "invalid_input", 422),
        ):
            problem(await kim.http.patch(url, json=body), status_code, code)
        problem(await kim.get(f"{url}/status", date="2025-12-31"), 422, "invalid_input")
        problem(await kim.get(f"{url}/status", date="yesterday"), 422, "invalid_input")
        problem(await kim.get(f"{url}/history", periods=0), 422, "invalid_input")
        problem(await robin.get(f"{url}/status"), 404, "budget_not_found")
        problem(await kim.http.delete("/budgets/status"), 405, "method_not_allowed")
    ended = await budget(kim, end_date="2026-02-10")
    answer = problem(await kim.get(f"/budgets/{ended['id']}/status", date="2026-02-11"), 422, "invalid_input")
    assert fields(answer) == {("query.date", "after_budget")}
    last = (await kim.read(f"/budgets/{ended['id']}/history", date="2026-05-01"))["items"]
    assert [figures(p, "period_start", "period_end") for p in last] == [
        ("2026-02-01", "2026-02-10"), ("2026-01-01", "2026-01-31"),
    ]  # fmt: skip


async def test_far_days_and_small_periods_cost_nothing(kim: Person) -> None:
    made = await budget(kim, period="custom", every=1, unit="day", start_date="1900-01-01", amount="1", rollover="both")
    found = await status(kim, made, "9998-12-31")
    assert found["carried"] == f"{(date(9998, 12, 31) - date(1900, 1, 1)).days}.00"
    yearly = await budget(kim, period="custom", every=1000, unit="year", start_date="9990-02-27")
    found = await status(kim, yearly, "9998-12-31")
    assert figures(found, "period_start", "period_end") == ("9990-02-27", "9999-12-31")
    quarterly = await budget(kim, period="quarterly", start_date="1900-01-31", rollover="both")
    assert (await status(kim, quarterly, "9998-12-31"))["period_start"] == "9998-10-31"


async def test_twice_at_once_makes_one(kim: Person) -> None:
    body = {"id": UNKNOWN, "name": "B", "amount": "1", "period": "weekly", "start_date": "2026-01-01"}
    answers = await asyncio.gather(*(kim.http.post("/budgets", json=body) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    key = {"Idempotency-Key": "b"}
    del body["id"]
    first, second = [await kim.http.post("/budgets", json=body, headers=key) for _ in range(2)]
    assert first.json() == second.json()
    assert (await kim.read("/budgets"))["total"] == 2


async def test_an_unchanged_book_is_304_until_another_day(kim: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await budget(kim)
    for path in ("/budgets", "/budgets/status", f"/budgets/{made['id']}/status", "/budgets/envelopes"):
        tag = {"If-None-Match": (await kim.get(path)).headers["etag"]}
        assert (await kim.http.get(path, headers=tag)).status_code == 304
    path = f"/budgets/{made['id']}/status"
    tag = {"If-None-Match": (await kim.get(path)).headers["etag"]}
    today_is(monkeypatch, "2026-03-11")
    expect(await kim.http.get(path, headers=tag), 200)


async def test_groups(kim: Person) -> None:
    account = await kim.account()
    group = expect(await kim.http.post("/budget-groups", json={"name": "Home", "sort": 1, "id": UNKNOWN}), 201)
    monthly = await budget(kim, "M", group_id=group["id"])
    await budget(kim, "W", group_id=group["id"], period="weekly", amount="10", start_date="2026-03-02")
    await budget(kim, "Alone")
    await kim.add(account_id=account["id"], date="2026-03-03", amount="40")
    await kim.add(account_id=account["id"], date="2026-03-10", amount="2")
    found = await kim.read(f"/budget-groups/{UNKNOWN}/status", date="2026-03-10")
    assert [item["name"] for item in found["items"]] == ["M", "W"]
    assert found["whole"] == {
        "amount": "110.00", "carried": "0.00", "available": "110.00", "spent": "44.00", "remaining": "66.00",
        "percent_used": "40.00",
    }  # fmt: skip
    url = f"/budget-groups/{UNKNOWN}"
    assert (await kim.read("/budget-groups"))["items"] == [await kim.read(url)]
    assert expect(await kim.http.put(url, json={"name": "House"}), 200)["sort"] == 0
    changed = expect(await kim.http.patch(url, json={"sort": 4}), 200)
    assert figures(changed, "name", "sort") == ("House", 4)
    problem(await kim.http.patch(url, json={"name": None}), 422, "invalid_input")
    problem(await kim.http.delete(url, headers={"If-Match": '"1"'}), 412, "revision_mismatch")
    problem(await kim.http.post("/budget-groups", json={"name": "x", "id": UNKNOWN}), 409, "id_taken")
    expect(await kim.http.delete(url), 204)
    problem(await kim.get(url), 404, "budget_group_not_found")
    assert (await kim.read(f"/budgets/{monthly['id']}"))["group_id"] is None
    await undo(kim)
    assert (await kim.read(f"/budgets/{monthly['id']}"))["group_id"] == UNKNOWN
    assert figures(await kim.read(url), "name", "sort") == ("House", 4)

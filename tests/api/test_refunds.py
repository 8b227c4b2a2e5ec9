"""Refunds: money that comes back from a purchase and says so."""

from typing import Any

import pytest

from tests.conftest import Unchanged
from tests.imports.uploads import bring_in, listed, statement
from tests.people import Person, expect, fields, problem

UNKNOWN = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"


@pytest.fixture
async def shop(kim: Person) -> dict[str, Any]:
    """An account, a category, and a purchase of 30.00."""
    account, food = await kim.account(), await kim.category()
    purchase = await kim.add(account_id=account["id"], category_id=food["id"], amount="30")
    return {"account": account["id"], "food": food["id"], "purchase": purchase["id"]}


async def refund(kim: Person, shop: dict[str, Any], amount: str = "10", **more: Any) -> Any:
    body = {"type": "income", "account_id": shop["account"], "amount": amount, "refund_of_id": shop["purchase"]}
    return await kim.try_add(**{**body, **more})


async def test_a_refund_names_its_purchase_and_lowers_what_was_spent(kim: Person, shop: dict[str, Any]) -> None:
    made = expect(await refund(kim, shop, category_id=shop["food"]), 201)
    assert (made["refund_of_id"], made["type"], made["warnings"]) == (shop["purchase"], "income", [])
    assert await kim.read(f"/transactions/{made['id']}") == made
    report = await kim.read("/reports/monthly", year=2026, month=1)
    assert [(node["name"], node["amount"]) for node in report["expenses"]] == [("Food", "20.00")]
    assert (report["total_income"], report["total_expenses"]) == ("0.00", "20.00")


async def test_more_back_than_was_paid_is_worth_a_warning(kim: Person, shop: dict[str, Any]) -> None:
    first = expect(await refund(kim, shop, "20"), 201)
    exact = expect(await refund(kim, shop, "10"), 201)
    assert (first["warnings"], exact["warnings"]) == ([], [])
    over = expect(await refund(kim, shop, "0.01"), 201)
    assert [warning["code"] for warning in over["warnings"]] == ["refund_exceeds_purchase"]
    assert "30.01 EUR came back of a purchase of 30.00" in over["warnings"][0]["detail"]
    # The one that is changed counts as it will be, not twice.
    path = f"/transactions/{first['id']}"
    assert expect(await kim.http.patch(path, json={"amount": "19.99"}), 200)["warnings"] == []
    assert expect(await kim.http.patch(path, json={"notes": "n", "amount": "25"}), 200)["warnings"] != []


async def test_a_refund_in_another_currency_is_not_compared(kim: Person, shop: dict[str, Any]) -> None:
    yen = await kim.account("Yen", currency="JPY")
    made = expect(await refund(kim, shop, "4000", account_id=yen["id"]), 201)
    assert made["warnings"] == []
    assert expect(await refund(kim, shop, "30"), 201)["warnings"] == []


async def test_a_journal_can_be_a_purchase(kim: Person, shop: dict[str, Any]) -> None:
    lines = [
        {"account_id": shop["account"], "role": "flow", "amount": "-30", "category_id": shop["food"]},
        {"account_id": shop["account"], "role": "flow", "amount": "-5"},
    ]
    answer = await kim.http.post("/transactions", json={"type": "journal", "date": "2026-01-10", "postings": lines})
    journal = expect(answer, 201)
    assert expect(await refund(kim, shop, "35", refund_of_id=journal["id"]), 201)["warnings"] == []
    expect(await kim.http.patch(f"/transactions/{shop['purchase']}", json={"type": "journal"}), 200)
    assert expect(await refund(kim, shop, "30.01"), 201)["warnings"] != []


async def test_returns_422_for_what_can_be_no_refund(kim: Person, shop: dict[str, Any], unchanged: Unchanged) -> None:
    other = await kim.account("Other", opening_balance="5", opening_date="2026-01-01")
    (opening,) = (await kim.read("/transactions", type="opening_balance"))["items"]
    income = await kim.add(type="income", account_id=shop["account"])
    moved = await kim.add(type="transfer", account_id=shop["account"], to_account_id=other["id"])
    to = {"to_account_id": other["id"]}
    async with unchanged(kim):
        for purchase in (income, moved, opening):
            found = fields(problem(await refund(kim, shop, refund_of_id=purchase["id"]), 422, "invalid_input"))
            assert found == {("refund_of_id", "not_a_purchase")}
        answer = await refund(kim, shop, type="expense")
        assert fields(problem(answer, 422, "invalid_input")) == {("body", "value_error")}
        answer = await refund(kim, shop, type="transfer", **to)
        assert fields(problem(answer, 422, "invalid_input")) == {("refund_of_id", "extra_forbidden")}
        answer = await kim.http.patch(f"/transactions/{moved['id']}", json={"refund_of_id": shop["purchase"]})
        assert fields(problem(answer, 422, "invalid_input")) == {("refund_of_id", "extra_forbidden")}
        # Of itself: as it is an income, and as it would become one.
        answer = await kim.http.patch(f"/transactions/{income['id']}", json={"refund_of_id": income["id"]})
        assert ("refund_of_id", "own_refund") in fields(problem(answer, 422, "invalid_input"))
        change = {"type": "income", "refund_of_id": shop["purchase"], "category_id": None}
        answer = await kim.http.patch(f"/transactions/{shop['purchase']}", json=change)
        assert fields(problem(answer, 422, "invalid_input")) == {("refund_of_id", "own_refund")}


async def test_returns_404_for_a_purchase_that_is_not_of_the_book(
    kim: Person, robin: Person, shop: dict[str, Any], unchanged: Unchanged
) -> None:
    theirs = await robin.add(account_id=(await robin.account())["id"])
    mine = expect(await refund(kim, shop), 201)
    async with unchanged(kim), unchanged(robin):
        for purchase in (UNKNOWN, theirs["id"]):
            for answer in (
                await refund(kim, shop, refund_of_id=purchase),
                await kim.http.patch(f"/transactions/{mine['id']}", json={"refund_of_id": purchase}),
            ):
                found = fields(problem(answer, 404, "reference_not_found"))
                assert found == {("refund_of_id", "transaction_not_found")}
        answer = await refund(kim, shop, id=UNKNOWN, refund_of_id=UNKNOWN)
        problem(answer, 404, "reference_not_found")


async def test_a_refunded_purchase_stays_a_purchase(kim: Person, shop: dict[str, Any], unchanged: Unchanged) -> None:
    other = await kim.account("Other")
    made = expect(await refund(kim, shop), 201)
    path = f"/transactions/{shop['purchase']}"
    whole = {"date": "2026-01-15", "account_id": shop["account"]}
    others: tuple[dict[str, Any], ...] = (
        {"type": "income", "amount": "30"},
        {"type": "transfer", "amount": "30", "to_account_id": other["id"]},
        {"type": "adjustment", "balance": "77"},
    )
    async with unchanged(kim):
        problem(await kim.http.delete(path), 409, "refunded")
        for body in others:
            problem(await kim.http.put(path, json={**whole, **body}), 409, "refunded")
        problem(await kim.http.patch(path, json={"type": "income"}), 409, "refunded")
        problem(await kim.http.patch(path, json={"type": "transfer", "to_account_id": other["id"]}), 409, "refunded")
        problem(await kim.http.patch(path, json={"type": "adjustment", "balance": "77"}), 409, "refunded")
    expect(await kim.http.patch(path, json={"amount": "40", "type": "journal"} | {"amount": None}), 200)
    expect(await kim.http.put(path, json={**whole, "type": "expense", "amount": "40"}), 200)
    # Free again as soon as nothing names it.
    freed = expect(await kim.http.patch(f"/transactions/{made['id']}", json={"refund_of_id": None}), 200)
    assert freed["refund_of_id"] is None
    expect(await kim.http.delete(path), 204)


async def test_a_refund_can_go_or_become_something_else(kim: Person, shop: dict[str, Any]) -> None:
    first, second = expect(await refund(kim, shop), 201), expect(await refund(kim, shop), 201)
    changed = expect(await kim.http.patch(f"/transactions/{first['id']}", json={"type": "expense"}), 200)
    assert (changed["type"], changed["refund_of_id"]) == ("expense", None)
    expect(await kim.http.delete(f"/transactions/{second['id']}"), 204)
    expect(await kim.http.delete(f"/transactions/{shop['purchase']}"), 204)


async def test_a_put_without_the_purchase_forgets_it(kim: Person, shop: dict[str, Any]) -> None:
    made = expect(await refund(kim, shop), 201)
    path = f"/transactions/{made['id']}"
    assert expect(await kim.http.patch(path, json={"notes": "n"}), 200)["refund_of_id"] == shop["purchase"]
    body = {"type": "income", "date": "2026-01-15", "account_id": shop["account"], "amount": "10"}
    assert expect(await kim.http.put(path, json=body), 200)["refund_of_id"] is None


async def test_an_import_whose_purchase_was_refunded_is_not_undone(
    kim: Person, shop: dict[str, Any], unchanged: Unchanged
) -> None:
    done = await bring_in(kim, {"id": shop["account"]}, statement("2026-01-20,Bakery,Rolls,-4.50"))
    (imported,) = await listed(kim, import_id=done["id"])
    made = expect(await refund(kim, shop, "4.50", refund_of_id=imported["id"]), 201)
    undo = f"/imports/{done['id']}/undo"
    async with unchanged(kim):
        problem(await kim.http.post(undo, json={"force": True}), 409, "refunded")
    expect(await kim.http.delete(f"/transactions/{made['id']}"), 204)
    expect(await kim.http.post(undo, json={}), 200)

"""Adjustments: the account is brought to the balance it really has."""

from typing import Any

import pytest

from tests.conftest import Unchanged
from tests.people import Person, expect, fields, problem

UNKNOWN = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"


async def adjust(kim: Person, account: dict[str, Any], balance: str, day: str = "2026-01-31", **more: Any) -> Any:
    return await kim.http.post("/transactions", json=body(account, balance, day, **more))


def body(account: dict[str, Any], balance: str, day: str = "2026-01-31", **more: Any) -> dict[str, Any]:
    return {"type": "adjustment", "account_id": account["id"], "date": day, "balance": balance, **more}


async def refused(kim: Person, answer: Any, status: int = 422, code: str = "invalid_input") -> set[tuple[str, str]]:
    return fields(problem(answer, status, code))


@pytest.fixture
async def account(kim: Person) -> dict[str, Any]:
    """100.00 at New Year, 80.00 at the end of January, 75.00 by now."""
    account = await kim.account(opening_balance="100.00", opening_date="2026-01-01")
    await kim.add(account_id=account["id"], amount="20", date="2026-01-20")
    await kim.add(account_id=account["id"], amount="5", date="2026-02-03")
    return account


async def test_what_is_missing_is_posted_once(kim: Person, account: dict[str, Any]) -> None:
    made = expect(await adjust(kim, account, "78.50", notes="Cash counted"), 201)
    assert (made["type"], made["amount"], made["notes"]) == ("adjustment", "1.50", "Cash counted")
    assert [(p["role"], p["amount"], p["category_id"]) for p in made["postings"]] == [("equity", "-1.50", None)]
    assert await kim.read(f"/transactions/{made['id']}") == made
    assert (await kim.balance(account, "2026-01-30"), await kim.balance(account, "2026-01-31")) == ("80.00", "78.50")
    assert await kim.balance(account) == "73.50"
    report = await kim.read("/reports/monthly", year=2026, month=1)
    assert (report["total_income"], report["total_expenses"]) == ("0.00", "20.00")
    assert (await kim.read(f"/accounts/{account['id']}"))["opening_balance"] == "100.00"
    # It was true once: what is added later does not change it.
    await kim.add(account_id=account["id"], amount="8.50", date="2026-01-15")
    assert await kim.balance(account, "2026-01-31") == "70.00"
    assert [item["id"] for item in (await kim.read("/transactions", type="adjustment"))["items"]] == [made["id"]]


async def test_the_balance_may_be_less_than_nothing_or_nothing(kim: Person, account: dict[str, Any]) -> None:
    for balance, posted in (("-10", "-90.00"), ("0", "10.00"), ("0.01", "0.01")):
        made = expect(await adjust(kim, account, balance), 201)
        assert made["postings"][0]["amount"] == posted
    assert await kim.balance(account, "2026-01-31") == "0.01"


async def test_one_that_is_there_counts_for_the_next_but_not_for_itself(kim: Person, account: dict[str, Any]) -> None:
    first = expect(await adjust(kim, account, "70"), 201)
    second = expect(await adjust(kim, account, "60"), 201)
    assert [made["postings"][0]["amount"] for made in (first, second)] == ["-10.00", "-10.00"]
    changed = expect(await kim.http.put(f"/transactions/{first['id']}", json=body(account, "90")), 200)
    assert changed["postings"][0]["amount"] == "20.00"  # 80 with the second one's -10 is 70
    assert await kim.balance(account, "2026-01-31") == "90.00"


async def test_returns_422_when_there_is_nothing_to_adjust(
    kim: Person, account: dict[str, Any], unchanged: Unchanged
) -> None:
    made = expect(await adjust(kim, account, "70"), 201)
    path = f"/transactions/{made['id']}"
    async with unchanged(kim):
        for answer in (
            await adjust(kim, account, "70.00"),
            await adjust(kim, account, "100", "2026-01-19"),
            await adjust(kim, account, "0", "2025-12-31"),
            await kim.http.put(path, json=body(account, "80")),
            await kim.http.patch(path, json={"balance": "80"}),
            await kim.http.patch(path, json={"balance": "75", "date": "2026-02-28"}),
        ):
            assert await refused(kim, answer) == {("balance", "nothing_to_adjust")}
    assert "holds 70.00 at the end of 2026-01-31" in (await adjust(kim, account, "70")).json()["detail"]


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"balance": None}, {("balance", "decimal_type")}),
        ({"balance": "1.001"}, {("balance", "too_many_decimals")}),
        ({"balance": "1e3"}, {("balance", "value_error")}),
        ({"balance": "1000000000000000"}, {("balance", "value_error")}),
        ({"date": "9998-01-01"}, {("date", "date_in_future")}),
        ({"account_id": None}, {("account_id", "uuid_type")}),
        ({"amount": "5"}, {("amount", "extra_forbidden")}),
        ({"category_id": UNKNOWN}, {("category_id", "extra_forbidden")}),
        ({"balance": "1.001", "date": "9998-01-01"}, {("balance", "too_many_decimals"), ("date", "date_in_future")}),
    ],
)
async def test_returns_422_for_a_body_that_is_no_adjustment(
    kim: Person, account: dict[str, Any], unchanged: Unchanged, changes: dict[str, Any], wanted: set[tuple[str, str]]
) -> None:
    async with unchanged(kim):
        assert await refused(kim, await kim.http.post("/transactions", json=body(account, "1") | changes)) == wanted


async def test_the_account_must_be_there_and_open(
    kim: Person, robin: Person, account: dict[str, Any], unchanged: Unchanged
) -> None:
    theirs = await robin.account()
    expect(await kim.http.patch(f"/accounts/{account['id']}", json={"archived": True}), 200)
    async with unchanged(kim), unchanged(robin):
        for other in ({"id": UNKNOWN}, theirs):
            found = await refused(kim, await adjust(kim, other, "5"), 404, "reference_not_found")
            assert found == {("account_id", "account_not_found")}
        found = await refused(kim, await adjust(kim, account, "5"), 409, "archived")
        assert found == {("account_id", "account_archived")}


async def test_a_patch_that_names_no_balance_keeps_what_was_posted(
    kim: Person, account: dict[str, Any], unchanged: Unchanged
) -> None:
    other = await kim.account("Other")
    made = expect(await adjust(kim, account, "70"), 201)
    path = f"/transactions/{made['id']}"
    await kim.add(account_id=account["id"], amount="1", date="2026-01-10")
    changed = made
    for change in ({"notes": "n"}, {"date": "2026-02-10"}, {"status": "pending"}, {"account_id": account["id"]}):
        changed = expect(await kim.http.patch(path, json=change), 200)
        assert [p["amount"] for p in changed["postings"]] == ["-10.00"]
    assert (changed["date"], changed["notes"], changed["status"]) == ("2026-02-10", "n", "pending")
    async with unchanged(kim):
        answer = await kim.http.patch(path, json={"account_id": other["id"]})
        assert await refused(kim, answer) == {("balance", "balance_needed")}
        answer = await kim.http.patch(path, json={"account_id": None})
        assert await refused(kim, answer) == {("account_id", "uuid_type")}
        answer = await kim.http.patch(path, json={"amount": "5"})
        assert await refused(kim, answer) == {("amount", "extra_forbidden")}
        answer = await kim.http.patch(path, json={"date": "9998-01-01"})
        assert await refused(kim, answer) == {("date", "date_in_future")}
    restated = expect(await kim.http.patch(path, json={"balance": "80"}), 200)
    assert restated["postings"][0]["amount"] == "6.00"  # 100 - 20 - 5 - 1 were there
    moved = expect(await kim.http.patch(path, json={"account_id": other["id"], "balance": "7"}), 200)
    assert (moved["account_id"], moved["postings"][0]["amount"]) == (other["id"], "7.00")
    assert (await kim.balance(account), await kim.balance(other)) == ("74.00", "7.00")


async def test_one_larger_than_any_amount_can_still_be_described(kim: Person) -> None:
    account = await kim.account()
    for _ in range(2):
        await kim.add(account_id=account["id"], type="income", amount="999999999999999.99")
    made = expect(await adjust(kim, account, "-999999999999999.99"), 201)
    assert made["amount"] == "2999999999999999.97"
    expect(await kim.http.patch(f"/transactions/{made['id']}", json={"notes": "n"}), 200)
    assert await kim.balance(account) == "-999999999999999.99"


async def test_deleting_one_gives_the_difference_back(kim: Person, account: dict[str, Any]) -> None:
    made = expect(await adjust(kim, account, "70"), 201)
    expect(await kim.http.delete(f"/transactions/{made['id']}"), 204)
    assert await kim.balance(account, "2026-01-31") == "80.00"


async def test_an_account_with_one_is_in_use(kim: Person) -> None:
    account = await kim.account()
    expect(await adjust(kim, account, "70"), 201)
    problem(await kim.http.delete(f"/accounts/{account['id']}"), 409, "account_in_use")

import pytest

from tests.conftest import Unchanged
from tests.people import Person, expect, fields, problem


async def openings(kim: Person) -> list[tuple[str, str]]:
    page = await kim.read("/transactions", type="opening_balance")
    return [(item["date"], item["postings"][0]["amount"]) for item in page["items"]]


@pytest.mark.parametrize("amount", ["1200.50", "-300.00"])
async def test_an_opening_balance_is_there_from_its_day(kim: Person, amount: str) -> None:
    account = await kim.account(opening_balance=amount, opening_date="2026-03-15")
    assert (account["balance"], account["opening_balance"], account["opening_date"]) == (amount, amount, "2026-03-15")
    assert await kim.balance(account, "2026-03-14") == "0.00"
    assert await kim.balance(account, "2026-03-15") == amount
    assert await kim.balance(account, "9998-12-31") == amount
    assert await kim.balance(account) == amount
    assert await openings(kim) == [("2026-03-15", amount)]


async def test_an_opening_balance_can_be_added_changed_and_removed(kim: Person) -> None:
    account = await kim.account()
    path = f"/accounts/{account['id']}"
    await kim.add(account_id=account["id"], amount="1")
    for body, balance, opening, day in (
        ({"opening_balance": "10", "opening_date": "2026-01-01"}, "9.00", "10.00", "2026-01-01"),
        ({"opening_balance": "-5"}, "-6.00", "-5.00", "2026-01-01"),
        ({"opening_date": "2025-12-31"}, "-6.00", "-5.00", "2025-12-31"),
        ({"opening_balance": 0}, "-1.00", None, None),
        ({"opening_balance": "2", "opening_date": "2025-06-01"}, "1.00", "2.00", "2025-06-01"),
        ({"opening_balance": None}, "-1.00", None, None),
        ({"opening_balance": None}, "-1.00", None, None),
    ):
        changed = expect(await kim.http.patch(path, json=body), 200)
        assert (changed["balance"], changed["opening_balance"], changed["opening_date"]) == (balance, opening, day)
    assert await openings(kim) == []


async def test_a_wrong_change_of_the_opening_balance_changes_nothing(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account(opening_balance="10", opening_date="2026-01-01")
    async with unchanged(kim):
        body = {"opening_balance": "0.001", "opening_date": "9998-01-01", "name": "New"}
        answer = await kim.http.patch(f"/accounts/{account['id']}", json=body)
    assert fields(problem(answer, 422, "invalid_input")) == {
        ("opening_balance", "too_many_decimals"),
        ("opening_date", "date_in_future"),
    }


async def test_the_balance_at_a_day_counts_whole_months_and_the_part_month(kim: Person) -> None:
    account = await kim.account(opening_balance="1000", opening_date="2023-12-31")
    for day, amount in (
        ("2024-01-31", "1"),
        ("2024-02-01", "2"),
        ("2024-02-29", "4"),
        ("2024-03-01", "8"),
        ("2024-12-31", "16"),
        ("2025-01-01", "32"),
    ):
        await kim.add(account_id=account["id"], date=day, amount=amount)
    expected = {
        "2023-12-30": "0.00",
        "2023-12-31": "1000.00",
        "2024-01-30": "1000.00",
        "2024-01-31": "999.00",
        "2024-02-01": "997.00",
        "2024-02-28": "997.00",
        "2024-02-29": "993.00",
        "2024-03-01": "985.00",
        "2024-12-30": "985.00",
        "2024-12-31": "969.00",
        "2025-01-01": "937.00",
        "2026-01-01": "937.00",
        "1900-01-01": "0.00",
    }
    assert {day: await kim.balance(account, day) for day in expected} == expected
    assert await kim.balance(account) == "937.00"


async def test_a_balance_names_its_account_day_and_currency(kim: Person) -> None:
    account = await kim.account(currency="USD")
    found = await kim.read(f"/accounts/{account['id']}/balance", at="2026-01-31")
    assert found == {"account_id": account["id"], "at": "2026-01-31", "currency": "USD", "balance": "0.00"}


@pytest.mark.parametrize(
    "at", ["2026-02-30", "31.01.2026", "2026-1-1", "20260131", "0", "9999-01-01", "2026-01-31T00:00"]
)
async def test_returns_422_for_what_is_no_civil_date(kim: Person, at: str) -> None:
    account = await kim.account()
    answer = problem(await kim.get(f"/accounts/{account['id']}/balance", at=at), 422, "invalid_input")
    assert {name for name, _ in fields(answer)} == {"query.at"}


async def test_balances_follow_transfers_between_currencies(kim: Person) -> None:
    euros, dollars = await kim.account(), await kim.account(currency="USD")
    moved = await kim.add(
        type="transfer",
        account_id=dollars["id"],
        to_account_id=euros["id"],
        amount="100",
        to_amount="92",
        fee_amount="1",
    )
    assert (await kim.balance(dollars), await kim.balance(euros)) == ("-101.00", "92.00")
    expect(await kim.http.delete(f"/transactions/{moved['id']}"), 204)
    assert (await kim.balance(dollars), await kim.balance(euros)) == ("0.00", "0.00")


async def test_the_statement_of_an_account_is_its_transactions(kim: Person) -> None:
    account, other = await kim.account(), await kim.account("Other")
    mine = [await kim.add(account_id=account["id"], date=f"2026-01-{day:02}") for day in (1, 2, 3)]
    incoming = await kim.add(
        type="transfer", date="2026-01-04", account_id=other["id"], to_account_id=account["id"], amount="1"
    )
    await kim.add(account_id=other["id"])
    path = f"/accounts/{account['id']}/transactions"
    assert [item["id"] for item in (await kim.read(path, sort="date"))["items"]] == [
        *(t["id"] for t in mine),
        incoming["id"],
    ]
    page = await kim.read(path, date_from="2026-01-02", date_to="2026-01-03", include_total=True)
    assert ([item["id"] for item in page["items"]], page["total"]) == ([mine[2]["id"], mine[1]["id"]], 2)
    problem(await kim.get(f"/accounts/{mine[0]['id']}/transactions"), 404, "account_not_found")

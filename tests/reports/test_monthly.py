"""The report of a month, against sums worked out by hand."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.people import Person, expect, fields, problem

MARCH = {"year": 2025, "month": 3}


async def report(person: Person, **params: Any) -> dict[str, Any]:
    found: dict[str, Any] = await person.read("/reports/monthly", **{**MARCH, **params})
    return found


def shape(nodes: list[dict[str, Any]]) -> list[Any]:
    """Name, amount, share and children of each node."""
    return [(n["name"], n["amount"], n["share"], *([shape(n["children"])] if n["children"] else [])) for n in nodes]


async def test_an_example_worked_out_by_hand(kim: Person) -> None:
    account = await kim.account(opening_balance="1000.00", opening_date="2025-03-01")
    savings = await kim.account("Savings", type="savings")
    home = await kim.category("My home")
    energy = await kim.category("My energy", parent_id=home["id"])
    power = await kim.category("My power", parent_id=energy["id"])
    food = await kim.category("My food")
    work = await kim.category("My work", kind="income")
    here = {"account_id": account["id"], "date": "2025-03-10"}
    await kim.add(**here, type="income", amount="2000.00", category_id=work["id"])
    await kim.add(**here, type="income", amount="500.00")
    await kim.add(**here, amount="100.00", category_id=home["id"])
    await kim.add(**here, amount="60.00", category_id=energy["id"])
    await kim.add(**here, amount="40.00", category_id=power["id"])
    await kim.add(**here, amount="250.00", category_id=food["id"])
    await kim.add(**here, type="income", amount="50.00", category_id=food["id"])
    await kim.add(**here, amount="100.00")
    await kim.add(
        **here,
        amount="30.00",
        splits=[
            {"amount": "25.00", "category_id": food["id"]},
            {"amount": "10.00", "category_id": home["id"]},
            {"amount": "-5.00"},
        ],
    )
    await kim.add(**here, type="transfer", to_account_id=savings["id"], amount="300.00")
    await kim.add(
        **here,
        type="transfer",
        to_account_id=savings["id"],
        amount="7.00",
        fee_amount="1.00",
        fee_category_id=food["id"],
    )
    for date in ("2025-02-28", "2025-04-01"):
        await kim.add(account_id=account["id"], date=date, amount="9999.00", category_id=food["id"])
    found = await report(kim)
    assert {name: found[name] for name in ("year", "month", "currency", "budgets", "unconverted")} == {
        **MARCH,
        "currency": "EUR",
        "budgets": [],
        "unconverted": [],
    }
    # food 250 - 50 + 25 + 1; home 100 + 10 and below it 60 and 40; without a category 100 out, 500 and 5 in
    assert (found["total_income"], found["total_expenses"], found["net"]) == ("2505.00", "536.00", "1969.00")
    assert shape(found["income"]) == [("My work", "2000.00", "79.84"), ("Uncategorised", "505.00", "20.16")]
    assert shape(found["expenses"]) == [
        ("My food", "226.00", "42.16"),
        (
            "My home",
            "210.00",
            "39.18",
            [("My energy", "100.00", "18.66", [("My power", "40.00", "7.46")])],
        ),
        ("Uncategorised", "100.00", "18.66"),
    ]
    assert found["expenses"][0]["category_id"] == food["id"]
    assert found["expenses"][-1]["category_id"] is None


async def test_a_month_in_which_nothing_happened(kim: Person) -> None:
    await kim.account(opening_balance="5.00", opening_date="2025-03-03")
    found = await report(kim)
    assert (found["total_income"], found["total_expenses"], found["net"]) == ("0.00", "0.00", "0.00")
    assert found["income"] == found["expenses"] == found["unconverted"] == []


async def test_refunds_above_what_was_spent_make_an_expense_negative(kim: Person) -> None:
    account = await kim.account()
    food, tools = await kim.category("F"), await kim.category("T")
    here = {"account_id": account["id"], "date": "2025-03-10"}
    await kim.add(**here, type="income", amount="30.00", category_id=food["id"])
    await kim.add(**here, amount="10.00", category_id=food["id"])
    await kim.add(**here, amount="20.00", category_id=tools["id"])
    found = await report(kim)
    assert shape(found["expenses"]) == [("T", "20.00", "0"), ("F", "-20.00", "0")]
    assert (found["total_expenses"], found["net"]) == ("0.00", "0.00")


async def test_what_cannot_be_converted_is_listed_and_counted_nowhere_else(kim: Person) -> None:
    account, yen = await kim.account(), await kim.account("Yen", currency="JPY")
    dinar = await kim.account("Dinar", currency="KWD")
    food, work = await kim.category("F"), await kim.category("W", kind="income")
    here = {"date": "2025-03-10"}
    await kim.add(**here, account_id=account["id"], amount="1.00", category_id=food["id"])
    await kim.add(**here, account_id=yen["id"], amount="1000", category_id=food["id"])
    await kim.add(**here, account_id=yen["id"], type="income", amount="300", category_id=food["id"])
    await kim.add(**here, account_id=yen["id"], type="income", amount="50", category_id=work["id"])
    await kim.add(**here, account_id=yen["id"], amount="7")
    await kim.add(**here, account_id=dinar["id"], type="income", amount="0.125")
    found = await report(kim)
    assert shape(found["expenses"]) == [("F", "1.00", "100.00")]
    assert found["income"] == []
    assert found["unconverted"] == [
        {"currency": "JPY", "income": "50", "expenses": "707"},
        {"currency": "KWD", "income": "0.125", "expenses": "0.000"},
    ]
    assert found["net"] == "-1.00"


async def test_changes_and_deletions_are_seen_at_once(kim: Person) -> None:
    account = await kim.account()
    food = await kim.category("F")
    made = await kim.add(account_id=account["id"], date="2025-03-10", amount="10.00", category_id=food["id"])
    await kim.http.patch(f"/transactions/{made['id']}", json={"amount": "12.00"})
    assert shape((await report(kim))["expenses"]) == [("F", "12.00", "100.00")]
    await kim.http.patch(f"/transactions/{made['id']}", json={"date": "2025-04-01"})
    assert (await report(kim))["expenses"] == []
    assert shape((await report(kim, month=4))["expenses"]) == [("F", "12.00", "100.00")]
    expect(await kim.http.delete(f"/transactions/{made['id']}"), 204)
    assert (await report(kim, month=4))["expenses"] == []


async def test_archived_categories_and_accounts_keep_their_past(kim: Person) -> None:
    account = await kim.account()
    food = await kim.category("F")
    await kim.add(account_id=account["id"], date="2025-03-10", amount="10.00", category_id=food["id"])
    before = await report(kim)
    for path in (f"/categories/{food['id']}", f"/accounts/{account['id']}"):
        expect(await kim.http.patch(path, json={"archived": True}), 200)
    assert await report(kim) == before


async def test_a_category_that_moves_takes_its_amounts_along(kim: Person) -> None:
    account = await kim.account()
    old, new = await kim.category("Old"), await kim.category("New")
    leaf = await kim.category("Leaf", parent_id=old["id"])
    await kim.add(account_id=account["id"], date="2025-03-10", amount="10.00", category_id=leaf["id"])
    nested = [("Leaf", "10.00", "100.00")]
    assert shape((await report(kim))["expenses"]) == [("Old", "10.00", "100.00", nested)]
    expect(await kim.http.post(f"/categories/{leaf['id']}/move", json={"parent_id": new["id"]}), 200)
    assert shape((await report(kim))["expenses"]) == [("New", "10.00", "100.00", nested)]
    expect(await kim.http.patch(f"/categories/{leaf['id']}", json={"parent_id": None}), 200)
    assert shape((await report(kim))["expenses"]) == nested


async def test_without_a_month_it_is_the_present_one_where_the_person_lives(kim: Person) -> None:
    now = datetime.now(UTC)
    found = await kim.read("/reports/monthly")
    assert (found["year"], found["month"]) in {(now.year, now.month), (datetime.now(UTC).year, datetime.now(UTC).month)}
    assert (await kim.read("/reports/monthly", year=2020))["month"] == found["month"]
    assert (await kim.read("/reports/monthly", month=2))["year"] == found["year"]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"month": 0}, "query.month"),
        ({"month": 13}, "query.month"),
        ({"month": "March"}, "query.month"),
        ({"year": 1899}, "query.year"),
        ({"year": 9999}, "query.year"),
        ({"year": "1e3"}, "query.year"),
    ],
)
async def test_months_that_do_not_exist(kim: Person, params: dict[str, Any], field: str) -> None:
    body = problem(await kim.get("/reports/monthly", **{**MARCH, **params}), 422, "invalid_input")
    assert {name for name, _ in fields(body)} == {field}


async def test_the_edges_of_time_have_reports(kim: Person) -> None:
    for year, month in ((1900, 1), (9998, 12)):
        assert (await report(kim, year=year, month=month))["net"] == "0.00"


async def test_nobody_sees_somebody_elses_report(kim: Person, robin: Person) -> None:
    account = await kim.account()
    await kim.add(account_id=account["id"], date="2025-03-10")
    assert (await report(robin))["expenses"] == []
    robin.http.headers["X-Book-Id"] = kim.book_id
    problem(await robin.get("/reports/monthly", **MARCH), 404, "not_found")
    del robin.http.headers["X-Book-Id"]
    token = kim.http.headers.pop("Authorization")
    problem(await kim.get("/reports/monthly", **MARCH), 401, "unauthenticated")
    kim.http.headers["Authorization"] = token


async def test_an_unchanged_report_is_not_sent_again(kim: Person) -> None:
    account = await kim.account()
    first = await kim.get("/reports/monthly", **MARCH)
    tag = first.headers["etag"]
    known = {"If-None-Match": tag}
    same = await kim.http.get("/reports/monthly", params=MARCH, headers=known)
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    other_month = await kim.http.get("/reports/monthly", params={**MARCH, "month": 4}, headers=known)
    assert other_month.status_code == 200
    await kim.add(account_id=account["id"], date="2025-03-10")
    changed = await kim.http.get("/reports/monthly", params=MARCH, headers=known)
    assert expect(changed, 200)["total_expenses"] == "10.00"
    assert changed.headers["etag"] != tag

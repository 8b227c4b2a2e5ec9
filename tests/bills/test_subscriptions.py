"""Subscriptions over HTTP: what is suggested, what becomes of it, and what it all costs."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from app.core.database import Database
from tests.bills.acting import bills, codes, pay, revision_of, told, undo
from tests.bills.conftest import Run
from tests.conftest import Unchanged
from tests.households.sharing import join
from tests.people import Person, expect, fields, problem
from tests.schedules.clock import Clock

Document = dict[str, Any]
MONTHS = [f"2025-{month:02}" for month in range(4, 13)] + ["2026-01", "2026-02"]


async def write(person: Person, account: Document, *rows: tuple[str, str, str | None], **more: Any) -> None:
    """Expenses of day, amount and payee, in one request."""
    operations = [
        {"op": "create", "transaction": {
            "type": "expense", "account_id": account["id"], "date": day, "amount": amount,
            **({"payee": payee} if payee else {}), **more,
        }}
        for day, amount, payee in rows
    ]  # fmt: skip
    expect(await person.http.post("/transactions/bulk", json={"operations": operations}), 200)


async def listed(person: Person, **query: Any) -> list[Document]:
    found: list[Document] = (await person.read("/subscriptions", **query))["items"]
    return found


async def test_what_is_found_becomes_a_bill_with_its_history(kim: Person, clock: Clock, unchanged: Unchanged) -> None:
    account, media = await kim.account(), await kim.category("Media")
    await write(kim, account, *((f"{month}-04", "9.99", "Films") for month in MONTHS), category_id=media["id"])
    await write(
        kim,
        account,
        *((f"{month}-{1 + n * 11 % 27:02}", f"{20 + n * 37 % 50}.10", "Shop") for n, month in enumerate(MONTHS)),
    )
    clock.set("2026-03-01")
    [found] = await listed(kim)
    assert (found["name"], found["status"], found["direction"], found["amount"]) == (
        "Films", "suggested", "expense", "9.99",
    )  # fmt: skip
    assert found["interval"] == {"unit": "month", "every": 1}
    assert (found["count"], found["first_on"], found["next_on"]) == (11, "2025-04-04", "2026-03-04")
    assert (found["per_month"], found["per_year"], found["confidence"]) == ("9.99", "119.88", "100.0")
    assert sum(Decimal(points) for points in found["reasons"].values()) == 100
    assert found["category_id"] == media["id"]
    summary = await kim.read("/subscriptions/summary")
    assert (summary["known"], summary["totals"]) == ([], [])
    assert summary["suggested"] == [
        {"direction": "expense", "currency": "EUR", "count": 1, "per_month": "9.99", "per_year": "119.88"}
    ]
    body = {"key": found["key"], "name": "Films at home", "remind_days": 2}
    answers = await asyncio.gather(*(kim.http.post("/subscriptions/accept", json=body) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    async with unchanged(kim):
        for path in ("accept", "dismiss"):
            answer = await kim.http.post(f"/subscriptions/{path}", json={"key": found["key"]})
            problem(answer, 409, "subscription_accepted")
    [known] = await listed(kim, status="accepted")
    made = await kim.read(f"/schedules/{known['schedule_id']}")
    assert (made["kind"], made["name"], made["rrule"], made["amount"], made["amount_kind"]) == (
        "bill", "Films at home", "FREQ=MONTHLY;BYMONTHDAY=4", "9.99", "fixed",
    )  # fmt: skip
    assert (made["category_id"], made["active_from"], made["remind_days"]) == (media["id"], "2026-03-04", 2)
    past = await bills(kim, first="2025-04-01", last="2026-03-31")
    assert [each["status"] for each in past] == ["paid"] * 11 + ["upcoming"]
    summary = await kim.read("/subscriptions/summary")
    assert [(each["name"], each["per_year"]) for each in summary["known"]] == [("Films at home", "119.88")]
    assert summary["totals"] == [
        {"direction": "expense", "currency": "EUR", "count": 1, "per_month": "9.99", "per_year": "119.88"}
    ]
    assert summary["suggested"] == []
    clock.set("2026-03-05")
    assert codes(await pay(kim, account, "2026-03-05", amount="9.99")) == ["bill_paid"]
    assert (await listed(kim))[0]["status"] == "accepted"


async def test_accepting_is_undone_whole(kim: Person, clock: Clock) -> None:
    account = await kim.account()
    await write(kim, account, *((f"{month}-04", "9.99", "Films") for month in MONTHS))
    clock.set("2026-03-01")
    [found] = await listed(kim)
    expect(await kim.http.post("/subscriptions/accept", json={"key": found["key"]}), 201)
    await undo(kim)
    assert [each["status"] for each in await listed(kim)] == ["suggested"]
    assert (await kim.read("/schedules"))["items"] == []
    await undo(kim)
    assert [each["status"] for each in await listed(kim)] == ["accepted"]
    assert {each["status"] for each in await bills(kim, first="2025-04-01", last="2026-02-28")} == {"paid"}


async def test_what_was_dismissed_is_not_suggested_again_whatever_it_costs_later(kim: Person, clock: Clock) -> None:
    account = await kim.account()
    await write(kim, account, *((f"{month}-04", "9.99", "Films") for month in MONTHS))
    clock.set("2026-03-01")
    [found] = await listed(kim)
    for _ in range(2):
        answer = expect(await kim.http.post("/subscriptions/dismiss", json={"key": found["key"]}), 200)
        assert answer["status"] == "dismissed"
    revision = await revision_of(kim) - 1
    clock.set("2026-03-05")
    await pay(kim, account, "2026-03-04", amount="12.99")
    [again] = await listed(kim, status="dismissed")
    assert (again["amount"], again["price_change"]["per_year"]) == ("12.99", "36.00")
    assert await listed(kim, status="suggested") == []
    gone = await kim.http.post("/subscriptions/dismiss", json={"key": found["key"]})
    problem(gone, 404, "subscription_not_found")
    await undo(kim, revision)
    assert [each["status"] for each in await listed(kim)] == ["suggested"]
    # One that was dismissed can be accepted all the same.
    [found] = await listed(kim)
    expect(await kim.http.post("/subscriptions/dismiss", json={"key": found["key"]}), 200)
    accepted = expect(await kim.http.post("/subscriptions/accept", json={"key": found["key"]}), 201)
    assert accepted["status"] == "accepted"


async def test_income_and_what_has_no_payee_and_what_varies_are_found_too(kim: Person, clock: Clock) -> None:
    account = await kim.account()
    await write(kim, account, *((f"{month}-28", "3000.00", "Employer") for month in MONTHS), type="income")
    rents = [(f"{month}-01", "850.00", None) for month in MONTHS]
    for row in rents[-4:]:
        await write(kim, account, row, description=f"Rent {row[0][:7]} flat")
    amounts = ("96.20", "131.00", "88.10", "61.30", "44.00", "29.90")
    await write(
        kim, account, *((f"{month}-10", amount, "Heat") for month, amount in zip(MONTHS[-6:], amounts, strict=True))
    )
    clock.set("2026-03-01")
    found = {each["name"]: each for each in await listed(kim)}
    assert found.keys() == {"Employer", "Rent 2026-02 flat", "Heat"}
    assert (found["Employer"]["direction"], found["Heat"]["amount_kind"]) == ("income", "average")
    assert found["Rent 2026-02 flat"]["payee_id"] is None
    for each in found.values():
        expect(await kim.http.post("/subscriptions/accept", json={"key": each["key"]}), 201)
    assert {each["status"] for each in await listed(kim)} == {"accepted"}
    assert codes(await pay(kim, account, "2026-03-01", amount="850.00", payee=None, description="RENT 03/26 FLAT")) == [
        "bill_paid"
    ]
    ahead = (await kim.read("/bills", **{"from": "2026-03-01", "to": "2026-03-31"}))["totals"]
    assert [(each["direction"], each["amount"]) for each in ahead] == [("expense", "75.08"), ("income", "3000.00")]


async def test_a_price_that_no_bill_would_take_is_told_by_the_weekly_look(
    kim: Person, clock: Clock, run: Run, owner_database: Database
) -> None:
    account = await kim.account()
    await write(kim, account, *((f"{month}-04", "9.99", "Films") for month in MONTHS))
    clock.set("2026-03-01")
    [found] = await listed(kim)
    made = expect(await kim.http.post("/subscriptions/accept", json={"key": found["key"]}), 201)
    expect(await kim.http.patch(f"/schedules/{made['schedule_id']}", json={"tolerance": "5"}), 200)
    await run("subscriptions.check", kim)
    assert await told(owner_database, kim) == []
    clock.set("2026-03-05")
    assert codes(await pay(kim, account, "2026-03-04", amount="12.99")) == []
    for _ in range(2):
        await run("subscriptions.check", kim)
    assert await told(owner_database, kim) == [("price_changed", "Films: 12.99 EUR instead of 9.99 EUR")]


async def test_a_private_account_is_looked_at_for_who_sees_it(kim: Person, robin: Person, clock: Clock) -> None:
    await join(kim, robin)
    robin.http.headers["X-Book-Id"] = kim.book_id
    private, shared = await kim.account("Mine", visibility="private"), await kim.account("Ours")
    await write(kim, private, *((f"{month}-04", "9.99", "Secret") for month in MONTHS))
    await write(kim, shared, *((f"{month}-05", "5.00", "Open") for month in MONTHS))
    clock.set("2026-03-01")
    assert {each["name"] for each in await listed(kim)} == {"Secret", "Open"}
    assert {each["name"] for each in await listed(robin)} == {"Open"}
    keys = {each["name"]: each["key"] for each in await listed(kim)}
    for path in ("accept", "dismiss"):
        answer = await robin.http.post(f"/subscriptions/{path}", json={"key": keys["Secret"]})
        problem(answer, 404, "subscription_not_found")
    expect(await kim.http.post("/subscriptions/dismiss", json={"key": keys["Secret"]}), 200)
    assert "Secret" not in (await robin.get(f"/books/{kim.book_id}/activity", limit=100)).text


@pytest.mark.parametrize(
    ("query", "field"),
    [({"min_confidence": "-1"}, "query.min_confidence"), ({"min_confidence": "101"}, "query.min_confidence"),
     ({"min_confidence": "NaN"}, "query.min_confidence"), ({"status": "new"}, "query.status")],
)  # fmt: skip
async def test_bad_questions_are_refused(kim: Person, query: dict[str, str], field: str) -> None:
    assert field in {name for name, _ in fields(expect(await kim.get("/subscriptions", **query), 422))}


async def test_bad_keys_are_refused_and_change_nothing(kim: Person, unchanged: Unchanged) -> None:
    async with unchanged(kim):
        for path in ("accept", "dismiss"):
            for key in ("", "x" * 32, "0" * 33, 7, None, "\u0000" * 32):
                problem(await kim.http.post(f"/subscriptions/{path}", json={"key": key}), 422, "invalid_input")
            answer = await kim.http.post(f"/subscriptions/{path}", json={"key": "0" * 32})
            problem(answer, 404, "subscription_not_found")


async def test_the_jobs_pass_over_a_book_that_is_gone(run: Run, kim: Person) -> None:
    class Gone:
        book_id = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda8"

    for name in ("bills.remind", "subscriptions.check"):
        await run(name, Gone())  # type: ignore[arg-type]

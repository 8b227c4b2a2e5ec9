"""Bills over HTTP: what is due, what came for it, and who is told."""

import asyncio
from uuid import UUID

import pytest

from app.core.database import Database
from app.schedules import bills_links
from tests.bills.acting import bill, bills, codes, pay, revision_of, states, told, undo
from tests.bills.conftest import Run
from tests.conftest import Unchanged
from tests.households.sharing import join
from tests.people import Person, expect, fields, problem
from tests.schedules.clock import Clock


async def test_a_bill_is_upcoming_due_overdue_and_paid_by_what_comes(kim: Person, clock: Clock) -> None:
    account = await kim.account()
    made = await bill(kim, account, remind_days=3)
    assert await states(kim, last="2026-04-30") == [("2026-03-10", "upcoming"), ("2026-04-10", "upcoming")]
    clock.set("2026-03-07")
    assert (await states(kim))[0] == ("2026-03-10", "due")
    clock.set("2026-03-11")
    whole = await kim.read("/bills", **{"from": "2026-03-01", "to": "2026-04-30"})
    assert [each["status"] for each in whole["items"]] == ["overdue", "upcoming"]
    [total] = whole["totals"]
    assert (total["currency"], total["direction"], total["count"]) == ("EUR", "expense", 2)
    assert (total["amount"], total["overdue"]) == ("40.00", "20.00")
    later = await kim.read("/bills", **{"from": "2026-04-01", "to": "2026-04-30"})
    assert later["totals"][0]["overdue"] == "0.00"
    paid = await pay(kim, account, "2026-03-11", amount="20.50")
    assert codes(paid) == ["bill_paid"]
    first, second, *_ = await bills(kim)
    assert (first["status"], first["transaction_id"], first["paid_amount"], first["paid_on"]) == (
        "paid", paid["id"], "20.50", "2026-03-11",
    )  # fmt: skip
    assert (first["schedule_id"], first["matched_by_hand"], second["status"]) == (made["id"], False, "upcoming")
    assert await states(kim, status="paid") == [("2026-03-10", "paid")]
    path = f"/schedules/{made['id']}/occurrences"
    expect(await kim.http.post(f"{path}/2026-04-10/skip", json={}), 200)
    assert (await states(kim))[1] == ("2026-04-10", "skipped")


async def test_what_does_not_fit_pays_nothing(kim: Person, clock: Clock) -> None:
    account, other = await kim.account(), await kim.account("Other")
    await bill(kim, account, tolerance="5", window_days=3)
    clock.set("2026-03-20")
    for wrong in (
        {"amount": "21.01"},
        {"amount": "18.99"},
        {"payee": "Filmsbury"},
        {"payee": None},
        {"type": "income"},
        {"account_id": other["id"]},
    ):
        made = await kim.add(
            **{"account_id": account["id"], "date": "2026-03-10", "amount": "20", "payee": "Films", **wrong}
        )
        assert codes(made) == [], wrong
    for day in ("2026-03-06", "2026-03-14"):
        assert codes(await pay(kim, account, day)) == []
    assert (await states(kim))[0] == ("2026-03-10", "overdue")
    # The name may stand in what a bank wrote.
    bank = await pay(kim, account, "2026-03-13", payee="CARD 1234", description="FILMS.COM/4711 Berlin", amount="21.00")
    assert codes(bank) == ["bill_paid"]


async def test_two_equal_bills_take_one_payment_each_and_the_best_fit_wins(kim: Person, clock: Clock) -> None:
    account = await kim.account()
    await bill(kim, account, name="One")
    await bill(kim, account, name="Two", rrule="FREQ=MONTHLY;BYMONTHDAY=12", starts_on="2026-01-12")
    clock.set("2026-03-20")
    assert codes(await pay(kim, account, "2026-03-12")) == ["bill_paid"]
    assert (await states(kim))[:2] == [("2026-03-10", "overdue"), ("2026-03-12", "paid")]
    both = await asyncio.gather(*(kim.try_add(account_id=account["id"], date="2026-03-11", amount="20", payee="Films")
                                  for _ in range(3)))  # fmt: skip
    assert sorted(len(expect(answer, 201)["warnings"]) for answer in both) == [0, 0, 1]
    assert [status for _, status in (await states(kim))[:2]] == ["paid", "paid"]


async def test_a_bill_opens_again_when_its_payment_goes_or_changes(kim: Person, clock: Clock) -> None:
    account = await kim.account()
    await bill(kim, account)
    clock.set("2026-03-10")
    paid = await pay(kim, account, "2026-03-10")
    path = f"/transactions/{paid['id']}"

    async def state() -> str:
        return (await states(kim))[0][1]

    expect(await kim.http.patch(path, json={"notes": "still it"}), 200)
    assert await state() == "paid"
    expect(await kim.http.patch(path, json={"amount": "90.00"}), 200)
    assert await state() == "due"
    assert codes(expect(await kim.http.patch(path, json={"amount": "19.00"}), 200)) == ["bill_paid"]
    assert await state() == "paid"
    # Moved to where another bill waits, it pays that one.
    other = await kim.account("Other")
    await bill(kim, other, name="Other", amount="19.00")
    moved = expect(await kim.http.patch(path, json={"account_id": other["id"]}), 200)
    assert codes(moved) == ["bill_paid"]
    assert [(each["name"], each["status"]) for each in await bills(kim, last="2026-03-31")] == [
        ("Films", "due"), ("Other", "paid"),
    ]  # fmt: skip
    expect(await kim.http.patch(path, json={"account_id": account["id"]}), 200)
    expect(await kim.http.delete(path), 204)
    assert await state() == "due"
    await undo(kim)
    assert await state() == "paid"
    expect(await kim.http.delete(path), 204)
    again = await pay(kim, account, "2026-03-10")
    assert (await bills(kim))[0]["transaction_id"] == again["id"]
    await undo(kim)
    assert await state() == "due"
    assert await states(kim, last="2026-03-31") == [("2026-03-10", "due")] * 2


async def test_an_import_pays_its_bills_in_few_statements(kim: Person, clock: Clock) -> None:
    account = await kim.account()
    await bill(kim, account, active_from="2026-01-01")
    await bill(kim, account, name="Rent", amount="850.00", template={"payee": "Landlord"}, active_from="2026-01-01")
    monthly = (("09", "-20.00", "Films"), ("11", "-850.00", "Landlord"), ("11", "-20.00", "Shop"))
    rows = [f"2026-0{month}-{day},{amount},{payee}" for month in (1, 2, 3) for day, amount, payee in monthly]
    clock.set("2026-04-01")
    file = {"file": ("bank.csv", "\n".join(["Date,Amount,Payee", *rows]).encode(), "text/csv")}
    preview = expect(await kim.http.post("/imports", files=file, data={"account_id": account["id"]}), 201)
    committed = expect(await kim.http.post(f"/imports/{preview['id']}/commit"), 200)
    assert codes(committed) == ["bill_paid"] * 6
    assert {warning["due_on"] for warning in committed["warnings"]} == {f"2026-0{month}-10" for month in (1, 2, 3)}
    assert (await kim.read(f"/imports/{preview['id']}"))["warnings"] == preview["warnings"]
    found = await bills(kim, first="2026-01-01", last="2026-03-31")
    assert [each["status"] for each in found] == ["paid"] * 6
    expect(await kim.http.post(f"/imports/{preview['id']}/undo"), 200)
    assert {each["status"] for each in await bills(kim, first="2026-01-01", last="2026-03-31")} == {"overdue"}


async def test_by_hand_a_payment_is_matched_and_taken_away_for_good(
    kim: Person, robin: Person, clock: Clock, unchanged: Unchanged
) -> None:
    account, spare = await kim.account(), await kim.account("Spare")
    made = await bill(kim, account)
    plain = expect(await kim.http.post("/schedules", json={
        "name": "Plain", "template": {"type": "expense", "account_id": account["id"]}, "amount": "5.00",
        "rrule": "FREQ=MONTHLY;BYMONTHDAY=10", "starts_on": "2026-01-10",
    }), 201)  # fmt: skip
    clock.set("2026-03-20")
    late = await kim.add(account_id=account["id"], date="2026-03-20", amount="33.00")
    foreign = await kim.add(account_id=spare["id"], date="2026-03-20", amount="20.00")
    income = await kim.add(account_id=account["id"], date="2026-03-20", amount="20.00", type="income")
    path = f"/schedules/{made['id']}/occurrences/2026-03-10"
    async with unchanged(kim):
        nobody = {"transaction_id": made["id"]}
        problem(await kim.http.post(f"{path}/match", json=nobody), 404, "transaction_not_found")
        for wrong in (foreign, income):
            answer = await kim.http.post(f"{path}/match", json={"transaction_id": wrong["id"]})
            problem(answer, 409, "payment_mismatch")
        right = {"transaction_id": late["id"]}
        for schedule, day, code in (
            (made["id"], "2026-03-11", "occurrence_not_found"),
            (made["id"], "2026-02-10", "occurrence_not_found"),
            (plain["id"], "2026-03-10", "bill_not_found"),
            (late["id"], "2026-03-10", "bill_not_found"),
        ):
            problem(await kim.http.post(f"/schedules/{schedule}/occurrences/{day}/match", json=right), 404, code)
        problem(await kim.http.post(f"{path}/unmatch"), 409, "bill_not_paid")
        for body in ({}, {"transaction_id": "\u0000"}, {"transaction_id": late["id"], "x": 1}):
            problem(await kim.http.post(f"{path}/match", json=body), 422, "invalid_input")
    problem(await robin.http.post(f"{path}/match", json=right), 404, "bill_not_found")
    matched = expect(await kim.http.post(f"{path}/match", json=right), 200)
    assert (matched["status"], matched["matched_by_hand"], matched["paid_amount"]) == ("paid", True, "33.00")
    next_one = f"/schedules/{made['id']}/occurrences/2026-04-10"
    async with unchanged(kim):
        problem(await kim.http.post(f"{path}/match", json=right), 409, "bill_not_open")
        problem(await kim.http.post(f"{next_one}/match", json=right), 409, "payment_taken")
    expect(await kim.http.patch(f"/transactions/{late['id']}", json={"amount": "34.00"}), 200)
    assert (await states(kim))[0] == ("2026-03-10", "paid")
    expect(await kim.http.patch(f"/transactions/{late['id']}", json={"account_id": spare["id"]}), 200)
    assert (await states(kim))[0] == ("2026-03-10", "overdue")
    expect(await kim.http.patch(f"/transactions/{late['id']}", json={"account_id": account["id"]}), 200)
    expect(await kim.http.post(f"{path}/match", json=right), 200)
    assert expect(await kim.http.post(f"{path}/unmatch"), 200)["status"] == "overdue"
    # One that would fit by itself is not put back where it was taken away.
    fitting = await pay(kim, account, "2026-03-11")
    assert codes(fitting) == ["bill_paid"]
    expect(await kim.http.post(f"{path}/unmatch"), 200)
    revision = await revision_of(kim)
    changed = expect(await kim.http.patch(f"/transactions/{fitting['id']}", json={"notes": "no"}), 200)
    assert (codes(changed), (await states(kim))[0][1]) == ([], "overdue")
    await undo(kim, revision)  # the rejection is gone, the match is back
    assert (await bills(kim))[0]["transaction_id"] == fitting["id"]


async def test_people_are_reminded_once_and_the_reminder_goes_with_the_bill(
    kim: Person, robin: Person, clock: Clock, run: Run, owner_database: Database, app_database: Database
) -> None:
    account = await kim.account()
    made = await bill(kim, account, remind_days=3)
    await bill(kim, account, name="Quiet", amount="7.00", template={"payee": "Quiet"})
    async with app_database.begin() as connection:
        books = await bills_links.books_with_bills(connection)
    assert (UUID(kim.book_id) in books, UUID(robin.book_id) in books) == (True, False)
    clock.set("2026-03-06")
    await run("bills.remind", kim)
    assert await told(owner_database, kim) == []
    clock.set("2026-03-07")
    await run("bills.remind", kim)
    await run("bills.remind", kim)
    assert await told(owner_database, kim) == [("bill_due", "Films is due on 2026-03-10")]
    clock.set("2026-03-12")
    await run("bills.remind", kim)
    assert (await told(owner_database, kim))[1:] == [
        ("bill_overdue", "Films was due on 2026-03-10"),
        ("bill_overdue", "Quiet was due on 2026-03-10"),
    ]
    paid = await pay(kim, account, "2026-03-12")
    assert await told(owner_database, kim) == [("bill_overdue", "Quiet was due on 2026-03-10")]
    await run("bills.remind", kim)
    assert len(await told(owner_database, kim)) == 1
    expect(await kim.http.delete(f"/transactions/{paid['id']}"), 204)
    await run("bills.remind", kim)
    assert len(await told(owner_database, kim)) == 2
    expect(await kim.http.post(f"/schedules/{made['id']}/occurrences/2026-03-10/skip", json={}), 200)
    assert len(await told(owner_database, kim)) == 1


async def test_a_changed_price_is_told_once_and_noise_is_not(
    kim: Person, clock: Clock, owner_database: Database
) -> None:
    account = await kim.account()
    await bill(kim, account, tolerance="40")
    await bill(kim, account, name="Power", amount_kind="average", amount="60.00", average_of=6, tolerance="50",
               template={"payee": "Power"})  # fmt: skip
    for month, films, power in (
        (3, "20.00", "58.00"),
        (4, "20.05", "66.00"),
        (5, "22.00", "55.00"),
        (6, "22.00", "70.00"),
    ):
        clock.set(f"2026-0{month}-10")
        await pay(kim, account, f"2026-0{month}-10", amount=films)
        await pay(kim, account, f"2026-0{month}-10", amount=power, payee="Power")
    assert {status for _, status in await states(kim)} == {"paid"}
    changes = await told(owner_database, kim)
    assert ("price_changed", "Films: 22.00 EUR instead of 20.05 EUR") in changes
    assert [title for _, title in changes if title.startswith("Films")] == ["Films: 22.00 EUR instead of 20.05 EUR"]


async def test_a_bill_on_a_private_account_is_seen_by_who_sees_the_account(
    kim: Person, robin: Person, clock: Clock, run: Run, owner_database: Database
) -> None:
    await join(kim, robin)
    robin.http.headers["X-Book-Id"] = kim.book_id
    private, shared = await kim.account("Mine", visibility="private"), await kim.account("Ours")
    made = await bill(kim, private, remind_days=5)
    await bill(kim, shared, name="Ours", remind_days=5)
    clock.set("2026-03-10")
    await run("bills.remind", kim)
    assert [title for _, title in await told(owner_database, robin)] == ["Ours is due on 2026-03-10"]
    assert len(await told(owner_database, kim)) == 2
    paid = await pay(kim, private, "2026-03-10")
    assert codes(paid) == ["bill_paid"]
    assert {each["name"] for each in await bills(robin)} == {"Ours"}
    path = f"/schedules/{made['id']}/occurrences/2026-03-10"
    problem(await robin.http.post(f"{path}/unmatch"), 404, "bill_not_found")
    # What Robin writes pays what Robin sees.
    assert codes(await pay(robin, shared, "2026-03-10")) == ["bill_paid"]
    expect(await kim.http.post(f"{path}/unmatch"), 200)
    assert MARK not in (await robin.get(f"/books/{kim.book_id}/activity", limit=100)).text.replace(made["id"], MARK)


MARK = "the private bill"


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ({"from": "2026-03-02", "to": "2026-03-01"}, "query.to", "before_from"),
        ({"from": "2020-01-01", "to": "2026-03-01"}, "query.to", "too_long"),
        ({"status": "late"}, "query.status.0", "literal_error"),
        ({"from": "1.3.2026"}, "query.from", "value_error"),
    ],
)
async def test_what_cannot_be_asked_for_is_refused(kim: Person, query: dict[str, str], field: str, code: str) -> None:
    assert (field, code) in fields(expect(await kim.get("/bills", **query), 422))


async def test_the_list_is_tagged_by_the_book_and_the_day(kim: Person, clock: Clock) -> None:
    tag = (await kim.get("/bills")).headers["etag"]
    assert (await kim.http.get("/bills", headers={"If-None-Match": tag})).status_code == 304
    clock.set("2026-03-02")
    assert (await kim.http.get("/bills", headers={"If-None-Match": tag})).status_code == 200


async def test_reminders_go_with_the_days_of_a_bill(
    kim: Person, clock: Clock, run: Run, owner_database: Database
) -> None:
    """Nothing is kept of what was only reminded of; it is taken back all the same."""
    account = await kim.account()
    clock.set("2026-03-12")
    made = await bill(kim, account)
    path, made_in = f"/schedules/{made['id']}", await revision_of(kim)
    clock.set("2026-04-12")
    late = [("bill_overdue", "Films was due on 2026-04-10")]
    for changes in ({"paused": True}, {"archived": True}, {"rrule": "FREQ=MONTHLY;BYMONTHDAY=20"}):
        await run("bills.remind", kim)
        assert await told(owner_database, kim) == late
        expect(await kim.http.patch(path, json={"remind_days": 1}), 200)
        assert await told(owner_database, kim) == late
        await undo(kim)
        expect(await kim.http.patch(path, json=changes), 200)
        assert await told(owner_database, kim) == []
        await undo(kim)
    await run("bills.remind", kim)
    expect(await kim.http.delete(path), 204)
    assert await told(owner_database, kim) == []
    await undo(kim)
    await run("bills.remind", kim)
    assert await told(owner_database, kim) == late
    await undo(kim, made_in)
    assert await told(owner_database, kim) == []

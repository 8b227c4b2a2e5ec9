"""Every way of writing converts by the rate of the day, and what was written follows when rates change."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from httpx import Response

from app.core.config import Settings
from app.core.database import Database
from tests.conftest import Unchanged
from tests.people import Person, expect, problem
from tests.portfolio.trading import depot, hold
from tests.rates.helping import (
    Document,
    bases,
    forget_provided,
    half_up,
    pending_days,
    provide,
    revalue,
    set_rate,
    waiting,
)

Books = dict[str, Document]


@pytest.fixture(autouse=True)
async def no_rates_of_providers(owner_database: Database) -> AsyncIterator[None]:
    yield
    await forget_provided(owner_database)


@pytest.fixture
async def book(kim: Person) -> Books:
    return {
        "checking": await kim.account(),
        "dollars": await kim.account("Dollars", currency="USD"),
        "other": await kim.account("More dollars", currency="USD"),
        "yen": await kim.account("Yen", currency="JPY"),
        "dinars": await kim.account("Dinars", currency="KWD"),
        "coins": await kim.account("Coins", currency="BTC"),
        "food": await kim.category(),
    }


async def month(person: Person) -> Document:
    found: Document = await person.read("/reports/monthly", year=2026, month=1)
    return found


async def imported(person: Person, account: Document, content: str) -> list[Document]:
    file = {"file": ("bank.csv", content.encode(), "text/csv")}
    preview = expect(await person.http.post("/imports", files=file, data={"account_id": account["id"]}), 201)
    expect(await person.http.post(f"/imports/{preview['id']}/commit"), 200)
    found: list[Document] = (await person.read("/transactions", account_id=account["id"]))["items"]
    return found


async def test_every_way_of_writing_converts(kim: Person, book: Books) -> None:
    await set_rate(kim, "EUR", "USD", "2026-01-14", "1.25")  # a dollar is 0.8 euro
    usd = book["dollars"]["id"]
    made = await kim.add(account_id=usd, amount="10.00", category_id=book["food"]["id"])
    assert bases(made) == ["-8.00"]
    assert await kim.read(f"/transactions/{made['id']}") == made
    event = (await kim.read(f"/transactions/{made['id']}/history"))["items"][0]
    assert event["after"]["postings"][0]["base_amount"] == "-8.00"
    changed = expect(await kim.http.patch(f"/transactions/{made['id']}", json={"amount": "20"}), 200)
    assert bases(changed) == ["-16.00"]
    moved = expect(await kim.http.patch(f"/transactions/{made['id']}", json={"date": "2026-01-13"}), 200)
    assert bases(moved) == [None]
    put = {"type": "expense", "date": "2026-01-21", "amount": "1", "account_id": usd}
    assert bases(expect(await kim.http.put(f"/transactions/{made['id']}", json=put), 200)) == ["-0.80"]
    both = await kim.add(
        type="transfer",
        account_id=usd,
        to_account_id=book["checking"]["id"],
        amount="100",
        to_amount="79.50",
        fee_amount="0.03",
    )
    assert bases(both) == ["-80.00", "79.50", "-0.02"]
    lines = [
        {"account_id": usd, "role": "flow", "amount": "-1.01"},
        {"account_id": book["checking"]["id"], "role": "flow", "amount": "1"},
    ]
    journal = {"type": "journal", "date": "2026-01-15", "postings": lines}
    assert bases(expect(await kim.http.post("/transactions", json=journal), 201)) == ["-0.81", "1.00"]
    wanted = {"type": "adjustment", "date": "2026-01-20", "account_id": usd, "balance": "5"}
    adjusted = expect(await kim.http.post("/transactions", json=wanted), 201)
    exact = Decimal(adjusted["postings"][0]["amount"]) * Decimal("0.8")
    assert bases(adjusted) == [str(half_up(exact, 2))]
    opened = await kim.account("Opened", currency="USD", opening_balance="3.00", opening_date="2026-01-16")
    [opening] = (await kim.read("/transactions", account_id=opened["id"]))["items"]
    assert bases(opening) == ["2.40"]
    operations = [
        {"op": "create", "transaction": {"type": "income", "date": day, "amount": "1", "account_id": usd}}
        for day in ("2026-01-14", "2026-01-21", "2026-01-22")
    ]
    bulk = expect(await kim.http.post("/transactions/bulk", json={"operations": operations}), 200)
    assert [bases(one["transaction"]) for one in bulk["results"]] == [["0.80"], ["0.80"], [None]]


async def test_rows_of_files_are_converted_and_what_was_undone_comes_back_with_todays_rates(
    kim: Person, book: Books
) -> None:
    await set_rate(kim, "USD", "EUR", "2026-01-14", "0.8")
    rows = await imported(kim, book["dollars"], "Date,Amount,Payee\n2026-01-15,-10.00,Shop\n2026-02-15,-1.00,Shop\n")
    assert [bases(row) for row in rows] == [[None], ["-8.00"]]
    journal = "2026-01-16 Shop\n    expenses:food      5.00 USD\n    assets:wallet     -5.00 USD\n"
    file = {"file": ("book.journal", journal.encode(), "text/plain")}
    preview = expect(await kim.http.post("/imports", files=file), 201)
    expect(await kim.http.post(f"/imports/{preview['id']}/commit"), 200)
    [plain] = [row for row in (await kim.read("/transactions"))["items"] if row["date"] == "2026-01-16"]
    assert bases(plain) == ["-4.00"]
    revision = (await kim.read(f"/books/{kim.book_id}"))["revision"]
    expect(await kim.http.delete(f"/transactions/{rows[1]['id']}"), 204)
    await set_rate(kim, "USD", "EUR", "2026-01-14", "0.5")
    expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": revision + 1}), 200)
    assert bases(await kim.read(f"/transactions/{rows[1]['id']}")) == ["-5.00"]


async def test_two_sides_that_become_a_transfer_are_converted(kim: Person, book: Books) -> None:
    await set_rate(kim, "USD", "EUR", "2026-01-15", "0.8")
    out = await kim.add(account_id=book["dollars"]["id"], amount="10")
    back = await kim.add(type="income", account_id=book["checking"]["id"], amount="7.90")
    pair = {"outgoing_id": out["id"], "incoming_id": back["id"]}
    merged = expect(await kim.http.post("/transfer-matches/accept", json=pair), 200)
    assert bases(merged) == ["-8.00", "7.90"]


@pytest.mark.parametrize(
    ("base", "account", "rate", "amount", "wanted"),
    [
        ("EUR", "JPY", "0.00615", "1000", "6.15"),
        ("EUR", "JPY", "0.005", "1", "0.01"),  # half a cent goes away from zero
        ("EUR", "JPY", "0.00499999", "1", "0.00"),
        ("JPY", "EUR", "162.5", "0.01", "2"),
        ("JPY", "EUR", "150", "0.01", "2"),
        ("KWD", "EUR", "0.3345", "1.00", "0.335"),
        ("BTC", "USD", "0.00000999", "1.50", "0.00001499"),
        ("USD", "BTC", "100000.5", "0.00000005", "0.01"),
    ],
)
async def test_amounts_have_the_decimals_of_the_base_currency(
    kim: Person, base: str, account: str, rate: str, amount: str, wanted: str
) -> None:
    expect(await kim.http.patch(f"/books/{kim.book_id}", json={"base_currency": base}), 200)
    opened = await kim.account(currency=account)
    await set_rate(kim, account, base, "2026-01-15", rate)
    minus = await kim.add(account_id=opened["id"], amount=amount)
    plus = await kim.add(account_id=opened["id"], amount=amount, type="income")
    negative = wanted if Decimal(wanted) == 0 else f"-{wanted}"
    assert [b.replace("-0.00", "0.00") if b and Decimal(b) == 0 else b for b in bases(minus)] == [negative]
    assert bases(plus) == [wanted]
    assert await kim.read(f"/transactions/{plus['id']}") == plus


async def test_what_was_written_follows_a_rate_and_its_undo(
    kim: Person, book: Books, app_database: Database, owner_database: Database, settings: Settings
) -> None:
    made = await kim.add(account_id=book["dollars"]["id"], amount="10", category_id=book["food"]["id"])
    assert bases(made) == [None]
    assert (await month(kim))["unconverted"] != []
    rate = await set_rate(kim, "USD", "EUR", "2026-01-10", "0.8")
    assert await pending_days(owner_database, kim) == ("2026-01-10", "2026-01-17")
    await set_rate(kim, "USD", "EUR", "2026-01-09", "0.5")
    assert await waiting(owner_database, kim, "rates.revalue") == 1
    await kim.check_integrity()  # what is noted is no fault
    await revalue(kim, app_database, settings)
    after = await kim.read(f"/transactions/{made['id']}")
    assert bases(after) == ["-8.00"]
    assert after["revision"] > made["revision"]
    assert (await month(kim))["total_expenses"] == "8.00"
    assert (await month(kim))["unconverted"] == []
    [told] = [e for e in (await kim.read(f"/books/{kim.book_id}/activity"))["items"] if e["entity"] == "revaluation"]
    await kim.check_integrity()
    refused = await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": told["revision"]})
    assert "rates" in problem(refused, 409, "not_undoable")["detail"]
    # Undone, changed, deleted: the amounts go along each time.
    book_revision = rate["revision"]
    expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": book_revision}), 200)
    await revalue(kim, app_database, settings)
    assert bases(await kim.read(f"/transactions/{made['id']}")) == ["-5.00"]
    [left] = (await kim.read("/rates"))["items"]
    expect(await kim.http.delete(f"/rates/{left['id']}"), 204)
    await revalue(kim, app_database, settings)
    assert bases(await kim.read(f"/transactions/{made['id']}")) == [None]


async def test_a_job_that_changes_nothing_leaves_no_trace(
    kim: Person, book: Books, app_database: Database, owner_database: Database, settings: Settings, unchanged: Unchanged
) -> None:
    await kim.add(account_id=book["dollars"]["id"])
    await provide(owner_database, ("EUR", "USD", "2026-03-01", "1.1"))
    assert await pending_days(owner_database, kim) == ("2026-03-01", "2026-03-08")
    revision = (await kim.read(f"/books/{kim.book_id}"))["revision"]
    await revalue(kim, app_database, settings)
    assert await pending_days(owner_database, kim) is None
    assert (await kim.read(f"/books/{kim.book_id}"))["revision"] == revision
    async with unchanged(kim):
        await revalue(kim, app_database, settings)


async def test_a_providers_rates_reach_the_books_that_hold_the_currency(
    kim: Person, robin: Person, book: Books, app_database: Database, owner_database: Database, settings: Settings
) -> None:
    made = await kim.add(account_id=book["dollars"]["id"], amount="10")
    await robin.account("Pounds", currency="GBP")
    await provide(owner_database, ("EUR", "USD", "2026-01-15", "1.25"))
    assert await waiting(owner_database, kim, "rates.revalue") == 1
    assert await waiting(owner_database, robin, "rates.revalue") == 0
    await revalue(kim, app_database, settings)
    assert bases(await kim.read(f"/transactions/{made['id']}")) == ["-8.00"]
    await provide(owner_database, ("EUR", "USD", "2026-01-15", "1.25"))  # the same again is nothing new
    assert await pending_days(owner_database, kim) is None
    await provide(owner_database, ("EUR", "USD", "2026-01-15", "1.6"))
    await revalue(kim, app_database, settings)
    assert bases(await kim.read(f"/transactions/{made['id']}")) == ["-6.25"]


async def test_two_books_do_not_see_each_others_rates(kim: Person, robin: Person, book: Books) -> None:
    await set_rate(kim, "USD", "EUR", "2026-01-15", "0.8")
    dollars = await robin.account("Dollars", currency="USD")
    await robin.account("Euros")
    expect(await robin.http.patch(f"/books/{robin.book_id}", json={"rate_window_days": 0}), 200)
    made = await robin.add(account_id=(await robin.account("Yen", currency="JPY"))["id"])
    assert bases(made) == [None]
    assert (await robin.read("/rates"))["items"] == []
    asked = await robin.get("/rates/convert", **{"from": "USD", "to": "EUR", "date": "2026-01-15"})
    problem(asked, 404, "no_rate")
    assert dollars["currency"] == "USD"


async def test_closed_periods_keep_what_they_had_until_they_are_opened(
    kim: Person, book: Books, app_database: Database, owner_database: Database, settings: Settings
) -> None:
    closed = await kim.add(account_id=book["dollars"]["id"], amount="10", date="2026-01-31")
    later = await kim.add(account_id=book["dollars"]["id"], amount="10", date="2026-02-01")
    place = (await depot(kim, currency="USD"))["id"]
    await hold(kim, account_id=place, currency="USD", purchase_date="2026-01-31")
    expect(await kim.http.put(f"/books/{kim.book_id}/lock", json={"locked_until": "2026-01-31"}), 200)
    await set_rate(kim, "USD", "EUR", "2026-01-30", "0.8")
    await revalue(kim, app_database, settings)
    assert bases(await kim.read(f"/transactions/{closed['id']}")) == [None]
    assert bases(await kim.read(f"/transactions/{later['id']}")) == ["-8.00"]
    await kim.check_integrity()
    expect(await kim.http.put(f"/books/{kim.book_id}/lock", json={"locked_until": "2026-01-30"}), 200)
    assert await pending_days(owner_database, kim) == ("2026-01-31", "2026-01-31")
    await revalue(kim, app_database, settings)
    assert bases(await kim.read(f"/transactions/{closed['id']}")) == ["-8.00"]


async def test_another_window_values_everything_anew(
    kim: Person, book: Books, app_database: Database, settings: Settings
) -> None:
    made = await kim.add(account_id=book["dollars"]["id"], amount="10", date="2026-01-31")
    await set_rate(kim, "USD", "EUR", "2026-01-23", "0.8")
    await revalue(kim, app_database, settings)
    assert bases(await kim.read(f"/transactions/{made['id']}")) == [None]
    changed = expect(await kim.http.patch(f"/books/{kim.book_id}", json={"rate_window_days": 8}), 200)
    assert changed["rate_window_days"] == 8
    await revalue(kim, app_database, settings)
    assert bases(await kim.read(f"/transactions/{made['id']}")) == ["-8.00"]
    undone = {"revision": changed["revision"]}
    expect(await kim.http.post(f"/books/{kim.book_id}/undo", json=undone), 200)
    await revalue(kim, app_database, settings)
    assert bases(await kim.read(f"/transactions/{made['id']}")) == [None]
    for wrong in (-1, 367, "7", None, 1.5):
        answer: Response = await kim.http.patch(f"/books/{kim.book_id}", json={"rate_window_days": wrong})
        problem(answer, 422, "invalid_input")

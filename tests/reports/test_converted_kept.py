"""What is kept of payees in other currencies: when it is made, what makes it wait, and who is told by it."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core.clock import now
from app.core.config import Settings
from app.core.database import Database
from app.reports import converted
from tests.people import Person, expect, problem
from tests.rates.helping import forget_provided, provide, set_rate, waiting, work_on
from tests.reports.converting import ask, keep
from tests.security.household import join
from tests.staff import run


async def kept(owner: Database, person: Person) -> set[tuple[str, str, str]]:
    async with owner.begin() as connection:
        statement = text("SELECT currency, span, first_day FROM converted_spans WHERE book_id = CAST(:book AS uuid)")
        rows = (await connection.execute(statement, {"book": person.book_id})).all()
    return {(row.currency, row.span, str(row.first_day)) for row in rows}


@pytest.fixture
async def spender(kim: Person) -> Person:
    """Somebody who spent ten euros on each of three days of a month and one of the next."""
    account = await kim.account()
    await set_rate(kim, "EUR", "USD", "2025-02-01", "1.25")
    expect(await kim.http.patch(f"/books/{kim.book_id}", json={"rate_window_days": 60}), 200)
    for day in ("2025-02-05", "2025-02-15", "2025-02-25", "2025-03-05"):
        await kim.add(account_id=account["id"], amount="10", date=day, payee="Grocer")
    return kim


MARCH = {("USD", "third", f"2025-03-{day}") for day in ("01", "11", "21")} | {("USD", "month", "2025-03-01")}
FEBRUARY = {("USD", "third", f"2025-02-{day}") for day in ("01", "11", "21")} | {("USD", "month", "2025-02-01")}


async def test_what_was_read_posting_by_posting_is_kept_after_the_answer(
    spender: Person, app_database: Database, owner_database: Database, settings: Settings
) -> None:
    first = await ask(spender, "2025-02-01", "2025-03-31")
    assert first["items"][0]["amount"] == "50.00"
    assert await waiting(owner_database, spender, converted.KEEP) == 1
    await ask(spender, "2025-02-01", "2025-03-31")
    assert await waiting(owner_database, spender, converted.KEEP) == 1  # the one that waits is for both
    assert await kept(owner_database, spender) == set()
    await keep(spender, app_database, settings)
    assert await kept(owner_database, spender) >= FEBRUARY | MARCH
    assert await ask(spender, "2025-02-01", "2025-03-31") == first
    revision = (await spender.read(f"/books/{spender.book_id}"))["revision"]
    await keep(spender, app_database, settings)
    assert (await spender.read(f"/books/{spender.book_id}"))["revision"] == revision


async def test_a_change_makes_its_third_and_its_month_wait_and_nothing_else(
    spender: Person, app_database: Database, owner_database: Database, settings: Settings
) -> None:
    await ask(spender, "2025-02-01", "2025-03-31")
    await keep(spender, app_database, settings)
    (newest, *_) = (await spender.read("/transactions"))["items"]
    expect(await spender.http.patch(f"/transactions/{newest['id']}", json={"date": "2025-03-06"}), 200)
    left = FEBRUARY | MARCH - {("USD", "third", "2025-03-01"), ("USD", "month", "2025-03-01")}
    now = await kept(owner_database, spender)
    assert now & (FEBRUARY | MARCH) == left
    expect(await spender.http.patch(f"/transactions/{newest['id']}", json={"description": "Other words"}), 200)
    assert await kept(owner_database, spender) == now


async def test_a_rate_makes_wait_what_it_may_concern(
    spender: Person, app_database: Database, owner_database: Database, settings: Settings
) -> None:
    expect(await spender.http.patch(f"/books/{spender.book_id}", json={"rate_window_days": 9}), 200)
    await ask(spender, "2025-02-01", "2025-03-31")
    await keep(spender, app_database, settings)
    before = await kept(owner_database, spender)
    try:
        await provide(owner_database, ("EUR", "GBP", "2025-02-12", "0.8"))  # others may be made through it
        gone = {("USD", "third", "2025-02-11"), ("USD", "third", "2025-02-21"), ("USD", "month", "2025-02-01")}
        assert await kept(owner_database, spender) == before - gone
    finally:
        await forget_provided(owner_database)
    await keep(spender, app_database, settings)
    await set_rate(spender, "CHF", "USD", "2025-03-31", "1.1")  # a way that other days may take
    assert await kept(owner_database, spender) == set()


async def test_a_currency_that_nobody_asks_for_is_let_go_of(
    spender: Person, app_database: Database, owner_database: Database, settings: Settings
) -> None:
    await ask(spender, "2025-02-01", "2025-03-31")
    await keep(spender, app_database, settings)
    async with owner_database.begin() as connection:
        await connection.execute(text("UPDATE converted_currencies SET asked_on = current_date - 90"))
    async with app_database.begin() as connection:
        await converted.forget(work_on(connection, app_database, settings), {})
    assert await kept(owner_database, spender)
    async with owner_database.begin() as connection:
        await connection.execute(text("UPDATE converted_currencies SET asked_on = current_date - 91"))
    async with app_database.begin() as connection:
        await converted.forget(work_on(connection, app_database, settings), {})
    assert await kept(owner_database, spender) == set()
    await keep(spender, app_database, settings)  # a job that waited finds nothing to do
    assert await kept(owner_database, spender) == set()


async def test_an_answer_that_the_client_has_asks_for_what_it_missed_too(
    spender: Person, app_database: Database, owner_database: Database, settings: Settings
) -> None:
    asked = {"from": "2025-02-01", "to": "2025-03-31", "currency": "USD"}
    tag = (await spender.http.get("/reports/payees", params=asked)).headers["etag"]
    await keep(spender, app_database, settings)
    (newest, *_) = (await spender.read("/transactions"))["items"]
    expect(await spender.http.patch(f"/transactions/{newest['id']}", json={"date": "2025-03-06"}), 200)
    tag = (await spender.http.get("/reports/payees", params=asked)).headers["etag"]
    before = await kept(owner_database, spender)
    assert not before & {("USD", "month", "2025-03-01")}
    await run(owner_database, "UPDATE converted_currencies SET first_day = NULL, last_day = NULL")
    again = await spender.http.get("/reports/payees", params=asked, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    await keep(spender, app_database, settings)
    assert await kept(owner_database, spender) == before | FEBRUARY | MARCH


@pytest.mark.parametrize("path", ["/exports/reports", "/reports/payees/chart.svg"])
async def test_files_and_pictures_say_the_same(
    spender: Person, app_database: Database, settings: Settings, path: str
) -> None:
    asked = {"from": "2025-02-01", "to": "2025-03-31", "currency": "USD"}
    asked |= {"report": "payees", "format": "csv"} if path == "/exports/reports" else {}
    before = await spender.http.get(path, params=asked)
    assert before.status_code == 200, before.text
    await keep(spender, app_database, settings)
    assert (await spender.http.get(path, params=asked)).content == before.content


async def test_what_is_still_to_come_somewhere_is_not_kept(
    kim: Person, app_database: Database, owner_database: Database, settings: Settings
) -> None:
    account = await kim.account()
    today = now().date()
    await set_rate(kim, "EUR", "USD", str(today - timedelta(80)), "1.25")
    expect(await kim.http.patch(f"/books/{kim.book_id}", json={"rate_window_days": 90}), 200)
    for days in range(0, 70, 3):
        await kim.add(account_id=account["id"], amount="10", date=str(today - timedelta(days)), payee=f"P {days % 4}")
    periods = [
        {"period": period} if period else {"from": str(today - timedelta(17)), "to": str(today + timedelta(3))}
        for period in ("month", "3months", "")
    ]
    before = [await kim.read("/reports/payees", **period, currency="USD") for period in periods]
    await keep(kim, app_database, settings)
    assert [await kim.read("/reports/payees", **period, currency="USD") for period in periods] == before
    ends = """
        SELECT max(first_day + CASE WHEN span = 'month' THEN interval '1 month' - interval '1 day'
                   ELSE interval '7 days' END)::date
        FROM converted_spans WHERE book_id = CAST(:book AS uuid)
    """
    assert await run(owner_database, ends, book=kim.book_id) < today - timedelta(1)


async def test_a_rate_that_comes_while_sums_are_computed_is_not_missed(
    spender: Person, app_database: Database, owner_database: Database, settings: Settings
) -> None:
    await ask(spender, "2025-02-01", "2025-03-31")
    async with app_database.begin() as connection:
        await converted.keep(work_on(connection, app_database, settings), {"book_id": spender.book_id})
        coming = asyncio.create_task(provide(owner_database, ("EUR", "USD", "2025-02-20", "1.5")))
        await asyncio.sleep(0.3)
        assert not coming.done()
    try:
        await coming
        assert not await kept(owner_database, spender) & {("USD", "month", "2025-02-01")}
        told = await ask(spender, "2025-02-01", "2025-03-31")
        assert told["items"][0]["amount"] == "55.00"  # the third and the fourth posting by the new rate
        await keep(spender, app_database, settings)
        assert await ask(spender, "2025-02-01", "2025-03-31") == told
    finally:
        await forget_provided(owner_database)


async def test_a_period_may_be_as_long_as_it_likes(spender: Person, app_database: Database, settings: Settings) -> None:
    near, far = await ask(spender, "2025-02-01", "2025-03-31"), await ask(spender, "1900-01-01", "9998-12-31")
    assert far["items"] == near["items"]
    await keep(spender, app_database, settings)
    assert await ask(spender, "1900-01-01", "9998-12-31") == far
    empty = await ask(spender, "1900-01-01", "1999-12-31")
    assert (empty["items"], empty["total"]) == ([], "0.00")


async def test_a_book_keeps_so_many_currencies_and_no_more(
    spender: Person, app_database: Database, owner_database: Database, settings: Settings
) -> None:
    for number, currency in enumerate(("USD", "CHF", "GBP", "JPY", "SEK", "NOK")):
        document = await ask(spender, "2025-02-01", "2025-03-31", currency)
        assert document["currency"] == currency
        count = "SELECT count(*) FROM converted_currencies WHERE book_id = CAST(:book AS uuid)"
        assert await run(owner_database, count, book=spender.book_id) == min(number + 1, converted.MOST_CURRENCIES)


async def test_who_does_not_see_every_account_is_told_by_postings(
    spender: Person, robin: Person, app_database: Database, owner_database: Database, settings: Settings
) -> None:
    private = await spender.account("Own", visibility="private")
    await spender.add(account_id=private["id"], amount="7", date="2025-02-06", payee="Secret")
    period = ("2025-02-01", "2025-03-31")
    await ask(spender, *period)
    await keep(spender, app_database, settings)
    assert {item["name"] for item in (await ask(spender, *period))["items"]} == {"Grocer", "Secret"}
    await join(owner_database, spender.book_id, robin, "viewer")
    seen = await ask(robin, *period)
    assert [(item["name"], item["amount"]) for item in seen["items"]] == [("Grocer", "50.00")]
    long = {"from": "2023-01-01", "to": "2025-12-31", "currency": "USD"}
    problem(await robin.http.get("/reports/payees", params=long), 422, "invalid_input")
    assert (await spender.http.get("/reports/payees", params=long)).status_code == 200


async def test_the_job_of_a_book_that_has_gone_does_nothing(app_database: Database, settings: Settings) -> None:
    async with app_database.begin() as connection:
        payload = {"book_id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"}
        await converted.keep(work_on(connection, app_database, settings), payload)

"""What is kept of payees in other currencies: it says what postings and rates say, whatever happens to either."""

from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, example, given
from hypothesis import settings as bounded
from hypothesis import strategies as st
from sqlalchemy import text

from app.core.config import Settings
from app.core.database import Database
from app.reports import converted
from tests.conftest import fresh_email
from tests.people import Person, expect, register
from tests.rates.helping import forget_provided, provide, set_rate, waiting, work_on
from tests.reports.converting import keep
from tests.reports.test_properties import CHANGES, ENTRIES, World
from tests.staff import run

PERIODS = (
    ("2025-01-01", "2025-05-31"),
    ("2025-01-25", "2025-04-10"),
    ("2025-02-01", "2025-02-28"),
    ("2025-02-12", "2025-03-09"),
)
STEPS = st.one_of(
    st.tuples(st.just("add"), ENTRIES),
    st.tuples(st.just("change"), CHANGES),
    st.tuples(st.sampled_from(["own rate", "provided", "window", "job", "job"]), st.integers(0, 85)),
)


async def ask(person: Person, first: str, last: str, currency: str = "USD", **more: Any) -> dict[str, Any]:
    document: dict[str, Any] = await person.read(
        "/reports/payees", **{"from": first, "to": last}, currency=currency, **more
    )
    return document


async def kept(owner: Database, person: Person) -> set[tuple[str, str, str]]:
    async with owner.begin() as connection:
        statement = text("SELECT currency, span, first_day FROM converted_spans WHERE book_id = CAST(:book AS uuid)")
        rows = (await connection.execute(statement, {"book": person.book_id})).all()
    return {(row.currency, row.span, str(row.first_day)) for row in rows}


@bounded(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # an example is a hundred requests: shrinking takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(entries=st.lists(ENTRIES, min_size=4, max_size=10), steps=st.lists(STEPS, min_size=4, max_size=12))
@example(
    entries=[("expense", days, 500 + days, days) for days in range(0, 80, 9)],
    steps=[
        *(("own rate", 9), ("provided", 30), ("window", 20), ("job", 0), ("change", ("move", 3)), ("job", 0)),
        *(("change", ("undo", 0)), ("change", ("merge payees", 1)), ("job", 0), ("change", ("name", 2))),
        *(("add", ("loose in", 12, 99, 1)), ("job", 0), ("change", ("delete", 1)), ("provided", 50)),
    ],
)
@pytest.mark.no_cover  # the scenarios go through the same lines; measuring them here would cost minutes
async def test_what_is_kept_is_what_is_computed(
    app: FastAPI,
    app_database: Database,
    owner_database: Database,
    settings: Settings,
    entries: list[tuple[str, int, int, int]],
    steps: list[tuple[str, Any]],
) -> None:
    person = await register(app, fresh_email())
    world = await World.make(person, owner_database)
    for entry in entries:
        await world.add(*entry)
    try:
        await check(world)
        await keep(person, app_database, settings)
        await check(world)
        for what, given_ in steps:
            if what == "add":
                await world.add(*given_)
            elif what == "change":
                await world.change(*given_)
            elif what == "job":
                await keep(person, app_database, settings)
            else:
                await change_rates(world, owner_database, what, given_)
            await check(world)
    finally:
        await forget_provided(owner_database)
    await person.http.aclose()


async def change_rates(world: World, owner: Database, what: str, number: int) -> None:
    day = f"2025-{number // 28 + 1:02}-{number % 28 + 1:02}"
    if what == "own rate":
        await set_rate(world.person, "USD", ("EUR", "JPY", "GBP")[number % 3], day, f"0.8{number:02}")
    elif what == "provided":
        await provide(owner, ("EUR", ("USD", "JPY")[number % 2], day, f"1.1{number:02}"))
    else:
        book = f"/books/{world.person.book_id}"
        expect(await world.person.http.patch(book, json={"rate_window_days": number % 30}), 200)


async def check(world: World) -> None:
    """A filter that keeps everything has every posting read."""
    for first, last in PERIODS:
        for currency in ("USD", "JPY"):
            for kind in ("expense", "income"):
                told = await ask(world.person, first, last, currency, kind=kind)
                assert told == await ask(world.person, first, last, currency, kind=kind, min_amount="0")
    yen = world.accounts[2]["id"]
    told = await ask(world.person, *PERIODS[1], account_id=yen)
    assert told == await ask(world.person, *PERIODS[1], account_id=yen, min_amount="0")
    await world.person.check_integrity()


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


async def test_the_job_of_a_book_that_has_gone_does_nothing(app_database: Database, settings: Settings) -> None:
    async with app_database.begin() as connection:
        payload = {"book_id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"}
        await converted.keep(work_on(connection, app_database, settings), payload)

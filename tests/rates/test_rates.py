"""Rates of a book: setting, loading, finding and taking back."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from app.core.clock import now
from app.core.config import Settings
from app.core.database import Database
from app.rates import fetch_repository
from tests.conftest import Unchanged
from tests.counting import counting
from tests.people import Person, expect, fields, problem
from tests.portfolio.trading import depot, hold
from tests.rates.helping import forget_provided, provide, set_rate


@pytest.fixture(autouse=True)
async def no_rates_of_providers(owner_database: Database) -> AsyncIterator[None]:
    yield
    await forget_provided(owner_database)


async def convert(person: Person, base: str, quote: str, day: str, **more: str) -> Any:
    return await person.read("/rates/convert", **{"from": base, "to": quote, "date": day, **more})


async def load(person: Person, content: bytes | str) -> Any:
    data = content.encode() if isinstance(content, str) else content
    return await person.http.post("/rates/import", files={"file": ("rates.csv", data, "text/csv")})


async def test_a_rate_is_set_changed_deleted_and_brought_back(kim: Person) -> None:
    made = await set_rate(kim, "EUR", "USD", "2026-01-15", "1.10")
    assert (made["rate"], made["source"]) == ("1.10", "manual")
    answer = await kim.get(f"/rates/{made['id']}")
    assert (answer.json(), answer.headers["etag"]) == (made, f'"{made["revision"]}"')
    again = await set_rate(kim, "EUR", "USD", "2026-01-15", "1.10")
    assert again == made  # nothing changed, and nothing is told
    changed = await set_rate(kim, "EUR", "USD", "2026-01-15", "1.2")
    assert (changed["id"], changed["rate"]) == (made["id"], "1.2")
    old = await kim.http.delete(f"/rates/{made['id']}", headers={"If-Match": f'"{made["revision"]}"'})
    problem(old, 412, "revision_mismatch")
    path = f"/books/{kim.book_id}/undo"
    expect(await kim.http.post(path, json={"revision": changed["revision"]}), 200)
    assert (await kim.read(f"/rates/{made['id']}"))["rate"] == "1.10"
    expect(await kim.http.delete(f"/rates/{made['id']}"), 204)
    problem(await kim.get(f"/rates/{made['id']}"), 404, "rate_not_found")
    problem(await kim.http.delete(f"/rates/{made['id']}"), 404, "rate_not_found")
    gone = (await kim.read(f"/books/{kim.book_id}"))["revision"]
    [deleted] = (await kim.read(f"/books/{kim.book_id}/changes", since=gone - 1))["items"]
    assert (deleted["entity"], deleted["deleted"]) == ("book_rate", True)
    expect(await kim.http.post(path, json={"revision": gone}), 200)
    assert (await kim.read(f"/rates/{made['id']}"))["rate"] == "1.10"
    [back] = (await kim.read(f"/books/{kim.book_id}/changes", since=gone))["items"]
    assert back["state"]["rate"] == "1.10"
    actions = [event["action"] for event in (await kim.read(f"/rates/{made['id']}/history"))["items"]]
    assert actions == ["created", "deleted", "updated", "updated", "created"]


async def test_two_who_change_a_rate_do_not_overwrite_each_other(kim: Person) -> None:
    body = {"base": "EUR", "quote": "USD", "date": "2026-01-02", "rate": "1.25"}
    first = await kim.http.put("/rates", json=body)
    mine = {"If-Match": first.headers["etag"]}
    expect(await kim.http.put("/rates", json={**body, "rate": "1.26"}, headers=mine), 200)
    problem(await kim.http.put("/rates", json={**body, "rate": "1.27"}, headers=mine), 412, "revision_mismatch")
    assert (await kim.read("/rates/convert", **{"from": "EUR", "to": "USD", "date": "2026-01-02"}))["rate"] == "1.26"


async def test_a_rate_goes_through_one_that_is_quoted_the_other_way(kim: Person, owner_database: Database) -> None:
    for quote, rate in (("XAU", "100"), ("CHF", "1.12")):
        body = {"base": "GBP", "quote": quote, "date": "2026-01-02", "rate": rate}
        expect(await kim.http.put("/rates", json=body), 200)
    found = await kim.read("/rates/convert", **{"from": "XAU", "to": "CHF", "date": "2026-01-02"})
    assert (Decimal(found["rate"]), found["via"]) == (Decimal("0.0112"), "GBP")


async def test_rates_are_wanted_since_the_first_trade(kim: Person, owner_database: Database) -> None:
    await kim.account()  # which makes the book one of euros
    await hold(kim, account_id=(await depot(kim, currency="CLF"))["id"], currency="CLF", purchase_date="2024-05-02")
    async with owner_database.begin() as connection:
        since = await connection.scalar(text("SELECT since FROM currencies_in_use() WHERE code = 'CLF'"))
    assert str(since) == "2024-05-02"


async def test_what_is_no_rate_is_refused(kim: Person, unchanged: Unchanged) -> None:
    tomorrow = str(now().date() + timedelta(days=2))
    good = {"base": "EUR", "quote": "USD", "date": "2026-01-15", "rate": "1.1"}
    async with unchanged(kim):
        for change, wanted in (
            ({"rate": "0"}, {("rate", "value_error")}),
            ({"rate": "-1"}, {("rate", "value_error")}),
            ({"rate": "1e3"}, {("rate", "value_error")}),
            ({"rate": "NaN"}, {("rate", "value_error")}),
            ({"rate": True}, {("rate", "value_error")}),
            ({"rate": "1" * 16}, {("rate", "value_error")}),
            ({"rate": "0." + "0" * 18 + "1"}, {("rate", "value_error")}),
            ({"quote": "EUR"}, {("quote", "same_currency")}),
            ({"quote": "XXQ"}, {("quote", "unknown_currency")}),
            ({"base": "eur"}, {("base", "string_pattern_mismatch")}),
            ({"base": "EU\0"}, {("base", "string_pattern_mismatch")}),
            ({"date": tomorrow}, {("date", "date_in_future")}),
            ({"date": "2026-02-30"}, {("date", "date_from_datetime_parsing")}),
            ({"more": 1}, {("more", "extra_forbidden")}),
        ):
            answer = await kim.http.put("/rates", json={**good, **change})
            found = fields(problem(answer, 422, "invalid_input"))
            assert {field for field, _ in found} == {field for field, _ in wanted}, answer.text
    same = await kim.get("/rates/convert", **{"from": "EUR", "to": "XXQ"})
    assert fields(problem(same, 422, "invalid_input")) == {("query.to", "unknown_currency")}


async def test_a_rate_is_found_directly_turned_round_or_through_a_third(kim: Person, owner_database: Database) -> None:
    await provide(owner_database, ("EUR", "USD", "2026-01-12", "1.25"), ("EUR", "GBP", "2026-01-13", "0.8"))
    found = await convert(kim, "EUR", "USD", "2026-01-15", amount="10.00")
    assert found == {
        "from": "EUR",
        "to": "USD",
        "date": "2026-01-15",
        "rate": "1.25",
        "rated_on": "2026-01-12",
        "source": "test",
        "via": None,
        "amount": "10.00",
        "converted": "12.50",
    }
    turned = await convert(kim, "USD", "EUR", "2026-01-15", amount="1")
    assert (turned["converted"], turned["via"]) == ("0.80", None)
    third = await convert(kim, "USD", "GBP", "2026-01-15", amount="100")
    assert (third["converted"], third["via"], third["rated_on"]) == ("64.00", "EUR", "2026-01-12")
    same = await convert(kim, "USD", "USD", "2026-01-15")
    assert (same["rate"], same["source"], same["converted"]) == ("1", "same", None)
    # The book's own of the same day goes before, an older one does not; its own pairs lead through what it names.
    await set_rate(kim, "EUR", "USD", "2026-01-12", "1.5")
    assert (await convert(kim, "EUR", "USD", "2026-01-15"))["source"] == "manual"
    await provide(owner_database, ("EUR", "USD", "2026-01-13", "1.3"))
    assert (await convert(kim, "EUR", "USD", "2026-01-15"))["rate"] == "1.3"
    await set_rate(kim, "XAU", "GBP", "2026-01-14", "2000")
    gold = await convert(kim, "XAU", "EUR", "2026-01-15", amount="0.5")
    assert (gold["converted"], gold["via"], gold["source"]) == ("1250.00", "GBP", "manual, test")
    # A window of seven days, both ends in it.
    assert (await convert(kim, "EUR", "USD", "2026-01-20"))["rated_on"] == "2026-01-13"
    refused = await kim.get("/rates/convert", **{"from": "EUR", "to": "USD", "date": "2026-01-21"})
    body = problem(refused, 404, "no_rate")
    assert (body["searched_from"], body["searched_to"], body["window_days"]) == ("2026-01-14", "2026-01-21", 7)
    early = await kim.get("/rates/convert", **{"from": "EUR", "to": "USD", "date": "1900-01-01"})
    problem(early, 404, "no_rate")


async def test_rates_are_listed_by_pair_and_days_and_page_by_page(kim: Person, owner_database: Database) -> None:
    await provide(owner_database, *(("EUR", "USD", f"2026-01-{day:02}", "1.1") for day in range(1, 6)))
    await set_rate(kim, "EUR", "USD", "2026-01-03", "1.2")
    await set_rate(kim, "EUR", "GBP", "2026-01-03", "0.8")
    every = (await kim.read("/rates"))["items"]
    assert len(every) == 7
    assert [(r["date"], r["quote"], r["source"]) for r in every[2:5]] == [
        ("2026-01-03", "GBP", "manual"),
        ("2026-01-03", "USD", "manual"),
        ("2026-01-03", "USD", "test"),
    ]
    assert {r["id"] is None for r in every if r["source"] == "test"} == {True}
    paged: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = await kim.read("/rates", limit=2, **cursor)
        paged += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert paged == every
    some = await kim.read("/rates", base="EUR", quote="USD", date_from="2026-01-03", date_to="2026-01-04")
    assert [r["date"] for r in some["items"]] == ["2026-01-04", "2026-01-03", "2026-01-03"]
    for cursor_text in ("x", "WyItZGF0ZSIsMSwyLDNd", "WyItZGF0ZSIsIngiLCJhIiwiYiIsMF0"):
        problem(await kim.get("/rates", cursor=cursor_text), 422, "invalid_input")


@pytest.mark.parametrize(
    "content",
    [
        "date,base,quote,rate\n2026-01-15,EUR,USD,1.1\n2026-01-16,EUR,USD,1.2\n",
        "2026-01-15,EUR,USD,1.1\n2026-01-16,EUR,USD,1.2",
        "\ufeffrate;quote;base;date;note\n1,1;USD;EUR;2026-01-15;x\n\n1,2;USD;EUR;2026-01-16;y\n",
        "Date\tBase\tQuote\tRate\r\n2026-01-15\tEUR\tUSD\t1.1\r\n2026-01-16\tEUR\tUSD\t1.2\r\n",
    ],
)
async def test_a_file_of_rates_is_loaded_and_undone_as_one(kim: Person, content: str) -> None:
    await set_rate(kim, "EUR", "USD", "2026-01-15", "1.0")
    assert expect(await load(kim, content), 200) == {"created": 1, "updated": 1, "unchanged": 0}
    rates = (await kim.read("/rates"))["items"]
    assert [(r["date"], r["rate"], r["source"]) for r in rates] == [
        ("2026-01-16", "1.2", "csv"),
        ("2026-01-15", "1.1", "csv"),
    ]
    assert expect(await load(kim, content), 200) == {"created": 0, "updated": 0, "unchanged": 2}
    revision = rates[0]["revision"]
    expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": revision}), 200)
    [left] = (await kim.read("/rates"))["items"]
    assert (left["rate"], left["source"]) == ("1.0", "manual")


async def test_dates_of_a_file_are_read_where_they_leave_nothing_open(kim: Person) -> None:
    content = "date;base;quote;rate\n30.01.2026;EUR;USD;1,1\n03.02.2026;EUR;USD;1,2\n4 Feb 2026;EUR;USD;1,3\n"
    assert expect(await load(kim, content), 200)["created"] == 3
    rates = (await kim.read("/rates", base="EUR", quote="USD"))["items"]
    assert [rate["date"] for rate in rates] == ["2026-02-04", "2026-02-03", "2026-01-30"]


async def test_every_wrong_row_of_a_file_is_named_and_nothing_is_loaded(kim: Person, unchanged: Unchanged) -> None:
    wrong = (
        "date,base,quote,rate\n2026-01-15,EUR,USD,1.1\n2026-01-15,EUR,USD,1.2\n15.13.2026,EUR,USD,1\n"
        "2026-01-15,EUR,EUR,1\n2026-01-15,EUR,XXQ,1\n2026-01-15,EUR,GBP,-1\n2026-01-15,EUR\n2999-01-01,EUR,GBP,1\n"
    )
    async with unchanged(kim):
        assert fields(problem(await load(kim, wrong), 422, "invalid_input")) == {
            ("file.3.rate", "duplicate_rate"),
            ("file.4.date", "value_error"),
            ("file.5.quote", "same_currency"),
            ("file.6.quote", "unknown_currency"),
            ("file.7.rate", "value_error"),
            ("file.8.date", "wrong_columns"),
            ("file.9.date", "date_in_future"),
        }
        either = problem(await load(kim, "\n03.02.2026,EUR,USD,1.1\n2026-01-31,EUR,USD,1.1\n"), 422, "invalid_input")
        assert fields(either) == {("file.2.date", "ambiguous_date")}
        assert either["detail"].startswith("1 row of the file cannot be taken")
        many = "2026-01-15,EUR,USD,1.1\n" * 20_001
        for content, code in (
            ("", "empty_file"),
            ("date,base,quote,rate\n", "empty_file"),
            (b"\xff\xfe\x00", "not_text"),
            ("2026-01-15,EUR,USD,1\0", "not_text"),
            ('2026-01-15,EUR,USD,"1', "not_csv"),
            (many, "too_many_rows"),
        ):
            assert fields(problem(await load(kim, content), 422, "invalid_input")) == {("file", code)}


async def test_twenty_thousand_unknown_currencies_are_refused_by_one_look_and_in_few_words(
    settings: Settings, unchanged: Unchanged
) -> None:
    async with counting(settings) as (person, statements):
        await person.account()
        costs = []
        for rows in (1, 20_000):
            content = "".join(f"2026-01-15,Q{number:X},Z{number:X},1\n" for number in range(10**6, 10**6 + rows))
            statements.clear()
            async with unchanged(person):
                refused = problem(await load(person, content), 422, "invalid_input")
            costs.append(len(statements))
            assert len(refused["errors"]) == min(2 * rows, 100)
            assert {error["code"] for error in refused["errors"]} == {"unknown_currency"}
            assert refused["detail"].startswith("1 row of the file" if rows == 1 else f"{rows} rows of the file")
        assert costs[0] == costs[1]


async def test_a_list_of_rates_is_not_told_again_while_it_is_the_same(
    kim: Person, app_database: Database, owner_database: Database
) -> None:
    await set_rate(kim, "EUR", "USD", "2026-01-15", "1.1")
    first = await kim.get("/rates")
    seen = {"If-None-Match": first.headers["etag"]}
    again = await kim.http.get("/rates", headers=seen)
    assert (again.status_code, again.content) == (304, b"")
    # A provider's word comes without the book.
    await provide(owner_database, ("EUR", "USD", "2026-01-16", "1.2"))
    at = now()
    async with app_database.begin() as connection:
        await fetch_repository.note(connection, "test", at, status="succeeded", stored=1)
    second = await kim.http.get("/rates", headers=seen)
    assert len(expect(second, 200)["items"]) == 2
    seen = {"If-None-Match": second.headers["etag"]}
    assert (await kim.http.get("/rates", headers=seen)).status_code == 304
    await set_rate(kim, "EUR", "USD", "2026-01-17", "1.3")
    assert len(expect(await kim.http.get("/rates", headers=seen), 200)["items"]) == 3
    async with owner_database.begin() as connection:
        await connection.execute(text("DELETE FROM rate_fetches WHERE provider = 'test'"))


async def test_twenty_thousand_rates_are_loaded_at_once(kim: Person) -> None:
    day = now().date()
    lines = "".join(f"{day - timedelta(days=n)},EUR,USD,1.{n % 97 + 1}\n" for n in range(20_000))
    assert expect(await load(kim, lines), 200)["created"] == 20_000


async def test_the_same_rate_at_once_is_there_once(kim: Person) -> None:
    answers = await asyncio.gather(*(set_rate(kim, "EUR", "USD", "2026-01-15", f"1.{n}") for n in range(1, 5)))
    assert len({answer["id"] for answer in answers}) == 1
    assert len((await kim.read("/rates"))["items"]) == 1

"""Saved reports: keeping, running and undoing them, what they refuse, and what becomes of what they name."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from app.access.acting import open_as
from app.core.database import Database
from app.reports import saved_running, saved_service
from tests.conftest import Unchanged
from tests.people import Person, expect, fields, problem
from tests.reports.test_reports import check_handed
from tests.security.household import join

YEAR = {"period": "2025-01-01..2025-12-31"}


@pytest.fixture
async def book(kim: Person) -> dict[str, Any]:
    account, card = await kim.account(), await kim.account("Card", type="credit_card")
    food = await kim.category("Food x")
    eating = await kim.category("Eating out", parent_id=food["id"])
    for number, (day, amount, payee) in enumerate(
        [("2025-01-10", "12.00", "Café"), ("2025-01-11", "8.00", "Café"), ("2025-02-03", "30.00", "Diner")]
    ):
        here = {"account_id": (account, card)[number % 2]["id"], "tags": ["out"] if number else []}
        await kim.add(**here, date=day, amount=amount, payee=payee, category_id=eating["id"])
    await kim.add(account_id=account["id"], date="2025-02-04", amount="5.50", category_id=food["id"])
    payees = {row["name"]: row["id"] for row in (await kim.read("/payees"))["items"]}
    (tag,) = (await kim.read("/tags"))["items"]
    return {"account": account, "card": card, "food": food, "eating": eating, "payees": payees, "tag": tag}


async def keep(person: Person, **fields: Any) -> dict[str, Any]:
    body = {"name": "Mine", "measures": ["expenses"], "filters": YEAR, **fields}
    made: dict[str, Any] = expect(await person.http.post("/reports/saved", json=body), 201)
    return made


async def run(person: Person, made: dict[str, Any]) -> Any:
    return await person.read(f"/reports/saved/{made['id']}/run")


def shape(document: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(*(label["name"] for label in row["labels"]), *row["values"].values()) for row in document["rows"]]


async def test_any_measures_by_any_dimensions(kim: Person, book: dict[str, Any]) -> None:
    payee = await keep(kim, measures=["expenses", "count", "average"], dimensions=["payee"])
    document = await run(kim, payee)
    assert shape(document) == [
        ("Diner", "30.00", 1, "-30.00"),
        ("Café", "20.00", 2, "-10.00"),
        ("Without a payee", "5.50", 1, "-5.50"),
    ]
    assert document["totals"] == {"expenses": "55.50", "count": 4, "average": "-13.88"}
    assert (document["more"], document["from"], document["to"]) == (0, "2025-01-01", "2025-12-31")
    for dimensions, wanted in (
        (["month", "category"], [("2025-01", "Eating out", "20.00"), ("2025-02", "Food x", "5.50")]),
        (["quarter", "top_category"], [("2025-Q1", "Food x", "55.50")]),
        (["year", "tag"], [("2025", "out", "38.00"), ("2025", "Without a tag", "17.50")]),
        (["account"], [("Checking", "47.50"), ("Card", "8.00")]),
        (["weekday"], [("Monday", "30.00"), ("Tuesday", "5.50"), ("Friday", "12.00"), ("Saturday", "8.00")]),
        ([], [("55.50",)]),
    ):
        found = shape(await run(kim, await keep(kim, dimensions=dimensions)))
        assert set(wanted) <= set(found), (dimensions, found)
    sorted_up = await keep(kim, dimensions=["payee"], sort="expenses", limit=1)
    document = await run(kim, sorted_up)
    assert (shape(document), document["more"]) == ([("Without a payee", "5.50")], 2)
    assert document["totals"] == {"expenses": "55.50"}
    late = await keep(kim, dimensions=["month"], sort="-month")
    assert [row[0] for row in shape(await run(kim, late))] == ["2025-02", "2025-01"]
    empty = await keep(kim, dimensions=["month"], filters={"period": "2020-01-01..2020-12-31"})
    assert (await run(kim, empty))["rows"] == []


async def test_filters_narrow_a_report(kim: Person, book: dict[str, Any]) -> None:
    for filters, spent in (
        ({"account_ids": [book["card"]["id"]]}, "8.00"),
        ({"category_ids": [book["food"]["id"]]}, "55.50"),
        ({"category_ids": [book["eating"]["id"]]}, "50.00"),
        ({"tag_ids": [book["tag"]["id"]]}, "38.00"),
        ({"payee_ids": [book["payees"]["Café"]]}, "20.00"),
        ({"min_amount": "8", "max_amount": "12"}, "20.00"),
        ({"payee_ids": [book["payees"]["Café"]], "tag_ids": [book["tag"]["id"]], "max_amount": "9"}, "8.00"),
    ):
        made = await keep(kim, filters={**YEAR, **filters})
        assert (await run(kim, made))["totals"] == {"expenses": spent}, filters
    dollars = await keep(kim, currency="USD")
    document = await run(kim, dollars)
    assert (document["totals"], document["unconverted"][0]["expenses"]) == ({"expenses": "0.00"}, "55.50")
    averages = await keep(kim, currency="USD", measures=["average"])
    assert (await run(kim, averages))["totals"] == {"average": None}


async def test_a_report_is_changed_undone_and_remembered(kim: Person, book: dict[str, Any]) -> None:
    made = await keep(kim, dimensions=["month"], notes="N")
    url = f"/reports/saved/{made['id']}"
    read = await kim.get(url)
    assert (expect(read, 200), read.headers["etag"]) == (made, f'"{made["revision"]}"')
    stale = {"If-Match": read.headers["etag"]}
    changed = expect(await kim.http.patch(url, json={"name": "Other", "sort": "-expenses"}, headers=stale), 200)
    assert (changed["name"], changed["sort"], changed["notes"], changed["dimensions"]) == (
        "Other", "-expenses", "N", ["month"],
    )  # fmt: skip
    for call in (kim.http.patch(url, json={"limit": 5}, headers=stale), kim.http.delete(url, headers=stale)):
        problem(await call, 412, "revision_mismatch")
    replaced = expect(await kim.http.put(url, json={"name": "Third", "measures": ["net"]}), 200)
    assert (replaced["dimensions"], replaced["filters"]["period"], replaced["notes"], replaced["limit"]) == (
        [], "6months", None, 100,
    )  # fmt: skip
    undo = f"/books/{kim.book_id}/undo"
    expect(await kim.http.post(undo, json={"revision": replaced["revision"]}), 200)
    assert {**(await kim.read(url)), "revision": 0, "updated_at": 0} == {**changed, "revision": 0, "updated_at": 0}
    expect(await kim.http.delete(url), 204)
    problem(await kim.get(url), 404, "saved_report_not_found")
    problem(await kim.get(f"{url}/run"), 404, "saved_report_not_found")
    revision = (await kim.read(f"/books/{kim.book_id}"))["revision"]
    expect(await kim.http.post(undo, json={"revision": revision}), 200)
    assert (await kim.read(url))["name"] == "Other"
    told = (await kim.read(f"{url}/history"))["items"]
    assert [event["action"] for event in told] == ["created", "deleted", "updated", "updated", "updated", "created"]
    listed = await kim.get("/reports/saved")
    assert [item["id"] for item in listed.json()["items"]] == [made["id"]]
    known = {"If-None-Match": listed.headers["etag"]}
    assert (await kim.http.get("/reports/saved", headers=known)).status_code == 304
    ran = await kim.get(f"{url}/run")
    known = {"If-None-Match": ran.headers["etag"]}
    assert (await kim.http.get(f"{url}/run", headers=known)).status_code == 304


async def test_what_is_no_report(kim: Person, robin: Person, book: dict[str, Any], unchanged: Unchanged) -> None:
    theirs = await robin.account()
    made = await keep(kim, id="01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6")
    async with unchanged(kim):
        for body, field, code in (
            ({"measures": []}, "measures", "too_short"),
            ({"measures": ["profit"]}, "measures.0", "literal_error"),
            ({"measures": ["net", "net"]}, "measures", "value_error"),
            ({"dimensions": ["month", "year"]}, "dimensions", "value_error"),
            ({"dimensions": ["month", "payee", "tag", "account"]}, "dimensions", "too_long"),
            ({"name": "\x00"}, "name", "value_error"),
            ({"name": "x" * 101}, "name", "string_too_long"),
            ({"limit": 0}, "limit", "greater_than_equal"),
            ({"limit": True}, "limit", "value_error"),
            ({"sort": "-net"}, "sort", "not_in_report"),
            ({"sort": "payee"}, "sort", "literal_error"),
            ({"currency": "QQQ"}, "currency", "unknown_currency"),
            ({"filters": {"period": "soon"}}, "filters.period", "string_pattern_mismatch"),
            ({"filters": {"period": "0years"}}, "filters.period", "bad_period"),
            (
                {"filters": {"period": "1900-01-01..9998-12-31"}, "dimensions": ["year"]},
                "filters.period",
                "period_too_long",
            ),
            ({"filters": {"period": "25months"}, "dimensions": ["payee", "tag"]}, "filters.period", "period_too_long"),
            ({"filters": {"min_amount": "2", "max_amount": "1"}}, "filters", "value_error"),
            ({"filters": {"min_amount": "-1"}}, "filters.min_amount", "value_error"),
            ({"rows": 5}, "rows", "extra_forbidden"),
        ):
            whole = {"name": "Bad", "measures": ["expenses"], **body}
            answer = await kim.http.post("/reports/saved", json=whole)
            assert fields(problem(answer, 422, "invalid_input")) == {(field, code)}, body
        patch = await kim.http.patch(f"/reports/saved/{made['id']}", json={"measures": None})
        assert fields(problem(patch, 422, "invalid_input")) == {("measures", "value_error")}
        for name, code in (("account", "account"), ("category", "category"), ("tag", "tag"), ("payee", "payee")):
            filters = {f"{name}_ids": [theirs["id"]]}
            body = {"name": "Bad", "measures": ["net"], "filters": filters}
            problem(await kim.http.post("/reports/saved", json=body), 404, f"{code}_not_found")
        again = {"id": made["id"], "name": "Twice", "measures": ["net"]}
        problem(await kim.http.post("/reports/saved", json=again), 409, "id_taken")


async def test_two_at_once_and_once_more_with_the_same_key(kim: Person, book: dict[str, Any]) -> None:
    made = await keep(kim)
    url, stale = f"/reports/saved/{made['id']}", {"If-Match": f'"{made["revision"]}"'}
    answers = await asyncio.gather(
        *(kim.http.patch(url, json={"name": f"N{number}"}, headers=stale) for number in range(3))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
    body = {"name": "Once", "measures": ["net"]}
    keyed = [await kim.http.post("/reports/saved", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert keyed[0].json() == keyed[1].json()
    assert len((await kim.read("/reports/saved"))["items"]) == 2


async def test_an_heir_takes_the_place_of_what_goes(kim: Person, book: dict[str, Any]) -> None:
    filters = {
        **YEAR,
        "account_ids": [book["card"]["id"]],
        "category_ids": [book["eating"]["id"]],
        "payee_ids": [book["payees"]["Café"]],
        "tag_ids": [book["tag"]["id"]],
    }
    made = await keep(kim, filters=filters)
    url = f"/reports/saved/{made['id']}"
    refused = await kim.http.delete(f"/accounts/{book['card']['id']}")
    assert problem(refused, 409, "account_in_use")["used_by"] == [
        {"entity": "saved report", "id": made["id"], "name": "Mine"}
    ]
    for path, heir in (
        (f"/accounts/{book['card']['id']}", book["account"]["id"]),
        (f"/categories/{book['eating']['id']}", book["food"]["id"]),
        (f"/payees/{book['payees']['Café']}", book["payees"]["Diner"]),
    ):
        expect(await kim.http.delete(path, params={"reassign_to": heir}), 204)
    found = (await kim.read(url))["filters"]
    assert (found["account_ids"], found["category_ids"], found["payee_ids"]) == (
        [book["account"]["id"]], [book["food"]["id"]], [book["payees"]["Diner"]],
    )  # fmt: skip
    assert (await run(kim, made))["totals"] == {"expenses": "38.00"}
    revision = (await kim.read(f"/books/{kim.book_id}"))["revision"]
    expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": revision}), 200)
    assert (await kim.read(url))["filters"]["payee_ids"] == [book["payees"]["Café"]]


async def test_it_is_shared_and_runs_with_what_each_sees(
    kim: Person, robin: Person, book: dict[str, Any], owner_database: Database
) -> None:
    own = await kim.account("Own", visibility="private")
    await kim.add(account_id=own["id"], date="2025-03-01", amount="100.00", payee="Hidden")
    everything = await keep(kim, dimensions=["payee"])
    await keep(kim, name="Secret", filters={**YEAR, "account_ids": [own["id"]]})
    hidden = next(row["id"] for row in (await kim.read("/payees"))["items"] if row["name"] == "Hidden")
    await keep(kim, name="Secret too", filters={**YEAR, "payee_ids": [hidden]})
    await join(owner_database, kim.book_id, robin, "editor")
    robin.http.headers["X-Book-Id"] = kim.book_id
    assert [item["name"] for item in (await robin.read("/reports/saved"))["items"]] == ["Mine"]
    assert (await run(kim, everything))["totals"] == {"expenses": "155.50"}
    assert (await run(robin, everything))["totals"] == {"expenses": "55.50"}
    assert "Hidden" not in str(await run(robin, everything))
    expect(await robin.http.patch(f"/reports/saved/{everything['id']}", json={"name": "Ours"}), 200)
    del robin.http.headers["X-Book-Id"]


async def test_it_hands_over_tables_and_pictures(kim: Person, book: dict[str, Any], app_database: Database) -> None:
    definitions: tuple[tuple[list[str], list[str], str], ...] = (
        (["month", "payee"], ["expenses", "count"], "stacked"),
        (["payee"], ["expenses", "average"], "bars"),
        (["weekday", "account"], ["count"], "bars"),
        ([], ["net"], "bars"),
    )
    made = [await keep(kim, dimensions=dimensions, measures=measures) for dimensions, measures, _ in definitions]
    for number in range(10):
        await kim.add(account_id=book["account"]["id"], date="2025-05-01", payee=f"Shop {number}")
    async with app_database.begin() as connection:
        opened = await open_as(connection, UUID(kim.book_id), UUID(kim.user["id"]))
        for each, (_, _, kind) in zip(made, definitions, strict=True):
            document = await saved_service.run(opened, UUID(each["id"]))
            check_handed(saved_running.tables, saved_running.chart, document)
            chart = saved_running.chart(document)
            assert chart.kind == kind
            if kind == "stacked":
                assert chart.series[-1].title == "Other"


async def test_a_book_keeps_so_many_and_no_more(
    kim: Person, book: dict[str, Any], unchanged: Unchanged, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep(kim)
    monkeypatch.setattr(saved_service, "MAX_SAVED", 1)
    async with unchanged(kim):
        body = {"name": "One more", "measures": ["expenses"], "filters": YEAR}
        problem(await kim.http.post("/reports/saved", json=body), 422, "invalid_input")

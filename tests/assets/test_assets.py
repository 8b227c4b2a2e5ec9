"""Assets and the book's own prices over HTTP: what is kept, what is refused, and what an undo brings back."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.access.acting import open_for
from app.assets import service
from app.core.clock import now
from app.core.config import Settings
from app.core.database import Database
from app.core.pagination import encode_cursor
from tests.assets.conftest import asset, listed
from tests.conftest import Unchanged
from tests.counting import counting
from tests.people import Person, expect, fields, problem

UNKNOWN = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"
WHOLE: dict[str, Any] = {
    "symbol": "VWCE",
    "name": "FTSE All-World",
    "type": "etf",
    "currency": "EUR",
    "isin": "IE00 BK5B qt80",
    "sector": "World",
    "target_percent": "60.5",
    "provider": "yahoo",
    "provider_symbol": "vwce.de",
    "notes": "Monthly",
}


async def undo(person: Person) -> None:
    revision = (await person.read(f"/books/{person.book_id}"))["revision"]
    expect(await person.http.post(f"/books/{person.book_id}/undo", json={"revision": revision}), 200)


async def test_an_asset_is_kept_changed_archived_and_brought_back(kim: Person) -> None:
    answer = await kim.http.post("/portfolio/assets", json=WHOLE)
    made = expect(answer, 201)
    url = f"/portfolio/assets/{made['id']}"
    assert answer.headers["Location"] == f"/api/v1{url}"
    assert {name: made[name] for name in WHOLE} == {**WHOLE, "isin": "IE00BK5BQT80", "provider_symbol": "VWCE.DE"}
    assert made["quotes"] == dict.fromkeys(("last_tried_at", "last_ok_at", "problem", "detail", "next_at"))
    patched = expect(await kim.http.patch(url, json={"target_percent": None, "archived": True}), 200)
    assert patched["target_percent"] is None
    assert patched["archived_at"] is not None
    await undo(kim)
    back = await kim.read(url)
    assert (back["target_percent"], back["archived_at"]) == ("60.5", None)
    stale = await kim.http.patch(url, json={"name": "x"}, headers={"If-Match": f'"{made["revision"]}"'})
    problem(stale, 412, "revision_mismatch")
    bare = {"symbol": "World", "name": "World", "type": "fund", "currency": "USD"}
    replaced = expect(await kim.http.put(url, json=bare), 200)
    assert (replaced["symbol"], replaced["currency"], replaced["quotes"]) == ("World", "USD", None)
    assert (replaced["isin"], replaced["provider"], replaced["provider_symbol"]) == (None, None, None)
    expect(await kim.http.put(f"{url}/prices/2026-01-02", json={"price": "1.5"}), 200)
    expect(await kim.http.delete(url), 204)
    problem(await kim.get(url), 404, "asset_not_found")
    await undo(kim)
    assert (await kim.read(url))["symbol"] == "World"
    assert await listed(kim, made["id"]) == [("2026-01-02", "1.5", "USD")]
    history = (await kim.read(f"{url}/history"))["items"]
    assert [event["action"] for event in history] == ["created", "deleted", "updated", "updated", "updated", "created"]
    feed = (await kim.read(f"/books/{kim.book_id}/changes", since=0, limit=100))["items"]
    states = {item["entity"]: item["state"] for item in feed if item["entity"].startswith("asset")}
    assert states["asset"]["symbol"] == "World"
    assert states["asset_price"]["price"] == "1.5"


async def test_assets_are_listed_and_found(kim: Person) -> None:
    names = ("beta", "Alpha", "gamma")
    made = [await asset(kim, name, type="stock" if name == "beta" else "etf") for name in names]
    expect(await kim.http.patch(f"/portfolio/assets/{made[2]['id']}", json={"archived": True}), 200)

    async def symbols(**query: Any) -> list[str]:
        return [item["symbol"] for item in (await kim.read("/portfolio/assets", **query))["items"]]

    assert await symbols() == ["Alpha", "beta", "gamma"]
    assert await symbols(archived="false") == ["Alpha", "beta"]
    assert await symbols(type="stock") == ["beta"]
    assert await symbols(q="alpha etf") == []
    assert await symbols(q="lpha F") == ["Alpha"]
    assert await symbols(q="%") == []
    first = await kim.read("/portfolio/assets", limit=2, include_total="true")
    assert first["total"] == 3
    rest = await kim.read("/portfolio/assets", limit=2, cursor=first["next_cursor"])
    assert [item["symbol"] for item in rest["items"]] == ["gamma"]
    answer = await kim.get("/portfolio/assets")
    again = await kim.http.get("/portfolio/assets", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    for cursor in ("x", encode_cursor("symbol", [5]), encode_cursor("symbol", ["\0"])):
        problem(await kim.get("/portfolio/assets", cursor=cursor), 422, "invalid_input")
    providers = (await kim.read("/portfolio/providers"))["items"]
    assert {item["name"]: item["on"] for item in providers} == dict.fromkeys(
        ("alpha_vantage", "coingecko", "json", "stooq", "yahoo"), False
    )


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"symbol": ""}, "symbol"),
    ({"symbol": "\x00"}, "symbol"),
    ({"symbol": "x" * 51}, "symbol"),
    ({"symbol": 5}, "symbol"),
    ({"name": None}, "name"),
    ({"type": "share"}, "type"),
    ({"currency": "eur"}, "currency"),
    ({"currency": "QQQ"}, "currency"),
    ({"isin": "IE00BK5BQT81"}, "isin"),
    ({"isin": "IE00BK5BQT8X"}, "isin"),
    ({"target_percent": "100.01"}, "target_percent"),
    ({"target_percent": "-1"}, "target_percent"),
    ({"target_percent": 1.5e300}, "target_percent"),
    ({"provider": "somebody"}, "provider"),
    ({"provider": None}, "body"),
    ({"provider_symbol": "../../etc/passwd"}, "provider_symbol"),
    ({"provider_symbol": "A?apikey=1"}, "provider_symbol"),
    ({"provider_symbol": "A/EUR"}, "provider_symbol"),
    ({"more": 1}, "more"),
]


async def test_what_is_no_asset_is_refused(kim: Person, unchanged: Unchanged, monkeypatch: pytest.MonkeyPatch) -> None:
    async with unchanged(kim):
        for change, field in REFUSED:
            answer = await kim.http.post("/portfolio/assets", json={**WHOLE, **change})
            body = problem(answer, 422, "invalid_input")
            assert field in {name for name, _ in fields(body)}, (change, body)
        monkeypatch.setattr(service, "MAX_ASSETS", 0)
        problem(await kim.http.post("/portfolio/assets", json=WHOLE), 422, "too_many_assets")
        for path in ("", "/price", "/prices", "/history"):
            assert (await kim.get(f"/portfolio/assets/{UNKNOWN}{path}")).status_code == 404
        problem(await kim.http.post(f"/portfolio/assets/{UNKNOWN}/refresh"), 404, "asset_not_found")
        assert (await kim.http.delete("/portfolio/assets")).status_code == 405


async def test_a_symbol_means_one_asset(kim: Person, robin: Person) -> None:
    made = await asset(kim, "Gold", id=UNKNOWN)
    body = {"symbol": "gOLD", "name": "x", "type": "metal", "currency": "EUR"}
    problem(await kim.http.post("/portfolio/assets", json=body), 409, "symbol_taken")
    problem(await kim.http.post("/portfolio/assets", json={**body, "symbol": "x", "id": UNKNOWN}), 409, "id_taken")
    await asset(robin, "Gold", id=UNKNOWN)
    answers = await asyncio.gather(
        *(kim.http.post("/portfolio/assets", json={**body, "symbol": "Twice"}) for _ in range(2))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    other = await asset(kim, "Silver")
    url = f"/portfolio/assets/{other['id']}"
    problem(await kim.http.patch(url, json={"symbol": "GOLD"}), 409, "symbol_taken")
    problem(await kim.http.patch(url, json={"provider_symbol": "X"}), 422, "invalid_input")
    problem(await kim.http.patch(url, json={"currency": "QQQ"}), 422, "invalid_input")
    problem(await kim.http.patch(url, json={"name": None}), 422, "invalid_input")
    assert expect(await kim.http.patch(url, json={"currency": "USD"}), 200)["currency"] == "USD"
    expect(await kim.http.put(f"{url}/prices/2026-01-01", json={"price": "1"}), 200)
    problem(await kim.http.patch(url, json={"currency": "EUR"}), 409, "currency_in_use")
    followed = expect(await kim.http.patch(url, json={"provider": "stooq"}), 200)
    assert followed["provider_symbol"] == "silver/USD"
    dropped = expect(await kim.http.patch(url, json={"provider": None}), 200)
    assert dropped["provider_symbol"] is None
    assert made["symbol"] == "Gold"


async def test_an_asset_with_trades_stays(kim: Person, owner_database: Database, unchanged: Unchanged) -> None:
    held = await asset(kim)
    broker = await kim.account("Broker", type="investment")
    statement = text(
        "INSERT INTO trades (book_id, account_id, asset_id, kind, date, quantity, cost, revision) "
        "VALUES (:book, :account, :asset, 'deposit', '2026-01-01', 1, 1, 1)"
    )
    async with owner_database.begin() as connection:
        await connection.execute(statement, {"book": kim.book_id, "account": broker["id"], "asset": held["id"]})
    async with unchanged(kim):
        problem(await kim.http.delete(f"/portfolio/assets/{held['id']}"), 409, "asset_in_use")
        problem(
            await kim.http.patch(f"/portfolio/assets/{held['id']}", json={"currency": "USD"}), 409, "currency_in_use"
        )
    async with owner_database.begin() as connection:
        for table in ("trades", "positions"):
            await connection.execute(text(f"DELETE FROM {table} WHERE book_id = :book"), {"book": kim.book_id})


async def test_a_house_has_the_price_that_is_set(kim: Person, unchanged: Unchanged) -> None:
    house = await asset(kim, "HOUSE", type="property")
    url = f"/portfolio/assets/{house['id']}"
    problem(await kim.get(f"{url}/price"), 404, "price_not_found")
    answer = await kim.http.put(f"{url}/prices/2025-06-01", json={"price": "350000.00"})
    assert expect(answer, 200)["price"] == "350000.00"
    revision = answer.headers["ETag"]
    expect(await kim.http.put(f"{url}/prices/2026-01-10", json={"price": "360000"}), 200)
    found = await kim.read(f"{url}/price", at="2025-12-31")
    told = {name: found[name] for name in ("price", "currency", "priced_on", "age_days", "source", "stale")}
    assert told == {
        "price": "350000.00",
        "currency": "EUR",
        "priced_on": "2025-06-01",
        "age_days": 213,
        "source": "manual",
        "stale": False,
    }
    assert (await kim.read(f"{url}/price", at="2026-06-03"))["price"] == "360000"
    problem(await kim.get(f"{url}/price", at="2025-05-31"), 404, "price_not_found")
    changed = await kim.http.put(f"{url}/prices/2025-06-01", json={"price": "351000"}, headers={"If-Match": revision})
    expect(changed, 200)
    async with unchanged(kim):
        stale = await kim.http.put(f"{url}/prices/2025-06-01", json={"price": "1"}, headers={"If-Match": revision})
        problem(stale, 412, "revision_mismatch")
        fresh = await kim.http.put(f"{url}/prices/2025-06-02", json={"price": "1"}, headers={"If-Match": revision})
        problem(fresh, 412, "revision_mismatch")
        tomorrow = str(now().date() + timedelta(days=3))
        for day, price in ((tomorrow, "1"), ("2026-02-30", "1"), ("1", "1"), ("2026-01-01", "-1"), ("2026-01-01", "x")):
            problem(await kim.http.put(f"{url}/prices/{day}", json={"price": price}), 422, "invalid_input")
        problem(await kim.http.delete(f"{url}/prices/2025-06-02"), 404, "price_not_found")
        problem(
            await kim.http.delete(f"{url}/prices/2025-06-01", headers={"If-Match": revision}), 412, "revision_mismatch"
        )
    await undo(kim)
    assert await listed(kim, house["id"]) == [("2026-01-10", "360000", "EUR"), ("2025-06-01", "350000.00", "EUR")]
    expect(await kim.http.delete(f"{url}/prices/2026-01-10"), 204)
    assert await listed(kim, house["id"]) == [("2025-06-01", "350000.00", "EUR")]
    await undo(kim)
    page = await kim.read(f"{url}/prices", limit=1)
    assert [item["date"] for item in page["items"]] == ["2026-01-10"]
    rest = await kim.read(f"{url}/prices", limit=1, cursor=page["next_cursor"])
    assert [(item["date"], item["own"]) for item in rest["items"]] == [("2025-06-01", True)]
    assert rest["next_cursor"] is None
    ranged = await kim.read(f"{url}/prices", date_from="2025-06-02", date_to="2026-01-10")
    assert [item["date"] for item in ranged["items"]] == ["2026-01-10"]
    other = await asset(kim, "OTHER")
    problem(await kim.get(f"/portfolio/assets/{other['id']}/prices", cursor=page["next_cursor"]), 422, "invalid_input")
    for key in ([5, 1], ["2026-01-01", 3], ["2026-13-01", 1]):
        cursor = encode_cursor(f"prices {house['id']}", key)
        problem(await kim.get(f"{url}/prices", cursor=cursor), 422, "invalid_input")


async def test_others_ask_for_many_prices_at_once(kim: Person, app_database: Database) -> None:
    made = await asset(kim, "Many")
    for day, price in (("2026-01-02", "1"), ("2026-01-05", "2")):
        expect(await kim.http.put(f"/portfolio/assets/{made['id']}/prices/{day}", json={"price": price}), 200)
    one, unknown = UUID(made["id"]), UUID(UNKNOWN)
    first, second, third = (date(2026, 1, day) for day in (1, 4, 9))
    async with app_database.begin() as connection:
        book = await open_for(connection, UUID(kim.book_id), None)
        assert await service.prices_at(book, [], first) == {}
        at = await service.prices_at(book, [one, unknown], second)
        found = await service.prices_on(
            book, [(one, first), (one, second), (one, third), (one, third), (unknown, third)]
        )
        by_symbol = await service.by_symbol(book, "mANY")
        assert await service.by_symbol(book, "other") is None
    early = at[one]
    assert at[unknown] is None
    assert early is not None
    assert (early.price, early.priced_on) == (Decimal(1), date(2026, 1, 2))
    prices = {day: each and each.price for (asset_id, day), each in found.items() if asset_id == one}
    assert prices == {first: None, second: Decimal(1), third: Decimal(2)}
    assert found[unknown, third] is None
    assert by_symbol is not None
    assert by_symbol["id"] == one


async def load(person: Person, content: bytes, **params: Any) -> Any:
    file = {"file": ("prices.csv", content, "text/csv")}
    return await person.http.post("/portfolio/prices/import", files=file, params=params)


async def test_prices_come_from_a_file(kim: Person, unchanged: Unchanged) -> None:
    first, second = await asset(kim, "AAA"), await asset(kim, "BBB")
    content = f"Date;Price;Symbol;Note\n2026-01-02;1,25;aaa;x\n2026-01-03;2.5;{second['id']};\n\n2026-01-02;1,25;AAA;\n"
    answer = expect(await load(kim, content.encode()), 200)
    assert answer == {"rows": 3, "stored": 2, "unchanged": 0, "errors": [], "skipped": 0}
    assert await listed(kim, first["id"]) == [("2026-01-02", "1.25", "EUR")]
    again = expect(await load(kim, b"AAA,2026-01-02,1.25\nAAA,2026-01-05,9\nBBB,2026-01-03,3\n"), 200)
    assert (again["stored"], again["unchanged"]) == (2, 1)
    await undo(kim)
    assert await listed(kim, second["id"]) == [("2026-01-03", "2.5", "EUR")]
    assert await listed(kim, first["id"]) == [("2026-01-02", "1.25", "EUR")]
    tomorrow = str(now().date() + timedelta(days=3))
    rows = ("2026-02-01,1", "2026-01-02,1", "2026-02-30,1", "2026-01-02,-1", f"{tomorrow},1", "2026-02-01,2")
    bad = (
        "".join(f"{'CCC' if number == 1 else 'AAA'},{row}\n" for number, row in enumerate(rows))
        + "AAA\n,2026-01-01,1\n"
    )
    async with unchanged(kim):
        body = problem(await load(kim, bad.encode()), 422, "invalid_input")
        assert fields(body) == {
            ("file.2", "asset_not_found"),
            ("file.3", "bad_date"),
            ("file.4", "bad_price"),
            ("file.5", "date_in_future"),
            ("file.6", "two_prices"),
            ("file.7", "missing_column"),
            ("file.8", "missing_symbol"),
        }
        for wrong, code in (
            (b"", "empty_file"),
            (b"symbol,date,price\n", "empty_file"),
            (b"AAA,2026-01-02,1\x00", "not_text"),
            (b"\xff\xfe", "not_text"),
            (b'AAA,"2026', "not_csv"),
            (b"x\n" * 20_001, "too_many_rows"),
        ):
            assert fields(problem(await load(kim, wrong), 422, "invalid_input")) == {("file", code)}
    taken = expect(await load(kim, bad.encode(), skip_errors="true"), 200)
    assert (taken["stored"], taken["skipped"]) == (1, 7)
    assert [error["line"] for error in taken["errors"]] == [2, 3, 4, 5, 6, 7, 8]


async def test_dates_of_a_price_file_are_read_where_they_leave_nothing_open(kim: Person, unchanged: Unchanged) -> None:
    made = await asset(kim, "AAA")
    expect(await load(kim, b"AAA;30.01.2026;1\nAAA;03.02.2026;2\nAAA;Feb 4, 2026;3\nAAA;2026-02-05;4\n"), 200)
    days = ["2026-02-05", "2026-02-04", "2026-02-03", "2026-01-30"]
    assert [day for day, _, _ in await listed(kim, made["id"])] == days
    async with unchanged(kim):
        body = problem(await load(kim, b"AAA,03/02/2026,1\nAAA,2026-02-30,1\nAAA,30/13/2026,1\n"), 422, "invalid_input")
        assert fields(body) == {("file.1", "ambiguous_date"), ("file.2", "bad_date"), ("file.3", "bad_date")}
        assert "may be 2026-02-03 or 2026-03-02" in body["errors"][0]["detail"]


async def test_twenty_thousand_unknown_names_are_refused_by_one_look_and_in_few_words(
    settings: Settings, unchanged: Unchanged
) -> None:
    async with counting(settings) as (person, statements):
        await asset(person, "AAA")
        costs = []
        for rows in (1, 20_000):
            content = "".join(f"NOBODY{number},2026-01-15,1\n" for number in range(rows)).encode()
            statements.clear()
            async with unchanged(person):
                refused = problem(await load(person, content), 422, "invalid_input")
            costs.append(len(statements))
            assert len(refused["errors"]) == min(rows, 100)
            assert {error["code"] for error in refused["errors"]} == {"asset_not_found"}
            assert refused["detail"].startswith("1 row of the file" if rows == 1 else f"{rows} rows of the file")
            left_out = expect(await load(person, content, skip_errors="true"), 200)
            assert (left_out["stored"], left_out["skipped"], len(left_out["errors"])) == (0, rows, min(rows, 100))
        assert costs[0] == costs[1]


@pytest.mark.no_cover
async def test_many_prices_load_in_time_and_are_found_in_one_statement(kim: Person) -> None:
    await asset(kim, "AAA")
    days = [date(1970, 1, 1) + timedelta(days=number) for number in range(20_000)]
    content = "".join(f"AAA,{day},{day.toordinal()}.5\n" for day in days)
    assert expect(await load(kim, content.encode()), 200)["stored"] == 20_000

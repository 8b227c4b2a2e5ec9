"""A broker's file becomes trades, once, and can be taken back."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.core.database import Database
from app.imports.trade_repository import LOOPS, SUSPECT
from tests.brokers.files import (
    BUY,
    DIVIDEND,
    FILE,
    HEADER,
    INTEREST,
    SELL,
    bring_in,
    depot,
    holdings,
    preview,
    state,
    trades,
    try_preview,
    with_ids,
)
from tests.conftest import Unchanged
from tests.history.following import revision, undo_last
from tests.history.following import try_undo as try_undo_revision
from tests.households.sharing import join
from tests.imports.uploads import Document, commit, csv_of, of_interest, outcomes, rows_of, try_commit, undo
from tests.people import Person, expect, fields, problem
from tests.portfolio.trading import attempt


async def asset(person: Person, symbol: str = "AAPL", **more: Any) -> Document:
    body = {"symbol": symbol, "name": symbol, "type": "stock", "currency": "EUR", **more}
    made: Document = expect(await person.http.post("/portfolio/assets", json=body), 201)
    return made


async def test_rows_show_their_trades_and_what_became_of_them(kim: Person) -> None:
    account, known = await depot(kim), await asset(kim)
    found = await preview(kim, account, trades(BUY, INTEREST, "2024-04-01,Buy,MSFT,1,400,0,-400.00"))
    assert [of_interest(a, "symbol", "new") for a in found["assets"]] == [("AAPL", False), ("MSFT", True)]
    assert found["assets"][0]["id"] == known["id"]
    first = found["sample"][0]
    assert first["trade"] == {
        "kind": "buy",
        "date": "2024-01-03",
        "account_id": account["id"],
        "asset_id": known["id"],
        "quantity": "10",
        "price": "100.00",
        "currency": "EUR",
        "amount": "1000.00",
        "fees": "1.00",
    }
    assert of_interest(first, "amount", "transaction_id", "trade_id") == ("-1001.00", None, None)
    await commit(kim, found)
    rows = await rows_of(kim, found)
    bought = await kim.read(f"/portfolio/trades/{rows[0]['trade_id']}")
    assert of_interest(bought, "kind", "amount", "fees", "import_id") == ("buy", "1000.00", "1.00", found["id"])
    income = await kim.read(f"/transactions/{rows[1]['transaction_id']}")
    assert of_interest(income, "type", "amount", "description") == ("income", "1.07", "Interest")
    assert rows[1]["trade_id"] is None
    assert rows[0]["transaction_id"] is None
    assert await kim.balance(account) == "-1399.93"


async def test_nothing_comes_twice(kim: Person) -> None:
    account = await depot(kim)
    await bring_in(kim, account, with_ids(f"{BUY},T1", f"{INTEREST},T2"))
    again = await preview(kim, account, with_ids(f"{BUY},T1", f"{SELL},T3", f"{INTEREST},T2", f"{SELL},T3"))
    assert outcomes(again["sample"]) == ["duplicate", "new", "duplicate", "duplicate"]
    assert again["sample"][0]["match_id"] is not None
    assert (await commit(kim, again))["created"] == 1
    whole = await preview(kim, account, with_ids(f"{BUY},T1", f"{INTEREST},T2"))
    assert outcomes(whole["sample"]) == ["duplicate", "duplicate"]
    assert whole["sample"][1]["reason"] == "this external id exists on the account"
    other = await depot(kim, "Other")
    assert outcomes((await preview(kim, other, with_ids(f"{BUY},T1")))["sample"]) == ["new"]


async def test_what_looks_like_a_trade_is_a_suspect(kim: Person) -> None:
    account = await depot(kim)
    await bring_in(kim, account, FILE)
    assert set(outcomes((await preview(kim, account, FILE))["sample"])) == {"duplicate"}
    more = trades("2024-01-02,Buy,AAPL,1,90,0,-90.00", BUY, BUY, SELL, DIVIDEND, INTEREST)
    found = await preview(kim, account, more)
    assert outcomes(found["sample"]) == ["new", "suspect", "new", "suspect", "suspect", "suspect"]
    assert found["sample"][1]["reason"] == "same account, day, asset, kind, quantity and amount"
    assert (await kim.read(f"/portfolio/trades/{found['sample'][1]['match_id']}"))["kind"] == "buy"
    assert (await commit(kim, found, suspects="skip"))["created"] == 2
    assert await holdings(kim) == {"AAPL": "17"}


async def test_an_asset_that_came_since_the_preview_is_told(kim: Person, unchanged: Unchanged) -> None:
    one, other = await depot(kim), await depot(kim, "Other")
    first, second = await preview(kim, one, FILE), await preview(kim, other, FILE)
    await commit(kim, first)
    async with unchanged(kim):
        refused = problem(await try_commit(kim, second), 409, "import_state")
    assert "AAPL" in refused["detail"]
    assert "Upload the file again" in refused["detail"]
    assert (await bring_in(kim, other, FILE))["created"] == 4
    assert len((await kim.read("/portfolio/assets"))["items"]) == 1


async def test_a_day_of_many_fills_is_not_held_against_each_of_them(kim: Person, owner_database: Database) -> None:
    count = 60
    account = await depot(kim)
    fills = trades(*(f"2024-01-03,Buy,AAPL,{n + 1},10.00,0,-{n + 1}0.00" for n in range(count)))
    await bring_in(kim, account, fills)
    again = csv_of(*fills.decode().splitlines(), "2024-01-04,Buy,AAPL,1,10.00,0,-10.00")
    found = await preview(kim, account, again, mapping={"decimal_separator": "."})
    assert found["rows"]["suspect"] == count
    assert len({row["match_id"] for row in await rows_of(kim, found, outcome="suspect")}) == count
    given = {"book": UUID(kim.book_id), "import": UUID(found["id"])}
    anew = "UPDATE import_rows SET outcome = 'new', match_id = NULL WHERE book_id = :book AND import_id = :import"
    explained = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {SUSPECT.text}")
    async with owner_database.engine.connect() as connection:
        await connection.execute(text(anew), given)
        await connection.execute(LOOPS[False])
        (plan,) = (await connection.scalar(explained, given)) or []
    assert most_rows(plan["Plan"]) <= 4 * count


def most_rows(node: dict[str, Any]) -> int:
    """Of what a step of the plan hands on or looks at and drops, over all times that it ran."""
    names = ("Actual Rows", "Rows Removed by Join Filter")
    own = max(int(node.get(name, 0)) for name in names) * int(node["Actual Loops"])
    return max([own, *(most_rows(child) for child in node.get("Plans", ()))])


async def test_selling_what_is_not_held(kim: Person, unchanged: Unchanged) -> None:
    account = await depot(kim)
    rows = ["2023-12-01,Sell,AAPL,1,100,0,100.00", BUY, SELL, "2024-05-01,Sell,AAPL,7,130,0,910.00", DIVIDEND]
    found = await preview(kim, account, trades(*rows))
    assert outcomes(found["sample"]) == ["error", "new", "new", "error", "new"]
    assert "0 units are held, not 1" in found["sample"][0]["reason"]
    assert "6 units are held, not 7" in found["sample"][3]["reason"]
    async with unchanged(kim):
        refused = problem(await try_commit(kim, found, skip=[2]), 409, "oversold")
        assert of_interest(refused, "position", "line", "held") == (3, 4, "0")
        assert refused["detail"].startswith("Row 3, on line 4 of the file:")
    assert (await commit(kim, found))["created"] == 3
    assert await holdings(kim) == {"AAPL": "6"}
    # A sale before what the book has sold since.
    early = await preview(kim, account, trades("2024-01-15,Sell,AAPL,8,100,0,800.00"))
    assert outcomes(early["sample"]) == ["error"]
    assert "units would be held then" in early["sample"][0]["reason"]


async def test_a_sale_that_cost_more_than_it_brought(kim: Person) -> None:
    account = await depot(kim)
    buy, sell = "2024-01-03,Buy,AAPL,10,5.00,1.00,-51.00", "2024-02-03,Sell,AAPL,10,0.10,5.00,-4.00"
    found = await preview(kim, account, trades(buy, "2024-01-04,Buy,AAPL,1E99,1E99,,", sell))
    assert outcomes(await rows_of(kim, found)) == ["new", "error", "new"]
    await commit(kim, found)
    (gain,) = (await kim.read("/portfolio/gains"))["items"]
    assert (gain["proceeds"], gain["cost"], gain["gain"]) == ("-4.00", "51.00", "-55.00")
    assert (await kim.read("/accounts"))["items"][0]["balance"] == "-55.00"
    await kim.check_integrity()


async def test_the_newest_first(kim: Person) -> None:
    """Within a day things happened in the order of the file, or in the other one."""
    account = await depot(kim)
    day = ["2024-02-01,Buy,X,5,1,0,-5.00", "2024-02-01,Sell,X,5,1,0,5.00", "2024-02-01,Buy,X,2,1,0,-2.00"]
    found = await preview(kim, account, trades("2024-03-01,Sell,X,2,1,0,2.00", *reversed(day)))
    assert outcomes(found["sample"]) == ["new"] * 4
    await commit(kim, found)
    assert await holdings(kim) == {}


async def test_an_undo_and_the_undo_of_it(kim: Person) -> None:
    account = await depot(kim)
    await kim.account("Bank", opening_balance="5.00", opening_date="2024-01-01")
    before = await state(kim)
    found = await preview(kim, account, FILE)
    await commit(kim, found)
    after = await state(kim)
    assert after["holdings"] == {"AAPL": "6"}
    # By the revision, back again, and by the import.
    committed = await revision(kim)
    back = await undo_last(kim)
    assert back == committed
    assert await state(kim) == before
    assert (await kim.read(f"/imports/{found['id']}"))["status"] == "previewed"
    await undo_last(kim)
    assert await state(kim) == after
    assert (await kim.read(f"/imports/{found['id']}"))["status"] == "committed"
    assert {row["skipped"] for row in await rows_of(kim, found)} == {False}
    undone = await undo(kim, found)
    assert undone["status"] == "undone"
    assert await state(kim) == before
    await undo_last(kim)
    assert await state(kim) == after
    await undo_last(kim)
    assert await state(kim) == before
    # What was taken back may come anew.
    assert outcomes((await preview(kim, account, FILE))["sample"]) == ["new"] * 4


async def test_what_was_changed_since_is_not_lost(kim: Person, unchanged: Unchanged) -> None:
    account = await depot(kim)
    done = await bring_in(kim, account, trades(BUY, "2024-01-04,Buy,MSFT,1,400,0,-400.00"))
    rows = await rows_of(kim, done)
    own = {"account_id": account["id"], "asset_id": rows[0]["trade"]["asset_id"]}
    kept = rows[1]["trade"]["asset_id"]
    expect(await kim.http.patch(f"/portfolio/assets/{kept}", json={"sector": "Software"}), 200)
    later = expect(await attempt(kim, "sell", own, "2024-06-01", quantity="3", price="120"), 201)
    async with unchanged(kim):
        problem(await kim.http.post(f"/imports/{done['id']}/undo"), 409, "would_oversell")
        problem(await kim.http.post(f"/imports/{done['id']}/undo", json={"force": True}), 409, "would_oversell")
    expect(await kim.http.delete(f"/portfolio/trades/{later['id']}"), 204)
    expect(await kim.http.patch(f"/portfolio/trades/{rows[0]['trade_id']}", json={"notes": "mine"}), 200)
    async with unchanged(kim):
        refused = problem(await kim.http.post(f"/imports/{done['id']}/undo"), 409, "import_edited")
        assert refused["edited"] == 1
    await undo(kim, done, force=True)
    assert [item["symbol"] for item in (await kim.read("/portfolio/assets"))["items"]] == ["MSFT"]
    assert await kim.balance(account) == "0.00"


async def test_an_asset_that_something_else_uses_stays(kim: Person) -> None:
    account, other = await depot(kim), await depot(kim, "Other")
    done = await bring_in(kim, account, trades(BUY))
    committed = await revision(kim)
    used = (await rows_of(kim, done))[0]["trade"]["asset_id"]
    place = {"account_id": other["id"], "asset_id": used}
    expect(await attempt(kim, "deposit", place, "2024-06-01", quantity="3", cost="120"), 201)
    expect(await try_undo_revision(kim, committed), 200)
    assert await holdings(kim) == {"AAPL": "3"}
    await undo_last(kim)
    assert await kim.balance(account) == "-1001.00"
    await undo(kim, done)
    assert await holdings(kim) == {"AAPL": "3"}


async def test_who_may_and_who_may_not(kim: Person, robin: Person, unchanged: Unchanged) -> None:
    account, own = await depot(kim), await depot(kim, "Own", visibility="private")
    secret = await bring_in(kim, own, trades(BUY))
    found = await preview(kim, account, FILE)
    problem(await try_preview(robin, account, FILE), 404, "reference_not_found")
    problem(await robin.get(f"/imports/{found['id']}/rows"), 404, "import_not_found")
    await join(kim, robin, "viewer")
    robin.http.headers["X-Book-Id"] = kim.book_id
    async with unchanged(kim):
        problem(await try_preview(robin, account, FILE), 403, "forbidden")
        problem(await try_commit(robin, found), 403, "forbidden")
        problem(await robin.get(f"/imports/{secret['id']}"), 404, "import_not_found")
        problem(await try_preview(robin, own, FILE), 403, "forbidden")
    assert len((await robin.read(f"/imports/{found['id']}/rows"))["items"]) == 4


async def test_an_editor_from_whom_an_account_is_hidden(kim: Person, robin: Person, unchanged: Unchanged) -> None:
    account, own = await depot(kim), await depot(kim, "Own", visibility="private")
    await join(kim, robin, "editor")
    robin.http.headers["X-Book-Id"] = kim.book_id
    problem(await try_preview(robin, own, FILE), 404, "reference_not_found")
    done = await bring_in(robin, account, FILE)
    trade = (await rows_of(kim, done))[0]
    expect(await kim.http.delete(f"/portfolio/trades/{(await rows_of(kim, done))[1]['trade_id']}"), 204)
    expect(await kim.http.patch(f"/portfolio/trades/{trade['trade_id']}", json={"account_id": own["id"]}), 200)
    async with unchanged(kim):
        problem(await robin.http.post(f"/imports/{done['id']}/undo"), 409, "private_other_side")
    await undo(kim, done, force=True)


async def test_twice_at_once(kim: Person) -> None:
    account = await depot(kim)
    first, second = await preview(kim, account, FILE), await preview(kim, account, FILE)
    answers = await asyncio.gather(try_commit(kim, first), try_commit(kim, first), try_commit(kim, second))
    assert sorted(answer.status_code for answer in answers) in ([200, 200, 409], [200, 409, 409])
    assert await holdings(kim) == {"AAPL": "6"}
    done = first if (await kim.read(f"/imports/{first['id']}"))["created"] else second
    undone = await asyncio.gather(*(kim.http.post(f"/imports/{done['id']}/undo") for _ in range(2)))
    assert sorted(answer.status_code for answer in undone) == [200, 409]
    assert await holdings(kim) == {}
    assert expect(await kim.http.delete(f"/imports/{(await preview(kim, account, FILE))['id']}"), 204) is None


async def test_a_question_is_asked_once(kim: Person) -> None:
    """What a file does not say is asked; the answer is kept with the mapping, for the header."""
    account = await depot(kim)
    header = "Date,Action,Symbol,Quantity,Fee,Amount"
    data = csv_of(header, "2024-01-03,Buy,AAPL,10,1.00,1001.00")
    asked = problem(await try_preview(kim, account, data), 422, "mapping_needed")
    assert [of_interest(q, "field", "options") for q in asked["questions"]] == [("mapping.amount_is", ["net", "gross"])]
    found = await preview(kim, account, data, mapping={"amount_is": "net", "kinds": {"Einbuchen": "buy"}})
    assert found["sample"][0]["trade"]["amount"] == "1000.00"
    await commit(kim, found)
    later = csv_of(header, "2024-01-04,Einbuchen,AAPL,1,1.00,101.00")
    again = await preview(kim, account, later)
    assert of_interest(again, "mapping_source", "format") == ("saved", "broker_csv")
    assert again["sample"][0]["trade"]["amount"] == "100.00"
    # Taken back, it is asked again; the same file by its own mapping reads the same.
    await undo(kim, found)
    problem(await try_preview(kim, account, later), 422, "mapping_needed")
    assert (await preview(kim, account, data, mapping=found["mapping"]))["sample"][0]["trade"]["fees"] == "1.00"


async def test_which_asset_a_name_is(kim: Person, unchanged: Unchanged) -> None:
    account, mine = await depot(kim), await asset(kim, "APPLE", isin="US0378331005", currency="USD")
    gone = await asset(kim, "OLD")
    expect(await kim.http.patch(f"/portfolio/assets/{gone['id']}", json={"archived": True}), 200)
    data = csv_of(
        "Date,Action,Symbol,ISIN,Name,Quantity,Price",
        "2024-01-03,Buy,AAPL,US0378331005,Apple,1,10.00",
        "2024-01-03,Buy,,IE00BK5BQT80,All-World,1,10.00",
        "2024-01-03,Buy,VWCE,IE00BK5BQT80,All-World,1,10.00",
        "2024-01-03,Buy,apple,IE00BK5BQT80,Other,1,10.00",
        "2024-01-03,Buy,old,,,1,10.00",
        "2024-01-03,Buy,,US0378331006,,1,10.00",
    )
    found = await preview(kim, account, data)
    rows = found["sample"]
    assert outcomes(rows) == ["new", "new", "new", "error", "error", "error"]
    assert rows[0]["trade"]["asset_id"] == mine["id"]
    assert rows[1]["trade"]["asset_id"] == rows[2]["trade"]["asset_id"]
    assert "has the ISIN US0378331005" in rows[3]["reason"]
    assert rows[4]["reason"] == "the asset 'OLD' is archived"
    assert "is no ISIN" in rows[5]["reason"]
    told = await preview(kim, account, data, mapping={"assets": {"VWCE": mine["id"]}})
    assert told["sample"][2]["trade"]["asset_id"] == mine["id"]
    assert told["mapping"]["assets"] == {"VWCE": mine["id"]}
    async with unchanged(kim):
        nobody = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda8"
        answer = await try_preview(kim, account, data, mapping={"assets": {"VWCE": nobody}})
        assert fields(problem(answer, 404, "reference_not_found")) == {("mapping.assets.VWCE", "asset_not_found")}
    # What the mapping names may be gone by the commit.
    expect(await kim.http.patch(f"/portfolio/assets/{mine['id']}", json={"archived": True}), 200)
    async with unchanged(kim):
        refused = problem(await try_commit(kim, found), 409, "archived")
        assert of_interest(refused, "position", "line") == (1, 2)
    expect(await kim.http.delete(f"/portfolio/assets/{mine['id']}"), 204)
    async with unchanged(kim):
        refused = problem(await try_commit(kim, found), 409, "import_row_refused")
        assert of_interest(refused, "position", "line") == (1, 2)
    assert (await commit(kim, found, skip=[1]))["created"] == 2


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("2099-01-01,Buy,AAPL,1,10,0,-10.00", "Date", "in the future"),
        ("1899-12-31,Buy,AAPL,1,10,0,-10.00", "Date", "not a date"),
        ("2023-06-30,Buy,AAPL,1,10,0,-10.00", "Date", "the book is closed up to 2023-06-30"),
        ("2024-01-03,Magic,AAPL,1,10,0,-10.00", "Action", "say with mapping.kinds"),
        ("2024-01-03,,AAPL,1,10,0,-10.00", "Action", "does not say what happened"),
        ("2024-01-03,Buy,,1,10,0,-10.00", "Symbol", "does not say of which asset"),
        ("2024-01-03,Buy,AAPL,,10,0,-10.00", "Quantity", "the quantity is missing"),
        ("2024-01-03,Buy,AAPL,-1,10,0,10.00", "Quantity", "by hand"),
        ("2024-01-03,Buy,AAPL,x,10,0,-10.00", "Quantity", "is not a number"),
        ("2024-01-03,Buy,AAPL,1e99,10,0,-10.00", None, "digits before the point"),
        ("2024-01-03,Buy,AAPL,1.0000000000000000001,10,0,-10.00", "Quantity", "is not a number"),
        ("2024-01-03,Buy,AAPL,1,,0,", "Amount", "there is no amount"),
        ("2024-01-03,Buy,AAPL,1,1,20,-10.00", "Amount", "fees and taxes are more than the amount"),
        ("2024-01-03,Split,AAPL,,,,", "Action", "enter the split by hand"),
        ("2024-01-03,Dividend,AAPL,,,,0.00", "Amount", "no amount"),
        ("2024-01-03,Interest,,,,,0.001", "Amount", "the amount is 0"),
        ("2024-01-03,Deposit,,,,,99999999999999999.00", "Amount", "digits before the point"),
        (f"2024-01-03,Buy,{'S' * 51},1,10,0,-10.00", "Symbol", "at most 50 characters"),
        ("2024-01-03,Buy,AAPL,1,10,0,-10.00,more", None, "cells where the others have"),
    ],
)
async def test_a_row_that_is_wrong_stops_no_other(closed: Person, row: str, column: str | None, reason: str) -> None:
    account = (await closed.read("/accounts"))["items"][0]
    found = await preview(closed, account, trades(BUY, SELL, row, DIVIDEND))
    rows = found["sample"]
    assert outcomes(rows) == ["new", "new", "error", "new"]
    assert reason in rows[2]["reason"]
    assert rows[2]["line"] == 4
    assert column is None or rows[2]["column"] == column


@pytest.fixture
async def closed(kim: Person) -> Person:
    """Somebody with a depot, whose book is closed up to the middle of 2023."""
    await depot(kim)
    body = {"locked_until": "2023-06-30"}
    expect(await kim.http.put(f"/books/{kim.book_id}/lock", json=body), 200)
    return kim


async def test_currencies_and_rates(kim: Person) -> None:
    account = await depot(kim)
    header = "Date,Action,Symbol,Quantity,Price,Currency,Fee"
    rows = [
        "2024-01-03,Buy,AAPL,10,100.00,USD,1.00",
        "2024-01-04,Buy,AAPL,10,100.00,CHF,1.00",
        "2024-01-05,Buy,AAPL,10,100.00,EUR,1.00",
        "2024-01-05,Buy,AAPL,10,100.00,XAG,1.00",
    ]
    body = {"base": "USD", "quote": "EUR", "date": "2024-01-03", "rate": "0.9"}
    expect(await kim.http.put("/rates", json=body), 200)
    found = await preview(kim, account, csv_of(header, *rows), mapping={"amount_in": "price"})
    assert outcomes(found["sample"]) == ["new", "error", "new", "error"]
    trade = found["sample"][0]["trade"]
    assert of_interest(trade, "price", "currency", "amount", "fees") == ("100.00", "USD", "900.00", "0.90")
    assert "no rate from CHF to EUR is known for 2024-01-04" in found["sample"][1]["reason"]
    assert found["sample"][0]["amount"] == "-900.90"
    await commit(kim, found)
    assert await kim.balance(account) == "-1901.90"


@pytest.mark.parametrize(
    ("mapping", "wrong"),
    [
        ({"kinds": {"Buy": "purchase"}}, "mapping.kinds.Buy"),
        ({"amount_is": "both"}, "mapping.amount_is"),
        ({"payee_column": "Action"}, "mapping.payee_column"),
        ({"assets": {"AAPL": "x"}}, "mapping.assets.AAPL"),
        ({"symbol_column": "Ticker"}, "mapping.symbol_column"),
        ({"fees_columns": [99]}, "mapping.fees_columns"),
        ({"header_line": 77}, "mapping.header_line"),
        ({"delimiter": ";;"}, "mapping.delimiter"),
        ({"asset_type": "coin"}, "mapping.asset_type"),
        ({"name_column": "a\x00b"}, "mapping.name_column"),
        ("[", "mapping"),
    ],
)
async def test_a_mapping_that_is_wrong(kim: Person, unchanged: Unchanged, mapping: Any, wrong: str) -> None:
    account = await depot(kim)
    async with unchanged(kim):
        answer = await try_preview(kim, account, FILE, mapping=mapping)
        assert answer.status_code == 422, answer.text
        assert {error["field"] for error in answer.json()["errors"]} == {wrong}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "unreadable_file"),
        (b"PK\x03\x04", "unreadable_file"),
        (HEADER.encode(), "unreadable_file"),
        (b"Name,Phone\nKim,1\nRobin,2\n", "unreadable_file"),
        (b"Date,Action,Symbol\n2024-01-03,Buy,AAPL\n", "unreadable_file"),
        (csv_of("Date,Action,Symbol,Quantity,Price", "03/04/2024,Buy,AAPL,1,10.00"), "mapping_needed"),
        (csv_of("Date,Action,Symbol,Quantity,Price", "2024-01-03,Buy,AAPL,1,1.000"), "mapping_needed"),
    ],
)
async def test_a_file_that_cannot_be_read(kim: Person, unchanged: Unchanged, data: bytes, code: str) -> None:
    account = await depot(kim)
    async with unchanged(kim):
        problem(await try_preview(kim, account, data), 422, code)


async def test_an_account_that_takes_no_trades(kim: Person, unchanged: Unchanged) -> None:
    card = await kim.account("Card", type="credit_card")
    shut = await depot(kim, "Shut")
    expect(await kim.http.patch(f"/accounts/{shut['id']}", json={"archived": True}), 200)
    account = await depot(kim)
    found = await preview(kim, account, FILE)
    expect(await kim.http.patch(f"/accounts/{account['id']}", json={"archived": True}), 200)
    async with unchanged(kim):
        assert fields(problem(await try_preview(kim, card, FILE), 422, "invalid_input")) == {
            ("account_id", "wrong_account_class")
        }
        problem(await try_preview(kim, shut, FILE), 409, "archived")
        problem(await try_preview(kim, None, FILE), 422, "invalid_input")
        problem(await try_commit(kim, found), 409, "import_state")

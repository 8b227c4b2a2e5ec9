"""Transactions as files: the same rows as the list, in any format, and back again."""

import csv
import io
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import text

from app.core.database import Database
from app.exports import transactions
from app.rendering.cells import unguarded
from app.transactions.flat import HEADER
from tests.conftest import Unchanged
from tests.people import Person, expect, problem
from tests.plaintext.random_book import fill

EXPORT = "/exports/transactions"
HOSTILE = "=cmd|'/C calc'!A0"


async def table(person: Person, **params: Any) -> list[dict[str, str]]:
    answer = await person.get(EXPORT, **params)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


async def a_book(kim: Person) -> dict[str, Any]:
    """One transaction of each kind, with hostile texts."""
    checking, savings = await kim.account("Checking"), await kim.account("-Savings", type="savings")
    dollars = await kim.account("Dollars", currency="USD", opening_balance="100.00", opening_date="2026-01-01")
    food = await kim.category("Treats & drink")
    coffee = await kim.category("=Coffee", parent_id=food["id"])
    await kim.add(
        account_id=checking["id"], amount="12.50", category_id=coffee["id"], payee=HOSTILE, description="+Größe \"x\"",
        notes="-one\ntwo, three", tags=["b", "a"], external_id="@id-1", date="2026-01-10",
        original_amount="13.00", original_currency="USD",
    )  # fmt: skip
    await kim.add(type="income", account_id=checking["id"], amount="3000", payee="Boss", date="2026-01-11")
    await kim.add(
        account_id=checking["id"], amount="30.00", date="2026-01-12",
        splits=[{"amount": "10.00", "category_id": food["id"], "memo": "lunch"}, {"amount": "20.00"}],
    )  # fmt: skip
    await kim.add(
        type="transfer", account_id=checking["id"], to_account_id=savings["id"], amount="100", date="2026-01-13"
    )
    await kim.add(
        type="transfer", account_id=checking["id"], to_account_id=dollars["id"], amount="90", to_amount="99.99",
        fee_amount="1.50", date="2026-01-14",
    )  # fmt: skip
    return {"checking": checking, "savings": savings, "dollars": dollars, "food": food, "coffee": coffee}


async def test_csv_has_a_row_for_each_transaction(kim: Person, unchanged: Unchanged) -> None:
    await a_book(kim)
    async with unchanged(kim):
        answer = await kim.get(EXPORT, sort="date")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="transactions-2')
    assert int(answer.headers["content-length"]) == len(answer.content)
    rows = await table(kim, sort="date")
    assert tuple(rows[0]) == HEADER
    assert [row["type"] for row in rows] == [
        "opening_balance", "expense", "income", "expense", "transfer", "transfer",
    ]  # fmt: skip
    _, spent, earned, split, moved, exchanged = rows
    assert (spent["payee"], spent["description"], spent["notes"]) == (
        f"'{HOSTILE}", "'+Größe \"x\"", "'-one\ntwo, three",
    )  # fmt: skip
    assert (spent["amount"], spent["currency"], spent["account"]) == ("-12.50", "EUR", "Checking")
    assert (spent["category"], spent["category_path"], spent["tags"]) == (
        "'=Coffee",
        "Treats & drink > =Coffee",
        "a, b",
    )
    assert (spent["original_amount"], spent["original_currency"]) == ("13.00", "USD")
    assert (spent["base_amount"], spent["base_currency"]) == ("-12.50", "EUR")
    assert (earned["amount"], earned["category"]) == ("3000.00", "")
    assert split["splits"] == "Treats & drink 10.00 (lunch); Uncategorised 20.00"
    assert (moved["amount"], moved["to_account"], moved["to_amount"], moved["to_currency"]) == (
        "-100.00", "'-Savings", "100.00", "EUR",
    )  # fmt: skip
    assert (exchanged["amount"], exchanged["to_amount"], exchanged["to_currency"]) == ("-91.50", "99.99", "USD")
    marked = await kim.get(EXPORT, bom="true")
    assert marked.content.startswith(b"\xef\xbb\xbfid,date,")


async def test_rows_of_postings_add_up_to_the_balances(kim: Person) -> None:
    made = await a_book(kim)
    sums: dict[str, Decimal] = {}
    for row in await table(kim, rows="postings"):
        sums[row["account"]] = sums.get(row["account"], Decimal(0)) + Decimal(row["amount"])
    for name, account in (("Checking", "checking"), ("'-Savings", "savings"), ("Dollars", "dollars")):
        assert sums[name] == Decimal(await kim.balance(made[account]))
    lines = [
        (r["line"], r["role"], r["category"], r["memo"]) for r in await table(kim, rows="postings", q="on:2026-01-12")
    ]
    assert lines == [("0", "flow", "Treats & drink", "lunch"), ("1", "flow", "", "")]


def of_list(item: dict[str, Any], names: dict[str, Any]) -> dict[str, str]:
    """What the row of a transaction must say, worked out from the transaction as the list has it."""
    own = [posting for posting in item["postings"] if posting["account_id"] == item["account_id"]]
    base = [posting["base_amount"] for posting in own]
    to = next((posting for posting in item["postings"] if posting["account_id"] == item["to_account_id"]), None)
    splits = [
        f"{names.get(split['category_id'], 'Uncategorised')} {split['amount']}"
        + (f" ({split['memo']})" if split["memo"] else "")
        for split in item["splits"]
    ]
    found = {
        **{name: item[name] for name in HEADER if name in item},
        "account": names[item["account_id"]],
        "amount": str(sum(Decimal(posting["amount"]) for posting in own)),
        "to_account": to and names[to["account_id"]],
        "to_currency": to and to["currency"],
        "category": names.get(item["category_id"]),
        "tags": ", ".join(item["tags"]),
        "base_amount": None if None in base else str(sum(map(Decimal, base))),
        "base_currency": None if None in base else "EUR",
        "splits": "; ".join(splits),
    }
    return {name: value or "" for name, value in found.items()}


async def test_rows_say_what_the_list_says_of_every_shape(kim: Person, owner_database: Database) -> None:
    """They are made from other columns than documents are, for speed."""
    await fill(owner_database, kim, seed=11, count=300)
    items = await kim.read(EXPORT, format="json")
    every = {category["id"]: category for category in (await kim.read("/categories"))["items"]}
    names = {key: category["name"] for key, category in every.items()}

    def path(key: str | None) -> str:
        if key is None:
            return ""
        above = path(every[key]["parent_id"])
        return f"{above} > {names[key]}" if above else names[key]

    names |= {account["id"]: account["name"] for account in (await kim.read("/accounts"))["items"]}
    assert {item["type"] for item in items} >= {"expense", "income", "transfer", "journal", "adjustment"}

    for item, row in zip(items, await table(kim), strict=True):
        wanted = {**of_list(item, names), "category_path": path(item["category_id"])}
        read = {name: unguarded(cell) for name, cell in row.items()}
        for amount in ("amount", "base_amount"):
            if wanted[amount]:
                wanted[amount], read[amount] = (str(Decimal(cells[amount]).normalize()) for cells in (wanted, read))
        assert read == wanted
    postings = iter(await table(kim, rows="postings"))
    for item in items:
        for posting in item["postings"]:
            row = next(postings)
            told = (item["id"], names[posting["account_id"]], names.get(posting["category_id"], ""))
            assert (row["id"], unguarded(row["account"]), unguarded(row["category"])) == told
            for name in ("line", "role", "amount", "currency", "base_amount", "memo"):
                assert unguarded(row[name]) == ("" if posting[name] is None else str(posting[name])), name
    assert list(postings) == []


async def test_json_is_what_the_list_has(kim: Person) -> None:
    await a_book(kim)
    assert await kim.read(EXPORT, format="json") == (await kim.read("/transactions"))["items"]
    assert await kim.read(EXPORT, format="json", q="nothing") == []


async def test_a_workbook_has_numbers_and_dates(kim: Person) -> None:
    await a_book(kim)
    answer = await kim.get(EXPORT, format="xlsx", sort="date")
    assert "spreadsheetml" in answer.headers["content-type"]
    sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    assert [cell.value for cell in sheet[1]][:6] == ["ID", "Date", "Type", "Status", "Account", "Amount"]
    assert rows[1][1] == datetime(2026, 1, 10)  # noqa: DTZ001
    assert rows[1][5] == -12.5
    assert (rows[1][12], sheet["M3"].data_type) == (HOSTILE, "s")
    postings = load_workbook(io.BytesIO((await kim.get(EXPORT, format="xlsx", rows="postings")).content)).worksheets[0]
    assert postings.title == "Postings"
    assert postings.max_row == 1 + 10


async def test_every_filter_and_sort_of_the_list_counts(kim: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """In pages of two, so that each of them is walked."""
    monkeypatch.setattr(transactions, "PAGE", 2)
    made = await a_book(kim)
    for params in (
        {},
        {"sort": "date"},
        {"sort": "-amount"},
        {"sort": "amount", "date_from": "2026-01-11"},
        {"account_id": made["checking"]["id"]},
        {"account_id": [made["savings"]["id"], made["dollars"]["id"]], "sort": "amount"},
        {"category_id": made["food"]["id"]},
        {"type": ["income", "transfer"]},
        {"status": "cleared"},
        {"tag": "a"},
        {"min_amount": "20", "max_amount": "100"},
        {"q": "größe"},
        {"q": "boss -calc"},
        {"q": ">50 account:check"},
        {"uncategorised": "true"},
    ):
        listed = [item["id"] for item in (await kim.read("/transactions", **params))["items"]]
        assert [row["id"] for row in await table(kim, **params)] == listed, params


async def test_a_file_of_ours_comes_back_as_it_was(kim: Person, robin: Person) -> None:
    """Texts, amounts, categories and external ids, whatever the importer would have guessed."""
    account = await kim.account("Checking")
    for person in (kim, robin):
        await person.category("Food")
    food = next(c for c in (await kim.read("/categories"))["items"] if c["name"] == "Food")
    for n, texts in enumerate(
        [
            {"payee": HOSTILE, "description": "-5", "notes": "'=quoted\n\n+two"},
            {"payee": "'plain'", "description": "a;b,c\td", "external_id": "@1"},
            {"category_id": food["id"]},
        ]
    ):
        await kim.add(account_id=account["id"], amount=f"{n}1.05", date=f"2026-01-0{n + 1}", **texts)
    await kim.add(type="income", account_id=account["id"], amount="0.01", date="2026-01-09", payee="Boss")
    theirs = await robin.account("Other")
    preview: dict[str, Any] = {}
    for mark in ("false", "true"):
        content = (await kim.get(EXPORT, bom=mark)).content
        file = {"file": ("transactions.csv", content, "text/csv")}
        preview = expect(await robin.http.post("/imports", files=file, data={"account_id": theirs["id"]}), 201)
        assert preview["rows"]["error"] == 0, preview
    done = expect(await robin.http.post(f"/imports/{preview['id']}/commit"), 200)
    assert done["created"] == 4
    told = ("date", "type", "amount", "payee", "description", "notes", "external_id")

    async def seen(person: Person) -> list[tuple[object, ...]]:
        names = {c["id"]: c["name"] for c in (await person.read("/categories"))["items"]}
        items = (await person.read("/transactions"))["items"]
        return [(*(item[name] for name in told), names.get(item["category_id"])) for item in items]

    assert await seen(robin) == await seen(kim)


async def test_refusals_are_problems(kim: Person, robin: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    async with unchanged(kim):
        problem(await kim.get(EXPORT, format="ods"), 422, "invalid_input")
        problem(await kim.get(EXPORT, rows="splits"), 422, "invalid_input")
        problem(await kim.get(EXPORT, q='"open'), 422, "invalid_input")
        problem(await kim.get(EXPORT, date_from="2026-02-01", date_to="2026-01-01"), 422, "invalid_input")
        problem(await kim.get(EXPORT, tag="a\x00"), 422, "invalid_input")
    problem(await robin.http.get(EXPORT, headers={"X-Book-Id": kim.book_id}), 404, "not_found")
    assert await table(robin, account_id=account["id"]) == []


async def test_unchanged_is_304_and_viewers_may(kim: Person, robin: Person, owner_database: Database) -> None:
    made = await a_book(kim)
    tag = (await kim.get(EXPORT, q="boss")).headers["etag"]
    headers = {"If-None-Match": tag}
    assert (await kim.http.get(EXPORT, params={"q": "boss"}, headers=headers)).status_code == 304
    assert (await kim.http.get(EXPORT, params={"q": "calc"}, headers=headers)).status_code == 200
    member = text("INSERT INTO book_members (book_id, user_id, role) VALUES (:book, :user, 'viewer')")
    async with owner_database.begin() as connection:
        await connection.execute(member, {"book": kim.book_id, "user": robin.user["id"]})
    seen = await robin.http.get(EXPORT, headers={"X-Book-Id": kim.book_id})
    assert seen.content == (await kim.get(EXPORT)).content
    # What is private to Kim is not in it: of the transfer Robin sees one side.
    expect(await kim.http.patch(f"/accounts/{made['savings']['id']}", json={"visibility": "private"}), 200)
    answer = await robin.http.get(EXPORT, params={"rows": "postings"}, headers={"X-Book-Id": kim.book_id})
    assert "Savings" not in answer.text
    assert len(answer.text.splitlines()) == len((await kim.get(EXPORT, rows="postings")).text.splitlines()) - 1
    answer = await robin.http.get(EXPORT, params={"q": "on:2026-01-13"}, headers={"X-Book-Id": kim.book_id})
    (row,) = csv.DictReader(io.StringIO(answer.text, newline=""))
    assert (row["account"], row["amount"], row["to_account"], row["to_amount"]) == ("Checking", "-100.00", "", "")

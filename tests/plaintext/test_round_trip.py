"""A book that was exported and imported into an empty one is the same book."""

import time
from collections import defaultdict
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.core.database import Database
from tests.conftest import fresh_email
from tests.dump import dump
from tests.imports.uploads import commit, rows_of, try_upload, undo
from tests.people import Person, expect, register
from tests.plaintext.conftest import Book

# The rest of the suite goes through the same lines; measuring them here would cost minutes.
pytestmark = pytest.mark.no_cover

FORMATS = ("hledger", "beancount")
SECONDS = 120

_TOTALS = text(
    """
    SELECT to_char(m.month, 'YYYY-MM') AS month, m.account_id::text AS account, m.category_id::text AS category, m.role,
           m.inflow, m.outflow, m.base_inflow, m.base_outflow, m.count
    FROM monthly_totals m WHERE m.book_id = :book AND m.count > 0
    """
)


_TRANSACTIONS = text(
    """
    SELECT t.id::text AS id, t.type, t.date, t.account_id, t.amount, t.description, t.notes, t.status, t.external_id,
           t.original_amount, t.original_currency, t.refund_of_id,
           EXISTS (SELECT FROM trades d WHERE d.book_id = :book AND d.transaction_id = t.id) AS of_trade,
           (SELECT concat_ws(' ', d.kind, s.symbol, d.amount, d.taxes, d.fees, d.notes)
            FROM trades d JOIN assets s ON s.book_id = :book AND s.id = d.asset_id
            WHERE d.book_id = :book AND d.transaction_id = t.id
              AND d.kind IN ('dividend', 'interest', 'fee', 'reinvest')) AS paid,
           (SELECT y.name FROM payees y WHERE y.book_id = :book AND y.id = t.payee_id) AS payee,
           (SELECT json_agg(g.name ORDER BY g.name) FROM transaction_tags x
            JOIN tags g ON g.book_id = :book AND g.id = x.tag_id
            WHERE x.book_id = :book AND x.transaction_id = t.id) AS tags,
           (SELECT json_agg(json_build_array(p.account_id, p.role, p.amount::text, p.base_amount::text, p.memo,
                                             p.category_id) ORDER BY p.line)
            FROM postings p WHERE p.book_id = :book AND p.transaction_id = t.id) AS postings
    FROM transactions t WHERE t.book_id = :book
    """
)


_COUNT = text("SELECT count(*) FROM transactions WHERE book_id = :book")


async def exported(person: Person, name: str) -> bytes:
    answer = await person.get(f"/exports/{name}")
    assert answer.status_code == 200, answer.text
    return answer.content


async def upload(person: Person, data: bytes, **options: Any) -> dict[str, Any]:
    preview: dict[str, Any] = expect(await try_upload(person, None, data, name="book.txt", **options), 201)
    return preview


async def bring_rates(person: Person, copy: Person) -> None:
    """A journal of hledger's does not say them; they are there before it, so that what it brings has values at once."""
    page: dict[str, Any] = {"items": [], "next_cursor": ""}
    rows = ""
    while page["next_cursor"] is not None:
        page = await person.read("/rates", limit=500, **({"cursor": cursor} if (cursor := page["next_cursor"]) else {}))
        rows += "".join(f"{row['date']},{row['base']},{row['quote']},{row['rate']}\n" for row in page["items"])
    if rows:
        file = {"file": ("rates.csv", rows.encode(), "text/csv")}
        expect(await copy.http.post("/rates/import", files=file), 200)


async def story(person: Person, database: Database, name: str) -> dict[str, Any]:
    """Everything a book says, with categories by their path: those of a new book have ids of their own.

    So has the money of a trade, which comes with the trade from a file that tells of trades.
    """
    accounts = (await person.read("/accounts"))["items"]
    categories = {row["id"]: row for row in (await person.read("/categories"))["items"]}

    def path(category: str | None) -> str | None:
        if category is None:
            return None
        row = categories[category]
        above = f"{path(row['parent_id'])}:" if row["parent_id"] else f"{row['kind']}:"
        return f"{above}{row['name']}"

    async with database.begin() as connection:
        totals = (await connection.execute(_TOTALS, {"book": person.book_id})).all()
        transactions = (await connection.execute(_TRANSACTIONS, {"book": person.book_id})).mappings().all()
    return {
        "base": (await person.read(f"/books/{person.book_id}"))["base_currency"],
        "accounts": {row["id"]: account_of(row) for row in accounts},
        "categories": {path(row["id"]): (row["kind"], row["archived_at"] is not None) for row in categories.values()},
        "looks": {
            path(row["id"]): (row["color"], row["icon"], row["sort"]) for row in categories.values() if row["color"]
        },
        "transactions": {
            row["id"] if name == "hledger" or not row["of_trade"] else key_of(row): transaction_of(row, path, name)
            for row in transactions
        },
        "totals": {(t.month, t.account, path(t.category), t.role): tuple(t[4:]) for t in totals},
    }


def key_of(row: Any) -> str:
    return " ".join(str(row[column]) for column in ("date", "account_id", "type", "amount", "description"))


def account_of(row: dict[str, Any]) -> dict[str, Any]:
    same = ("name", "type", "class", "currency", "balance", "opening_balance", "opening_date", "institution", "notes")
    return {"archived": row["archived_at"] is not None, "sort": row["sort"], **{name: row[name] for name in same}}


def transaction_of(row: Any, path: Any, name: str) -> dict[str, Any]:
    """hledger's journal has the money of a trade, and not what it was for."""
    types = {"trade": "income" if row["postings"][0][1] == "flow" else "journal"} if name == "hledger" else {}
    own = {"id", "of_trade", "postings", *(["paid"] if name == "hledger" else [])}
    return {
        **{name: value for name, value in row.items() if name not in own},
        "type": types.get(row["type"], row["type"]),
        "status": {"reconciled": "cleared"}.get(row["status"], row["status"]),
        "postings": [(*posting[:-1], path(posting[-1])) for posting in row["postings"]],
    }


def compare(copy: dict[str, Any], original: dict[str, Any]) -> None:
    """Part by part, so that a difference can be read."""
    for part, wanted in original.items():
        if isinstance(wanted, dict):
            assert copy[part].keys() == wanted.keys(), part
            different = {key: (copy[part][key], wanted[key]) for key in wanted if copy[part][key] != wanted[key]}
            for ours, theirs in list(different.values())[:1]:
                assert {k: v for k, v in ours.items() if theirs[k] != v} == {
                    k: v for k, v in theirs.items() if ours[k] != v
                }, (part, len(different))
        else:
            assert copy[part] == wanted


@pytest.fixture(params=["book_to_bring_back", "demo_book"])
def book(request: pytest.FixtureRequest) -> Book:
    found: Book = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize("name", FORMATS)
async def test_an_export_comes_back_as_the_same_book(
    app: FastAPI, owner_database: Database, book: Book, name: str
) -> None:
    data = await exported(book.person, name)
    copy = await register(app, fresh_email())
    if name == "hledger":
        await bring_rates(book.person, copy)
    before = await dump(owner_database, copy.book_id)
    started = time.perf_counter()
    preview = await upload(copy, data)
    assert preview["format"] == name
    assert preview["warnings"] == []
    rows = preview["rows"]
    assert rows["total"] == rows["new"], (await rows_of(copy, preview, outcome="error"))[:3]
    done = await commit(copy, preview)
    assert time.perf_counter() - started < SECONDS
    assert done["created"] == rows["total"]
    whole = await story(copy, owner_database, name)
    async with owner_database.begin() as connection:
        assert len(whole["transactions"]) == await connection.scalar(_COUNT, {"book": copy.book_id})
    compare(whole, await story(book.person, book.database, name))

    for person in (copy, book.person):
        again = await upload(person, data)
        assert again["rows"] == {**rows, "new": 0, "duplicate": rows["total"]}
        assert (await commit(person, again))["created"] == 0
    assert await exported(copy, name) == await exported(copy, name)

    await undo(copy, preview)
    after = await dump(owner_database, copy.book_id)
    for table in ("accounts", "transactions", "postings", "transaction_tags", "payees", "tags"):
        assert after[table] == before[table] == [], table
    assert len(after["categories"]) == len(before["categories"])
    await copy.http.aclose()


@pytest.mark.parametrize("name", FORMATS)
async def test_each_thing_that_is_made_has_its_event(kim: Person, owner_database: Database, name: str) -> None:
    data = {
        "hledger": b"2026-01-05 Shop\n  ; holiday:\n  Expenses:Food:Out  5.00 EUR\n  Assets:Bank\n",
        "beancount": b'2026-01-05 * "Shop" "" #holiday\n  Expenses:Food:Out  5.00 EUR\n  Assets:Bank\n',
    }[name]
    preview = await upload(kim, data)
    await commit(kim, preview)
    found = defaultdict(list)
    events = text("SELECT entity, action, after->>'name' FROM events WHERE book_id = :book ORDER BY revision, position")
    async with owner_database.begin() as connection:
        for entity, action, called in await connection.execute(events, {"book": kim.book_id}):
            found[entity, action].append(called)
    assert found["account", "created"] == ["Bank"]
    assert found["category", "created"] == ["Food", "Out"]
    assert found["payee", "created"] == ["Shop"]
    assert found["tag", "created"] == ["holiday"]
    assert len(found["import", "committed"]) == 1
    assert ("transaction", "created") not in found
    await undo(kim, preview)
    assert (await kim.read("/accounts"))["items"] == []
    assert {row["name"] for row in (await kim.read("/categories"))["items"]}.isdisjoint({"Food", "Out"})

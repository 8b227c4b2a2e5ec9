"""Taking everything along: what is in the archive, what is not, and how it reads back."""

import io
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import text

from app.core.config import Settings
from app.core.database import Database
from app.leaving.repository import stream
from tests.attachments.files import attach, png
from tests.conftest import fresh_email
from tests.dump import tables_of_books
from tests.households.sharing import invite, join
from tests.people import Person, expect, register
from tests.security.test_row_security import fill
from tests.staff import confirm, run

COMPUTED = {"monthly_totals", "daily_totals", "budget_references", "budget_alerts", "budget_carries"} | {
    "revaluations",
    "payee_totals",
    "payee_category_totals",
    "tag_totals",
    "converted_currencies",
    "converted_spans",
    "converted_payee_totals",
}
NESTED = {"postings", "transaction_tags", "book_members"}


async def exported(person: Person, owner: Database) -> zipfile.ZipFile:
    await confirm(owner, person)
    answer = await person.get("/users/me/export")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["content-disposition"].startswith('attachment; filename="finance-tracker-')
    assert answer.headers["cache-control"] == "no-store"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    return archive


def rows(archive: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    found = json.loads(archive.read(name), parse_float=_no_float)
    assert isinstance(found, list)
    return found


def _no_float(digits: str) -> Any:
    raise AssertionError(f"{digits} would be read as a float")


def taken_away(file: Path, *, instead: bool = False) -> bytes:
    """Remove an object behind the server's back; with a folder in its place nobody can read it."""
    kept = file.read_bytes()
    file.unlink()
    if instead:
        file.mkdir()
    return kept


def put_back(file: Path, content: bytes) -> None:
    if file.is_dir():
        file.rmdir()
    file.write_bytes(content)


def names(archive: zipfile.ZipFile, below: str) -> set[str]:
    return {name.removeprefix(below) for name in archive.namelist() if name.startswith(below)}


async def test_everything_is_in_it(kim: Person, owner_database: Database) -> None:
    await fill(kim)
    archive = await exported(kim, owner_database)
    (profile,) = rows(archive, "profile.json")
    assert (profile["id"], profile["email"]) == (kim.user["id"], kim.email)
    assert len(rows(archive, "sessions.json")) == 1
    assert kim.email in archive.read("README.txt").decode()
    folder = "books/01 Personal/"
    for table in set(await tables_of_books(owner_database)) - COMPUTED - NESTED:
        listed = rows(archive, f"{folder}{table}.json")
        count = f"SELECT count(*) FROM {table} WHERE book_id = :book"
        assert len(listed) == await run(owner_database, count, book=kim.book_id) > 0, table
    transactions = rows(archive, f"{folder}transactions.json")
    for wanted in (await kim.read("/transactions", limit=500))["items"]:
        found = next(t for t in transactions if t["id"] == wanted["id"])
        assert (found["type"], found["date"], found["tags"]) == (wanted["type"], wanted["date"], wanted["tags"])
        assert [(p["account_id"], p["amount"], p["currency"]) for p in found["postings"]] == [
            (p["account_id"], p["amount"], p["currency"]) for p in wanted["postings"]
        ]
    balances = {a["id"]: a["balance"] for a in rows(archive, f"{folder}accounts.json")}
    assert balances == {a["id"]: a["balance"] for a in (await kim.read("/accounts"))["items"]}
    journal = archive.read(f"{folder}journal.hledger").decode()
    assert journal == (await kim.get("/exports/hledger")).text
    (receipt,) = names(archive, f"{folder}attachments/")
    assert archive.read(f"{folder}attachments/{receipt}") == png()
    assert rows(archive, f"{folder}attachments.json")[0]["id"] == receipt.split(" ")[0]
    (book,) = rows(archive, f"{folder}book.json")
    assert (book["id"], book["your_role"]) == (kim.book_id, "owner")
    assert [m["email"] for m in rows(archive, f"{folder}members.json")] == [kim.email]


async def test_an_export_reads_back_into_an_empty_book(kim: Person, owner_database: Database) -> None:
    account = await kim.account(opening_balance="100.00", opening_date="2026-01-01")
    await kim.add(account_id=account["id"], amount="12.34", payee="Café ✓")
    archive = await exported(kim, owner_database)
    book = expect(await kim.http.post("/books", json={"name": "Again"}), 201)["id"]
    journal = archive.read("books/01 Personal/journal.hledger")
    file = {"file": ("journal.hledger", journal, "text/plain")}
    mine = {"X-Book-Id": book}
    made = expect(await kim.http.post("/imports", files=file, headers=mine), 201)
    expect(await kim.http.post(f"/imports/{made['id']}/commit", json={}, headers=mine), 200)
    (again,) = expect(await kim.http.get("/accounts", headers=mine), 200)["items"]
    assert again["balance"] == "87.66"


async def test_no_secret_and_nothing_of_others_is_in_it(kim: Person, robin: Person, owner_database: Database) -> None:
    await robin.account("robins hidden account")
    await join(robin, kim, "viewer")
    secret = await invite(robin, "viewer", email="invited@example.com")
    token = (
        "INSERT INTO personal_tokens (user_id, name, prefix, token_hash, scopes, expires_at)"
        " VALUES (:id, 'laptop', 'ft_pat_abc', '\\xdeadbeef', '{books:read}', now())"
    )
    await run(owner_database, token, id=kim.user["id"])
    audit = (
        "INSERT INTO audit (action, actor_id, subject_id, address) VALUES"
        " ('user_banned', :other, :id, '203.0.113.7'), ('token_created', :id, NULL, '203.0.113.8'),"
        " ('user_banned', :other, :other, '203.0.113.9')"
    )
    await run(owner_database, audit, id=kim.user["id"], other=robin.user["id"])
    archive = await exported(kim, owner_database)
    (laptop,) = rows(archive, "personal_tokens.json")
    assert (laptop["name"], laptop["prefix"], laptop["scopes"]) == ("laptop", "ft_pat_abc", ["books:read"])
    assert [(entry["action"], entry["address"]) for entry in rows(archive, "audit.json")] == [
        ("user_banned", None),
        ("token_created", "203.0.113.8"),
    ]
    everything = b"".join(archive.read(name) for name in archive.namelist()).decode(errors="replace")
    hashes = await run(
        owner_database,
        "SELECT array_agg(encode(token_hash, 'hex')) || (SELECT array_agg(hash) FROM passwords) FROM refresh_tokens",
    )
    for hidden in (*hashes, "deadbeef", secret["token"], "invited@example.com", "203.0.113.9", "token_hash"):
        assert hidden not in everything, hidden
    # A viewer of the other book has what a viewer may read: its accounts, not its open invitations.
    mine = ("books/01 Personal/", "books/02 Personal/")
    shared = [folder for folder in mine if rows(archive, f"{folder}book.json")[0]["your_role"] == "viewer"]
    assert len(shared) == 1
    assert [a["name"] for a in rows(archive, f"{shared[0]}accounts.json")] == ["robins hidden account"]
    assert rows(archive, f"{shared[0]}book_invitations.json") == []


async def test_names_are_safe_files_and_lost_receipts_are_told(
    kim: Person, owner_database: Database, settings: Settings
) -> None:
    account = await kim.account()
    lost = await attach(kim, await kim.add(account_id=account["id"]), png("lost"))
    book = expect(await kim.http.post("/books", json={"name": "../../etc: <a>|?*"}), 201)["id"]
    expect(await kim.http.post("/books", json={"name": "..."}), 201)
    stored: Path = settings.data_dir / "attachments" / kim.book_id / lost["sha256"]
    kept = taken_away(stored)
    archive = await exported(kim, owner_database)
    put_back(stored, kept)
    assert lost["id"] in archive.read("books/01 Personal/attachments/MISSING.txt").decode()
    folders = {name.split("/")[1] for name in archive.namelist() if name.startswith("books/")}
    assert folders == {"01 Personal", "02 _.._etc_ _a____", "03 _"}
    assert [r["id"] for r in rows(archive, "books/02 _.._etc_ _a____/book.json")] == [book]
    assert not any(part in {"", ".", ".."} for name in archive.namelist() for part in name.split("/"))


async def test_somebody_without_a_book_takes_along_what_they_are(
    app: FastAPI, kim: Person, owner_database: Database
) -> None:
    person = await register(app, fresh_email())
    await join(person, kim, "owner")
    expect(await person.http.post(f"/books/{person.book_id}/leave"), 204)
    archive = await exported(person, owner_database)
    assert _top(archive.namelist()) >= {"README.txt", "profile.json", "sessions.json", "audit.json"}
    assert "books" not in _top(archive.namelist())
    assert rows(archive, "audit.json") == []
    await person.http.aclose()


def _top(paths: Iterable[str]) -> set[str]:
    return {path.split("/")[0] for path in paths}


async def test_an_archive_that_fails_half_way_leaves_nothing_open(
    kim: Person, owner_database: Database, settings: Settings
) -> None:
    """The store refuses while a receipt is read: the answer is an error, and the next try is whole."""
    account = await kim.account()
    made = await attach(kim, await kim.add(account_id=account["id"]), png("refused"))
    stored: Path = settings.data_dir / "attachments" / kim.book_id / made["sha256"]
    kept = taken_away(stored, instead=True)
    await confirm(owner_database, kim)
    answer = await kim.get("/users/me/export")
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    put_back(stored, kept)
    await exported(kim, owner_database)


async def test_a_long_table_is_read_in_pages(app_database: Database) -> None:
    """However long it is: of a plain text statement the driver would fetch all at once, were it not told the size."""
    many = text("SELECT i::text FROM generate_series(1, 1201) AS i WHERE CAST(:id AS uuid) IS NOT NULL")
    async with app_database.begin() as connection:
        pages = [page async for page in stream(connection, many, UUID(int=0))]
    assert [len(page) for page in pages] == [500, 500, 201]
    assert pages[-1][-1] == "1201"

"""The whole book as a file: who gets it, what it says about itself, and that it is one state of the book."""

import asyncio
import re
import tracemalloc
from decimal import Decimal
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.access import repository
from app.access.context import Actor, BookReader
from app.core.database import Database
from app.exports import service
from tests.conftest import Unchanged, fresh_email
from tests.people import Person, expect, problem, register
from tests.plaintext.random_book import fill

FORMATS = ("hledger", "beancount")


@pytest.mark.parametrize("name", FORMATS)
async def test_the_answer_is_a_text_file_with_a_name(kim: Person, unchanged: Unchanged, name: str) -> None:
    account = await kim.account("Größtes Konto")
    await kim.add(account_id=account["id"], date="2026-01-15", payee="Café")
    async with unchanged(kim):
        answer = await kim.get(f"/exports/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    ending = {"hledger": "journal", "beancount": "beancount"}[name]
    assert answer.headers["content-disposition"] == f'attachment; filename="finance-2026-01-15.{ending}"'
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert "Café" in answer.content.decode()


@pytest.mark.parametrize("name", FORMATS)
async def test_an_unchanged_book_is_not_written_again(kim: Person, name: str) -> None:
    account = await kim.account()
    tag = (await kim.get(f"/exports/{name}")).headers["etag"]
    answer = await kim.http.get(f"/exports/{name}", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content) == (304, b"")
    await kim.add(account_id=account["id"])
    answer = await kim.http.get(f"/exports/{name}", headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert answer.headers["etag"] != tag


@pytest.mark.parametrize("name", FORMATS)
async def test_a_viewer_may_export(kim: Person, robin: Person, owner_database: Database, name: str) -> None:
    await kim.account("Kim's own")
    headers = {"X-Book-Id": kim.book_id}
    problem(await robin.http.get(f"/exports/{name}", headers=headers), 404, "not_found")
    member = text("INSERT INTO book_members (book_id, user_id, role) VALUES (:book, :user, 'viewer')")
    async with owner_database.begin() as connection:
        await connection.execute(member, {"book": kim.book_id, "user": robin.user["id"]})
    answer = await robin.http.get(f"/exports/{name}", headers=headers)
    assert "Kim" in answer.text
    assert "Kim" not in (await robin.get(f"/exports/{name}")).text


@pytest.mark.parametrize("name", FORMATS)
async def test_what_is_written_meanwhile_is_in_it_whole_or_not_at_all(kim: Person, name: str) -> None:
    """The balances asserted at the end fit the transactions above them, whatever came in between."""
    account = await kim.account("Checking")

    async def write() -> None:
        for _ in range(15):
            await kim.add(account_id=account["id"], date="2026-01-15", amount="1.00")

    async def read() -> None:
        for _ in range(10):
            found = expect_text(await kim.get(f"/exports/{name}"))
            spent = len(re.findall(r"^ +Assets:Checking +-1\.00 EUR", found, re.MULTILINE))
            stated = re.findall(r"(?:= |balance Assets:Checking +)(-?[0-9.]+)", found)[-1]
            assert Decimal(stated) == -spent

    await asyncio.gather(write(), read(), read())


def expect_text(answer: object) -> str:
    assert getattr(answer, "status_code", None) == 200
    return str(getattr(answer, "text", ""))


@pytest.mark.parametrize("name", FORMATS)
async def test_archived_accounts_and_their_stories_are_in_it(kim: Person, name: str) -> None:
    account = await kim.account("Old", institution="Gone Bank, Ltd", notes="closed;\nforever")
    await kim.add(account_id=account["id"])
    expect(await kim.http.patch(f"/accounts/{account['id']}", json={"archived": True}), 200)
    found = expect_text(await kim.get(f"/exports/{name}"))
    assert "archived: " in found
    assert "Gone Bank" in found
    assert "forever" in found
    assert "-10.00 EUR" in found


async def test_a_book_ten_times_as_large_takes_no_more_memory(app: FastAPI, owner_database: Database) -> None:
    peaks = []
    for count in (600, 6000):
        person = await register(app, fresh_email())
        await fill(owner_database, person, seed=7, count=count)
        async with owner_database.snapshot() as connection:
            await repository.open_new_book(connection, UUID(person.book_id))
            actor = Actor(UUID(person.user["id"]), "user", "UTC", connection)
            book = BookReader(actor, connection, UUID(person.book_id), "owner", "EUR", 2, 1)
            tracemalloc.start()
            export = await service.hledger_journal(book)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            assert export.size > count * 100
            export.file.close()
        await person.http.aclose()
    assert peaks[1] < 2 * peaks[0]

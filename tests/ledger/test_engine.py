"""The posting engine refuses by itself what closed periods and seals forbid, whoever calls it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.access.context import Actor, BookWriter, Event
from app.access.opening import take_book
from app.core.database import Database
from app.core.ids import new_id
from app.transactions import posting, reassign
from app.transactions.errors import PeriodLockedError, SealedError
from app.transactions.posting import Changes, Entry, PostingLine, StagedRows
from tests.conftest import Unchanged
from tests.people import Person, expect

Ids = dict[str, UUID]
DAY = date(2026, 1, 15)


@asynccontextmanager
async def writing(database: Database, person: Person) -> AsyncIterator[BookWriter]:
    """The person's book taken to write in it, as a request has it; an error takes everything back."""
    async with database.begin() as connection:
        await connection.execute(text("SELECT set_config('app.book_id', :book, true)"), {"book": person.book_id})
        actor = Actor(UUID(person.user["id"]), "user", "UTC", connection)
        yield await take_book(actor, UUID(person.book_id), "owner")


@pytest.fixture
async def ids(kim: Person) -> Ids:
    account, other, heir = await kim.account(), await kim.account("Other"), await kim.account("Heir")
    sealed = await kim.add(account_id=account["id"], date=str(DAY), status="reconciled")
    free = await kim.add(account_id=other["id"], date=str(DAY))
    rows = {"account": account, "other": other, "heir": heir, "sealed": sealed, "free": free}
    return {name: UUID(row["id"]) for name, row in rows.items()}


def entry(ids: Ids, name: str, **changes: Any) -> Entry:
    """The transaction as it is, with some of it changed."""
    account = ids["account"] if name == "sealed" else ids["other"]
    amount = changes.pop("amount", Decimal("10.00"))
    line = PostingLine(changes.pop("on", account), "flow", -amount, -amount)
    status = "reconciled" if name == "sealed" else "cleared"
    values = {"type": "expense", "date": DAY, "status": status, "replaces": True, **changes}
    return Entry(id=ids[name], account_id=line.account_id, amount=amount, lines=(line,), **values)


Write = Callable[[BookWriter, Ids], Awaitable[Any]]


def applying(make: Callable[[Ids], Changes]) -> Write:
    async def write(book: BookWriter, ids: Ids) -> None:
        await posting.apply(book, make(ids))

    return write


def staged(gone: str) -> Write:
    async def write(book: BookWriter, ids: Ids) -> None:
        await posting.apply_staged(book, StagedRows(gone=gone, parameters={"gone": ids["sealed"]}))

    return write


async def hand_over(book: BookWriter, ids: Ids) -> None:
    await reassign.account(book, ids["account"], ids["heir"])


ONE = "SELECT CAST(:gone AS uuid) AS id"
SEALED: dict[str, Write] = {
    "another amount": applying(lambda ids: Changes(put=[entry(ids, "sealed", amount=Decimal("10.01"))])),
    "another account": applying(lambda ids: Changes(put=[entry(ids, "sealed", on=ids["heir"])])),
    "another day": applying(lambda ids: Changes(put=[entry(ids, "sealed", date=date(2026, 1, 16))])),
    "another status": applying(lambda ids: Changes(put=[entry(ids, "sealed", status="cleared")])),
    "a deletion": applying(lambda ids: Changes(delete=[ids["sealed"]])),
    "among others": applying(lambda ids: Changes(put=[entry(ids, "free")], delete=[ids["sealed"]])),
    "a staged deletion": staged(ONE),
    "a hand-over of its account": hand_over,
}


@pytest.mark.parametrize("name", SEALED)
async def test_sealed_money_stays(
    kim: Person, ids: Ids, app_database: Database, unchanged: Unchanged, name: str
) -> None:
    async with unchanged(kim):
        with pytest.raises(SealedError) as refusal:
            async with writing(app_database, kim) as book:
                await SEALED[name](book, ids)
        assert refusal.value.extra == {"transaction_id": str(ids["sealed"])}


async def test_a_sealed_transaction_keeps_its_seal_through_other_changes(
    kim: Person, ids: Ids, app_database: Database
) -> None:
    async with writing(app_database, kim) as book:
        book.record(Event("transaction", ids["sealed"], "updated"))
        await posting.apply(book, Changes(put=[entry(ids, "sealed", notes="n")]))
    read = await kim.read(f"/transactions/{ids['sealed']}")
    assert (read["notes"], read["status"], read["amount"]) == ("n", "reconciled", "10.00")


async def test_undoing_what_sealed_it_may_take_it(kim: Person, ids: Ids, app_database: Database) -> None:
    async with writing(app_database, kim) as book:
        rows = StagedRows(gone=ONE, parameters={"gone": ids["sealed"]}, unseal=True)
        await posting.apply_staged(book, rows)
    assert await kim.balance({"id": str(ids["account"])}) == "0.00"


LOCKED: dict[str, Write] = {
    "something new": applying(lambda ids: Changes(put=[entry({**ids, "free": new_id()}, "free", replaces=False)])),
    "a change": applying(lambda ids: Changes(put=[entry(ids, "free", amount=Decimal("1.00"))])),
    "a change of nothing": applying(lambda ids: Changes(put=[entry(ids, "free")])),
    "a way out": applying(lambda ids: Changes(put=[entry(ids, "free", date=date(2026, 2, 1))])),
    "a deletion": applying(lambda ids: Changes(delete=[ids["free"]])),
    "a staged deletion": staged(ONE),
    "a hand-over of an account": hand_over,
}


@pytest.mark.parametrize("name", LOCKED)
async def test_a_closed_period_stays(
    kim: Person, ids: Ids, app_database: Database, unchanged: Unchanged, name: str
) -> None:
    expect(await kim.http.put(f"/books/{kim.book_id}/lock", json={"locked_until": str(DAY)}), 200)
    async with unchanged(kim):
        with pytest.raises(PeriodLockedError):
            async with writing(app_database, kim) as book:
                await LOCKED[name](book, ids)


async def test_nothing_to_write_is_nothing_closed(kim: Person, ids: Ids, app_database: Database) -> None:
    expect(await kim.http.put(f"/books/{kim.book_id}/lock", json={"locked_until": str(DAY)}), 200)
    async with writing(app_database, kim) as book:
        await posting.apply(book, Changes())
        await posting.apply_staged(book, StagedRows())
        assert await reassign.category(book, new_id(), new_id()) == 0

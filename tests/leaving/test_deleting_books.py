"""Deleting a book: all of it goes, its receipts too, and nothing else does."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from httpx import Response
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.attachments.storage import ObjectKey, Store, StoreUnavailableError, make_store
from app.attachments.sweep import remove_objects, sweep
from app.core.config import Settings
from app.core.database import Database
from tests.attachments.files import attach, content, png
from tests.conftest import Unchanged
from tests.dump import dump
from tests.households.sharing import invite, join, roles, stored_in
from tests.mail import posted
from tests.people import Person, expect, problem
from tests.security.test_row_security import fill
from tests.staff import confirm, run

NAME = {"name": "Personal"}


@pytest.fixture
def store(settings: Settings) -> Store:
    return make_store(settings)


@pytest.fixture
def folder(settings: Settings, kim: Person) -> Path:
    return settings.data_dir / "attachments" / kim.book_id


async def delete(person: Person, book_id: str | None = None, **params: str) -> Response:
    return await person.http.delete(f"/books/{book_id or person.book_id}", params=params or NAME)


async def gone(owner: Database, book_id: str) -> bool:
    return not any((await dump(owner, book_id)).values())


async def with_receipt(person: Person, note: str, **headers: str) -> dict[str, str]:
    account = await person.account()
    return await attach(person, await person.add(account_id=account["id"]), png(note))


async def test_a_book_goes_with_everything_in_it(
    kim: Person, robin: Person, owner_database: Database, folder: Path
) -> None:
    await fill(kim)
    receipt = await with_receipt(robin, "stays")
    await join(kim, robin, "viewer")
    default = "UPDATE users SET default_book_id = :book WHERE id = :id"
    await run(owner_database, default, book=kim.book_id, id=robin.user["id"])
    before = await dump(owner_database, robin.book_id)
    assert stored_in(folder)
    await confirm(owner_database, kim)
    expect(await delete(kim), 204)
    assert await gone(owner_database, kim.book_id)
    assert not stored_in(folder)
    assert (await kim.read("/users/me"))["default_book_id"] is None
    assert (await kim.read("/books"))["items"] == []
    problem(await kim.get(f"/books/{kim.book_id}"), 404, "not_found")
    # Nothing else has changed: only where the other one's requests go.
    assert await dump(owner_database, robin.book_id) == before
    assert (await robin.read("/users/me"))["default_book_id"] == robin.book_id
    assert (await content(robin, receipt)).content == png("stays")
    (mail,) = await posted(owner_database, robin.email)
    assert (mail[0], kim.email in mail[1]) == ("The book Personal was deleted", True)
    assert await posted(owner_database, kim.email) == []
    told = "SELECT details ->> 'book_id' FROM audit WHERE action = 'book_deleted' AND actor_id = :id"
    assert await run(owner_database, told, id=kim.user["id"]) == kim.book_id


async def test_who_may_not_delete_a_book(
    kim: Person, robin: Person, owner_database: Database, unchanged: Unchanged
) -> None:
    await join(kim, robin, "editor")
    async with unchanged(kim):
        problem(await delete(kim), 403, "confirmation_required")
        await confirm(owner_database, kim)
        await confirm(owner_database, robin)
        problem(await delete(robin, kim.book_id), 403, "forbidden")
        for name in ("personal", "Personal ", "Personal\x00"):
            answer = problem(await delete(kim, name=name), 422, "invalid_input")
            assert answer["errors"][0]["code"] == "wrong_name"
        problem(await delete(kim, name=""), 422, "invalid_input")
        problem(await delete(kim, other="x"), 422, "invalid_input")
        old = "UPDATE sessions SET confirmed_at = now() - interval '6 minutes' WHERE user_id = :id"
        await run(owner_database, old, id=kim.user["id"])
        problem(await delete(kim), 403, "confirmation_required")


async def test_deleting_twice_at_once_is_deleting_once(kim: Person, owner_database: Database) -> None:
    await with_receipt(kim, "twice")
    await confirm(owner_database, kim)
    answers = await asyncio.gather(*(delete(kim) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [204, 404, 404]
    assert await gone(owner_database, kim.book_id)


@asynccontextmanager
async def held(owner: Database, book_id: str) -> AsyncIterator[AsyncConnection]:
    """The book as another request holds it, until the block ends and what it did is committed."""
    async with owner.begin() as connection:
        await connection.execute(text("SELECT FROM books WHERE id = :book FOR UPDATE"), {"book": book_id})
        yield connection


async def waiting(owner: Database, count: int) -> None:
    """Until so many statements wait for the lock of another."""
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with asyncio.timeout(60):
        while await run(owner, waits) < count:  # noqa: ASYNC110  # the database tells only who asks
            await asyncio.sleep(0.01)


async def test_whoever_waited_for_a_book_that_was_deleted_hears_404(
    kim: Person, robin: Person, owner_database: Database
) -> None:
    account = await kim.account()
    await join(kim, robin, "viewer")
    made = await invite(kim)
    await confirm(owner_database, kim)
    file = {"file": ("bank.csv", b"Date,Amount\n2026-01-25,-10.00\n", "text/csv")}
    calls = (
        kim.try_add(account_id=account["id"]),
        kim.http.post("/imports", files=file, data={"account_id": account["id"]}),
        delete(kim),
        robin.http.post(f"/books/{kim.book_id}/leave"),
        robin.http.post("/invitations/accept", json={"token": made["token"]}),
    )
    async with held(owner_database, kim.book_id) as connection:
        tasks = [asyncio.create_task(call) for call in calls]
        await waiting(owner_database, len(tasks))
        await connection.execute(text("SELECT forget_book(:book)"), {"book": kim.book_id})
    answers = await asyncio.gather(*tasks)
    assert [answer.status_code for answer in answers] == [404] * len(calls), [answer.text for answer in answers]
    assert await gone(owner_database, kim.book_id)


async def test_an_owner_who_was_demoted_while_waiting_changes_nothing(
    kim: Person, robin: Person, owner_database: Database
) -> None:
    await join(kim, robin, "owner")
    await confirm(owner_database, kim)
    theirs = f"/books/{kim.book_id}/members/{robin.user['id']}"
    calls = (
        delete(kim),
        kim.http.put(theirs, json={"role": "viewer"}),
        kim.http.delete(theirs),
        kim.http.post(f"/books/{kim.book_id}/invitations", json={"role": "owner"}),
        kim.http.post(f"/books/{kim.book_id}/transfer-ownership", json={"user_id": robin.user["id"]}),
    )
    demote = "UPDATE book_members SET role = 'editor' WHERE book_id = :book AND user_id = :user"
    async with held(owner_database, kim.book_id) as connection:
        tasks = [asyncio.create_task(call) for call in calls]
        await waiting(owner_database, len(tasks))
        await connection.execute(text(demote), {"book": kim.book_id, "user": kim.user["id"]})
    answers = await asyncio.gather(*tasks)
    assert [answer.status_code for answer in answers] == [403] * len(calls), [answer.text for answer in answers]
    assert await roles(robin, kim.book_id) == {kim.email: "editor", robin.email: "owner"}


async def test_who_was_removed_while_waiting_is_no_member(kim: Person, robin: Person, owner_database: Database) -> None:
    await join(kim, robin, "owner")
    theirs = f"/books/{kim.book_id}/members/{robin.user['id']}"
    remove = "DELETE FROM book_members WHERE book_id = :book AND user_id = :user"
    async with held(owner_database, kim.book_id) as connection:
        tasks = [
            asyncio.create_task(kim.http.put(theirs, json={"role": "viewer"})),
            asyncio.create_task(kim.http.patch(f"/books/{kim.book_id}", json={"name": "Mine"})),
        ]
        await waiting(owner_database, len(tasks))
        await connection.execute(text(remove), {"book": kim.book_id, "user": kim.user["id"]})
    answers = await asyncio.gather(*tasks)
    assert [answer.status_code for answer in answers] == [404, 404], [answer.text for answer in answers]


async def test_what_a_crash_leaves_in_the_store_is_swept(
    kim: Person, owner_database: Database, app_database: Database, store: Store, folder: Path
) -> None:
    receipt = await with_receipt(kim, "left behind")
    old = folder / receipt["sha256"]
    content_of = old.read_bytes()
    await confirm(owner_database, kim)
    expect(await delete(kim), 204)
    # As if the server had stopped between the commit and the removal.
    old.write_bytes(content_of)
    await sweep(app_database, store, 7)
    assert old.exists(), "younger than a day: it may be an upload's"
    make_old(old)
    await sweep(app_database, store, 7)
    assert not old.exists()


async def test_objects_of_a_book_that_was_never_here_are_left_alone(
    kim: Person, app_database: Database, store: Store, settings: Settings
) -> None:
    """More likely than a book that has gone is a server with a wrong DATABASE_URL."""
    stranger = settings.data_dir / "attachments" / "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6" / ("ab" * 32)
    stranger.parent.mkdir(parents=True, exist_ok=True)
    stranger.write_bytes(b"somebody's")
    make_old(stranger)
    await sweep(app_database, store, 7)
    assert stranger.exists()
    stranger.unlink()


async def test_a_store_that_does_not_answer_costs_nothing_but_time(
    kim: Person, app_database: Database, settings: Settings
) -> None:
    class Silent:
        async def delete(self, key: ObjectKey) -> None:
            raise StoreUnavailableError

    key = ObjectKey.parse(f"{kim.book_id}/{'ab' * 32}")
    assert key is not None
    await remove_objects(app_database, Silent(), [key])  # type: ignore[arg-type]  # a store that can do no more


async def test_the_trigger_and_not_only_the_service_counts_owners(kim: Person, owner_database: Database) -> None:
    with pytest.raises(IntegrityError, match="a book needs an owner"):
        await run(owner_database, "DELETE FROM book_members WHERE book_id = :book", book=kim.book_id)


def make_old(file: Path) -> None:
    past = time.time() - 2 * 86_400
    os.utime(file, (past, past))

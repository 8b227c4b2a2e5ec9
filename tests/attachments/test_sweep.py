"""Files that no transaction has any more, objects that no book knows, and everything that may cross their removal."""

import asyncio
import os
import time
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from app.attachments import repository
from app.attachments.errors import FileGoneError
from app.attachments.storage import ObjectKey, Store, make_store
from app.attachments.sweep import sweep
from app.core.clock import now
from app.core.config import Settings
from app.core.database import Database, domain_error_of
from app.core.jobs.tasks import Work
from app.system.tasks import TASKS
from tests.attachments.files import attach, attached, content, png, sha, spend, try_attach
from tests.conftest import fresh_email
from tests.people import Person, expect, problem, register
from tests.servers import serving

DAY = 86_400


@pytest.fixture
def store(settings: Settings) -> Store:
    return make_store(settings)


@pytest.fixture
def folder(settings: Settings, kim: Person) -> Path:
    return settings.data_dir / "attachments" / kim.book_id


async def run(owner: Database, person: Person, statement: str, **parameters: object) -> None:
    async with owner.begin() as connection:
        await connection.execute(text(statement), {"book": person.book_id, **parameters})


async def days_pass(owner: Database, person: Person, days: int) -> None:
    await run(
        owner,
        person,
        "UPDATE files SET orphaned_at = orphaned_at - make_interval(days => :days) WHERE book_id = :book",
        days=days,
    )


async def test_a_file_goes_with_its_last_attachment_after_the_days_to_undo(
    kim: Person, owner_database: Database, app_database: Database, store: Store, folder: Path
) -> None:
    one, two = await spend(kim), await spend(kim)
    first, second = await attach(kim, one, png("last")), await attach(kim, two, png("last"))
    expect(await kim.http.delete(f"/attachments/{first['id']}"), 204)
    await days_pass(owner_database, kim, 8)
    await sweep(app_database, store, 7)
    assert (await content(kim, second)).status_code == 200

    expect(await kim.http.delete(f"/attachments/{second['id']}"), 204)
    await days_pass(owner_database, kim, 6)
    await sweep(app_database, store, 7)
    assert (folder / first["sha256"]).exists()
    await days_pass(owner_database, kim, 1)
    await sweep(app_database, store, 7)
    assert not (folder / first["sha256"]).exists()
    assert not await files(owner_database, kim)


async def files(owner: Database, person: Person) -> list[tuple[str, bool]]:
    """Each file of the book, and whether it counts as orphaned."""
    statement = text(
        "SELECT encode(sha256, 'hex'), orphaned_at IS NOT NULL FROM files WHERE book_id = :book ORDER BY 1"
    )
    async with owner.begin() as connection:
        return [(row[0], row[1]) for row in await connection.execute(statement, {"book": person.book_id})]


async def test_attachments_that_went_and_came_with_their_transaction_are_noticed(
    kim: Person, owner_database: Database, app_database: Database, store: Store
) -> None:
    """A deleted transaction takes their rows along and an undo brings them back; neither speaks of files."""
    made = await attach(kim, await spend(kim), png("engine"))
    keep = "CREATE TABLE kept_row AS SELECT * FROM attachments WHERE book_id = :book"
    await run(owner_database, kim, keep)
    await run(owner_database, kim, "DELETE FROM attachments WHERE book_id = :book")
    await sweep(app_database, store, 7)
    assert await files(owner_database, kim) == [(made["sha256"], True)]
    await days_pass(owner_database, kim, 5)
    await sweep(app_database, store, 7)
    await run(owner_database, kim, "INSERT INTO attachments SELECT * FROM kept_row WHERE book_id = :book")
    await run(owner_database, kim, "DROP TABLE kept_row")
    await days_pass(owner_database, kim, 30)
    await sweep(app_database, store, 7)
    assert await files(owner_database, kim) == [(made["sha256"], False)]
    assert (await content(kim, made)).content == png("engine")


async def test_an_upload_calls_a_file_back(
    kim: Person, owner_database: Database, app_database: Database, store: Store
) -> None:
    spent = await spend(kim)
    made = await attach(kim, spent, png("back"))
    expect(await kim.http.delete(f"/attachments/{made['id']}"), 204)
    await days_pass(owner_database, kim, 30)
    again = await attach(kim, spent, png("back"))
    await sweep(app_database, store, 0)
    assert (await content(kim, again)).content == png("back")


async def test_without_days_to_undo_a_file_goes_at_once(settings: Settings, owner_database: Database) -> None:
    async with serving(settings, attachment_undo_days=0) as (app, _):
        person = await register(app, fresh_email())
        spent = await spend(person)
        made = await attach(person, spent, png("at once"))
        expect(await person.http.delete(f"/attachments/{made['id']}"), 204)
        assert not await files(owner_database, person)
        assert not list((settings.data_dir / "attachments" / person.book_id).iterdir())
        await attach(person, spent, png("at once"))
        await person.http.aclose()


async def test_objects_that_their_book_does_not_know_go_after_a_day(
    kim: Person, app_database: Database, store: Store, folder: Path
) -> None:
    made = await attach(kim, await spend(kim), png("known"))
    old, young = folder / sha(b"old"), folder / sha(b"young")
    of_nobody = folder.parent / "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6" / sha(b"old")
    unfinished = folder.parent / "incoming" / "tmpabc"
    foreign = folder / "notes.txt"
    of_nobody.parent.mkdir(exist_ok=True)
    for path in (old, young, of_nobody, unfinished, foreign):
        path.write_bytes(b"x")
    for path in (old, of_nobody, unfinished, foreign, folder / made["sha256"]):
        os.utime(path, (0, time.time() - DAY - 60))
    await sweep(app_database, store, 7, strays=False)
    assert old.exists()
    await sweep(app_database, store, 7)
    assert [path.exists() for path in (old, unfinished)] == [False] * 2
    assert young.exists()
    # A server with the wrong database must not empty the store of the right one.
    assert of_nobody.exists()
    assert foreign.exists()  # not ours to remove
    assert (await content(kim, made)).status_code == 200
    for path in (young, foreign, of_nobody):
        path.unlink()


class SlowStore:
    """The store of the settings, with a pause before each object goes, in which others may do their worst."""

    def __init__(self, inner: Store) -> None:
        self._inner = inner
        self.deleting = asyncio.Event()
        self.go_on = asyncio.Event()

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    async def delete(self, key: ObjectKey) -> None:
        self.deleting.set()
        await self.go_on.wait()
        await self._inner.delete(key)


async def test_an_upload_while_the_same_file_is_removed_is_not_lost(
    kim: Person, owner_database: Database, app_database: Database, store: Store
) -> None:
    spent = await spend(kim)
    made = await attach(kim, spent, png("crossing"))
    expect(await kim.http.delete(f"/attachments/{made['id']}"), 204)
    slow = SlowStore(store)
    sweeping = asyncio.create_task(sweep(app_database, slow, 0))  # type: ignore[arg-type]  # it passes all on
    await asyncio.wait_for(slow.deleting.wait(), 60)
    uploading = asyncio.create_task(try_attach(kim, spent, png("crossing")))
    done, _ = await asyncio.wait([uploading], timeout=0.5)
    assert not done  # it waits for the removal
    slow.go_on.set()
    again = expect(await uploading, 201)
    await sweeping
    assert (await content(kim, again)).content == png("crossing")


async def test_a_stray_that_is_uploaded_at_this_moment_is_spared(
    kim: Person, app_database: Database, store: Store, folder: Path
) -> None:
    """The object of an upload that failed is old; the next try has not committed when the sweep sees no row."""
    spent = await spend(kim)
    await attach(kim, spent, png("makes the folder"))
    stray = folder / sha(png("stray"))
    stray.write_bytes(png("stray"))
    os.utime(stray, (0, 0))
    key = ObjectKey(UUID(kim.book_id), bytes.fromhex(stray.name))
    async with app_database.begin() as connection:  # as the upload does
        await repository.open_book(connection, key.book_id)
        await repository.hold(connection, key)
        sweeping = asyncio.create_task(sweep(app_database, store, 7))
        await asyncio.sleep(0.5)
        await repository.keep_file(connection, key, 1, "image/png")
    await sweeping
    assert stray.exists()


async def test_uploads_removals_and_sweeps_in_any_order_leave_no_row_without_its_object(
    kim: Person, owner_database: Database, app_database: Database, store: Store, folder: Path
) -> None:
    spent = [await spend(kim) for _ in range(3)]
    data = png("any order")

    async def come_and_go(transaction: dict[str, str]) -> None:
        for _ in range(6):
            made = await attach(kim, transaction, data)
            assert (await content(kim, made)).content == data
            expect(await kim.http.delete(f"/attachments/{made['id']}"), 204)
        await attach(kim, transaction, data)

    async def keep_sweeping() -> None:
        for _ in range(25):
            await sweep(app_database, store, 0)

    await asyncio.gather(*(come_and_go(one) for one in spent), keep_sweeping())
    assert await files(owner_database, kim) == [(sha(data), False)]
    assert (folder / sha(data)).read_bytes() == data
    assert [len(await attached(kim, one)) for one in spent] == [1, 1, 1]


async def test_what_an_undo_cannot_bring_back_has_a_name(kim: Person, owner_database: Database) -> None:
    """The database's refusal is the domain's error; here a row is written as an undo would."""
    spent = await spend(kim)
    statement = (
        "INSERT INTO attachments (book_id, transaction_id, sha256, file_name, revision) "
        "VALUES (:book, :transaction, :sha256, 'a.png', 1)"
    )
    with pytest.raises(Exception, match="fk_attachments_file") as refused:
        await run(owner_database, kim, statement, transaction=spent["id"], sha256=bytes(32))
    assert isinstance(domain_error_of(refused.value), FileGoneError)  # type: ignore[arg-type]  # of the driver


def old_stray(folder: Path) -> Path:
    folder.mkdir(parents=True)
    stray = folder / sha(b"stray")
    stray.write_bytes(b"stray")
    long_ago = time.time() - 2 * DAY
    os.utime(stray, (long_ago, long_ago))
    return stray


async def test_the_tasks_sweep_and_say_what_they_removed(
    app_database: Database, settings: Settings, folder: Path
) -> None:
    """The stray of a day ago goes with the sweep that looks through the whole store, and not with the hourly one."""
    stray = old_stray(folder)
    for name, left in (("attachments.sweep", True), ("attachments.sweep_strays", False)):
        (task,) = [task for task in TASKS if task.name == name]
        with capture_logs() as logs:
            async with app_database.begin() as connection:
                await task.handler(Work(connection, app_database, settings, now()), {})
        assert [entry["event"] for entry in logs if entry["event"].startswith("attachments_")] == ["attachments_swept"]
        assert stray.exists() is left


async def test_a_deleted_file_can_no_longer_be_read(kim: Person) -> None:
    made = await attach(kim, await spend(kim), png("gone"))
    expect(await kim.http.delete(f"/attachments/{made['id']}"), 204)
    problem(await content(kim, made), 404, "attachment_not_found")

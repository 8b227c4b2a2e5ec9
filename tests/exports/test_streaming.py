"""Files that are sent while they are written: to slow readers, to those who go away, and when the database goes."""

import asyncio
import csv
import io
import resource
import tracemalloc
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from app.access import repository
from app.access.context import Actor, BookReader
from app.core.database import Database
from app.exports import transactions
from app.exports.transactions import Wanted
from app.main import DOWNLOADS_EACH, FILES_AT_ONCE
from app.rendering.growing import GrowingFile, IncompleteError
from app.transactions.filters import EVERYTHING, Sort
from tests.conftest import fresh_email
from tests.people import API, Person, problem, register
from tests.plaintext.random_book import fill

EXPORT = "/exports/transactions"
STREAMED = ("csv", "json")


class Download:
    """A request straight to the application, whose reader decides when it takes each part, and when it goes."""

    def __init__(self, app: FastAPI, person: Person, **params: str) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.parts: list[bytes] = []
        self.is_whole = False
        self.begun = asyncio.Event()
        self.reads = asyncio.Event()
        self.leaves = asyncio.Event()
        self._request = [{"type": "http.request", "body": b"", "more_body": False}]
        path = f"{API}{EXPORT}"
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
            "scheme": "http", "path": path, "raw_path": path.encode(), "root_path": "",
            "query_string": "&".join(f"{name}={value}" for name, value in params.items()).encode(),
            "headers": [(b"host", b"test"), (b"authorization", person.http.headers["Authorization"].encode())],
            "server": ("test", 80), "client": ("127.0.0.1", 1),
        }  # fmt: skip
        self.task = asyncio.create_task(app(scope, self._receive, self._send))

    async def _receive(self) -> Any:
        if self._request:
            return self._request.pop()
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
            return
        self.is_whole = not message.get("more_body", False)
        if message["body"]:
            self.parts.append(message["body"])
            self.begun.set()
            await self.reads.wait()

    @property
    def rows(self) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(b"".join(self.parts).decode(), newline="")))


def idle(app: FastAPI) -> bool:
    """Whether no connection of the application is in use, and nobody writes a file."""
    return bool(app.state.database.engine.pool.checkedout() == 0 and app.state.writing_files.present == 0)


async def until_idle(app: FastAPI) -> None:
    async with asyncio.timeout(20):
        while not idle(app):  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.01)


@pytest.fixture
async def large(kim: Person, owner_database: Database, monkeypatch: pytest.MonkeyPatch) -> Person:
    """Somebody with a book of many pages, for pages are small here."""
    monkeypatch.setattr(transactions, "PAGE", 2)
    await fill(owner_database, kim, seed=5, count=300)
    return kim


@pytest.mark.parametrize("file_format", STREAMED)
async def test_a_slow_reader_holds_no_connection_and_gets_one_state_of_the_book(
    app: FastAPI, large: Person, file_format: str
) -> None:
    whole = (await large.get(EXPORT, format=file_format)).content
    download = Download(app, large, format=file_format)
    await download.begun.wait()
    # The first page has come and no more; meanwhile the book changes.
    assert download.status == 200
    assert b"content-length" not in download.headers
    assert len(download.parts[0]) < len(whole) / 10
    account = (await large.read("/accounts"))["items"][0]
    await large.add(account_id=account["id"], date="2026-03-01", amount="1")
    await until_idle(app)
    assert not download.task.done()
    download.reads.set()
    await download.task
    assert (download.is_whole, b"".join(download.parts)) == (True, whole)


@pytest.mark.parametrize("file_format", STREAMED)
async def test_who_goes_away_ends_it_at_once(app: FastAPI, large: Person, file_format: str) -> None:
    download = Download(app, large, format=file_format)
    await download.begun.wait()
    assert not idle(app)
    download.leaves.set()
    await download.task
    assert idle(app)
    assert not download.is_whole
    assert len((await large.get(EXPORT)).content) > len(download.parts[0])


async def test_who_has_gone_before_a_workbook_is_whole_ends_it(app: FastAPI, large: Person) -> None:
    download = Download(app, large, format="xlsx")
    download.leaves.set()
    await download.task
    assert (download.status, download.parts) == (499, [])
    assert idle(app)


@contextmanager
def disk_full_at(size: int) -> Iterator[None]:
    """No file of this process may become larger than that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("file_format", STREAMED)
async def test_a_file_that_cannot_be_completed_has_no_proper_end(app: FastAPI, large: Person, file_format: str) -> None:
    whole = (await large.get(EXPORT, format=file_format)).content
    with disk_full_at(len(whole) // 2):
        download = Download(app, large, format=file_format)
        download.reads.set()
        with pytest.raises(IncompleteError) as caught:
            await download.task
    assert isinstance(caught.value.__cause__, OSError)
    assert not download.is_whole
    sent = b"".join(download.parts)
    assert 0 < len(sent) <= len(whole) // 2
    assert whole.startswith(sent)
    assert idle(app)
    assert (await large.get(EXPORT, format=file_format)).content == whole


async def test_only_so_many_files_are_on_their_way_to_one_person(app: FastAPI, large: Person) -> None:
    downloads = []
    for _ in range(DOWNLOADS_EACH):
        downloads.append(Download(app, large))
        await downloads[-1].begun.wait()
        assert app.state.writing_files.present <= FILES_AT_ONCE
        await until_idle(app)
    problem(await large.get(EXPORT), 503, "unavailable")
    for download in downloads:
        download.leaves.set()
        await download.task
    assert (await large.get(EXPORT)).status_code == 200


@pytest.mark.parametrize("file_format", [*STREAMED, "xlsx"])
async def test_slow_readers_of_files_of_one_page_keep_nobody_waiting(
    app: FastAPI, kim: Person, robin: Person, file_format: str
) -> None:
    account = await kim.account()
    await kim.add(account_id=account["id"], date="2026-05-05", amount="1")
    downloads = [Download(app, kim, format=file_format) for _ in range(FILES_AT_ONCE)]
    try:
        for download in downloads:
            await download.begun.wait()
        await until_idle(app)
        assert (await robin.get(EXPORT)).status_code == 200
        for download in downloads:
            assert not download.task.done()
            download.reads.set()
            await download.task
            assert download.is_whole
    finally:
        for download in downloads:
            download.leaves.set()


async def test_errors_come_before_the_first_byte(app: FastAPI, large: Person) -> None:
    problem(await large.get(EXPORT, q="account:nowhere"), 422, "invalid_input")
    problem(await large.get(EXPORT, q='"open', format="json"), 422, "invalid_input")
    assert idle(app)
    # A page that is exactly full is followed by one without rows.
    account = (await large.read("/accounts"))["items"][0]
    for _ in range(2):
        await large.add(account_id=account["id"], date="2026-05-05", amount="1")
    download = Download(app, large, q="on:2026-05-05")
    download.reads.set()
    await download.task
    assert (download.is_whole, len(download.rows)) == (True, 2)


async def test_a_broken_file_tells_its_reader_who_waits(tmp_path: Any) -> None:
    with (tmp_path / "file").open("w+b") as file:
        growing = GrowingFile(file, "file")

        async def read() -> list[bytes]:
            return [piece async for piece in growing.pieces()]

        reading = asyncio.create_task(read())
        await asyncio.sleep(0)
        growing.broken(OSError("no space left"))
        with pytest.raises(IncompleteError) as caught:
            await reading
    assert isinstance(caught.value.__cause__, OSError)


async def reader(database: Database, person: Person) -> AsyncIterator[BookReader]:
    async with database.snapshot() as connection:
        await repository.open_new_book(connection, UUID(person.book_id))
        actor = Actor(UUID(person.user["id"]), "user", "UTC", connection)
        yield BookReader(actor, connection, UUID(person.book_id), "owner", "EUR", 2, 1)


async def present() -> bool:
    return False


async def peak(database: Database, person: Person, file_format: transactions.FileFormat) -> int:
    """The most memory, in bytes, that a file of the whole book took beyond what was there."""
    wanted = Wanted(EVERYTHING, Sort.parse("-date"), file_format)
    found = 0
    async for book in reader(database, person):
        tracemalloc.start()
        if file_format == "xlsx":
            (await transactions.export(book, wanted, gone=present)).file.close()
        else:
            growing, rest = await transactions.begin(book, wanted)
            await rest()
            assert growing.is_complete
            growing.close()
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return found


async def test_a_book_ten_times_as_large_takes_no_more_memory(
    app: FastAPI, owner_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "PAGE", 50)
    peaks: list[list[int]] = []
    formats: Sequence[transactions.FileFormat] = ("csv", "json", "xlsx")
    for count in (100, 1000):
        person = await register(app, fresh_email())
        await fill(owner_database, person, seed=7, count=count)
        peaks.append([await peak(owner_database, person, file_format) for file_format in formats])
        await person.http.aclose()
    small, large = peaks
    assert all(more < 2 * less for less, more in zip(small, large, strict=True)), peaks

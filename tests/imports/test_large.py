"""Large files: the same number of statements as small ones, and nobody waits meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import psutil
import pytest
from fastapi import FastAPI

from app.core.config import Settings
from app.core.ids import new_id
from app.imports import parsing
from app.imports.parsing import OWN_PROCESS_BYTES, Open, Parsed, Task, Unreadable, parse, parse_off_loop
from app.imports.schemas import Mapping
from app.main import create_app
from app.transactions.references import AccountRef
from tests.conftest import Unchanged, fresh_email
from tests.imports.uploads import commit, csv_of, of_interest, outcomes, rows_of, try_upload, undo, upload
from tests.people import Person, problem, register

# The rest of the suite goes through the same lines; measuring them here would cost minutes.
pytestmark = pytest.mark.no_cover

ROWS = 20_000


def large(rows: int = ROWS, *, first: int = 0, ids: bool = False) -> bytes:
    day = date(2018, 1, 1)
    lines = [f"Date;Payee;Purpose;Amount{';Transaction ID' if ids else ''}"]
    for n in range(first, first + rows):
        tail = f";REF{n:07d}" if ids else ""
        lines.append(
            f"{day + timedelta(n * 1800 // ROWS)};Shop {n % 500};Receipt {n};-{n % 90 + 1},{n % 100:02d}{tail}"
        )
    return csv_of(*lines)


class Counted:
    """An application of its own that counts the statements its database is sent."""

    def __init__(self, app: FastAPI, person: Person) -> None:
        self.app = app
        self.person = person
        self.statements: list[str] = []


@pytest.fixture
async def counted(settings: Settings) -> AsyncIterator[Counted]:
    """Its lifespan is not run: the statements of its chores would be counted with those of a request."""
    app = create_app(settings)
    person = await register(app, fresh_email())
    found = Counted(app, person)
    await app.state.database.engine.dispose()  # those open by now are not listened to
    app.state.database.count_statements(found.statements.append)
    yield found
    await person.check_integrity()
    await person.http.aclose()
    await app.state.database.dispose()


async def test_a_commit_is_as_many_statements_for_ten_rows_as_for_twenty_thousand(counted: Counted) -> None:
    person = counted.person
    numbers, preview = [], {}
    for rows in (1, 10, ROWS):
        account = await person.account(f"Account of {rows}")
        started = time.perf_counter()
        preview = await upload(person, account, large(rows, ids=True))
        reading = time.perf_counter() - started
        counted.statements.clear()
        started = time.perf_counter()
        assert (await commit(person, preview))["created"] == rows
        # The connection has kept plans from when the tables were empty; they would take many times as long.
        assert time.perf_counter() - started < 4 * reading + 15
        numbers.append(len(counted.statements))
    counted.statements.clear()
    await undo(person, preview)
    assert len(set(numbers)) == 1, numbers
    assert 0 < numbers[0] < 30
    assert 0 < len(counted.statements) < 20


async def test_everybody_else_is_served_while_a_large_file_comes_in(app: FastAPI, kim: Person) -> None:
    account = await kim.account()
    data = large()
    assert len(data) > OWN_PROCESS_BYTES
    waits: list[float] = []

    async def ask(until: asyncio.Event) -> None:
        while not until.is_set():
            started = time.perf_counter()
            assert (await kim.http.get("http://test/health")).status_code == 200
            waits.append(time.perf_counter() - started)
            await asyncio.sleep(0.005)

    done = asyncio.Event()
    asking = asyncio.create_task(ask(done))
    started = time.perf_counter()
    preview = await upload(kim, account, data)
    finished = await commit(kim, preview)
    took = time.perf_counter() - started
    done.set()
    await asking
    assert of_interest(finished, "created", "skipped") == (ROWS, 0)
    assert len(waits) > 20
    assert sorted(waits)[len(waits) // 2] < max(0.1, took / 20)
    assert max(waits) < max(0.5, took / 2)


async def test_a_large_file_that_overlaps_another_is_judged_in_good_time(kim: Person) -> None:
    account = await kim.account()
    started = time.perf_counter()
    first = await commit(kim, await upload(kim, account, large()))
    took = time.perf_counter() - started
    started = time.perf_counter()
    again = await upload(kim, account, large())
    assert again["rows"]["duplicate"] == ROWS
    assert (await commit(kim, again))["created"] == 0
    shifted = await upload(kim, account, large(first=ROWS // 2))
    assert time.perf_counter() - started < 20 * took + 30
    assert shifted["rows"]["suspect"] == ROWS // 2
    assert shifted["rows"]["new"] == ROWS // 2
    assert (await commit(kim, shifted, suspects="skip"))["created"] == ROWS // 2
    assert (await undo(kim, first))["status"] == "undone"


ACCOUNT = AccountRef(new_id(), "EUR", 2, archived=False)


def task(data: bytes, **given: object) -> Task:
    return Task(
        data=data,
        given=Mapping.model_validate(given),
        saved={},
        account_id=ACCOUNT.id,
        accounts={ACCOUNT.id: ACCOUNT},
        categories={},
        today=datetime.now(UTC).date(),
    )


def said(found: object) -> list[bytes]:
    """The staged rows without the ids that each reading makes anew."""
    assert isinstance(found, Parsed)
    rows = b"".join(found.staged.chunks).splitlines()
    for row in rows:
        UUID(row.split(b"\t")[2].decode())
    return [b"\t".join(row.split(b"\t")[:2] + row.split(b"\t")[3:]) for row in rows]


async def test_a_file_is_read_the_same_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    data = large(3_000)
    directly = parse(task(data))
    in_thread = await parse_off_loop(task(data))
    monkeypatch.setattr(parsing, "OWN_PROCESS_BYTES", 1_000)
    in_process = await parse_off_loop(task(data))
    assert said(directly) == said(in_thread) == said(in_process)
    assert isinstance(directly, Parsed)
    assert isinstance(in_process, Parsed)
    assert directly.mapping == in_process.mapping
    assert directly.content_hash == in_process.content_hash
    assert directly.staged.digest == in_process.staged.digest
    assert directly.staged.count == 3_000


async def test_what_is_wrong_with_a_large_file_comes_back_from_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "OWN_PROCESS_BYTES", 10)
    found = await parse_off_loop(task(b"%PDF-1.7 and so on"))
    assert isinstance(found, Unreadable)
    assert found.code == "not_text"
    open_question = await parse_off_loop(task(csv_of("Date,Amount", "05/03/2025,-1.00")))
    assert isinstance(open_question, Open)
    assert [question.field for question in open_question.questions] == ["date_order"]


async def test_a_large_file_with_a_fault_in_it_keeps_the_rest(kim: Person) -> None:
    account = await kim.account()
    data = large(8_000) + b"no date;x;y;-1,00\n" + large(100, first=8_000).partition(b"\n")[2]
    assert len(data) > OWN_PROCESS_BYTES
    preview = await upload(kim, account, data)
    assert preview["rows"] == {"total": 8_101, "new": 8_100, "duplicate": 0, "suspect": 0, "error": 1}
    (row,) = await rows_of(kim, preview, outcome="error")
    assert row["line"] == 8_002
    assert outcomes(preview["sample"]) == ["new"] * 20


def readers() -> list[psutil.Process]:
    """The processes that read files for this one."""
    return [child for child in psutil.Process().children() if "anyio.to_process" in child.cmdline()]


async def test_a_reader_that_is_killed_is_replaced(kim: Person) -> None:
    account = await kim.account()
    for reader in readers():
        reader.kill()
    reading = asyncio.create_task(upload(kim, account, large()))
    while not (found := readers()):  # noqa: ASYNC110  # another process has no event to wait for
        await asyncio.sleep(0.01)
    found[0].kill()
    assert (await reading)["rows"]["new"] == ROWS


async def test_readers_that_cannot_live_are_an_answer_to_try_again(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    async with unchanged(kim):
        reading = asyncio.create_task(try_upload(kim, account, large()))
        while not reading.done():
            for reader in readers():
                with suppress(psutil.NoSuchProcess):
                    reader.kill()
            await asyncio.sleep(0.005)
        problem(await reading, 503, "unavailable")

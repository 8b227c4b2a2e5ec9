"""What a stranger or one person alone cannot do to everybody else."""

import asyncio
import time
from pathlib import Path

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.core.admission import Admission, AdmissionEach
from app.core.config import Settings
from app.core.errors import BusyError
from app.core.failures import StartupError
from app.core.secret import signing_secret
from app.imports.csv import CsvUnreadable, read_csv
from app.imports.csv.reader import LINE_LIMIT
from tests.people import Person, expect, fields, problem


@pytest.mark.parametrize("number", ["1E+8000000", "1E-8000000", "-1E+999999999"])
@pytest.mark.parametrize("field", ["sort", "opening_balance"])
async def test_a_number_out_of_all_proportion_is_refused_at_once(kim: Person, number: str, field: str) -> None:
    body = f'{{"name": "x", "type": "cash", "currency": "EUR", "{field}": {number}}}'.encode()
    started = time.process_time()

    answer = await kim.http.post("/accounts", content=body, headers={"Content-Type": "application/json"})

    assert {name for name, _ in fields(problem(answer, 422, "invalid_input"))} == {field}
    assert time.process_time() - started < 30


async def test_at_most_a_hundred_errors_are_named(kim: Person) -> None:
    answer = await kim.http.post("/accounts", json={f"field{number}": 0 for number in range(5_000)})
    assert len(problem(answer, 422, "invalid_input")["errors"]) == 100


async def test_what_needs_no_token_takes_little(anonymous: AsyncClient) -> None:
    body = {"email": "x@example.com", "password": "p" * 20_000}
    problem(await anonymous.post("/api/v1/auth/login", json=body), 413, "too_large")


async def test_only_a_good_token_may_send_a_large_body(anonymous: AsyncClient, kim: Person, settings: Settings) -> None:
    files = {"file": ("a.csv", b"x" * (settings.max_body_bytes + 1))}
    for authorization in ("", "Bearer x"):
        answer = await anonymous.post("/api/v1/imports", files=files, headers={"Authorization": authorization})
        problem(answer, 413, "too_large")
    known = await kim.http.post("/imports", files=files, data={"account_id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"})
    problem(known, 404, "reference_not_found")


async def test_answers_with_tokens_are_for_no_cache(kim: Person) -> None:
    answer = await kim.http.post("/auth/refresh", json={"refresh_token": kim.tokens["refresh_token"]})
    expect(answer, 200)
    assert answer.headers["cache-control"] == "no-store"


async def test_a_slash_too_many_is_not_redirected_to_the_host_that_was_named(kim: Person) -> None:
    answer = await kim.http.get("/accounts/", headers={"Host": "evil.example"})
    problem(answer, 404, "not_found")


async def test_one_person_s_requests_take_turns_and_another_s_pass_them(app: FastAPI, kim: Person) -> None:
    account = await kim.account()
    body = {"type": "expense", "date": "2026-01-15", "amount": "1.00", "account_id": account["id"]}
    answers = await asyncio.gather(*(kim.http.post("/transactions", json=body) for _ in range(60)))
    assert {answer.status_code for answer in answers} == {201}
    assert await kim.balance(account) == "-60.00"


async def test_an_admission_refuses_beyond_its_queue_and_forgets_who_left() -> None:
    doors = AdmissionEach(at_once=1, waiting=1)
    release = asyncio.Event()

    async def enter() -> None:
        async with doors.turn("kim"):
            await release.wait()

    guests = [asyncio.create_task(enter()) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(BusyError):
        await enter()
    async with doors.turn("robin"):
        release.set()
    await asyncio.gather(*guests)
    assert not doors._doors


async def test_a_guest_who_is_cancelled_leaves_the_door_free() -> None:
    door = Admission(at_once=1, waiting=0)
    async with door.turn():
        pass
    guest = asyncio.create_task(_stay(door))
    await asyncio.sleep(0)
    guest.cancel()
    with pytest.raises(asyncio.CancelledError):
        await guest
    async with door.turn():
        assert door.present == 1


async def _stay(door: Admission) -> None:
    async with door.turn():
        await asyncio.Event().wait()


def test_a_file_of_too_many_lines_is_refused_before_it_is_read() -> None:
    with pytest.raises(CsvUnreadable) as refused:
        read_csv(b"\n" * (LINE_LIMIT + 1))
    assert refused.value.code == "too_many_lines"


def test_a_wide_header_over_narrow_rows_costs_no_more_than_the_rows() -> None:
    header = ",".join(["date", "amount", *["transaction id"] * 998])
    rows = "".join(f"2026-01-{day:02d},1.5\n" for day in range(1, 29)) * 700
    started = time.process_time()
    reading = read_csv(f"{header}\n{rows}".encode())
    assert len(reading.rows) == 28 * 700
    assert time.process_time() - started < 30


def test_a_damaged_secret_is_told_and_not_used(settings: Settings, work_folder: Path) -> None:
    folder = work_folder / "secrets"
    own = settings.model_copy(update={"secret_key": None, "data_dir": folder})
    made = signing_secret(own)
    assert (len(made), signing_secret(own)) == (64, made)
    assert [path.name for path in folder.iterdir()] == ["secret_key"]
    (folder / "secret_key").write_text("")
    with pytest.raises(StartupError, match="damaged"):
        signing_secret(own)

"""Bodies as bytes: exact numbers, and everything a client can get wrong below the level of fields."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from app.core.config import Settings
from tests.conftest import Unchanged, fresh_email
from tests.people import Person, expect, problem, register
from tests.servers import serving

JSON = {"Content-Type": "application/json"}


def expense(account: dict[str, str], amount: str) -> bytes:
    return (
        f'{{"type": "expense", "date": "2026-01-15", "account_id": "{account["id"]}", "amount": {amount}}}'
    ).encode()


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("12345678901.10", "12345678901.10"),
        ("0.1", "0.10"),
        ("0.30", "0.30"),
        ("999999999999999.99", "999999999999999.99"),
        ("1.5e2", "150.00"),
        ("7", "7.00"),
        ('"0.07"', "0.07"),
    ],
)
async def test_a_json_number_keeps_its_digits(kim: Person, written: str, kept: str) -> None:
    account = await kim.account()
    answer = await kim.http.post("/transactions", content=expense(account, written), headers=JSON)
    assert expect(answer, 201)["amount"] == kept
    assert await kim.balance(account) == f"-{kept}"


@pytest.mark.parametrize("written", ["0.1000000000000000055511151231257827", "1e-3", "1e400", "-0", "1e-999999999"])
async def test_a_json_number_is_never_rounded(kim: Person, unchanged: Unchanged, written: str) -> None:
    account = await kim.account()
    async with unchanged(kim):
        answer = await kim.http.post("/transactions", content=expense(account, written), headers=JSON)
        problem(answer, 422, "invalid_input")


MALFORMED = {
    "no end": b"{",
    "NaN": b'{"amount": NaN}',
    "Infinity": b'{"amount": -Infinity}',
    "invalid UTF-8": b'{"notes": "\xff"}',
    "22 kB of nesting": b"[" * 11_000 + b"]" * 11_000,
    "a number of 5000 digits": b'{"amount": ' + b"9" * 5000 + b"}",
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_returns_400_for_what_is_not_json(kim: Person, unchanged: Unchanged, name: str) -> None:
    async with unchanged(kim):
        answer = await kim.http.post("/transactions", content=MALFORMED[name], headers=JSON)
        problem(answer, 400, "malformed")


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"text"', b"{}", b'{"\\ud800": 1, "type": "\\ud800"}'])
async def test_returns_422_for_json_of_another_shape(kim: Person, unchanged: Unchanged, body: bytes) -> None:
    async with unchanged(kim):
        problem(await kim.http.post("/transactions", content=body, headers=JSON), 422, "invalid_input")


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_returns_415_for_another_media_type(kim: Person, unchanged: Unchanged, media_type: str) -> None:
    account = await kim.account()
    async with unchanged(kim):
        headers = {"Content-Type": media_type}
        answer = await kim.http.post("/transactions", content=expense(account, "1"), headers=headers)
        problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "media_type", ["application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"]
)
async def test_json_may_be_called_by_its_other_names(kim: Person, media_type: str) -> None:
    account = await kim.account()
    headers = {"Content-Type": media_type}
    expect(await kim.http.post("/transactions", content=expense(account, "1"), headers=headers), 201)


async def test_returns_415_for_a_form_sent_as_json(kim: Person) -> None:
    problem(await kim.http.post("/auth/token", json={"username": "x"}), 415, "unsupported_media_type")


async def chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 1000):
        yield b" " * 1000


async def test_returns_413_for_a_body_over_the_limit(settings: Settings) -> None:
    async with serving(settings, max_body_bytes=10_000, max_upload_bytes=20_000) as (app, client):
        person = await register(app, fresh_email())
        path = "/transactions"
        problem(await person.http.post(path, content=b" " * 10_001, headers=JSON), 413, "too_large")
        problem(await person.http.post(path, content=chunks(11_000), headers=JSON), 413, "too_large")
        lying = {**JSON, "Content-Length": "9" * 40}
        problem(await person.http.post(path, content=b"{}", headers=lying), 413, "too_large")
        problem(await person.http.post(path, content=b" " * 10_000, headers=JSON), 400, "malformed")
        account = await person.account()
        for size, status in ((9_000, 422), (15_000, 422), (25_000, 413)):
            files = {"file": ("bank.csv", b"x" * size, "text/csv")}
            answer = await person.http.post("/imports", files=files, data={"account_id": account["id"]})
            assert answer.status_code == status
        answer = await client.post("/api/v1/auth/token", data={"username": "x" * 11_000, "password": "x"})
        problem(answer, 413, "too_large")
        await person.http.aclose()


async def test_the_last_of_two_equal_names_counts(kim: Person, app: FastAPI) -> None:
    body = b'{"name": "First", "name": "Second", "type": "cash", "currency": "EUR"}'
    assert expect(await kim.http.post("/accounts", content=body, headers=JSON), 201)["name"] == "Second"

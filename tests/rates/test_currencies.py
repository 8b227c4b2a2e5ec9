"""Currencies: those that are there, and those that a server has of its own."""

import asyncio
import csv
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from app.core.database import Database
from app.core.ids import new_id
from tests.conftest import fresh_email
from tests.people import Person, expect, fields, problem, register
from tests.rates.helping import set_rate
from tests.staff import run

DATA = Path("alembic/data")


@pytest.fixture
async def admin(app: FastAPI, owner_database: Database) -> AsyncIterator[Person]:
    person = await register(app, fresh_email())
    await run(owner_database, "UPDATE users SET role = 'admin' WHERE id = :id", id=person.user["id"])
    yield person
    await person.http.aclose()


async def test_currencies_have_the_decimals_of_their_smallest_unit(kim: Person) -> None:
    listed = {row["code"]: row for row in (await kim.read("/currencies"))["items"]}
    wanted = {"EUR": 2, "JPY": 0, "ISK": 0, "KRW": 0, "CLP": 0, "VND": 0, "UGX": 0, "KWD": 3, "BHD": 3, "OMR": 3}
    wanted |= {"JOD": 3, "TND": 3, "LYD": 3, "IQD": 3, "CLF": 4, "UYW": 4, "UYI": 0, "XAU": 4, "BTC": 8, "ETH": 18}
    wanted |= {"USDC": 6, "SOL": 9, "XRP": 6, "DOGE": 8, "XMR": 12, "DOT": 10}
    assert {code: listed[code]["exponent"] for code in wanted} == wanted
    assert sum(row["kind"] == "crypto" for row in listed.values()) >= 25
    for name in ("currencies.csv", "crypto_currencies.csv"):
        with (DATA / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                assert listed[row["code"]] == {**row, "exponent": int(row["exponent"])}
    assert await kim.read("/currencies/JPY") == listed["JPY"]
    problem(await kim.get("/currencies/XXQ"), 404, "currency_not_found")


@pytest.fixture
def code() -> str:
    """What a currency uses stays, and so it: each test has one of its own."""
    return f"Z{new_id().hex[-9:].upper()}"


async def test_an_admin_adds_changes_and_removes_a_currency(kim: Person, admin: Person, code: str) -> None:
    body = {"code": code, "name": "Miles", "exponent": 0}
    problem(await kim.http.post("/currencies", json=body), 403, "missing_permission")
    assert expect(await admin.http.post("/currencies", json=body), 201) == {**body, "kind": "custom"}
    problem(await admin.http.post("/currencies", json=body), 409, "currency_taken")
    path = f"/currencies/{code}"
    changed = expect(await admin.http.patch(path, json={"exponent": 1, "name": "Points"}), 200)
    assert (changed["name"], changed["exponent"]) == ("Points", 1)
    account = await kim.account("Miles", currency=code)
    assert (await kim.add(account_id=account["id"], amount="2.5"))["currency"] == code
    problem(await admin.http.patch(path, json={"exponent": 2}), 409, "currency_in_use")
    assert expect(await admin.http.patch(path, json={"name": "Miles"}), 200)["exponent"] == 1
    problem(await admin.http.delete(path), 409, "currency_in_use")
    expect(await admin.http.post("/currencies", json={**body, "code": f"{code}2"}), 201)
    expect(await admin.http.delete(f"/currencies/{code}2"), 204)
    problem(await admin.http.delete(f"/currencies/{code}2"), 404, "currency_not_found")
    problem(await admin.http.patch("/currencies/EUR", json={"name": "Mine"}), 409, "built_in_currency")
    problem(await admin.http.delete("/currencies/BTC"), 409, "built_in_currency")
    told = [
        row["action"]
        for row in (await admin.read("/audit"))["items"]
        if (row["actor"] or {}).get("id") == admin.user["id"]
    ]
    assert told.count("currency_added") == 2
    assert told.count("currency_changed") == 2
    assert told.count("currency_removed") == 1


async def test_a_rate_keeps_a_currency(kim: Person, admin: Person, code: str) -> None:
    expect(await admin.http.post("/currencies", json={"code": code, "name": "Token", "exponent": 18}), 201)
    rate = await set_rate(kim, code, "EUR", "2026-01-15", "0.000000000000000001")
    problem(await admin.http.delete(f"/currencies/{code}"), 409, "currency_in_use")
    expect(await kim.http.delete(f"/rates/{rate['id']}"), 204)
    expect(await admin.http.delete(f"/currencies/{code}"), 204)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": "Z"}, "code"),
        ({"code": "1ZQ"}, "code"),
        ({"code": "zq"}, "code"),
        ({"code": "ZQ" * 7}, "code"),
        ({"code": "ZQ\0"}, "code"),
        ({"name": " "}, "name"),
        ({"exponent": 19}, "exponent"),
        ({"exponent": -1}, "exponent"),
        ({"exponent": "2"}, "exponent"),
        ({"exponent": True}, "exponent"),
        ({"kind": "fiat"}, "kind"),
    ],
)
async def test_what_is_no_currency_is_refused(admin: Person, change: dict[str, object], field: str) -> None:
    answer = await admin.http.post("/currencies", json={"code": "ZQX", "name": "X", "exponent": 2, **change})
    assert {name for name, _ in fields(problem(answer, 422, "invalid_input"))} == {field}
    problem(await admin.get("/currencies/ZQX"), 404, "currency_not_found")


async def test_the_same_currency_at_once_is_there_once(admin: Person, code: str) -> None:
    body = {"code": code, "name": "Once", "exponent": 2}
    answers = await asyncio.gather(*(admin.http.post("/currencies", json=body) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]

import base64
import json
import random
from datetime import date, timedelta
from typing import Any

import pytest

from tests.people import Person, expect, fields, problem

START = date(2026, 1, 1)


async def fill(kim: Person, account: dict[str, Any], chance: random.Random, count: int) -> dict[str, dict[str, Any]]:
    """Transactions with many equal dates and amounts, so that ties are the rule."""
    made = {}
    for _ in range(count):
        day = START + timedelta(days=chance.randrange(4))
        row = await kim.add(account_id=account["id"], date=str(day), amount=chance.choice(["1", "2", "2.50"]))
        made[row["id"]] = row
    return made


@pytest.mark.parametrize("sort", ["date", "-date", "amount", "-amount"])
async def test_a_walk_neither_misses_nor_repeats_while_rows_come_and_go(kim: Person, sort: str) -> None:
    chance = random.Random(sort)
    account = await kim.account()
    rows = await fill(kim, account, chance, 24)
    gone: set[str] = set()
    seen: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await kim.read("/transactions", sort=sort, limit=chance.randrange(1, 6), **cursor)
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
        await fill(kim, account, chance, 1)
        victim = chance.choice(sorted(rows.keys() - gone))
        expect(await kim.http.delete(f"/transactions/{victim}"), 204)
        gone.add(victim)
    ids = [item["id"] for item in seen]
    assert len(ids) == len(set(ids))
    assert rows.keys() - gone <= set(ids)
    keys = [(item[sort.lstrip("-")], item["id"]) for item in seen]
    keys = [(float(key), row_id) for key, row_id in keys] if "amount" in sort else keys
    assert keys == sorted(keys, reverse=sort.startswith("-"))


async def test_skipping_pages_like_a_cursor(kim: Person) -> None:
    account = await kim.account()
    await fill(kim, account, random.Random(1), 7)
    whole = (await kim.read("/transactions"))["items"]
    found: list[dict[str, Any]] = []
    for skip in (0, 3, 6, 9):
        page = await kim.read("/transactions", limit=3, skip=skip, include_total=True)
        assert page["total"] == 7
        found += page["items"]
    assert found == whole
    assert [item["date"] for item in whole] == sorted((item["date"] for item in whole), reverse=True)


async def test_the_total_is_given_only_when_asked(kim: Person) -> None:
    assert (await kim.read("/transactions"))["total"] is None
    assert await kim.read("/transactions", include_total=True) == {"items": [], "next_cursor": None, "total": 0}


async def test_the_limit_may_be_500(kim: Person) -> None:
    account = await kim.account()
    await kim.add(account_id=account["id"])
    for limit in (1, 500):
        assert len((await kim.read("/transactions", limit=limit))["items"]) == 1


def cursor(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


ID = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"
TAMPERED = {
    "not base64": "?",
    "not ASCII": "é",
    "empty": "",
    "not JSON": base64.urlsafe_b64encode(b"{").decode(),
    "not UTF-8": base64.urlsafe_b64encode(b'["\xff"]').decode(),
    "no list": cursor({"date": 1}),
    "another sort": cursor(["-date", "2026-01-01", ID]),
    "too short": cursor(["date", "2026-01-01"]),
    "no date": cursor(["date", "x", ID]),
    "a number for a date": cursor(["date", 5, ID]),
    "no id": cursor(["date", "2026-01-01", "x"]),
    "a number for an id": cursor(["date", "2026-01-01", 5]),
    "null": cursor(["date", None, None]),
}
TAMPERED_AMOUNTS = {
    "a text": cursor(["amount", "x", ID]),
    "too large": cursor(["amount", 2**63, ID]),
    "infinite": base64.urlsafe_b64encode(b'["amount", 1e999, "' + ID.encode() + b'"]').decode(),
    "a boolean": cursor(["amount", True, ID]),
    "a list": cursor(["amount", [1], ID]),
}


@pytest.mark.parametrize("name", TAMPERED)
async def test_returns_422_for_a_tampered_cursor(kim: Person, name: str) -> None:
    answer = problem(await kim.get("/transactions", sort="date", cursor=TAMPERED[name]), 422, "invalid_input")
    assert fields(answer) == {("query.cursor", "bad_cursor")}


@pytest.mark.parametrize("name", TAMPERED_AMOUNTS)
async def test_returns_422_for_a_tampered_cursor_by_amount(kim: Person, name: str) -> None:
    answer = await kim.get("/transactions", sort="amount", cursor=TAMPERED_AMOUNTS[name])
    assert fields(problem(answer, 422, "invalid_input")) == {("query.cursor", "bad_cursor")}


@pytest.mark.parametrize("value", [["name", 5], ["name", "a\x00"], ["name"], ["date", "a"]])
async def test_returns_422_for_a_tampered_cursor_of_names(kim: Person, value: list[object]) -> None:
    answer = problem(await kim.get("/payees", cursor=cursor(value)), 422, "invalid_input")
    assert fields(answer) == {("query.cursor", "bad_cursor")}


async def test_a_cursor_of_another_sort_is_refused(kim: Person) -> None:
    account = await kim.account()
    await fill(kim, account, random.Random(2), 2)
    by_date = (await kim.read("/transactions", limit=1))["next_cursor"]
    answer = problem(await kim.get("/transactions", sort="amount", cursor=by_date), 422, "invalid_input")
    assert fields(answer) == {("query.cursor", "bad_cursor")}
    problem(await kim.get("/tags", cursor=by_date), 422, "invalid_input")

"""Listing and searching users."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI

from app.core.database import Database
from app.core.pagination import encode_cursor
from tests.conftest import fresh_email
from tests.people import Person, problem
from tests.staff import run

NAMES = ("Zoë Ångström", "zoe ANGLER", "Łukasz 100% O'Neil", None)


@pytest.fixture
async def listed(owner_database: Database, moderator: Person) -> AsyncIterator[list[str]]:
    """Four people, whose addresses have a mark in common; returns the addresses, the oldest first."""
    mark = fresh_email().split("@")[0]
    emails = [f"{letter}.{mark}@Example.org" for letter in ("b", "D", "a", "c")]
    for minutes, (email, name) in enumerate(zip(emails, NAMES, strict=True)):
        statement = (
            "INSERT INTO users (email, full_name, created_at, email_verified_at) "
            "VALUES (:email, :name, now() - make_interval(mins => :ago), CASE WHEN :ago > 8 THEN now() END)"
        )
        await run(owner_database, statement, email=email, name=name, ago=10 - minutes)
    yield emails
    await run(owner_database, "DELETE FROM users WHERE email = ANY(:emails)", emails=emails)


def mark_of(listed: list[str]) -> str:
    return listed[0].split("@")[0].removeprefix("b.")


async def found(person: Person, **params: Any) -> list[str]:
    return [item["email"] for item in (await person.read("/users", **params))["items"]]


async def test_a_part_of_the_address_or_the_name_finds_people(moderator: Person, listed: list[str]) -> None:
    first, second, third, fourth = listed
    mark = mark_of(listed)
    assert await found(moderator, q=mark) == [fourth, third, second, first]
    assert await found(moderator, q=f"{mark}@EXAMPLE.ORG".upper()) == [fourth, third, second, first]
    assert await found(moderator, q=third[:8]) == [third]
    for q in ("zoe", "ZOË", "Zoe ang", "OE ANG"):
        assert set(await found(moderator, q=q)) & set(listed) == {first, second}, q
    assert set(await found(moderator, q="Angstrom")) & set(listed) == {first}
    assert set(await found(moderator, q="lukasz")) & set(listed) == {third}
    assert set(await found(moderator, q="o'neil")) & set(listed) == {third}
    for q in ("%", "_", "\\", "*", "%' OR true --", f"{mark}%"):
        assert set(await found(moderator, q=q)) & set(listed) <= {third}, q
    assert mark_of(listed) in (await found(moderator, q=f" {mark}\x00 "))[0]


async def test_filters_and_sorts(moderator: Person, listed: list[str], owner_database: Database) -> None:
    first, second, third, fourth = listed
    mark = mark_of(listed)
    assert await found(moderator, q=mark, sort="created_at") == listed
    assert await found(moderator, q=mark, sort="email") == [third, first, fourth, second]
    assert await found(moderator, q=mark, sort="-email") == [second, fourth, first, third]
    await run(owner_database, "UPDATE users SET role = 'moderator', banned_at = now() WHERE email = :e", e=second)
    assert await found(moderator, q=mark, role="moderator") == [second]
    assert await found(moderator, q=mark, status="banned") == [second]
    assert await found(moderator, q=mark, status="active") == [fourth, third, first]
    items = await moderator.read("/users", q=mark, include_total=True)
    assert items["total"] == 4
    assert [item["email_verified"] for item in items["items"]] == [False, False, True, True]
    assert {item["last_used_at"] for item in items["items"]} == {None}


@pytest.mark.parametrize("sort", ["created_at", "-created_at", "email", "-email"])
async def test_pages_neither_miss_nor_repeat(moderator: Person, listed: list[str], sort: str) -> None:
    whole = await found(moderator, q=mark_of(listed), sort=sort)
    walked, cursor = [], None
    while True:
        params: dict[str, str] = {"cursor": cursor} if cursor else {}
        page = await moderator.read("/users", q=mark_of(listed), sort=sort, limit=1, **params)
        walked += [item["email"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert walked == whole
    assert await found(moderator, q=mark_of(listed), sort=sort, skip=1, limit=2) == whole[1:3]


ID = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        encode_cursor("email", ["a@b", ID]),
        encode_cursor("-created_at", [1, ID]),
        encode_cursor("-created_at", ["2026-01-01T00:00:00", ID]),
        encode_cursor("-created_at", ["soon", ID]),
        encode_cursor("-created_at", ["\x00", ID]),
        encode_cursor("-created_at", ["2026-01-01T00:00:00+00:00", "x"]),
        encode_cursor("-created_at", ["2026-01-01T00:00:00+00:00", 5]),
    ],
)
async def test_a_bad_cursor_is_refused(moderator: Person, cursor: str) -> None:
    problem(await moderator.get("/users", cursor=cursor), 422, "invalid_input")


@pytest.mark.parametrize(
    "params", [{"sort": "role"}, {"role": "owner"}, {"status": "gone"}, {"limit": 0}, {"q": "x" * 201}]
)
async def test_bad_parameters_are_refused(moderator: Person, params: dict[str, Any]) -> None:
    problem(await moderator.get("/users", **params), 422, "invalid_input")


async def test_a_user_lists_nobody(kim: Person, app: FastAPI) -> None:
    problem(await kim.get("/users"), 403, "missing_permission")
    problem(await kim.get(f"/users/{kim.user['id']}"), 403, "missing_permission")

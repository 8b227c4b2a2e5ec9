"""Permissions of roles: replaced as a whole, and counting from everybody's next request on."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.core.database import Database
from tests.people import Person, expect, fields, problem
from tests.staff import confirm, run


@pytest.fixture
async def original(owner_database: Database) -> AsyncIterator[None]:
    """After the test the roles have the permissions that they had before."""
    await run(owner_database, "CREATE TABLE kept_permissions AS TABLE role_permissions")
    yield
    await run(owner_database, "DELETE FROM role_permissions")
    await run(owner_database, "INSERT INTO role_permissions TABLE kept_permissions")
    await run(owner_database, "DROP TABLE kept_permissions")


async def permissions_of(person: Person, role: str) -> list[str]:
    roles = (await person.read("/roles"))["items"]
    found: list[str] = next(item["permissions"] for item in roles if item["role"] == role)
    return found


async def test_permissions_and_roles_are_listed(moderator: Person) -> None:
    listed = await moderator.read("/permissions")
    names = [item["name"] for item in listed["items"]]
    assert (names, listed["total"]) == (sorted(names), len(names))
    assert all(item["description"] for item in listed["items"])
    assert {"permissions:manage", "identity:manage", "users:role", "jobs:manage", "currencies:write"} == {
        item["name"] for item in listed["items"] if not item["grantable"]
    }
    roles = await moderator.read("/roles")
    assert [item["role"] for item in roles["items"]] == ["user", "moderator", "admin"]
    user, moderators, admin = (set(item["permissions"]) for item in roles["items"])
    assert user < moderators < admin == set(names)


async def test_what_a_role_may_changes_with_the_next_request(kim: Person, admin: Person, original: None) -> None:
    present = await permissions_of(admin, "user")
    changed = [name for name in present if name != "tags:read"] + ["audit:read", "audit:read"]
    await kim.read("/tags")
    answer = expect(await admin.http.put("/roles/user/permissions", json={"permissions": changed}), 200)
    assert answer == {"role": "user", "permissions": sorted(set(changed))}
    problem(await kim.get("/tags"), 403, "missing_permission")
    await kim.read("/audit")
    assert await permissions_of(admin, "user") == sorted(set(changed))
    expect(await admin.http.put("/roles/user/permissions", json={"permissions": changed}), 200)
    entries = (await admin.read("/audit", action="role_permissions_changed", actor_id=admin.user["id"]))["items"]
    assert [(item["subject"], item["details"]) for item in entries] == [
        (None, {"role": "user", "added": ["audit:read"], "removed": ["tags:read"]})
    ]


async def test_a_role_may_lose_everything_but_admins_what_nobody_could_give_back(
    kim: Person, admin: Person, original: None
) -> None:
    expect(await admin.http.put("/roles/user/permissions", json={"permissions": []}), 200)
    problem(await kim.get("/users/me"), 403, "missing_permission")
    least = ["permissions:manage", "users:role", "users:read"]
    for lacking in (["users:role"], ["permissions:manage"], []):
        answer = await admin.http.put("/roles/admin/permissions", json={"permissions": lacking})
        problem(answer, 409, "admin_permissions")
    problem(await admin.http.put("/roles/moderator/permissions", json={"permissions": least}), 409, "admin_permissions")
    expect(await admin.http.put("/roles/admin/permissions", json={"permissions": least}), 200)
    problem(await admin.get("/audit"), 403, "missing_permission")
    assert await permissions_of(admin, "admin") == sorted(least)
    everything = [item["name"] for item in (await admin.read("/permissions"))["items"]]
    expect(await admin.http.put("/roles/admin/permissions", json={"permissions": everything}), 200)
    await admin.read("/audit")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"permissions": ["tags:read", "no:such", "tags:\x00read"]}, {"permissions.1", "permissions.2"}),
        ({"permissions": ["x" * 101]}, {"permissions.0"}),
        ({"permissions": ["tags:read"] * 501}, {"permissions"}),
        ({"permissions": "tags:read"}, {"permissions"}),
        ({"permissions": [None]}, {"permissions.0"}),
        ({}, {"permissions"}),
    ],
)
async def test_bad_permissions_change_nothing(admin: Person, body: Any, named: set[str]) -> None:
    before = await admin.read("/roles")
    answer = problem(await admin.http.put("/roles/user/permissions", json=body), 422, "invalid_input")
    assert {field for field, _ in fields(answer)} == named
    assert await admin.read("/roles") == before


async def test_it_takes_an_admin_who_has_just_proved_who_they_are(
    admin: Person, moderator: Person, owner_database: Database
) -> None:
    body: dict[str, list[str]] = {"permissions": []}
    problem(await admin.http.put("/roles/owner/permissions", json=body), 422, "invalid_input")
    await run(owner_database, "UPDATE sessions SET confirmed_at = NULL WHERE user_id = :id", id=admin.user["id"])
    problem(await admin.http.put("/roles/user/permissions", json=body), 403, "confirmation_required")
    await confirm(owner_database, moderator)
    problem(await moderator.http.put("/roles/user/permissions", json=body), 403, "missing_permission")
    assert await permissions_of(admin, "user") != []


async def test_replacing_at_once_leaves_one_of_them_whole(admin: Person, original: None) -> None:
    wishes = [["profile:read", "tags:read"], ["profile:read", "tags:write"], ["payees:read"]]
    answers = await asyncio.gather(
        *(admin.http.put("/roles/user/permissions", json={"permissions": wish}) for wish in wishes * 2)
    )
    assert {answer.status_code for answer in answers} == {200}
    assert await permissions_of(admin, "user") in wishes

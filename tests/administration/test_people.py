"""Roles, bans and deletion: who may act on whom, and from when it counts."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.core.config import Settings
from app.core.database import Database
from app.core.embedded import EmbeddedPostgres
from tests.conftest import fresh_email
from tests.databases import migrated_database
from tests.people import API, PASSWORD, Person, expect, fields, problem, register
from tests.servers import serving
from tests.staff import appoint, confirm, personal_token, run

NOBODY = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"


def path(person: Person, act: str = "") -> str:
    return f"/users/{person.user['id']}{act}"


async def audit_of(admin: Person, person: Person) -> list[tuple[str, str, dict[str, Any]]]:
    items = (await admin.read("/audit", subject_id=person.user["id"]))["items"]
    return [(item["action"], item["actor"]["email"], item["details"]) for item in items]


async def test_a_user_is_seen_with_nothing_of_what_they_own(kim: Person, moderator: Person) -> None:
    await kim.account("secret account", opening_balance="4242", opening_date="2026-01-01")
    seen = await moderator.read(path(kim))
    assert seen.keys() == {
        *("id", "email", "full_name", "role", "created_at", "email_verified"),
        *("banned_at", "banned_until", "ban_reason", "last_used_at"),
    }
    assert (seen["email"], seen["role"], seen["email_verified"], seen["banned_at"]) == (kim.email, "user", False, None)
    assert seen["last_used_at"] >= seen["created_at"]


@pytest.mark.parametrize("user_id", [NOBODY, "x", "%00", NOBODY[:-1]])
async def test_who_is_not_there(admin: Person, user_id: str) -> None:
    for method, act, body in (
        ("GET", "", None),
        ("PUT", "/role", {"role": "user"}),
        ("POST", "/ban", {"reason": "x"}),
        ("POST", "/unban", None),
        ("DELETE", "", None),
    ):
        problem(await admin.http.request(method, f"/users/{user_id}{act}", json=body), 404, "not_found")


async def test_a_role_counts_from_the_next_request_on(kim: Person, admin: Person) -> None:
    problem(await kim.get("/users"), 403, "missing_permission")
    assert expect(await admin.http.put(path(kim, "/role"), json={"role": "moderator"}), 200)["role"] == "moderator"
    assert (await kim.read("/users/me"))["role"] == "moderator"
    await kim.read("/users")
    expect(await admin.http.put(path(kim, "/role"), json={"role": "moderator"}), 200)
    expect(await admin.http.put(path(kim, "/role"), json={"role": "user"}), 200)
    problem(await kim.get("/users"), 403, "missing_permission")
    assert await audit_of(admin, kim) == [
        ("user_role_changed", admin.email, {"before": "moderator", "after": "user"}),
        ("user_role_changed", admin.email, {"before": "user", "after": "moderator"}),
    ]


@pytest.mark.parametrize("body", [{}, {"role": "owner"}, {"role": None}, {"role": "user", "more": 1}, []])
async def test_a_bad_role_changes_nothing(kim: Person, admin: Person, body: Any) -> None:
    problem(await admin.http.put(path(kim, "/role"), json=body), 422, "invalid_input")
    assert (await admin.read(path(kim)))["role"] == "user"


async def test_a_ban_ends_everything_at_once_and_an_unban_brings_it_back(
    kim: Person, admin: Person, moderator: Person, owner_database: Database
) -> None:
    token = await personal_token(owner_database, kim, "profile:read")
    by_token = {"Authorization": f"Bearer {token}"}
    expect(await kim.http.get("/users/me", headers=by_token), 200)
    banned = expect(await moderator.http.post(path(kim, "/ban"), json={"reason": " Spam\x00\n again "}), 200)
    assert (banned["ban_reason"], banned["banned_until"]) == ("Spam again", None)
    assert banned["banned_at"] is not None
    problem(await kim.get("/users/me"), 401, "unauthenticated")
    problem(await kim.http.get("/users/me", headers=by_token), 401, "unauthenticated")
    refresh = {"refresh_token": kim.tokens["refresh_token"]}
    problem(await kim.http.post("/auth/refresh", json=refresh), 401, "unauthenticated")
    problem(
        await kim.http.post("/auth/login", json={"email": kim.email, "password": PASSWORD}), 401, "wrong_credentials"
    )
    freed = expect(await moderator.http.post(path(kim, "/unban")), 200)
    assert (freed["banned_at"], freed["ban_reason"]) == (None, None)
    await kim.read("/users/me")
    expect(await moderator.http.post(path(kim, "/unban")), 200)
    assert [entry[:2] for entry in await audit_of(admin, kim)] == [
        ("user_unbanned", moderator.email),
        ("user_banned", moderator.email),
    ]


async def test_a_ban_with_an_end_ends_by_itself(kim: Person, moderator: Person, owner_database: Database) -> None:
    until = datetime.now(UTC) + timedelta(days=1)
    body = {"reason": "Twice", "until": until.isoformat()}
    expect(await moderator.http.post(path(kim, "/ban"), json={"reason": "Once"}), 200)
    banned = expect(await moderator.http.post(path(kim, "/ban"), json=body), 200)
    assert banned["ban_reason"] == "Twice"
    assert datetime.fromisoformat(banned["banned_until"]) == until
    assert [item["id"] for item in (await moderator.read("/users", status="banned", q=kim.email))["items"]] == [
        kim.user["id"]
    ]
    problem(await kim.get("/users/me"), 401, "unauthenticated")
    ended = "UPDATE users SET banned_until = now() - interval '1 second' WHERE id = :id"
    await run(owner_database, ended, id=kim.user["id"])
    await kim.read("/users/me")
    seen = await moderator.read(path(kim))
    assert (seen["banned_at"], seen["banned_until"], seen["ban_reason"]) == (None, None, None)
    assert (await moderator.read("/users", status="banned", q=kim.email))["items"] == []
    assert len((await moderator.read("/users", status="active", q=kim.email))["items"]) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": "\x00"}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"reason": "x", "until": "2030-01-01T00:00:00"}, "until"),
        ({"reason": "x", "until": "2020-01-01T00:00:00Z"}, "until"),
        ({"reason": "x", "until": "tomorrow"}, "until"),
        ({"reason": "x", "until": "9999-12-31T23:59:59-23:59"}, "until"),
        ({"reason": "x", "until": "0001-01-01T00:00:00+23:59"}, "until"),
    ],
)
async def test_a_bad_ban_changes_nothing(kim: Person, moderator: Person, body: Any, field: str) -> None:
    answer = problem(await moderator.http.post(path(kim, "/ban"), json=body), 422, "invalid_input")
    assert {name for name, _ in fields(answer)} == {field}
    await kim.read("/users/me")


async def test_a_moderator_acts_on_users_alone(admin: Person, moderator: Person, owner_database: Database) -> None:
    problem(await moderator.http.post(path(admin, "/ban"), json={"reason": "Mutiny"}), 403, "outranked")
    problem(await moderator.http.post(path(moderator, "/ban"), json={"reason": "Me"}), 403, "own_account")
    problem(await moderator.http.put(path(admin, "/role"), json={"role": "user"}), 403, "missing_permission")
    problem(await moderator.http.delete(path(admin)), 403, "missing_permission")
    await admin.read("/users/me")


async def test_who_is_no_admin_makes_no_moderators_whatever_their_permissions(
    kim: Person, admin: Person, moderator: Person, owner_database: Database
) -> None:
    give = "INSERT INTO role_permissions VALUES ('moderator', 'users:role'), ('moderator', 'users:delete')"
    await run(owner_database, give)
    await confirm(owner_database, moderator)
    try:
        problem(await moderator.http.put(path(kim, "/role"), json={"role": "admin"}), 403, "outranked")
        problem(await moderator.http.put(path(admin, "/role"), json={"role": "user"}), 403, "outranked")
        problem(await moderator.http.delete(path(admin)), 403, "outranked")
        problem(await moderator.http.put(path(moderator, "/role"), json={"role": "admin"}), 403, "own_account")
        expect(await moderator.http.put(path(kim, "/role"), json={"role": "user"}), 200)
    finally:
        take = "DELETE FROM role_permissions WHERE role = 'moderator' AND permission IN ('users:role', 'users:delete')"
        await run(owner_database, take)
    assert (await kim.read("/users/me"))["role"] == "user"


async def test_nobody_acts_on_themselves(admin: Person) -> None:
    problem(await admin.http.put(path(admin, "/role"), json={"role": "user"}), 403, "own_account")
    problem(await admin.http.post(path(admin, "/ban"), json={"reason": "Me"}), 403, "own_account")
    problem(await admin.http.post(path(admin, "/unban")), 403, "own_account")
    problem(await admin.http.delete(path(admin)), 403, "own_account")
    assert (await admin.read("/users/me"))["role"] == "admin"


async def test_deleting_asks_for_a_confirmation(app: FastAPI, admin: Person, owner_database: Database) -> None:
    gone = await register(app, fresh_email(), full_name="Gone Soon")
    await run(owner_database, "UPDATE sessions SET confirmed_at = NULL WHERE user_id = :id", id=admin.user["id"])
    problem(await admin.http.delete(path(gone)), 403, "confirmation_required")
    await gone.read("/users/me")
    late = "UPDATE sessions SET confirmed_at = now() - interval '6 minutes' WHERE user_id = :id"
    await run(owner_database, late, id=admin.user["id"])
    problem(await admin.http.delete(path(gone)), 403, "confirmation_required")
    await confirm(owner_database, admin)
    expect(await admin.http.delete(path(gone)), 204)
    problem(await admin.http.delete(path(gone)), 404, "not_found")
    problem(await gone.get("/users/me"), 401, "unauthenticated")
    (entry,) = (await admin.read("/audit", subject_id=gone.user["id"], action="user_deleted"))["items"]
    assert entry["subject"] == {"id": gone.user["id"], "email": None, "full_name": None}
    assert entry["actor"] == {"id": admin.user["id"], "email": admin.email, "full_name": "Ada Admin"}
    await gone.http.aclose()


async def test_a_ban_is_repeated_safely(kim: Person, admin: Person, moderator: Person) -> None:
    key = {"Idempotency-Key": "ban once"}
    first = await moderator.http.post(path(kim, "/ban"), json={"reason": "x"}, headers=key)
    second = await moderator.http.post(path(kim, "/ban"), json={"reason": "x"}, headers=key)
    assert (second.json(), second.headers["idempotency-replayed"]) == (expect(first, 200), "true")
    assert len(await audit_of(admin, kim)) == 1
    expect(await moderator.http.post(path(kim, "/unban")), 200)


async def test_a_refused_act_is_not_in_the_audit(kim: Person, admin: Person, moderator: Person) -> None:
    problem(await moderator.http.post(path(admin, "/ban"), json={"reason": "x"}), 403, "outranked")
    problem(await admin.http.put(path(admin, "/role"), json={"role": "user"}), 403, "own_account")
    assert await audit_of(admin, admin) == []


@pytest.fixture
async def two_admins(postgres: EmbeddedPostgres, settings: Settings) -> AsyncIterator[tuple[Database, Person, Person]]:
    """A server of its own with two admins and nobody else of rank."""
    name = f"admins_{fresh_email().split('-')[0]}"
    await migrated_database(postgres, name)
    owner = Database(postgres.url(name), pool_size=2, role=None)
    # The password of the login is the cluster's: a new one would lock the suite's server out.
    url = postgres.url(name)
    async with serving(settings, database_url=url, database_pool_size=10) as (app, _):
        first, second = await register(app, fresh_email()), await register(app, fresh_email())
        await appoint(owner, second, "admin")
        for person in (first, second):
            await confirm(owner, person)
        yield owner, first, second
        for person in (first, second):
            await person.http.aclose()
    await owner.dispose()


@pytest.mark.parametrize("act", ["role", "ban", "delete", "mixed"])
async def test_two_admins_against_each_other_leave_one(two_admins: tuple[Database, Person, Person], act: str) -> None:
    owner, first, second = two_admins

    def against(actor: Person, subject: Person, kind: str) -> Any:
        if kind == "role":
            return actor.http.put(path(subject, "/role"), json={"role": "user"})
        if kind == "ban":
            return actor.http.post(path(subject, "/ban"), json={"reason": "x"})
        return actor.http.delete(path(subject))

    kinds = ("ban", "role") if act == "mixed" else (act, act)
    answers = await asyncio.gather(against(first, second, kinds[0]), against(second, first, kinds[1]))
    done = [answer for answer in answers if answer.is_success]
    refused = next(answer for answer in answers if not answer.is_success)
    assert len(done) == 1
    # Which of them it is depends on whether the second request was opened before the first was committed.
    assert (refused.status_code, refused.json()["code"]) in {
        (409, "last_admin"),
        (401, "unauthenticated"),
        (403, "missing_permission"),
    }
    left = "SELECT count(*) FROM users WHERE role = 'admin' AND banned_at IS NULL"
    assert await run(owner, left) == 1


async def test_the_last_admin_stays(two_admins: tuple[Database, Person, Person]) -> None:
    _, first, second = two_admins
    expect(await first.http.put(path(second, "/role"), json={"role": "user"}), 200)
    problem(await first.http.put(path(first, "/role"), json={"role": "user"}), 409, "last_admin")
    problem(await first.http.post(path(first, "/ban"), json={"reason": "x"}), 409, "last_admin")
    problem(await first.http.delete(path(first)), 409, "last_admin")
    assert (await first.read("/users/me"))["role"] == "admin"


async def test_changing_a_role_needs_a_fresh_confirmation_that_no_token_has(
    kim: Person, admin: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    body = {"role": "admin"}
    headers = {"Authorization": f"Bearer {await personal_token(owner_database, admin, 'users:role')}"}
    answer = await anonymous.put(f"{API}{path(kim, '/role')}", json=body, headers=headers)
    problem(answer, 403, "confirmation_required")
    await run(owner_database, "UPDATE sessions SET confirmed_at = NULL WHERE user_id = :id", id=admin.user["id"])
    problem(await admin.http.put(path(kim, "/role"), json=body), 403, "confirmation_required")
    assert (await kim.read("/users/me"))["role"] == "user"
    assert "users:role" not in [item["name"] for item in (await admin.read("/auth/scopes"))["items"]]

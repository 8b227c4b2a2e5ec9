"""Personal access tokens: made once, seen never again, and good for what they say."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy import text

from app.core.config import Settings
from app.core.database import Database
from app.core.ids import new_id
from tests import staff
from tests.conftest import fresh_email
from tests.factors import confirm
from tests.housekeeping import keep_house
from tests.mail import mails_to
from tests.people import API, Person, expect, fields, problem, register
from tests.servers import client_of, serving

DAY = timedelta(days=1)
UNGRANTED = "not_grantable"


async def create(person: Person, *scopes: str, **options: Any) -> dict[str, Any]:
    body = {"name": "Script", "scopes": scopes or ("tags:read",), **options}
    await confirm(person)
    made: dict[str, Any] = expect(await person.http.post("/auth/tokens", json=body), 201)
    return made


@asynccontextmanager
async def script(app: FastAPI, token: str) -> AsyncIterator[AsyncClient]:
    """A client that knows a personal token and nothing else."""
    async with client_of(app, f"http://test{API}") as client:
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


async def listed(person: Person) -> list[dict[str, Any]]:
    page = await person.read("/auth/tokens")
    assert page["total"] == len(page["items"])
    items: list[dict[str, Any]] = page["items"]
    return items


async def owner_does(database: Database, statement: str, **parameters: Any) -> None:
    async with database.begin() as connection:
        await connection.execute(text(statement), parameters)


async def test_the_token_is_shown_once_and_kept_as_a_digest(kim: Person, owner_database: Database) -> None:
    await staff.confirm(owner_database, kim)
    answer = await kim.http.post(
        "/auth/tokens", json={"name": " Nightly\texport ", "scopes": ["tags:read", "exports:read", "tags:read"]}
    )
    made = expect(answer, 201)
    token = made.pop("token")
    assert token.startswith(made["prefix"])
    assert (len(token), len(made["prefix"]), token[:7]) == (50, 13, "ft_pat_")
    assert (made["name"], made["scopes"]) == ("Nightly export", ["exports:read", "tags:read"])
    assert (made["last_used_at"], made["last_address"]) == (None, None)
    lasting = datetime.fromisoformat(made["expires_at"]) - datetime.fromisoformat(made["created_at"])
    assert abs(lasting - 90 * DAY) < timedelta(minutes=1)
    assert answer.headers["cache-control"] == "no-store"

    location = answer.headers["location"].removeprefix(API)
    assert expect(await kim.get(location), 200) == made
    assert await listed(kim) == [made]
    async with owner_database.begin() as connection:
        rows = (await connection.execute(text("SELECT t::text FROM personal_tokens t"))).scalars().all()
        told = text("SELECT action, actor_id::text, details FROM audit WHERE subject_id = :user")
        ((action, actor, details),) = (await connection.execute(told, {"user": kim.user["id"]})).all()
    assert not any(token[13:] in row for row in rows)
    assert (action, actor) == ("personal_token_created", kim.user["id"])
    assert details["token_id"] == made["id"]
    assert "token" not in details
    assert token[13:] not in str(details)


async def test_making_one_needs_a_fresh_confirmation_and_is_told_by_mail(
    app: FastAPI, kim: Person, owner_database: Database
) -> None:
    body = {"name": "Export", "scopes": ["tags:read", "exports:read"]}
    stale = "UPDATE sessions SET confirmed_at = now() - interval '6 minutes' WHERE user_id = :user"
    problem(await kim.http.post("/auth/tokens", json=body), 403, "confirmation_required")
    await owner_does(owner_database, stale, user=kim.user["id"])
    problem(await kim.http.post("/auth/tokens", json=body), 403, "confirmation_required")
    assert await listed(kim) == []
    made = await create(kim, "tags:read", "exports:read", name="Export")
    mail = (await mails_to(app, kim.email, at_least=2))[-1]
    assert mail["Subject"] == "A personal access token was made"
    for word in ('"Export"', "exports:read, tags:read", made["expires_at"][:10]):
        assert word in mail.get_content()
    assert made["token"] not in mail.get_content()


async def test_a_deleted_token_opens_nothing_from_the_next_request_on(
    app: FastAPI, kim: Person, owner_database: Database
) -> None:
    made, other = await create(kim), await create(kim)
    async with script(app, made["token"]) as client:
        expect(await client.get("/tags"), 200)
        expect(await kim.http.delete(f"/auth/tokens/{made['id']}"), 204)
        problem(await client.get("/tags"), 401, "unauthenticated")
    problem(await kim.http.delete(f"/auth/tokens/{made['id']}"), 404, "not_found")
    problem(await kim.get(f"/auth/tokens/{made['id']}"), 404, "not_found")
    assert [item["id"] for item in await listed(kim)] == [other["id"]]
    async with owner_database.begin() as connection:
        told = text("SELECT action FROM audit WHERE subject_id = :user ORDER BY id DESC LIMIT 1")
        assert await connection.scalar(told, {"user": kim.user["id"]}) == "personal_token_deleted"


@pytest.mark.parametrize("token_id", ["x", "%00", "1" * 500])
async def test_an_id_that_is_none_is_refused(kim: Person, token_id: str) -> None:
    problem(await kim.get(f"/auth/tokens/{token_id}"), 422, "invalid_input")
    problem(await kim.http.delete(f"/auth/tokens/{token_id}"), 422, "invalid_input")


async def test_nobody_sees_or_deletes_another_s_token(kim: Person, robin: Person) -> None:
    made = await create(kim)
    assert await listed(robin) == []
    for token_id in (made["id"], str(new_id())):
        problem(await robin.get(f"/auth/tokens/{token_id}"), 404, "not_found")
        problem(await robin.http.delete(f"/auth/tokens/{token_id}"), 404, "not_found")
    assert len(await listed(kim)) == 1


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"name": ""}, {("name", "string_too_short")}),
        ({"name": "\x00 \t"}, {("name", "value_error")}),
        ({"name": "n" * 101}, {("name", "string_too_long")}),
        ({"name": 7}, {("name", "string_type")}),
        ({"scopes": []}, {("scopes", "too_short")}),
        ({"scopes": "tags:read"}, {("scopes", "list_type")}),
        ({"scopes": ["tags:read"] * 201}, {("scopes", "too_long")}),
        ({"scopes": ["tags:read", "x" * 101]}, {("scopes.1", "string_too_long")}),
        ({"scopes": ["tags:fly", "tags:read", "tags:read\x00"]}, {("scopes.0", UNGRANTED), ("scopes.2", UNGRANTED)}),
        ({"scopes": ["identity:manage"]}, {("scopes.0", UNGRANTED)}),
        ({"scopes": ["users:read", "permissions:manage"]}, {("scopes.0", UNGRANTED), ("scopes.1", UNGRANTED)}),
        ({"expires_in_days": 0}, {("expires_in_days", "greater_than_equal")}),
        ({"expires_in_days": 367}, {("expires_in_days", "too_far_ahead")}),
        ({"expires_in_days": 10**9}, {("expires_in_days", "less_than_equal")}),
        ({"expires_in_days": "7"}, {("expires_in_days", "value_error")}),
        ({"expires_in_days": True}, {("expires_in_days", "value_error")}),
        ({"expires_at": "2020-01-01T00:00:00Z"}, {("expires_at", "in_the_past")}),
        ({"expires_at": "0001-01-01T00:00:00+14:00"}, {("expires_at", "in_the_past")}),
        ({"expires_at": "9999-12-31T23:59:59-14:00"}, {("expires_at", "too_far_ahead")}),
        ({"expires_at": "2099-01-01T00:00:00"}, {("expires_at", "timezone_aware")}),
        ({"expires_at": 4_000_000_000}, {("expires_at", "value_error")}),
        ({"expires_at": "tomorrow"}, {("expires_at", "datetime_from_date_parsing")}),
        ({"expires_in_days": 1, "expires_at": "2099-01-01T00:00:00Z"}, {("expires_at", "expiry_given_twice")}),
        ({"token": "ft_pat_mine"}, {("token", "extra_forbidden")}),
    ],
)  # fmt: skip
async def test_a_wrong_token_is_not_made(kim: Person, change: dict[str, Any], wrong: set[tuple[str, str]]) -> None:
    await confirm(kim)
    answer = await kim.http.post("/auth/tokens", json={"name": "Script", "scopes": ["tags:read"], **change})
    assert fields(problem(answer, 422, "invalid_input")) == wrong
    assert await listed(kim) == []


async def test_the_expiry_may_be_an_instant(kim: Person) -> None:
    wanted = datetime.now(UTC) + 7 * DAY
    made = await create(kim, expires_at=wanted.isoformat())
    assert datetime.fromisoformat(made["expires_at"]) == wanted
    week = await create(kim, expires_in_days=7)
    assert abs(datetime.fromisoformat(week["expires_at"]) - wanted) < timedelta(minutes=1)


async def test_the_server_s_limit_is_the_longest_life(settings: Settings) -> None:
    async with serving(settings, personal_token_max_days=30) as (app, _):
        person = await register(app, fresh_email())
        made = await create(person)
        lasting = datetime.fromisoformat(made["expires_at"]) - datetime.fromisoformat(made["created_at"])
        assert abs(lasting - 30 * DAY) < timedelta(minutes=1)
        answer = await person.http.post(
            "/auth/tokens", json={"name": "x", "scopes": ["tags:read"], "expires_in_days": 31}
        )
        assert "30 days" in problem(answer, 422, "invalid_input")["detail"]
        await person.http.aclose()


async def test_nobody_has_more_than_fifty(kim: Person, owner_database: Database) -> None:
    await owner_does(
        owner_database,
        """
        INSERT INTO personal_tokens (user_id, name, prefix, token_hash, scopes, expires_at)
        SELECT :user, 'many', 'ft_pat_', uuid_send(uuidv7()), '{tags:read}', now() + interval '1 day'
        FROM generate_series(1, 48)
        """,
        user=kim.user["id"],
    )
    await confirm(kim)
    body = {"name": "Script", "scopes": ["tags:read"]}
    answers = await asyncio.gather(*(kim.http.post("/auth/tokens", json=body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409]
    problem(next(answer for answer in answers if answer.status_code == 409), 409, "too_many_tokens")
    items = await listed(kim)
    assert len(items) == 50
    expect(await kim.http.delete(f"/auth/tokens/{items[0]['id']}"), 204)
    await create(kim)


async def test_a_token_does_what_its_scopes_say_and_nothing_else(app: FastAPI, kim: Person) -> None:
    made = await create(kim, "tags:read", "accounts:write")
    async with script(app, made["token"]) as client:
        expect(await client.get("/tags"), 200)
        expect(await client.post("/accounts", json={"name": "A", "type": "cash", "currency": "EUR"}), 201)
        refused = {
            "tags:write": await client.post("/tags", json={"name": "t"}),
            "accounts:read": await client.get("/accounts"),
            "profile:read": await client.get("/users/me"),
            "identity:manage": await client.get("/auth/tokens"),
        }
        for scope, answer in refused.items():
            assert problem(answer, 403, "insufficient_scope")["permission"] == scope
    assert (await kim.read("/tags"))["items"] == []


async def test_no_token_manages_sessions_or_tokens(app: FastAPI, kim: Person) -> None:
    every = [item["name"] for item in (await kim.read("/auth/scopes"))["items"]]
    made = await create(kim, *every)
    (session,) = (await kim.read("/auth/sessions"))["items"]
    async with script(app, made["token"]) as client:
        answers: list[Response] = [
            await client.post("/auth/tokens", json={"name": "x", "scopes": ["tags:read"]}),
            await client.get("/auth/tokens"),
            await client.get(f"/auth/tokens/{made['id']}"),
            await client.delete(f"/auth/tokens/{made['id']}"),
            await client.get("/auth/scopes"),
            await client.get("/auth/sessions"),
            await client.delete(f"/auth/sessions/{session['id']}"),
            await client.post("/auth/logout-all"),
        ]
        for answer in answers:
            problem(answer, 403, "insufficient_scope")
        expect(await client.get("/users/me"), 200)
    assert (len(await listed(kim)), len((await kim.read("/auth/sessions"))["items"])) == (1, 1)


async def test_what_one_may_grant_depends_on_the_role(app: FastAPI, kim: Person, owner_database: Database) -> None:
    own = await kim.read("/auth/scopes")
    names = [item["name"] for item in own["items"]]
    assert names == sorted(names)
    assert own["total"] == len(names)
    assert all(item["description"] for item in own["items"])
    assert "transactions:write" in names
    assert not {"identity:manage", "users:read", "permissions:manage"} & set(names)

    await owner_does(owner_database, "UPDATE users SET role = 'admin' WHERE id = :id", id=kim.user["id"])
    as_admin = {item["name"] for item in (await kim.read("/auth/scopes"))["items"]}
    assert as_admin - set(names) >= {"users:read", "users:delete"}
    assert not {"identity:manage", "permissions:manage", "users:role"} & as_admin
    made = await create(kim, "users:read", "tags:read")

    # The scope stays on the token; the role behind it does not.
    await owner_does(owner_database, "UPDATE users SET role = 'user' WHERE id = :id", id=kim.user["id"])
    assert (await kim.read(f"/auth/tokens/{made['id']}"))["scopes"] == ["tags:read", "users:read"]
    async with script(app, made["token"]) as client:
        expect(await client.get("/tags"), 200)


async def test_a_scope_that_the_role_lost_is_worth_nothing(app: FastAPI, kim: Person, owner_database: Database) -> None:
    made = await create(kim, "tags:read")
    await owner_does(owner_database, "UPDATE users SET role = 'moderator' WHERE id = :id", id=kim.user["id"])
    lost = {"role": "moderator", "permission": "tags:read"}
    await owner_does(
        owner_database, "DELETE FROM role_permissions WHERE role = :role AND permission = :permission", **lost
    )
    try:
        async with script(app, made["token"]) as client:
            problem(await client.get("/tags"), 403, "insufficient_scope")
        problem(await kim.get("/tags"), 403, "missing_permission")
    finally:
        await owner_does(owner_database, "INSERT INTO role_permissions VALUES (:role, :permission)", **lost)
    async with script(app, made["token"]) as client:
        expect(await client.get("/tags"), 200)


@pytest.mark.parametrize("end", ["expires_at = now() - interval '1 second'", "revoked_at = now()"])
async def test_a_token_that_is_over_opens_nothing(
    app: FastAPI, kim: Person, owner_database: Database, end: str
) -> None:
    made = await create(kim)
    await owner_does(owner_database, f"UPDATE personal_tokens SET {end} WHERE id = :id", id=made["id"])
    async with script(app, made["token"]) as client:
        problem(await client.get("/tags"), 401, "unauthenticated")


async def test_logging_out_everywhere_leaves_tokens_alone(app: FastAPI) -> None:
    person = await register(app, fresh_email())
    made = await create(person)
    expect(await person.http.post("/auth/logout-all"), 200)
    await person.http.aclose()
    async with script(app, made["token"]) as client:
        expect(await client.get("/tags"), 200)


async def test_the_list_tells_when_and_from_where_it_was_used(
    app: FastAPI, kim: Person, app_database: Database, owner_database: Database
) -> None:
    made = await create(kim)
    async with script(app, made["token"]) as client:
        problem(await client.get("/accounts"), 403, "insufficient_scope")  # to be refused is to be used
    (at_once,) = await listed(kim)
    assert at_once["last_address"] == "127.0.0.1"
    assert at_once["last_used_at"] is not None
    await app.state.last_uses.flush(app_database)
    assert await listed(kim) == [at_once]
    async with script(app, made["token"]) as client:
        expect(await client.get("/tags"), 200)
    (later,) = await listed(kim)
    assert later["last_used_at"] > at_once["last_used_at"]
    await owner_does(
        owner_database,
        "UPDATE personal_tokens SET last_used_at = now() + interval '1 hour', last_address = '::1' WHERE id = :id",
        id=made["id"],
    )
    assert (await listed(kim))[0]["last_address"] == "::1"  # another process knows better


async def test_housekeeping_forgets_tokens_that_ended_long_ago(
    kim: Person, owner_database: Database, app_database: Database
) -> None:
    kept, expired, revoked = [await create(kim) for _ in range(3)]
    for made, column in ((expired, "expires_at"), (revoked, "revoked_at")):
        await owner_does(
            owner_database,
            f"UPDATE personal_tokens SET {column} = now() - interval '31 days' WHERE id = :id",
            id=made["id"],
        )
    await keep_house(app_database)
    async with owner_database.begin() as connection:
        left = text("SELECT id::text FROM personal_tokens WHERE user_id = :user")
        assert (await connection.execute(left, {"user": kim.user["id"]})).scalars().all() == [kept["id"]]

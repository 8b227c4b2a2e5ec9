import asyncio

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import text

from app.core.config import Settings
from app.core.database import Database
from tests.conftest import fresh_email
from tests.housekeeping import keep_house
from tests.people import API, PASSWORD, Person, expect, problem, register
from tests.servers import serving


async def refresh(client: AsyncClient, token: str) -> tuple[int, dict[str, str]]:
    answer = await client.post(f"{API}/auth/refresh", json={"refresh_token": token})
    return answer.status_code, answer.json()


async def whoami(client: AsyncClient, access_token: str) -> int:
    answer = await client.get(f"{API}/users/me", headers={"Authorization": f"Bearer {access_token}"})
    return answer.status_code


async def test_the_form_logs_in(kim: Person, anonymous: AsyncClient) -> None:
    form = {"username": kim.email.upper(), "password": PASSWORD}
    tokens = expect(await anonymous.post(f"{API}/auth/token", data=form), 200)
    assert tokens["token_type"] == "bearer"
    assert tokens["expires_in"] == 15 * 60
    assert await whoami(anonymous, tokens["access_token"]) == 200


async def test_wrong_password_and_unknown_address_are_answered_alike(kim: Person, anonymous: AsyncClient) -> None:
    answers = []
    for email in (kim.email, "nobody@example.com", "nobody\x00@example.com"):
        for password in ("wrong password", "x\x00x", ""):
            answer = await anonymous.post(f"{API}/auth/login", json={"email": email, "password": password})
            body = problem(answer, 401, "wrong_credentials")
            assert answer.headers["www-authenticate"] == "Bearer"
            answers.append({key: value for key, value in body.items() if key != "request_id"})
    assert all(answer == answers[0] for answer in answers)


async def test_a_password_longer_than_any_is_wrong(kim: Person, anonymous: AsyncClient) -> None:
    answer = await anonymous.post(f"{API}/auth/token", data={"username": kim.email, "password": "p" * 5000})
    problem(answer, 401, "wrong_credentials")


async def test_refreshing_rotates_both_tokens(kim: Person, anonymous: AsyncClient) -> None:
    status, tokens = await refresh(anonymous, kim.tokens["refresh_token"])
    assert status == 200
    assert tokens["refresh_token"] != kim.tokens["refresh_token"]
    assert tokens["access_token"] != kim.tokens["access_token"]
    assert await whoami(anonymous, tokens["access_token"]) == 200
    assert await whoami(anonymous, kim.tokens["access_token"]) == 200  # the session lives on
    assert (await refresh(anonymous, tokens["refresh_token"]))[0] == 200


async def grow_old(database: Database, person: Person) -> None:
    """Put the uses of all the person's refresh tokens behind the grace of a double one."""
    statement = text(
        """
        UPDATE refresh_tokens SET used_at = used_at - interval '11 seconds'
        WHERE session_id IN (SELECT id FROM sessions WHERE user_id = :user)
        """
    )
    async with database.begin() as connection:
        await connection.execute(statement, {"user": person.user["id"]})


async def test_a_spent_refresh_token_ends_the_session(
    app: FastAPI, anonymous: AsyncClient, owner_database: Database
) -> None:
    person = await register(app, fresh_email())
    spent = person.tokens["refresh_token"]
    _, fresh = await refresh(anonymous, spent)
    await grow_old(owner_database, person)
    answer = await anonymous.post(f"{API}/auth/refresh", json={"refresh_token": spent})
    problem(answer, 401, "refresh_token_reused")
    # The refusal was committed: nothing of the session works any more.
    assert await whoami(anonymous, fresh["access_token"]) == 401
    status, body = await refresh(anonymous, fresh["refresh_token"])
    assert (status, body["code"]) == (401, "unauthenticated")
    problem(await person.get("/users/me"), 401, "unauthenticated")
    audited = text("SELECT action, actor_id, address, details FROM audit WHERE subject_id = :user")
    async with owner_database.begin() as connection:
        (told,) = (await connection.execute(audited, {"user": person.user["id"]})).all()
        session_id = await connection.scalar(
            text("SELECT id::text FROM sessions WHERE user_id = :user AND revoked_because = 'refresh_token_reused'"),
            {"user": person.user["id"]},
        )
    assert told == ("refresh_token_reused", None, "127.0.0.1", {"session_id": session_id})
    await person.http.aclose()


async def test_a_refresh_token_used_twice_at_once_gives_each_a_pair_that_goes_on(
    app: FastAPI, anonymous: AsyncClient
) -> None:
    person = await register(app, fresh_email())
    token = person.tokens["refresh_token"]
    answers = await asyncio.gather(*(refresh(anonymous, token) for _ in range(4)))
    assert [status for status, _ in answers] == [200] * 4
    assert len({tokens["refresh_token"] for _, tokens in answers}) == 4
    for _, tokens in answers:
        assert await whoami(anonymous, tokens["access_token"]) == 200
        assert (await refresh(anonymous, tokens["refresh_token"]))[0] == 200
    await person.http.aclose()


async def test_even_within_its_grace_a_refresh_token_works_five_times_and_no_more(
    app: FastAPI, anonymous: AsyncClient
) -> None:
    person = await register(app, fresh_email())
    token = person.tokens["refresh_token"]
    answers = await asyncio.gather(*(refresh(anonymous, token) for _ in range(6)))
    assert sorted(status for status, _ in answers) == [200, 200, 200, 200, 200, 401]
    for _, tokens in answers:
        assert "access_token" not in tokens or await whoami(anonymous, tokens["access_token"]) == 401
    await person.http.aclose()


async def test_the_grace_ends_when_a_successor_is_used(app: FastAPI, anonymous: AsyncClient) -> None:
    person = await register(app, fresh_email())
    first = person.tokens["refresh_token"]
    _, second = await refresh(anonymous, first)
    _, third = await refresh(anonymous, second["refresh_token"])
    answer = await anonymous.post(f"{API}/auth/refresh", json={"refresh_token": first})
    problem(answer, 401, "refresh_token_reused")
    assert await whoami(anonymous, third["access_token"]) == 401
    await person.http.aclose()


async def test_a_token_and_its_successor_used_at_once_never_wait_for_each_other(
    app: FastAPI, anonymous: AsyncClient
) -> None:
    """Each use touches both rows: without one order of locks two of them would end in a deadlock."""
    for _ in range(6):
        person = await register(app, fresh_email())
        first = person.tokens["refresh_token"]
        _, second = await refresh(anonymous, first)
        uses = [first, second["refresh_token"], first, second["refresh_token"]]
        answers = await asyncio.gather(*(refresh(anonymous, token) for token in uses))
        assert {status for status, _ in answers} <= {200, 401}, answers
        await person.http.aclose()


async def test_without_grace_the_second_use_ends_the_session(settings: Settings) -> None:
    async with serving(settings, refresh_grace_seconds=0) as (app, client):
        person = await register(app, fresh_email())
        answers = await asyncio.gather(*(refresh(client, person.tokens["refresh_token"]) for _ in range(2)))
        assert sorted((status, body.get("code", "")) for status, body in answers) == [
            (200, ""),
            (401, "refresh_token_reused"),
        ]
        problem(await person.get("/users/me"), 401, "unauthenticated")
        await person.http.aclose()


async def test_a_session_that_is_ended_during_a_refresh_hands_out_nothing(
    app: FastAPI, anonymous: AsyncClient, owner_database: Database
) -> None:
    person = await register(app, fresh_email())
    async with owner_database.begin() as connection:
        statement = text("UPDATE sessions SET revoked_at = now() WHERE user_id = :user")
        await connection.execute(statement, {"user": person.user["id"]})
        waiting = asyncio.create_task(refresh(anonymous, person.tokens["refresh_token"]))
        await asyncio.sleep(0.1)
        assert not waiting.done()
    status, body = await waiting
    assert (status, body["code"]) == (401, "unauthenticated")
    await person.http.aclose()


async def test_another_session_outlives_the_end_of_one(kim: Person, anonymous: AsyncClient) -> None:
    other = expect(await anonymous.post(f"{API}/auth/login", json={"email": kim.email, "password": PASSWORD}), 200)
    expect(await anonymous.post(f"{API}/auth/logout", json={"refresh_token": other["refresh_token"]}), 204)
    assert await whoami(anonymous, other["access_token"]) == 401
    assert (await refresh(anonymous, other["refresh_token"]))[0] == 401
    assert await whoami(anonymous, kim.tokens["access_token"]) == 200


async def test_logging_out_twice_or_with_an_unknown_token_is_no_error(anonymous: AsyncClient) -> None:
    for _ in range(2):
        expect(await anonymous.post(f"{API}/auth/logout", json={"refresh_token": "unknown"}), 204)


@pytest.mark.parametrize("token", ["unknown", "ü" * 50, "x" * 200])
async def test_an_unknown_refresh_token_is_refused(anonymous: AsyncClient, token: str) -> None:
    status, body = await refresh(anonymous, token)
    assert (status, body["code"]) == (401, "unauthenticated")


async def test_an_expired_session_opens_nothing(app: FastAPI, anonymous: AsyncClient, owner_database: Database) -> None:
    person = await register(app, fresh_email())
    async with owner_database.begin() as connection:
        statement = text("UPDATE sessions SET expires_at = now() - interval '1 second' WHERE user_id = :user")
        await connection.execute(statement, {"user": person.user["id"]})
    problem(await person.get("/users/me"), 401, "unauthenticated")
    assert (await refresh(anonymous, person.tokens["refresh_token"]))[0] == 401
    await person.http.aclose()


async def test_housekeeping_forgets_long_ended_sessions_alone(
    app: FastAPI, kim: Person, owner_database: Database, app_database: Database
) -> None:
    person = await register(app, fresh_email())
    sessions = text("SELECT count(*) FROM sessions WHERE user_id = :user")
    async with owner_database.begin() as connection:
        statement = text("UPDATE sessions SET expires_at = now() - interval '31 days' WHERE user_id = :user")
        await connection.execute(statement, {"user": person.user["id"]})
    await keep_house(app_database)
    async with owner_database.begin() as connection:
        assert await connection.scalar(sessions, {"user": person.user["id"]}) == 0
        assert await connection.scalar(sessions, {"user": kim.user["id"]}) == 1
    await person.http.aclose()


async def test_the_password_is_hashed_anew_when_the_settings_rise(
    app: FastAPI, settings: Settings, owner_database: Database
) -> None:
    person = await register(app, fresh_email())
    stored = text("SELECT hash FROM passwords WHERE user_id = :user")
    async with serving(settings, argon2_time_cost=2) as (_, client):
        async with owner_database.begin() as connection:
            before = await connection.scalar(stored, {"user": person.user["id"]})
        for _ in range(2):
            expect(await client.post(f"{API}/auth/login", json={"email": person.email, "password": PASSWORD}), 200)
            async with owner_database.begin() as connection:
                after = await connection.scalar(stored, {"user": person.user["id"]})
            assert ("t=1," in before, "t=2," in after) == (True, True)
    await person.http.aclose()

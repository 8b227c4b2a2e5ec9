"""How much anybody may ask: the limits of every request, and those of operations that let people in."""

import asyncio
import re
import secrets
import time
from datetime import timedelta
from uuid import UUID

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text

from app.core.clock import now
from app.core.config import Settings, load_settings
from app.core.database import Database
from app.core.failures import StartupError
from app.core.ids import new_id
from app.core.rate_limits.bearers import Bearers
from app.core.rate_limits.memory import BoundedMemory
from app.core.security import PERSONAL_TOKEN, Bearer, digest
from tests.conftest import fresh_email
from tests.people import API, PASSWORD, Person, expect, problem, register
from tests.servers import client_of, serving

HOME, AWAY = "198.51.100.1", "198.51.100.2"


def refused(answer: Response, name: str, at_most: int = 60) -> int:
    """That a limit of this name refused; returns the seconds to wait."""
    body = problem(answer, 429, "rate_limited")
    seconds = int(answer.headers["retry-after"])
    assert 1 <= seconds <= at_most
    assert body["retry_after"] == seconds
    assert f"try again in {seconds} second" in body["detail"]
    assert f'"{name}";r=0;' in answer.headers["ratelimit"]
    return seconds


async def test_a_user_has_so_many_requests_wherever_they_come_from(settings: Settings) -> None:
    async with serving(settings, rate_limit_user="3/minute") as (app, _):
        kim, robin = await register(app, fresh_email()), await register(app, fresh_email())
        async with client_of(app, base_url=f"http://test{API}", address=AWAY) as elsewhere:
            token = {"Authorization": kim.http.headers["authorization"]}
            left = [(await kim.get("/users/me")).headers["ratelimit-remaining"]]
            left += [(await elsewhere.get("/users/me", headers=token)).headers["ratelimit-remaining"] for _ in range(2)]
            assert left == ["2", "1", "0"]
            refused(await kim.get("/users/me"), "user")
            refused(await elsewhere.get("/nowhere", headers=token), "user")
            assert (await robin.get("/users/me")).status_code == 200
            assert (await elsewhere.get("/users/me")).status_code == 401
        for person in (kim, robin):
            await person.http.aclose()


async def test_a_refused_request_changes_nothing(settings: Settings) -> None:
    async with serving(settings, rate_limit_user="2/minute") as (app, _):
        kim = await register(app, fresh_email())
        await kim.account("first")
        headers = {"Idempotency-Key": "k"}
        body = {"name": "second", "type": "cash", "currency": "EUR"}
        expect(await kim.http.post("/accounts", json=body, headers=headers), 201)
        refused(await kim.http.post("/accounts", json={**body, "name": "third"}), "user")
        refused(await kim.http.post("/accounts", json=body, headers=headers), "user")
        await app.state.limiter.counters.clear(f"user/{kim.user['id']}")
        names = {account["name"] for account in (await kim.read("/accounts"))["items"]}
        assert names == {"first", "second"}
        await kim.http.aclose()


async def test_every_answer_tells_how_limits_stand(settings: Settings) -> None:
    async with serving(settings, rate_limit_anonymous="5/hour", rate_limit_login="2/minute") as (_, client):
        plain = await client.get(f"{API}/users/me")
        problem(plain, 401, "unauthenticated")
        assert plain.headers["ratelimit-policy"] == '"anonymous";q=5;w=3600'
        assert re.fullmatch(r'"anonymous";r=4;t=(3600|3599)', plain.headers["ratelimit"])
        assert (plain.headers["ratelimit-limit"], plain.headers["ratelimit-remaining"]) == ("5", "4")
        assert plain.headers["ratelimit-reset"] in {"3600", "3599"}
        assert "retry-after" not in plain.headers

        body = {"email": fresh_email(), "password": "wrong"}
        login = await client.post(f"{API}/auth/login", json=body)
        policies = re.findall(r'"([a-z-]+)";q=\d+;w=\d+', login.headers["ratelimit-policy"])
        assert policies == ["anonymous", "login-address", "login", "login-account"]
        # The old headers tell of the nearest limit.
        assert (login.headers["ratelimit-limit"], login.headers["ratelimit-remaining"]) == ("2", "1")


async def test_who_has_no_good_token_counts_by_address(settings: Settings, kim: Person) -> None:
    good = kim.http.headers["authorization"]
    damaged = f"{good[:-6]}{'a' * 6}"
    unsigned = "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiI3In0."
    authorizations = [damaged, unsigned, "Bearer", f"Bearer {PERSONAL_TOKEN}x", "Basic a2ltOng=", "Bearer a b"]
    async with serving(settings, rate_limit_anonymous="7/hour") as (app, _):
        async with client_of(app, address="2001:db8:1:2::1") as client:
            for authorization in authorizations:
                answer = await client.get(f"{API}/users/me", headers={"Authorization": authorization})
                problem(answer, 401, "unauthenticated")
                left = answer.headers["ratelimit-remaining"]
                assert left == str(6 - authorizations.index(authorization))
            # A good token is not of this account.
            known = await client.get(f"{API}/users/me", headers={"Authorization": good})
            assert known.headers["ratelimit-policy"].startswith('"user"')
        async with client_of(app, address="2001:db8:1:2:ffff::9") as neighbour:
            await neighbour.get(f"{API}/users/me")
            refused(await neighbour.get(f"{API}/users/me"), "anonymous", 3600)
        async with client_of(app, address="2001:db8:1:3::1") as other:
            problem(await other.get(f"{API}/users/me"), 401, "unauthenticated")


async def test_no_header_buys_another_address(settings: Settings) -> None:
    async with serving(settings, rate_limit_anonymous="3/hour") as (_, client):
        for number in range(3):
            headers = dict.fromkeys(("X-Forwarded-For", "X-Real-IP", "Forwarded", "Client-IP"), f"203.0.113.{number}")
            problem(await client.get(f"{API}/users/me", headers=headers), 401, "unauthenticated")
        refused(await client.get(f"{API}/users/me", headers={"X-Forwarded-For": "203.0.113.9"}), "anonymous", 3600)


async def test_a_trusted_proxy_s_clients_count_each_for_themselves(settings: Settings) -> None:
    changes = {"rate_limit_anonymous": "1/hour", "trusted_proxies": ["127.0.0.1"]}
    async with serving(settings, **changes) as (_, client):
        for number in range(3):
            headers = {"X-Forwarded-For": f"203.0.113.{number}"}
            problem(await client.get(f"{API}/users/me", headers=headers), 401, "unauthenticated")
        # What the client itself wrote stands left of what the proxy wrote.
        made_up = {"X-Forwarded-For": "192.0.2.9, 203.0.113.1"}
        refused(await client.get(f"{API}/users/me", headers=made_up), "anonymous", 3600)


async def test_a_personal_token_counts_for_its_user_once_it_opened_a_request(
    settings: Settings, owner_database: Database
) -> None:
    async with serving(settings, rate_limit_user="3/hour") as (app, client):
        kim = await register(app, fresh_email())
        token = f"{PERSONAL_TOKEN}{secrets.token_urlsafe(32)}"
        await _add_token(owner_database, kim.user["id"], token)
        headers = {"Authorization": f"Bearer {token}"}
        counted = [
            (await client.get(f"{API}/users/me", headers=headers)).headers["ratelimit-policy"].split('"')[1]
            for _ in range(4)
        ]
        assert counted == ["anonymous", "user", "user", "user"]
        refused(await kim.get("/users/me"), "user", 3600)
        refused(await client.get(f"{API}/users/me", headers=headers), "user", 3600)

        await app.state.limiter.counters.clear(f"user/{kim.user['id']}")
        await _revoke_token(owner_database, token)
        for name in ("user", "anonymous"):
            answer = await client.get(f"{API}/users/me", headers=headers)
            problem(answer, 401, "unauthenticated")
            assert answer.headers["ratelimit-policy"].startswith(f'"{name}"')
        await kim.http.aclose()


async def _add_token(owner: Database, user_id: str, token: str) -> None:
    values = {
        "id": new_id(),
        "user": UUID(user_id),
        "hash": digest(token),
        "prefix": token[:12],
        "end": now() + timedelta(days=1),
    }
    statement = text(
        "INSERT INTO personal_tokens (id, user_id, name, prefix, token_hash, scopes, expires_at) "
        "VALUES (:id, :user, 'script', :prefix, :hash, ARRAY['profile:read'], :end)"
    )
    async with owner.begin() as connection:
        await connection.execute(statement, values)


async def _revoke_token(owner: Database, token: str) -> None:
    statement = text("UPDATE personal_tokens SET revoked_at = now() WHERE token_hash = :hash")
    async with owner.begin() as connection:
        await connection.execute(statement, {"hash": digest(token)})


def test_the_bearers_that_are_remembered_are_bounded() -> None:
    bearers, owner = Bearers(most=2), new_id()
    seen = [Bearer(token_hash=secrets.token_bytes(32)) for _ in range(3)]
    for bearer in seen:
        bearers.note(bearer, owner)
    assert [bearers.owner_of(bearer) for bearer in seen] == [None, owner, owner]
    ended = [Bearer(session_id=new_id(), user_id=owner) for _ in range(3)]
    for bearer in ended:
        bearers.note(bearer, None)
    assert [bearers.is_over(bearer) for bearer in ended] == [False, True, True]
    assert bearers.owner_of(seen[2]) == owner


async def test_a_token_of_an_ended_session_does_not_use_up_its_owner_s_requests(settings: Settings) -> None:
    """It counts for itself until it is known to be over, and for the address from then on."""
    async with serving(settings, rate_limit_user="4/minute", rate_limit_anonymous="6/hour") as (app, _):
        kim = await register(app, fresh_email())
        tokens = expect(await kim.http.post("/auth/login", json={"email": kim.email, "password": PASSWORD}), 200)
        expect(await kim.http.post("/auth/logout", json={"refresh_token": tokens["refresh_token"]}), 204)
        await app.state.limiter.counters.clear(f"user/{kim.user['id']}")
        async with client_of(app, address=AWAY) as thief:
            thief.headers["Authorization"] = f"Bearer {tokens['access_token']}"
            answers = [await thief.get(f"{API}/users/me") for _ in range(8)]
        assert [answer.status_code for answer in answers] == [401] * 7 + [429]
        counted = [answer.headers["ratelimit-policy"].split('"')[1] for answer in answers]
        assert counted == ["user"] + ["anonymous"] * 7
        # Where a log-in is needed to guess, one that is over uses up nobody's guesses either.
        assert (await kim.get("/users/me")).headers["ratelimit-remaining"] == "3"
        await kim.http.aclose()


async def test_ended_sessions_at_once_do_not_use_up_their_owner_s_requests(settings: Settings) -> None:
    async with serving(settings, rate_limit_user="20/minute", rate_limit_login="3/minute") as (app, client):
        kim = await register(app, fresh_email())
        tokens = expect(await kim.http.post("/auth/login", json={"email": kim.email, "password": PASSWORD}), 200)
        expect(await kim.http.post("/auth/logout", json={"refresh_token": tokens["refresh_token"]}), 204)
        stolen = {"Authorization": f"Bearer {tokens['access_token']}"}
        body = {"password": "wrong"}
        answers = await asyncio.gather(
            *(client.post(f"{API}/auth/confirm", json=body, headers=stolen) for _ in range(25))
        )
        assert {answer.status_code for answer in answers} == {401, 429}
        expect(await kim.http.post("/auth/confirm", json={"password": PASSWORD}), 200)
        await kim.http.aclose()


async def test_a_new_session_gives_no_further_requests(settings: Settings) -> None:
    async with serving(settings, rate_limit_user="6/hour") as (app, client):
        kim = await register(app, fresh_email())
        left = []
        for _ in range(3):
            tokens = expect(
                await client.post(f"{API}/auth/login", json={"email": kim.email, "password": PASSWORD}), 200
            )
            headers = {"Authorization": f"Bearer {tokens['access_token']}"}
            await client.get(f"{API}/users/me", headers=headers)
            left.append((await client.get(f"{API}/users/me", headers=headers)).headers["ratelimit-remaining"])
        assert left == ["4", "2", "0"]
        await kim.http.aclose()


async def test_what_monitoring_asks_is_free(settings: Settings) -> None:
    async with serving(settings, rate_limit_anonymous="1/hour") as (_, client):
        for path in ("/health", "/health/detailed", "/metrics", "/docs", "/openapi.json") * 2:
            answer = await client.get(path)
            assert answer.status_code == 200
            assert "ratelimit" not in answer.headers
        await client.get(f"{API}/nowhere")
        refused(await client.get(f"{API}/nowhere"), "anonymous", 3600)


async def test_one_setting_turns_all_of_it_off(settings: Settings) -> None:
    limits = {f"rate_limit_{kind}": "1/day" for kind in ("user", "anonymous", "login", "login_address", "registration")}
    async with serving(settings, rate_limit_enabled=False, redis_url="redis://127.0.0.1:1", **limits) as (app, client):
        kim = await register(app, fresh_email())
        for _ in range(4):
            answer = await kim.get("/users/me")
            assert answer.status_code == 200
            assert "ratelimit" not in answer.headers
            wrong = await client.post(f"{API}/auth/login", json={"email": kim.email, "password": "wrong"})
            problem(wrong, 401, "wrong_credentials")
        await kim.http.aclose()


@pytest.mark.parametrize(
    "rate", ["", "100", "0/minute", "ten/minute", "10/fortnight", "1/minute;2/hour", "-1/hour", "1/0second"]
)
def test_a_limit_that_is_none_is_told_at_the_start(rate: str) -> None:
    if not rate:
        assert load_settings(_env_file=None).rate_limit_user == "100/minute"
        return
    with pytest.raises(StartupError, match="RATE_LIMIT_USER"):
        load_settings(_env_file=None, rate_limit_user=rate)


async def sign_up(client: AsyncClient) -> Response:
    return await client.post(f"{API}/auth/register", json={"email": fresh_email(), "password": PASSWORD})


async def test_an_address_signs_up_so_often(settings: Settings) -> None:
    async with serving(settings, rate_limit_registration="2/hour") as (app, client):
        assert [(await sign_up(client)).status_code for _ in range(2)] == [201, 201]
        refused(await sign_up(client), "registration", 3600)
        async with client_of(app, address=AWAY) as other:
            assert (await sign_up(other)).status_code == 201


async def test_a_thousand_refresh_tokens_are_not_tried(settings: Settings) -> None:
    async with serving(settings, rate_limit_login_address="2/minute") as (_, client):
        tries = [await client.post(f"{API}/auth/refresh", json={"refresh_token": f"x{n}"}) for n in range(3)]
        for answer in tries[:2]:
            problem(answer, 401, "unauthenticated")
        refused(tries[2], "login-address")


async def test_a_key_chosen_by_a_stranger_takes_the_room_of_its_own_kind_alone() -> None:
    memory = BoundedMemory(most_keys=3)
    await memory.incr("user/kim", 60)
    for number in range(10):
        await memory.incr(f"anonymous/{number}", 60)
        # Who goes on asking stays counted.
        await memory.incr("anonymous/busy", 60)
    assert await memory.get("user/kim") == 1
    assert await memory.get("anonymous/busy") == 10
    assert await memory.get("anonymous/0") == 0
    assert await memory.reset() == 4
    assert await memory.check()


async def test_a_window_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = BoundedMemory()
    began = time.time()
    monkeypatch.setattr("time.time", lambda: began)
    assert [await memory.incr("user/kim", 1), await memory.incr("user/kim", 1)] == [1, 2]
    end = await memory.get_expiry("user/kim")
    monkeypatch.setattr("time.time", lambda: began + 1)
    assert (await memory.get("user/kim"), await memory.incr("user/kim", 1)) == (0, 1)
    assert await memory.get_expiry("user/kim") > end

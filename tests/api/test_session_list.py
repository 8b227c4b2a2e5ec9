"""Seeing and ending one's own sessions, and when they were last used."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import text

from app.access import last_uses as module
from app.access.last_uses import LastUses
from app.core.config import Settings
from app.core.database import Database
from app.core.ids import new_id
from tests.conftest import fresh_email
from tests.people import API, PASSWORD, Person, expect, fields, problem, register
from tests.servers import serving


@pytest.fixture
async def lee(app: FastAPI) -> AsyncIterator[Person]:
    """Somebody whose sessions may all end."""
    person = await register(app, fresh_email())
    yield person
    await person.http.aclose()


async def log_in(client: AsyncClient, person: Person, agent: str = "phone") -> dict[str, Any]:
    body = {"email": person.email, "password": PASSWORD}
    tokens: dict[str, Any] = expect(
        await client.post(f"{API}/auth/login", json=body, headers={"User-Agent": agent}), 200
    )
    return tokens


async def works(client: AsyncClient, tokens: dict[str, Any]) -> bool:
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return (await client.get(f"{API}/users/me", headers=headers)).status_code == 200


async def sessions(person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await person.read("/auth/sessions"))["items"]
    return found


async def test_the_list_tells_of_every_live_session_newest_first(lee: Person, anonymous: AsyncClient) -> None:
    await log_in(anonymous, lee, "p" * 1000)
    ended = await log_in(anonymous, lee)
    expect(await anonymous.post(f"{API}/auth/logout", json={"refresh_token": ended["refresh_token"]}), 204)

    page = await lee.read("/auth/sessions")

    assert (page["next_cursor"], page["total"]) == (None, None)
    phone, present = page["items"]
    assert (phone["device"], phone["address"], phone["method"]) == ("p" * 300, "127.0.0.1", "password")
    assert (phone["current"], present["current"]) == (False, True)
    assert set(phone) == {
        "id", "device", "address", "method", "created_at", "last_used_at", "expires_at", "current",
    }  # fmt: skip
    lasting = datetime.fromisoformat(phone["expires_at"]) - datetime.fromisoformat(phone["created_at"])
    assert timedelta(days=29) < lasting < timedelta(days=31)


async def test_the_list_comes_in_pages(lee: Person, anonymous: AsyncClient) -> None:
    for _ in range(2):
        await log_in(anonymous, lee)
    whole = await sessions(lee)
    walked, cursor = [], None
    while True:
        page = await lee.read("/auth/sessions", limit=1, **({"cursor": cursor} if cursor else {}))
        walked += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [item["id"] for item in walked] == [item["id"] for item in whole]
    assert len(whole) == 3


@pytest.mark.parametrize("cursor", ["x", "WyItaWQiLDFd", "WyItaWQiLCJ4Il0", "WyItaWQiLG51bGxd", "a" * 2000])
async def test_a_made_up_cursor_is_refused(kim: Person, cursor: str) -> None:
    answer = await kim.get("/auth/sessions", cursor=cursor)
    assert fields(problem(answer, 422, "invalid_input")) & {
        ("query.cursor", "bad_cursor"),
        ("query.cursor", "string_too_long"),
    }


async def test_an_ended_session_opens_nothing_from_the_next_request_on(lee: Person, anonymous: AsyncClient) -> None:
    phone = await log_in(anonymous, lee)
    assert await works(anonymous, phone)
    (other,) = [item for item in await sessions(lee) if not item["current"]]

    expect(await lee.http.delete(f"/auth/sessions/{other['id']}"), 204)

    assert not await works(anonymous, phone)
    answer = await anonymous.post(f"{API}/auth/refresh", json={"refresh_token": phone["refresh_token"]})
    problem(answer, 401, "unauthenticated")
    problem(await lee.http.delete(f"/auth/sessions/{other['id']}"), 404, "not_found")
    assert [item["current"] for item in await sessions(lee)] == [True]


async def test_the_present_session_may_be_ended_too(lee: Person) -> None:
    (present,) = await sessions(lee)
    expect(await lee.http.delete(f"/auth/sessions/{present['id']}"), 204)
    problem(await lee.get("/auth/sessions"), 401, "unauthenticated")


@pytest.mark.parametrize(
    ("session_id", "status"),
    [("01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6", 404), ("x", 422), ("%00", 422), ("1" * 500, 422)],
)
async def test_a_session_that_is_not_there_cannot_be_ended(kim: Person, session_id: str, status: int) -> None:
    answer = await kim.http.delete(f"/auth/sessions/{session_id}")
    problem(answer, status, "not_found" if status == 404 else "invalid_input")


async def test_a_session_ended_twice_at_once_ends_once(lee: Person, anonymous: AsyncClient) -> None:
    await log_in(anonymous, lee)
    (other,) = [item for item in await sessions(lee) if not item["current"]]
    answers = await asyncio.gather(*(lee.http.delete(f"/auth/sessions/{other['id']}") for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [204, 404, 404]


@pytest.mark.parametrize("body", [None, {}, {"keep_current": False}])
async def test_logging_out_everywhere_ends_the_present_session_too(
    lee: Person, anonymous: AsyncClient, body: dict[str, Any] | None
) -> None:
    phone = await log_in(anonymous, lee)
    assert expect(await lee.http.post("/auth/logout-all", json=body), 200) == {"ended": 2}
    assert not await works(anonymous, phone)
    problem(await lee.get("/users/me"), 401, "unauthenticated")
    assert await works(anonymous, await log_in(anonymous, lee))


async def test_logging_out_everywhere_else_keeps_the_present_session(
    lee: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    phones = [await log_in(anonymous, lee) for _ in range(2)]
    headers = {"Idempotency-Key": "everywhere"}
    for replayed in (None, "true"):
        answer = await lee.http.post("/auth/logout-all", json={"keep_current": True}, headers=headers)
        assert expect(answer, 200) == {"ended": 2}
        assert answer.headers.get("idempotency-replayed") == replayed
    assert [await works(anonymous, phone) for phone in phones] == [False, False]
    (present,) = await sessions(lee)
    told = text("SELECT action, actor_id::text, details FROM audit WHERE subject_id = :user")
    async with owner_database.begin() as connection:
        (entry,) = (await connection.execute(told, {"user": lee.user["id"]})).all()
    assert entry == ("sessions_revoked", lee.user["id"], {"ended": 2, "kept": present["id"]})


@pytest.mark.parametrize("body", [{"keep_current": "yes"}, {"keep_current": None}, {"keep": True}, [], "x"])
async def test_a_wrong_log_out_everywhere_ends_nothing(kim: Person, body: Any) -> None:
    problem(await kim.http.post("/auth/logout-all", json=body), 422, "invalid_input")
    expect(await kim.get("/users/me"), 200)


# --- Last use


async def stored(database: Database, person: Person) -> datetime:
    statement = text("SELECT last_used_at FROM sessions WHERE user_id = :user")
    async with database.begin() as connection:
        found: datetime = (await connection.execute(statement, {"user": person.user["id"]})).scalar_one()
    return found


async def backdate(database: Database, person: Person) -> None:
    statement = text("UPDATE sessions SET last_used_at = now() - interval '1 day' WHERE user_id = :user")
    async with database.begin() as connection:
        await connection.execute(statement, {"user": person.user["id"]})


async def written(uses: LastUses, used_id: UUID) -> None:
    while uses.of(used_id) is not None:  # noqa: ASYNC110  # nothing tells of it
        await asyncio.sleep(0.01)


async def test_a_use_shows_at_once_and_is_written_later(
    app: FastAPI, lee: Person, owner_database: Database, app_database: Database
) -> None:
    await backdate(owner_database, lee)
    before = await stored(owner_database, lee)
    (present,) = await sessions(lee)
    shown = datetime.fromisoformat(present["last_used_at"])
    assert shown - before > timedelta(hours=23)
    assert await stored(owner_database, lee) == before  # no request writes it
    await app.state.last_uses.flush(app_database)
    assert await stored(owner_database, lee) == shown
    assert app.state.last_uses.of(UUID(present["id"])) is None


async def test_what_is_not_written_yet_is_written_when_the_server_stops(
    settings: Settings, owner_database: Database
) -> None:
    async with serving(settings) as (app, _):
        person = await register(app, fresh_email())
        await backdate(owner_database, person)
        before = await stored(owner_database, person)
        expect(await person.get("/users/me"), 200)
        await person.http.aclose()
    assert await stored(owner_database, person) > before


async def test_it_is_written_while_the_server_runs(
    settings: Settings, owner_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.01)
    async with serving(settings) as (app, _):
        person = await register(app, fresh_email())
        await backdate(owner_database, person)
        before = await stored(owner_database, person)
        expect(await person.get("/users/me"), 200)
        async with asyncio.timeout(60):
            while await stored(owner_database, person) == before:
                pass
        await person.http.aclose()


async def test_memory_is_bounded_and_written_when_it_is_full(
    kim: Person, app_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_NOTED", 2)
    uses = LastUses()
    ids = [new_id() for _ in range(3)]
    for used_id in ids:
        uses.note(used_id, None)
    assert [uses.of(used_id) is not None for used_id in ids] == [True, True, False]
    uses.note(ids[0], "192.0.2.1")  # one that is known needs no more room
    async with uses.flushing(app_database), asyncio.timeout(60):
        await written(uses, ids[0])  # without waiting for the pause: it was full


async def test_what_cannot_be_written_is_kept_for_the_next_time(
    lee: Person, app_database: Database, owner_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.01)
    nowhere = Database("postgresql+asyncpg://nobody@127.0.0.1:1/nothing", pool_size=1)
    session_id = new_id()
    uses = LastUses()
    uses.note(session_id, None)
    async with uses.flushing(nowhere):
        await asyncio.sleep(0.05)
    await nowhere.dispose()
    assert uses.of(session_id) is not None
    await uses.flush(app_database)
    assert uses.of(session_id) is None


async def test_a_use_during_the_write_is_not_lost(app_database: Database) -> None:
    uses, session_id = LastUses(), new_id()
    uses.note(session_id, None)
    writing = asyncio.create_task(uses.flush(app_database))
    await asyncio.sleep(0)
    assert not writing.done()
    uses.note(session_id, "192.0.2.1")
    await writing
    use = uses.of(session_id)
    assert use is not None
    assert use.address == "192.0.2.1"


async def test_a_session_that_somebody_holds_stops_no_write(
    app: FastAPI, lee: Person, kim: Person, owner_database: Database, app_database: Database
) -> None:
    for person in (lee, kim):
        await backdate(owner_database, person)
        expect(await person.get("/users/me"), 200)
    before = await stored(owner_database, lee)
    async with owner_database.begin() as connection:
        held = text("SELECT FROM sessions WHERE user_id = :user FOR UPDATE")
        await connection.execute(held, {"user": lee.user["id"]})
        async with asyncio.timeout(60):
            await app.state.last_uses.flush(app_database)
    assert await stored(owner_database, lee) == before
    assert await stored(owner_database, kim) > before + timedelta(hours=23)


async def test_time_goes_forward_alone(kim: Person, app_database: Database, owner_database: Database) -> None:
    (present,) = await sessions(kim)
    before = await stored(owner_database, kim)
    note = text(
        "SELECT note_last_uses(ARRAY[CAST(:id AS uuid)], ARRAY[now() + CAST(:by AS interval)], ARRAY[NULL::text])"
    )
    for offset in (timedelta(days=-9), timedelta(days=9)):
        async with app_database.begin() as connection:
            await connection.execute(note, {"id": present["id"], "by": offset})
    after = await stored(owner_database, kim)
    assert before < after < before + timedelta(minutes=5)

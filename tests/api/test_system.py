"""Health, metrics, the access log, and what happens while the database is away."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest
import structlog
from httpx import AsyncClient
from sqlalchemy import event, text

from app.core.config import LogFormat, Settings
from app.core.database import Database
from app.core.embedded import EmbeddedPostgres
from app.core.migrations import migrate, newest_revision
from tests.conftest import TEST_SERVER, fresh_email
from tests.databases import migrated_database
from tests.housekeeping import keep_house
from tests.people import API, PASSWORD, Person, expect, problem, register
from tests.servers import serving


async def test_health_needs_neither_log_in_nor_database(settings: Settings, anonymous: AsyncClient) -> None:
    assert expect(await anonymous.get("/health"), 200) == {"status": "ok"}
    nowhere = "postgresql+asyncpg://nobody@localhost:1/nothing"
    async with serving(settings, database_url=nowhere) as (_, client):
        assert expect(await client.get("/health"), 200) == {"status": "ok"}


async def test_detailed_health_says_what_was_checked(anonymous: AsyncClient) -> None:
    report = expect(await anonymous.get("/health/detailed"), 200)
    assert report["status"] == "ok"
    assert {name: check["ok"] for name, check in report["checks"].items()} == {
        "database": True,
        "migrations": True,
        "disk": True,
    }
    assert report["checks"]["migrations"]["present"] == newest_revision()


async def test_detailed_health_is_503_when_the_disk_is_full(settings: Settings) -> None:
    missing = settings.data_dir / "not" / "there"
    async with serving(settings, min_free_disk_bytes=2**62, data_dir=missing) as (_, client):
        report = expect(await client.get("/health/detailed"), 503)
    assert (report["status"], report["checks"]["disk"]["ok"]) == ("broken", False)


async def test_detailed_health_is_503_when_migrations_are_missing(
    settings: Settings, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.system.service.FRESH_SECONDS", 0)
    await asyncio.to_thread(postgres.create_database, "unmigrated")
    async with serving(settings, database_url=postgres.url("unmigrated")) as (_, client):
        # Without migrations there may be no role to work under either; both are told as broken.
        report = expect(await client.get("/health/detailed"), 503)
        assert report["checks"]["migrations"]["ok"] is False
        await migrate(postgres.url("unmigrated"))
        expect(await client.get("/health/detailed"), 200)
        await migrate(postgres.url("unmigrated"), "0003")
        report = expect(await client.get("/health/detailed"), 503)
    assert report["checks"]["database"]["ok"] is True
    assert report["checks"]["migrations"] == {"ok": False, "present": "0003", "newest": newest_revision()}


async def test_many_who_ask_for_detailed_health_cost_the_database_one_look(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.system.service.FRESH_SECONDS", 60)
    async with serving(settings) as (app, client):
        looks: list[str] = []

        @event.listens_for(app.state.database.engine.sync_engine, "before_cursor_execute")
        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if "FROM alembic_version" in statement:
                looks.append(statement)

        answers = await asyncio.gather(*(client.get("/health/detailed") for _ in range(30)))
        assert {answer.status_code for answer in answers} == {200}
        assert len(looks) == 1
        monkeypatch.setattr("app.system.service.FRESH_SECONDS", 0)
        expect(await client.get("/health/detailed"), 200)
        assert len(looks) == 2


async def test_returns_503_when_there_is_no_such_database(settings: Settings, postgres: EmbeddedPostgres) -> None:
    async with serving(settings, database_url=postgres.url("nothing")) as (_, client):
        answer = await client.post(f"{API}/auth/login", json={"email": "a@example.com", "password": PASSWORD})
        problem(answer, 503, "unavailable")


async def test_a_table_that_breaks_is_a_defect_of_ours(settings: Settings, postgres: EmbeddedPostgres) -> None:
    await migrated_database(postgres, "damaged")
    owner = Database(postgres.url("damaged"), pool_size=1, role=None)
    async with serving(settings, database_url=postgres.url("damaged")) as (app, _):
        person = await register(app, fresh_email())
        async with owner.begin() as connection:
            await connection.execute(text("ALTER TABLE tags RENAME TO lost_tags"))
        body = problem(await person.get("/tags"), 500, "internal_error")
        assert "tags" not in body["detail"]
        assert (await person.get("/accounts")).status_code == 200
        await person.http.aclose()
    await owner.dispose()


async def test_the_server_outlives_its_database(settings: Settings, work_folder: Path) -> None:
    folder = work_folder / "another"
    server = await asyncio.to_thread(EmbeddedPostgres.start, folder, settings=TEST_SERVER)
    await asyncio.to_thread(server.create_database, "finance")
    url = server.url("finance")
    await migrate(url)
    async with serving(settings, database_url=url) as (app, client):
        person = await register(app, fresh_email())
        await person.account()
        await asyncio.to_thread(server.stop)
        try:
            for _ in range(2):
                answer = await person.get("/accounts")
                problem(answer, 503, "unavailable")
                assert answer.headers["retry-after"] == "5"
            expect(await client.get("/health"), 200)
            report = expect(await client.get("/health/detailed"), 503)
            assert report["checks"]["database"]["ok"] is False
        finally:
            server = await asyncio.to_thread(EmbeddedPostgres.start, folder, settings=TEST_SERVER)
        try:
            await person.get("/accounts")
            answer = await person.get("/accounts")
            assert len(expect(answer, 200)["items"]) == 1
            await person.check_integrity()
            await person.http.aclose()
        finally:
            await app.state.database.dispose()
            await asyncio.to_thread(server.stop)


async def test_housekeeping_says_what_it_did(app_database: Database) -> None:
    with structlog.testing.capture_logs() as logs:
        await keep_house(app_database)
    (entry,) = logs
    assert {"event", "idempotency_keys", "sessions"} <= entry.keys()


async def test_metrics_count_requests_by_route_and_status(kim: Person, anonymous: AsyncClient) -> None:
    await kim.get("/accounts/01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6")
    await anonymous.get("/scanned/by/a/robot")
    answer = await anonymous.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    lines = [line for line in answer.text.splitlines() if line.startswith("finance_http_requests_total{")]
    assert any('method="GET"' in line and '{account_id}"' in line and 'status="404"' in line for line in lines)
    assert any('route="unmatched"' in line for line in lines)
    assert "robot" not in answer.text


async def test_the_access_log_is_json_with_its_context(settings: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    try:
        async with serving(settings, log_format=LogFormat.JSON, log_level="INFO") as (app, client):
            person = await register(app, fresh_email())
            capfd.readouterr()
            missing = "/accounts/01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"
            await person.http.get(missing, headers={"X-Request-Id": "trace"})
            await client.get("/health?token=secret")
            await person.http.aclose()
    finally:
        root.handlers, root.level = handlers, level
    entries: list[dict[str, Any]] = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line]
    read, health = [entry for entry in entries if entry["event"] == "request"]
    assert {
        "method": "GET",
        "path": f"{API}{missing}",
        "status": 404,
        "request_id": "trace",
        "user_id": person.user["id"],
        "code": "account_not_found",
        "level": "info",
        "logger": "finance.access",
    }.items() <= read.items()
    assert read["duration_ms"] > 0
    assert read["timestamp"].endswith("Z")
    assert (health["path"], health["status"], health["user_id"], health["code"]) == ("/health", 200, None, None)
    assert "secret" not in json.dumps(health)


async def test_the_front_door_leads_to_the_documentation(anonymous: AsyncClient) -> None:
    answer = await anonymous.get("/")
    assert (answer.status_code, answer.headers["location"]) == (307, "/docs")

from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.core.config import Settings
from tests.people import API, Person, problem
from tests.servers import client_of, serving

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


@pytest.mark.parametrize(
    "path", ["/nowhere", "/api", "/api/v1/nowhere", "/api/v2/accounts", "/api/v1/accounts/x/y/z", "/docs/x"]
)
async def test_an_unknown_path_is_404(anonymous: AsyncClient, path: str) -> None:
    body = problem(await anonymous.get(path), 404, "not_found")
    assert body["instance"] == path


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/users/me", "GET, PATCH, DELETE"),
        ("PUT", "/accounts", "GET, POST"),
        ("DELETE", "/books", "GET, POST"),
        ("OPTIONS", "/accounts/01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6", "GET, PUT, PATCH, DELETE"),
        ("GET", "/auth/login", "POST"),
    ],
)
async def test_returns_405_and_every_method_of_the_path(
    anonymous: AsyncClient, method: str, path: str, allowed: str
) -> None:
    answer = await anonymous.request(method, f"{API}{path}")
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize("path", ["/health", f"{API}/users/me", f"{API}/nowhere", "/metrics"])
async def test_every_answer_has_the_security_headers_and_an_id(anonymous: AsyncClient, path: str) -> None:
    answer = await anonymous.get(path)
    assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert len(answer.headers["x-request-id"]) == 32


async def test_what_is_read_is_not_kept_by_shared_caches(kim: Person, anonymous: AsyncClient) -> None:
    answer = await kim.get("/accounts")
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "Authorization" in answer.headers["vary"]
    assert "cache-control" not in (await anonymous.get("/health")).headers


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/docs/oauth2-redirect"])
async def test_the_documentation_may_run_its_own_scripts_and_no_others(anonymous: AsyncClient, path: str) -> None:
    answer = await anonymous.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "script-src 'self' 'unsafe-inline'" in answer.headers["content-security-policy"]
    assert "https://" not in answer.text


async def test_a_sane_request_id_is_kept_and_another_replaced(anonymous: AsyncClient) -> None:
    kept = await anonymous.get("/health", headers={"X-Request-Id": "trace-1.2_3"})
    assert kept.headers["x-request-id"] == "trace-1.2_3"
    for bad in (b"", b"x" * 65, b"a b", b"a\tb", b"\xe9", b"<script>"):
        answer = await anonymous.get("/health", headers={b"X-Request-Id": bad})
        assert answer.headers["x-request-id"].encode() != bad
        assert len(answer.headers["x-request-id"]) == 32
    body = problem(await anonymous.get("/nowhere", headers={"X-Request-Id": "mine"}), 404, "not_found")
    assert body["request_id"] == "mine"


@pytest.fixture
async def broken(settings: Settings) -> Any:
    """The application with two routes that have a defect."""
    async with serving(settings, cors_origins=["https://app.example"]) as (app, client):

        @app.get("/defect")
        async def defect() -> None:
            raise RuntimeError("the password is hunter2")

        @app.get("/division")
        async def division() -> float:
            return 1 / 0

        yield client


@pytest.mark.parametrize("path", ["/defect", "/division"])
async def test_a_defect_shows_nothing_of_the_inside(
    broken: AsyncClient, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"Origin": "https://app.example", "X-Request-Id": "trace"}
    answer = await broken.get(path, headers=headers)
    body = problem(answer, 500, "internal_error")
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text
    assert "ZeroDivision" not in answer.text
    assert set(body) == {"type", "title", "status", "detail", "instance", "code", "request_id"}
    assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    (entry,) = [record.msg for record in caplog.records if "unhandled_error" in str(record.msg)]
    assert isinstance(entry, dict)
    assert {"method": "GET", "path": path, "route": path, "request_id": "trace"}.items() <= entry.items()
    assert isinstance(entry["exc_info"], Exception)


async def test_cors_answers_the_configured_origin_alone(settings: Settings, kim: Person) -> None:
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "Authorization"}
    async with serving(settings, cors_origins=["https://app.example"]) as (_, client):
        for origin, allowed in (("https://app.example", "https://app.example"), ("https://evil.example", None)):
            answer = await client.options(f"{API}/accounts", headers={"Origin": origin, **preflight})
            assert answer.headers.get("access-control-allow-origin") == allowed
            read = await client.get(
                f"{API}/accounts", headers={"Origin": origin, "Authorization": kim.http.headers["authorization"]}
            )
            assert read.status_code == 200
            assert read.headers.get("access-control-allow-origin") == allowed
            if allowed:
                assert "ETag" in read.headers["access-control-expose-headers"]
    async with serving(settings, cors_origins=["*"]) as (_, client):
        answer = await client.get("/health", headers={"Origin": "https://any.example"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


async def test_without_cors_no_origin_is_answered(anonymous: AsyncClient) -> None:
    answer = await anonymous.get("/health", headers={"Origin": "https://app.example"})
    assert "access-control-allow-origin" not in answer.headers


async def test_the_contract_is_served(app: FastAPI) -> None:
    async with client_of(app) as client:
        assert (await client.get("/openapi.json")).json() == app.openapi()

"""What browsers are told: which pages may call the API, and how carefully to treat its answers."""

import pytest
from httpx import AsyncClient

from app.core.config import Settings, load_settings
from app.core.failures import StartupError
from tests.people import API, Person, problem
from tests.servers import serving

PAGE = "https://app.example"
ASKED = "authorization, content-type, idempotency-key, if-match, if-none-match, range, x-book-id, x-request-id"


def preflight(origin: str, method: str = "PATCH", headers: str = ASKED) -> dict[str, str]:
    return {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}


async def test_a_named_page_may_send_what_our_routes_take(settings: Settings) -> None:
    async with serving(settings, cors_origins=[PAGE]) as (_, client):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            answer = await client.options(f"{API}/accounts", headers=preflight(PAGE, method))
            assert answer.status_code == 200
            assert answer.headers["access-control-allow-origin"] == PAGE
            assert method in answer.headers["access-control-allow-methods"]
            allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
            assert set(ASKED.split(", ")) <= set(allowed)
            assert answer.headers["access-control-allow-credentials"] == "true"
            assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize(
    "headers",
    [preflight("https://evil.example"), preflight("null"), preflight(PAGE, "TRACE"), preflight(PAGE, headers="X-Evil")],
)
async def test_a_preflight_for_anything_else_is_refused(settings: Settings, headers: dict[str, str]) -> None:
    async with serving(settings, cors_origins=[PAGE]) as (_, client):
        answer = await client.options(f"{API}/accounts", headers=headers)
        assert answer.status_code == 400
        if headers["Origin"] != PAGE:
            assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "origin", ["https://app.example.evil", "https://app.example:8443", "http://app.example", "null"]
)
async def test_an_origin_is_compared_whole(settings: Settings, origin: str) -> None:
    async with serving(settings, cors_origins=[PAGE]) as (_, client):
        answer = await client.get("/health", headers={"Origin": origin})
        assert "access-control-allow-origin" not in answer.headers


async def test_all_origins_means_no_credentials(settings: Settings) -> None:
    async with serving(settings, cors_origins=["*"]) as (_, client):
        answer = await client.options(f"{API}/accounts", headers=preflight("https://any.example"))
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


async def test_a_page_may_read_the_limits_and_a_refusal(settings: Settings) -> None:
    async with serving(settings, cors_origins=[PAGE], rate_limit_anonymous="1/hour") as (_, client):
        for _ in range(3):
            # Preflight requests are not counted.
            assert (await client.options(f"{API}/books", headers=preflight(PAGE, "GET"))).status_code == 200
        first = await client.get(f"{API}/books", headers={"Origin": PAGE})
        problem(first, 401, "unauthenticated")
        second = await client.get(f"{API}/books", headers={"Origin": PAGE})
        problem(second, 429, "rate_limited")
    for answer in (first, second):
        assert answer.headers["access-control-allow-origin"] == PAGE
        exposed = answer.headers["access-control-expose-headers"].split(", ")
        assert {"RateLimit", "RateLimit-Policy", "RateLimit-Remaining", "Retry-After", "ETag"} <= set(exposed)


@pytest.mark.parametrize(
    "origin", ["app.example", "https://app.example/", "https://App.example", "null", "*,https://a.b"]
)
def test_an_origin_in_the_settings_is_exact(origin: str) -> None:
    with pytest.raises(StartupError, match="CORS_ORIGINS"):
        load_settings(_env_file=None, cors_origins=origin)


def test_origins_are_separated_by_commas() -> None:
    found = load_settings(_env_file=None, cors_origins="https://a.example, http://localhost:5173,http://[::1]:80")
    assert found.cors_origins == ["https://a.example", "http://localhost:5173", "http://[::1]:80"]
    assert load_settings(_env_file=None, cors_origins="*").cors_origins == ["*"]


async def test_every_answer_has_the_security_headers(kim: Person, anonymous: AsyncClient) -> None:
    wanted = {
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "x-permitted-cross-domain-policies": "none",
    }
    answers = [
        await kim.get("/accounts"),
        await kim.get("/accounts/nonsense"),
        await anonymous.get("/nowhere"),
        await anonymous.get("/docs"),
        await anonymous.post(f"{API}/auth/login", content=b"{", headers={"Content-Type": "application/json"}),
    ]
    for answer in answers:
        assert wanted.items() <= dict(answer.headers).items(), answer.url
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "strict-transport-security" not in answer.headers


async def test_https_is_insisted_on_where_people_reach_the_server_by_it(settings: Settings) -> None:
    async with serving(settings, public_url="https://money.example", rate_limit_anonymous="1/hour") as (_, client):
        for path, status in (("/health", 200), (f"{API}/books", 401), (f"{API}/books", 429), ("/nowhere", 404)):
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["strict-transport-security"]) == (status, "max-age=31536000")

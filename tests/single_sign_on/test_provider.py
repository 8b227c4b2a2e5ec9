"""A provider that is away, slow, broken, misconfigured or hostile: a clear answer each time, and soon."""

import asyncio
import zlib
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.responses import JSONResponse, RedirectResponse, Response

from app.auth.oidc import fetching, provider
from app.auth.oidc.provider import provider_of
from app.core.config import Settings, load_settings
from app.core.failures import StartupError
from tests.people import expect, problem
from tests.servers import serving
from tests.single_sign_on.browsers import Browser, query_of
from tests.single_sign_on.conftest import PAGE, Records, known_to
from tests.single_sign_on.evil_provider import CLIENT_ID, CLIENT_SECRET, EvilProvider

DISCOVERY = "/.well-known/openid-configuration"


BROKEN = {
    "not JSON": (Response("<html>"), "oidc_provider_error"),
    "a list": (JSONResponse([1]), "oidc_provider_error"),
    "deep": (Response("[" * 100_000), "oidc_provider_error"),
    "empty": (Response(), "oidc_provider_error"),
    "not UTF-8": (Response(b"\xff\xfe{}"), "oidc_provider_error"),
    "large": (Response(b" " * 300_000), "oidc_provider_error"),
    "compressed": (
        Response(zlib.compress(b'{"x": "' + b"0" * 10_000_000 + b'"}'), headers={"Content-Encoding": "deflate"}),
        "oidc_provider_error",
    ),
    "elsewhere": (RedirectResponse("http://169.254.169.254/latest/meta-data"), "oidc_provider_error"),
    "out of order": (JSONResponse({"error": "x"}, 503), "oidc_unavailable"),
    "too many": (Response(status_code=429), "oidc_unavailable"),
}


@pytest.mark.parametrize("path", [DISCOVERY, "/token", "/jwks", "/userinfo"])
@pytest.mark.parametrize("name", BROKEN)
async def test_answers_of_no_use_are_said_to_be(
    browser: Browser, evil: EvilProvider, records: Records, name: str, path: str
) -> None:
    evil.answers[path], code = BROKEN[name]
    email = evil.claims.pop("email")
    begun = await browser.http.get("/auth/oidc/start")
    if path != DISCOVERY:
        begun = await browser.come_back(await browser.ask(begun.headers["location"]))
    problem(begun, 503 if code == "oidc_unavailable" else 502, code)
    assert ("retry-after" in begun.headers) == (code == "oidc_unavailable")
    assert await records.identities(email) == []


async def test_a_provider_that_is_away_is_asked_once_for_all_who_wait(
    evil_app: FastAPI, settings: Settings, browser: Browser
) -> None:
    gone = load_settings(_env_file=None, **{**settings.model_dump(), **known_to("http://127.0.0.1:9")})
    evil_app.state.oidc = provider_of(gone)
    answers = await asyncio.gather(*(browser.http.get("/auth/oidc/start") for _ in range(5)))
    for answer in answers:
        problem(answer, 503, "oidc_unavailable")
    assert "set-cookie" not in answers[0].headers


async def test_a_slow_provider_is_not_waited_for(
    browser: Browser, evil: EvilProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "PATIENCE_SECONDS", 0.2)
    evil.held.add(DISCOVERY)  # until the test ends: who waited for it would not be answered
    answers = await asyncio.gather(*(browser.http.get("/auth/oidc/start") for _ in range(5)))
    for answer in answers:
        problem(answer, 503, "oidc_unavailable")
    assert evil.calls.count(DISCOVERY) == 1


async def test_a_slow_exchange_holds_no_connection_of_the_database(
    settings: Settings, evil_provider: EvilProvider
) -> None:
    """With one connection in the pool others are served while the provider thinks."""
    evil_provider.reset()
    evil_provider.claims["email"] = "slow@example.com"
    async with (
        serving(settings, **known_to(evil_provider.url), database_pool_size=1) as (application, _),
        Browser(application) as browser,
    ):
        location = await browser.ask(await browser.start())
        evil_provider.held.add("/token")
        waiting = asyncio.create_task(browser.come_back(location))
        while "/token" not in evil_provider.calls:  # noqa: ASYNC110  # it is another thread's
            await asyncio.sleep(0.01)
        problem(await browser.http.post("/auth/refresh", json={"refresh_token": "x"}), 401, "unauthenticated")
        assert not waiting.done()
        evil_provider.held.clear()
        expect(await waiting, 200)


async def test_a_failure_is_remembered_for_a_moment(browser: Browser, evil: EvilProvider) -> None:
    evil.answers[DISCOVERY] = Response(status_code=500)
    problem(await browser.http.get("/auth/oidc/start"), 503, "oidc_unavailable")
    del evil.answers[DISCOVERY]
    problem(await browser.http.get("/auth/oidc/start"), 503, "oidc_unavailable")
    assert evil.calls.count(DISCOVERY) == 1


async def test_a_failure_is_over_when_the_provider_is_back(
    browser: Browser, evil: EvilProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "FAILURE_KEPT_SECONDS", 0)
    evil.answers[DISCOVERY] = Response(status_code=500)
    problem(await browser.http.get("/auth/oidc/start"), 503, "oidc_unavailable")
    del evil.answers[DISCOVERY]
    expect(await browser.walk(), 200)


async def test_what_is_known_of_the_provider_is_fetched_again_after_a_while(
    browser: Browser, evil: EvilProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "KEPT_SECONDS", 0)
    expect(await browser.walk(), 200)
    assert evil.calls.count(DISCOVERY) > 1


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://other.example.com"},
        {"issuer": None},
        {"authorization_endpoint": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": "file:///etc/passwd"},
        {"token_endpoint": "http://169.254.169.254/token"},
        {"token_endpoint": "http://localhost.evil.example.com/token"},
        {"token_endpoint": "https://user:password@example.com/token"},
        {"token_endpoint": "https://example.com:notaport/"},
        {"token_endpoint": "https://[::1/"},
        {"token_endpoint": "https:///token"},
        {"token_endpoint": ["https://example.com"]},
        {"jwks_uri": "ftp://127.0.0.1/jwks"},
        {"jwks_uri": "https://example.com/jwks#fragment"},
        {"jwks_uri": "https://example.com/\r\nX: y"},
        {"id_token_signing_alg_values_supported": ["HS256", "none"]},
        {"id_token_signing_alg_values_supported": [1]},
        {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
    ],
    ids=str,
)
async def test_a_discovery_document_that_is_not_to_be_followed(
    browser: Browser, evil: EvilProvider, document: dict[str, Any]
) -> None:
    evil.document = document
    problem(await browser.http.get("/auth/oidc/start"), 502, "oidc_provider_error")
    assert evil.calls == [DISCOVERY]


async def test_an_issuer_with_https_has_no_endpoint_on_this_machine() -> None:
    assert not fetching.is_safe("http://127.0.0.1/token", "https://login.example.com")
    assert fetching.is_safe("https://127.0.0.1/token", "https://login.example.com")
    assert fetching.is_safe("http://[::1]:8000/token", "http://localhost:9000")


async def test_the_secret_goes_where_the_provider_takes_it(
    evil_app: FastAPI, settings: Settings, browser: Browser, evil: EvilProvider
) -> None:
    expect(await browser.walk(), 200)
    assert evil.authorization.startswith("Basic ")
    evil.document["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    evil_app.state.oidc = provider_of(evil_app.state.settings)
    expect(await browser.walk(), 200)
    assert evil.authorization == ""
    public = {**settings.model_dump(), **known_to(evil.url), "oidc_client_secret": None}
    evil_app.state.oidc = provider_of(load_settings(_env_file=None, **public))
    expect(await browser.walk(), 200)


@pytest.mark.parametrize("change", [{"oidc_client_secret": "wrong"}, {"oidc_client_id": "wrong"}])
async def test_a_wrong_client_is_the_operators_business(
    evil_app: FastAPI, settings: Settings, browser: Browser, evil: EvilProvider, change: dict[str, str]
) -> None:
    wrong = {**settings.model_dump(), **known_to(evil.url), **change}
    evil_app.state.oidc = provider_of(load_settings(_env_file=None, **wrong))
    refused = problem(await browser.walk(), 502, "oidc_provider_error")
    assert "OIDC_CLIENT_ID" in refused["detail"]
    assert CLIENT_SECRET not in str(refused)


async def test_a_code_that_the_provider_does_not_know(browser: Browser, evil: EvilProvider) -> None:
    location = await browser.ask(await browser.start())
    problem(await browser.come_back(location, code="guessed"), 401, "oidc_denied")
    location = await browser.ask(await browser.start())
    evil.answers["/token"] = JSONResponse({"error": "invalid_scope"}, 400)
    problem(await browser.come_back(location), 502, "oidc_provider_error")


async def test_a_code_of_another_browsers_log_in_is_of_no_use(browser: Browser, other_browser: Browser) -> None:
    """The provider holds the code to the PKCE challenge of the log-in that it was made in."""
    stolen = query_of(await browser.ask(await browser.start()))["code"]
    location = await other_browser.ask(await other_browser.start())
    problem(await other_browser.come_back(location, code=stolen), 401, "oidc_denied")


@pytest.mark.parametrize("token", [None, 1, ["x"]])
async def test_a_provider_that_speaks_only_oauth(browser: Browser, evil: EvilProvider, token: Any) -> None:
    evil.tokens = {"id_token": token}
    refused = problem(await browser.walk(), 502, "oidc_provider_error")
    assert "openid" in refused["detail"]


async def test_an_access_token_is_not_needed(browser: Browser, evil: EvilProvider) -> None:
    evil.tokens = {"access_token": None}
    expect(await browser.walk(), 200)


async def test_an_answer_that_names_another_provider_is_refused(browser: Browser, evil: EvilProvider) -> None:
    evil.redirected = {"iss": "https://other.example.com"}
    problem(await browser.walk(), 401, "oidc_denied")
    evil.redirected = {"iss": evil.url}
    expect(await browser.walk(), 200)


async def test_a_provider_that_always_names_itself_has_to(browser: Browser, evil: EvilProvider) -> None:
    evil.document["authorization_response_iss_parameter_supported"] = True
    problem(await browser.walk(), 401, "oidc_denied")
    evil.redirected = {"iss": evil.url}
    expect(await browser.walk(), 200)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        ("access_denied", 401, "oidc_denied"),
        ("login_required", 401, "oidc_denied"),
        ("temporarily_unavailable", 503, "oidc_unavailable"),
        ("server_error", 503, "oidc_unavailable"),
        ("invalid_scope", 502, "oidc_provider_error"),
        ("<script>\x00", 502, "oidc_provider_error"),
        ("", 502, "oidc_provider_error"),
    ],
)
async def test_errors_of_the_provider_are_told_apart(browser: Browser, error: str, status: int, code: str) -> None:
    state = query_of(await browser.start())["state"]
    answer = await browser.http.get("/auth/oidc/callback", params={"state": state, "error": error})
    assert "<script>" not in problem(answer, status, code)["detail"]
    state = query_of(await browser.start(return_to=PAGE))["state"]
    answer = await browser.http.get("/auth/oidc/callback", params={"state": state, "error": error})
    assert answer.headers["location"] == f"{PAGE}&error={code}"


async def test_the_address_may_come_from_userinfo(browser: Browser, evil: EvilProvider) -> None:
    email = evil.claims.pop("email")
    evil.claims.pop("email_verified")
    evil.userinfo = {"sub": "somebody else", "email": email, "email_verified": True}
    problem(await browser.walk(), 502, "oidc_provider_error")
    evil.userinfo |= {"sub": evil.claims["sub"], "name": "Kim", "iss": "ignored"}
    me = await browser.log_in()
    assert (me["email"], me["full_name"]) == (email, "Kim")


async def test_without_userinfo_there_is_no_address(browser: Browser, evil: EvilProvider) -> None:
    del evil.claims["email"]
    evil.document["userinfo_endpoint"] = None
    problem(await browser.walk(), 403, "oidc_email_missing")


@pytest.mark.parametrize(
    "change",
    [
        {"oidc_issuer": "http://login.example.com"},
        {"oidc_issuer": "http://localhost.example.com"},
        {"oidc_issuer": "https://"},
        {"oidc_issuer": "https://login.example.com/?tenant=1"},
        {"oidc_issuer": "https://login.example.com/#x"},
        {"oidc_issuer": "https://me:secret@login.example.com"},
        {"oidc_issuer": "https://login.example.com:x"},
        {"oidc_client_id": None},
        {"oidc_scopes": "email profile"},
        {"oidc_return_urls": ["javascript:alert(1)"]},
        {"oidc_return_urls": ["https://app.example.com/#fragment"]},
        {"oidc_return_urls": ["app.example.com"]},
    ],
    ids=str,
)
def test_settings_that_could_not_be_safe_are_refused(change: dict[str, Any]) -> None:
    good = {"oidc_issuer": "https://login.example.com/a/", "oidc_client_id": CLIENT_ID, "oidc_return_urls": PAGE}
    assert load_settings(_env_file=None, **good).oidc_return_urls == [PAGE]
    with pytest.raises(StartupError, match=r"(?i)oidc"):
        load_settings(_env_file=None, **{**good, **change})

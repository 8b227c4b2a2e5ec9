"""Logging in through an independent provider, and everything that must not let anybody in."""

import asyncio
import base64
import hashlib
from typing import Any

from fastapi import FastAPI
from httpx import AsyncClient

from app.core.config import Settings
from tests.conftest import fresh_email
from tests.people import Person, expect, problem
from tests.servers import serving
from tests.single_sign_on.browsers import Browser, query_of
from tests.single_sign_on.conftest import PAGE, Records, known_to
from tests.single_sign_on.evil_provider import EvilProvider

VERIFIER = "a-verifier-that-only-the-page-knows-and-keeps-to-itself"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


async def known_at(provider: str, email: str, **claims: object) -> str:
    """Have the mock provider know somebody; returns their subject."""
    subject = f"subject of {email}"
    async with AsyncClient(verify=False) as client:
        answer = await client.put(f"{provider}/users/{subject}", json={"email": email, **claims})
    assert answer.status_code == 204
    return subject


async def test_a_server_without_a_provider_says_so(anonymous: AsyncClient) -> None:
    told = expect(await anonymous.get("/api/v1/auth/oidc"), 200)
    assert told == {"configured": False, "name": None, "registration": False}
    for path in ("start", "callback"):
        problem(await anonymous.get(f"/api/v1/auth/oidc/{path}"), 404, "oidc_not_configured")
    answer = await anonymous.post("/api/v1/auth/oidc/exchange", json={"code": "x"})
    problem(answer, 404, "oidc_not_configured")


async def test_somebody_new_registers_and_comes_again(
    app: FastAPI, mock_app: FastAPI, mock_provider: str, records: Records
) -> None:
    email = fresh_email()
    claims = {"email_verified": True, "name": "Kim Example", "zoneinfo": "Europe/Berlin"}
    subject = await known_at(mock_provider, email, **claims)
    async with Browser(mock_app) as browser:
        told = expect(await browser.http.get("/auth/oidc"), 200)
        assert told == {"configured": True, "name": "Example Login", "registration": True}
        me = await browser.log_in(subject)
        assert (me["email"], me["full_name"], me["time_zone"], me["role"]) == (
            email,
            "Kim Example",
            "Europe/Berlin",
            "user",
        )
        assert expect(await browser.http.get("/categories"), 200)["items"]
        [identity] = expect(await browser.http.get("/auth/identities"), 200)["items"]
        assert (identity["issuer"], identity["email"], identity["last_used_at"]) == (mock_provider, email, None)
        assert (await browser.log_in(subject))["id"] == me["id"]
        [identity] = expect(await browser.http.get("/auth/identities"), 200)["items"]
        assert identity["last_used_at"] is not None
    assert await records.audit(me["id"]) == ["identity_registered"]
    [session, again] = await records.run("SELECT method FROM sessions WHERE user_id = CAST(:id AS uuid)", id=me["id"])
    assert session == again == ("oidc",)
    [verified] = await records.run("SELECT email_verified_at IS NOT NULL FROM users WHERE email = :e", e=email)
    assert verified == (True,)


async def test_who_has_no_password_cannot_log_in_with_one(
    mock_app: FastAPI, mock_provider: str, anonymous: AsyncClient
) -> None:
    email = fresh_email()
    subject = await known_at(mock_provider, email, email_verified=True)
    async with Browser(mock_app) as browser:
        await browser.log_in(subject)
    answer = await anonymous.post("/api/v1/auth/login", json={"email": email, "password": "anything at all"})
    problem(answer, 401, "wrong_credentials")


async def test_who_is_denied_hears_it(mock_app: FastAPI) -> None:
    async with Browser(mock_app) as browser:
        for params in ({}, {"return_to": PAGE}):
            url = await browser.start(**params)
            async with AsyncClient(verify=False) as client:
                denied = await client.post(url, data={"action": "deny"})
            answer = await browser.come_back(denied.headers["location"], state=query_of(url)["state"])
            if params:
                assert answer.headers["location"] == f"{PAGE}&error=oidc_denied"
            else:
                problem(answer, 401, "oidc_denied")


async def test_a_page_gets_the_code_and_nothing_else_in_its_address(browser: Browser, evil: EvilProvider) -> None:
    answer = await browser.walk(return_to=PAGE)
    expect(answer, 302)
    told = query_of(answer.headers["location"])
    assert answer.headers["location"].startswith(PAGE + "&")
    assert told.keys() == {"from", "outcome", "code"}
    assert told["outcome"] == "login"
    expect(await browser.exchange(told["code"]), 200)
    assert evil.asked.keys() >= {"state", "nonce", "code_challenge"}
    assert evil.asked["code_challenge_method"] == "S256"
    assert evil.asked["scope"] == "openid email profile"
    assert "prompt" not in evil.asked


async def test_only_the_pages_of_the_settings_are_returned_to(browser: Browser, evil: EvilProvider) -> None:
    for page in ("https://evil.example.com/", PAGE + "&x=1", PAGE.replace("app.", "app.x."), "//x", "\x00"):
        answer = await browser.http.get("/auth/oidc/start", params={"return_to": page})
        problem(answer, 422, "invalid_input")
    assert evil.calls == []


async def test_the_cookie_is_for_this_host_and_no_script(evil_provider: EvilProvider, settings: Settings) -> None:
    evil_provider.reset()
    changes = {**known_to(evil_provider.url), "public_url": "https://money.example.com"}
    address = "https://money.example.com"
    async with serving(settings, **changes) as (application, _), Browser(application, address) as browser:
        answer = await browser.http.get("/auth/oidc/start")
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("__host-finance_oidc=")
    attributes = {part.strip() for part in cookie.split(";")[1:]}
    assert attributes == {"httponly", "max-age=720", "path=/", "samesite=lax", "secure"}
    asked = query_of(answer.headers["location"])
    assert asked["redirect_uri"] == "https://money.example.com/api/v1/auth/oidc/callback"


async def test_a_state_works_once_and_in_its_browser_alone(browser: Browser, other_browser: Browser) -> None:
    location = await browser.ask(await browser.start())
    problem(await other_browser.come_back(location), 401, "oidc_state_refused")
    # Whoever tried it elsewhere has spent it.
    problem(await browser.come_back(location), 401, "oidc_state_refused")
    await other_browser.start()
    location = await browser.ask(await browser.start())
    problem(await other_browser.come_back(location), 401, "oidc_state_refused")
    location = await browser.ask(await browser.start())
    expect(await browser.come_back(location), 200)
    problem(await browser.come_back(location), 401, "oidc_state_refused")
    for state in ("", "guessed", "\x00", "x" * 200):
        problem(await browser.come_back(location, state=state), 401, "oidc_state_refused")
    problem(await browser.come_back(location, state="x" * 201), 422, "invalid_input")


async def test_a_state_of_a_log_in_is_no_ticket_and_a_code_is_no_state(browser: Browser) -> None:
    url = await browser.start()
    answer = await browser.http.get("/auth/oidc/start", params={"ticket": query_of(url)["state"]})
    problem(answer, 401, "oidc_state_refused")
    code = expect(await browser.come_back(await browser.ask(url)), 200)["code"]
    answer = await browser.http.get("/auth/oidc/callback", params={"state": code, "code": "x"})
    problem(answer, 401, "oidc_state_refused")


async def test_two_tabs_do_not_disturb_each_other(browser: Browser) -> None:
    first, second = await browser.start(), await browser.start()
    for url in (first, second):
        expect(await browser.come_back(await browser.ask(url)), 200)


async def test_a_cookie_that_is_not_ours_is_replaced(browser: Browser) -> None:
    browser.http.cookies.set("finance_oidc", "planted")
    answer = await browser.http.get("/auth/oidc/start")
    assert "finance_oidc=" in answer.headers["set-cookie"]
    assert "planted" not in answer.headers["set-cookie"]


async def test_a_code_works_once(browser: Browser) -> None:
    code = expect(await browser.walk(), 200)["code"]
    answers = await asyncio.gather(*(browser.exchange(code) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
    problem(await browser.exchange(code), 401, "oidc_code_refused")


async def test_a_code_is_of_no_use_elsewhere(browser: Browser, other_browser: Browser) -> None:
    code = expect(await browser.walk(), 200)["code"]
    problem(await other_browser.exchange(code), 401, "oidc_code_refused")
    problem(await browser.exchange(code), 401, "oidc_code_refused")
    code = expect(await browser.walk(), 200)["code"]
    problem(await browser.exchange(code, code_verifier=VERIFIER), 401, "oidc_code_refused")


async def test_a_code_with_a_challenge_needs_its_verifier_and_no_cookie(
    browser: Browser, other_browser: Browser
) -> None:
    for verifier in (None, VERIFIER[::-1]):
        code = expect(await browser.walk(code_challenge=CHALLENGE), 200)["code"]
        more = {"code_verifier": verifier} if verifier else {}
        problem(await browser.exchange(code, **more), 401, "oidc_code_refused")
    code = expect(await browser.walk(code_challenge=CHALLENGE), 200)["code"]
    expect(await other_browser.exchange(code, code_verifier=VERIFIER, otp="123456"), 200)


async def test_a_code_expires(browser: Browser, records: Records) -> None:
    arrived = expect(await browser.walk(), 200)
    assert arrived["expires_in"] == 120
    lives = "SELECT EXTRACT(epoch FROM expires_at - created_at)::integer FROM one_time_tokens WHERE purpose = :it"
    assert all(119 <= row[0] <= 135 for row in await records.run(lives, it="oidc_code"))
    await records.run("UPDATE one_time_tokens SET expires_at = now() WHERE purpose = 'oidc_code'")
    problem(await browser.exchange(arrived["code"]), 401, "oidc_code_refused")


async def test_what_is_no_code_is_refused(browser: Browser) -> None:
    await browser.start()
    for code in ("x", "\x00", "é" * 200):
        problem(await browser.exchange(code), 401, "oidc_code_refused")
    shapes: list[Any] = [
        {},
        {"code": ""},
        {"code": "x" * 201},
        {"code": 1},
        {"code": "x", "code_verifier": "short"},
        [],
    ]
    for body in shapes:
        problem(await browser.http.post("/auth/oidc/exchange", json=body), 422, "invalid_input")


async def test_the_cookie_goes_with_the_exchange(browser: Browser) -> None:
    code = expect(await browser.walk(), 200)["code"]
    answer = await browser.exchange(code)
    assert 'finance_oidc=""; expires=' in answer.headers["set-cookie"]
    assert browser.http.cookies.get("finance_oidc") is None


async def test_who_was_banned_is_not_let_in(browser: Browser, evil: EvilProvider, records: Records) -> None:
    code = expect(await browser.walk(), 200)["code"]
    await records.ban(evil.claims["email"])
    problem(await browser.exchange(code), 403, "account_banned")
    problem(await browser.walk(), 403, "account_banned")
    answer = await browser.walk(return_to=PAGE)
    assert query_of(answer.headers["location"]) == {"from": "finance", "error": "account_banned"}


async def test_many_first_log_ins_at_once_make_one_account(
    browser: Browser, evil: EvilProvider, records: Records
) -> None:
    locations = [await browser.ask(await browser.start()) for _ in range(5)]
    answers = await asyncio.gather(*(browser.come_back(location) for location in locations))
    assert [answer.status_code for answer in answers] == [200] * 5
    assert await records.identities(evil.claims["email"]) == [(evil.url, evil.claims["sub"], evil.claims["email"])]


async def test_two_subjects_with_one_new_address_at_once_make_one_account(
    browser: Browser, evil: EvilProvider, records: Records
) -> None:
    async def come(subject: str) -> int:
        evil.claims["sub"] = subject
        return (await browser.come_back(location)).status_code

    statuses = []
    for subject in ("one", "two"):
        location = await browser.ask(await browser.start())
        statuses.append(await come(subject + evil.claims["email"]))
    assert statuses == [200, 409]
    assert len(await records.identities(evil.claims["email"])) == 1


async def test_a_session_of_single_sign_on_is_like_any_other(browser: Browser, kim: Person) -> None:
    tokens = expect(await browser.exchange(expect(await browser.walk(), 200)["code"]), 200)
    renewed = expect(await kim.http.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]}), 200)
    assert expect(await kim.http.post("/auth/logout", json={"refresh_token": renewed["refresh_token"]}), 204) is None
    browser.http.headers["Authorization"] = f"Bearer {renewed['access_token']}"
    problem(await browser.http.get("/users/me"), 401, "unauthenticated")

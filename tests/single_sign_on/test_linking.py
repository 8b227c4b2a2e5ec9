"""Whose account a log-in at the provider opens, and how identities come and go."""

import asyncio
import time
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.access.repository import act_as
from app.auth.oidc.identities import forget_all
from app.core.config import Settings
from app.core.database import Database
from tests import factors
from tests.names import UNKNOWN
from tests.people import PASSWORD, Person, expect, problem
from tests.servers import serving
from tests.single_sign_on.browsers import Browser, query_of
from tests.single_sign_on.conftest import PAGE, Records, known_to
from tests.single_sign_on.evil_provider import EvilProvider


@pytest.fixture
async def kims(browser: Browser, kim: Person, records: Records) -> Browser:
    """Kim's browser, in which Kim has just confirmed who it is."""
    await records.confirm(kim)
    browser.sign_in(kim)
    return browser


async def test_an_address_that_both_verified_links_and_tells(
    browser: Browser, evil: EvilProvider, kim: Person, records: Records
) -> None:
    await records.verify(kim)
    evil.claims["email"] = kim.email.replace("person", "PERSON")
    assert (await browser.log_in())["id"] == kim.user["id"]
    assert await records.identities(kim.email) == [(evil.url, evil.claims["sub"], evil.claims["email"])]
    assert await records.audit(kim.user["id"]) == ["identity_linked"]
    assert await records.mails(kim.email) == ["Single sign-on was linked to your account"]
    # From now on the identity decides, whatever becomes of the address.
    evil.claims |= {"email": "other@example.com", "email_verified": False}
    assert (await browser.log_in())["id"] == kim.user["id"]
    assert len(await records.mails(kim.email)) == 1


async def test_an_address_that_nobody_verified_here_does_not_link(
    browser: Browser, evil: EvilProvider, kim: Person, records: Records
) -> None:
    """Somebody may have registered another's address to wait for them."""
    evil.claims["email"] = kim.email
    problem(await browser.walk(), 409, "oidc_link_needed")
    assert await records.identities(kim.email) == []
    assert await records.mails(kim.email) == []


@pytest.mark.parametrize("verified", [False, None, "true", 1, [], "yes"])
async def test_an_address_that_the_provider_did_not_verify_never_links(
    browser: Browser, evil: EvilProvider, kim: Person, records: Records, verified: Any
) -> None:
    await records.verify(kim)
    for email in (kim.email, "nobody." + kim.email):
        evil.claims |= {"email": email, "email_verified": verified}
        problem(await browser.walk(), 403, "oidc_email_unverified")
    assert await records.identities(kim.email) == []


async def test_an_address_that_passed_to_somebody_else_does_not_link(
    browser: Browser, evil: EvilProvider, kim: Person, records: Records
) -> None:
    await records.verify(kim)
    evil.claims["email"] = kim.email
    await browser.log_in()
    evil.claims["sub"] = "the successor of " + evil.claims["sub"]
    problem(await browser.walk(), 409, "oidc_link_needed")
    assert len(await records.identities(kim.email)) == 1


async def test_a_banned_account_is_not_linked(
    browser: Browser, evil: EvilProvider, kim: Person, records: Records
) -> None:
    await records.verify(kim)
    await records.ban(kim.email)
    evil.claims["email"] = kim.email
    problem(await browser.walk(), 403, "account_banned")
    assert await records.identities(kim.email) == []
    await records.run("UPDATE users SET banned_at = NULL WHERE email = :email", email=kim.email)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"oidc_registration": False}, "registration_closed"),
        ({"registration": "invite"}, "registration_closed"),
        ({"registration": "closed"}, "registration_closed"),
    ],
)
async def test_nobody_registers_where_the_settings_let_nobody(
    settings: Settings, evil: EvilProvider, records: Records, change: dict[str, Any], code: str
) -> None:
    changes = {**known_to(evil.url), **change}
    async with serving(settings, **changes) as (application, _), Browser(application) as browser:
        assert expect(await browser.http.get("/auth/oidc"), 200)["registration"] is False
        problem(await browser.walk(), 403, code)
    assert await records.run("SELECT 1 FROM users WHERE email = :email", email=evil.claims["email"]) == []


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"email_verified": False}, "oidc_email_unverified"),
        ({"email_verified": None}, "oidc_email_unverified"),
        ({"email": ""}, "oidc_email_missing"),
        ({"email": "no address"}, "oidc_email_missing"),
        ({"email": "nul\x00@example.com"}, "oidc_email_missing"),
        ({"email": "\uff4bim@example.com"}, "oidc_email_missing"),
        ({"email": "x" * 400 + "@example.com"}, "oidc_email_missing"),
        ({"email": ["kim@example.com"]}, "oidc_email_missing"),
    ],
    ids=str,
)
async def test_nobody_registers_without_an_address_that_is_theirs(
    browser: Browser, evil: EvilProvider, records: Records, claims: dict[str, Any], code: str
) -> None:
    evil.claims |= claims
    problem(await browser.walk(), 403, code)
    found = await records.run("SELECT 1 FROM identities WHERE subject = :subject", subject=evil.claims["sub"])
    assert found == []


async def test_names_and_time_zones_of_the_wrong_shape_are_left_out(browser: Browser, evil: EvilProvider) -> None:
    evil.claims |= {"name": "x" * 500, "zoneinfo": "Middle-earth/Shire", "auth_time": 1e300}
    me = await browser.log_in()
    assert (me["full_name"], me["time_zone"]) == (None, "UTC")


async def test_somebody_signed_in_links_an_identity(
    kims: Browser, evil: EvilProvider, kim: Person, other_browser: Browser, records: Records
) -> None:
    """Any identity of theirs, whatever its address: they proved both."""
    evil.claims |= {"email": "kim@work.example.com", "email_verified": False}
    answer = await kims.begin("link", return_to=PAGE)
    assert query_of(answer.headers["location"]) == {"from": "finance", "outcome": "linked"}
    assert expect(await kims.begin("link"), 200) == {"outcome": "linked", "code": None, "expires_in": None}
    [identity] = expect(await kims.http.get("/auth/identities"), 200)["items"]
    assert identity["email"] == "kim@work.example.com"
    assert await records.mails(kim.email) == ["Single sign-on was linked to your account"]
    assert (await other_browser.log_in())["id"] == kim.user["id"]


async def test_linking_needs_a_fresh_confirmation(browser: Browser, kim: Person) -> None:
    browser.sign_in(kim)
    problem(await browser.http.post("/auth/oidc/link", json={}), 403, "confirmation_required")
    for body in ({"return_to": "https://evil.example.com"}, {"return_to": 1}, {"x": 1}):
        problem(await browser.http.post("/auth/oidc/confirm", json=body), 422, "invalid_input")


async def test_an_identity_belongs_to_one_person(
    kims: Browser, evil: EvilProvider, robin: Person, records: Records, evil_app: FastAPI
) -> None:
    expect(await kims.begin("link"), 200)
    await records.confirm(robin)
    async with Browser(evil_app) as robins:
        robins.sign_in(robin)
        problem(await robins.begin("link"), 409, "identity_taken")
    assert await records.identities(robin.email) == []
    evil.claims["sub"] = "another of " + evil.claims["sub"]
    problem(await kims.begin("link"), 409, "identity_exists")


async def test_two_who_link_one_identity_at_once(
    kims: Browser, evil: EvilProvider, kim: Person, robin: Person, records: Records, evil_app: FastAPI
) -> None:
    await records.confirm(robin)
    async with Browser(evil_app) as robins:
        robins.sign_in(robin)
        locations = []
        for browser in (kims, robins):
            begun = expect(await browser.http.post("/auth/oidc/link", json={}), 200)
            locations.append(await browser.ask(await browser.start(**query_of(begun["url"]))))
        answers = await asyncio.gather(kims.come_back(locations[0]), robins.come_back(locations[1]))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len(await records.identities(kim.email) + await records.identities(robin.email)) == 1


async def test_nobody_links_what_another_logs_in_as(
    kims: Browser, other_browser: Browser, evil: EvilProvider, kim: Person, records: Records
) -> None:
    """A link that was begun for Kim and sent to somebody else leads nowhere in their browser."""
    begun = expect(await kims.http.post("/auth/oidc/link", json={}), 200)
    assert begun["url"].startswith("http://test/api/v1/auth/oidc/start?ticket=")
    ticket = query_of(begun["url"])
    problem(await other_browser.http.get("/auth/oidc/start", params=ticket), 401, "oidc_state_refused")
    problem(await kims.http.get("/auth/oidc/start", params=ticket), 401, "oidc_state_refused")
    begun = expect(await kims.http.post("/auth/oidc/link", json={}), 200)
    ticket = query_of(begun["url"])
    problem(await kims.http.get("/auth/oidc/start", params={**ticket, "return_to": PAGE}), 422, "invalid_input")
    location = await kims.ask(await kims.start(**ticket))
    problem(await kims.http.get("/auth/oidc/start", params=ticket), 401, "oidc_state_refused")
    problem(await other_browser.come_back(location), 401, "oidc_state_refused")
    assert await records.identities(kim.email) == []


async def test_a_link_ends_with_the_session_it_was_begun_in(kims: Browser, kim: Person, records: Records) -> None:
    begun = expect(await kims.http.post("/auth/oidc/link", json={}), 200)
    location = await kims.ask(await kims.start(**query_of(begun["url"])))
    expect(await kim.http.post("/auth/logout", json={"refresh_token": kim.tokens["refresh_token"]}), 204)
    problem(await kims.come_back(location), 401, "unauthenticated")
    assert await records.identities(kim.email) == []
    tokens = expect(await kim.http.post("/auth/login", json={"email": kim.email, "password": PASSWORD}), 200)
    kim.http.headers["Authorization"] = f"Bearer {tokens['access_token']}"


async def test_a_link_of_somebody_banned_meanwhile_is_refused(kims: Browser, kim: Person, records: Records) -> None:
    begun = expect(await kims.http.post("/auth/oidc/link", json={}), 200)
    location = await kims.ask(await kims.start(**query_of(begun["url"])))
    await records.ban(kim.email)
    problem(await kims.come_back(location), 403, "account_banned")
    assert await records.identities(kim.email) == []
    await records.run("UPDATE users SET banned_at = NULL WHERE email = :email", email=kim.email)


async def test_unlinking_tells_and_keeps_others_out(
    kims: Browser, evil: EvilProvider, kim: Person, robin: Person, other_browser: Browser, records: Records
) -> None:
    expect(await kims.begin("link"), 200)
    [identity] = expect(await kims.http.get("/auth/identities"), 200)["items"]
    path = f"/auth/identities/{identity['id']}"
    problem(await robin.http.delete(path), 404, "not_found")
    assert expect(await robin.http.get("/auth/identities"), 200)["items"] == []
    problem(await kims.http.delete(f"/auth/identities/{UNKNOWN}"), 404, "not_found")
    problem(await kims.http.delete("/auth/identities/x"), 422, "invalid_input")
    expect(await kims.http.delete(path), 204)
    problem(await kims.http.delete(path), 404, "not_found")
    assert (await records.mails(kim.email))[-1] == "Single sign-on was unlinked from your account"
    assert await records.audit(kim.user["id"]) == ["identity_linked", "identity_unlinked"]
    # Who logs in there now is somebody else here.
    assert (await other_browser.log_in())["id"] != kim.user["id"]


async def test_the_last_way_in_stays(
    browser: Browser, evil: EvilProvider, records: Records, settings: Settings
) -> None:
    me = await browser.log_in()
    [identity] = expect(await browser.http.get("/auth/identities"), 200)["items"]
    path = f"/auth/identities/{identity['id']}"
    problem(await browser.http.delete(path), 409, "last_way_in")
    other = "INSERT INTO identities (user_id, issuer, subject) VALUES (CAST(:id AS uuid), :issuer, :id)"
    # One of a provider that the server does not know any more lets nobody in.
    await records.run(other, id=me["id"], issuer="https://former.example.com")
    problem(await browser.http.delete(path), 409, "last_way_in")
    assert len(await records.identities(me["email"])) == 2
    items = expect(await browser.http.get("/auth/identities"), 200)["items"]
    [former] = [item for item in items if item["issuer"] == "https://former.example.com"]
    expect(await browser.http.delete(f"/auth/identities/{former['id']}"), 204)
    async with serving(settings) as (application, _), Browser(application) as without:
        without.http.headers["Authorization"] = browser.http.headers["Authorization"]
        problem(await without.http.delete(path), 409, "last_way_in")


async def test_two_last_ways_in_are_not_taken_at_once(
    kims: Browser, kim: Person, evil: EvilProvider, records: Records
) -> None:
    expect(await kims.begin("link"), 200)
    [identity] = expect(await kims.http.get("/auth/identities"), 200)["items"]
    await records.run("DELETE FROM passwords WHERE user_id = CAST(:id AS uuid)", id=kim.user["id"])
    path = f"/auth/identities/{identity['id']}"
    answers = await asyncio.gather(*(kims.http.delete(path) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [409] * 4


async def test_identities_of_an_account_of_doubtful_origin_can_be_forgotten(
    kims: Browser, kim: Person, app_database: Database, records: Records
) -> None:
    expect(await kims.begin("link"), 200)
    async with app_database.begin() as connection:
        assert await forget_all(connection, UUID(kim.user["id"])) == 0
        await act_as(connection, UUID(kim.user["id"]))
        assert await forget_all(connection, UUID(kim.user["id"])) == 1
    assert await records.identities(kim.email) == []


async def test_identities_are_behind_a_policy(
    kims: Browser, kim: Person, robin: Person, app_database: Database
) -> None:
    expect(await kims.begin("link"), 200)
    for user in (None, robin.user["id"]):
        async with app_database.engine.connect() as connection:
            if user is not None:
                await act_as(connection, UUID(user))
            seen = await connection.execute(
                text("SELECT 1 FROM identities WHERE user_id = :kim"), {"kim": kim.user["id"]}
            )
            assert seen.all() == []
            stolen = text("INSERT INTO identities (user_id, issuer, subject) VALUES (:user, 'x', 'y')")
            with pytest.raises(ProgrammingError, match="row-level security"):
                await connection.execute(stolen, {"user": kim.user["id"]})
    async with app_database.engine.connect() as connection:
        await act_as(connection, UUID(kim.user["id"]))
        with pytest.raises(ProgrammingError, match="permission denied"):
            await connection.execute(text("UPDATE identities SET subject = 'somebody else'"))


async def test_a_fresh_log_in_at_the_provider_confirms_the_session(
    browser: Browser, evil: EvilProvider, records: Records
) -> None:
    me = await browser.log_in()
    problem(await browser.http.post("/auth/oidc/link", json={}), 403, "confirmation_required")
    evil.logged_in_at = int(time.time())
    assert expect(await browser.begin("confirm"), 200)["outcome"] == "confirmed"
    assert (evil.asked["prompt"], evil.asked["max_age"]) == ("login", "0")
    expect(await browser.http.post("/auth/oidc/link", json={}), 200)
    assert await records.audit(me["id"]) == ["identity_registered", "session_confirmed"]


@pytest.mark.parametrize("ago", [None, 3600, 120])
async def test_a_log_in_of_earlier_confirms_nothing(browser: Browser, evil: EvilProvider, ago: int | None) -> None:
    await browser.log_in()
    evil.logged_in_at = int(time.time()) - ago if ago else None
    problem(await browser.begin("confirm"), 403, "oidc_stale_login")
    answer = await browser.begin("confirm", return_to=PAGE)
    assert query_of(answer.headers["location"]) == {"from": "finance", "error": "oidc_stale_login"}
    problem(await browser.http.post("/auth/oidc/link", json={}), 403, "confirmation_required")


async def test_somebody_elses_log_in_confirms_nothing(
    browser: Browser, other_browser: Browser, evil: EvilProvider
) -> None:
    await browser.log_in()
    evil.logged_in_at = int(time.time())
    mine = evil.claims["sub"]
    evil.claims["sub"] = "nobody yet " + mine
    problem(await browser.begin("confirm"), 403, "oidc_other_identity")
    evil.claims["email"] = "second." + evil.claims["email"]
    await other_browser.log_in()
    problem(await browser.begin("confirm"), 403, "oidc_other_identity")
    problem(await browser.http.post("/auth/oidc/link", json={}), 403, "confirmation_required")


async def test_the_provider_alone_does_not_confirm_who_has_an_authenticator_app(
    kims: Browser, kim: Person, evil: EvilProvider, records: Records, owner_database: Database
) -> None:
    expect(await kims.begin("link"), 200)
    begun = expect(await kims.http.post("/auth/oidc/confirm", json={}), 200)
    secret, _ = await factors.switch_on(kim, owner_database)
    evil.logged_in_at = int(time.time())
    problem(await kims.http.post("/auth/oidc/confirm", json={}), 403, "otp_required")
    # Nor by what was begun before the app was on.
    problem(await kims.walk(**query_of(begun["url"])), 403, "otp_required")
    problem(await kim.http.delete("/auth/2fa/totp"), 403, "confirmation_required")
    await factors.confirm(kim, password=PASSWORD, otp=factors.code(secret))
    expect(await kim.http.delete("/auth/2fa/totp"), 204)
    assert expect(await kims.begin("confirm"), 200)["outcome"] == "confirmed"


async def test_without_a_provider_nothing_is_linked_or_confirmed(kim: Person, records: Records) -> None:
    await records.confirm(kim)
    for path in ("link", "confirm"):
        problem(await kim.http.post(f"/auth/oidc/{path}", json={}), 404, "oidc_not_configured")

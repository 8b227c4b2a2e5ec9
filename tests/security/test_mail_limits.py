"""Mail that strangers can have sent: so much of each kind to one mailbox, and nobody is kept from theirs."""

import pytest
from fastapi import FastAPI
from httpx import Response

from app.core.config import Settings
from tests.conftest import fresh_email
from tests.mail import mails_to, token_in
from tests.people import API, PASSWORD, Person, expect, problem, register
from tests.servers import client_of, serving

OTHER = "seven gentle otters paint at noon"
MOST = 3
LIMITS = {"rate_limit_mail": f"{MOST}/hour"}


async def ask(app: FastAPI, number: int, path: str, **body: str) -> Response:
    """From another address for each number."""
    async with client_of(app, address=f"192.0.2.{number}") as client:
        return await client.post(f"{API}{path}", json=body)


async def test_a_client_has_so_many_mails_sent(settings: Settings) -> None:
    async with serving(settings, **LIMITS) as (app, _):
        for _ in range(MOST):
            expect(await ask(app, 1, "/auth/password/forgot", email=fresh_email()), 202)
        refusal = await ask(app, 1, "/auth/verify-email/resend", email=fresh_email())
        problem(refusal, 429, "rate_limited")
        assert '"mail-sender";r=0;' in refusal.headers["ratelimit"]
        expect(await ask(app, 2, "/auth/password/forgot", email=fresh_email()), 202)


def spelled(email: str, number: int) -> str:
    """The same mailbox: capitals, and letters that IDNA drops or maps."""
    local, _, domain = email.partition("@")
    first = (domain[0], domain[0].upper(), chr(ord(domain[0]) + 0xFEE0))[number % 3]
    dropped = "\u034f" * (number % 4) + "\ufe00" * (number // 4)
    return f"{local}@{first}{dropped}{domain[1:]}"


async def test_who_is_flooded_with_mail_gets_so_much_and_the_last_token_stays_good(settings: Settings) -> None:
    async with serving(settings, **LIMITS) as (app, _):
        kim = await register(app, fresh_email())
        first = len(await mails_to(app, kim.email))
        answers = [await ask(app, n, "/auth/password/forgot", email=spelled(kim.email, n)) for n in range(MOST + 6)]
        # The last of them is its owner's.
        answers.append(await ask(app, 200, "/auth/password/forgot", email=kim.email))
        assert {expect(answer, 202)["detail"] for answer in answers} == {answers[0].json()["detail"]}
        found = await mails_to(app, kim.email, at_least=0)
        assert len(found) == first + MOST
        body = {"token": token_in(found[-1]), "new_password": OTHER}
        expect(await ask(app, 200, "/auth/password/reset", **body), 204)
        await kim.http.aclose()


async def test_what_mails_nothing_keeps_nobody_from_a_mail(settings: Settings) -> None:
    """Requests that are refused, and those for other kinds of mail, do not use up the mails of a forgotten password."""
    async with serving(settings, **LIMITS) as (app, _):
        kim = await register(app, fresh_email())
        for number in range(MOST + 1):
            refused = await ask(app, number, "/auth/password/forgot", email=kim.email, extra="x")
            assert refused.status_code == 422
            expect(await ask(app, 50 + number, "/auth/verify-email/resend", email=kim.email), 202)
            expect(await ask(app, 100 + number, "/auth/register", email=kim.email, password=PASSWORD), 201)
        expect(await ask(app, 200, "/auth/password/forgot", email=kim.email), 202)
        # What was asked for is sent in the order in which it was.
        subjects = [mail["Subject"] for mail in await mails_to(app, kim.email, at_least=2 * MOST + 1)]
        assert subjects.count("Choose a new password") == 1
        await kim.http.aclose()


async def test_who_is_registered_again_and_again_hears_of_it_so_often(settings: Settings) -> None:
    async with serving(settings, **LIMITS) as (app, _):
        email = fresh_email()
        answers = [await ask(app, n, "/auth/register", email=email, password=PASSWORD) for n in range(MOST + 3)]
        assert {answer.status_code for answer in answers} == {201}
        # The first made the account; it counts, and is always confirmed by mail.
        assert len(await mails_to(app, email, at_least=0)) == MOST


@pytest.mark.parametrize("path", ["/users/me/email", "/books/{}/invitations"])
async def test_who_is_logged_in_floods_nobody_with_mail(
    settings: Settings, kim: Person, robin: Person, path: str
) -> None:
    async with serving(settings, **LIMITS) as (_, client):
        body = {"email": f"victim-{fresh_email()}"} | ({"role": "viewer"} if "books" in path else {})
        answers = []
        for person in (kim, robin):
            client.headers["Authorization"] = person.http.headers["Authorization"]
            expect(await client.post(f"{API}/auth/confirm", json={"password": PASSWORD}), 200)
            url = f"{API}{path.format(person.book_id)}"
            answers += [await client.post(url, json=body) for _ in range(MOST - 1)]
        assert {answer.status_code for answer in answers[:MOST]} <= {201, 202}
        for refused in answers[MOST:]:
            problem(refused, 429, "rate_limited")
            assert '"mail";r=0;' in refused.headers["ratelimit"]
        # That was all but one of what Robin may send at all.
        url = f"{API}{path.format(robin.book_id)}"
        expect(await client.post(url, json={**body, "email": fresh_email()}), answers[0].status_code)
        another = await client.post(url, json={**body, "email": fresh_email()})
        assert '"mail-sender";r=0;' in another.headers["ratelimit"]
        problem(another, 429, "rate_limited")


async def test_one_setting_turns_the_limits_of_mail_off_too(settings: Settings) -> None:
    async with serving(settings, rate_limit_enabled=False, **LIMITS) as (app, _):
        kim = await register(app, fresh_email())
        first = len(await mails_to(app, kim.email))
        for _ in range(MOST + 1):
            expect(await ask(app, 1, "/auth/password/forgot", email=kim.email), 202)
        assert len(await mails_to(app, kim.email, at_least=0)) == first + MOST + 1
        await kim.http.aclose()

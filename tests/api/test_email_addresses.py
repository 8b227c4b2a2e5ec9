"""Confirming an e-mail address, being let in only then, and changing it."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response

from app.core.config import Settings
from app.core.database import Database
from app.core.identity_settings import EmailVerification
from tests.api.test_passwords import FORGOT, NEW, RESET, actions, back_in, forget, log_in, run
from tests.conftest import fresh_email
from tests.mail import mails_to, token_to
from tests.people import API, PASSWORD, Person, expect, fields, problem
from tests.servers import serving

VERIFY, RESEND, CHANGE = f"{API}/auth/verify-email", f"{API}/auth/verify-email/resend", "/users/me/email"
OWN = f"{CHANGE}/verify"


async def verified(person: Person) -> bool:
    return (await person.read("/users/me"))["email_verified_at"] is not None


async def confirm(owner: Database, person: Person) -> None:
    """As if the person had just proved again who they are."""
    await run(owner, "UPDATE sessions SET confirmed_at = now() WHERE user_id = :user", user=person.user["id"])


async def ask(person: Person, email: str) -> Response:
    return await person.http.post(CHANGE, json={"email": email})


async def verify(client: AsyncClient, token: str, password: str = PASSWORD) -> Response:
    return await client.post(VERIFY, json={"token": token, "password": password})


async def test_the_mail_of_the_registration_confirms_the_address_once(
    app: FastAPI, kim: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    assert kim.user["email_verified_at"] is None
    token = await token_to(app, kim.email)
    answers = await asyncio.gather(*(verify(anonymous, token) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [204, 422, 422]
    assert await verified(kim)
    assert await actions(owner_database, kim) == ["email_verified"]


@pytest.mark.parametrize("token", ["unknown", "x\x00x", "ü" * 200])
async def test_a_token_of_nobody_confirms_nothing(anonymous: AsyncClient, token: str) -> None:
    refused = problem(await verify(anonymous, token), 422, "token_not_valid")
    assert fields(refused) == {("token", "token_not_valid")}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"token": ""}, "token"),
        ({"token": "x" * 201}, "token"),
        ({"token": None}, "token"),
        ({"password": None}, "password"),
        ({"password": "x" * 257}, "password"),
        ({"password": 5}, "password"),
    ],
)
async def test_names_what_cannot_be(anonymous: AsyncClient, kim: Person, change: dict[str, Any], field: str) -> None:
    body = {"token": "x", "password": PASSWORD, **change}
    found = fields(problem(await anonymous.post(VERIFY, json=body), 422, "invalid_input"))
    assert [name for name, _ in found] == [field]
    missing = {name: value for name, value in body.items() if name == "token"}
    problem(await anonymous.post(VERIFY, json=missing), 422, "invalid_input")
    problem(await kim.http.post(OWN, json={"token": "" if field == "token" else None}), 422, "invalid_input")


async def test_who_does_not_know_the_password_confirms_nothing(
    app: FastAPI, kim: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    """Somebody registered an address that is another's, and hopes that its owner says yes to the mail."""
    token = await token_to(app, kim.email)
    for password in ("what the owner of the address would choose", "x\x00x", ""):
        problem(await verify(anonymous, token, password), 403, "wrong_credentials")
    assert not await verified(kim)
    expect(await verify(anonymous, token), 204)  # and the token is as good as before
    assert await verified(kim)


async def test_who_guesses_the_password_with_a_token_has_to_wait(
    app: FastAPI, kim: Person, anonymous: AsyncClient
) -> None:
    token = await token_to(app, kim.email)
    answers = await asyncio.gather(*(verify(anonymous, token, f"wrong {number}") for number in range(6)))
    assert sorted(answer.status_code for answer in answers) == [403] * 5 + [429]
    problem(await verify(anonymous, token), 429, "too_many_tries")
    expect(await kim.http.post(OWN, json={"token": token}), 204)


async def test_a_session_stands_for_the_password_of_its_own_account_alone(
    app: FastAPI, kim: Person, robin: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    token = await token_to(app, kim.email)
    for each in (token, "unknown", "x\x00x"):
        problem(await robin.http.post(OWN, json={"token": each}), 422, "token_not_valid")
    problem(await anonymous.post(f"{API}{OWN}", json={"token": token}), 401, "unauthenticated")
    answers = await asyncio.gather(*(kim.http.post(OWN, json={"token": token}) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [204, 422, 422]
    assert (await verified(kim), await verified(robin)) == (True, False)
    assert await actions(owner_database, kim) == ["email_verified"]


async def test_who_has_no_password_changes_their_address_by_a_session(
    app: FastAPI, kim: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    await run(owner_database, "DELETE FROM passwords WHERE user_id = :user", user=kim.user["id"])
    await confirm(owner_database, kim)
    wanted = fresh_email()
    expect(await ask(kim, wanted), 202)
    token = await token_to(app, wanted)
    problem(await verify(anonymous, token), 403, "wrong_credentials")
    expect(await kim.http.post(OWN, json={"token": token}), 204)
    assert (await kim.read("/users/me"))["email"] == wanted


async def test_the_present_address_hears_of_a_change_before_it_is_done(
    app: FastAPI, kim: Person, robin: Person, owner_database: Database
) -> None:
    await confirm(owner_database, kim)
    for wanted in (fresh_email(), robin.email):
        before = len(await mails_to(app, kim.email))
        expect(await ask(kim, wanted), 202)
        warning = (await mails_to(app, kim.email, at_least=before + 1))[-1]
        assert warning["Subject"] == "A change of your e-mail address was asked for"
        assert wanted not in warning.get_content()


@pytest.mark.parametrize("keep", [True, False])
async def test_ending_every_session_ends_a_change_of_address_that_one_of_them_began(
    app: FastAPI, kim: Person, anonymous: AsyncClient, owner_database: Database, keep: bool
) -> None:
    await confirm(owner_database, kim)
    wanted = fresh_email()
    expect(await ask(kim, wanted), 202)
    token = await token_to(app, wanted)
    expect(await kim.http.post("/auth/logout-all", json={"keep_current": keep}), 200)
    problem(await verify(anonymous, token), 422, "token_not_valid")
    await log_in_again(kim, anonymous)
    assert (await kim.read("/users/me"))["email"] == kim.email


async def log_in_again(person: Person, client: AsyncClient) -> None:
    tokens = expect(await log_in(client, person.email, PASSWORD), 200)
    person.http.headers["Authorization"] = f"Bearer {tokens['access_token']}"


async def test_an_invitation_does_not_go_to_who_registered_the_address_before(
    app: FastAPI, settings: Settings, kim: Person
) -> None:
    """Its owner has the mail and not the password; whoever has the password has no mail."""
    async with serving(settings, email_verification=EmailVerification.REQUIRED) as (_, client):
        victim = fresh_email()
        body = {"email": victim, "password": PASSWORD}
        expect(await client.post(f"{API}/auth/register", json=body), 201)
        token = await token_to(app, victim)
        problem(await client.post(VERIFY, json={"token": token}), 422, "invalid_input")
        problem(await verify(client, token, NEW), 403, "wrong_credentials")
        problem(await client.post(f"{API}/auth/login", json=body), 401, "wrong_credentials")


async def test_another_mail_replaces_the_token_of_the_first(app: FastAPI, kim: Person, anonymous: AsyncClient) -> None:
    first = await token_to(app, kim.email)
    answer = await anonymous.post(RESEND, json={"email": kim.email.upper()})
    unknown = await anonymous.post(RESEND, json={"email": fresh_email()})
    assert (answer.status_code, answer.json()) == (unknown.status_code, unknown.json()) == (202, answer.json())
    second = await token_to(app, kim.email, at_least=2)
    problem(await verify(anonymous, first), 422, "token_not_valid")
    expect(await verify(anonymous, second), 204)
    # Who is confirmed gets no further mail about it.
    expect(await anonymous.post(RESEND, json={"email": kim.email}), 202)
    assert len(await mails_to(app, kim.email, at_least=0)) == 2


async def test_where_it_is_required_nobody_gets_in_before(
    app: FastAPI, settings: Settings, kim: Person, owner_database: Database
) -> None:
    async with serving(settings, email_verification=EmailVerification.REQUIRED) as (strict, client):
        answers = [
            await log_in(client, email, password)
            for email, password in ((kim.email, PASSWORD), (kim.email, "wrong"), (fresh_email(), PASSWORD))
        ]
        bodies = [problem(answer, 401, "wrong_credentials") for answer in answers]
        assert len({(body["title"], body["detail"]) for body in bodies}) == 1
        assert "not confirmed" in bodies[0]["detail"]
        form = {"username": kim.email, "password": PASSWORD}
        problem(await client.post(f"{API}/auth/token", data=form), 401, "wrong_credentials")
        expect(await verify(client, await token_to(strict, kim.email)), 204)
        expect(await log_in(client, kim.email, PASSWORD), 200)


async def test_where_it_is_required_a_reset_lets_in_too(settings: Settings) -> None:
    async with serving(settings, email_verification=EmailVerification.REQUIRED) as (strict, client):
        email = fresh_email()
        expect(await client.post(f"{API}/auth/register", json={"email": email, "password": PASSWORD}), 201)
        expect(await client.post(FORGOT, json={"email": email}), 202)
        token = await token_to(strict, email, at_least=2)
        expect(await client.post(RESET, json={"token": token, "new_password": NEW}), 204)
        expect(await log_in(client, email, NEW), 200)


async def test_an_address_changes_when_its_mail_comes_back(
    app: FastAPI, kim: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    former, wanted = kim.email, fresh_email()
    verification, reset = await token_to(app, former), await forget(app, anonymous, kim)
    problem(await ask(kim, wanted), 403, "confirmation_required")
    await confirm(owner_database, kim)
    expect(await ask(kim, wanted), 202)
    assert (await kim.read("/users/me"))["email"] == former
    token = await token_to(app, wanted)

    expect(await verify(anonymous, token), 204)

    user = await kim.read("/users/me")
    assert (user["email"], user["email_verified_at"] is not None) == (wanted, True)
    expect(await log_in(anonymous, wanted, PASSWORD), 200)
    problem(await log_in(anonymous, former, PASSWORD), 401, "wrong_credentials")
    assert (await mails_to(app, former, at_least=4))[-1]["Subject"] == "Your e-mail address was changed"
    told = ["password_reset_requested", "email_change_requested", "email_changed"]
    assert await actions(owner_database, kim) == told
    # What went to the former address opens nothing any more.
    problem(await verify(anonymous, verification), 422, "token_not_valid")
    problem(await anonymous.post(RESET, json={"token": reset, "new_password": NEW}), 422, "token_not_valid")


async def test_the_same_address_may_be_written_otherwise(
    app: FastAPI, kim: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    await confirm(owner_database, kim)
    local, _, domain = kim.email.partition("@")
    wanted = f"{local.upper()}@{domain}"
    expect(await ask(kim, wanted), 202)
    expect(await verify(anonymous, await token_to(app, wanted, at_least=3)), 204)
    assert (await kim.read("/users/me"))["email"] == wanted


async def test_a_taken_address_is_answered_like_a_free_one_and_its_owner_hears_of_it(
    app: FastAPI, kim: Person, robin: Person, owner_database: Database
) -> None:
    await confirm(owner_database, kim)
    free, taken = await ask(kim, fresh_email()), await ask(kim, robin.email.upper())
    assert (taken.status_code, taken.json(), taken.headers.keys()) == (202, free.json(), free.headers.keys())
    notice = (await mails_to(app, robin.email, at_least=2))[-1]
    assert notice["Subject"] == "Somebody wants to use your address"
    assert "Token:" not in notice.get_content()


async def test_an_address_that_was_taken_meanwhile_is_refused(
    app: FastAPI, kim: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    await confirm(owner_database, kim)
    wanted = fresh_email()
    expect(await ask(kim, wanted), 202)
    token = await token_to(app, wanted)
    expect(await anonymous.post(f"{API}/auth/register", json={"email": wanted, "password": PASSWORD}), 201)
    for _ in range(2):  # and the refusal does not spend it
        problem(await verify(anonymous, token), 409, "email_taken")
    assert (await kim.read("/users/me"))["email"] == kim.email


async def test_a_verification_for_another_address_than_the_present_one_is_worthless(
    app: FastAPI, kim: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    """However the address came to be another."""
    token = await token_to(app, kim.email)
    kim.email = fresh_email()
    await run(owner_database, "UPDATE users SET email = :new WHERE id = :user", new=kim.email, user=kim.user["id"])
    problem(await verify(anonymous, token), 422, "token_not_valid")
    assert not await verified(kim)


@pytest.mark.parametrize("act", ["change", "reset"])
async def test_a_change_somebody_asked_for_under_the_old_password_comes_to_nothing(
    app: FastAPI, kim: Person, anonymous: AsyncClient, owner_database: Database, act: str
) -> None:
    await confirm(owner_database, kim)
    wanted = fresh_email()
    expect(await ask(kim, wanted), 202)
    token = await token_to(app, wanted)
    if act == "change":
        body = {"current_password": PASSWORD, "new_password": NEW}
        expect(await kim.http.post("/auth/password/change", json=body), 204)
    else:
        reset = await forget(app, anonymous, kim)
        expect(await anonymous.post(RESET, json={"token": reset, "new_password": NEW}), 204)
        await back_in(kim, anonymous, NEW)
    problem(await verify(anonymous, token), 422, "token_not_valid")


@pytest.mark.parametrize("email", ["nobody", None, "a\x00@example.com", "x" * 321, 5])
async def test_names_an_address_that_is_none(
    kim: Person, anonymous: AsyncClient, owner_database: Database, email: object
) -> None:
    await confirm(owner_database, kim)
    for answer in (
        await kim.http.post(CHANGE, json={"email": email}),
        await anonymous.post(RESEND, json={"email": email}),
    ):
        assert [name for name, _ in fields(problem(answer, 422, "invalid_input"))] == ["email"]

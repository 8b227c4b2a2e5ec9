"""Inviting people to register: who may, what an invitation is worth, and that it is worth it once."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response

from app.core.config import Settings
from app.core.database import Database
from app.core.identity_settings import EmailVerification, Registration
from tests.api.test_passwords import log_in, run
from tests.conftest import fresh_email
from tests.mail import mails_to, token_in
from tests.people import API, PASSWORD, Person, expect, problem
from tests.servers import serving

PATH = "/users/invitations"


@pytest.fixture
async def staff(kim: Person, owner_database: Database) -> Person:
    await run(owner_database, "UPDATE users SET role = 'moderator' WHERE id = :user", user=kim.user["id"])
    await run(owner_database, "DELETE FROM invitations")
    return kim


@pytest.fixture(scope="module")
async def inviting(settings: Settings) -> AsyncIterator[AsyncClient]:
    """A client of a server that takes nobody without an invitation, and lets in whose address is confirmed."""
    changes = {"registration": Registration.INVITE, "email_verification": EmailVerification.REQUIRED}
    async with serving(settings, **changes) as (_, client):
        yield client


async def invite(person: Person, email: str | None = None) -> dict[str, Any]:
    made: dict[str, Any] = expect(await person.http.post(PATH, json={"email": email}), 201)
    return made


async def invite_by_mail(app: FastAPI, person: Person, email: str) -> str:
    """The token that the mail brings: the answer has none."""
    before = len(await mails_to(app, email, at_least=0))
    assert (await invite(person, email))["token"] is None
    return token_in((await mails_to(app, email, at_least=before + 1))[-1])


async def register(client: AsyncClient, email: str, invitation: object = None) -> Response:
    body = {"email": email, "password": PASSWORD, "invitation": invitation}
    return await client.post(f"{API}/auth/register", json=body)


async def test_an_invitation_registers_once(staff: Person, inviting: AsyncClient) -> None:
    made = await invite(staff)
    email = fresh_email()
    user = expect(await register(inviting, email, made["token"]), 201)
    assert (user["email"], user["email_verified_at"]) == (email, None)
    problem(await register(inviting, fresh_email(), made["token"]), 403, "invitation_required")
    # It went to no address, so it confirms none.
    problem(await log_in(inviting, email, PASSWORD), 401, "wrong_credentials")
    assert (await staff.read(PATH))["items"] == []


async def test_an_invitation_for_an_address_registers_that_alone_and_confirms_it(
    app: FastAPI, staff: Person, inviting: AsyncClient
) -> None:
    email = fresh_email()
    token = await invite_by_mail(app, staff, email)
    problem(await register(inviting, fresh_email(), token), 403, "invitation_required")
    user = expect(await register(inviting, email.upper(), token), 201)
    assert user["email_verified_at"] is not None
    expect(await log_in(inviting, email, PASSWORD), 200)
    assert (await mails_to(app, email, at_least=2))[-1]["Subject"] == "Welcome to Finance Tracker"


async def test_a_known_address_spends_its_invitation_and_is_not_told(
    app: FastAPI, staff: Person, robin: Person, inviting: AsyncClient
) -> None:
    for email in (None, robin.email):
        token = await invite_by_mail(app, staff, email) if email else (await invite(staff))["token"]
        user = expect(await register(inviting, robin.email, token), 201)
        assert (user["email_verified_at"] is not None) == (email is not None)
        problem(await register(inviting, robin.email, token), 403, "invitation_required")
    subjects = [str(mail["Subject"]) for mail in await mails_to(app, robin.email, at_least=4)]
    assert subjects.count("Somebody tried to register with your address") == 2


@pytest.mark.parametrize("token", [None, "unknown", "x\x00x"])
async def test_without_an_invitation_nobody_registers(inviting: AsyncClient, token: str | None) -> None:
    problem(await register(inviting, fresh_email(), token), 403, "invitation_required")


@pytest.mark.parametrize("token", ["", "x" * 201, 5])
async def test_names_an_invitation_that_cannot_be(inviting: AsyncClient, token: object) -> None:
    found = problem(await register(inviting, fresh_email(), token), 422, "invalid_input")["errors"]
    assert [item["field"] for item in found] == ["invitation"]


async def test_one_invitation_used_twice_at_once_registers_one(staff: Person, inviting: AsyncClient) -> None:
    made = await invite(staff)
    answers = await asyncio.gather(*(register(inviting, fresh_email(), made["token"]) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 403, 403]


async def test_a_refused_registration_does_not_spend_the_invitation(staff: Person, inviting: AsyncClient) -> None:
    made = await invite(staff)
    body = {"email": fresh_email(), "password": "password1", "invitation": made["token"]}
    problem(await inviting.post(f"{API}/auth/register", json=body), 422, "weak_password")
    expect(await register(inviting, body["email"], made["token"]), 201)


async def test_where_anybody_may_register_an_invitation_still_confirms(
    app: FastAPI, staff: Person, anonymous: AsyncClient
) -> None:
    email = fresh_email()
    token = await invite_by_mail(app, staff, email)
    assert expect(await register(anonymous, email, token), 201)["email_verified_at"] is not None
    assert expect(await register(anonymous, fresh_email(), "unknown"), 201)["email_verified_at"] is None


async def test_a_revoked_or_expired_one_is_worthless(
    staff: Person, inviting: AsyncClient, owner_database: Database
) -> None:
    revoked, expired = await invite(staff), await invite(staff)
    expect(await staff.http.delete(f"{PATH}/{revoked['id']}"), 204)
    problem(await staff.http.delete(f"{PATH}/{revoked['id']}"), 404, "not_found")
    late = "UPDATE invitations SET expires_at = now() WHERE id = :id"
    await run(owner_database, late, id=expired["id"])
    problem(await staff.http.delete(f"{PATH}/{expired['id']}"), 404, "not_found")
    for made in (revoked, expired):
        problem(await register(inviting, fresh_email(), made["token"]), 403, "invitation_required")
    assert (await staff.read(PATH))["items"] == []
    # The next invitation clears away what has expired.
    await invite(staff)
    assert await run(owner_database, "SELECT count(*) FROM invitations") == [1]


async def test_the_list_shows_no_token_and_has_pages(staff: Person) -> None:
    made = [await invite(staff, email) for email in (None, fresh_email(), None)]
    first = await staff.read(PATH, limit=2)
    second = await staff.read(PATH, limit=2, cursor=first["next_cursor"])
    assert [item["id"] for item in first["items"] + second["items"]] == [each["id"] for each in reversed(made)]
    assert second["next_cursor"] is None
    assert first["items"][1]["email"] == made[1]["email"]
    assert all(str(each["token"]) not in str((first, second)) for each in made if each["token"])
    for cursor in ("x", "WyItaWQiLCJ4Il0", "WyItaWQiLG51bGxd"):
        problem(await staff.get(PATH, cursor=cursor), 422, "invalid_input")


async def test_who_may_not_invite_sees_and_does_nothing(
    kim: Person, robin: Person, staff: Person, owner_database: Database
) -> None:
    made = await invite(staff)
    problem(await robin.http.post(PATH, json={}), 403, "missing_permission")
    problem(await robin.get(PATH), 403, "missing_permission")
    problem(await robin.http.delete(f"{PATH}/{made['id']}"), 403, "missing_permission")
    assert await run(owner_database, "SELECT count(*) FROM invitations") == [1]


@pytest.mark.parametrize("body", [{"email": "nobody"}, {"email": "a\r\nb@example.com"}, {"mail": "x"}])
async def test_refuses_an_address_that_is_none(staff: Person, body: dict[str, Any]) -> None:
    problem(await staff.http.post(PATH, json=body), 422, "invalid_input")


async def test_inviting_and_revoking_are_told_in_the_audit(staff: Person, owner_database: Database) -> None:
    made = await invite(staff)
    expect(await staff.http.delete(f"{PATH}/{made['id']}"), 204)
    told = "SELECT action || ' ' || (details ->> 'invitation_id') FROM audit WHERE actor_id = :user ORDER BY id"
    assert await run(owner_database, told, user=staff.user["id"]) == [
        f"invitation_created {made['id']}",
        f"invitation_revoked {made['id']}",
    ]


async def test_who_invites_an_address_cannot_confirm_it(app: FastAPI, staff: Person, anonymous: AsyncClient) -> None:
    """An invitation that confirms an address is known to who reads its mail, not to who sent it."""
    email = fresh_email()
    answer = await staff.http.post(PATH, json={"email": email})
    token = token_in((await mails_to(app, email))[-1])
    assert expect(answer, 201)["token"] is None
    assert token not in answer.text + str(await staff.read(PATH))
    shown = expect(await staff.http.post(PATH, json={}), 201)["token"]
    assert expect(await register(anonymous, email, shown), 201)["email_verified_at"] is None


@pytest.mark.parametrize("how", ["demoted", "banned", "without it", "deleted"])
async def test_nobody_registers_by_who_may_not_invite_any_more(
    app: FastAPI, staff: Person, inviting: AsyncClient, owner_database: Database, how: str
) -> None:
    token = (await invite(staff))["token"]
    email = fresh_email()
    ends = {
        "demoted": "UPDATE users SET role = 'user' WHERE id = :user",
        "banned": "UPDATE users SET banned_at = now() WHERE id = :user",
        "without it": "DELETE FROM role_permissions WHERE role = 'moderator' AND permission = 'users:invite'",
        "deleted": "DELETE FROM invitations WHERE invited_by = :user",  # as the foreign key does
    }
    mailed = await invite_by_mail(app, staff, email)
    parameters = {"user": staff.user["id"]} if ":user" in ends[how] else {}
    await run(owner_database, ends[how], **parameters)
    try:
        problem(await register(inviting, fresh_email(), token), 403, "invitation_required")
        problem(await register(inviting, email, mailed), 403, "invitation_required")
    finally:
        back = "INSERT INTO role_permissions VALUES ('moderator', 'users:invite') ON CONFLICT DO NOTHING"
        await run(owner_database, back)
        again = "UPDATE users SET banned_at = NULL, role = 'moderator' WHERE id = :user"
        await run(owner_database, again, user=staff.user["id"])
    if how == "deleted":
        return
    # A ban that has ended is none.
    over = "UPDATE users SET banned_at = now(), banned_until = now() WHERE id = :user"
    await run(owner_database, over, user=staff.user["id"])
    expect(await register(inviting, fresh_email(), token), 201)

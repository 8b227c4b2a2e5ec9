"""Invitations: who may send and answer them, how they end, and that each lets one person in."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.core.config import Settings
from app.core.database import Database
from app.core.identity_settings import Registration
from app.core.security import digest
from tests.conftest import Unchanged, fresh_email
from tests.households.sharing import Document, invite, join, log_of, roles, verify
from tests.mail import posted
from tests.people import API, PASSWORD, Person, expect, problem, register
from tests.servers import serving
from tests.staff import run

ACCEPT = "/invitations/accept"


@pytest.fixture
async def sam(app: FastAPI) -> AsyncIterator[Person]:
    """A third one."""
    person = await register(app, fresh_email())
    yield person
    await person.http.aclose()


def by(invitation: Document) -> Document:
    return {"token": invitation["token"]}


async def test_a_token_lets_one_person_in_once(kim: Person, robin: Person, sam: Person) -> None:
    answer = await kim.http.post(f"/books/{kim.book_id}/invitations", json={"role": "viewer"})
    made = expect(answer, 201)
    assert answer.headers["cache-control"] == "no-store"
    assert made["link"] == f"http://localhost:8000/docs#/members/accept_invitation_token/{made['token']}"
    assert (made["email"], made["role"], made["invited_by"]) == (None, "viewer", kim.email)
    book = expect(await robin.http.post(ACCEPT, json=by(made)), 200)
    assert (book["id"], book["role"]) == (kim.book_id, "viewer")
    assert problem(await sam.http.post(ACCEPT, json=by(made)), 404, "invitation_over")["reason"] == "accepted"
    assert await roles(robin, kim.book_id) == {kim.email: "owner", robin.email: "viewer"}


async def test_a_kept_answer_is_replayed(kim: Person, robin: Person) -> None:
    made, key = await invite(kim), {"Idempotency-Key": "join"}
    first = await robin.http.post(ACCEPT, json=by(made), headers=key)
    again = await robin.http.post(ACCEPT, json=by(made), headers=key)
    assert expect(first, 200) == expect(again, 200)
    assert again.headers["idempotency-replayed"] == "true"


async def test_the_list_shows_what_is_open_and_no_token(kim: Person, robin: Person, owner_database: Database) -> None:
    one, two = await invite(kim, "viewer", email="someone@example.com"), await invite(kim, "owner", expires_in_days=90)
    used = await invite(kim)
    expect(await robin.http.post(ACCEPT, json=by(used)), 200)
    old = await invite(kim)
    await run(owner_database, "UPDATE book_invitations SET expires_at = now() WHERE id = :id", id=old["id"])
    listed = await kim.get(f"/books/{kim.book_id}/invitations")
    items = expect(listed, 200)["items"]
    assert [item["id"] for item in items] == [one["id"], two["id"]]
    assert items[0] == {key: value for key, value in one.items() if key not in {"token", "link"}}
    for invitation in (one, two, used):
        assert invitation["token"] not in listed.text
        stored = "SELECT token_hash FROM book_invitations WHERE id = :id"
        assert await run(owner_database, stored, id=invitation["id"]) == digest(invitation["token"])


async def test_an_address_gets_mail_with_the_token(kim: Person, owner_database: Database) -> None:
    address = fresh_email()
    expect(await kim.http.patch(f"/books/{kim.book_id}", json={"name": "Haus & Hof"}), 200)
    made = await invite(kim, "editor", email=address)
    (mail,) = await posted(owner_database, address)
    assert mail[0] == f"{kim.email} invites you to the book Haus & Hof"
    assert made["token"] in mail[1]
    assert made["link"] in mail[1]


async def test_a_verified_address_needs_no_token(
    kim: Person, robin: Person, sam: Person, owner_database: Database
) -> None:
    made = await invite(kim, "editor", email=robin.email.upper())
    path = f"/invitations/{made['id']}/accept"
    assert (await robin.read("/invitations"))["items"] == []
    problem(await robin.http.post(path), 404, "invitation_not_found")
    await verify(owner_database, robin)
    await verify(owner_database, sam)
    (shown,) = (await robin.read("/invitations"))["items"]
    assert (shown["id"], shown["book_id"], shown["book_name"], shown["invited_by"]) == (
        made["id"], kim.book_id, "Personal", kim.email,
    )  # fmt: skip
    assert (await sam.read("/invitations"))["items"] == []
    problem(await sam.http.post(path), 404, "invitation_not_found")
    problem(await sam.http.post(f"/invitations/{made['id']}/decline"), 404, "invitation_not_found")
    assert expect(await robin.http.post(path), 200)["role"] == "editor"
    assert (await robin.read("/invitations"))["items"] == []
    assert problem(await robin.http.post(path), 404, "invitation_over")["reason"] == "accepted"


async def test_the_holder_of_a_mailed_token_needs_no_verified_address(kim: Person, sam: Person) -> None:
    made = await invite(kim, email=fresh_email())
    expect(await sam.http.post(ACCEPT, json=by(made)), 200)


async def test_an_invitation_is_declined(kim: Person, robin: Person, owner_database: Database) -> None:
    await verify(owner_database, robin)
    made = await invite(kim, email=robin.email)
    expect(await robin.http.post(f"/invitations/{made['id']}/decline"), 204)
    assert (await kim.read(f"/books/{kim.book_id}/invitations"))["items"] == []
    assert problem(await robin.http.post(ACCEPT, json=by(made)), 404, "invitation_over")["reason"] == "declined"
    again = await robin.http.post(f"/invitations/{made['id']}/decline")
    assert problem(again, 404, "invitation_over")["reason"] == "declined"
    assert (await log_of(kim, kim.book_id, 1)) == [("invitation", made["id"], "declined")]
    assert await roles(kim, kim.book_id) == {kim.email: "owner"}


async def test_what_is_over_says_how(
    kim: Person, robin: Person, owner_database: Database, unchanged: Unchanged
) -> None:
    revoked, expired = await invite(kim), await invite(kim)
    path = f"/books/{kim.book_id}/invitations/{revoked['id']}"
    expect(await kim.http.delete(path), 204)
    problem(await kim.http.delete(path), 404, "invitation_not_found")
    await run(owner_database, "UPDATE book_invitations SET expires_at = now() WHERE id = :id", id=expired["id"])
    async with unchanged(kim), unchanged(robin):
        for reason, made in (("revoked", revoked), ("expired", expired)):
            assert problem(await robin.http.post(ACCEPT, json=by(made)), 404, "invitation_over")["reason"] == reason
        for token in ("x", "é\x00", "a" * 200):
            problem(await robin.http.post(ACCEPT, json={"token": token}), 404, "invitation_not_found")
        for body in ({}, {"token": ""}, {"token": "a" * 201}, {"token": 5}, {"token": None}, {"token": "x", "id": 1}):
            problem(await robin.http.post(ACCEPT, json=body), 422, "invalid_input")


async def test_a_member_stays_what_they_are_and_the_invitation_stays_open(
    kim: Person, robin: Person, sam: Person, unchanged: Unchanged
) -> None:
    await join(kim, robin, "viewer")
    made = await invite(kim, "owner")
    async with unchanged(kim):
        problem(await robin.http.post(ACCEPT, json=by(made)), 409, "already_member")
        problem(await kim.http.post(ACCEPT, json=by(made)), 409, "already_member")
        answer = await kim.http.post(f"/books/{kim.book_id}/invitations", json={"role": "owner", "email": robin.email})
        problem(answer, 409, "already_member")
    assert (await roles(kim, kim.book_id))[robin.email] == "viewer"
    expect(await sam.http.post(ACCEPT, json=by(made)), 200)


@pytest.mark.parametrize("way", ["demoted", "left", "removed", "past the service"])
async def test_an_invitation_of_a_former_owner_is_void(
    kim: Person, robin: Person, sam: Person, owner_database: Database, way: str
) -> None:
    await join(kim, robin, "owner")
    made = await invite(robin, "owner", kim.book_id)
    path = f"/books/{kim.book_id}/members/{robin.user['id']}"
    if way == "demoted":
        expect(await kim.http.put(path, json={"role": "editor"}), 200)
        # Being owner again does not bring it back.
        expect(await kim.http.put(path, json={"role": "owner"}), 200)
    elif way == "left":
        expect(await robin.http.post(f"/books/{kim.book_id}/leave"), 204)
    elif way == "removed":
        expect(await kim.http.delete(path), 204)
    else:
        expect(await kim.http.put(path, json={"role": "viewer"}), 200)
        again = "UPDATE book_invitations SET ended_at = NULL, outcome = NULL WHERE id = :id"
        await run(owner_database, again, id=made["id"])
    refused = problem(await sam.http.post(ACCEPT, json=by(made)), 404, "invitation_over")
    assert refused["reason"] == "revoked"
    assert sam.email not in await roles(kim, kim.book_id)


async def test_accepting_at_once_makes_one_member(
    kim: Person, robin: Person, sam: Person, owner_database: Database
) -> None:
    made = await invite(kim, "viewer")
    calls = [person.http.post(ACCEPT, json=by(made)) for person in (robin, sam, robin, sam)]
    answers = sorted([answer.status_code for answer in await asyncio.gather(*calls)])
    assert answers[0] == 200
    assert set(answers[1:]) <= {404, 409}
    assert len(await roles(kim, kim.book_id)) == 2
    assert len([e for e in await log_of(kim, kim.book_id) if e[0] == "member"]) == 1
    # By token and by address at once, too.
    newcomer = sam if robin.email in await roles(kim, kim.book_id) else robin
    await verify(owner_database, newcomer)
    both = await invite(kim, "viewer", email=newcomer.email)
    found = await asyncio.gather(
        newcomer.http.post(ACCEPT, json=by(both)), newcomer.http.post(f"/invitations/{both['id']}/accept")
    )
    assert sorted(answer.status_code for answer in found) == [200, 404]


async def test_accepting_and_revoking_at_once_is_one_of_them(kim: Person, robin: Person) -> None:
    for _ in range(4):
        made = await invite(kim, "viewer")
        joined, revoked = await asyncio.gather(
            robin.http.post(ACCEPT, json=by(made)),
            kim.http.delete(f"/books/{kim.book_id}/invitations/{made['id']}"),
        )
        assert {joined.status_code, revoked.status_code} in ({200, 404}, {404, 204})
        if joined.status_code == 200:
            expect(await robin.http.post(f"/books/{kim.book_id}/leave"), 204)


async def test_at_most_fifty_wait_and_old_ones_are_forgotten(
    kim: Person, owner_database: Database, unchanged: Unchanged
) -> None:
    await invite(kim)
    many = (
        "INSERT INTO book_invitations (book_id, inviter_id, role, token_hash, expires_at)"
        " SELECT :book, :user, 'viewer', sha256(uuid_send(uuidv7())), now() + interval '1 day'"
        " FROM generate_series(1, 49)"
    )
    await run(owner_database, many, book=kim.book_id, user=kim.user["id"])
    path = f"/books/{kim.book_id}/invitations"
    async with unchanged(kim):
        problem(await kim.http.post(path, json={"role": "viewer"}), 409, "too_many_invitations")
    past = "UPDATE book_invitations SET expires_at = now() - interval '31 days' WHERE book_id = :book"
    await run(owner_database, past, book=kim.book_id)
    await invite(kim)
    assert await run(owner_database, "SELECT count(*) FROM book_invitations WHERE book_id = :b", b=kim.book_id) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"role": "admin"},
        {"role": "viewer", "email": "nobody"},
        {"role": "viewer", "email": "a\x00@example.com"},
        {"role": "viewer", "email": "a@example.com\r\nBcc: b@example.com"},
        {"role": "viewer", "email": f"{'a' * 320}@example.com"},
        {"role": "viewer", "expires_in_days": 0},
        {"role": "viewer", "expires_in_days": 91},
        {"role": "viewer", "expires_in_days": "7"},
        {"role": "viewer", "expires_in_days": 1.5},
    ],
)
async def test_what_cannot_be_invited_is_422(kim: Person, unchanged: Unchanged, body: Document) -> None:
    async with unchanged(kim):
        problem(await kim.http.post(f"/books/{kim.book_id}/invitations", json=body), 422, "invalid_input")


async def test_whether_an_invitation_is_open_can_be_asked_by_its_digest_alone(
    kim: Person, robin: Person, app_database: Database
) -> None:
    ask = "SELECT invitation_open(:hash)"
    made = await invite(kim)
    assert await run(app_database, ask, hash=digest(made["token"])) is True
    expect(await robin.http.post(ACCEPT, json=by(made)), 200)
    assert await run(app_database, ask, hash=digest(made["token"])) is False
    assert await run(app_database, ask, hash=digest("x")) is False


async def test_an_invitation_is_void_while_its_inviter_is_banned(
    settings: Settings, kim: Person, robin: Person, owner_database: Database
) -> None:
    await verify(owner_database, robin)
    made = await invite(kim, "viewer", email=robin.email)
    email = fresh_email()
    body = {"email": email, "password": PASSWORD, "invitation": made["token"]}
    ban = "UPDATE users SET banned_at = now(), banned_until = CAST(:until AS timestamptz) WHERE id = :id"
    async with serving(settings, registration=Registration.INVITE) as (_, client):
        await run(owner_database, ban, id=kim.user["id"], until=None)
        problem(await client.post(f"{API}/auth/register", json=body), 403, "invitation_required")
        assert (await robin.read("/invitations"))["items"] == []
        for answer in (
            await robin.http.post(ACCEPT, json=by(made)),
            await robin.http.post(f"/invitations/{made['id']}/accept"),
        ):
            assert problem(answer, 404, "invitation_over")["reason"] == "revoked"
        # A ban that is over leaves it as it was.
        await run(owner_database, "UPDATE users SET banned_until = now() WHERE id = :id", id=kim.user["id"])
        assert [each["id"] for each in (await robin.read("/invitations"))["items"]] == [made["id"]]
        expect(await client.post(f"{API}/auth/register", json=body), 201)
    assert (await roles(kim, kim.book_id))[email] == "viewer"


async def test_the_state_of_an_invitation_does_not_tell_whether_an_address_is_known(
    settings: Settings, kim: Person, robin: Person, owner_database: Database
) -> None:
    """Its sender looks at it after somebody registered with it."""
    states = []
    async with serving(settings, registration=Registration.INVITE) as (_, client):
        for email in (robin.email, fresh_email()):
            made = await invite(kim)
            body = {"email": email, "password": PASSWORD, "invitation": made["token"]}
            expect(await client.post(f"{API}/auth/register", json=body), 201)
            other = {**body, "email": fresh_email()}
            again = problem(await client.post(f"{API}/auth/register", json=other), 403, "invitation_required")
            over = problem(await robin.http.post(ACCEPT, json=by(made)), 404, "invitation_over")
            listed = await kim.read(f"/books/{kim.book_id}/invitations")
            kept = "SELECT outcome FROM book_invitations WHERE id = :id AND ended_at IS NOT NULL"
            states.append(
                (again["code"], over["reason"], listed["items"], await run(owner_database, kept, id=made["id"]))
            )
    assert states[0] == states[1] == ("invitation_required", "accepted", [], "accepted")
    assert robin.email not in await roles(kim, kim.book_id)


async def test_known_addresses_that_come_at_once_spend_one_invitation_once(
    kim: Person, robin: Person, anonymous: AsyncClient
) -> None:
    made = await invite(kim)
    bodies = [{"email": email, "password": PASSWORD, "invitation": made["token"]} for email in (robin.email, kim.email)]
    answers = await asyncio.gather(*(anonymous.post(f"{API}/auth/register", json=body) for body in bodies))
    assert {answer.status_code for answer in answers} <= {201, 404}
    assert 201 in {answer.status_code for answer in answers}
    assert robin.email not in await roles(kim, kim.book_id)
    assert problem(await robin.http.post(ACCEPT, json=by(made)), 404, "invitation_over")["reason"] == "accepted"


async def test_what_is_over_is_not_spent_again(kim: Person, app_database: Database) -> None:
    made = await invite(kim)
    spend = "SELECT spend_invitation(:hash)"
    for expected in (True, False):
        assert await run(app_database, spend, hash=digest(made["token"])) is expected

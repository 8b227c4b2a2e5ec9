"""Changing a password, and having forgotten it."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy import text

from app.core.config import Settings
from app.core.database import Database
from app.core.security import digest
from tests.conftest import fresh_email
from tests.mail import mails_to, token_to
from tests.people import API, PASSWORD, Person, expect, fields, problem
from tests.servers import serving
from tests.staff import personal_token

CHANGE, FORGOT, RESET = "/auth/password/change", f"{API}/auth/password/forgot", f"{API}/auth/password/reset"
NEW = "seven gentle otters paint at noon"


async def run(owner: Database, statement: str, **parameters: Any) -> Any:
    """What the first column of an owner's statement is, where it returns any."""
    async with owner.begin() as connection:
        result = await connection.execute(text(statement), parameters)
        return list(result.scalars()) if result.returns_rows else []


async def log_in(client: AsyncClient, email: str, password: str) -> Response:
    return await client.post(f"{API}/auth/login", json={"email": email, "password": password})


async def forget(app: FastAPI, client: AsyncClient, person: Person) -> str:
    """The token that the mail about a forgotten password brings."""
    before = len(await mails_to(app, person.email))
    expect(await client.post(FORGOT, json={"email": person.email}), 202)
    return await token_to(app, person.email, at_least=before + 1)


async def back_in(person: Person, client: AsyncClient, password: str) -> None:
    """A session in place of one that was ended."""
    tokens = expect(await log_in(client, person.email, password), 200)
    person.http.headers["Authorization"] = f"Bearer {tokens['access_token']}"


async def actions(owner: Database, person: Person) -> list[str]:
    told: list[str] = await run(
        owner, "SELECT action FROM audit WHERE subject_id = :user ORDER BY id", user=person.user["id"]
    )
    return told


async def test_changing_ends_the_other_sessions_and_tells_by_mail(
    app: FastAPI, kim: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    other = expect(await log_in(anonymous, kim.email, PASSWORD), 200)
    reset = await forget(app, anonymous, kim)
    expect(await kim.http.post(CHANGE, json={"current_password": PASSWORD, "new_password": NEW}), 204)

    expect(await kim.get("/users/me"), 200)
    ended = await anonymous.get(f"{API}/users/me", headers={"Authorization": f"Bearer {other['access_token']}"})
    problem(ended, 401, "unauthenticated")
    spent = await anonymous.post(f"{API}/auth/refresh", json={"refresh_token": other["refresh_token"]})
    problem(spent, 401, "unauthenticated")
    problem(await log_in(anonymous, kim.email, PASSWORD), 401, "wrong_credentials")
    expect(await log_in(anonymous, kim.email, NEW), 200)
    # What was asked for under the old password opens nothing.
    answer = await anonymous.post(RESET, json={"token": reset, "new_password": PASSWORD})
    problem(answer, 422, "token_not_valid")
    assert (await mails_to(app, kim.email, at_least=3))[-1]["Subject"] == "Your password was changed"
    assert "password_changed" in await actions(owner_database, kim)
    because = "SELECT DISTINCT revoked_because FROM sessions WHERE user_id = :user AND revoked_at IS NOT NULL"
    assert await run(owner_database, because, user=kim.user["id"]) == ["password_changed"]


@pytest.mark.parametrize("revoke", [True, False])
async def test_personal_tokens_stay_unless_asked(kim: Person, owner_database: Database, revoke: bool) -> None:
    made = """
        INSERT INTO personal_tokens (user_id, name, prefix, token_hash, scopes, expires_at)
        VALUES (:user, 'script', 'ft_pat_x', :hash, '{tags:read}', now() + interval '1 day')
    """
    await run(owner_database, made, user=kim.user["id"], hash=digest(kim.email))
    body = {"current_password": PASSWORD, "new_password": NEW, "revoke_tokens": revoke}
    expect(await kim.http.post(CHANGE, json=body), 204)
    revoked = "SELECT revoked_at IS NOT NULL FROM personal_tokens WHERE user_id = :user"
    assert await run(owner_database, revoked, user=kim.user["id"]) == [revoke]


@pytest.mark.parametrize("current", ["not this one", "", "x\x00x"])
async def test_a_wrong_present_password_changes_nothing(kim: Person, anonymous: AsyncClient, current: str) -> None:
    other = expect(await log_in(anonymous, kim.email, PASSWORD), 200)
    answer = await kim.http.post(CHANGE, json={"current_password": current, "new_password": NEW})
    problem(answer, 403, "wrong_password")
    expect(await log_in(anonymous, kim.email, PASSWORD), 200)
    alive = await anonymous.get(f"{API}/users/me", headers={"Authorization": f"Bearer {other['access_token']}"})
    expect(alive, 200)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"new_password": NEW}, "current_password"),
        ({"current_password": PASSWORD}, "new_password"),
        ({"current_password": "p" * 257, "new_password": NEW}, "current_password"),
        ({"current_password": PASSWORD, "new_password": "short"}, "new_password"),
        ({"current_password": PASSWORD, "new_password": "p" * 257}, "new_password"),
        ({"current_password": PASSWORD, "new_password": None}, "new_password"),
        ({"current_password": PASSWORD, "new_password": NEW, "revoke_tokens": "yes"}, "revoke_tokens"),
        ({"current_password": PASSWORD, "new_password": NEW, "extra": 1}, "extra"),
    ],
)
async def test_names_the_wrong_field(kim: Person, anonymous: AsyncClient, body: dict[str, Any], field: str) -> None:
    found = fields(problem(await kim.http.post(CHANGE, json=body), 422, "invalid_input"))
    assert [name for name, _ in found] == [field]
    expect(await log_in(anonymous, kim.email, PASSWORD), 200)


async def test_a_weak_password_is_refused_wherever_one_is_set(
    app: FastAPI, kim: Person, anonymous: AsyncClient
) -> None:
    token = await forget(app, anonymous, kim)
    own = kim.email.replace("@", " ")
    for weak in ("password123", "qwertyuiop", own):
        calls = (
            (kim.http, CHANGE, {"current_password": PASSWORD, "new_password": weak}, "new_password"),
            (anonymous, RESET, {"token": token, "new_password": weak}, "new_password"),
            (anonymous, f"{API}/auth/register", {"email": kim.email, "password": weak}, "password"),
        )
        for client, path, body, field in calls:
            refused = problem(await client.post(path, json=body), 422, "weak_password")
            assert fields(refused) == {(field, "weak_password")}
    # The refusals did not spend the token.
    expect(await anonymous.post(RESET, json={"token": token, "new_password": NEW}), 204)
    await back_in(kim, anonymous, NEW)


async def test_who_has_no_password_sets_one_after_a_confirmation(
    kim: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    await run(owner_database, "DELETE FROM passwords WHERE user_id = :user", user=kim.user["id"])
    problem(await log_in(anonymous, kim.email, PASSWORD), 401, "wrong_credentials")
    problem(await kim.http.post(CHANGE, json={"new_password": NEW}), 403, "confirmation_required")
    await run(owner_database, "UPDATE sessions SET confirmed_at = now() WHERE user_id = :user", user=kim.user["id"])
    expect(await kim.http.post(CHANGE, json={"new_password": NEW}), 204)
    expect(await log_in(anonymous, kim.email, NEW), 200)
    # From now on the confirmation does not stand in for it.
    found = fields(problem(await kim.http.post(CHANGE, json={"new_password": PASSWORD}), 422, "invalid_input"))
    assert found == {("current_password", "missing")}


async def test_of_two_changes_at_once_one_happens(kim: Person, anonymous: AsyncClient) -> None:
    wanted = [f"{NEW} {number}" for number in range(3)]
    answers = await asyncio.gather(
        *(kim.http.post(CHANGE, json={"current_password": PASSWORD, "new_password": new}) for new in wanted)
    )
    assert sorted(answer.status_code for answer in answers) == [204, 403, 403]
    winner = next(new for new, answer in zip(wanted, answers, strict=True) if answer.status_code == 204)
    for new in wanted:
        assert (await log_in(anonymous, kim.email, new)).status_code == (200 if new == winner else 401)


async def test_no_session_of_the_old_password_outlives_a_change(
    kim: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    calls = [log_in(anonymous, kim.email, PASSWORD) for _ in range(4)]
    change = kim.http.post(CHANGE, json={"current_password": PASSWORD, "new_password": NEW})
    changed, *logged_in = await asyncio.gather(change, *calls)
    expect(changed, 204)
    assert {answer.status_code for answer in logged_in} <= {200, 401}
    alive = "SELECT count(*) FROM sessions WHERE user_id = :user AND revoked_at IS NULL"
    assert await run(owner_database, alive, user=kim.user["id"]) == [1]


async def test_a_replayed_change_happens_once(app: FastAPI, kim: Person) -> None:
    body, key = {"current_password": PASSWORD, "new_password": NEW}, {"Idempotency-Key": "change"}
    expect(await kim.http.post(CHANGE, json=body, headers=key), 204)
    again = await kim.http.post(CHANGE, json=body, headers=key)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (204, "true")


async def test_resetting_ends_all_sessions_confirms_the_address_and_logs_nobody_in(
    app: FastAPI, kim: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    token = await forget(app, anonymous, kim)
    answer = await anonymous.post(RESET, json={"token": token, "new_password": NEW})
    assert (answer.status_code, answer.content) == (204, b"")
    problem(await kim.get("/users/me"), 401, "unauthenticated")
    problem(await log_in(anonymous, kim.email, PASSWORD), 401, "wrong_credentials")
    await back_in(kim, anonymous, NEW)
    assert (await kim.read("/users/me"))["email_verified_at"] is not None
    told = await actions(owner_database, kim)
    assert told == ["password_reset_requested", "password_reset"]
    assert (await mails_to(app, kim.email, at_least=3))[-1]["Subject"] == "Your password was changed"
    # Once is all.
    again = await anonymous.post(RESET, json={"token": token, "new_password": PASSWORD})
    assert fields(problem(again, 422, "token_not_valid")) == {("token", "token_not_valid")}


async def test_a_token_is_good_once_however_many_come_at_once(
    app: FastAPI, kim: Person, anonymous: AsyncClient
) -> None:
    token = await forget(app, anonymous, kim)
    answers = await asyncio.gather(
        *(anonymous.post(RESET, json={"token": token, "new_password": f"{NEW} {number}"}) for number in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [204, 422, 422, 422]
    await back_in(kim, anonymous, f"{NEW} {_winner(answers)}")


def _winner(answers: list[Response]) -> int:
    return [answer.status_code for answer in answers].index(204)


async def test_only_the_latest_token_of_a_person_is_good(
    app: FastAPI, kim: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    first = await forget(app, anonymous, kim)
    await asyncio.gather(*(anonymous.post(FORGOT, json={"email": kim.email.upper()}) for _ in range(4)))
    second = await token_to(app, kim.email, at_least=6)
    live = "SELECT count(*) FROM one_time_tokens WHERE user_id = :user AND purpose = 'reset_password'"
    assert await run(owner_database, live, user=kim.user["id"]) == [1]
    problem(await anonymous.post(RESET, json={"token": first, "new_password": NEW}), 422, "token_not_valid")
    expect(await anonymous.post(RESET, json={"token": second, "new_password": NEW}), 204)
    await back_in(kim, anonymous, NEW)


async def test_a_token_expires_after_an_hour(
    app: FastAPI, kim: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    token = await forget(app, anonymous, kim)
    left = "SELECT expires_at - now() FROM one_time_tokens WHERE user_id = :user AND purpose = 'reset_password'"
    (lifetime,) = await run(owner_database, left, user=kim.user["id"])
    assert timedelta(minutes=59) < lifetime <= timedelta(hours=1)
    late = "UPDATE one_time_tokens SET expires_at = now() WHERE user_id = :user"
    await run(owner_database, late, user=kim.user["id"])
    problem(await anonymous.post(RESET, json={"token": token, "new_password": NEW}), 422, "token_not_valid")
    expect(await log_in(anonymous, kim.email, PASSWORD), 200)


@pytest.mark.parametrize("token", ["unknown", "ü" * 200, "x\x00x", " "])
async def test_a_token_of_nobody_is_refused(anonymous: AsyncClient, token: str) -> None:
    answer = await anonymous.post(RESET, json={"token": token, "new_password": NEW})
    problem(answer, 422, "token_not_valid")


@pytest.mark.parametrize("token", ["", "x" * 201, None, 5, ["x"], "\ud800"])
async def test_a_token_that_is_none_is_named(anonymous: AsyncClient, token: object) -> None:
    content = json.dumps({"token": token, "new_password": NEW})
    answer = await anonymous.post(RESET, content=content, headers={"Content-Type": "application/json"})
    assert [name for name, _ in fields(problem(answer, 422, "invalid_input"))] == ["token"]


async def test_a_token_for_one_purpose_is_worthless_for_another(
    app: FastAPI, kim: Person, anonymous: AsyncClient
) -> None:
    verification = await token_to(app, kim.email)
    problem(await anonymous.post(RESET, json={"token": verification, "new_password": NEW}), 422, "token_not_valid")
    reset = await forget(app, anonymous, kim)
    body = {"token": reset, "password": PASSWORD}
    problem(await anonymous.post(f"{API}/auth/verify-email", json=body), 422, "token_not_valid")


async def test_forgetting_says_the_same_to_everybody_and_mails_those_alone_who_are_known(
    app: FastAPI, kim: Person, anonymous: AsyncClient
) -> None:
    nobody = fresh_email()
    before = len(await mails_to(app, kim.email))
    answers = [await anonymous.post(FORGOT, json={"email": email}) for email in (kim.email, nobody)]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(202, answers[0].json())] * 2
    assert (await mails_to(app, kim.email, at_least=before + 1))[-1]["Subject"] == "Choose a new password"
    assert await mails_to(app, nobody, at_least=0) == []


@pytest.mark.parametrize("email", ["nobody", "", None, "a" * 400 + "@example.com", "kim\x00@example.com"])
async def test_forgetting_names_what_is_no_address(anonymous: AsyncClient, email: object) -> None:
    answer = await anonymous.post(FORGOT, json={"email": email})
    assert [name for name, _ in fields(problem(answer, 422, "invalid_input"))] == ["email"]


async def test_a_request_that_nobody_answered_for_an_hour_is_dropped(
    app: FastAPI, settings: Settings, kim: Person, owner_database: Database
) -> None:
    before = len(await mails_to(app, kim.email))
    old = """
        INSERT INTO address_requests (purpose, email, created_at)
        VALUES ('reset_password', :email, now() - interval '61 minutes')
    """
    await run(owner_database, old, email=kim.email)
    assert len(await mails_to(app, kim.email, at_least=0)) == before
    assert await run(owner_database, "SELECT 1 FROM address_requests WHERE email = :email", email=kim.email) == []


async def test_a_request_that_cannot_be_answered_does_not_keep_others_waiting(
    app: FastAPI, kim: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    """A constraint that comes in between stands for any defect."""
    refuse = "ALTER TABLE one_time_tokens ADD CONSTRAINT refuse CHECK (data ->> 'email' NOT LIKE :email) NOT VALID"
    broken = expect(
        await anonymous.post(f"{API}/auth/register", json={"email": fresh_email(), "password": PASSWORD}), 201
    )
    await run(owner_database, refuse.replace(":email", f"'{broken['email']}'"))
    try:
        for email in (broken["email"], kim.email):
            expect(await anonymous.post(FORGOT, json={"email": email}), 202)
        assert (await mails_to(app, kim.email, at_least=2))[-1]["Subject"] == "Choose a new password"
    finally:
        await run(owner_database, "ALTER TABLE one_time_tokens DROP CONSTRAINT refuse")
    assert len(await mails_to(app, broken["email"])) == 1
    assert await run(owner_database, "SELECT 1 FROM address_requests") == []


async def test_a_password_that_changed_while_one_logs_in_is_looked_at_again(
    settings: Settings, kim: Person, owner_database: Database
) -> None:
    """Two log-ins that both bring an old hash up to date: the second finds another hash of the same password."""
    async with serving(settings, argon2_time_cost=2) as (_, client):
        answers = await asyncio.gather(*(log_in(client, kim.email, PASSWORD) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    stored = "SELECT hash LIKE '%t=2,%' FROM passwords WHERE user_id = :user"
    assert await run(owner_database, stored, user=kim.user["id"]) == [True]


async def test_a_reset_by_mail_revokes_every_personal_token(
    app: FastAPI, kim: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    """One that a thief of the session made; a change by who knows the password keeps them."""
    verified = "UPDATE users SET email_verified_at = now() WHERE id = :user"
    await run(owner_database, verified, user=kim.user["id"])
    token = await personal_token(owner_database, kim, "accounts:read")
    headers = {"Authorization": f"Bearer {token}"}
    body = {"current_password": PASSWORD, "new_password": f"{NEW} 1"}
    expect(await kim.http.post("/auth/password/change", json=body), 204)
    expect(await anonymous.get(f"{API}/accounts", headers=headers), 200)
    mailed = await forget(app, anonymous, kim)
    expect(await anonymous.post(RESET, json={"token": mailed, "new_password": NEW}), 204)
    problem(await anonymous.get(f"{API}/accounts", headers=headers), 401, "unauthenticated")
    await back_in(kim, anonymous, NEW)

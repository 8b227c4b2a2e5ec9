"""Passkeys: adding, logging in, and every way in which what comes from a browser can be wrong."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response

from app.auth import ceremonies
from app.core.config import Settings
from app.core.database import Database
from tests.authenticator import BACKED_UP, ELIGIBLE, PRESENT, VERIFIED, Authenticator, Document, decoded
from tests.conftest import fresh_email
from tests.factors import add_passkey, audited, confirm, log_in, mails, run, switch_on
from tests.names import UNKNOWN
from tests.people import API, Person, expect, problem, register
from tests.servers import serving

LOGIN = f"{API}/auth/passkeys/login"


async def options_to_log_in(client: AsyncClient) -> Document:
    options: Document = expect(await client.post(f"{LOGIN}/options"), 200)
    return options


async def options_to_add(person: Person) -> Document:
    await confirm(person)
    options: Document = expect(await person.http.post("/auth/passkeys/options"), 200)
    return options


async def use(client: AsyncClient, credential: Document) -> Response:
    return await client.post(LOGIN, json={"credential": credential})


async def log_in_with(client: AsyncClient, passkey: Authenticator, **changes: Any) -> Response:
    return await use(client, passkey.get(await options_to_log_in(client), **changes))


async def add(person: Person, credential: Document, name: str = "P") -> Response:
    return await person.http.post("/auth/passkeys", json={"name": name, "credential": credential})


async def test_a_passkey_lets_in_without_address_and_password(
    kim: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    passkey, made = await add_passkey(kim, "  My\x00 laptop ", flags=PRESENT | VERIFIED | ELIGIBLE | BACKED_UP)
    assert (made["name"], made["transports"], made["backed_up"]) == ("My laptop", ["internal"], True)
    assert made["last_used_at"] is None
    await switch_on(kim, owner_database)  # a passkey is two factors already: no code is asked for
    tokens = expect(await log_in_with(anonymous, passkey), 200)
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert expect(await anonymous.get(f"{API}/users/me", headers=headers), 200)["id"] == kim.user["id"]
    expect(await log_in_with(anonymous, passkey), 200)
    methods = await run(
        owner_database, "SELECT method, confirmed_at FROM sessions WHERE user_id = :user ORDER BY id", kim
    )
    assert [row.method for row in methods] == ["password", "passkey", "passkey"]
    assert [row.confirmed_at for row in methods[1:]] == [None, None]
    (listed,) = (await kim.read("/auth/passkeys"))["items"]
    assert listed["last_used_at"] is not None
    assert (await kim.read("/auth/2fa"))["passkeys"] == 1


async def test_what_browsers_are_asked_for(kim: Person, anonymous: AsyncClient) -> None:
    passkey, _ = await add_passkey(kim)
    options = await options_to_add(kim)
    assert options["rp"] == {"name": "Finance Tracker", "id": "localhost"}
    assert options["user"]["name"] == kim.email
    assert [decoded(each["id"]) for each in options["excludeCredentials"]] == [passkey.credential_id]
    wanted = options["authenticatorSelection"]
    assert (wanted["residentKey"], wanted["userVerification"]) == ("required", "required")
    login = await options_to_log_in(anonymous)
    assert (login["rpId"], login["userVerification"], login["allowCredentials"]) == ("localhost", "required", [])


async def test_renaming_and_removing(
    kim: Person, robin: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    passkey, made = await add_passkey(kim)
    path = f"/auth/passkeys/{made['id']}"
    assert expect(await kim.http.patch(path, json={"name": "Old laptop"}), 200)["name"] == "Old laptop"
    problem(await kim.http.patch(path, json={"name": " "}), 422, "invalid_input")
    await confirm(robin)
    problem(await robin.http.patch(path, json={"name": "Mine now"}), 404, "not_found")
    problem(await robin.http.delete(path), 404, "not_found")
    problem(await kim.http.delete(f"/auth/passkeys/{UNKNOWN}"), 404, "not_found")
    await run(owner_database, "UPDATE sessions SET confirmed_at = NULL WHERE user_id = :user", kim)
    problem(await kim.http.delete(path), 403, "confirmation_required")
    await confirm(kim)
    expect(await kim.http.delete(path), 204)
    problem(await log_in_with(anonymous, passkey), 401, "wrong_credentials")
    assert (await kim.read("/auth/passkeys"))["items"] == []
    assert await audited(owner_database, kim) == ["passkey_added", "passkey_removed"]
    added, removed = await mails(owner_database, kim)
    assert ('"Laptop", was added' in added, '"Old laptop" was removed' in removed) == (True, True)


async def test_adding_needs_a_confirmation(kim: Person) -> None:
    problem(await kim.http.post("/auth/passkeys/options"), 403, "confirmation_required")
    credential = Authenticator().create({"challenge": "x", "user": {"id": "eA"}})
    problem(await add(kim, credential), 403, "confirmation_required")


async def test_adding_again_with_a_key_adds_once(kim: Person, owner_database: Database) -> None:
    body = {"name": "P", "credential": Authenticator().create(await options_to_add(kim))}
    headers = {"Idempotency-Key": "once"}
    first = await kim.http.post("/auth/passkeys", json=body, headers=headers)
    again = await kim.http.post("/auth/passkeys", json=body, headers=headers)
    assert (expect(first, 201), again.headers["idempotency-replayed"]) == (expect(again, 201), "true")
    assert first.headers["location"] == f"/api/v1/auth/passkeys/{first.json()['id']}"
    assert len(await mails(owner_database, kim)) == 1


async def test_a_challenge_is_for_one_person_one_purpose_one_time_and_five_minutes(
    kim: Person, robin: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    options, theirs = await options_to_add(kim), await options_to_add(robin)
    problem(await add(kim, Authenticator().create(theirs)), 422, "bad_passkey")
    login = {**await options_to_log_in(anonymous), "user": options["user"]}
    problem(await add(kim, Authenticator().create(login)), 422, "bad_passkey")
    passkey = Authenticator()
    created = passkey.create(options)
    expect(await add(kim, created), 201)
    problem(await add(kim, created), 422, "bad_passkey")
    # A challenge for adding or confirming opens no session.
    confirming = expect(await kim.http.post("/auth/confirm/options"), 200)
    for foreign in (await options_to_add(kim), confirming):
        problem(await use(anonymous, passkey.get(foreign)), 401, "wrong_credentials")
    signed = passkey.get(await options_to_log_in(anonymous))
    expect(await use(anonymous, signed), 200)
    problem(await use(anonymous, signed), 401, "wrong_credentials")
    late, late_login = await options_to_add(kim), await options_to_log_in(anonymous)
    async with owner_database.begin() as connection:
        await connection.exec_driver_sql("UPDATE one_time_tokens SET expires_at = now() WHERE purpose LIKE 'passkey%%'")
    problem(await add(kim, Authenticator().create(late)), 422, "bad_passkey")
    problem(await use(anonymous, passkey.get(late_login)), 401, "wrong_credentials")


async def test_one_signature_used_many_times_at_once_opens_once(kim: Person, anonymous: AsyncClient) -> None:
    passkey, _ = await add_passkey(kim)
    signed = passkey.get(await options_to_log_in(anonymous))
    answers = await asyncio.gather(*(use(anonymous, signed) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]


async def test_a_credential_belongs_to_one_person(kim: Person, robin: Person, anonymous: AsyncClient) -> None:
    passkey, _ = await add_passkey(kim)
    problem(await add(robin, passkey.create(await options_to_add(robin))), 409, "passkey_known")
    passkey.user_handle = None  # which not every authenticator sends
    tokens = expect(await log_in_with(anonymous, passkey), 200)
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert expect(await anonymous.get(f"{API}/users/me", headers=headers), 200)["id"] == kim.user["id"]
    assert (await robin.read("/auth/passkeys"))["items"] == []


async def test_a_counter_that_goes_back_is_refused_and_told(
    kim: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    passkey, _ = await add_passkey(kim)
    for _ in range(3):
        expect(await log_in_with(anonymous, passkey), 200)
    for count in (2, 1, -1):  # the same again, less, and none at all
        passkey.count = count
        problem(await log_in_with(anonymous, passkey), 401, "wrong_credentials")
    assert (await audited(owner_database, kim))[1:] == ["passkey_counter_went_back"] * 3
    passkey.count = 3
    expect(await log_in_with(anonymous, passkey), 200)


async def test_an_authenticator_need_not_count(kim: Person, anonymous: AsyncClient, owner_database: Database) -> None:
    passkey, _ = await add_passkey(kim, counts=False)
    for _ in range(2):
        expect(await log_in_with(anonymous, passkey), 200)
    assert await audited(owner_database, kim) == ["passkey_added"]


async def test_the_banned_and_the_deleted_stay_out(
    app: FastAPI, anonymous: AsyncClient, owner_database: Database
) -> None:
    person = await register(app, fresh_email())
    passkey, _ = await add_passkey(person)
    await run(owner_database, "UPDATE users SET banned_at = now() WHERE id = :user", person)
    problem(await log_in_with(anonymous, passkey), 401, "wrong_credentials")
    await run(owner_database, "UPDATE users SET banned_until = now() WHERE id = :user", person)
    expect(await log_in_with(anonymous, passkey), 200)  # the ban is over
    await confirm(person)
    expect(await person.http.delete("/users/me"), 204)
    problem(await log_in_with(anonymous, passkey), 401, "wrong_credentials")
    await person.http.aclose()


async def test_the_address_must_be_verified_where_that_is_required(
    kim: Person, settings: Settings, owner_database: Database
) -> None:
    passkey, _ = await add_passkey(kim)
    async with serving(settings, email_verification="required") as (_, client):
        problem(await log_in_with(client, passkey), 401, "wrong_credentials")
        await run(owner_database, "UPDATE users SET email_verified_at = now() WHERE id = :user", kim)
        expect(await log_in_with(client, passkey), 200)


async def test_there_are_twenty_at_most(kim: Person, owner_database: Database) -> None:
    await add_passkey(kim)
    options = [expect(await kim.http.post("/auth/passkeys/options"), 200) for _ in range(3)]
    copies = """
        INSERT INTO passkeys (user_id, name, credential_id, public_key, sign_count, transports, backed_up)
        SELECT user_id, name, uuid_send(uuidv7()), public_key, 0, '{}', false
        FROM passkeys, generate_series(1, 18) WHERE user_id = :user
    """
    await run(owner_database, copies, kim)
    answers = await asyncio.gather(*(add(kim, Authenticator().create(each)) for each in options))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    problem(await kim.http.post("/auth/passkeys/options"), 409, "too_many_passkeys")


async def test_the_password_still_works_beside_a_passkey(kim: Person, anonymous: AsyncClient) -> None:
    await add_passkey(kim)
    expect(await log_in(anonymous, kim), 200)


@pytest.mark.parametrize(
    ("public_url", "host", "origin"),
    [
        ("https://finance.example.com", "finance.example.com", "https://finance.example.com"),
        ("https://Finance.Example.com:443", "finance.example.com", "https://finance.example.com"),
        ("http://localhost:8000", "localhost", "http://localhost:8000"),
        ("http://nas.local:80", "nas.local", "http://nas.local"),
        ("https://bücher.example:8443", "xn--bcher-kva.example", "https://xn--bcher-kva.example:8443"),
    ],
)
def test_the_relying_party_is_written_as_browsers_do(public_url: str, host: str, origin: str) -> None:
    assert ceremonies.relying_party(public_url) == ceremonies.RelyingParty(host, origin)

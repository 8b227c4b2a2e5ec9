"""Registering an address that is known: nothing in the answer says so, nothing is made, and its owner hears of it."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import text

from app.core.database import Database
from tests.conftest import fresh_email
from tests.mail import mails_to
from tests.people import API, PASSWORD, Person, expect, problem

REGISTER, LOGIN = f"{API}/auth/register", f"{API}/auth/login"
COUNTED = ("users", "passwords", "books", "book_members", "categories", "events", "one_time_tokens")


async def counts(owner: Database) -> dict[str, int]:
    async with owner.begin() as connection:
        return {table: await connection.scalar(text(f"SELECT count(*) FROM {table}")) for table in COUNTED}


async def test_the_answer_is_that_of_a_new_person_and_nobody_is_made(
    app: FastAPI, kim: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    email = kim.email.upper()
    body = {"email": email, "password": "another good password", "full_name": "Mallory", "time_zone": "Europe/Berlin"}
    await mails_to(app, kim.email)
    before = await counts(owner_database)

    answer = await anonymous.post(REGISTER, json=body)

    invented = expect(answer, 201)
    assert answer.headers["location"] == "/api/v1/users/me"
    assert invented.keys() == kim.user.keys()
    assert {name: invented[name] for name in ("full_name", "time_zone", "role", "email_verified_at")} == {
        "full_name": "Mallory",
        "time_zone": "Europe/Berlin",
        "role": "user",
        "email_verified_at": None,
    }
    assert invented["email"].lower() == kim.email
    assert invented["id"] != kim.user["id"]
    assert invented["default_book_id"] not in {None, kim.book_id}
    assert await counts(owner_database) == before
    notice = (await mails_to(app, kim.email, at_least=2))[-1]
    assert notice["Subject"] == "Somebody tried to register with your address"
    assert "Token:" not in notice.get_content()
    # Kim's password is what it was, and the other one opens nothing.
    expect(await anonymous.post(LOGIN, json={"email": kim.email, "password": PASSWORD}), 200)
    wrong = {"email": kim.email, "password": "another good password"}
    problem(await anonymous.post(LOGIN, json=wrong), 401, "wrong_credentials")


async def test_a_key_replays_the_answer_for_a_known_address_too(
    app: FastAPI, kim: Person, anonymous: AsyncClient
) -> None:
    body, headers = {"email": kim.email, "password": PASSWORD}, {"Idempotency-Key": fresh_email()}
    first = await anonymous.post(REGISTER, json=body, headers=headers)
    again = await anonymous.post(REGISTER, json=body, headers=headers)
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    other = {**body, "full_name": "Other"}
    problem(await anonymous.post(REGISTER, json=other, headers=headers), 422, "idempotency_key_reused")
    assert len(await mails_to(app, kim.email, at_least=2)) == 2


async def test_of_many_who_register_one_address_at_once_one_gets_it(
    app: FastAPI, anonymous: AsyncClient, owner_database: Database
) -> None:
    email = fresh_email()
    passwords = [f"{PASSWORD} {number}" for number in range(6)]

    async def register(password: str) -> dict[str, Any]:
        user: dict[str, Any] = expect(await anonymous.post(REGISTER, json={"email": email, "password": password}), 201)
        return user

    answers = await asyncio.gather(*(register(password) for password in passwords))

    assert len({user["id"] for user in answers}) == 6
    async with owner_database.begin() as connection:
        found = text("SELECT id::text FROM users WHERE lower(email) = :email")
        (made,) = (await connection.execute(found, {"email": email})).scalars()
    winner = next(number for number, user in enumerate(answers) if user["id"] == made)
    for number, password in enumerate(passwords):
        answer = await anonymous.post(LOGIN, json={"email": email, "password": password})
        assert answer.status_code == (200 if number == winner else 401)
    subjects = [str(mail["Subject"]) for mail in await mails_to(app, email, at_least=6)]
    assert subjects.count("Confirm your e-mail address") == 1
    assert subjects.count("Somebody tried to register with your address") == 5


@pytest.mark.parametrize("known", [True, False])
async def test_a_refused_registration_sends_nothing(
    app: FastAPI, kim: Person, anonymous: AsyncClient, known: bool
) -> None:
    email = kim.email if known else fresh_email()
    before = len(await mails_to(app, email, at_least=int(known)))
    body = {"email": email, "password": PASSWORD, "base_currency": "ZZZ"}
    problem(await anonymous.post(REGISTER, json=body), 422, "invalid_input")
    weak = {"email": email, "password": "password1"}
    problem(await anonymous.post(REGISTER, json=weak), 422, "weak_password")
    assert len(await mails_to(app, email, at_least=0)) == before

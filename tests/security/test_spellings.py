"""One account has many spellings, and no other account one of them: in limits, and where people are made known."""

import sys
import unicodedata

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text

from app.core.config import Settings
from app.core.database import Database
from app.core.email_addresses import folded, is_plain
from app.core.rate_limits.guard import account_digest
from tests.conftest import fresh_email
from tests.people import API, PASSWORD, Person, expect, fields, problem
from tests.servers import client_of, serving

LIMIT, TRIES = 6, 12
HALF = LIMIT // 2
FULLWIDTH = ord("\uff41") - ord("a")
LIMITS = {"rate_limit_login": f"{LIMIT}/minute"}


def alike(email: str) -> str:
    """The address with a letter that NFKC takes for its first one."""
    return chr(ord(email[0]) + FULLWIDTH) + email[1:]


async def test_every_letter_folds_as_the_database_folds_it(app_database: Database) -> None:
    # Letters that this Python does not know yet are in nobody's address: they are refused as not assigned.
    every = map(chr, range(1, sys.maxunicode + 1))
    letters = [letter for letter in every if unicodedata.category(letter) not in {"Cs", "Cn", "Co"}]
    statement = text(
        "SELECT lower(letter) FROM unnest(CAST(:letters AS text[])) WITH ORDINALITY l(letter, n) ORDER BY n"
    )
    async with app_database.begin() as connection:
        small = (await connection.execute(statement, {"letters": letters})).scalars().all()
    wrong = {letter for letter, other in zip(letters, small, strict=True) if folded(letter) != folded(other)}
    assert {f"{ord(letter):x}" for letter in wrong} == set()
    # Two that may be registered and fold to the same are one to the database.
    unlike = {
        letter for letter, other in zip(letters, small, strict=True) if is_plain(letter) and folded(letter) != other
    }
    assert {f"{ord(letter):x}" for letter in unlike} == set()


def test_an_account_s_digest_is_of_all_its_spellings_and_tells_nothing_without_the_secret() -> None:
    for spelling in ("KIM@example.com", "\u212aim@example.com", " kim@example.com ", "k\u0130m@example.com"):
        assert account_digest("x" * 32, spelling) == account_digest("x" * 32, "kim@example.com"), spelling
    assert account_digest("x" * 32, "kim@example.com") != account_digest("y" * 32, "kim@example.com")
    assert account_digest("x" * 32, "\ud800") != account_digest("x" * 32, "kim@example.com")


@pytest.mark.parametrize("change", [alike, lambda email: "\u00c4" + email, lambda email: "\u03c2" + email])
async def test_an_address_that_may_be_taken_for_another_is_not_registered(
    kim: Person, anonymous: AsyncClient, change: object
) -> None:
    assert callable(change)
    email = change(fresh_email())
    expect(await kim.http.post("/auth/confirm", json={"password": PASSWORD}), 200)
    for answer in (
        await anonymous.post(f"{API}/auth/register", json={"email": email, "password": PASSWORD}),
        await kim.http.post("/users/me/email", json={"email": email}),
        await kim.http.post(f"/books/{kim.book_id}/invitations", json={"email": email, "role": "viewer"}),
    ):
        body = problem(answer, 422, "invalid_input")
        assert fields(body) == {("email", "value_error")}
        assert folded(email) in body["errors"][0]["detail"]


async def test_capitals_and_letters_of_other_languages_are_registered(anonymous: AsyncClient) -> None:
    for email in (f"Kim.{fresh_email()}", f"m\u00fcller\u00df-{fresh_email()}", f"\u540d\u524d-{fresh_email()}"):
        answer = await anonymous.post(f"{API}/auth/register", json={"email": email, "password": PASSWORD})
        assert expect(answer, 201)["email"] == email


async def test_a_log_in_to_an_account_that_is_only_written_alike_forgives_no_wrong_guess(
    settings: Settings, kim: Person, robin: Person, owner_database: Database
) -> None:
    """Registration refuses such an address now; one from before is here put in its place."""
    statement = text("UPDATE users SET email = :email WHERE id = :id")
    async with owner_database.begin() as connection:
        await connection.execute(statement, {"email": alike(kim.email), "id": robin.user["id"]})
    async with serving(settings, **LIMITS) as (_, client):
        wrong = {"email": kim.email, "password": "wrong"}
        own = {"email": alike(kim.email), "password": PASSWORD}
        bodies = [wrong] * (HALF - 1) + [own] + [wrong] * 2
        answers = [await client.post(f"{API}/auth/login", json=body) for body in bodies]
        assert [answer.status_code for answer in answers] == [401] * (HALF - 1) + [200, 401, 429]


async def guess(client: AsyncClient, **request: object) -> list[int]:
    return [(await client.post(**request)).status_code for _ in range(TRIES)]  # type: ignore[arg-type]


LIMITED = [401] * HALF + [429] * (TRIES - HALF)


@pytest.mark.parametrize("media_type", ["application/JSON", "application/x+JSON", "APPLICATION/json; charset=utf-8"])
async def test_no_way_to_write_a_media_type_is_a_way_past_the_limits(
    settings: Settings, kim: Person, media_type: str
) -> None:
    async with serving(settings, **LIMITS) as (_, client):
        content = f'{{"email": "{kim.email}", "password": "wrong"}}'
        headers = {"Content-Type": media_type}
        assert await guess(client, url=f"{API}/auth/login", content=content, headers=headers) == LIMITED


@pytest.mark.parametrize("parameter", ["; a=json", "; charset=json", ""])
async def test_a_form_that_mentions_json_is_read_as_the_form_it_is(
    settings: Settings, kim: Person, parameter: str
) -> None:
    async with serving(settings, **LIMITS) as (_, client):
        headers = {"Content-Type": f"application/x-www-form-urlencoded{parameter}"}
        content = f"username={kim.email.replace('@', '%40')}&password=wrong"
        assert await guess(client, url=f"{API}/auth/token", content=content, headers=headers) == LIMITED


async def test_an_email_beside_the_username_is_no_other_account(settings: Settings, kim: Person) -> None:
    async with serving(settings, **LIMITS) as (_, client):
        forms = [{"username": kim.email, "password": "wrong", "email": fresh_email()} for _ in range(TRIES)]
        assert [(await client.post(f"{API}/auth/token", data=form)).status_code for form in forms] == LIMITED
        right = {"username": kim.email, "password": PASSWORD, "email": fresh_email()}
        problem(await client.post(f"{API}/auth/token", data=right), 429, "rate_limited")


async def test_a_username_sent_twice_counts_for_the_one_that_is_tried(settings: Settings, kim: Person) -> None:
    async with serving(settings, **LIMITS) as (_, client):
        statuses = []
        for _ in range(TRIES):
            form = {"username": [fresh_email(), kim.email], "password": "wrong"}
            statuses.append((await client.post(f"{API}/auth/token", data=form)).status_code)
        assert statuses == LIMITED


async def test_a_guess_that_names_no_account_counts_as_one_at_nobody(settings: Settings) -> None:
    """From one place to the end of its limit; others are not touched."""
    async with serving(settings, **LIMITS) as (app, client):

        async def ask(asking: AsyncClient) -> Response:
            return await asking.post(f"{API}/auth/login", json={"email": "", "password": "x"})

        assert [(await ask(client)).status_code for _ in range(TRIES)] == LIMITED
        async with client_of(app, address="198.51.100.7") as other:
            problem(await ask(other), 401, "wrong_credentials")

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.categories.defaults import TREE
from app.core.config import Settings
from app.core.identity_settings import Registration
from tests.conftest import fresh_email
from tests.people import API, PASSWORD, Person, expect, fields, problem, register
from tests.servers import serving

REGISTER = f"{API}/auth/register"


async def test_registering_gives_a_user_with_a_personal_book(app: FastAPI) -> None:
    email = fresh_email()
    person = await register(app, email, full_name="  Kim   Example ", time_zone="Europe/Berlin", base_currency="CHF")
    assert person.user["email"] == email
    assert person.user["full_name"] == "Kim Example"
    assert person.user["role"] == "user"
    assert person.user["time_zone"] == "Europe/Berlin"
    assert "password" not in str(person.user)
    (book,) = (await person.read("/books"))["items"]
    assert (book["id"], book["role"], book["base_currency"]) == (person.book_id, "owner", "CHF")
    await person.http.aclose()


async def test_registering_gives_the_default_category_tree(kim: Person) -> None:
    roots = (await kim.read("/categories", tree=True))["items"]
    found = {(root["kind"], root["name"]): [child["name"] for child in root["children"]] for root in roots}
    assert found == {(kind, root.name): list(root.children) for kind, branches in TREE for root in branches}


async def test_location_is_the_user(anonymous: AsyncClient) -> None:
    answer = await anonymous.post(REGISTER, json={"email": fresh_email(), "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (201, "/api/v1/users/me")


async def test_names_every_wrong_field(anonymous: AsyncClient) -> None:
    body = {
        "email": "nobody",
        "password": "short",
        "full_name": " ",
        "time_zone": "Mars/Olympus",
        "base_currency": "eur",
        "admin": True,
    }
    named = {field for field, _ in fields(problem(await anonymous.post(REGISTER, json=body), 422, "invalid_input"))}
    assert named == set(body)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "two@at@example.com"),
        ("email", "kim@example.com\x00"),
        ("email", "a" * 400 + "@example.com"),
        ("password", "p" * 257),
        ("password", None),
        ("time_zone", "../../etc/passwd"),
        ("base_currency", "ZZZ"),
    ],
)
async def test_returns_422_for_a_wrong_field(anonymous: AsyncClient, field: str, value: object) -> None:
    body = {"email": fresh_email(), "password": PASSWORD, field: value}
    found = fields(problem(await anonymous.post(REGISTER, json=body), 422, "invalid_input"))
    assert [name for name, _ in found] == [field]


async def test_a_refused_registration_leaves_the_address_free(anonymous: AsyncClient) -> None:
    body = {"email": fresh_email(), "password": PASSWORD}
    problem(await anonymous.post(REGISTER, json={**body, "base_currency": "ZZZ"}), 422, "invalid_input")
    expect(await anonymous.post(REGISTER, json=body), 201)


async def test_the_same_idempotency_key_registers_once(anonymous: AsyncClient) -> None:
    body, headers = {"email": fresh_email(), "password": PASSWORD}, {"Idempotency-Key": fresh_email()}
    first = await anonymous.post(REGISTER, json=body, headers=headers)
    second = await anonymous.post(REGISTER, json=body, headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert second.headers["idempotency-replayed"] == "true"


async def test_returns_403_when_registration_is_closed(settings: Settings) -> None:
    body = {"email": fresh_email(), "password": PASSWORD, "invitation": "x"}
    async with serving(settings, registration=Registration.CLOSED) as (_, client):
        problem(await client.post(REGISTER, json=body), 403, "registration_closed")

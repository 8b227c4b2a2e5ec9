import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.core.database import Database
from tests.conftest import Unchanged, fresh_email
from tests.people import Person, expect, fields, problem, register


async def test_me_is_what_registration_answered(kim: Person) -> None:
    assert await kim.read("/users/me") == kim.user


async def test_name_and_time_zone_change_and_the_rest_stays(kim: Person) -> None:
    changed = expect(await kim.http.patch("/users/me", json={"time_zone": "Asia/Tokyo"}), 200)
    assert changed == {**kim.user, "time_zone": "Asia/Tokyo"}
    changed = expect(await kim.http.patch("/users/me", json={"full_name": "Kim"}), 200)
    assert changed == {**kim.user, "time_zone": "Asia/Tokyo", "full_name": "Kim"}
    assert expect(await kim.http.patch("/users/me", json={"full_name": None}), 200)["full_name"] is None
    assert expect(await kim.http.patch("/users/me", json={}), 200) == await kim.read("/users/me")


@pytest.mark.parametrize("body", [{"time_zone": None}, {"time_zone": "Moon"}, {"full_name": ""}, {"role": "admin"}])
async def test_returns_422_for_what_cannot_be_changed(kim: Person, body: dict[str, object]) -> None:
    answer = problem(await kim.http.patch("/users/me", json=body), 422, "invalid_input")
    assert {field for field, _ in fields(answer)} == set(body)
    assert await kim.read("/users/me") == kim.user


async def test_a_second_book_is_separate_from_the_first(kim: Person) -> None:
    await kim.account("In the first book")
    answer = await kim.http.post("/books", json={"name": "Household", "base_currency": "USD"})
    book = expect(answer, 201)
    assert answer.headers["location"] == f"/api/v1/books/{book['id']}"
    assert (book["base_currency"], book["role"]) == ("USD", "owner")
    headers = {"X-Book-Id": book["id"]}
    assert expect(await kim.http.get("/accounts", headers=headers), 200)["items"] == []
    expect(
        await kim.http.post("/accounts", json={"name": "X", "type": "cash", "currency": "EUR"}, headers=headers), 201
    )
    assert [account["name"] for account in (await kim.read("/accounts"))["items"]] == ["In the first book"]
    assert [item["name"] for item in (await kim.read("/books"))["items"]] == ["Personal", "Household"]


async def test_reading_a_book_answers_its_revision_as_etag(kim: Person) -> None:
    answer = await kim.get(f"/books/{kim.book_id}")
    book = expect(answer, 200)
    assert answer.headers["etag"] == f'"{book["revision"]}"'
    stale = await kim.http.patch(f"/books/{kim.book_id}", json={"name": "A"}, headers={"If-Match": '"999"'})
    assert problem(stale, 412, "revision_mismatch")["revision"] == book["revision"]
    good = await kim.http.patch(
        f"/books/{kim.book_id}", json={"name": "A"}, headers={"If-Match": answer.headers["etag"]}
    )
    assert expect(good, 200)["name"] == "A"
    assert good.headers["etag"] == f'"{book["revision"] + 1}"'


async def test_the_path_names_the_book_and_not_the_header(kim: Person) -> None:
    other = expect(await kim.http.post("/books", json={"name": "Other"}), 201)
    answer = await kim.http.get(f"/books/{kim.book_id}", headers={"X-Book-Id": other["id"]})
    assert expect(answer, 200)["id"] == kim.book_id
    report = await kim.http.get(f"/books/{other['id']}/integrity", headers={"X-Book-Id": kim.book_id})
    assert expect(report, 200)["ok"]


@pytest.mark.parametrize("path", ["/books/nothing", "/books/nothing/integrity"])
async def test_a_book_id_that_is_no_uuid_is_422(kim: Person, path: str) -> None:
    assert fields(problem(await kim.get(path), 422, "invalid_input")) == {("path.book_id", "uuid_parsing")}


async def test_a_header_that_is_no_uuid_is_422(kim: Person) -> None:
    answer = await kim.http.get("/accounts", headers={"X-Book-Id": "nothing"})
    assert {field for field, _ in fields(problem(answer, 422, "invalid_input"))} == {"header.X-Book-Id"}


async def test_the_first_account_decides_the_base_currency(kim: Person) -> None:
    await kim.account(currency="JPY")
    await kim.account(currency="USD")
    assert (await kim.read(f"/books/{kim.book_id}"))["base_currency"] == "JPY"


async def test_a_chosen_base_currency_stays(app: FastAPI) -> None:
    person = await register(app, fresh_email(), base_currency="CHF")
    await person.account(currency="JPY")
    assert (await person.read(f"/books/{person.book_id}"))["base_currency"] == "CHF"
    await person.check_integrity()
    await person.http.aclose()


async def test_the_base_currency_can_be_chosen_until_there_are_accounts(kim: Person, unchanged: Unchanged) -> None:
    path = f"/books/{kim.book_id}"
    assert expect(await kim.http.patch(path, json={"base_currency": "USD"}), 200)["base_currency"] == "USD"
    await kim.account(currency="EUR")
    async with unchanged(kim):
        problem(await kim.http.patch(path, json={"base_currency": "EUR"}), 409, "base_currency_in_use")
    assert expect(await kim.http.patch(path, json={"base_currency": "USD"}), 200)["base_currency"] == "USD"


@pytest.mark.parametrize("body", [{"base_currency": "ZZZ"}, {"base_currency": None}, {"name": None}, {"name": " "}])
async def test_returns_422_for_a_book_that_cannot_be(
    kim: Person, unchanged: Unchanged, body: dict[str, object]
) -> None:
    async with unchanged(kim):
        answer = problem(await kim.http.patch(f"/books/{kim.book_id}", json=body), 422, "invalid_input")
    assert {field for field, _ in fields(answer)} == set(body)


async def test_returns_422_when_a_new_book_has_an_unknown_currency(kim: Person) -> None:
    answer = problem(await kim.http.post("/books", json={"name": "B", "base_currency": "ZZZ"}), 422, "invalid_input")
    assert fields(answer) == {("base_currency", "unknown_currency")}
    assert len((await kim.read("/books"))["items"]) == 1


async def test_returns_404_without_a_default_book(kim: Person, owner_database: Database) -> None:
    async with owner_database.begin() as connection:
        statement = text("UPDATE users SET default_book_id = NULL WHERE id = :user")
        await connection.execute(statement, {"user": kim.user["id"]})
    problem(await kim.get("/accounts"), 404, "not_found")
    expect(await kim.http.get("/accounts", headers={"X-Book-Id": kim.book_id}), 200)


async def test_currencies_have_their_decimals(kim: Person) -> None:
    exponents = {currency["code"]: currency["exponent"] for currency in (await kim.read("/currencies"))["items"]}
    assert [exponents[code] for code in ("EUR", "JPY", "KWD", "BTC")] == [2, 0, 3, 8]

"""What a change leaves behind: the revisions it raises, the events it writes, and what it may not take along."""

import asyncio
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from httpx import AsyncClient
from sqlalchemy import text

from app.core.database import Database
from tests.conftest import Unchanged
from tests.people import Person, expect, fields, problem


async def events_of(database: Database, person: Person, entity: str) -> list[tuple[str, object, object]]:
    statement = text(
        "SELECT action, before, after FROM events WHERE book_id = CAST(:book AS uuid) AND entity = :entity "
        "ORDER BY revision, position"
    )
    async with database.begin() as connection:
        rows = (await connection.execute(statement, {"book": person.book_id, "entity": entity})).all()
    return [(row.action, row.before, row.after) for row in rows]


async def test_new_payees_and_tags_are_logged_once(kim: Person, owner_database: Database) -> None:
    account = await kim.account()
    for _ in range(2):
        await kim.add(account_id=account["id"], payee="Bakery", tags=["bread"])

    assert [event[0] for event in await events_of(owner_database, kim, "payee")] == ["created"]
    assert [event[0] for event in await events_of(owner_database, kim, "tag")] == ["created"]


async def test_the_adopted_base_currency_is_logged(kim: Person, owner_database: Database) -> None:
    await kim.account(currency="JPY")

    assert [event[0] for event in await events_of(owner_database, kim, "book")][-1] == "updated"


async def test_an_account_keeps_its_revision_when_no_money_moves(kim: Person) -> None:
    account = await kim.account()
    spent = await kim.add(account_id=account["id"])
    before = (await kim.read(f"/accounts/{account['id']}"))["revision"]

    expect(await kim.http.patch(f"/transactions/{spent['id']}", json={"notes": "with Robin"}), 200)

    assert (await kim.read(f"/accounts/{account['id']}"))["revision"] == before


async def test_returns_422_when_a_change_of_type_would_lose_the_fee(kim: Person, unchanged: Unchanged) -> None:
    account, other = await kim.account(), await kim.account("Other")
    moved = await kim.add(
        type="transfer", account_id=account["id"], to_account_id=other["id"], amount="5", fee_amount="1"
    )
    path = f"/transactions/{moved['id']}"

    async with unchanged(kim):
        answer = await kim.http.patch(path, json={"type": "expense"})
        assert fields(problem(answer, 422, "invalid_input")) == {("fee_amount", "fee_would_be_lost")}

    expect(await kim.http.patch(path, json={"type": "expense", "fee_amount": None}), 200)
    assert (await kim.balance(account), await kim.balance(other)) == ("-5.00", "0.00")


async def test_returns_422_when_an_opening_date_has_no_balance(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    wrong = {("opening_date", "opening_balance_needed")}
    async with unchanged(kim):
        body = {"name": "X", "type": "cash", "currency": "EUR", "opening_date": "2026-01-01"}
        assert fields(problem(await kim.http.post("/accounts", json=body), 422, "invalid_input")) == wrong
        answer = await kim.http.patch(f"/accounts/{account['id']}", json={"opening_date": "2026-01-01"})
        assert fields(problem(answer, 422, "invalid_input")) == wrong


async def test_returns_409_when_the_parent_is_archived(kim: Person, unchanged: Unchanged) -> None:
    attic = await kim.category("Attic")
    expect(await kim.http.patch(f"/categories/{attic['id']}", json={"archived": True}), 200)
    async with unchanged(kim):
        body = {"name": "Box", "kind": "expense", "parent_id": attic["id"]}
        answer = await kim.http.post("/categories", json=body)
        assert fields(problem(answer, 409, "archived")) == {("parent_id", "category_archived")}


async def test_a_traveller_can_still_change_what_they_noted_ahead_of_the_sun(kim: Person) -> None:
    """In Kiritimati it is tomorrow already; back in Niue that date lies ahead, and only a new date is refused."""
    account = await kim.account()
    expect(await kim.http.patch("/users/me", json={"time_zone": "Pacific/Kiritimati"}), 200)
    ahead = datetime.now(UTC).astimezone(ZoneInfo("Pacific/Kiritimati")).date().isoformat()
    spent = await kim.add(account_id=account["id"], date=ahead)
    expect(await kim.http.patch("/users/me", json={"time_zone": "Pacific/Niue"}), 200)

    changed = expect(await kim.http.patch(f"/transactions/{spent['id']}", json={"notes": "lunch"}), 200)

    assert changed["date"] == ahead
    fresh = await kim.try_add(account_id=account["id"], date=ahead)
    assert fields(problem(fresh, 422, "invalid_input")) == {("date", "date_in_future")}


@pytest.mark.parametrize("path", ["/transactions", "/payees", "/tags", "/accounts", "/categories"])
async def test_an_unchanged_list_answers_304(kim: Person, path: str) -> None:
    first = await kim.get(path)
    again = await kim.http.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]

    await kim.category()
    expect(await kim.http.get(path, headers={"If-None-Match": first.headers["etag"]}), 200)


async def test_a_flood_of_logins_does_not_keep_others_out(kim: Person, anonymous: AsyncClient) -> None:
    body = {"email": kim.email, "password": "not this one"}
    flood = [asyncio.create_task(anonymous.post("/api/v1/auth/login", json=body)) for _ in range(150)]
    await asyncio.sleep(0)

    expect(await kim.http.get("/users/me"), 200)

    answers = await asyncio.gather(*flood)
    assert {answer.status_code for answer in answers} == {401, 503}
    busy = next(answer for answer in answers if answer.status_code == 503)
    problem(busy, 503, "unavailable")
    assert int(busy.headers["retry-after"]) > 0

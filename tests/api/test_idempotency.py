import asyncio
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.core.database import Database
from tests.conftest import Unchanged
from tests.housekeeping import keep_house
from tests.people import Person, expect, fields, problem

SECRETS_IN_ANSWER = {
    *("create_personal_token", "login", "get_token", "refresh", "logout", "create_invitation", "invite_member"),
    *("start_totp", "verify_totp", "replace_recovery_codes"),
    # A challenge, or what one is good for: each is for once.
    *("get_passkey_options", "get_passkey_login_options", "login_with_passkey", "get_confirm_options", "confirm"),
    *("exchange_code", "link_identity", "confirm_by_single_sign_on"),
    # What a mail program calls: it sends no headers of ours, and twice is as good as once.
    "unsubscribe",
}
"""Their answers hold tokens (or nothing), which are never stored."""


def body(account: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"type": "expense", "date": "2026-01-15", "amount": "10", "account_id": account["id"], **changes}


async def test_the_same_request_happens_once_and_answers_the_same(kim: Person, unchanged: Unchanged) -> None:
    account, key = await kim.account(), {"Idempotency-Key": "k e y ~"}
    first = await kim.http.post("/transactions", json=body(account), headers=key)
    expect(first, 201)
    assert "idempotency-replayed" not in first.headers
    async with unchanged(kim):
        again = await kim.http.post("/transactions", json=body(account), headers=key)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    for name in ("location", "etag", "content-type"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["x-request-id"] != first.headers["x-request-id"]


async def test_returns_422_when_the_key_was_used_for_another_request(kim: Person, unchanged: Unchanged) -> None:
    account, key = await kim.account(), {"Idempotency-Key": "key"}
    book = expect(await kim.http.post("/books", json={"name": "Other"}), 201)
    expect(await kim.http.post("/transactions", json=body(account), headers=key), 201)
    async with unchanged(kim):
        for answer in (
            await kim.http.post("/transactions", json=body(account, amount="11"), headers=key),
            await kim.http.post("/transactions?x=1", json=body(account), headers=key),
            await kim.http.post("/accounts", json=body(account), headers=key),
            await kim.http.post("/transactions", json=body(account), headers={**key, "X-Book-Id": book["id"]}),
        ):
            problem(answer, 422, "idempotency_key_reused")


async def test_a_failed_request_does_not_use_up_its_key(kim: Person, unchanged: Unchanged) -> None:
    account, key = await kim.account(), {"Idempotency-Key": "key"}
    async with unchanged(kim):
        problem(await kim.http.post("/transactions", json=body(account, amount="0"), headers=key), 422, "invalid_input")
        answer = await kim.http.post("/transactions", json=body({"id": kim.book_id}), headers=key)
        problem(answer, 404, "reference_not_found")
    expect(await kim.http.post("/transactions", json=body(account), headers=key), 201)


async def test_the_keys_of_two_people_never_meet(kim: Person, robin: Person) -> None:
    key = {"Idempotency-Key": "key"}
    answers = []
    for person in (kim, robin):
        account = {"name": "A", "type": "cash", "currency": "EUR"}
        answers.append(expect(await person.http.post("/accounts", json=account, headers=key), 201))
    assert answers[0]["id"] != answers[1]["id"]


@pytest.mark.parametrize("key", [b"", b"x" * 256, b"\xe9", b"tab\there"])
async def test_returns_422_for_a_key_that_cannot_be(kim: Person, unchanged: Unchanged, key: bytes) -> None:
    account = await kim.account()
    async with unchanged(kim):
        answer = await kim.http.post("/transactions", json=body(account), headers={b"Idempotency-Key": key})
        found = fields(problem(answer, 422, "invalid_input"))
    assert found == {("header.idempotency-key", "bad_idempotency_key")}


async def test_a_key_may_have_255_characters(kim: Person) -> None:
    account, key = await kim.account(), {"Idempotency-Key": "~" * 255}
    expect(await kim.http.post("/transactions", json=body(account), headers=key), 201)


async def test_twins_at_the_same_moment_have_one_effect(kim: Person) -> None:
    account = await kim.account()
    for number in range(10):
        key = {"Idempotency-Key": f"twin {number}"}
        answers = await asyncio.gather(
            *(kim.http.post("/transactions", json=body(account), headers=key) for _ in range(4))
        )
        made = [a for a in answers if a.status_code == 201 and "idempotency-replayed" not in a.headers]
        assert len(made) == 1
        for answer in answers:
            if answer.status_code == 201:
                assert answer.content == made[0].content
            else:
                problem(answer, 409, "idempotency_key_in_use")
    assert await kim.balance(account) == "-100.00"


async def test_a_multipart_upload_is_known_by_its_parts(kim: Person) -> None:
    account, key = await kim.account(), {"Idempotency-Key": "file"}

    async def upload(content: bytes) -> Any:
        files, data = {"file": ("bank.csv", content, "text/csv")}, {"account_id": account["id"]}
        return await kim.http.post("/imports", files=files, data=data, headers=key)

    first = await upload(b"Date,Amount,Payee\n2026-01-25,-10.00,Shop\n")
    again = await upload(b"Date,Amount,Payee\n2026-01-25,-10.00,Shop\n")  # with a boundary of its own
    assert (first.status_code, again.content, again.headers["idempotency-replayed"]) == (201, first.content, "true")
    problem(await upload(b"Date,Amount,Payee\n2026-01-25,-11.00,Shop\n"), 422, "idempotency_key_reused")


async def age(owner: Database, person: Person, hours: int) -> None:
    async with owner.begin() as connection:
        statement = text("UPDATE idempotency_keys SET created_at = now() - CAST(:age AS interval) WHERE scope = :scope")
        await connection.execute(statement, {"age": timedelta(hours=hours), "scope": f"user:{person.user['id']}"})


async def test_a_key_is_kept_for_a_day_and_forgotten_after_two(
    kim: Person, owner_database: Database, app_database: Database
) -> None:
    account, key = await kim.account(), {"Idempotency-Key": "key"}
    first = await kim.http.post("/transactions", json=body(account), headers=key)
    await age(owner_database, kim, 25)
    await keep_house(app_database)
    again = await kim.http.post("/transactions", json=body(account), headers=key)
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    await age(owner_database, kim, 49)
    # Not swept yet, and nobody may rely on it any more: the key is free for another request.
    fresh = await kim.http.post("/transactions", json=body(account, amount="1"), headers=key)
    assert expect(fresh, 201)["amount"] == "1.00"
    again = await kim.http.post("/transactions", json=body(account, amount="1"), headers=key)
    assert (again.content, again.headers["idempotency-replayed"]) == (fresh.content, "true")
    await age(owner_database, kim, 49)
    await keep_house(app_database)
    async with owner_database.begin() as connection:
        left = text("SELECT count(*) FROM idempotency_keys WHERE scope = :scope")
        assert await connection.scalar(left, {"scope": f"user:{kim.user['id']}"}) == 0


def test_every_post_takes_a_key(app: FastAPI) -> None:
    posts = {
        path["post"]["operationId"]: {parameter["name"] for parameter in path["post"].get("parameters", [])}
        for path in app.openapi()["paths"].values()
        if "post" in path
    }
    without = {operation for operation, parameters in posts.items() if "Idempotency-Key" not in parameters}
    assert without == SECRETS_IN_ANSWER

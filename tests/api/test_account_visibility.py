"""Who sees an account: saying so, changing it, and what becomes of it when people leave."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.access.private import HoldsPrivateAccountsError, check_leaves_none_alone, holds_alone
from app.core.database import Database
from tests.conftest import Unchanged, fresh_email
from tests.factors import confirm
from tests.history.following import revision, try_undo, undo
from tests.people import Person, expect, fields, problem, register
from tests.security.household import join


async def show(kim: Person, account: dict[str, Any], *people: Person, **more: Any) -> dict[str, Any]:
    body = {"visibility": "private", "visible_to": [person.user["id"] for person in people], **more}
    shown: dict[str, Any] = expect(await kim.http.patch(f"/accounts/{account['id']}", json=body), 200)
    return shown


async def names(person: Person) -> list[str]:
    return [account["name"] for account in (await person.read("/accounts"))["items"]]


async def test_an_account_is_shared_unless_said_otherwise(kim: Person) -> None:
    account = await kim.account()
    assert (account["visibility"], account["visible_to"]) == ("shared", None)
    private = await kim.account("Own", visibility="private")
    assert (private["visibility"], private["visible_to"]) == ("private", [kim.user["id"]])
    again = expect(await kim.http.put(f"/accounts/{private['id']}", json={"name": "Mine", "type": "cash"}), 200)
    assert again["visibility"] == "private"
    shared = expect(await kim.http.patch(f"/accounts/{private['id']}", json={"visibility": "shared"}), 200)
    assert (shared["visibility"], shared["visible_to"]) == ("shared", None)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"visibility": "shared", "visible_to": ["me"]}, "visible_to_all"),
        ({"visible_to": ["me"]}, "visible_to_all"),
        ({"visibility": "private", "visible_to": ["stranger"]}, "not_visible_to_you"),
        ({"visibility": "private", "visible_to": ["me", "stranger"]}, "not_a_member"),
        ({"visibility": "private", "visible_to": []}, "too_short"),
        ({"visibility": "private", "visible_to": ["me"] * 101}, "too_long"),
        ({"visibility": "private", "visible_to": ["nobody\x00"]}, "uuid_parsing"),
    ],
)
async def test_viewers_are_members_and_include_the_one_who_says_so(
    kim: Person, unchanged: Unchanged, body: dict[str, Any], code: str
) -> None:
    account = await kim.account()
    known = {"me": kim.user["id"], "stranger": str(uuid4())}
    sent = {**body, "visible_to": [known.get(one, one) for one in body["visible_to"]]}
    new = {"name": "New", "type": "cash", "currency": "EUR"}
    async with unchanged(kim):
        for answer in (
            await kim.http.patch(f"/accounts/{account['id']}", json=sent),
            await kim.http.post("/accounts", json={**new, **sent}),
        ):
            assert code in {found for _, found in fields(problem(answer, 422, answer.json()["code"]))}
        for name in ("visibility", "visible_to"):
            assert (await kim.http.patch(f"/accounts/{account['id']}", json={name: None})).status_code == 422


async def test_the_feed_tells_of_an_account_that_goes_out_of_sight_and_comes_back(
    kim: Person, robin: Person, owner_database: Database
) -> None:
    account, other = await kim.account("Seen"), await kim.account("Other")
    made = await kim.add(type="transfer", account_id=account["id"], to_account_id=other["id"])
    await join(owner_database, kim.book_id, robin, "editor")
    assert await names(robin) == ["Other", "Seen"]
    before = await revision(kim)
    await show(kim, account, kim)
    assert await names(robin) == ["Other"]
    feed = f"/books/{kim.book_id}/changes"
    told = (await robin.read(feed, since=before))["items"]
    assert [(row["entity"], row["id"], row["deleted"]) for row in told] == [("account", account["id"], True)]
    before = await revision(kim)
    expect(
        await kim.http.patch(
            f"/transactions/{made['id']}",
            json={"to_account_id": (await kim.account("Own", visibility="private"))["id"]},
        ),
        200,
    )
    gone = {row["id"]: row["deleted"] for row in (await robin.read(feed, since=before))["items"]}
    assert gone[made["id"]] is True
    assert (await robin.get(f"/transactions/{made['id']}")).status_code == 404
    await show(kim, account, kim, robin)
    back = {row["id"]: row["deleted"] for row in (await robin.read(feed, since=before))["items"]}
    assert back[account["id"]] is False
    assert (await robin.read(f"/transactions/{made['id']}"))["other_side_private"] is True


async def test_who_sees_an_account_is_not_undone(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    await show(kim, account, kim, name="Renamed")
    number = await revision(kim)
    async with unchanged(kim):
        problem(await try_undo(kim, number), 409, "not_undoable")


async def test_a_deleted_private_account_stays_private_and_comes_back_so(
    kim: Person, robin: Person, owner_database: Database
) -> None:
    account = await kim.account("Own", visibility="private", opening_balance="4711.47")
    await join(owner_database, kim.book_id, robin, "owner")
    expect(await kim.http.delete(f"/accounts/{account['id']}"), 204)
    number = await revision(kim)
    assert account["id"] not in (await robin.get(f"/books/{kim.book_id}/activity")).text
    assert (await robin.get(f"/accounts/{account['id']}/history")).status_code == 404
    problem(
        await robin.http.post("/accounts", json={"id": account["id"], "name": "x", "type": "cash", "currency": "EUR"}),
        409,
        "id_taken",
    )
    refused = await robin.http.post(f"/books/{kim.book_id}/undo", json={"revision": number})
    problem(refused, 404, "revision_not_found")
    await undo(kim, number)
    assert await names(robin) == []
    assert (await kim.read(f"/accounts/{account['id']}"))["visible_to"] == [kim.user["id"]]


async def test_who_alone_sees_an_account_does_not_leave(
    kim: Person, robin: Person, owner_database: Database, app_database: Database
) -> None:
    account = await kim.account("Own")
    await join(owner_database, kim.book_id, robin, "editor")
    book, me = UUID(kim.book_id), UUID(kim.user["id"])
    async with app_database.begin() as connection:
        assert not await holds_alone(connection, book, me)
    await show(kim, account, kim)
    async with app_database.begin() as connection:
        assert await holds_alone(connection, book, me)
        with pytest.raises(HoldsPrivateAccountsError):
            await check_leaves_none_alone(connection, book, me)
    await show(kim, account, kim, robin)
    async with app_database.begin() as connection:
        await check_leaves_none_alone(connection, book, me)


async def test_what_a_deleted_person_alone_saw_is_the_owners(
    app: FastAPI, robin: Person, owner_database: Database
) -> None:
    kim = await register(app, fresh_email())
    await join(owner_database, kim.book_id, robin, "editor")
    await robin.account("Both", visibility="private", visible_to=[robin.user["id"], kim.user["id"]])
    await kim.account("Own", visibility="private", opening_balance="4711.47")
    await join(owner_database, kim.book_id, robin, "owner")
    assert await names(robin) == ["Both"]
    leave = text("DELETE FROM book_members WHERE book_id = :book AND user_id = :user")
    me = {"book": kim.book_id, "user": kim.user["id"]}
    with pytest.raises(IntegrityError, match="nobody else sees an account"):
        async with owner_database.begin() as connection:
            await connection.execute(leave, me)
    await confirm(kim)
    expect(await kim.http.delete("/users/me"), 204)
    await kim.http.aclose()
    found = {row["name"]: row["visible_to"] for row in (await robin.read("/accounts"))["items"]}
    assert found == {"Both": [robin.user["id"]], "Own": [robin.user["id"]]}


async def test_an_export_balances_what_is_hidden_against_one_account(
    kim: Person, robin: Person, owner_database: Database
) -> None:
    shared, own = await kim.account("Joint"), await kim.account("Own", visibility="private")
    await kim.add(type="transfer", account_id=shared["id"], to_account_id=own["id"], amount="40.00")
    lines = [
        {"account_id": own["id"], "role": "transfer", "amount": "7.00"},
        {"account_id": shared["id"], "role": "transfer", "amount": "-7.00"},
        {"account_id": shared["id"], "role": "flow", "amount": "-2.00"},
        {"account_id": shared["id"], "role": "equity", "amount": "1.00"},
    ]
    journal = {"type": "journal", "date": "2026-01-20", "postings": lines}
    expect(await kim.http.post("/transactions", json=journal), 201)
    await join(owner_database, kim.book_id, robin, "viewer")
    for path in ("/exports/hledger", "/exports/beancount"):
        mine, theirs = await kim.get(path), await robin.get(path)
        assert (mine.status_code, theirs.status_code) == (200, 200), theirs.text
        assert "Equity:Private" not in mine.text
        assert "Own" not in theirs.text
        for line in ("Equity:Private    40.00 EUR", "Equity:Private    7.00 EUR"):
            assert " ".join(line.split()) in " ".join(theirs.text.split()), theirs.text


async def test_an_import_uses_names_that_came_with_what_is_hidden(
    kim: Person, robin: Person, owner_database: Database
) -> None:
    shared, own = await kim.account("Joint"), await kim.account("Own", visibility="private")
    bought = await kim.add(account_id=own["id"], payee="Corner Café")
    await join(owner_database, kim.book_id, robin, "editor")
    assert (await robin.read("/payees"))["items"] == []
    file = {"file": ("bank.csv", "Date,Amount,Payee\n2026-01-25,-10.00,corner café\n".encode(), "text/csv")}
    preview = expect(await robin.http.post("/imports", files=file, data={"account_id": shared["id"]}), 201)
    expect(await robin.http.post(f"/imports/{preview['id']}/commit", json={}), 200)
    [item] = (await robin.read("/transactions"))["items"]
    assert item["payee_id"] == bought["payee_id"]
    # What the import brought is partly hidden by now: it is not taken back by halves.
    change = {"type": "transfer", "to_account_id": own["id"], "category_id": None}
    expect(await kim.http.patch(f"/transactions/{item['id']}", json=change), 200)
    for force in (False, True):
        refused = await robin.http.post(f"/imports/{preview['id']}/undo", json={"force": force})
        problem(refused, 409, "private_other_side")
    events = (await robin.read(f"/books/{kim.book_id}/activity"))["items"]
    [committed] = [event["revision"] for event in events if event["action"] == "committed"]
    refused = await robin.http.post(f"/books/{kim.book_id}/undo", json={"revision": committed})
    problem(refused, 409, "private_other_side")
    assert (await kim.read(f"/transactions/{item['id']}"))["to_account_id"] == own["id"]


async def test_two_who_say_at_once_who_sees_it_come_one_after_the_other(
    kim: Person, robin: Person, owner_database: Database
) -> None:
    account = await kim.account()
    await join(owner_database, kim.book_id, robin, "owner")
    both = [kim.user["id"], robin.user["id"]]
    url = f"/accounts/{account['id']}"
    answers = await asyncio.gather(
        *(
            person.http.patch(url, json={"visibility": "private", "visible_to": viewers})
            for person, viewers in ((kim, both), (robin, both), (kim, both[:1]), (robin, both[1:]))
        )
    )
    assert {answer.status_code for answer in answers} <= {200, 403, 404}
    async with owner_database.begin() as connection:
        viewers = text("SELECT user_id::text FROM account_viewers WHERE account_id = :account")
        left = set((await connection.execute(viewers, {"account": account["id"]})).scalars())
    assert left
    assert left <= set(both)

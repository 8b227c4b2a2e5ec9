"""Deleting an account: what is theirs alone goes, what is shared stays whole and has an owner."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.access.repository import act_as
from app.attachments.storage import make_store
from app.core.config import Settings
from app.core.database import Database
from app.core.errors import ForbiddenError, NotFoundError
from app.leaving.errors import LastAdminError
from app.leaving.service import delete_person
from tests.attachments.files import attach, content, png
from tests.conftest import fresh_email
from tests.dump import dump
from tests.households.sharing import invite, join, log_of, roles, stored_in
from tests.mail import posted
from tests.people import PASSWORD, Person, expect, problem, register
from tests.servers import client_of
from tests.staff import confirm, run

People = Callable[[], Awaitable[Person]]


@pytest.fixture
async def another(app: FastAPI) -> AsyncIterator[People]:
    """Further people, who may go without being looked after."""
    made: list[Person] = []

    async def make() -> Person:
        made.append(await register(app, fresh_email()))
        return made[-1]

    yield make
    for person in made:
        await person.http.aclose()


async def trace(owner: Database, user_id: str) -> dict[str, int]:
    """How often the person is found in each table that names people."""
    columns = text(
        "SELECT c.table_name, c.column_name FROM information_schema.columns c"
        " WHERE c.table_schema = 'public' AND c.data_type = 'uuid' AND c.column_name IN"
        " ('user_id', 'inviter_id', 'actor_id', 'subject_id') OR (c.table_name, c.column_name) = ('users', 'id')"
    )
    found = {}
    async with owner.begin() as connection:
        for table, column in (await connection.execute(columns)).all():
            statement = text(f"SELECT count(*) FROM {table} WHERE {column} = CAST(:id AS uuid)")
            if count := await connection.scalar(statement, {"id": user_id}):
                found[f"{table}.{column}"] = count
    return found


async def test_an_account_goes_with_what_is_theirs_alone(
    another: People, robin: Person, owner_database: Database, settings: Settings
) -> None:
    kim = await another()
    account = await kim.account()
    await attach(kim, await kim.add(account_id=account["id"]), png("mine"))
    second = expect(await kim.http.post("/books", json={"name": "Second"}, headers={"Idempotency-Key": "k"}), 201)
    await invite(kim)
    await join(robin, kim, "editor")
    folder: Path = settings.data_dir / "attachments" / kim.book_id
    assert stored_in(folder)
    problem(await kim.http.delete("/users/me"), 403, "confirmation_required")
    await confirm(owner_database, kim)
    expect(await kim.http.delete("/users/me"), 204)

    assert not stored_in(folder)
    for book in (kim.book_id, second["id"]):
        assert not any((await dump(owner_database, book)).values())
    assert set(await trace(owner_database, kim.user["id"])) == {"audit.actor_id", "audit.subject_id", "events.actor_id"}
    scope = "SELECT count(*) FROM idempotency_keys WHERE scope = :scope"
    assert await run(owner_database, scope, scope=f"user:{kim.user['id']}") == 0
    problem(await kim.get("/users/me"), 401, "unauthenticated")
    problem(
        await kim.http.post("/auth/refresh", json={"refresh_token": kim.tokens["refresh_token"]}),
        401,
        "unauthenticated",
    )
    problem(
        await kim.http.post("/auth/login", json={"email": kim.email, "password": PASSWORD}), 401, "wrong_credentials"
    )
    (mail,) = await posted(owner_database, kim.email)
    assert mail[0] == "Your account is deleted"
    told = (
        "SELECT concat(details ->> 'books_deleted', ' ', details ->> 'books_passed_on') FROM audit"
        " WHERE action = 'user_deleted' AND subject_id = :id"
    )
    assert await run(owner_database, told, id=kim.user["id"]) == "2 0"
    assert (await log_of(robin, robin.book_id))[0] == ("member", kim.user["id"], "deleted")
    newest = (await robin.read(f"/books/{robin.book_id}/activity", limit=1))["items"][0]
    assert newest["actor"] == {"id": kim.user["id"], "name": None}
    # The address is free again.
    expect(await robin.http.post("/auth/register", json={"email": kim.email, "password": PASSWORD}), 201)


async def test_a_shared_book_passes_to_the_longest_standing_editor(
    another: People, kim: Person, robin: Person, owner_database: Database
) -> None:
    leaving = await another()
    book = leaving.book_id
    account = await leaving.account()
    receipt = await attach(leaving, await leaving.add(account_id=account["id"], payee="Shop"), png("shared"))
    await join(leaving, kim, "viewer")
    await join(leaving, robin, "editor")
    late = await another()
    await join(leaving, late, "editor")
    entered = expect(
        await robin.http.post(
            "/transactions",
            json={"type": "expense", "date": "2026-01-05", "amount": "3", "account_id": account["id"]},
            headers={"X-Book-Id": book},
        ),
        201,
    )
    invited = await invite(leaving, "viewer")
    before = (await kim.read(f"/books/{book}"))["revision"]
    await confirm(owner_database, leaving)
    expect(await leaving.http.delete("/users/me"), 204)

    assert await roles(kim, book) == {kim.email: "viewer", robin.email: "owner", late.email: "editor"}
    mine = {"X-Book-Id": book}
    listed = expect(await kim.http.get("/transactions", headers=mine), 200)["items"]
    assert {entered["id"], receipt["transaction_id"]} <= {item["id"] for item in listed}
    found = await kim.http.get(f"/attachments/{receipt['id']}/content", headers=mine)
    assert found.content == png("shared")
    events = (await kim.read(f"/books/{book}/activity", limit=2))["items"]
    assert [(e["entity"], e["entity_id"], e["action"], e["revision"]) for e in events] == [
        ("member", leaving.user["id"], "deleted", before + 1),
        ("member", robin.user["id"], "updated", before + 1),
    ]
    assert {e["actor"]["name"] for e in events} == {None}
    (mail,) = await posted(owner_database, robin.email)
    assert mail[0] == "You own the book Personal now"
    assert await posted(owner_database, kim.email) == []
    # What the one who left had sent out is void; the new owner can go on, and the chain of the log holds.
    problem(await kim.http.post("/invitations/accept", json={"token": invited["token"]}), 404, "invitation_not_found")
    expect(await robin.http.patch(f"/books/{book}", json={"name": "Ours"}), 200)
    assert (await robin.read(f"/books/{book}/integrity"))["ok"]


async def test_without_editors_a_viewer_follows_and_with_an_owner_nobody(
    another: People, kim: Person, robin: Person, owner_database: Database
) -> None:
    leaving = await another()
    owned = expect(await leaving.http.post("/books", json={"name": "Owned"}), 201)["id"]
    await join(leaving, kim, "viewer")
    await join(leaving, robin, "viewer")
    await join(leaving, robin, "viewer", owned)
    await join(leaving, kim, "owner", owned)
    await confirm(owner_database, leaving)
    expect(await leaving.http.delete("/users/me"), 204)
    assert await roles(kim, leaving.book_id) == {kim.email: "owner", robin.email: "viewer"}
    assert await roles(kim, owned) == {kim.email: "owner", robin.email: "viewer"}


async def test_deleting_twice_at_once_is_deleting_once(another: People, kim: Person, owner_database: Database) -> None:
    leaving = await another()
    await join(leaving, kim, "editor")
    await confirm(owner_database, leaving)
    answers = await asyncio.gather(*(leaving.http.delete("/users/me") for _ in range(3)))
    codes = sorted(answer.status_code for answer in answers)
    assert codes[0] == 204
    assert set(codes[1:]) <= {401, 404}
    assert await roles(kim, leaving.book_id) == {kim.email: "owner"}
    assert len(await posted(owner_database, leaving.email)) == 1


async def test_both_members_of_a_book_leave_at_once(another: People, owner_database: Database) -> None:
    for _ in range(2):
        one, two = await another(), await another()
        await join(one, two, "editor")
        await join(two, one, "viewer")
        await confirm(owner_database, one)
        await confirm(owner_database, two)
        answers = await asyncio.gather(one.http.delete("/users/me"), two.http.delete("/users/me"))
        assert [answer.status_code for answer in answers] == [204, 204], [answer.text for answer in answers]
        for book in (one.book_id, two.book_id):
            assert not any((await dump(owner_database, book)).values())


async def test_leaving_while_being_removed_or_joining(another: People, kim: Person, owner_database: Database) -> None:
    for _ in range(2):
        leaving = await another()
        await join(kim, leaving, "editor")
        book = expect(await kim.http.post("/books", json={"name": "Other"}), 201)["id"]
        made = await invite(kim, "viewer", book)
        await confirm(owner_database, leaving)
        answers = await asyncio.gather(
            leaving.http.delete("/users/me"),
            kim.http.delete(f"/books/{kim.book_id}/members/{leaving.user['id']}"),
            leaving.http.post("/invitations/accept", json={"token": made["token"]}),
        )
        codes = [answer.status_code for answer in answers]
        assert codes[0] == 204, answers[0].text
        assert codes[1] in {204, 404}
        assert codes[2] in {200, 401, 404, 409, 503}, answers[2].text
        assert list(await roles(kim, kim.book_id)) == list(await roles(kim, book)) == [kim.email]


async def test_an_administrator_deletes_a_person_by_the_same_rules(
    another: People, kim: Person, robin: Person, owner_database: Database, app_database: Database, settings: Settings
) -> None:
    leaving = await another()
    await join(leaving, kim, "viewer")
    user_id, admin_id = UUID(leaving.user["id"]), UUID(robin.user["id"])
    store = make_store(settings)

    async def delete(permission: str) -> None:
        async with app_database.begin() as connection:
            await act_as(connection, admin_id)
            permitted = text("SELECT set_config('app.permission', :permission, true)")
            await connection.execute(permitted, {"permission": permission})
            cleaning = await delete_person(connection, store, user_id, actor_id=admin_id)
        await cleaning.run(app_database)

    with pytest.raises(ForbiddenError):
        await delete("users:ban")
    await delete("users:delete")
    problem(await leaving.get("/users/me"), 401, "unauthenticated")
    assert await roles(kim, leaving.book_id) == {kim.email: "owner"}
    who = "SELECT actor_id FROM audit WHERE action = 'user_deleted' AND subject_id = :id"
    assert await run(owner_database, who, id=leaving.user["id"]) == admin_id
    with pytest.raises(NotFoundError):
        await delete("users:delete")


async def test_the_only_admin_of_others_stays(
    another: People, owner_database: Database, app_database: Database, settings: Settings
) -> None:
    admin, two = await another(), await another()
    store = make_store(settings)
    async with owner_database.engine.connect() as connection:
        # In a transaction that leaves nothing behind: the suite's own admin is made a user.
        only = (
            "UPDATE users SET role = CASE WHEN id = :id THEN 'admin' ELSE 'user' END WHERE role = 'admin' OR id = :id"
        )
        await connection.execute(text(only), {"id": admin.user["id"]})
        await act_as(connection, UUID(admin.user["id"]))
        with pytest.raises(LastAdminError):
            await delete_person(connection, store, UUID(admin.user["id"]), actor_id=UUID(admin.user["id"]))
        await connection.execute(text("UPDATE users SET role = 'admin' WHERE id = :id"), {"id": two.user["id"]})
        done = await delete_person(connection, store, UUID(admin.user["id"]), actor_id=UUID(admin.user["id"]))
        assert done.keys == []
        await connection.rollback()


async def test_only_a_confirmed_session_deletes_or_exports(kim: Person, app: FastAPI) -> None:
    async with client_of(app, "http://test/api/v1") as stranger:
        for method, path in (("DELETE", "/users/me"), ("GET", "/users/me/export")):
            problem(await stranger.request(method, path), 401, "unauthenticated")
            problem(await kim.http.request(method, path), 403, "confirmation_required")
    assert (await content(kim, {"id": kim.book_id})).status_code == 404

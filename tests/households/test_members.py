"""Members of a book: who they are, what they may do, and that there is always an owner."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from app.core.database import Database
from tests.conftest import Unchanged, fresh_email
from tests.households.sharing import join, log_of, roles
from tests.people import Person, expect, problem, register
from tests.staff import run

NOBODY = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"


@pytest.fixture
async def sam(app: FastAPI) -> AsyncIterator[Person]:
    """A third one."""
    person = await register(app, fresh_email(), full_name="Sam Example")
    yield person
    await person.http.aclose()


async def test_members_are_listed_to_every_member(kim: Person, robin: Person, sam: Person) -> None:
    await join(kim, robin, "editor")
    await join(kim, sam, "viewer")
    listed = await sam.read(f"/books/{kim.book_id}/members")
    assert listed["total"] == 3
    assert [(m["email"], m["role"], m["full_name"]) for m in listed["items"]] == [
        (kim.email, "owner", None),
        (robin.email, "editor", None),
        (sam.email, "viewer", "Sam Example"),
    ]
    assert {"user_id", "joined_at"} < listed["items"][0].keys()


async def test_an_owner_changes_roles_and_it_holds_from_the_next_request(kim: Person, robin: Person) -> None:
    await join(kim, robin, "viewer")
    mine = {"X-Book-Id": kim.book_id}
    body = {"name": "Wallet", "type": "cash", "currency": "EUR"}
    assert (await robin.http.post("/accounts", json=body, headers=mine)).status_code == 403
    path = f"/books/{kim.book_id}/members/{robin.user['id']}"
    changed = expect(await kim.http.put(path, json={"role": "editor"}), 200)
    assert (changed["role"], changed["user_id"]) == ("editor", robin.user["id"])
    expect(await robin.http.post("/accounts", json=body, headers=mine), 201)
    # The same again is no change, and no event.
    before = await log_of(kim, kim.book_id)
    assert expect(await kim.http.put(path, json={"role": "editor"}), 200) == changed
    assert await log_of(kim, kim.book_id) == before
    expect(await kim.http.delete(path), 204)
    problem(await robin.http.get("/accounts", headers=mine), 404, "not_found")
    problem(await kim.http.delete(path), 404, "member_not_found")


async def test_changes_of_members_are_events_without_names_and_cannot_be_undone(
    kim: Person, robin: Person, owner_database: Database
) -> None:
    await join(kim, robin, "viewer")
    path = f"/books/{kim.book_id}/members/{robin.user['id']}"
    expect(await kim.http.put(path, json={"role": "owner"}), 200)
    expect(await robin.http.post(f"/books/{kim.book_id}/leave"), 204)
    found = await log_of(kim, kim.book_id)
    member = ("member", robin.user["id"])
    kinds = [(entity, action) for entity, _, action in found[:5]]
    assert kinds == [
        ("member", "deleted"), ("member", "updated"), ("member", "created"), ("invitation", "accepted"),
        ("invitation", "created"),
    ]  # fmt: skip
    assert [event[:2] for event in found[:3]] == [member] * 3
    images = await run(
        owner_database,
        "SELECT string_agg(concat(before, after), '') FROM events WHERE book_id = :book"
        " AND entity IN ('member', 'invitation')",
        book=kim.book_id,
    )
    assert "@" not in images
    assert '"role": "viewer"' in images
    revision = (await kim.read(f"/books/{kim.book_id}"))["revision"]
    for taken_back in range(revision, revision - 4, -1):
        answer = await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": taken_back})
        assert "not undone" in problem(answer, 409, "not_undoable")["detail"]
    assert await roles(kim, kim.book_id) == {kim.email: "owner"}
    # The feed has no row for them: a client learns of a new revision and that nothing of the ledger changed.
    feed = await kim.read(f"/books/{kim.book_id}/changes", since=revision - 4)
    assert (feed["items"], feed["revision"]) == ([], revision)
    # Who has left has no name in the log any more.
    assert [e["actor"] for e in (await kim.read(f"/books/{kim.book_id}/activity", limit=1))["items"]] == [
        {"id": robin.user["id"], "name": None}
    ]


async def test_only_owners_change_members(kim: Person, robin: Person, sam: Person, unchanged: Unchanged) -> None:
    await join(kim, robin, "editor")
    await join(kim, sam, "viewer")
    of_kim, of_sam = (f"/books/{kim.book_id}/members/{who.user['id']}" for who in (kim, sam))
    async with unchanged(kim):
        for person in (robin, sam):
            for answer in (
                await person.http.put(of_sam, json={"role": "owner"}),
                await person.http.delete(of_kim),
                await person.http.post(f"/books/{kim.book_id}/invitations", json={"role": "owner"}),
                await person.http.get(f"/books/{kim.book_id}/invitations"),
                await person.http.delete(f"/books/{kim.book_id}/invitations/{NOBODY}"),
                await person.http.post(f"/books/{kim.book_id}/transfer-ownership", json={"user_id": person.user["id"]}),
            ):
                problem(answer, 403, "forbidden")


async def test_the_last_owner_stays(kim: Person, robin: Person, unchanged: Unchanged) -> None:
    await join(kim, robin, "editor")
    path = f"/books/{kim.book_id}/members/{kim.user['id']}"
    async with unchanged(kim):
        for answer in (
            await kim.http.put(path, json={"role": "viewer"}),
            await kim.http.delete(path),
            await kim.http.post(f"/books/{kim.book_id}/leave"),
        ):
            assert "transfer" in problem(answer, 409, "last_owner")["detail"]
        problem(
            await kim.http.put(f"/books/{kim.book_id}/members/{NOBODY}", json={"role": "editor"}),
            404,
            "member_not_found",
        )


@pytest.mark.parametrize(
    "body", [{}, {"role": "admin"}, {"role": None}, {"role": "owner\x00"}, {"role": "owner", "more": 1}, []]
)
async def test_a_role_that_there_is_not_is_422(kim: Person, robin: Person, unchanged: Unchanged, body: object) -> None:
    await join(kim, robin, "editor")
    async with unchanged(kim):
        path = f"/books/{kim.book_id}/members/{robin.user['id']}"
        problem(await kim.http.put(path, json=body), 422, "invalid_input")


@pytest.mark.parametrize("keep", ["editor", "viewer"])
async def test_a_book_is_transferred_in_one_step(kim: Person, robin: Person, keep: str) -> None:
    book = expect(await kim.http.post("/books", json={"name": "Household"}), 201)["id"]
    await join(kim, robin, "viewer", book)
    body = {"user_id": robin.user["id"], "keep": keep}
    path = f"/books/{book}/transfer-ownership"
    moved = expect(await kim.http.post(path, json=body, headers={"Idempotency-Key": "move"}), 200)
    assert {m["email"]: m["role"] for m in moved["items"]} == {kim.email: keep, robin.email: "owner"}
    again = await kim.http.post(path, json=body, headers={"Idempotency-Key": "move"})
    assert again.headers.get("idempotency-replayed") == ("true" if keep == "editor" else None) or keep == "viewer"
    problem(await kim.http.post(path, json=body), 403, "forbidden")
    expect(await robin.http.patch(f"/books/{book}", json={"name": "Robin's"}), 200)


async def test_what_cannot_be_transferred(kim: Person, robin: Person, unchanged: Unchanged) -> None:
    path = f"/books/{kim.book_id}/transfer-ownership"
    async with unchanged(kim):
        problem(await kim.http.post(path, json={"user_id": kim.user["id"]}), 422, "invalid_input")
        problem(await kim.http.post(path, json={"user_id": robin.user["id"]}), 404, "member_not_found")
        problem(await kim.http.post(path, json={"user_id": NOBODY, "keep": "owner"}), 422, "invalid_input")


async def test_a_transfer_to_another_owner_gives_up_ones_own(kim: Person, robin: Person) -> None:
    book = expect(await kim.http.post("/books", json={"name": "Household"}), 201)["id"]
    await join(kim, robin, "owner", book)
    expect(await kim.http.post(f"/books/{book}/transfer-ownership", json={"user_id": robin.user["id"]}), 200)
    assert await roles(kim, book) == {kim.email: "editor", robin.email: "owner"}


async def test_the_default_book_follows(kim: Person, robin: Person, owner_database: Database) -> None:
    await join(kim, robin, "viewer")
    default = "UPDATE users SET default_book_id = :book WHERE id = :id"
    await run(owner_database, default, book=kim.book_id, id=robin.user["id"])
    expect(await kim.http.delete(f"/books/{kim.book_id}/members/{robin.user['id']}"), 204)
    assert (await robin.read("/users/me"))["default_book_id"] == robin.book_id
    # Without any book there is none, and the next one that is started becomes it.
    await join(robin, kim, "owner")
    expect(await robin.http.post(f"/books/{robin.book_id}/leave"), 204)
    assert (await robin.read("/users/me"))["default_book_id"] is None
    assert (await robin.read("/books"))["items"] == []
    problem(await robin.get("/accounts"), 404, "not_found")
    fresh = expect(await robin.http.post("/books", json={"name": "Fresh"}), 201)
    assert (await robin.read("/users/me"))["default_book_id"] == fresh["id"]
    assert (await robin.read("/accounts"))["items"] == []


@pytest.mark.parametrize("way", ["leave", "demote each other", "remove each other", "transfer"])
async def test_two_owners_at_once_leave_an_owner(
    kim: Person, robin: Person, owner_database: Database, way: str
) -> None:
    for _ in range(3):
        book = expect(await kim.http.post("/books", json={"name": "Household"}), 201)["id"]
        await join(kim, robin, "owner", book)
        calls = []
        for actor, other in ((kim, robin), (robin, kim)):
            theirs = f"/books/{book}/members/{other.user['id']}"
            if way == "leave":
                calls.append(actor.http.post(f"/books/{book}/leave"))
            elif way == "demote each other":
                calls.append(actor.http.put(theirs, json={"role": "viewer"}))
            elif way == "remove each other":
                calls.append(actor.http.delete(theirs))
            else:
                body = {"user_id": other.user["id"], "keep": "viewer"}
                calls.append(actor.http.post(f"/books/{book}/transfer-ownership", json=body))
        answers = sorted([answer.status_code for answer in await asyncio.gather(*calls)])
        assert answers[0] in {200, 204}
        assert answers[1] in {200, 403, 404, 409}, answers
        left = "SELECT count(*) FROM book_members WHERE book_id = :book AND role = 'owner'"
        assert await run(owner_database, left, book=book) == 1


async def test_a_viewer_leaves_and_cannot_come_back(kim: Person, robin: Person) -> None:
    await join(kim, robin, "viewer")
    path = f"/books/{kim.book_id}/leave"
    expect(await robin.http.post(path, headers={"Idempotency-Key": "bye"}), 204)
    problem(await robin.http.post(path, headers={"Idempotency-Key": "bye"}), 404, "not_found")
    assert await roles(kim, kim.book_id) == {kim.email: "owner"}


async def test_leaving_twice_at_once_is_leaving_once(kim: Person, robin: Person) -> None:
    await join(kim, robin, "editor")
    path = f"/books/{kim.book_id}/leave"
    answers = await asyncio.gather(*(robin.http.post(path) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [204, 404, 404, 404]
    assert [event for event in await log_of(kim, kim.book_id) if event[2] == "deleted"] == [
        ("member", robin.user["id"], "deleted")
    ]

"""Whose imports are whose, who may import, and requests that come twice."""

import asyncio

from httpx import Response
from sqlalchemy import text

from app.core.database import Database
from tests.conftest import Unchanged
from tests.imports.uploads import bring_in, listed, statement, try_commit, try_upload, undo, upload
from tests.people import Person, expect, problem

FILE = statement("2025-03-03,Bakery,Rolls,-4.50", "2025-03-04,Work,Pay,99.00")


async def every_route(person: Person, import_id: str) -> list[Response]:
    path = f"/imports/{import_id}"
    return [
        await person.get(path),
        await person.get(f"{path}/rows"),
        await person.http.post(f"{path}/commit"),
        await person.http.post(f"{path}/undo"),
        await person.http.delete(path),
    ]


async def test_somebody_elses_import_does_not_exist(kim: Person, robin: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    preview = await upload(kim, account, FILE)
    done = await bring_in(kim, account, statement("2025-05-05,A,a,-1.00"))
    async with unchanged(kim), unchanged(robin):
        for import_id in (preview["id"], done["id"], "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"):
            for answer in await every_route(robin, import_id):
                problem(answer, 404, "import_not_found")
        assert (await robin.read("/imports", include_total=True))["total"] == 0
        robin.http.headers["X-Book-Id"] = kim.book_id
        for answer in [*await every_route(robin, done["id"]), await try_upload(robin, account, FILE)]:
            assert answer.status_code == 404
        del robin.http.headers["X-Book-Id"]


async def test_nobody_imports_without_logging_in(kim: Person) -> None:
    token = kim.http.headers.pop("Authorization")
    for answer in [*await every_route(kim, "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"), await kim.get("/imports")]:
        problem(answer, 401, "unauthenticated")
    problem(await try_upload(kim, {"id": "x"}, FILE), 401, "unauthenticated")
    kim.http.headers["Authorization"] = token


async def test_a_viewer_looks_and_does_not_import(
    kim: Person, robin: Person, owner_database: Database, unchanged: Unchanged
) -> None:
    account = await kim.account()
    preview = await upload(kim, account, FILE)
    done = await bring_in(kim, account, statement("2025-05-05,A,a,-1.00"))
    await join(owner_database, kim, robin, "viewer")
    robin.http.headers["X-Book-Id"] = kim.book_id
    async with unchanged(kim):
        assert len((await robin.read("/imports"))["items"]) == 2
        assert len((await robin.read(f"/imports/{preview['id']}/rows"))["items"]) == 2
        problem(await try_upload(robin, account, FILE), 403, "forbidden")
        problem(await try_commit(robin, preview), 403, "forbidden")
        problem(await robin.http.post(f"/imports/{done['id']}/undo"), 403, "forbidden")
        problem(await robin.http.delete(f"/imports/{preview['id']}"), 403, "forbidden")


async def test_an_editor_imports_into_the_shared_book(kim: Person, robin: Person, owner_database: Database) -> None:
    account = await kim.account()
    await join(owner_database, kim, robin, "editor")
    robin.http.headers["X-Book-Id"] = kim.book_id
    await undo(robin, await bring_in(robin, account, FILE))
    assert (await bring_in(robin, account, FILE))["created"] == 2
    assert len(await listed(kim)) == 2


async def join(owner: Database, person: Person, guest: Person, role: str) -> None:
    async with owner.begin() as connection:
        await connection.execute(
            text("INSERT INTO book_members (book_id, user_id, role) VALUES (:book, :user, :role)"),
            {"book": person.book_id, "user": guest.user["id"], "role": role},
        )


async def test_an_upload_repeated_under_its_key_is_one_import(kim: Person) -> None:
    account = await kim.account()
    key = {"Idempotency-Key": "upload-1"}
    first = await try_upload(kim, account, FILE, headers=key)
    again = await try_upload(kim, account, FILE, headers=key)
    assert first.request.headers["content-type"] != again.request.headers["content-type"]
    assert expect(again, 201) == expect(first, 201)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert len((await kim.read("/imports"))["items"]) == 1
    for other in (
        await try_upload(kim, account, FILE + b"2025-03-05,A,a,1.00\n", headers=key),
        await try_upload(kim, account, FILE, headers=key, name="other.csv"),
        await try_upload(kim, account, FILE, headers=key, mapping={"date_order": "YMD"}),
    ):
        problem(other, 422, "idempotency_key_reused")


async def test_a_refused_upload_leaves_its_key_free(kim: Person) -> None:
    account = await kim.account()
    key = {"Idempotency-Key": "upload-2"}
    problem(await try_upload(kim, account, b"", headers=key), 422, "unreadable_file")
    expect(await try_upload(kim, account, FILE, headers=key), 201)


async def test_a_commit_repeated_under_its_key_answers_the_same(kim: Person) -> None:
    account = await kim.account()
    preview = await upload(kim, account, FILE)
    key = {"Idempotency-Key": "commit-1"}
    first = await try_commit(kim, preview, headers=key)
    again = await try_commit(kim, preview, headers=key)
    assert expect(again, 200) == expect(first, 200)
    assert again.headers["idempotency-replayed"] == "true"
    problem(await try_commit(kim, preview), 409, "import_state")
    problem(await try_commit(kim, preview, headers=key, suspects="skip"), 422, "idempotency_key_reused")
    assert await kim.balance(account) == "94.50"


async def test_commits_at_the_same_moment_under_one_key_are_one_commit(kim: Person) -> None:
    account = await kim.account()
    preview = await upload(kim, account, FILE)
    key = {"Idempotency-Key": "commit-2"}
    answers = await asyncio.gather(*(try_commit(kim, preview, headers=key) for _ in range(5)))
    done = [answer for answer in answers if answer.status_code == 200]
    assert done
    assert all(answer.json() == done[0].json() for answer in done)
    for answer in answers:
        if answer.status_code != 200:
            problem(answer, 409, "idempotency_key_in_use")
    assert len(await listed(kim)) == 2


async def test_an_undo_repeated_under_its_key_answers_the_same(kim: Person) -> None:
    account = await kim.account()
    done = await bring_in(kim, account, FILE)
    key = {"Idempotency-Key": "undo-1"}
    path = f"/imports/{done['id']}/undo"
    first, again = [await kim.http.post(path, headers=key) for _ in range(2)]
    assert expect(first, 200) == expect(again, 200)
    assert again.headers["idempotency-replayed"] == "true"

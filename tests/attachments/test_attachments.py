"""Attaching files, listing them and taking them off, over HTTP."""

import asyncio
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.core.config import Settings
from app.core.database import Database
from tests.attachments.files import attach, attached, big_png, content, jpeg, pdf, png, sha, spend, try_attach
from tests.conftest import Unchanged, fresh_email
from tests.people import Person, expect, fields, problem, register
from tests.servers import serving


def objects(settings: Settings, person: Person) -> set[str]:
    """The names of the objects of the person's book."""
    folder = settings.data_dir / "attachments" / person.book_id
    return {path.name for path in folder.glob("*")}


async def events(owner: Database, person: Person, entity: str = "attachment") -> list[Any]:
    statement = text(
        "SELECT entity_id::text AS id, action, before, after FROM events WHERE book_id = :book AND entity = :entity "
        "ORDER BY revision, position"
    )
    async with owner.begin() as connection:
        return list((await connection.execute(statement, {"book": person.book_id, "entity": entity})).all())


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (png(), "a.png", "image/png"),
        (jpeg(), "photo.JPG", "image/jpeg"),
        (pdf(), "invoice.pdf", "application/pdf"),
    ],
)
async def test_a_file_is_attached_told_listed_and_read_back(kim: Person, data: bytes, name: str, kind: str) -> None:
    spent = await spend(kim)
    answer = await try_attach(kim, spent, data, name, kind="text/html")
    made = expect(answer, 201)
    assert made | {"id": "", "created_at": "", "revision": 0} == {
        "id": "",
        "transaction_id": spent["id"],
        "file_name": name,
        "media_type": kind,
        "size": len(data),
        "sha256": sha(data),
        "revision": 0,
        "created_at": "",
    }
    assert answer.headers["location"] == f"/api/v1/attachments/{made['id']}"
    assert answer.headers["etag"] == f'"{made["revision"]}"'
    assert await attached(kim, spent) == [made]
    read = await kim.get(f"/attachments/{made['id']}")
    assert (expect(read, 200), read.headers["etag"]) == (made, answer.headers["etag"])
    got = await content(kim, made)
    assert (got.status_code, got.content, got.headers["content-type"]) == (200, data, kind)


async def test_the_transaction_is_not_changed_and_the_event_has_all_to_restore(
    kim: Person, owner_database: Database
) -> None:
    spent = await spend(kim)
    made = await attach(kim, spent, png("event"))
    expect(await kim.http.delete(f"/attachments/{made['id']}"), 204)
    assert await kim.read(f"/transactions/{spent['id']}") == spent
    image = {
        "transaction_id": spent["id"],
        "sha256": made["sha256"],
        "file_name": "receipt.png",
        "created_at": datetime.fromisoformat(made["created_at"]),
    }
    logged = [tuple(event) for event in await events(owner_database, kim)]
    for event in logged:
        told = event[2] or event[3]
        told["created_at"] = datetime.fromisoformat(told["created_at"])
    assert logged == [
        (made["id"], "created", None, image),
        (made["id"], "deleted", image, None),
    ]


async def test_the_same_bytes_on_two_transactions_are_one_file(
    kim: Person, settings: Settings, owner_database: Database
) -> None:
    first, second = await spend(kim), await spend(kim)
    one, two = await attach(kim, first, png("one"), "a.png"), await attach(kim, second, png("one"), "b.png")
    assert one["sha256"] == two["sha256"]
    assert objects(settings, kim) == {one["sha256"]}
    async with owner_database.begin() as connection:
        count = text("SELECT count(*) FROM files WHERE book_id = :book")
        assert await connection.scalar(count, {"book": kim.book_id}) == 1
    expect(await kim.http.delete(f"/attachments/{one['id']}"), 204)
    assert (await content(kim, two)).content == png("one")


async def test_two_books_share_nothing(kim: Person, robin: Person, settings: Settings) -> None:
    await attach(kim, await spend(kim), png("same"))
    await attach(robin, await spend(robin), png("same"))
    assert objects(settings, kim) == objects(settings, robin) == {sha(png("same"))}


async def test_the_same_file_again_on_a_transaction_is_409(kim: Person, unchanged: Unchanged) -> None:
    spent = await spend(kim)
    made = await attach(kim, spent, png("again"))
    async with unchanged(kim):
        refused = problem(await try_attach(kim, spent, png("again"), "other.png"), 409, "attachment_exists")
    assert refused["attachment_id"] == made["id"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"x", "unsupported_media"),
        (b"<html><script>1</script>", "unsupported_media"),
        (b"\0" * 5000, "unsupported_media"),
    ],
)
async def test_what_is_none_of_the_kinds_is_refused_whatever_it_is_called(
    kim: Person, unchanged: Unchanged, settings: Settings, data: bytes, code: str
) -> None:
    spent = await spend(kim)
    async with unchanged(kim):
        answer = await try_attach(kim, spent, data, "receipt.pdf", kind="application/pdf")
        refused = problem(answer, 422, "invalid_input" if code == "empty_file" else code)
    assert fields(refused) == {("file", code)}
    assert objects(settings, kim) == set()


async def test_what_is_no_upload_is_refused(kim: Person, unchanged: Unchanged) -> None:
    spent = await spend(kim)
    path = f"/transactions/{spent['id']}/attachments"
    async with unchanged(kim):
        problem(await kim.http.post(path, files={"other": ("a.png", png())}), 422, "invalid_input")
        problem(await kim.http.post(path, json={"file": "x"}), 415, "unsupported_media_type")
        problem(await kim.http.post(path), 422, "invalid_input")
        problem(await kim.http.post(path, data={"file": "text"}), 422, "invalid_input")
        problem(await try_attach(kim, {"id": "nonsense"}, png()), 422, "invalid_input")
        nobody = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"
        problem(await try_attach(kim, {"id": nobody}, png()), 404, "transaction_not_found")
        problem(await kim.get(f"/transactions/{nobody}/attachments"), 404, "transaction_not_found")
        for path in (f"/attachments/{nobody}", f"/attachments/{nobody}/content"):
            problem(await kim.get(path), 404, "attachment_not_found")
        problem(await kim.http.delete(f"/attachments/{nobody}"), 404, "attachment_not_found")


async def test_returns_413_for_more_than_is_taken(settings: Settings) -> None:
    async with serving(settings, attachment_max_bytes=20_000, max_body_bytes=5_000) as (app, _):
        person = await register(app, fresh_email())
        spent = await spend(person)
        for size in (20_000, 60_000):
            problem(await try_attach(person, spent, big_png(size)), 413, "too_large")
        path = f"/transactions/{spent['id']}/attachments"

        async def endless() -> Any:
            yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
            for _ in range(1000):
                yield b"x" * 1000

        form = {"Content-Type": "multipart/form-data; boundary=x"}
        problem(await person.http.post(path, content=endless(), headers=form), 413, "too_large")
        expect(await try_attach(person, spent, big_png(19_000)), 201)
        # Only uploads may be as large as that.
        json = {"Content-Type": "application/json"}
        elsewhere = await person.http.post("/transactions", content=b" " * 6_000, headers=json)
        problem(elsewhere, 413, "too_large")
        await person.http.aclose()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd.png"),
        ("C:\\Users\\kim\\Beleg März.PNG", "Beleg März.PNG"),
        ("page.html", "page.html.png"),
        ("a\u202egnp.exe", "a gnp.exe.png"),
        ("x" * 500 + ".png", "x" * 196 + ".png"),
        (".png", "receipt.png"),
        (" . ", "receipt.png"),
        ('quote".png', 'quote".png'),
        ("new\nline.png", "new line.png"),
    ],
)
async def test_a_name_is_kept_as_far_as_it_is_harmless(kim: Person, given: str, kept: str) -> None:
    made = await attach(kim, await spend(kim), png("name"), given)
    assert made["file_name"] == kept


async def test_a_name_with_nul_is_cleaned(kim: Person) -> None:
    spent = await spend(kim)
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a\0b.png"\r\n\r\n' + png() + b"\r\n--x--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await kim.http.post(f"/transactions/{spent['id']}/attachments", content=body, headers=headers)
    assert expect(answer, 201)["file_name"] == "a b.png"


async def test_a_delete_expects_the_revision_it_read(kim: Person, unchanged: Unchanged) -> None:
    made = await attach(kim, await spend(kim), png("match"))
    async with unchanged(kim):
        stale = await kim.http.delete(f"/attachments/{made['id']}", headers={"If-Match": '"0"'})
        problem(stale, 412, "revision_mismatch")
    right = {"If-Match": f'"{made["revision"]}"'}
    expect(await kim.http.delete(f"/attachments/{made['id']}", headers=right), 204)
    problem(await kim.get(f"/attachments/{made['id']}"), 404, "attachment_not_found")


async def test_a_locked_period_keeps_its_attachments(
    kim: Person, unchanged: Unchanged, owner_database: Database
) -> None:
    old, new = await spend(kim, date="2026-01-31"), await spend(kim, date="2026-02-01")
    made = await attach(kim, old, png("locked"))
    lock = text("UPDATE books SET locked_until = :day WHERE id = :book")
    async with owner_database.begin() as connection:
        await connection.execute(lock, {"day": date(2026, 1, 31), "book": kim.book_id})
    async with unchanged(kim):
        refused = problem(await try_attach(kim, old, png("more")), 409, "period_locked")
        assert refused["locked_until"] == "2026-01-31"
        problem(await kim.http.delete(f"/attachments/{made['id']}"), 409, "period_locked")
    await attach(kim, new, png("more"))


async def test_a_transaction_has_so_many_attachments_and_no_more(
    kim: Person, unchanged: Unchanged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.attachments.service.MOST", 2)
    spent = await spend(kim)
    for note in "ab":
        await attach(kim, spent, png(note))
    async with unchanged(kim):
        problem(await try_attach(kim, spent, png("c")), 409, "too_many_attachments")


async def test_the_list_answers_304_while_the_book_is_unchanged(kim: Person) -> None:
    spent = await spend(kim)
    path = f"/transactions/{spent['id']}/attachments"
    tag = (await kim.get(path)).headers["etag"]
    assert (await kim.http.get(path, headers={"If-None-Match": tag})).status_code == 304
    await attach(kim, spent, png("tag"))
    assert (await kim.http.get(path, headers={"If-None-Match": tag})).status_code == 200


async def test_an_upload_repeated_under_its_key_is_one_attachment(kim: Person) -> None:
    spent = await spend(kim)
    data = big_png(700_000)
    first, again = [await try_attach(kim, spent, data, **{"Idempotency-Key": "receipt"}) for _ in range(2)]
    assert expect(again, 201) == expect(first, 201)
    assert again.headers["idempotency-replayed"] == "true"
    other = await try_attach(kim, spent, png("other"), **{"Idempotency-Key": "receipt"})
    problem(other, 422, "idempotency_key_reused")
    assert len(await attached(kim, spent)) == 1


async def test_the_same_file_at_the_same_moment_is_stored_once(kim: Person, settings: Settings) -> None:
    spent = [await spend(kim) for _ in range(4)]
    data = big_png(300_000)
    answers = await asyncio.gather(*(try_attach(kim, one, data) for one in spent), try_attach(kim, spent[0], data))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 201, 201, 409]
    assert objects(settings, kim) == {sha(data)}
    for one in spent:
        [made] = await attached(kim, one)
        assert (await content(kim, made)).content == data


async def test_only_the_server_may_read_the_folder(kim: Person, settings: Settings) -> None:
    made = await attach(kim, await spend(kim), png("private"))
    folder: Path = settings.data_dir / "attachments"
    assert [path.stat().st_mode & 0o777 for path in (folder, folder / kim.book_id)] == [0o700, 0o700]
    assert (folder / kim.book_id / made["sha256"]).stat().st_mode & 0o777 == 0o600
    assert list((folder / "incoming").iterdir()) == []


async def test_a_folder_that_cannot_be_written_is_503_and_changes_nothing(
    settings: Settings, work_folder: Path, unchanged: Unchanged
) -> None:
    blocked = work_folder / "blocked"
    blocked.write_text("a file where the folder should be")
    async with serving(settings, data_dir=blocked) as (app, _):
        person = await register(app, fresh_email())
        spent = await spend(person)
        async with unchanged(person):
            problem(await try_attach(person, spent, png()), 503, "store_unavailable")
        await person.http.aclose()

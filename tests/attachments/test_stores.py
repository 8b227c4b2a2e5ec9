"""The folder and a bucket, side by side: the same promises, each against the real thing."""

import io
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, cast
from uuid import UUID

import pytest

from app.attachments.storage import ObjectKey, ObjectMissingError, Store, StoreUnavailableError, make_store
from app.attachments.sweep import sweep
from app.core.clock import now
from app.core.config import Settings, load_settings
from app.core.database import Database
from app.core.failures import StartupError
from tests.attachments.files import attach, big_png, content, png, sha, spend, try_attach
from tests.attachments.s3 import s3_server, s3_settings
from tests.conftest import Unchanged, fresh_email
from tests.people import expect, problem, register
from tests.servers import serving

BOOK = UUID("01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6")
OTHER = UUID("01a1fdee-bbe0-7bf6-84f8-f3042f6ccda7")


def key(note: str, book: UUID = BOOK) -> ObjectKey:
    return ObjectKey(book, bytes.fromhex(sha(note.encode())))


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with s3_server() as url:
        yield url


def of(settings: Settings, **changes: object) -> Store:
    return make_store(load_settings(_env_file=None, **{**settings.model_dump(), **changes}))


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Store:
    """An empty one of each kind."""
    if request.param == "folder":
        return of(settings, data_dir=tmp_path)
    return of(settings, s3_prefix=tmp_path.name, **s3_settings(request.getfixturevalue("bucket")))


async def read(store: Store, which: ObjectKey, start: int = 0, stop: int | None = None) -> bytes:
    found = await store.open(which, start, stop)
    try:
        return b"".join([chunk async for chunk in found])
    finally:
        await found.aclose()


async def names(store: Store) -> list[ObjectKey]:
    return [stored.key async for some in store.every() for stored in some]


async def test_what_is_put_is_there_until_it_is_deleted(store: Store) -> None:
    assert not await store.exists(key("a"))
    await store.put(key("a"), io.BytesIO(b"content"))
    assert await store.exists(key("a"))
    assert await read(store, key("a")) == b"content"
    await store.put(key("a"), io.BytesIO(b"content"))
    await store.delete(key("a"))
    await store.delete(key("a"))
    assert not await store.exists(key("a"))
    with pytest.raises(ObjectMissingError):
        await store.open(key("a"))


async def test_a_part_is_read_alone(store: Store) -> None:
    data = os.urandom(600_000)
    await store.put(key("part"), io.BytesIO(data))
    for start, stop in ((0, 1), (5, 10), (300_000, None), (599_999, 600_000)):
        assert await read(store, key("part"), start, stop) == data[start:stop]


async def test_a_large_object_arrives_whole(store: Store) -> None:
    data = os.urandom(12_000_001)
    await store.put(key("large"), io.BytesIO(data))
    assert await read(store, key("large")) == data


async def test_a_write_starts_where_the_source_stands(store: Store) -> None:
    source = io.BytesIO(b"0123456789")
    source.seek(4)
    await store.put(key("position"), source)
    assert await read(store, key("position")) == b"456789"


async def test_every_object_is_listed_book_by_book(store: Store) -> None:
    wanted = [key(str(number), book) for book in (BOOK, OTHER) for number in range(3)]
    for which in wanted:
        await store.put(which, io.BytesIO(b"x"))
    found = await names(store)
    assert set(found) == set(wanted)
    assert [which.book_id for which in found] == [BOOK] * 3 + [OTHER] * 3
    async for some in store.every():
        assert all(abs(stored.modified - now()) < timedelta(minutes=1) for stored in some)


class Interrupted:
    """A source that fails in the middle."""

    def read(self, _: int = -1) -> bytes:
        raise OSError(28, "No space left on device")

    def seek(self, *_: int) -> int:
        return 0

    def tell(self) -> int:
        return 0


async def test_a_write_that_fails_leaves_nothing(store: Store) -> None:
    with pytest.raises(StoreUnavailableError):
        await store.put(key("broken"), cast("BinaryIO", Interrupted()))
    assert not await store.exists(key("broken"))
    assert await names(store) == []
    assert await store.tidy(now() + timedelta(days=1)) == 0


async def test_nothing_is_made_before_the_first_write(settings: Settings, tmp_path: Path) -> None:
    empty = of(settings, data_dir=tmp_path / "none")
    assert await names(empty) == []
    assert not await empty.exists(key("a"))
    await empty.delete(key("a"))
    assert await empty.tidy(now()) == 0
    assert not (tmp_path / "none").exists()


async def test_a_bucket_that_does_not_answer_is_told(settings: Settings, unchanged: Unchanged) -> None:
    gone = s3_settings("http://127.0.0.1:1")
    async with serving(settings, **gone) as (app, _):
        person = await register(app, fresh_email())
        spent = await spend(person)
        async with unchanged(person):
            problem(await try_attach(person, spent, png()), 503, "store_unavailable")
        await person.http.aclose()


async def test_the_whole_way_with_a_bucket(settings: Settings, bucket: str, app_database: Database) -> None:
    async with serving(settings, s3_prefix="some/where", **s3_settings(bucket)) as (app, _):
        objects: Store = app.state.objects
        person = await register(app, fresh_email())
        one, two = await spend(person), await spend(person)
        data = big_png(6_000_000)  # more than a part
        first, second = await attach(person, one, data), await attach(person, two, data)
        own = [which for which in await names(objects) if str(which.book_id) == person.book_id]
        assert [which.sha256.hex() for which in own] == [sha(data)]
        assert (await content(person, second)).content == data
        assert (await content(person, second, Range="bytes=100-199")).content == data[100:200]
        assert (await content(person, second, Range="bytes=5900000-")).content == data[5_900_000:]
        for made in (first, second):
            expect(await person.http.delete(f"/attachments/{made['id']}"), 204)
        await sweep(app_database, objects, 0)
        assert [which for which in await names(objects) if str(which.book_id) == person.book_id] == []
        await person.http.aclose()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"attachments_store": "s3"}, "S3_BUCKET is missing"),
        ({"s3_access_key_id": "x"}, "belong together"),
        ({"s3_endpoint_url": "ftp://x"}, "S3_ENDPOINT_URL"),
        ({"attachment_undo_days": -1}, "ATTACHMENT_UNDO_DAYS"),
        ({"attachment_max_bytes": 0}, "ATTACHMENT_MAX_BYTES"),
    ],
)
def test_settings_that_cannot_be_are_told(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(StartupError, match=reason):
        load_settings(_env_file=None, **changes)

"""Downloading: the headers that keep a file from acting, names in them, caching and ranges."""

import pytest

from app.core.config import Settings
from tests.attachments.files import attach, big_png, content, png, sha, spend
from tests.people import Person, problem

DATA = png("0123456789")
SIZE = len(DATA)


async def test_a_download_can_do_nothing_in_a_browser(kim: Person) -> None:
    got = await content(kim, await attach(kim, await spend(kim), DATA))
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert got.headers["content-disposition"].startswith("attachment; ")
    assert got.headers["content-length"] == str(SIZE)
    assert got.headers["accept-ranges"] == "bytes"
    assert "private" in got.headers["cache-control"]


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a.png", "attachment; filename=\"a.png\"; filename*=UTF-8''a.png"),
        (
            'Beleg "März" 5%.png',
            "attachment; filename=\"Beleg _M_rz_ 5_.png\"; filename*=UTF-8''Beleg%20%22M%C3%A4rz%22%205%25.png",
        ),
        ("领收书.png", "attachment; filename=\"___.png\"; filename*=UTF-8''%E9%A2%86%E6%94%B6%E4%B9%A6.png"),
    ],
)
async def test_the_name_arrives_whole(kim: Person, name: str, header: str) -> None:
    made = await attach(kim, await spend(kim), DATA, name)
    assert (await content(kim, made)).headers["content-disposition"] == header


async def test_the_tag_is_the_digest_and_an_unchanged_file_is_304(kim: Person) -> None:
    made = await attach(kim, await spend(kim), DATA)
    tag = f'"{sha(DATA)}"'
    assert (await content(kim, made)).headers["etag"] == tag
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        answer = await content(kim, made, **{"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert (await content(kim, made, **{"If-None-Match": '"other"'})).status_code == 200


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=5-9", slice(5, 10)),
        ("bytes=10-", slice(10, None)),
        ("bytes=-7", slice(-7, None)),
        ("bytes=0-999999", slice(0, None)),
        ("bytes=-999999", slice(0, None)),
        (f"bytes={SIZE - 1}-", slice(SIZE - 1, None)),
    ],
)
async def test_a_range_gives_that_part(kim: Person, wanted: str, part: slice) -> None:
    made = await attach(kim, await spend(kim), DATA)
    answer = await content(kim, made, Range=wanted)
    start, stop, _ = part.indices(SIZE)
    assert (answer.status_code, answer.content) == (206, DATA[part])
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{SIZE}"
    assert answer.headers["content-length"] == str(stop - start)


@pytest.mark.parametrize("wanted", ["bytes=9-5", "bytes=0-1,3-4", "bytes=", "bytes=-", "lines=1-2", "bytes=a-b", "x"])
async def test_what_is_not_one_range_gives_the_whole(kim: Person, wanted: str) -> None:
    made = await attach(kim, await spend(kim), DATA)
    answer = await content(kim, made, Range=wanted)
    assert (answer.status_code, answer.content) == (200, DATA)


@pytest.mark.parametrize("wanted", [f"bytes={SIZE}-", "bytes=999999-1000000", "bytes=-0"])
async def test_a_range_behind_the_end_is_416(kim: Person, wanted: str) -> None:
    made = await attach(kim, await spend(kim), DATA)
    answer = await content(kim, made, Range=wanted)
    problem(answer, 416, "range_not_satisfiable")
    assert answer.headers["content-range"] == f"bytes */{SIZE}"


async def test_a_range_of_another_file_gives_the_whole(kim: Person) -> None:
    made = await attach(kim, await spend(kim), DATA)
    for tag, status in ((f'"{sha(DATA)}"', 206), ('"other"', 200), (f'W/"{sha(DATA)}"', 200)):
        assert (await content(kim, made, **{"Range": "bytes=0-1", "If-Range": tag})).status_code == status


async def test_a_download_goes_on_where_it_broke_off(kim: Person) -> None:
    data = big_png(700_000)
    made = await attach(kim, await spend(kim), data)
    first = (await content(kim, made, Range="bytes=0-299999")).content
    assert first + (await content(kim, made, Range="bytes=300000-")).content == data


async def test_an_object_that_is_lost_is_told_and_an_upload_brings_it_back(kim: Person, settings: Settings) -> None:
    made = await attach(kim, await spend(kim), DATA)
    lost = settings.data_dir / "attachments" / kim.book_id / made["sha256"]
    lost.unlink()
    problem(await content(kim, made), 404, "file_missing")
    await attach(kim, await spend(kim), DATA)
    assert (await content(kim, made)).content == DATA

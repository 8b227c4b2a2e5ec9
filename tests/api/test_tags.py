import asyncio

import pytest

from app.core.database import Database
from tests.conftest import Unchanged
from tests.names import UNKNOWN, lock, logged, names, revision, tag
from tests.people import Person, expect, fields, problem


async def test_creating_answers_the_tag_with_location_and_etag(kim: Person) -> None:
    answer = await kim.http.post("/tags", json={"id": UNKNOWN, "name": " holi\x00day "})
    made = expect(answer, 201)
    assert (made["id"], made["name"]) == (UNKNOWN, "holiday")
    assert answer.headers["location"] == f"/api/v1/tags/{UNKNOWN}"
    assert answer.headers["etag"] == f'"{made["revision"]}"'
    read = await kim.get(f"/tags/{UNKNOWN}")
    assert (read.json(), read.headers["etag"]) == (made, answer.headers["etag"])
    assert (await kim.read("/tags"))["items"] == [made]


async def test_a_tag_is_renamed_and_stays_on_its_transactions(kim: Person) -> None:
    account = await kim.account()
    spent = await kim.add(account_id=account["id"], tags=["holday"])
    (made,) = (await kim.read("/tags"))["items"]
    path = f"/tags/{made['id']}"
    renamed = expect(await kim.http.patch(path, json={"name": "holiday"}), 200)
    assert (renamed["name"], renamed["updated_at"] > made["updated_at"]) == ("holiday", True)
    assert (await kim.read(f"/transactions/{spent['id']}"))["tags"] == ["holiday"]
    assert expect(await kim.http.put(path, json={"name": "Holiday"}), 200)["name"] == "Holiday"
    assert expect(await kim.http.patch(path, json={}), 200)["name"] == "Holiday"
    assert (await kim.read("/transactions", tag="HOLIDAY"))["items"] != []


async def test_returns_409_for_the_name_of_another_tag(kim: Person, unchanged: Unchanged) -> None:
    known, other = await tag(kim, "Holiday"), await tag(kim, "other")
    async with unchanged(kim):
        for answer in (
            await kim.http.post("/tags", json={"name": "HOLIDAY"}),
            await kim.http.patch(f"/tags/{other['id']}", json={"name": "holiday"}),
            await kim.http.put(f"/tags/{other['id']}", json={"name": "holiday"}),
        ):
            body = problem(answer, 409, "name_taken")
            assert body["tag_id"] == known["id"]
            assert "merge" in body["detail"]
        problem(await kim.http.post("/tags", json={"id": known["id"], "name": "new"}), 409, "id_taken")


@pytest.mark.parametrize("body", [{"name": ""}, {"name": "\x00"}, {"name": "x" * 101}, {"name": None}, {"name": 5}])
async def test_returns_422_for_a_wrong_name(kim: Person, unchanged: Unchanged, body: dict[str, object]) -> None:
    known = await tag(kim, "tag")
    async with unchanged(kim):
        for answer in (
            await kim.http.post("/tags", json=body),
            await kim.http.put(f"/tags/{known['id']}", json=body),
            await kim.http.patch(f"/tags/{known['id']}", json=body),
        ):
            assert {field for field, _ in fields(problem(answer, 422, "invalid_input"))} == {"name"}
        problem(await kim.http.post("/tags", json={"name": "a", "aliases": []}), 422, "invalid_input")


async def test_returns_404_for_a_tag_that_is_not_there(kim: Person, robin: Person, unchanged: Unchanged) -> None:
    foreign, own = await tag(robin, "tag"), await tag(kim, "tag")
    async with unchanged(kim), unchanged(robin):
        for missing in (UNKNOWN, foreign["id"]):
            path = f"/tags/{missing}"
            for answer in (
                await kim.get(path),
                await kim.get(f"{path}/statistics"),
                await kim.http.put(path, json={"name": "A"}),
                await kim.http.patch(path, json={"name": "A"}),
                await kim.http.delete(path, params={"force": True}),
                await kim.http.post(f"{path}/merge", json={"tag_ids": [own["id"]]}),
                await kim.http.post(f"/tags/{own['id']}/merge", json={"tag_ids": [missing]}),
            ):
                problem(answer, 404, "tag_not_found")


async def test_a_tag_somebody_changed_meanwhile_is_not_overwritten(kim: Person, unchanged: Unchanged) -> None:
    known, other = await tag(kim, "tag"), await tag(kim, "other")
    path, stale = f"/tags/{known['id']}", {"If-Match": f'"{known["revision"]}"'}
    changed = expect(await kim.http.patch(path, json={"name": "A"}, headers=stale), 200)
    async with unchanged(kim):
        for answer in (
            await kim.http.patch(path, json={"name": "B"}, headers=stale),
            await kim.http.put(path, json={"name": "B"}, headers=stale),
            await kim.http.delete(path, headers=stale),
            await kim.http.post(f"{path}/merge", json={"tag_ids": [other["id"]]}, headers=stale),
        ):
            assert problem(answer, 412, "revision_mismatch")["revision"] == changed["revision"]
    expect(await kim.http.delete(path, headers={"If-Match": f'"{changed["revision"]}"'}), 204)


async def test_merged_tags_are_one_and_stand_once_on_each_transaction(kim: Person, owner_database: Database) -> None:
    account = await kim.account()
    spent = [
        await kim.add(account_id=account["id"], tags=tags)
        for tags in (["a"], ["a", "b", "into"], ["b", "c"], ["c"], ["into"])
    ]
    ids = {item["name"]: item["id"] for item in (await kim.read("/tags"))["items"]}
    start = await revision(kim)
    body = {"tag_ids": [ids["a"], ids["b"], ids["a"]]}
    merged = expect(await kim.http.post(f"/tags/{ids['into']}/merge", json=body), 200)
    assert (merged["name"], merged["revision"]) == ("into", start + 1)
    read = [await kim.read(f"/transactions/{made['id']}") for made in spent]
    assert [item["tags"] for item in read] == [["into"], ["into"], ["c", "into"], ["c"], ["into"]]
    assert [item["revision"] == start + 1 for item in read] == [True, True, True, False, False]
    assert await names(kim, "/tags") == ["c", "into"]
    events = await logged(owner_database, kim, start)
    changed = {event.id: event for event in events if event.action == "tags_changed"}
    for made, before, after in (
        (spent[0], ["a"], ["into"]),
        (spent[1], ["a", "b", "into"], ["into"]),
        (spent[2], ["b", "c"], ["c", "into"]),
    ):
        event = changed.pop(made["id"])
        assert event.entity == "transaction"
        assert event.before == {"tag_ids": sorted(ids[name] for name in before)}
        assert event.after == {"tag_ids": sorted(ids[name] for name in after)}
    assert changed == {}
    assert {(event.entity, event.action, event.before["name"]) for event in events[3:]} == {
        ("tag", "deleted", "a"),
        ("tag", "deleted", "b"),
        ("tag", "updated", "into"),
    }
    assert [event.position for event in events] == list(range(6))


async def test_returns_422_for_a_merge_that_says_nothing(kim: Person, unchanged: Unchanged) -> None:
    into = await tag(kim, "into")
    path = f"/tags/{into['id']}/merge"
    async with unchanged(kim):
        for tag_ids in (None, [], ["x"], "x"):
            problem(await kim.http.post(path, json={"tag_ids": tag_ids}), 422, "invalid_input")
        answer = problem(await kim.http.post(path, json={"tag_ids": [into["id"]]}), 422, "invalid_input")
        assert fields(answer) == {("tag_ids", "own_id")}


async def test_one_in_use_is_deleted_only_when_forced(
    kim: Person, unchanged: Unchanged, owner_database: Database
) -> None:
    account = await kim.account()
    spent = [await kim.add(account_id=account["id"], tags=tags) for tags in (["tag", "other"], ["tag"])]
    ids = {item["name"]: item["id"] for item in (await kim.read("/tags"))["items"]}
    path = f"/tags/{ids['tag']}"
    async with unchanged(kim):
        refused = problem(await kim.http.delete(path), 409, "tag_in_use")
        assert refused["transactions"] == 2
        assert "force" in refused["detail"]
        problem(await kim.http.delete(path, params={"force": "perhaps"}), 422, "invalid_input")
    start = await revision(kim)
    expect(await kim.http.delete(path, params={"force": True}), 204)
    assert [(await kim.read(f"/transactions/{made['id']}"))["tags"] for made in spent] == [["other"], []]
    assert await names(kim, "/tags") == ["other"]
    events = await logged(owner_database, kim, start)
    assert {(event.id, str(event.after)) for event in events[:2]} == {
        (spent[0]["id"], str({"tag_ids": [ids["other"]]})),
        (spent[1]["id"], str({"tag_ids": []})),
    }
    assert (events[2].entity, events[2].action, events[2].before["name"]) == ("tag", "deleted", "tag")


async def test_one_that_nothing_has_is_deleted(kim: Person) -> None:
    for params in ({}, {"force": True}):
        made = await tag(kim, "tag")
        expect(await kim.http.delete(f"/tags/{made['id']}", params=params), 204)
        problem(await kim.get(f"/tags/{made['id']}"), 404, "tag_not_found")


async def test_a_closed_period_keeps_its_tags(kim: Person, unchanged: Unchanged, owner_database: Database) -> None:
    account = await kim.account()
    into = await tag(kim, "into")
    await kim.add(account_id=account["id"], tags=["tag"], date="2026-01-10")
    await kim.add(account_id=account["id"], tags=["tag"], date="2026-01-20")
    (made,) = (await kim.read("/tags", q="tag"))["items"]
    await lock(owner_database, kim, "2026-01-10")
    async with unchanged(kim):
        for answer in (
            await kim.http.post(f"/tags/{into['id']}/merge", json={"tag_ids": [made["id"]]}),
            await kim.http.delete(f"/tags/{made['id']}", params={"force": True}),
        ):
            problem(answer, 409, "period_locked")
    await lock(owner_database, kim, "2026-01-09")
    expect(await kim.http.delete(f"/tags/{made['id']}", params={"force": True}), 204)


async def test_of_two_merges_into_each_other_one_happens(kim: Person) -> None:
    account = await kim.account()
    for number in range(4):
        left, right = await tag(kim, f"left {number}"), await tag(kim, f"right {number}")
        made = await kim.add(account_id=account["id"], tags=[left["name"], right["name"]])
        answers = await asyncio.gather(
            kim.http.post(f"/tags/{left['id']}/merge", json={"tag_ids": [right["id"]]}),
            kim.http.post(f"/tags/{right['id']}/merge", json={"tag_ids": [left["id"]]}),
            kim.http.patch(f"/transactions/{made['id']}", json={"notes": "at the same time"}),
        )
        assert sorted(answer.status_code for answer in answers[:2]) == [200, 404]
        (won,) = [answer.json() for answer in answers[:2] if answer.status_code == 200]
        assert (await kim.read(f"/transactions/{made['id']}"))["tags"] == [won["name"]]

import pytest

from app.core.database import Database
from tests.conftest import Unchanged
from tests.names import UNKNOWN, logged, names, payee, revision
from tests.people import Person, expect, fields, problem


async def test_creating_answers_the_payee_with_location_and_etag(kim: Person) -> None:
    food = await kim.category()
    body = {"id": UNKNOWN, "name": " Corner  Café ", "aliases": ["CRNR 0042"], "default_category_id": food["id"]}
    answer = await kim.http.post("/payees", json=body)
    made = expect(answer, 201)
    assert answer.headers["location"] == f"/api/v1/payees/{UNKNOWN}"
    assert answer.headers["etag"] == f'"{made["revision"]}"'
    assert {**body, "name": "Corner Café", "last_used": None}.items() <= made.items()
    read = await kim.get(f"/payees/{UNKNOWN}")
    assert (read.json(), read.headers["etag"]) == (made, answer.headers["etag"])
    assert (await kim.read("/payees"))["items"] == [made]


async def test_aliases_are_kept_once_and_never_the_name_itself(kim: Person) -> None:
    made = await payee(kim, "Shop", aliases=["SHOP", "b Shop", "B SHOP", "A shop"])
    assert made["aliases"] == ["A shop", "b Shop"]


async def test_a_payee_of_a_transaction_has_no_alias_and_says_when_it_was_used(kim: Person) -> None:
    account = await kim.account()
    days = ("2026-01-03", "2026-01-09", "2026-01-05")
    spent = [await kim.add(account_id=account["id"], payee="Shop", date=day) for day in days]
    read = await kim.read(f"/payees/{spent[0]['payee_id']}")
    assert (read["aliases"], read["default_category_id"], read["last_used"]) == ([], None, "2026-01-09")
    assert (await kim.read("/payees"))["items"] == [read]


@pytest.mark.parametrize("name", ["Shop", "sHOP", "corner", "CORNER"])
async def test_returns_409_for_a_name_or_alias_that_means_another_payee(
    kim: Person, unchanged: Unchanged, name: str
) -> None:
    known = await payee(kim, "Shop", aliases=["Corner"])
    other = await payee(kim, "Other")
    async with unchanged(kim):
        for answer in (
            await kim.http.post("/payees", json={"name": name}),
            await kim.http.post("/payees", json={"name": "New", "aliases": ["fine", name]}),
            await kim.http.patch(f"/payees/{other['id']}", json={"name": name}),
            await kim.http.patch(f"/payees/{other['id']}", json={"aliases": [name]}),
            await kim.http.put(f"/payees/{other['id']}", json={"name": name}),
        ):
            body = problem(answer, 409, "name_taken")
            assert body["payee_id"] == known["id"]
            assert "merge" in body["detail"]


async def test_returns_409_for_an_id_that_is_taken(kim: Person, unchanged: Unchanged) -> None:
    known = await payee(kim, "Shop")
    async with unchanged(kim):
        problem(await kim.http.post("/payees", json={"id": known["id"], "name": "New"}), 409, "id_taken")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"name": ""}, "name"),
        ({"name": "\x00"}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": 5}, "name"),
        ({"name": None}, "name"),
        ({"aliases": None}, "aliases"),
        ({"aliases": "one"}, "aliases"),
        ({"aliases": ["ok", "\t"]}, "aliases.1"),
        ({"aliases": ["x" * 201]}, "aliases.0"),
        ({"aliases": [f"alias {number}" for number in range(501)]}, "aliases"),
        ({"default_category_id": "food"}, "default_category_id"),
        ({"nick": "x"}, "nick"),
    ],
)
async def test_returns_422_for_a_wrong_field(
    kim: Person, unchanged: Unchanged, body: dict[str, object], named: str
) -> None:
    known = await payee(kim, "Shop")
    async with unchanged(kim):
        for answer in (
            await kim.http.post("/payees", json={"name": "A", **body}),
            await kim.http.put(f"/payees/{known['id']}", json={"name": "A", **body}),
            await kim.http.patch(f"/payees/{known['id']}", json=body),
        ):
            assert {field for field, _ in fields(problem(answer, 422, "invalid_input"))} == {named}
        for wrong in ({"keep_alias": "no"}, {"keep_alias": None}):
            problem(await kim.http.patch(f"/payees/{known['id']}", json=wrong), 422, "invalid_input")


async def test_control_characters_are_dropped_from_a_name(kim: Person) -> None:
    assert (await payee(kim, "Sh\x00op", aliases=["Al\x00ias"]))["aliases"] == ["Alias"]
    assert await names(kim, "/payees", q="sh\x00op") == ["Shop"]


async def test_returns_404_for_a_payee_that_is_not_there(kim: Person, robin: Person, unchanged: Unchanged) -> None:
    foreign, own = await payee(robin, "Shop"), await payee(kim, "Shop")
    async with unchanged(kim), unchanged(robin):
        for missing in (UNKNOWN, foreign["id"]):
            path = f"/payees/{missing}"
            for answer in (
                await kim.get(path),
                await kim.get(f"{path}/statistics"),
                await kim.http.put(path, json={"name": "A"}),
                await kim.http.patch(path, json={"name": "A"}),
                await kim.http.delete(path),
                await kim.http.post(f"{path}/merge", json={"payee_ids": [own["id"]]}),
                await kim.http.post(f"/payees/{own['id']}/merge", json={"payee_ids": [missing]}),
                await kim.http.delete(f"/payees/{own['id']}", params={"reassign_to": missing}),
            ):
                problem(answer, 404, "payee_not_found")


async def test_after_a_new_name_the_old_one_still_means_the_payee(kim: Person) -> None:
    account = await kim.account()
    spent = await kim.add(account_id=account["id"], payee="CRNR 0042")
    answer = await kim.http.patch(f"/payees/{spent['payee_id']}", json={"name": "Corner Café"})
    renamed = expect(answer, 200)
    assert (renamed["name"], renamed["aliases"]) == ("Corner Café", ["CRNR 0042"])
    assert renamed["revision"] > spent["revision"]
    assert renamed["updated_at"] > renamed["created_at"]
    assert answer.headers["etag"] == f'"{renamed["revision"]}"'
    again = await kim.add(account_id=account["id"], payee="crnr 0042")
    assert (again["payee"], again["payee_id"]) == ("Corner Café", spent["payee_id"])
    assert (await kim.read(f"/transactions/{spent['id']}"))["payee"] == "Corner Café"
    assert await names(kim, "/payees") == ["Corner Café"]


async def test_an_old_name_that_is_not_kept_is_a_new_payee_again(kim: Person) -> None:
    account = await kim.account()
    known = await payee(kim, "Shop")
    renamed = expect(await kim.http.patch(f"/payees/{known['id']}", json={"name": "Store", "keep_alias": False}), 200)
    assert renamed["aliases"] == []
    assert (await kim.add(account_id=account["id"], payee="Shop"))["payee_id"] != known["id"]


async def test_an_own_alias_as_the_new_name_swaps_the_two(kim: Person) -> None:
    known = await payee(kim, "CRNR 0042", aliases=["Corner Café", "Café"])
    path = f"/payees/{known['id']}"
    swapped = expect(await kim.http.patch(path, json={"name": "corner café"}), 200)
    assert (swapped["name"], swapped["aliases"]) == ("corner café", ["Café", "CRNR 0042"])
    back = expect(await kim.http.patch(path, json={"name": "CRNR 0042", "keep_alias": False}), 200)
    assert (back["name"], back["aliases"]) == ("CRNR 0042", ["Café"])


async def test_another_case_of_the_name_makes_no_alias(kim: Person) -> None:
    known = await payee(kim, "SHOP")
    renamed = expect(await kim.http.patch(f"/payees/{known['id']}", json={"name": "Shop"}), 200)
    assert (renamed["name"], renamed["aliases"]) == ("Shop", [])


async def test_put_replaces_all_and_patch_what_it_names(kim: Person) -> None:
    food = await kim.category()
    known = await payee(kim, "Shop", aliases=["One", "Two"], default_category_id=food["id"])
    path = f"/payees/{known['id']}"
    patched = expect(await kim.http.patch(path, json={"aliases": ["two", "Three"]}), 200)
    assert (patched["name"], patched["aliases"]) == ("Shop", ["Three", "two"])
    assert patched["default_category_id"] == food["id"]
    put = expect(await kim.http.put(path, json={"name": "Store", "aliases": ["Three"]}), 200)
    assert (put["name"], put["aliases"], put["default_category_id"]) == ("Store", ["Shop", "Three"], None)
    put = expect(await kim.http.put(path, json={"name": "Store", "keep_alias": False}), 200)
    assert put["aliases"] == []


async def test_a_payee_somebody_changed_meanwhile_is_not_overwritten(kim: Person, unchanged: Unchanged) -> None:
    known, other = await payee(kim, "Shop"), await payee(kim, "Other")
    path, stale = f"/payees/{known['id']}", {"If-Match": f'"{known["revision"]}"'}
    changed = expect(await kim.http.patch(path, json={"aliases": ["A"]}, headers=stale), 200)
    async with unchanged(kim):
        for answer in (
            await kim.http.patch(path, json={"name": "B"}, headers=stale),
            await kim.http.put(path, json={"name": "B"}, headers=stale),
            await kim.http.delete(path, headers=stale),
            await kim.http.post(f"{path}/merge", json={"payee_ids": [other["id"]]}, headers=stale),
        ):
            assert problem(answer, 412, "revision_mismatch")["revision"] == changed["revision"]
    expect(await kim.http.delete(path, headers={"If-Match": f'"{changed["revision"]}"'}), 204)


async def test_the_same_post_twice_happens_once(kim: Person) -> None:
    headers = {"Idempotency-Key": "once"}
    first = await kim.http.post("/payees", json={"name": "Shop"}, headers=headers)
    again = await kim.http.post("/payees", json={"name": "Shop"}, headers=headers)
    assert expect(first, 201) == expect(again, 201)
    assert again.headers["idempotency-replayed"] == "true"


async def test_the_list_finds_by_name_and_alias_and_pages(kim: Person) -> None:
    for number in range(5):
        await payee(kim, f"Shop {number}", aliases=[f"ÄLIAS {number}", f"100% {number}"])
    assert await names(kim, "/payees", q="älias 3") == ["Shop 3"]
    assert await names(kim, "/payees", q="SHOP 2") == ["Shop 2"]
    assert await names(kim, "/payees", q="0% 1") == ["Shop 1"]
    assert await names(kim, "/payees", q="0_") == []
    page = await kim.read("/payees", q="lias", limit=2, include_total=True)
    items = page["items"]
    while page["next_cursor"]:
        page = await kim.read("/payees", q="lias", limit=2, include_total=True, cursor=page["next_cursor"])
        items += page["items"]
        assert page["total"] == 5
    found = [(item["name"], item["aliases"]) for item in items]
    assert found == [(f"Shop {number}", [f"100% {number}", f"ÄLIAS {number}"]) for number in range(5)]
    assert await names(kim, "/payees", skip=3) == ["Shop 3", "Shop 4"]


async def test_one_in_use_is_deleted_only_after_its_transactions_went_elsewhere(
    kim: Person, unchanged: Unchanged
) -> None:
    account = await kim.account()
    spent = [await kim.add(account_id=account["id"], payee="Shop") for _ in range(2)]
    heir = await payee(kim, "Heir")
    path = f"/payees/{spent[0]['payee_id']}"
    expect(await kim.http.patch(path, json={"aliases": ["Alias"]}), 200)
    async with unchanged(kim):
        refused = problem(await kim.http.delete(path), 409, "payee_in_use")
        assert refused["transactions"] == 2
        assert "reassign_to" in refused["detail"]
        answer = await kim.http.delete(path, params={"reassign_to": spent[0]["payee_id"]})
        assert fields(problem(answer, 422, "invalid_input")) == {("query.reassign_to", "own_id")}
        problem(await kim.http.delete(path, params={"reassign_to": "x"}), 422, "invalid_input")
    expect(await kim.http.delete(path, params={"reassign_to": heir["id"]}), 204)
    problem(await kim.get(path), 404, "payee_not_found")
    for before in spent:
        read = await kim.read(f"/transactions/{before['id']}")
        assert (read["payee"], read["revision"] > before["revision"]) == ("Heir", True)
    assert (await kim.read(f"/payees/{heir['id']}"))["aliases"] == []
    assert (await kim.add(account_id=account["id"], payee="Alias"))["payee"] == "Alias"


async def test_every_change_is_logged_with_images_that_restore_it(kim: Person, owner_database: Database) -> None:
    food = await kim.category()
    start = await revision(kim)
    known = await payee(kim, "Shop", aliases=["Alias"], default_category_id=food["id"])
    path = f"/payees/{known['id']}"
    expect(await kim.http.patch(path, json={"name": "Alias"}), 200)
    expect(await kim.http.delete(path), 204)
    events = await logged(owner_database, kim, start)
    of = {"payee_id": known["id"]}
    image = {"name": "Shop", "default_category_id": food["id"]}
    assert events[-1].before.pop("created_at") == known["created_at"].replace("Z", "+00:00")
    assert [(event.entity, event.action, event.before, event.after) for event in events] == [
        ("payee", "created", None, image),
        ("payee_alias", "created", None, {**of, "alias": "Alias"}),
        ("payee_alias", "deleted", {**of, "alias": "Alias"}, None),
        ("payee", "updated", image, {**image, "name": "Alias"}),
        ("payee_alias", "created", None, {**of, "alias": "Shop"}),
        ("payee_alias", "deleted", {**of, "alias": "Shop"}, None),
        ("payee", "deleted", {**image, "name": "Alias"}, None),
    ]
    assert events[1].id == events[2].id
    assert events[4].id == events[5].id
    assert [event.position for event in events] == [0, 1, 0, 1, 2, 0, 1]


async def test_a_payee_that_a_transaction_makes_is_logged_whole(kim: Person, owner_database: Database) -> None:
    account = await kim.account()
    start = await revision(kim)
    await kim.add(account_id=account["id"], payee="Shop", tags=["t"])
    made = [event for event in await logged(owner_database, kim, start) if event.entity in {"payee", "tag"}]
    assert [(event.entity, event.after) for event in made] == [
        ("payee", {"name": "Shop", "default_category_id": None}),
        ("tag", {"name": "t"}),
    ]

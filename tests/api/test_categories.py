import pytest

from tests.conftest import Unchanged
from tests.people import Person, expect, fields, problem

UNKNOWN = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"


async def chain(kim: Person, length: int, name: str = "Level") -> list[dict[str, str]]:
    """Categories each below the one before."""
    made: list[dict[str, str]] = []
    for number in range(length):
        made.append(await kim.category(f"{name} {number}", parent_id=made[-1]["id"] if made else None))
    return made


async def test_creating_answers_the_category_with_location_and_etag(kim: Person) -> None:
    body = {"name": " Bakery ", "kind": "expense", "color": "#4A90d9", "icon": "bread", "sort": 2, "id": UNKNOWN}
    answer = await kim.http.post("/categories", json=body)
    category = expect(answer, 201)
    assert answer.headers["location"] == f"/api/v1/categories/{UNKNOWN}"
    assert answer.headers["etag"] == f'"{category["revision"]}"'
    assert {**body, "name": "Bakery", "parent_id": None, "archived_at": None}.items() <= category.items()
    read = await kim.get(f"/categories/{UNKNOWN}")
    assert (read.json(), read.headers["etag"]) == (category, answer.headers["etag"])


async def test_the_tree_nests_to_any_depth_and_the_list_is_flat(kim: Person) -> None:
    made = await chain(kim, 5)
    nodes = (await kim.read("/categories", tree=True))["items"]
    for category in made:
        (node,) = [node for node in nodes if node["id"] == category["id"]]
        nodes = node["children"]
    assert nodes == []
    flat = await kim.read("/categories")
    assert {category["id"] for category in made} <= {item["id"] for item in flat["items"]}
    assert flat["total"] == len(flat["items"])
    assert all(item["children"] is None for item in flat["items"])


async def test_an_unchanged_list_is_304(kim: Person) -> None:
    tag = {"If-None-Match": (await kim.get("/categories")).headers["etag"]}
    assert (await kim.http.get("/categories", headers=tag)).status_code == 304
    await kim.category()
    expect(await kim.http.get("/categories", headers=tag), 200)


async def test_siblings_have_different_names_whatever_their_case(kim: Person, unchanged: Unchanged) -> None:
    food = await kim.category("Näschen")
    async with unchanged(kim):
        body = {"name": "NÄSCHEN", "kind": "expense"}
        problem(await kim.http.post("/categories", json=body), 409, "category_name_taken")
    child = await kim.category("Näschen", parent_id=food["id"])
    await kim.category("Näschen", kind="income")
    async with unchanged(kim):
        answer = await kim.http.patch(f"/categories/{child['id']}", json={"parent_id": None})
        problem(answer, 409, "category_name_taken")
        body = {"name": "Other", "kind": "expense", "id": child["id"]}
        problem(await kim.http.post("/categories", json=body), 409, "id_taken")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"name": "\t"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"kind": "transfer"}, "kind"),
        ({"color": "red"}, "color"),
        ({"color": "#123456\n"}, "color"),
        ({"icon": ""}, "icon"),
        ({"icon": "\x00"}, "icon"),
        ({"icon": "x" * 51}, "icon"),
        ({"sort": 1.5}, "sort"),
        ({"parent_id": "root"}, "parent_id"),
        ({"colour": "#123456"}, "colour"),
    ],
)
async def test_returns_422_for_a_wrong_field(
    kim: Person, unchanged: Unchanged, body: dict[str, object], named: str
) -> None:
    async with unchanged(kim):
        answer = await kim.http.post("/categories", json={"name": "A", "kind": "expense", **body})
    assert {field for field, _ in fields(problem(answer, 422, "invalid_input"))} == {named}


async def test_the_parent_exists_and_is_of_the_same_kind(kim: Person, robin: Person, unchanged: Unchanged) -> None:
    income = await kim.category("Side job", kind="income")
    foreign = await robin.category()
    spent = await kim.category("Spent")
    async with unchanged(kim):
        for parent in (UNKNOWN, foreign["id"]):
            body = {"name": "A", "kind": "expense", "parent_id": parent}
            problem(await kim.http.post("/categories", json=body), 404, "parent_not_found")
            move = await kim.http.post(f"/categories/{spent['id']}/move", json={"parent_id": parent})
            problem(move, 404, "parent_not_found")
        body = {"name": "A", "kind": "expense", "parent_id": income["id"]}
        answer = problem(await kim.http.post("/categories", json=body), 422, "invalid_input")
        assert fields(answer) == {("parent_id", "category_kind_mismatch")}
        answer = problem(
            await kim.http.post(f"/categories/{spent['id']}/move", json={"parent_id": income["id"]}),
            422,
            "invalid_input",
        )
        assert fields(answer) == {("parent_id", "category_kind_mismatch")}


async def test_moving_takes_along_what_is_below(kim: Person) -> None:
    top, middle, bottom = await chain(kim, 3)
    other = await kim.category("Other")
    answer = await kim.http.post(f"/categories/{middle['id']}/move", json={"parent_id": other["id"]})
    moved = expect(answer, 200)
    assert (moved["parent_id"], answer.headers["etag"]) == (other["id"], f'"{moved["revision"]}"')
    assert (await kim.read(f"/categories/{bottom['id']}"))["parent_id"] == middle["id"]
    root = expect(await kim.http.post(f"/categories/{middle['id']}/move", json={"parent_id": None}), 200)
    assert root["parent_id"] is None
    assert (await kim.read(f"/categories/{top['id']}"))["parent_id"] is None


async def test_a_category_cannot_move_below_itself(kim: Person, unchanged: Unchanged) -> None:
    top, middle, bottom = await chain(kim, 3)
    async with unchanged(kim):
        for target in (top, middle, bottom):
            answer = await kim.http.patch(f"/categories/{top['id']}", json={"parent_id": target["id"]})
            assert fields(problem(answer, 422, "invalid_input")) == {("parent_id", "category_cycle")}


async def test_the_tree_has_32_levels_at_most(kim: Person, unchanged: Unchanged) -> None:
    levels = await chain(kim, 32)
    pair = await chain(kim, 2, "Pair")
    too_deep = {("parent_id", "tree_too_deep")}
    async with unchanged(kim):
        body = {"name": "One more", "kind": "expense", "parent_id": levels[-1]["id"]}
        assert fields(problem(await kim.http.post("/categories", json=body), 422, "invalid_input")) == too_deep
        answer = await kim.http.post(f"/categories/{pair[0]['id']}/move", json={"parent_id": levels[30]["id"]})
        assert fields(problem(answer, 422, "invalid_input")) == too_deep
        answer = await kim.http.delete(f"/categories/{pair[0]['id']}", params={"reassign_to": levels[31]["id"]})
        assert fields(problem(answer, 422, "invalid_input")) == {("query.reassign_to", "tree_too_deep")}
    expect(await kim.http.post(f"/categories/{pair[0]['id']}/move", json={"parent_id": levels[29]["id"]}), 200)


async def test_patch_changes_what_it_names(kim: Person) -> None:
    parent = await kim.category("Parent")
    category = await kim.category("Child", parent_id=parent["id"], color="#123456", icon="x", sort=4)
    changed = expect(await kim.http.patch(f"/categories/{category['id']}", json={"name": "New", "icon": None}), 200)
    assert changed["revision"] > category["revision"]
    own = {"name", "icon", "revision", "updated_at"}
    assert {k: v for k, v in changed.items() if k not in own} == {k: v for k, v in category.items() if k not in own}
    assert (changed["name"], changed["icon"]) == ("New", None)


async def test_put_sets_what_it_leaves_out_to_its_default(kim: Person, unchanged: Unchanged) -> None:
    parent = await kim.category("Parent")
    category = await kim.category("Child", parent_id=parent["id"], color="#123456", icon="x", sort=4)
    path = f"/categories/{category['id']}"
    expect(await kim.http.patch(path, json={"archived": True}), 200)
    changed = expect(await kim.http.put(path, json={"name": "New"}), 200)
    left = {"parent_id": None, "color": None, "icon": None, "sort": 0, "archived_at": None, "kind": "expense"}
    assert {**left, "name": "New"}.items() <= changed.items()
    async with unchanged(kim):
        answer = problem(await kim.http.put(path, json={"name": "New", "kind": "income"}), 422, "invalid_input")
        assert fields(answer) == {("kind", "extra_forbidden")}


@pytest.mark.parametrize("field", ["name", "sort", "archived"])
async def test_patch_refuses_null_where_there_must_be_a_value(kim: Person, field: str) -> None:
    category = await kim.category()
    answer = await kim.http.patch(f"/categories/{category['id']}", json={field: None})
    assert {name for name, _ in fields(problem(answer, 422, "invalid_input"))} == {field}


async def test_an_archived_category_takes_nothing_new_and_can_be_restored(kim: Person, unchanged: Unchanged) -> None:
    account, category = await kim.account(), await kim.category()
    path = f"/categories/{category['id']}"
    assert expect(await kim.http.patch(path, json={"archived": True}), 200)["archived_at"] is not None
    async with unchanged(kim):
        answer = await kim.try_add(account_id=account["id"], category_id=category["id"])
        assert fields(problem(answer, 409, "archived")) == {("category_id", "category_archived")}
    assert expect(await kim.http.patch(path, json={"archived": False}), 200)["archived_at"] is None
    await kim.add(account_id=account["id"], category_id=category["id"])


async def test_if_match_guards_every_change(kim: Person, unchanged: Unchanged) -> None:
    category = await kim.category()
    path, stale = f"/categories/{category['id']}", {"If-Match": '"1"'}
    async with unchanged(kim):
        for answer in (
            await kim.http.patch(path, json={"name": "B"}, headers=stale),
            await kim.http.put(path, json={"name": "B"}, headers=stale),
            await kim.http.post(f"{path}/move", json={"parent_id": None}, headers=stale),
            await kim.http.delete(path, headers=stale),
        ):
            assert problem(answer, 412, "revision_mismatch")["revision"] == category["revision"]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_returns_404_for_a_category_that_is_not_there(kim: Person, method: str) -> None:
    body = {"name": "A"} if method in {"PUT", "PATCH"} else None
    problem(await kim.http.request(method, f"/categories/{UNKNOWN}", json=body), 404, "category_not_found")


async def test_deleting_one_that_nothing_uses(kim: Person) -> None:
    category = await kim.category()
    expect(await kim.http.delete(f"/categories/{category['id']}"), 204)
    problem(await kim.get(f"/categories/{category['id']}"), 404, "category_not_found")


async def test_returns_409_with_the_counts_when_it_is_in_use(kim: Person, unchanged: Unchanged) -> None:
    account, category = await kim.account(), await kim.category()
    for name in ("a", "b"):
        await kim.category(name, parent_id=category["id"])
    part = {"amount": "5", "category_id": category["id"]}
    await kim.add(account_id=account["id"], splits=[part, part])
    async with unchanged(kim):
        answer = problem(await kim.http.delete(f"/categories/{category['id']}"), 409, "category_in_use")
    assert (answer["transactions"], answer["children"]) == (1, 2)


async def test_reassigning_hands_over_transactions_and_children(kim: Person) -> None:
    account, old, heir = await kim.account(), await kim.category("Old"), await kim.category("Heir")
    child = await kim.category("Child", parent_id=old["id"])
    single = await kim.add(account_id=account["id"], category_id=old["id"], date="2025-12-31")
    await kim.add(account_id=account["id"], category_id=heir["id"], date="2025-12-30")
    parts = [{"amount": "4", "category_id": old["id"]}, {"amount": "6", "category_id": heir["id"]}]
    split = await kim.add(account_id=account["id"], splits=parts)
    expect(await kim.http.delete(f"/categories/{old['id']}", params={"reassign_to": heir["id"]}), 204)
    read = await kim.read(f"/transactions/{single['id']}")
    assert (read["category_id"], read["revision"] > single["revision"]) == (heir["id"], True)
    assert [part["category_id"] for part in (await kim.read(f"/transactions/{split['id']}"))["splits"]] == [
        heir["id"]
    ] * 2
    assert (await kim.read(f"/categories/{child['id']}"))["parent_id"] == heir["id"]
    listed = await kim.read("/transactions", category_id=heir["id"], include_total=True)
    assert listed["total"] == 3


async def test_returns_422_or_404_for_an_heir_that_cannot_be(kim: Person, robin: Person, unchanged: Unchanged) -> None:
    old, income, foreign = await kim.category("Old"), await kim.category("In", kind="income"), await robin.category()
    child = await kim.category("Child", parent_id=old["id"])
    path = f"/categories/{old['id']}"
    async with unchanged(kim), unchanged(robin):
        for heir, code in (
            (income["id"], "category_kind_mismatch"),
            (old["id"], "own_subtree"),
            (child["id"], "own_subtree"),
        ):
            answer = problem(await kim.http.delete(path, params={"reassign_to": heir}), 422, "invalid_input")
            assert fields(answer) == {("query.reassign_to", code)}
        for heir in (UNKNOWN, foreign["id"]):
            problem(await kim.http.delete(path, params={"reassign_to": heir}), 404, "category_not_found")


async def test_returns_409_when_a_child_has_the_name_of_one_of_the_heirs(kim: Person, unchanged: Unchanged) -> None:
    old, heir = await kim.category("Old"), await kim.category("Heir")
    for parent in (old, heir):
        await kim.category("Same", parent_id=parent["id"])
    async with unchanged(kim):
        answer = await kim.http.delete(f"/categories/{old['id']}", params={"reassign_to": heir["id"]})
        problem(answer, 409, "category_name_taken")


async def test_returns_409_when_the_heir_is_archived(kim: Person) -> None:
    old, heir = await kim.category("Old"), await kim.category("Attic")
    expect(await kim.http.patch(f"/categories/{heir['id']}", json={"archived": True}), 200)
    answer = await kim.http.delete(f"/categories/{old['id']}", params={"reassign_to": heir["id"]})
    assert fields(problem(answer, 409, "archived")) == {("query.reassign_to", "category_archived")}

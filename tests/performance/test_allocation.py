"""How the whole is spread, its targets, and what would bring it there."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.conftest import Unchanged
from tests.households.sharing import join
from tests.people import Person, expect, fields, problem
from tests.performance.world import World

Document = dict[str, Any]
D = Decimal


async def spread(world: World) -> Document:
    """7,500 in a fund for shares, 2,500 in bonds, on two accounts; a third fund is wanted and not held."""
    depot, other = await world.account(), await world.account("Other")
    shares = await world.asset("SHARES", type="etf", sector="World", target_percent=D(60))
    bonds = await world.asset("BONDS", type="bond", target_percent=D(30))
    gold = await world.asset("GOLD", type="metal", target_percent=D(10))
    world.buy("2026-01-05", depot, shares, "50", "5000.00")
    world.buy("2026-01-05", other, shares, "25", "2500.00")
    world.buy("2026-01-05", depot, bonds, "25", "2500.00")
    await world.settle()
    await world.price(shares, {"2026-01-05": "100"})
    await world.price(bonds, {"2026-01-05": "100"})
    await world.price(gold, {"2026-01-05": "64"})
    return {"depot": depot, "other": other, "shares": shares, "bonds": bonds, "gold": gold}


async def test_shares_and_moves_of_assets(kim: Person, world: World) -> None:
    ids = await spread(world)
    found = await kim.read("/portfolio/allocation", by="asset", at="2026-01-31")
    assert (found["total_value"], found["cash"]) == ("10000.00", None)
    assert found["items"] == [
        {
            "key": str(ids["shares"]),
            "name": "SHARES",
            "value": "7500.00",
            "share_percent": "75.00",
            "target_percent": "60",
            "drift_percent": "15.00",
        },
        {
            "key": str(ids["bonds"]),
            "name": "BONDS",
            "value": "2500.00",
            "share_percent": "25.00",
            "target_percent": "30",
            "drift_percent": "-5.00",
        },
        {
            "key": str(ids["gold"]),
            "name": "GOLD",
            "value": "0.00",
            "share_percent": "0.00",
            "target_percent": "10",
            "drift_percent": "-10.00",
        },
    ]
    assert [(each["name"], each["side"], each["amount"], each["quantity"]) for each in found["moves"]] == [
        ("SHARES", "sell", "1500.00", "15.00000000"),
        ("BONDS", "buy", "500.00", "5.00000000"),
        ("GOLD", "buy", "1000.00", "15.62500000"),
    ]
    bought = await kim.read("/portfolio/allocation", by="asset", at="2026-01-31", cash="1000.01")
    assert [(each["name"], each["side"], each["amount"]) for each in bought["moves"]] == [
        ("BONDS", "buy", "125.01"),
        ("GOLD", "buy", "875.00"),
    ]
    for by, keys in (("type", ["etf", "bond"]), ("currency", ["EUR"]), ("sector", ["World", None])):
        part = await kim.read("/portfolio/allocation", by=by, at="2026-01-31")
        assert [each["key"] for each in part["items"]] == keys
        assert part["moves"] == []


async def test_what_is_to_be_sold_is_counted_in_units_after_a_split(kim: Person, world: World) -> None:
    depot = await world.account()
    shares = await world.asset("SHARES", type="etf", target_percent=D(50))
    bonds = await world.asset("BONDS", type="bond", target_percent=D(50))
    world.buy("2026-01-05", depot, shares, "10", "4000.00")
    world.trade("split", "2026-01-10", depot, shares, ratio="4")
    await world.settle()
    await world.price(shares, {"2026-01-05": "400"})
    await world.price(bonds, {"2026-01-05": "100"})
    found = await kim.read("/portfolio/allocation", by="asset", at="2026-01-31")
    sold = next(each for each in found["moves"] if each["side"] == "sell")
    assert (sold["amount"], Decimal(sold["quantity"])) == ("2000.00", D(20))


async def test_targets_are_kept_and_undone(kim: Person, world: World) -> None:
    ids = await spread(world)
    answer = await kim.http.put("/portfolio/targets", json={"by": "type", "targets": target(etf="60", bond="40")})
    made = expect(answer, 200)["items"]
    assert [(each["by"], each["key"], each["target_percent"]) for each in made] == [
        ("type", "bond", "40"),
        ("type", "etf", "60"),
    ]
    found = await kim.read("/portfolio/allocation", by="type", at="2026-01-31")
    assert [(each["name"], each["side"], each["amount"], each["quantity"]) for each in found["moves"]] == [
        ("etf", "sell", "1500.00", None),
        ("bond", "buy", "1500.00", None),
    ]
    accounts = {str(ids["depot"]).upper(): "50", str(ids["other"]): "50"}
    body = {"by": "account", "targets": target(**accounts)}
    both = expect(await kim.http.put("/portfolio/targets", json=body), 200)
    assert {each["name"] for each in both["items"] if each["by"] == "account"} == {"Depot", "Other"}
    listed = await kim.get("/portfolio/targets")
    assert listed.json() == both
    tag = {"If-None-Match": listed.headers["etag"]}
    assert (await kim.http.get("/portfolio/targets", headers=tag)).status_code == 304
    part = await kim.read("/portfolio/allocation", by="account", at="2026-01-31")
    assert [(each["name"], each["amount"]) for each in part["moves"]] == [("Depot", "2500.00"), ("Other", "2500.00")]
    # One changes, one goes, one comes; an undo takes all three back.
    again = {"by": "type", "targets": target(etf="70", metal="30")}
    revision = (await kim.read(f"/books/{kim.book_id}"))["revision"] + 1
    expect(await kim.http.put("/portfolio/targets", json=again), 200)
    kinds = [each["action"] for each in (await kim.read(f"/books/{kim.book_id}/activity", limit=3))["items"]]
    assert sorted(kinds) == ["created", "deleted", "updated"]
    expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": revision}), 200)
    undone = {(each["key"], each["target_percent"]) for each in (await kim.read("/portfolio/targets"))["items"]}
    assert undone == {(each["key"], each["target_percent"]) for each in both["items"]}
    # The same again changes nothing, and an empty list takes them away.
    same = {"by": "type", "targets": target(etf="60", bond="40")}
    expect(await kim.http.put("/portfolio/targets", json=same), 200)
    rest = expect(await kim.http.put("/portfolio/targets", json={"by": "type", "targets": []}), 200)
    assert {each["by"] for each in rest["items"]} == {"account"}


def target(**percents: str) -> list[Document]:
    return [{"key": key, "target_percent": percent} for key, percent in percents.items()]


UNKNOWN = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"by": "asset", "targets": []}, "by"),
        ({"by": "type", "targets": target(boat="5")}, "targets.0.key"),
        ({"by": "currency", "targets": target(QQQ="5")}, "targets.0.key"),
        ({"by": "account", "targets": target(mine="5")}, "targets.0.key"),
        ({"by": "type", "targets": target(etf="60", bond="41")}, "targets"),
        ({"by": "type", "targets": target(etf="0")}, "targets.0.target_percent"),
        ({"by": "type", "targets": target(etf="-1")}, "targets.0.target_percent"),
        ({"by": "type", "targets": target(etf="100.5")}, "targets.0.target_percent"),
        ({"by": "type", "targets": [*target(etf="1"), *target(etf="2")]}, "targets"),
        ({"by": "sector", "targets": target(**{"\x00": "5"})}, "targets.0.key"),
        ({"by": "sector", "targets": target(**{str(n): "0.1" for n in range(201)})}, "targets"),
        ({"by": "type"}, "targets"),
    ],
)
async def test_targets_that_cannot_be(kim: Person, unchanged: Unchanged, body: Document, place: str) -> None:
    async with unchanged(kim):
        answer = await kim.http.put("/portfolio/targets", json=body)
        assert answer.status_code == 422
        assert place in {name for name, _ in fields(answer.json())}, answer.text
        other = {"by": "account", "targets": target(**{UNKNOWN: "5"})}
        problem(await kim.http.put("/portfolio/targets", json=other), 404, "account_not_found")


async def test_the_target_of_an_account_goes_to_its_heir(kim: Person) -> None:
    going, heir, third = [await kim.account(name, type="investment") for name in ("Going", "Heir", "Third")]
    body = {"by": "account", "targets": target(**{going["id"]: "40", heir["id"]: "30"})}
    expect(await kim.http.put("/portfolio/targets", json=body), 200)
    refused = problem(await kim.http.delete(f"/accounts/{going['id']}"), 409, "account_in_use")
    assert refused["used_by"][0]["entity"] == "allocation_target"
    expect(await kim.http.delete(f"/accounts/{going['id']}?reassign_to={third['id']}"), 204)
    assert {each["key"] for each in (await kim.read("/portfolio/targets"))["items"]} == {third["id"], heir["id"]}
    expect(await kim.http.delete(f"/accounts/{third['id']}?reassign_to={heir['id']}"), 204)
    [left] = (await kim.read("/portfolio/targets"))["items"]
    assert (left["key"], left["target_percent"]) == (heir["id"], "70")
    revision = (await kim.read(f"/books/{kim.book_id}"))["revision"]
    expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": revision}), 200)
    assert {each["key"] for each in (await kim.read("/portfolio/targets"))["items"]} == {third["id"], heir["id"]}


async def test_a_target_of_a_private_account_is_hidden(kim: Person, robin: Person) -> None:
    await join(kim, robin)
    robin.http.headers["X-Book-Id"] = kim.book_id
    hidden = await kim.account("Hidden", type="investment", visibility="private")
    shared = await kim.account("Shared", type="investment")
    body = {"by": "account", "targets": target(**{hidden["id"]: "50", shared["id"]: "50"})}
    expect(await kim.http.put("/portfolio/targets", json=body), 200)
    assert [each["name"] for each in (await robin.read("/portfolio/targets"))["items"]] == ["Shared"]
    assert hidden["id"] not in (await robin.get(f"/books/{kim.book_id}/activity")).text
    kept = {each["key"]: each["id"] for each in (await kim.read("/portfolio/targets"))["items"]}
    problem(await robin.get(f"/portfolio/targets/{kept[hidden['id']]}/history"), 404, "entity_not_found")
    feed = [
        e for e in (await robin.read(f"/books/{kim.book_id}/changes"))["items"] if e["entity"] == "allocation_target"
    ]
    assert [each["id"] for each in feed] == [kept[shared["id"]]]
    problem(await robin.http.put("/portfolio/targets", json=body), 404, "account_not_found")
    mine = {"by": "account", "targets": target(**{shared["id"]: "20"})}
    expect(await robin.http.put("/portfolio/targets", json=mine), 200)
    assert {each["target_percent"] for each in (await kim.read("/portfolio/targets"))["items"]} == {"50", "20"}
    robin.http.headers.pop("X-Book-Id")


async def test_targets_are_in_the_feed_and_have_a_history(kim: Person) -> None:
    async def feed(since: int) -> list[tuple[str, bool, Document | None]]:
        items = (await kim.read(f"/books/{kim.book_id}/changes", since=since))["items"]
        return [(each["id"], each["deleted"], each["state"]) for each in items]

    start = (await kim.read(f"/books/{kim.book_id}"))["revision"]
    [made] = expect(await kim.http.put("/portfolio/targets", json={"by": "type", "targets": target(etf="60")}), 200)[
        "items"
    ]
    state = {name: value for name, value in made.items() if name != "name"}
    assert await feed(start) == [(made["id"], False, state)]
    path = f"/portfolio/targets/{made['id']}/history"
    for targets in (target(etf="70"), []):
        expect(await kim.http.put("/portfolio/targets", json={"by": "type", "targets": targets}), 200)
    assert await feed(made["revision"]) == [(made["id"], True, None)]
    events = (await kim.read(path))["items"]
    assert [each["action"] for each in events] == ["deleted", "updated", "created"]
    assert [events[1][side]["target_percent"] for side in ("before", "after")] == ["60", "70"]
    problem(await kim.get(f"/portfolio/targets/{UNKNOWN}/history"), 404, "entity_not_found")


async def test_two_who_set_targets_at_once(kim: Person) -> None:
    bodies = [{"by": "type", "targets": target(etf=str(percent))} for percent in (40, 50, 60)]
    answers = await asyncio.gather(*(kim.http.put("/portfolio/targets", json=body) for body in bodies))
    assert {answer.status_code for answer in answers} == {200}
    assert len((await kim.read("/portfolio/targets"))["items"]) == 1

"""What goes, and what planning names in its place."""

from typing import Any

from tests.budgets.helpers import budget, undo
from tests.conftest import Unchanged
from tests.goals.test_goals import card, goal, savings
from tests.households.sharing import join
from tests.people import Person, expect, problem
from tests.rules.making import category as set_category
from tests.rules.making import payee as set_payee
from tests.rules.making import rule, says, tags
from tests.schedules.clock import schedule

Document = dict[str, Any]

LOAN = {"annual_rate": "6", "payment": "50.00", "first_payment_date": "2026-02-01"}


def same(found: Document) -> Document:
    """Without what an undo changes: the scheduler looks again at what came back."""
    return {name: value for name, value in found.items() if name not in {"revision", "updated_at", "next_on"}}


async def read(person: Person, *paths: str) -> list[Document]:
    return [same(await person.read(path)) for path in paths]


def named_by(answer: Document) -> set[tuple[str, str]]:
    return {(use["entity"], use["name"]) for use in answer["used_by"]}


async def test_a_category_goes_over_to_its_heir(kim: Person, unchanged: Unchanged) -> None:
    account, food, meals = await kim.account(), await kim.category("Food"), await kim.category("Meals")
    old, new = food["id"], meals["id"]
    counted = await budget(kim, "Eating", category_ids=[old, new])
    plain = await schedule(kim, account, name="Box", template={"category_id": old})
    parts = [{"amount": "500", "category_id": old}, {"amount": "350", "category_id": new}]
    split = await schedule(kim, account, name="Two", template={"splits": parts})
    fee = await schedule(
        kim,
        account,
        name="Sent",
        template={
            "type": "transfer",
            "to_account_id": (await kim.account("Other"))["id"],
            "payee": None,
            "fee_amount": "1.00",
            "fee_category_id": old,
        },
    )
    shares = [{"percent": "40", "category_id": old}, {"percent": "60"}]
    ruled = await rule(kim, set_category(food), {"type": "split", "shares": shares}, name="Cafés")
    async with unchanged(kim):
        refused = problem(await kim.http.delete(f"/categories/{old}"), 409, "category_in_use")
    wanted = {("budget", "Eating"), ("schedule", "Box"), ("schedule", "Two"), ("schedule", "Sent"), ("rule", "Cafés")}
    assert named_by(refused) == wanted
    assert "the budget 'Eating'" in refused["detail"]
    paths = [f"/budgets/{counted['id']}", f"/rules/{ruled['id']}"]
    paths += [f"/schedules/{made['id']}" for made in (plain, split, fee)]
    before = await read(kim, *paths)
    expect(await kim.http.delete(f"/categories/{old}", params={"reassign_to": new}), 204)
    after = await read(kim, *paths)
    assert old not in str(after)
    assert after[0]["category_ids"] == [new]
    assert [action.get("category_id") for action in after[1]["actions"]] == [new, None]
    assert after[1]["actions"][1]["shares"][0]["category_id"] == new
    assert (after[2]["category_id"], after[2]["template"]["category_id"]) == (new, new)
    assert [part["category_id"] for part in after[3]["template"]["splits"]] == [new, new]
    assert after[4]["template"]["fee_category_id"] == new
    await kim.check_integrity()
    await undo(kim)
    assert await read(kim, *paths) == before
    await undo(kim)  # forth again
    assert await read(kim, *paths) == after


async def test_an_account_goes_over_to_its_heir(kim: Person, unchanged: Unchanged) -> None:
    account, heir, other = await savings(kim), await savings(kim, name="Heir"), await kim.account("Other")
    old, new = account["id"], heir["id"]
    counted = await budget(kim, "Mine", account_ids=[old])
    paid = await schedule(kim, account)
    moved = await schedule(kim, other, name="Save", template={"type": "transfer", "to_account_id": old, "payee": None})
    condition = {"and": [says("account", "one_of", [old, new]), {"not": says("account", "equals", old)}]}
    ruled = await rule(kim, {"type": "make_transfer", "account_id": old}, when=condition)
    one, two = await goal(kim, account), await goal(kim, {"account_id": old, "earmark": "5"}, name="Both")
    sources = [{"account_id": old, "earmark": "5"}, {"account_id": new, "earmark": "7"}]
    expect(await kim.http.patch(f"/goals/{two['id']}", json={"sources": sources}), 200)
    async with unchanged(kim):
        refused = problem(await kim.http.delete(f"/accounts/{old}"), 409, "account_in_use")
    assert {entity for entity, _ in named_by(refused)} == {"budget", "schedule", "rule", "goal"}
    paths = [f"/budgets/{counted['id']}", f"/schedules/{paid['id']}", f"/schedules/{moved['id']}"]
    paths += [f"/rules/{ruled['id']}", f"/goals/{one['id']}", f"/goals/{two['id']}"]
    before = await read(kim, *paths)
    expect(await kim.http.delete(f"/accounts/{old}", params={"reassign_to": new}), 204)
    after = await read(kim, *paths)
    assert old not in str(after)
    assert (after[1]["account_id"], after[2]["to_account_id"]) == (new, new)
    assert after[3]["condition"]["and"][0]["value"] == [new]
    assert [source["earmark"] for source in after[5]["sources"]] == ["12"]
    await kim.check_integrity()
    await undo(kim)
    assert await read(kim, *paths) == before


async def test_a_debt_and_its_terms_go_over_to_a_debt_alone(kim: Person, unchanged: Unchanged) -> None:
    old, heir, cash = await card(kim), await card(kim), await savings(kim)
    loan = expect(await kim.http.post("/loans", json={**LOAN, "account_id": old["id"]}), 201)
    debt = await goal(kim, old, kind="pay_down", target_amount="0")
    path = f"/accounts/{old['id']}"
    async with unchanged(kim):
        refused = problem(await kim.http.delete(path), 409, "account_in_use")
        assert named_by(refused) == {("goal", "Roof"), ("loan", "Card")}
        problem(await kim.http.delete(path, params={"reassign_to": cash["id"]}), 409, "heir_does_not_fit")
    second = expect(await kim.http.post("/loans", json={**LOAN, "account_id": heir["id"]}), 201)
    async with unchanged(kim):
        problem(await kim.http.delete(path, params={"reassign_to": heir["id"]}), 409, "heir_does_not_fit")
    expect(await kim.http.delete(f"/loans/{second['id']}"), 204)
    before = await read(kim, f"/loans/{loan['id']}", f"/goals/{debt['id']}")
    expect(await kim.http.delete(path, params={"reassign_to": heir["id"]}), 204)
    assert (await kim.read(f"/loans/{loan['id']}"))["account_id"] == heir["id"]
    assert (await kim.read(f"/goals/{debt['id']}"))["sources"][0]["account_id"] == heir["id"]
    await undo(kim)
    assert await read(kim, f"/loans/{loan['id']}", f"/goals/{debt['id']}") == before


async def test_what_would_be_nonsense_with_the_heir_is_refused(kim: Person, unchanged: Unchanged) -> None:
    account, other = await savings(kim), await savings(kim, name="Other")
    template = {"type": "transfer", "to_account_id": other["id"], "payee": None}
    made = await schedule(kim, account, name="Aside", template=template)
    path, params = f"/accounts/{account['id']}", {"reassign_to": other["id"]}
    async with unchanged(kim):
        refused = problem(await kim.http.delete(path, params=params), 409, "heir_does_not_fit")
    assert "'Aside'" in refused["detail"]
    expect(await kim.http.delete(f"/schedules/{made['id']}"), 204)
    await goal(kim, {"account_id": account["id"], "share": "50"}, {"account_id": other["id"], "share": "20"})
    async with unchanged(kim):
        refused = problem(await kim.http.delete(path, params=params), 409, "heir_does_not_fit")
    assert "'Roof'" in refused["detail"]


async def test_merged_tags_are_named_by_the_one_that_stays(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    await kim.add(account_id=account["id"], tags=["Sun", "beach"])
    sun, beach = sorted((await kim.read("/tags"))["items"], key=lambda tag: str(tag["name"]))
    assert (sun["name"], beach["name"]) == ("Sun", "beach")
    counted = await budget(kim, tag_ids=[sun["id"]])
    made = await schedule(kim, account, template={"tags": ["sun", "Beach", "sea"]})
    ruled = await rule(kim, tags("sun", "sea"), when={"or": [says("tag", "equals", "SUN")]})
    paths = [f"/budgets/{counted['id']}", f"/schedules/{made['id']}", f"/rules/{ruled['id']}"]
    before = await read(kim, *paths)
    async with unchanged(kim):
        refused = problem(await kim.http.delete(f"/tags/{sun['id']}", params={"force": True}), 409, "tag_in_use")
        assert named_by(refused) == {("budget", "Budget")}
    merge = await kim.http.post(f"/tags/{beach['id']}/merge", json={"tag_ids": [sun["id"]]})
    expect(merge, 200)
    after = await read(kim, *paths)
    assert after[0]["tag_ids"] == [beach["id"]]
    assert after[1]["template"]["tags"] == ["beach", "sea"]
    assert after[2]["actions"][0]["tags"] == ["beach", "sea"]
    assert after[2]["condition"]["or"][0]["value"] == "beach"
    await undo(kim)
    assert await read(kim, *paths) == before


async def test_payees_are_named_by_the_one_that_stays(kim: Person) -> None:
    account = await kim.account()
    for name in ("Landlord", "Housing Ltd", "Third"):
        await kim.add(account_id=account["id"], payee=name)
    ids = {payee["name"]: payee["id"] for payee in (await kim.read("/payees"))["items"]}
    made = await schedule(kim, account)
    ruled = await rule(kim, set_payee("landlord"), when=says("payee", "equals", "Landlord"))
    paths = [f"/schedules/{made['id']}", f"/rules/{ruled['id']}"]
    before = await read(kim, *paths)
    body = {"payee_ids": [ids["Landlord"]]}
    expect(await kim.http.post(f"/payees/{ids['Housing Ltd']}/merge", json=body), 200)
    after = await read(kim, *paths)
    assert (after[0]["payee"], after[0]["template"]["payee"]) == ("Housing Ltd", "Housing Ltd")
    assert after[1]["actions"][0]["payee"] == "Housing Ltd"
    assert (after[1]["condition"]["op"], after[1]["condition"]["value"]) == ("one_of", ["Landlord", "Housing Ltd"])
    expect(await kim.http.delete(f"/payees/{ids['Housing Ltd']}", params={"reassign_to": ids["Third"]}), 204)
    assert (await kim.read(paths[0]))["payee"] == "Third"
    assert (await kim.read(paths[1]))["condition"]["value"] == ["Landlord", "Housing Ltd", "Third"]
    await undo(kim)
    await undo(kim, (await kim.read(f"/books/{kim.book_id}"))["revision"] - 2)
    assert await read(kim, *paths) == before


async def test_what_a_member_does_not_see_goes_over_too(kim: Person, robin: Person) -> None:
    await join(kim, robin)
    robin.http.headers["X-Book-Id"] = kim.book_id
    secret = await kim.account("Secret", visibility="private")
    food, meals = await kim.category("Food"), await kim.category("Meals")
    hidden = await schedule(kim, secret, name="Hidden", template={"category_id": food["id"]})
    counted = await budget(kim, "Hush", account_ids=[secret["id"]], category_ids=[food["id"]])
    ruled = await rule(kim, set_category(food), when=says("account", "equals", secret["id"]), name="Quiet")
    path = f"/categories/{food['id']}"
    refused = problem(await robin.http.delete(path), 409, "category_in_use")
    assert refused["used_by"] == []
    assert "something that you do not see" in refused["detail"]
    expect(await robin.http.delete(path, params={"reassign_to": meals["id"]}), 204)
    assert (await kim.read(f"/schedules/{hidden['id']}"))["category_id"] == meals["id"]
    assert (await kim.read(f"/budgets/{counted['id']}"))["category_ids"] == [meals["id"]]
    assert (await kim.read(f"/rules/{ruled['id']}"))["actions"][0]["category_id"] == meals["id"]
    told = (await robin.read(f"/books/{kim.book_id}/activity", limit=10))["items"]
    assert {event["entity_id"] for event in told}.isdisjoint({hidden["id"], counted["id"], ruled["id"]})
    problem(
        await robin.http.post(f"/books/{kim.book_id}/undo", json={"revision": told[0]["revision"]}),
        409,
        "private_other_side",
    )

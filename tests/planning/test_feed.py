"""The change feed and the history tell of planning as of all else."""

from typing import Any

from tests.budgets.helpers import assign, budget, undo
from tests.goals.test_goals import card, goal
from tests.history.following import changes, revision
from tests.households.sharing import join
from tests.people import Person, expect
from tests.rules.making import category as set_category
from tests.rules.making import rule, says
from tests.schedules.clock import schedule

Document = dict[str, Any]
KINDS = {"budget", "budget_group", "goal", "loan", "rule", "schedule"}
LOAN = {"annual_rate": "6", "payment": "50.00", "first_payment_date": "2026-02-01"}


async def told(person: Person, since: int) -> dict[str, Document]:
    items, _ = await changes(person, since)
    return {item["entity"]: item for item in items if item["entity"] in KINDS}


async def test_the_feed_tells_of_all_that_is_planned(kim: Person) -> None:
    account, food, owing = await kim.account(), await kim.category(), await card(kim)
    group = expect(await kim.http.post("/budget-groups", json={"name": "Home"}), 201)
    envelope = await budget(kim, kind="envelope", group_id=group["id"], category_ids=[food["id"]])
    ruled, paid, saved = await rule(kim, set_category(food)), await schedule(kim, account), await goal(kim, account)
    loan = expect(await kim.http.post("/loans", json={**LOAN, "account_id": owing["id"]}), 201)
    found = await told(kim, 0)
    made = {"budget": envelope, "budget_group": group, "rule": ruled, "schedule": paid, "goal": saved, "loan": loan}
    for entity, document in made.items():
        assert found[entity]["id"] == document["id"]
        state = found[entity]["state"]
        shared = state.keys() & document.keys() - {"sources", "revision", "updated_at"}
        assert {name: state[name] for name in shared} == {name: document[name] for name in shared}, entity
    since = await revision(kim)
    put = await assign(kim, envelope, "30", "2026-02-03")
    found = await told(kim, since)
    assert found.keys() == {"budget"}
    state = found["budget"]["state"]
    assert [(a["id"], a["amount"]) for a in state["assignments"]] == [(put["id"], "30.00")]
    assert [(a["from"], a["amount"]) for a in state["amounts"]] == [("2026-01-01", "100.00")]
    since = await revision(kim)
    await undo(kim)
    assert (await told(kim, since))["budget"]["state"]["assignments"] == []
    since = await revision(kim)
    other = await rule(kim, set_category(food), name="Second")
    expect(await kim.http.delete(f"/rules/{ruled['id']}"), 204)
    third = await rule(kim, set_category(food), name="Third")
    items, _ = await changes(kim, since)
    places = {item["id"]: item["state"]["position"] for item in items if item["state"] and item["entity"] == "rule"}
    assert places[other["id"]] < places[third["id"]]
    assert [item["id"] for item in items if item["deleted"]] == [ruled["id"]]
    since = await revision(kim)
    for path in (f"/budgets/{envelope['id']}", f"/budget-groups/{group['id']}"):
        expect(await kim.http.delete(path), 204)
    items, _ = await changes(kim, since)
    assert {(item["entity"], item["deleted"]) for item in items} == {("budget", True), ("budget_group", True)}


async def test_the_history_of_a_budget_and_a_rule(kim: Person) -> None:
    food = await kim.category()
    group = expect(await kim.http.post("/budget-groups", json={"name": "Home"}), 201)
    envelope, other = await budget(kim, kind="envelope"), await budget(kim, kind="envelope", name="Other")
    await assign(kim, envelope, "30", "2026-02-03")
    body = {"from": envelope["id"], "to": other["id"], "amount": "5", "date": "2026-02-04"}
    expect(await kim.http.post("/budgets/move", json=body), 201)
    events: list[Document] = (await kim.read(f"/budgets/{envelope['id']}/changes"))["items"]
    amounts = [e["after"]["amount"] for e in events if e["entity"] == "budget_assignment"]
    assert amounts == ["-5.00", "30.00"]
    assert [e["entity"] for e in events if e["action"] == "created"].count("budget_amount") == 1
    page = await kim.read(f"/budgets/{envelope['id']}/changes", limit=2)
    rest = await kim.read(f"/budgets/{envelope['id']}/changes", cursor=page["next_cursor"])
    assert page["items"] + rest["items"] == events
    ruled = await rule(kim, set_category(food))
    expect(await kim.http.patch(f"/rules/{ruled['id']}", json={"name": "New"}), 200)
    assert [e["action"] for e in (await kim.read(f"/rules/{ruled['id']}/changes"))["items"]] == ["updated", "created"]
    items = (await kim.read(f"/budget-groups/{group['id']}/history"))["items"]
    assert [event["after"]["name"] for event in items] == ["Home"]


async def test_the_feed_hides_what_is_planned_about_private_accounts(kim: Person, robin: Person) -> None:
    await join(kim, robin)
    robin.http.headers["X-Book-Id"] = kim.book_id
    secret, food = await kim.account("Secret", visibility="private"), await kim.category()
    made = await budget(kim, account_ids=[secret["id"]])
    ruled = await rule(kim, set_category(food), when=says("account", "equals", secret["id"]))
    assert {"budget", "rule"} <= (await told(kim, 0)).keys()
    items, _ = await changes(robin, 0)
    assert {item["id"] for item in items}.isdisjoint({made["id"], ruled["id"]})
    assert (await robin.get(f"/budgets/{made['id']}/changes")).status_code == 404

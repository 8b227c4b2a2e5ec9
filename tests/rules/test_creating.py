"""Rules on what people enter."""

import asyncio

import pytest

from app.rules import creating
from app.rules.matcher import Budget
from tests.households.sharing import join
from tests.people import Person, expect, fields, problem
from tests.rules.making import CAFE, category, payee, rule, says, tags


async def history(person: Person, transaction: dict[str, str]) -> list[tuple[str, str, set[str]]]:
    """The name, the occasion and the changed fields of what rules did to it, the last rule first."""
    found = (await person.read("/rules/history", transaction_id=transaction["id"]))["items"]
    return [(item["rule_name"], item["trigger"], set(item["changes"])) for item in found]


async def test_rules_fill_what_a_person_left_open(kim: Person) -> None:
    account, food, other = await kim.account(), await kim.category(), await kim.category("Other")
    made = await rule(
        kim,
        category(food),
        payee("Corner"),
        {"type": "set_description", "description": "Coffee"},
        {"type": "append_notes", "notes": "again"},
        tags("out", "Cup"),
        name="Fill",
    )
    plain = await kim.add(account_id=account["id"], payee="CAFÉ Nord", notes="mine", tags=["cup"])
    assert (plain["category_id"], plain["payee"], plain["description"]) == (food["id"], "CAFÉ Nord", "Coffee")
    assert (plain["notes"], plain["tags"]) == ("mine\nagain", ["cup", "out"])
    assert await history(kim, plain) == [("Fill", "create", {"category_id", "description", "notes", "tags"})]
    given = await kim.add(account_id=account["id"], payee="Café", category_id=other["id"], description="x")
    assert (given["category_id"], given["description"]) == (other["id"], "x")
    none = await kim.add(account_id=account["id"], payee="Café", category_id=None)
    assert none["category_id"] is None
    untouched = await kim.add(account_id=account["id"], payee="Bakery")
    assert (untouched["tags"], await history(kim, untouched)) == ([], [])
    # An edit is a person's: rules keep out of it.
    edited = expect(await kim.http.patch(f"/transactions/{untouched['id']}", json={"payee": "Café"}), 200)
    assert edited["tags"] == []
    expect(await kim.http.delete(f"/rules/{made['id']}"), 204)
    of_rule = await kim.read(f"/rules/{made['id']}/history", limit=2)
    assert (len(of_rule["items"]), of_rule["next_cursor"] is not None) == (2, True)
    rest = await kim.read(f"/rules/{made['id']}/history", cursor=of_rule["next_cursor"])
    assert [item["transaction_id"] for item in rest["items"]] == [plain["id"]]
    problem(await kim.get(f"/rules/{made['id']}/history", cursor="x"), 422, "invalid_input")
    await kim.check_integrity()


async def test_rules_are_asked_in_order_and_see_what_was_done_before(kim: Person) -> None:
    account, food, late = await kim.account(), await kim.category(), await kim.category("Late")
    await rule(kim, payee("Coffee", overwrite=True), {"type": "remove_tags", "tags": ["RAW"]}, name="1")
    await rule(kim, category(food), {"type": "stop"}, tags("never"), when=says("payee", "equals", "COFFEE"), name="2")
    await rule(kim, category(late), name="3")
    await rule(kim, tags("late"), when={"not": says("payee", "ends_with", "fé")}, name="4")
    found = await kim.add(account_id=account["id"], payee="Café", tags=["raw"])
    assert (found["payee"], found["category_id"], found["tags"]) == ("Coffee", food["id"], [])
    assert [name for name, _, _ in await history(kim, found)] in (["2", "1"], ["1", "2"])
    assert (await kim.add(account_id=account["id"], payee="Shop"))["tags"] == ["late"]


@pytest.mark.parametrize(
    ("question", "matches"),
    [
        (says("payee", "starts_with", "corner"), True),
        (says("payee", "starts_with", "cafe"), False),
        (says("payee", "ends_with", "CAFE"), True),
        (says("payee", "one_of", ["x", "corner cafe"]), True),
        (says("payee", "regex", "^CORNER +c"), True),
        (says("payee", "regex", "cafe$"), False),
        (says("payee", "regex", r"^\pL+ (?:\w|é){4}$"), True),
        (says("description", "contains", "a.c"), False),
        (says("notes", "contains", "x"), False),
        (says("tag", "equals", "TRIP"), True),
        (says("tag", "regex", "^(a+)+$"), False),
        (says("external_id", "equals", "ref-1"), True),
        (says("amount", "equals", "10"), True),
        (says("amount", "less", "10.00"), False),
        (says("amount", "less", "10.01"), True),
        (says("amount", "greater", "10"), False),
        (says("amount", "greater", "9.99"), True),
        (says("amount", "between", ["10", "11"]), True),
        (says("amount", "between", ["9", "9.5"]), False),
        (says("amount", "one_of", ["9", "10.0"]), True),
        (says("date", "equals", "2026-01-15"), True),
        (says("date", "less", "2026-01-15"), False),
        (says("date", "between", ["2026-01-01", "2026-01-31"]), True),
        (says("day_of_month", "greater", 14), True),
        (says("day_of_month", "one_of", [1, 15]), True),
        (says("weekday", "equals", 4), True),
        (says("weekday", "less", 4), False),
        (says("type", "one_of", ["income", "expense"]), True),
        (says("type", "equals", "transfer"), False),
        (says("import_source", "equals", "manual"), True),
        (says("import_source", "one_of", ["csv"]), False),
        ({"not": {"and": [CAFE, says("amount", "less", "5")]}}, True),
        ({"and": [{"not": CAFE}]}, False),
        ({"or": [{"not": CAFE}, says("amount", "equals", "10")]}, True),
        ({"and": [CAFE, {"or": [says("amount", "less", "5"), says("tag", "equals", "trip")]}]}, True),
    ],
)
async def test_each_question_is_answered(kim: Person, question: dict[str, object], matches: bool) -> None:
    account = await kim.account()
    draft = {"type": "expense", "date": "2026-01-15", "amount": "10.00", "account_id": account["id"]}
    draft |= {"payee": "Corner Café", "description": "abc", "tags": ["trip"], "external_id": "REF-1"}
    body = {"rule": {"name": "R", "condition": question, "actions": [tags("x")]}, "transaction": draft}
    assert expect(await kim.http.post("/rules/test", json=body), 200)["matches"] is matches


async def test_an_expense_becomes_a_transfer_or_is_split_to_the_cent(kim: Person) -> None:
    account, savings, food = await kim.account(), await kim.account("Savings"), await kim.category()
    dollars = await kim.account("Dollars", currency="USD")
    save = says("description", "contains", "save")
    await rule(kim, {"type": "make_transfer", "account_id": savings["id"]}, when=save, name="save")
    out = await kim.add(account_id=account["id"], description="Save", external_id="1", tags=["t"])
    assert (out["type"], out["account_id"], out["to_account_id"]) == ("transfer", account["id"], savings["id"])
    assert (out["external_id"], out["tags"]) == ("1", ["t"])
    back = await kim.add(type="income", account_id=account["id"], description="Save")
    assert (back["type"], back["account_id"], back["to_account_id"]) == ("transfer", savings["id"], account["id"])
    shoes = await kim.add(account_id=account["id"], description="Shoes")
    for stays in (
        await kim.add(type="income", account_id=account["id"], description="Save", external_id="2"),
        await kim.add(account_id=savings["id"], description="Save"),
        await kim.add(account_id=dollars["id"], description="Save"),
        await kim.add(type="income", account_id=account["id"], description="Save", refund_of_id=shoes["id"]),
        await kim.add(account_id=account["id"], description="Save", splits=[{"amount": "4"}, {"amount": "6"}]),
    ):
        assert stays["type"] in {"expense", "income"}
    thirds = [{"percent": "33.3333", "category_id": food["id"]}, {"percent": "33.3333"}, {"percent": "33.3334"}]
    await rule(kim, {"type": "split", "shares": thirds}, when=says("payee", "equals", "Market"), name="split")
    parts = await kim.add(account_id=account["id"], payee="Market", amount="100.01")
    assert [(p["amount"], p["category_id"]) for p in parts["splits"]] == [
        ("33.33", food["id"]),
        ("33.33", None),
        ("33.35", None),
    ]
    assert (await kim.add(account_id=account["id"], payee="Market", amount="0.02"))["splits"] == []
    kept = await kim.add(account_id=account["id"], payee="Market", category_id=food["id"])
    assert kept["category_id"] == food["id"]
    await rule(kim, category(food, overwrite=True), when=says("tag", "equals", "whole"))
    whole = await kim.add(account_id=account["id"], payee="Market", tags=["whole"], amount="100.00")
    assert (whole["category_id"], whole["splits"]) == (food["id"], [])
    given = [{"amount": "4"}, {"amount": "6"}]
    over = await kim.add(account_id=account["id"], tags=["whole"], splits=given)
    assert (over["category_id"], over["splits"]) == (food["id"], [])
    await kim.check_integrity()


async def test_what_does_not_fit_is_left_out_and_the_rest_done(kim: Person) -> None:
    account, savings, wages = await kim.account(), await kim.account("Savings"), await kim.category(kind="income")
    food = await kim.category("Gone")
    made = await rule(
        kim, category(food), {"type": "make_transfer", "account_id": savings["id"]}, tags("done"), name="Both"
    )
    expect(await kim.http.patch(f"/categories/{food['id']}", json={"archived": True}), 200)
    expect(await kim.http.patch(f"/accounts/{savings['id']}", json={"archived": True}), 200)
    found = await kim.add(account_id=account["id"], payee="Café")
    assert (found["type"], found["category_id"], found["tags"]) == ("expense", None, ["done"])
    assert {w["code"] for w in found["warnings"]} == {"rule_action_skipped"}
    assert "archived" in (await kim.read(f"/rules/{made['id']}"))["last_error"]
    problem(await kim.http.delete(f"/categories/{food['id']}"), 409, "category_in_use")
    changed = expect(await kim.http.patch(f"/rules/{made['id']}", json={"actions": [category(wages)]}), 200)
    assert changed["last_error"] is None
    # An expense takes no income category; nothing is broken about the rule.
    assert (await kim.add(account_id=account["id"], payee="Café"))["warnings"] == []
    earned = await kim.add(type="income", account_id=account["id"], payee="Café")
    assert earned["category_id"] == wages["id"]
    other = await kim.account("Other")
    moved = await kim.add(type="transfer", account_id=account["id"], to_account_id=other["id"], payee="Café")
    assert moved["category_id"] is None
    await rule(kim, tags("j"), when=says("amount", "equals", "5"), name="Any type")
    line = {"account_id": account["id"], "role": "flow", "amount": "-5"}
    journal = {"type": "journal", "date": "2026-01-15", "postings": [line]}
    assert expect(await kim.http.post("/transactions", json=journal), 201)["tags"] == ["j"]
    balance = {"type": "adjustment", "date": "2026-01-15", "account_id": account["id"], "balance": "500"}
    await rule(kim, tags("adjusted"), when=says("type", "equals", "adjustment"))
    assert expect(await kim.http.post("/transactions", json=balance), 201)["tags"] == ["adjusted"]
    await kim.check_integrity()


async def test_rules_are_asked_about_each_of_many(kim: Person) -> None:
    account = await kim.account()
    await rule(kim, tags("x"), when=says("amount", "greater", "50"))
    drafts = [
        {"type": "expense", "date": "2026-01-15", "amount": f"{n}.00", "account_id": account["id"]}
        for n in range(1, 101)
    ]
    drafts[99]["date"] = "2999-01-01"  # refused; nothing is said of it
    operations = [{"op": "create", "transaction": draft} for draft in drafts]
    done = expect(await kim.http.post("/transactions/bulk", json={"operations": operations, "mode": "per_item"}), 200)
    assert (done["done"], done["failed"]) == (99, 1)
    assert [bool(r["transaction"]["tags"]) for r in done["results"][:99]] == [False] * 50 + [True] * 49
    told = (await kim.read("/rules/history", limit=500))["items"]
    assert len(told) == 49
    await kim.check_integrity()


async def test_a_rule_that_takes_too_long_is_cut_off_and_told_of(kim: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    account = await kim.account()
    slow = await rule(kim, tags("slow"), when=says("description", "regex", r"(?:x\d{40}){3}$|a"), name="Slow")
    await rule(kim, tags("fast"), when=says("description", "contains", "a"))
    monkeypatch.setattr(creating, "Budget", lambda: Budget(0.0))
    made = await kim.add(account_id=account["id"], description="a" * 500)
    assert (made["tags"], [w["code"] for w in made["warnings"]]) == (["fast"], ["rule_cut_off"])
    assert "too long" in (await kim.read(f"/rules/{slow['id']}"))["last_error"]
    monkeypatch.undo()
    again = await kim.add(account_id=account["id"], description="a" * 500)
    assert (again["tags"], again["warnings"]) == (["fast", "slow"], [])


async def test_a_rule_about_a_private_account_is_there_for_those_who_see_it(kim: Person, robin: Person) -> None:
    account, own = await kim.account(), await kim.account("Own", visibility="private")
    hidden = await rule(kim, tags("secret"), when=says("account", "equals", own["id"]), name="hidden")
    into = await rule(kim, {"type": "make_transfer", "account_id": own["id"]}, name="into")
    shown = await rule(kim, tags("seen"), when=says("amount", "greater", "1"), name="shown")
    await join(kim, robin)
    robin.http.headers["X-Book-Id"] = kim.book_id
    listed = (await robin.read("/rules"))["items"]
    assert [(item["id"], item["position"]) for item in listed] == [(shown["id"], 1)]
    for rule_id in (hidden["id"], into["id"]):
        problem(await robin.get(f"/rules/{rule_id}"), 404, "rule_not_found")
        problem(await robin.http.delete(f"/rules/{rule_id}"), 404, "rule_not_found")
        problem(await robin.get(f"/rules/{rule_id}/history"), 404, "rule_not_found")
    body = {"name": "R", "condition": says("account", "equals", own["id"]), "actions": [tags("x")]}
    answer = await robin.http.post("/rules", json=body)
    assert fields(answer.json()) == {("condition", "account_not_found")}
    theirs = await robin.add(account_id=account["id"], payee="Café")
    assert (theirs["type"], theirs["tags"]) == ("expense", ["seen"])
    mine = await kim.add(account_id=account["id"], payee="Café")
    private = await kim.add(account_id=own["id"], payee="Doctor")
    assert (mine["type"], private["tags"]) == ("transfer", ["secret", "seen"])
    told = (await robin.read("/rules/history"))["items"]
    assert {item["transaction_id"] for item in told} == {theirs["id"]}
    first = expect(await robin.http.post("/rules/reorder", json={"ids": [shown["id"]]}), 200)
    assert first["total"] == 1
    assert [item["name"] for item in (await kim.read("/rules"))["items"]] == ["hidden", "into", "shown"]
    expect(await kim.http.delete(f"/transactions/{private['id']}"), 204)
    assert len((await robin.read("/rules/history"))["items"]) == 1
    async with asyncio.TaskGroup() as group:
        for person in (kim, robin):
            group.create_task(person.add(account_id=account["id"], payee="Both"))
    await kim.check_integrity()

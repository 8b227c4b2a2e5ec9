"""Rules over the past."""

import pytest

from app.rules import running
from tests.conftest import Unchanged
from tests.households.sharing import join
from tests.imports.uploads import commit, statement, upload
from tests.people import Person, expect, fields, problem
from tests.rules.making import category, payee, rule, run, says, tags

UNKNOWN = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"


async def many(person: Person, account: dict[str, str], count: int) -> None:
    """Expenses of 1.00, 2.00 and so on, of whom every third is at a café."""
    drafts = [
        {
            "type": "expense",
            "date": "2026-01-15",
            "amount": f"{n}.00",
            "account_id": account["id"],
            "payee": "Café" if n % 3 == 0 else "Shop",
        }
        for n in range(1, count + 1)
    ]
    for start in range(0, count, 1000):
        operations = [{"op": "create", "transaction": draft} for draft in drafts[start : start + 1000]]
        expect(await person.http.post("/transactions/bulk", json={"operations": operations}), 200)


async def test_a_run_is_one_revision_that_is_undone_as_one(
    kim: Person, unchanged: Unchanged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "BATCH", 50)  # several of them
    account, food = await kim.account(), await kim.category()
    await many(kim, account, 150)
    made = await rule(kim, category(food), tags("out"), payee("Coffee", overwrite=True))
    async with unchanged(kim):
        dry = await run(kim, dry_run=True)
    assert (dry["examined"], dry["matched"], dry["changed"], len(dry["sample"])) == (150, 50, 50, 20)
    shown = dry["sample"][0]
    assert (shown["before"]["payee"], shown["after"]["payee"]) == ("Café", "Coffee")
    assert (shown["before"]["category_id"], shown["after"]["category_id"]) == (None, food["id"])
    assert (shown["transaction"]["payee"], shown["applied"][0]["rule_id"]) == ("Café", made["id"])
    real = await run(kim)
    assert {**dry, "dry_run": False, "revision": real["revision"]} == real
    listed = await kim.read("/transactions", tag="out", include_total=True)
    assert listed["total"] == 50
    assert {t["revision"] for t in listed["items"]} == {real["revision"]}
    assert (await run(kim))["changed"] == 0
    history = await kim.read(f"/rules/{made['id']}/history", limit=500)
    assert {(item["revision"], item["trigger"]) for item in history["items"]} == {(real["revision"], "run")}
    assert len(history["items"]) == 50
    undone = await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": real["revision"]})
    expect(undone, 200)
    assert (await kim.read("/transactions", tag="out"))["items"] == []
    assert (await kim.read("/transactions", q="cafe", include_total=True))["total"] == 50
    await kim.check_integrity()


async def test_rules_and_transactions_may_be_chosen(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    await many(kim, account, 12)
    first = await rule(kim, tags("first"), enabled=False)
    await rule(kim, tags("second"))
    async with unchanged(kim):
        problem(await kim.http.post("/rules/run", json={"rule_ids": [UNKNOWN]}), 404, "rule_not_found")
        problem(await kim.http.post("/rules/run", json={"rule_ids": []}), 422, "invalid_input")
        mistake = {"filter": {"q": "before:never"}}
        answer = problem(await kim.http.post("/rules/run", json=mistake), 422, "invalid_input")
        assert {name for name, _ in fields(answer)} == {"filter.q"}
        problem(await kim.http.post("/rules/run", json={"filter": {}}), 422, "invalid_input")
    found = await run(kim, rule_ids=[first["id"]], filter={"min_amount": "4", "q": "café"})
    assert (found["examined"], found["changed"]) == (3, 3)
    assert [a["name"] for a in found["sample"][0]["applied"]] == ["A rule"]
    everything = await run(kim)
    assert (everything["examined"], everything["changed"]) == (12, 4)
    tagged = await kim.read("/transactions", tag="second", include_total=True)
    assert (tagged["total"], sum("first" in t["tags"] for t in tagged["items"])) == (4, 3)
    expect(await kim.http.delete(f"/rules/{first['id']}"), 204)
    await kim.check_integrity()


async def test_what_is_closed_sealed_or_refused_stays_and_is_counted(kim: Person) -> None:
    account, savings = await kim.account(), await kim.account("Savings")
    await kim.add(account_id=account["id"], payee="Café", date="2025-06-01")
    bought = await kim.add(account_id=account["id"], payee="Café", date="2026-01-20", amount="30")
    await kim.add(account_id=account["id"], type="income", payee="Shop", date="2026-01-21", refund_of_id=bought["id"])
    body = {"statement_date": "2026-01-10", "statement_balance": "-20", "adjust": False}
    await kim.add(account_id=account["id"], payee="Café", date="2026-01-05")
    expect(await kim.http.post(f"/accounts/{account['id']}/reconcile", json=body), 201)
    expect(await kim.http.put(f"/books/{kim.book_id}/lock", json={"locked_until": "2025-12-31"}), 200)
    open_one = await kim.add(account_id=account["id"], payee="Café", date="2026-01-25", notes="n")
    await rule(kim, {"type": "make_transfer", "account_id": savings["id"]}, name="Transfer")
    found = await run(kim)
    assert found["skipped"]["refused"] == 1
    assert found["skipped"]["locked"] + found["skipped"]["sealed"] == 2
    assert found["changed"] == 1
    moved = await kim.read(f"/transactions/{open_one['id']}")
    assert (moved["type"], moved["to_account_id"], moved["notes"]) == ("transfer", savings["id"], "n")
    assert (await kim.read(f"/transactions/{bought['id']}"))["type"] == "expense"
    await kim.check_integrity()


async def test_parts_are_made_replaced_and_taken_away(kim: Person) -> None:
    account, food = await kim.account(), await kim.category()
    await kim.add(account_id=account["id"], payee="One", amount="10.01")
    parts = [{"amount": "4"}, {"amount": "5"}, {"amount": "1.01"}]
    await kim.add(account_id=account["id"], payee="Three", amount="10.01", splits=parts)
    halves = [{"percent": "50", "category_id": food["id"]}, {"percent": "50", "memo": "rest"}]
    split = await rule(kim, {"type": "split", "shares": halves, "overwrite": True}, when=says("amount", "less", "11"))
    assert (await run(kim))["changed"] == 2
    for found in (await kim.read("/transactions"))["items"]:
        assert [(p["amount"], p["memo"]) for p in found["splits"]] == [("5.00", None), ("5.01", "rest")]
    expect(await kim.http.delete(f"/rules/{split['id']}"), 204)
    await rule(
        kim, category(food, overwrite=True), {"type": "set_notes", "notes": "n"}, when=says("amount", "less", "11")
    )
    assert (await run(kim))["changed"] == 2
    for found in (await kim.read("/transactions"))["items"]:
        assert (found["category_id"], found["splits"], found["notes"]) == (food["id"], [], "n")
    await kim.check_integrity()


async def test_texts_of_a_file_are_replaced_and_those_of_a_person_kept(kim: Person) -> None:
    account = await kim.account()
    await commit(kim, await upload(kim, account, statement("2026-01-10,Café 0815,,-10.00")))
    await kim.add(account_id=account["id"], payee="Café 4711")
    await rule(kim, payee("Coffee"), {"type": "set_description", "description": "d"})
    found = await run(kim, dry_run=True)
    assert (found["changed"], found["actions_skipped"]) == (2, {"kept": 1})
    assert sorted(item["after"]["payee"] for item in found["sample"]) == ["Café 4711", "Coffee"]


async def test_a_slow_rule_is_cut_off_and_the_rest_goes_on(kim: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    account = await kim.account()
    await many(kim, account, 6)
    slow = await rule(kim, tags("slow"), when=says("payee", "regex", r"(?:x\d{40}){3}$|a"), name="Slow")
    await rule(kim, tags("fast"))
    monkeypatch.setattr(running, "RUN_SECONDS", 0.0)
    found = await run(kim)
    assert found["cut_off"] == [{"rule_id": slow["id"], "name": "Slow"}]
    assert (found["changed"], (await kim.read(f"/rules/{slow['id']}"))["last_error"] is not None) == (2, True)


async def test_a_run_tells_nothing_of_private_accounts(kim: Person, robin: Person) -> None:
    account, own = await kim.account(), await kim.account("Own", visibility="private")
    await kim.add(account_id=own["id"], payee="Café")
    await kim.add(type="transfer", account_id=account["id"], to_account_id=own["id"], payee="Café")
    await kim.add(account_id=account["id"], payee="Café")
    await rule(kim, tags("seen"))
    await join(kim, robin)
    robin.http.headers["X-Book-Id"] = kim.book_id
    found = await run(robin)
    assert (found["examined"], found["changed"], found["skipped"]["private"]) == (2, 1, 1)
    assert (await run(kim))["changed"] == 2
    assert len((await robin.read("/rules/history"))["items"]) == 1
    assert len((await kim.read("/rules/history"))["items"]) == 3
    await kim.check_integrity()

"""Rules on the rows of bank files."""

from tests.imports.uploads import commit, rows_of, statement, undo, upload, with_ids
from tests.people import Person, expect
from tests.rules.making import category, payee, rule, says, tags


async def test_a_preview_shows_what_rules_do_and_the_commit_does_it(kim: Person) -> None:
    account, savings = await kim.account(), await kim.account("Savings")
    food, home = await kim.category(), await kim.category("Rest")
    market = await rule(
        kim, payee("Market"), category(food), tags("shop"), when=says("payee", "starts_with", "MRKT*"), name="Market"
    )
    await rule(kim, {"type": "make_transfer", "account_id": savings["id"]}, when=says("payee", "contains", "save"))
    halves = [{"percent": "50", "category_id": food["id"], "memo": "half"}, {"percent": "50"}]
    await rule(kim, {"type": "split", "shares": halves}, when=says("description", "regex", r"^rent\b"))
    await rule(kim, tags("never"), when=says("amount", "greater", "1"), on=["create"])
    await rule(kim, category(home), when=says("import_source", "equals", "csv"), name="Rest", on=["import"])
    data = statement(
        "2026-01-10,MRKT*0815 Köln,,-12.30",
        "2026-01-11,SAVE monthly,,-100.00",
        "2026-01-12,Landlord,Rent Jan,-700.01",
        "2026-01-13,Other,,-1.00",
        "2026-01-14,From save,,5.00",
    )
    preview = await upload(kim, account, data)
    rows = await rows_of(kim, preview)
    assert [(row["payee"], row["category_id"]) for row in rows[:1]] == [("Market", home["id"])]
    assert [item["rule_name"] for item in rows[0]["rules"]] == ["Market", "Rest"]
    assert rows[0]["rules"][0]["rule_id"] == market["id"]
    assert rows[0]["rules"][0]["changes"]["payee"] == {"before": "MRKT*0815 Köln", "after": "Market"}
    assert rows[1]["rules"][0]["changes"]["to_account_id"]["after"] == savings["id"]
    assert preview["sample"] == rows
    done = await commit(kim, preview)
    assert done["created"] == 5
    made = {t["date"]: t for t in (await kim.read("/transactions"))["items"]}
    first = made["2026-01-10"]
    assert (first["payee"], first["tags"], first["category_id"]) == ("Market", ["shop"], home["id"])
    moved = made["2026-01-11"]
    assert (moved["type"], moved["to_account_id"], moved["amount"]) == ("transfer", savings["id"], "100.00")
    # The last rule gave the rent one category again: a rule may undo what another one did.
    assert (made["2026-01-12"]["category_id"], made["2026-01-12"]["splits"]) == (home["id"], [])
    back = made["2026-01-14"]
    assert (back["account_id"], back["to_account_id"]) == (savings["id"], account["id"])
    told = (await kim.read("/rules/history", limit=100))["items"]
    assert len(told) == 7
    assert {item["trigger"] for item in told} == {"import"}
    assert {item["transaction_id"] for item in told} == {t["id"] for t in made.values()}
    again = await upload(kim, account, data.replace(b"\n", b"\r\n"))
    assert again["rows"]["duplicate"] == 5
    await undo(kim, done)
    assert (await kim.read("/transactions"))["items"] == []
    await kim.check_integrity()


async def test_split_rows_and_ids_of_the_bank(kim: Person) -> None:
    account, savings, food = await kim.account(), await kim.account("Savings"), await kim.category()
    shares = [{"percent": "33", "category_id": food["id"], "memo": "m"}, {"percent": "67"}]
    await rule(kim, {"type": "split", "shares": shares}, when=says("payee", "equals", "Both"))
    await rule(kim, {"type": "make_transfer", "account_id": savings["id"]}, when=says("payee", "equals", "Bank"))
    rows = ("2026-01-10,Both,,-10.01,REF0001", "2026-01-11,Bank,,-5.00,REF0002", "2026-01-12,Bank,,7.00,REF0003")
    data = with_ids(*rows)
    await commit(kim, await upload(kim, account, data))
    made = {t["date"]: t for t in (await kim.read("/transactions"))["items"]}
    assert [(p["amount"], p["category_id"], p["memo"]) for p in made["2026-01-10"]["splits"]] == [
        ("3.30", food["id"], "m"),
        ("6.71", None, None),
    ]
    assert (made["2026-01-11"]["type"], made["2026-01-11"]["external_id"]) == ("transfer", "REF0002")
    # The id belongs to the account of the file, so money that comes in with one stays an income.
    assert (made["2026-01-12"]["type"], made["2026-01-12"]["external_id"]) == ("income", "REF0003")
    later = await upload(kim, account, with_ids("2026-01-09,New,,-1.00,REF0000", *rows))
    assert (later["rows"]["new"], later["rows"]["duplicate"]) == (1, 3)
    await kim.check_integrity()


async def test_what_was_archived_since_the_preview_is_left_out(kim: Person) -> None:
    account, savings, food = await kim.account(), await kim.account("Savings"), await kim.category()
    await rule(kim, category(food), tags("t"), when=says("payee", "equals", "Shop"))
    into = await rule(kim, {"type": "make_transfer", "account_id": savings["id"]}, when=says("payee", "equals", "Bank"))
    data = statement("2026-01-10,Shop,,-10.00", "2026-01-11,Bank,,-5.00")
    preview = await upload(kim, account, data)
    for path in (f"/categories/{food['id']}", f"/accounts/{savings['id']}"):
        expect(await kim.http.patch(path, json={"archived": True}), 200)
    done = await commit(kim, preview)
    assert "rule_action_skipped" in {warning["code"] for warning in done["warnings"]}
    made = {t["date"]: t for t in (await kim.read("/transactions"))["items"]}
    assert [(t["type"], t["category_id"]) for t in made.values()] == [("expense", None)] * 2
    assert made["2026-01-10"]["tags"] == ["t"]
    second = await upload(kim, account, statement("2026-01-20,Shop,,-10.00", "2026-01-21,Bank,,-5.00"))
    assert "rule_action_skipped" in {warning["code"] for warning in second["warnings"]}
    assert "archived" in (await kim.read(f"/rules/{into['id']}"))["last_error"]
    await kim.check_integrity()

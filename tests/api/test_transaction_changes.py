from typing import Any

import pytest

from tests.conftest import Unchanged
from tests.people import Person, expect, fields, problem

UNKNOWN = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"


async def patch(kim: Person, transaction: dict[str, Any], **body: Any) -> dict[str, Any]:
    changed: dict[str, Any] = expect(await kim.http.patch(f"/transactions/{transaction['id']}", json=body), 200)
    assert await kim.read(f"/transactions/{transaction['id']}") == changed
    return changed


async def refused(kim: Person, transaction: dict[str, Any], **body: Any) -> set[tuple[str, str]]:
    answer = await kim.http.patch(f"/transactions/{transaction['id']}", json=body)
    return fields(problem(answer, 422, "invalid_input"))


async def test_patch_keeps_what_it_does_not_name(kim: Person) -> None:
    account, food = await kim.account(), await kim.category()
    made = await kim.add(
        account_id=account["id"], category_id=food["id"], payee="P", tags=["a"], notes="n", external_id="e"
    )
    changed = await patch(kim, made, amount="12.34", date="2026-02-01")
    own = {"amount", "date", "postings", "revision", "updated_at"}
    assert {k: v for k, v in changed.items() if k not in own} == {k: v for k, v in made.items() if k not in own}
    assert changed["revision"] > made["revision"]
    assert await kim.balance(account, "2026-01-31") == "0.00"
    assert await kim.balance(account) == "-12.34"


async def test_null_clears_a_field(kim: Person) -> None:
    account, food = await kim.account(), await kim.category()
    made = await kim.add(
        account_id=account["id"],
        category_id=food["id"],
        payee="P",
        tags=["a"],
        notes="n",
        description="d",
        external_id="e",
        status="pending",
        original_amount="1",
        original_currency="USD",
    )
    names = ("category_id", "payee", "notes", "description", "external_id", "original_amount", "original_currency")
    changed = await patch(kim, made, **dict.fromkeys((*names, "tags", "status")))
    assert [changed[name] for name in names] == [None] * len(names)
    assert (changed["tags"], changed["status"]) == ([], "cleared")


@pytest.mark.parametrize("field", ["date", "amount", "account_id"])
async def test_null_is_refused_where_there_must_be_a_value(kim: Person, unchanged: Unchanged, field: str) -> None:
    account = await kim.account()
    made = await kim.add(account_id=account["id"])
    async with unchanged(kim):
        assert {name for name, _ in await refused(kim, made, **{field: None})} == {field}


async def test_a_patch_changes_the_parts_it_names_and_keeps_the_others(kim: Person, unchanged: Unchanged) -> None:
    account, food = await kim.account(), await kim.category()
    made = await kim.add(account_id=account["id"], category_id=food["id"])
    split = await patch(
        kim, made, splits=[{"amount": "4", "memo": "Bread"}, {"amount": "6", "category_id": food["id"]}]
    )
    assert (split["category_id"], [part["line"] for part in split["splits"]]) == (None, [0, 1])
    changed = await patch(kim, made, splits=[{"line": 0, "category_id": food["id"]}])
    assert changed["splits"] == [
        {"line": 0, "category_id": food["id"], "amount": "4.00", "memo": "Bread"},
        {"line": 1, "category_id": food["id"], "amount": "6.00", "memo": None},
    ]
    more = await patch(kim, made, amount="11", splits=[{"line": 1, "amount": "5"}, {"amount": "2"}])
    assert [part["amount"] for part in more["splits"]] == ["4.00", "5.00", "2.00"]
    less = await patch(kim, made, amount="6", splits=[{"line": 1, "remove": True}])
    assert [(part["line"], part["amount"]) for part in less["splits"]] == [(0, "4.00"), (1, "2.00")]
    async with unchanged(kim):
        assert await refused(kim, made, amount="11") == {("splits", "splits_do_not_sum")}
        assert await refused(kim, made, splits=[{"amount": "6"}]) == {("splits", "splits_do_not_sum")}
        assert await refused(kim, made, splits=[{"line": 7, "amount": "6"}]) == {("splits.0.line", "unknown_line")}
        twice = [{"line": 0, "amount": "3"}, {"line": 0, "amount": "4"}]
        assert await refused(kim, made, splits=twice) == {("splits.1.line", "unknown_line")}
        assert await refused(kim, made, splits=[{"remove": True}]) >= {("splits.0.line", "missing")}
        assert await refused(kim, made, category_id=food["id"]) == {("category_id", "splits_would_be_lost")}
        both = {"category_id": food["id"], "splits": [{"line": 0, "amount": "4"}]}
        assert await refused(kim, made, **both) == {("body", "value_error")}
    single = await patch(kim, made, splits=None, category_id=food["id"])
    assert (single["category_id"], single["splits"], single["amount"]) == (food["id"], [], "6.00")


async def test_a_transfers_amount_changes_on_both_sides(kim: Person, unchanged: Unchanged) -> None:
    here, there, dollars = await kim.account(), await kim.account("There"), await kim.account("D", currency="USD")
    made = await kim.add(
        type="transfer",
        account_id=here["id"],
        to_account_id=there["id"],
        amount="5",
        fee_amount="1",
        fee_category_id=None,
    )
    changed = await patch(kim, made, amount="6")
    assert (changed["amount"], changed["to_amount"], changed["fee_amount"]) == ("6.00", "6.00", "1.00")
    assert (await kim.balance(here), await kim.balance(there)) == ("-7.00", "6.00")
    async with unchanged(kim):
        assert await refused(kim, made, to_amount="7") == {("to_amount", "amounts_differ")}
        assert await refused(kim, made, to_account_id=dollars["id"]) == {("to_amount", "to_amount_needed")}
        assert {name for name, _ in await refused(kim, made, to_account_id=here["id"])} == {"body"}
    exchange = await patch(kim, made, to_account_id=dollars["id"], to_amount="7")
    assert [line["amount"] for line in exchange["postings"]] == ["-6.00", "7.00", "-1.00"]
    assert (await patch(kim, made, amount="8"))["to_amount"] == "7.00"


async def test_taking_the_fee_away_takes_its_category_along(kim: Person) -> None:
    here, there, fees = await kim.account(), await kim.account("There"), await kim.category("Fees")
    body = {"fee_amount": "1", "fee_category_id": fees["id"]}
    made = await kim.add(type="transfer", account_id=here["id"], to_account_id=there["id"], **body)
    changed = await patch(kim, made, fee_amount=None)
    assert (changed["fee_amount"], changed["fee_category_id"]) == (None, None)
    assert await kim.balance(here) == "-10.00"


async def test_patch_can_change_the_type(kim: Person, unchanged: Unchanged) -> None:
    account, other, food = await kim.account(), await kim.account("Other"), await kim.category()
    made = await kim.add(account_id=account["id"], category_id=food["id"], payee="P")
    async with unchanged(kim):
        assert await refused(kim, made, type="transfer") == {("to_account_id", "missing")}
    transfer = await patch(kim, made, type="transfer", to_account_id=other["id"])
    assert (transfer["category_id"], transfer["to_amount"], transfer["payee"]) == (None, "10.00", "P")
    async with unchanged(kim):
        assert await refused(kim, made, category_id=food["id"]) == {("category_id", "extra_forbidden")}
    income = await patch(kim, made, type="income")
    assert (income["to_account_id"], await kim.balance(account), await kim.balance(other)) == (None, "10.00", "0.00")


async def test_an_archived_account_or_category_stays_but_is_not_taken_anew(kim: Person, unchanged: Unchanged) -> None:
    old, other, food = await kim.account("Old"), await kim.account(), await kim.category()
    mine = await kim.add(account_id=old["id"], category_id=food["id"])
    theirs = await kim.add(account_id=other["id"])
    for path in (f"/accounts/{old['id']}", f"/categories/{food['id']}"):
        expect(await kim.http.patch(path, json={"archived": True}), 200)
    assert (await patch(kim, mine, amount="11"))["account_id"] == old["id"]
    async with unchanged(kim):
        body: dict[str, Any] = {"account_id": old["id"], "category_id": food["id"]}
        answer = await kim.http.patch(f"/transactions/{theirs['id']}", json=body)
        found = fields(problem(answer, 409, "archived"))
        assert found == {("account_id", "account_archived"), ("category_id", "category_archived")}
        body = {"type": "transfer", "account_id": other["id"], "to_account_id": old["id"]}
        assert fields(problem(await kim.try_add(**body), 409, "archived")) == {("to_account_id", "account_archived")}


async def test_put_needs_the_whole_and_drops_what_is_left_out(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    made = await kim.add(account_id=account["id"], payee="P", tags=["a"], notes="n", status="pending")
    path = f"/transactions/{made['id']}"
    async with unchanged(kim):
        answer = await kim.http.put(path, json={"type": "expense", "amount": "1"})
        assert fields(problem(answer, 422, "invalid_input")) == {("date", "missing"), ("account_id", "missing")}
        body = {"type": "expense", "date": "2026-01-01", "amount": "1", "account_id": account["id"]}
        answer = await kim.http.put(path, json={**body, "id": UNKNOWN})
        assert fields(problem(answer, 422, "invalid_input")) == {("id", "id_mismatch")}
    changed = expect(await kim.http.put(path, json={**body, "id": made["id"]}), 200)
    assert (changed["payee"], changed["tags"], changed["notes"], changed["status"]) == (None, [], None, "cleared")


async def test_deleting_takes_the_postings_along(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    made = await kim.add(account_id=account["id"], tags=["a"], splits=[{"amount": "4"}, {"amount": "6"}])
    path = f"/transactions/{made['id']}"
    expect(await kim.http.delete(path), 204)
    assert await kim.balance(account) == "0.00"
    async with unchanged(kim):
        for method in ("GET", "DELETE", "PATCH"):
            body: dict[str, Any] | None = {} if method == "PATCH" else None
            problem(await kim.http.request(method, path, json=body), 404, "transaction_not_found")
    assert (await kim.add(account_id=account["id"], id=made["id"]))["id"] == made["id"]


async def test_if_match_guards_every_change(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    made = await kim.add(account_id=account["id"])
    path, stale = f"/transactions/{made['id']}", {"If-Match": f'W/"{made["revision"] - 1}"'}
    body = {"type": "expense", "date": "2026-01-01", "amount": "1", "account_id": account["id"]}
    async with unchanged(kim):
        for answer in (
            await kim.http.patch(path, json={"amount": "1"}, headers=stale),
            await kim.http.put(path, json=body, headers=stale),
            await kim.http.delete(path, headers=stale),
        ):
            assert problem(answer, 412, "revision_mismatch")["revision"] == made["revision"]
    fresh = {"If-Match": f'"{made["revision"]}"'}
    answer = await kim.http.patch(path, json={"amount": "1"}, headers=fresh)
    assert answer.headers["etag"] == f'"{expect(answer, 200)["revision"]}"'


async def test_an_opening_balance_is_changed_on_its_account(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account(opening_balance="10", opening_date="2026-01-01")
    (opening,) = (await kim.read("/transactions"))["items"]
    assert opening["type"] == "opening_balance"
    path = f"/transactions/{opening['id']}"
    assert await kim.read(path) == opening
    body = {"type": "income", "date": "2026-01-01", "amount": "1", "account_id": account["id"]}
    async with unchanged(kim):
        problem(await kim.http.put(path, json=body), 409, "opening_balance")
        problem(await kim.http.patch(path, json={"amount": "1"}), 409, "opening_balance")
        problem(await kim.http.delete(path), 409, "opening_balance")

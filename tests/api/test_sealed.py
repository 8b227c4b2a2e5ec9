"""A reconciled transaction keeps its date and its money, whichever way somebody tries; what is no money stays free."""

from typing import Any

import pytest

from tests.conftest import Unchanged
from tests.imports.uploads import bring_in, listed, statement, undo
from tests.people import Person, expect, problem

Document = dict[str, Any]


@pytest.fixture
async def book(kim: Person) -> dict[str, str]:
    """An account with one transaction of each kind, all sealed by a statement."""
    account = await kim.account()
    other, dollars = await kim.account("Other"), await kim.account("Dollars", currency="USD")
    food, home = await kim.category(), await kim.category("My home")
    on = {"account_id": account["id"]}
    parts = [{"amount": "4", "category_id": food["id"]}, {"amount": "6"}]
    lines = [{**on, "role": "flow", "amount": "5", "category_id": food["id"]}, {**on, "role": "flow", "amount": "-2"}]
    rows = {
        "expense": await kim.add(**on, category_id=food["id"], external_id="e"),
        "split": await kim.add(**on, splits=parts),
        "income": await kim.add(**on, type="income", amount="3"),
        "transfer": await kim.add(**on, type="transfer", to_account_id=other["id"], amount="5"),
        "exchange": await kim.add(
            **on, type="transfer", to_account_id=dollars["id"], amount="5", to_amount="6", fee_amount="1"
        ),
        "journal": expect(
            await kim.http.post("/transactions", json={"type": "journal", "date": "2026-01-15", "postings": lines}), 201
        ),
        "adjustment": expect(
            await kim.http.post(
                "/transactions", json={**on, "type": "adjustment", "date": "2026-01-20", "balance": "9"}
            ),
            201,
        ),
    }
    body = {"statement_date": "2026-01-31", "statement_balance": "9"}
    done = expect(await kim.http.post(f"/accounts/{account['id']}/reconcile", json=body), 201)
    assert done["sealed_count"] == len(rows)
    named = {"account": account, "other": other, "dollars": dollars, "food": food, "home": home, **rows}
    return {name: row["id"] for name, row in named.items()}


def whole(document: Document, *names: str) -> Document:
    """What PUT takes to write it as it is."""
    kept = ("date", "payee", "description", "notes", "tags", "status", "external_id", "type", *names)
    return {name: document[name] for name in kept}


SIMPLE = ("account_id", "amount", "category_id")
KEPT = {
    "expense": SIMPLE,
    "split": ("account_id", "amount"),
    "income": SIMPLE,
    "transfer": ("account_id", "amount", "to_account_id"),
    "exchange": ("account_id", "amount", "to_account_id", "to_amount", "fee_amount"),
    "journal": (),
    "adjustment": ("account_id",),
}


def as_input(name: str, document: Document) -> Document:
    body = whole(document, *KEPT[name])
    if name == "split":
        body["splits"] = [{key: part[key] for key in ("amount", "category_id", "memo")} for part in document["splits"]]
    if name == "journal":
        keys = ("account_id", "role", "amount", "category_id", "memo")
        body["postings"] = [{key: line[key] for key in keys} for line in document["postings"]]
    if name == "adjustment":
        body["balance"] = "9"
    return body


MONEY: dict[str, list[Document]] = {
    "expense": [
        {"amount": "11"},
        {"account_id": "other"},
        {"type": "income"},
        {"type": "transfer", "to_account_id": "other"},
        {"type": "adjustment", "balance": "77"},
        {"category_id": None, "amount": "11", "splits": [{"amount": "5"}, {"amount": "6"}]},
    ],
    "split": [
        {"amount": "11", "splits": [{"line": 0, "amount": "5"}]},
        {"amount": "4", "splits": [{"line": 1, "remove": True}]},
    ],
    "income": [{"amount": "2.99"}, {"type": "expense"}],
    "transfer": [{"amount": "6"}, {"to_account_id": "dollars", "to_amount": "5"}, {"fee_amount": "1"}],
    "exchange": [{"to_amount": "7"}, {"fee_amount": None}, {"fee_amount": "2"}, {"amount": "6"}],
    "journal": [
        {"postings": [{"line": 0, "amount": "6"}]},
        {"postings": [{"line": 1, "account_id": "other"}]},
        {"postings": [{"line": 1, "remove": True}]},
        {"postings": [{"account_id": "other", "role": "equity", "amount": "1"}]},
    ],
    "adjustment": [{"balance": "10"}, {"account_id": "other", "balance": "10"}],
}


@pytest.mark.parametrize("name", KEPT)
async def test_no_edit_changes_its_money_its_date_or_its_status(
    kim: Person, book: dict[str, str], unchanged: Unchanged, name: str
) -> None:
    path = f"/transactions/{book[name]}"
    present = await kim.read(path)
    async with unchanged(kim):
        for status in ("cleared", "pending", None):
            problem(await kim.http.patch(path, json={"status": status}), 409, "sealed")
        for day in ("2026-01-14", "2025-12-31"):
            problem(await kim.http.patch(path, json={"date": day}), 409, "sealed")
        for change in MONEY[name]:
            answer = await kim.http.patch(path, json=filled(change, book))
            assert problem(answer, 409, "sealed")["transaction_id"] == book[name], change
        body = as_input(name, present)
        for key, value in (("date", "2026-01-13"), ("status", "cleared"), ("status", "pending")):
            problem(await kim.http.put(path, json={**body, key: value}), 409, "sealed")
        without = {key: value for key, value in body.items() if key != "status"}
        problem(await kim.http.put(path, json=without), 409, "sealed")
        problem(await kim.http.delete(path), 409, "sealed")


def filled(body: Any, book: dict[str, str]) -> Any:
    """The change with names replaced by the ids they stand for; the words of the contract are no names of rows."""
    if isinstance(body, dict):
        return {key: value if key in {"type", "role"} else filled(value, book) for key, value in body.items()}
    if isinstance(body, list):
        return [filled(item, book) for item in body]
    return book.get(body, body) if isinstance(body, str) else body


@pytest.mark.parametrize("name", KEPT)
async def test_what_is_no_money_stays_free(kim: Person, book: dict[str, str], name: str) -> None:
    path = f"/transactions/{book[name]}"
    present = await kim.read(path)
    free = {"notes": "n", "payee": "P", "description": "d", "tags": ["t"], "external_id": f"free-{name}"}
    changed = expect(await kim.http.patch(path, json=free), 200)
    assert {key: changed[key] for key in free} == free
    assert (changed["status"], changed["reconciliation_id"]) == ("reconciled", present["reconciliation_id"])
    put = expect(await kim.http.put(path, json=as_input(name, changed)), 200)
    assert {**put, "revision": 0, "updated_at": 0} == {**changed, "revision": 0, "updated_at": 0}
    journal = expect(await kim.http.patch(path, json={"type": "journal"}), 200)
    assert (journal["postings"], journal["status"]) == (present["postings"], "reconciled")


async def test_what_it_was_for_stays_free(kim: Person, book: dict[str, str]) -> None:
    """Categories, and parts within the same sum on the account."""
    food, home = book["food"], book["home"]
    changes: list[tuple[str, Document]] = [
        ("expense", {"category_id": home}),
        ("expense", {"category_id": None, "splits": [{"amount": "12", "category_id": food}, {"amount": "-2"}]}),
        ("expense", {"splits": None, "category_id": food}),
        ("split", {"splits": [{"line": 0, "amount": "7"}, {"line": 1, "amount": "3", "category_id": home}]}),
        ("exchange", {"fee_category_id": home}),
        ("journal", {"postings": [{"line": 0, "amount": "2.50"}, {"line": 1, "amount": "0.50"}]}),
        ("income", {"category_id": home, "refund_of_id": book["expense"]}),
    ]
    for name, change in changes:
        changed = expect(await kim.http.patch(f"/transactions/{book[name]}", json=change), 200)
        assert changed["status"] == "reconciled"
    expect(await kim.http.delete(f"/categories/{home}", params={"reassign_to": food}), 204)
    assert await kim.balance({"id": book["account"]}) == "9.00"


async def test_its_account_is_not_handed_over(kim: Person, book: dict[str, str], unchanged: Unchanged) -> None:
    """Neither the account whose statement sealed it nor the one on the other side of a transfer."""
    heir = await kim.account("Heir")
    async with unchanged(kim):
        for name in ("account", "other"):
            answer = await kim.http.delete(f"/accounts/{book[name]}", params={"reassign_to": heir["id"]})
            problem(answer, 409, "sealed")


async def test_an_import_with_a_sealed_row_is_not_undone(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    done = await bring_in(kim, account, statement("2026-01-20,Bakery,Rolls,-4.50", "2026-02-20,Bakery,Rolls,-5.00"))
    body = {"statement_date": "2026-01-31", "statement_balance": "-4.50"}
    expect(await kim.http.post(f"/accounts/{account['id']}/reconcile", json=body), 201)
    async with unchanged(kim):
        problem(await kim.http.post(f"/imports/{done['id']}/undo", json={"force": True}), 409, "sealed")
    (sealed,) = await listed(kim, status="reconciled")
    expect(await kim.http.post(f"/transactions/{sealed['id']}/unseal", json={"reason": "Twice"}), 200)
    assert (await undo(kim, done, force=True))["status"] == "undone"


async def test_one_can_be_sealed_by_hand(kim: Person, unchanged: Unchanged) -> None:
    """Without a statement: it is as closed as the others, and opens the same way."""
    account = await kim.account()
    made = await kim.add(account_id=account["id"], status="reconciled")
    other = await kim.add(account_id=account["id"])
    changed = expect(await kim.http.patch(f"/transactions/{other['id']}", json={"status": "reconciled"}), 200)
    for row in (made, changed):
        assert (row["status"], row["reconciliation_id"]) == ("reconciled", None)
        async with unchanged(kim):
            problem(await kim.http.patch(f"/transactions/{row['id']}", json={"amount": "1"}), 409, "sealed")
        expect(await kim.http.post(f"/transactions/{row['id']}/unseal", json={"reason": "R"}), 200)
        expect(await kim.http.delete(f"/transactions/{row['id']}"), 204)

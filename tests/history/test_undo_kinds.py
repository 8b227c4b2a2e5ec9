"""Every kind of change is undone, and the undo is undone, and each time the book is exactly what it was."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from httpx import Response

from tests.attachments.files import attach, content, png, try_attach
from tests.history.following import revision, same, state, undo, undo_last
from tests.imports.uploads import bring_in, statement, try_commit, upload, with_ids
from tests.people import Person, expect

Document = dict[str, Any]
Change = Callable[[Person, Document], Awaitable[Response]]

DAY = "2026-01-20"


@pytest.fixture
async def world(kim: Person) -> Document:
    """A book in which everything hangs together."""
    main = await kim.account("Main", opening_balance="1000.00", opening_date="2026-01-01", institution="Bank")
    other = await kim.account("Other", opening_balance="50.00", opening_date="2026-01-02")
    dollars = await kim.account("Dollars", currency="USD")
    empty = await kim.account("Empty", opening_balance="-3.00", opening_date="2026-01-03")
    food, drink = await kim.category("Groceries X"), await kim.category("Drinks X")
    milk = await kim.category("Milk", parent_id=food["id"])
    wages = await kim.category("Wages X", kind="income")
    spent = await kim.add(account_id=main["id"], category_id=food["id"], payee="Shop", tags=["a", "b"], notes="n")
    split = await kim.add(
        account_id=main["id"],
        amount="30.00",
        splits=[
            {"amount": "10.00", "category_id": food["id"], "memo": "one"},
            {"amount": "15.00", "category_id": drink["id"]},
            {"amount": "5.00"},
        ],
        payee="Shop",
        tags=["b", "c"],
    )
    moved = await kim.add(
        type="transfer",
        account_id=main["id"],
        to_account_id=dollars["id"],
        amount="20.00",
        to_amount="23.00",
        fee_amount="1.00",
        fee_category_id=food["id"],
    )
    refund = await kim.add(type="income", account_id=main["id"], amount="2.00", refund_of_id=spent["id"])
    journal = await made(
        kim,
        type="journal",
        postings=[
            {"account_id": main["id"], "role": "flow", "amount": "100.00", "category_id": wages["id"]},
            {"account_id": other["id"], "role": "flow", "amount": "-7.00", "category_id": food["id"], "memo": "t"},
        ],
    )
    adjusted = await made(kim, type="adjustment", account_id=other["id"], balance="44.00")
    shop = await kim.read(f"/payees/{spent['payee_id']}")
    expect(
        await kim.http.patch(f"/payees/{shop['id']}", json={"aliases": ["SHOP 42"], "default_category_id": food["id"]}),
        200,
    )
    imported = await bring_in(
        kim,
        main,
        with_ids("2026-01-05,SHOP 42,x,-4.00,id1", "2026-01-06,Kiosk,y,-6.00,id2", "2026-01-07,,z,9.00,id3"),
    )
    preview = await upload(kim, other, statement("2026-01-08,Bakery,bread,-5.00", "2026-01-09,Bakery,roll,-1.00"))
    receipt = await attach(kim, spent, png("receipt"))
    tags = {item["name"]: item["id"] for item in (await kim.read("/tags"))["items"]}
    return {
        "main": main,
        "other": other,
        "dollars": dollars,
        "empty": empty,
        "food": food,
        "drink": drink,
        "milk": milk,
        "spent": spent,
        "split": split,
        "moved": moved,
        "refund": refund,
        "journal": journal,
        "adjusted": adjusted,
        "shop": shop,
        "imported": imported,
        "preview": preview,
        "receipt": receipt,
        "tags": tags,
    }


def posting(kim: Person, body: Document) -> Awaitable[Response]:
    return kim.http.post("/transactions", json={"date": DAY, **body})


async def made(kim: Person, **body: Any) -> Document:
    """For the types without an amount, which `Person.add` would name."""
    return dict(expect(await posting(kim, body), 201))


def patching(path: str, body: Document) -> Change:
    return lambda kim, w: kim.http.patch(path.format(**ids(w)), json=body)


def deleting(path: str, **params: str) -> Change:
    return lambda kim, w: kim.http.delete(
        path.format(**ids(w)), params={name: value.format(**ids(w)) for name, value in params.items()}
    )


def ids(w: Document) -> dict[str, str]:
    return {name: row["id"] for name, row in w.items() if name != "tags"} | {
        f"tag_{name}": row_id for name, row_id in w["tags"].items()
    }


async def _bulk(kim: Person, w: Document) -> Response:
    operations = [
        {
            "op": "create",
            "transaction": {
                "type": "expense",
                "date": DAY,
                "amount": "1.10",
                "account_id": w["main"]["id"],
                "payee": "New in bulk",
                "tags": ["new in bulk", "a"],
            },
        },
        {"op": "patch", "id": w["split"]["id"], "changes": {"tags": [], "payee": "Another new", "notes": "changed"}},
        {"op": "patch", "id": w["moved"]["id"], "changes": {"amount": "21.00", "to_amount": "24.00"}},
        {"op": "delete", "id": w["refund"]["id"]},
        {"op": "delete", "id": w["spent"]["id"]},
    ]
    return await kim.http.post("/transactions/bulk", json={"operations": operations})


async def _reconcile(kim: Person, w: Document) -> Response:
    """With an adjustment, which is made and sealed in the same revision."""
    body = {"statement_date": "2026-01-31", "statement_balance": "999.00", "adjust": True}
    return await kim.http.post(f"/accounts/{w['main']['id']}/reconcile", json=body)


async def _reconcile_exactly(kim: Person, w: Document) -> Response:
    body = {"statement_date": "2026-01-31", "statement_balance": "44.00"}
    return await kim.http.post(f"/accounts/{w['other']['id']}/reconcile", json=body)


async def _force_undo_of_import(kim: Person, w: Document) -> Response:
    rows = (await kim.read("/transactions", import_id=w["imported"]["id"]))["items"]
    for row in rows[:2]:
        changed = {"payee": "Edited payee", "tags": ["edited"], "amount": "8.88"}
        expect(await kim.http.patch(f"/transactions/{row['id']}", json=changed), 200)
    await attach(kim, rows[0], png("of an imported one"))
    return await kim.http.post(f"/imports/{w['imported']['id']}/undo", json={"force": True})


async def _unseal(kim: Person, w: Document) -> Response:
    expect(await _reconcile(kim, w), 201)
    return await kim.http.post(f"/transactions/{w['spent']['id']}/unseal", json={"reason": "wrong"})


async def _note_on_sealed(kim: Person, w: Document) -> Response:
    expect(await _reconcile(kim, w), 201)
    return await kim.http.patch(f"/transactions/{w['spent']['id']}", json={"notes": "sealed", "tags": ["late"]})


async def _skip_suspects(kim: Person, w: Document) -> Response:
    return await try_commit(kim, w["preview"], skip=[2])


CHANGES: dict[str, Change] = {
    "create expense": lambda kim, w: posting(
        kim,
        {
            "type": "expense",
            "amount": "12.00",
            "account_id": w["main"]["id"],
            "payee": "Brand new",
            "tags": ["brand new", "a"],
            "external_id": "e1",
            "original_amount": "13.00",
            "original_currency": "USD",
        },
    ),
    "create split income": lambda kim, w: posting(
        kim,
        {
            "type": "income",
            "amount": "12.00",
            "account_id": w["dollars"]["id"],
            "splits": [{"amount": "20.00", "memo": "up"}, {"amount": "-8.00", "category_id": w["food"]["id"]}],
        },
    ),
    "create transfer": lambda kim, w: posting(
        kim,
        {
            "type": "transfer",
            "amount": "12.00",
            "account_id": w["main"]["id"],
            "to_account_id": w["other"]["id"],
            "fee_amount": "0.10",
        },
    ),
    "create journal": lambda kim, w: posting(
        kim,
        {
            "type": "journal",
            "postings": [
                {"account_id": w["main"]["id"], "role": "transfer", "amount": "-5.00"},
                {"account_id": w["other"]["id"], "role": "transfer", "amount": "5.00"},
                {"account_id": w["other"]["id"], "role": "equity", "amount": "1.00"},
            ],
        },
    ),
    "create adjustment": lambda kim, w: posting(
        kim, {"type": "adjustment", "account_id": w["dollars"]["id"], "balance": "1.00"}
    ),
    "create refund": lambda kim, w: posting(
        kim, {"type": "income", "amount": "1.00", "account_id": w["main"]["id"], "refund_of_id": w["spent"]["id"]}
    ),
    "put another type": lambda kim, w: kim.http.put(
        f"/transactions/{w['split']['id']}",
        json={
            "type": "transfer",
            "date": "2026-02-03",
            "amount": "7.00",
            "account_id": w["other"]["id"],
            "to_account_id": w["main"]["id"],
        },
    ),
    "patch expense": patching(
        "/transactions/{spent}", {"amount": "11.11", "payee": "Elsewhere", "tags": ["z"], "date": "2026-02-01"}
    ),
    "patch part of a split": patching("/transactions/{split}", {"splits": [{"line": 1, "memo": "two"}]}),
    "patch transfer": patching("/transactions/{moved}", {"fee_amount": None, "to_amount": "1.00"}),
    "patch journal": patching("/transactions/{journal}", {"postings": [{"line": 1, "remove": True}]}),
    "patch adjustment": patching("/transactions/{adjusted}", {"balance": "0.00"}),
    "patch refund": patching("/transactions/{refund}", {"refund_of_id": None, "status": "pending"}),
    "delete refund": deleting("/transactions/{refund}"),
    "delete split": deleting("/transactions/{split}"),
    "delete transfer": deleting("/transactions/{moved}"),
    "delete journal": deleting("/transactions/{journal}"),
    "delete adjustment": deleting("/transactions/{adjusted}"),
    "create account": lambda kim, w: kim.http.post(
        "/accounts",
        json={
            "name": "Fifth",
            "type": "savings",
            "currency": "JPY",
            "opening_balance": "500",
            "opening_date": "2026-01-10",
            "notes": "n",
        },
    ),
    "put account": lambda kim, w: kim.http.put(
        f"/accounts/{w['main']['id']}", json={"name": "Renamed", "type": "savings", "opening_balance": "1.00"}
    ),
    "patch opening date": patching("/accounts/{main}", {"opening_date": "2026-01-04", "sort": 5}),
    "patch opening away": patching("/accounts/{other}", {"opening_balance": None}),
    "archive account": patching("/accounts/{other}", {"archived": True}),
    "delete account": deleting("/accounts/{empty}"),
    "delete account with an heir": deleting("/accounts/{other}", reassign_to="{empty}"),
    "delete account with imports and an heir": deleting("/accounts/{main}", reassign_to="{other}"),
    "create category": lambda kim, w: kim.http.post(
        "/categories", json={"name": "Tea", "kind": "expense", "parent_id": w["drink"]["id"]}
    ),
    "put category": lambda kim, w: kim.http.put(
        f"/categories/{w['food']['id']}", json={"name": "Food!", "color": "#112233", "icon": "x", "archived": True}
    ),
    "move category": lambda kim, w: kim.http.post(
        f"/categories/{w['food']['id']}/move", json={"parent_id": w["drink"]["id"]}
    ),
    "delete category": deleting("/categories/{milk}"),
    "delete category with an heir": deleting("/categories/{food}", reassign_to="{drink}"),
    "create payee": lambda kim, w: kim.http.post(
        "/payees", json={"name": "P", "aliases": ["P 1"], "default_category_id": w["food"]["id"]}
    ),
    "rename payee": patching("/payees/{shop}", {"name": "Shop & Co"}),
    "rename payee without an alias": patching("/payees/{shop}", {"name": "Shop & Co", "keep_alias": False}),
    "change aliases and default": patching(
        "/payees/{shop}", {"aliases": ["shop 42", "S"], "default_category_id": None}
    ),
    "tag renamed": patching("/tags/{tag_a}", {"name": "aa"}),
    "tag merged": lambda kim, w: kim.http.post(f"/tags/{w['tags']['a']}/merge", json={"tag_ids": [w["tags"]["b"]]}),
    "tag deleted": deleting("/tags/{tag_b}", force="true"),
    "reconcile with an adjustment": _reconcile,
    "reconcile": _reconcile_exactly,
    "unseal": _unseal,
    "note on a sealed one": _note_on_sealed,
    "lock": lambda kim, w: kim.http.put(f"/books/{kim.book_id}/lock", json={"locked_until": "2025-12-31"}),
    "rename book": lambda kim, w: kim.http.patch(f"/books/{kim.book_id}", json={"name": "Ours"}),
    "attach": lambda kim, w: try_attach(kim, w["split"], png("another")),
    "detach": deleting("/attachments/{receipt}"),
    "commit": lambda kim, w: try_commit(kim, w["preview"]),
    "commit and skip": _skip_suspects,
    "undo import": lambda kim, w: kim.http.post(f"/imports/{w['imported']['id']}/undo", json={}),
    "undo import by force": _force_undo_of_import,
    "bulk": _bulk,
    "recategorise": lambda kim, w: kim.http.post(
        "/transactions/recategorise",
        json={"filter": {"date_from": "2026-01-01"}, "category_id": w["drink"]["id"]},
    ),
    "recategorise parts": lambda kim, w: kim.http.post(
        "/transactions/recategorise", json={"filter": {"category_id": [w["food"]["id"]]}, "category_id": None}
    ),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_a_change_is_undone_and_done_again_exactly(kim: Person, world: Document, name: str) -> None:
    prepared = name in {"unseal", "note on a sealed one", "undo import by force"}
    before = await state(kim)
    answer = await CHANGES[name](kim, world)
    assert answer.is_success, answer.text
    after, done = await state(kim), await revision(kim)
    assert after != before

    await undo(kim, done)
    if prepared:
        before = await state(kim)
    else:
        same(await state(kim), before)
    await kim.check_integrity()
    await undo(kim, done + 1)
    same(await state(kim), after)
    await kim.check_integrity()
    await undo(kim, done + 2)
    same(await state(kim), before)


async def test_merging_payees_is_undone_exactly(kim: Person, world: Document) -> None:
    kiosk = next(item for item in (await kim.read("/payees"))["items"] if item["name"] == "Kiosk")
    before = await state(kim)
    expect(await kim.http.post(f"/payees/{kiosk['id']}/merge", json={"payee_ids": [world["shop"]["id"]]}), 200)
    after = await state(kim)
    same_again = [before, after, before]
    for wanted in same_again:
        await undo_last(kim)
        same(await state(kim), wanted)


async def test_deleting_a_payee_for_another_is_undone_exactly(kim: Person, world: Document) -> None:
    kiosk = next(item for item in (await kim.read("/payees"))["items"] if item["name"] == "Kiosk")
    before = await state(kim)
    answer = await kim.http.delete(f"/payees/{world['shop']['id']}", params={"reassign_to": kiosk["id"]})
    expect(answer, 204)
    after = await state(kim)
    for wanted in (before, after, before):
        await undo_last(kim)
        same(await state(kim), wanted)


async def test_the_first_account_takes_the_base_currency_back_with_it(kim: Person) -> None:
    before = await state(kim)
    await kim.account(currency="JPY", opening_balance="500", opening_date="2026-01-01")
    after = await state(kim)
    assert after["book"]["base_currency"] == "JPY"
    await undo_last(kim)
    same(await state(kim), before)
    await undo_last(kim)
    same(await state(kim), after)


async def test_what_was_undone_can_be_opened_in_another_currency(kim: Person) -> None:
    await kim.account(currency="JPY")
    await undo_last(kim)
    await kim.account(currency="USD", opening_balance="5.00", opening_date="2026-01-01")
    assert (await kim.read(f"/books/{kim.book_id}"))["base_currency"] == "USD"
    report = await kim.read("/reports/monthly", year=2026, month=1)
    assert report["currency"] == "USD"


async def test_a_receipt_comes_back_with_its_content(kim: Person, world: Document) -> None:
    expect(await kim.http.delete(f"/transactions/{world['refund']['id']}"), 204)
    expect(await kim.http.delete(f"/transactions/{world['spent']['id']}"), 204)
    expect(await kim.get(f"/attachments/{world['receipt']['id']}"), 404)
    await undo_last(kim)
    answer = await content(kim, world["receipt"])
    assert (answer.status_code, answer.content) == (200, png("receipt"))


async def test_an_import_is_undone_by_its_id_and_committed_again(kim: Person, world: Document) -> None:
    before = await state(kim)
    expect(await try_commit(kim, world["preview"], skip=[1]), 200)
    done = expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"import_id": world["preview"]["id"]}), 200)
    assert {"entity": "import", "action": "committed", "count": 1} in done["changes"]
    same(await state(kim), before)
    again = expect(await try_commit(kim, world["preview"]), 200)
    assert (again["created"], again["skipped"]) == (2, 0)


async def test_a_preview_on_an_account_that_came_back_is_posted_to_it(kim: Person, world: Document) -> None:
    """Its rows had gone to the heir, and follow the account back."""
    expect(
        await kim.http.delete(f"/accounts/{world['other']['id']}", params={"reassign_to": world["empty"]["id"]}), 204
    )
    await undo_last(kim)
    expect(await try_commit(kim, world["preview"]), 200)
    posted = (await kim.read("/transactions", import_id=world["preview"]["id"]))["items"]
    assert {item["account_id"] for item in posted} == {world["other"]["id"]}


async def test_the_order_of_undos_is_free_where_changes_do_not_meet(kim: Person, world: Document) -> None:
    before = await state(kim)
    numbers = []
    for name in ("create transfer", "patch expense", "create category", "create payee", "attach", "rename book"):
        assert (await CHANGES[name](kim, world)).is_success
        numbers.append(await revision(kim))
    for number in (numbers[2], numbers[0], numbers[5], numbers[1], numbers[4], numbers[3]):
        await undo(kim, number)
    same(await state(kim), before)

"""What is not undone: what changed since, what is used since, what the log cannot bring back, what is closed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text

from app.core.database import Database
from tests.attachments.files import attach, png
from tests.conftest import Unchanged
from tests.history.following import join, offenders, revision, same, state, try_undo, undo, undo_last
from tests.imports.uploads import bring_in, commit, statement, upload, with_ids
from tests.names import lock, payee, tag
from tests.people import Person, expect, fields, problem

Document = dict[str, Any]
UNKNOWN = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"


async def refused(kim: Person, unchanged: Unchanged, number: int, code: str = "later_changes") -> Any:
    """The answer, which changed nothing."""
    async with unchanged(kim):
        answer = await try_undo(kim, number)
        problem(answer, 409, code)
    return answer


async def test_what_was_edited_since_is_named_until_the_edit_is_undone(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    before = await state(kim)
    made = await kim.add(account_id=account["id"])
    number = await revision(kim)
    expect(await kim.http.patch(f"/transactions/{made['id']}", json={"notes": "since"}), 200)
    assert offenders(await refused(kim, unchanged, number)) == {("transaction", made["id"])}
    await undo_last(kim)
    await undo(kim, number)
    same(await state(kim), before)


async def test_what_was_deleted_since_is_named_until_it_is_back(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    made = await kim.add(account_id=account["id"])
    before = await state(kim)
    expect(await kim.http.patch(f"/transactions/{made['id']}", json={"amount": "1.00"}), 200)
    number = await revision(kim)
    expect(await kim.http.delete(f"/transactions/{made['id']}"), 204)
    assert offenders(await refused(kim, unchanged, number)) == {("transaction", made["id"])}
    await undo_last(kim)
    await undo(kim, number)
    same(await state(kim), before)


@pytest.mark.parametrize(
    ("path", "body", "change"),
    [
        ("/accounts", {"name": "A", "type": "cash", "currency": "EUR"}, {"name": "B"}),
        ("/categories", {"name": "A", "kind": "expense"}, {"color": "#aabbcc"}),
        ("/payees", {"name": "A"}, {"name": "B"}),
        ("/tags", {"name": "A"}, {"name": "B"}),
    ],
)
async def test_a_row_of_any_kind_that_was_changed_since_is_named(
    kim: Person, unchanged: Unchanged, path: str, body: Document, change: Document
) -> None:
    await kim.account()
    made = expect(await kim.http.post(path, json=body), 201)
    number = await revision(kim)
    expect(await kim.http.patch(f"{path}/{made['id']}", json=change), 200)
    answer = await refused(kim, unchanged, number)
    assert made["id"] in {row_id for _, row_id in offenders(answer)}
    await undo_last(kim)
    await undo(kim, number)
    expect(await kim.get(f"{path}/{made['id']}"), 404)


async def test_an_account_with_transactions_since_stays(kim: Person, unchanged: Unchanged) -> None:
    await kim.account()
    account = await kim.account("Second", opening_balance="5.00", opening_date="2026-01-01")
    number = await revision(kim)
    made = await kim.add(account_id=account["id"])
    assert offenders(await refused(kim, unchanged, number)) == {("transaction", made["id"])}
    expect(await kim.http.delete(f"/transactions/{made['id']}"), 204)
    await undo(kim, number)


async def test_an_account_with_a_statement_since_stays(kim: Person, unchanged: Unchanged) -> None:
    await kim.account()
    account = await kim.account("Second")
    number = await revision(kim)
    body = {"statement_date": "2026-01-31", "statement_balance": "0.00"}
    done = expect(await kim.http.post(f"/accounts/{account['id']}/reconcile", json=body), 201)
    assert offenders(await refused(kim, unchanged, number)) == {("reconciliation", done["id"])}


async def test_a_category_in_use_since_stays(kim: Person, unchanged: Unchanged) -> None:
    account, food = await kim.account(), await kim.category("Fresh")
    number = await revision(kim)
    made = await kim.add(account_id=account["id"], category_id=food["id"])
    child = await kim.category("Fresher", parent_id=food["id"])
    liking = await payee(kim, "Farm", default_category_id=food["id"])
    assert offenders(await refused(kim, unchanged, number)) == {
        ("transaction", made["id"]),
        ("category", child["id"]),
        ("payee", liking["id"]),
    }


async def test_a_payee_and_a_tag_in_use_since_stay(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    await payee(kim, "P")
    of_payee = await revision(kim)
    await tag(kim, "t")
    of_tag = await revision(kim)
    made = await kim.add(account_id=account["id"], payee="P", tags=["t"])
    for number in (of_payee, of_tag):
        assert offenders(await refused(kim, unchanged, number)) == {("transaction", made["id"])}
    await undo_last(kim)
    await undo(kim, of_tag)
    await undo(kim, of_payee)


async def test_what_came_along_and_is_used_since_stays(kim: Person) -> None:
    account = await kim.account()
    first = await kim.add(account_id=account["id"], payee="Shared", tags=["shared", "alone"])
    number = await revision(kim)
    second = await kim.add(account_id=account["id"], payee="shared", tags=["SHARED"])
    await undo(kim, number)
    assert [item["id"] for item in (await kim.read("/payees"))["items"]] == [first["payee_id"]]
    assert [item["name"] for item in (await kim.read("/tags"))["items"]] == ["shared"]
    await undo_last(kim)
    assert (await kim.read(f"/transactions/{first['id']}"))["payee_id"] == second["payee_id"]
    assert (await kim.read(f"/transactions/{first['id']}"))["tags"] == ["alone", "shared"]


async def test_a_payee_that_an_undo_brought_back_is_no_by_product(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    old, heir = await payee(kim, "Old"), await payee(kim, "Heir")
    await kim.add(account_id=account["id"], payee="Old")
    expect(await kim.http.delete(f"/payees/{old['id']}", params={"reassign_to": heir["id"]}), 204)
    await undo_last(kim)
    number = await revision(kim)
    since = await kim.add(account_id=account["id"], payee="Old")
    assert offenders(await refused(kim, unchanged, number)) == {("transaction", since["id"])}


async def test_an_external_id_taken_since_is_named(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    made = await kim.add(account_id=account["id"], external_id="x")
    expect(await kim.http.delete(f"/transactions/{made['id']}"), 204)
    number = await revision(kim)
    other = await kim.add(account_id=account["id"], external_id="x")
    assert offenders(await refused(kim, unchanged, number)) == {("transaction", other["id"])}
    await undo_last(kim)
    await undo(kim, number)


async def test_an_external_id_taken_on_the_account_that_comes_back_is_no_matter(kim: Person) -> None:
    first, heir = await kim.account(), await kim.account("Heir")
    await kim.add(account_id=first["id"], external_id="x")
    expect(await kim.http.delete(f"/accounts/{first['id']}", params={"reassign_to": heir["id"]}), 204)
    await undo_last(kim)
    await kim.add(account_id=heir["id"], external_id="x")
    answer = await try_undo(kim, await revision(kim) - 1)
    problem(answer, 409, "later_changes")


async def test_an_id_that_somebody_gave_another_transaction_is_named(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    made = await kim.add(account_id=account["id"])
    expect(await kim.http.delete(f"/transactions/{made['id']}"), 204)
    number = await revision(kim)
    await kim.add(id=made["id"], account_id=account["id"], amount="77.00")
    assert offenders(await refused(kim, unchanged, number)) == {("transaction", made["id"])}


async def test_a_name_taken_since_is_named(kim: Person, unchanged: Unchanged) -> None:
    food = await kim.category("Provisions")
    expect(await kim.http.patch(f"/categories/{food['id']}", json={"name": "Victuals"}), 200)
    renamed = await revision(kim)
    other = await kim.category("provisions")
    assert offenders(await refused(kim, unchanged, renamed)) == {("category", other["id"])}

    known = await tag(kim, "t")
    expect(await kim.http.delete(f"/tags/{known['id']}"), 204)
    deleted = await revision(kim)
    other = await tag(kim, "T")
    assert offenders(await refused(kim, unchanged, deleted)) == {("tag", other["id"])}

    shop = await payee(kim, "Shop", aliases=["S"])
    expect(await kim.http.delete(f"/payees/{shop['id']}"), 204)
    deleted = await revision(kim)
    other = await payee(kim, "Other", aliases=["s"])
    assert offenders(await refused(kim, unchanged, deleted)) == {("payee", other["id"])}
    expect(await kim.http.patch(f"/payees/{other['id']}", json={"aliases": []}), 200)
    await undo(kim, deleted)


async def test_a_purchase_refunded_since_stays(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    bought = await kim.add(account_id=account["id"])
    number = await revision(kim)
    refund = await kim.add(type="income", account_id=account["id"], refund_of_id=bought["id"])
    assert offenders(await refused(kim, unchanged, number)) == {("transaction", refund["id"])}


async def test_a_purchase_that_was_none_before_keeps_its_refund(kim: Person, unchanged: Unchanged) -> None:
    account, other = await kim.account(), await kim.account("Other")
    moved = await kim.add(type="transfer", account_id=account["id"], to_account_id=other["id"])
    body = {"type": "expense", "date": "2026-01-15", "amount": "10.00", "account_id": account["id"]}
    expect(await kim.http.put(f"/transactions/{moved['id']}", json=body), 200)
    number = await revision(kim)
    refund = await kim.add(type="income", account_id=account["id"], refund_of_id=moved["id"])
    assert offenders(await refused(kim, unchanged, number)) == {("transaction", refund["id"])}


async def test_a_transaction_with_a_receipt_since_stays(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    made = await kim.add(account_id=account["id"])
    number = await revision(kim)
    await attach(kim, made, png("since"))
    assert offenders(await refused(kim, unchanged, number)) == {("transaction", made["id"])}
    await undo_last(kim)
    await undo(kim, number)


async def test_a_receipt_attached_again_since_is_named(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    made = await kim.add(account_id=account["id"])
    first = await attach(kim, made, png("same"))
    expect(await kim.http.delete(f"/attachments/{first['id']}"), 204)
    number = await revision(kim)
    second = await attach(kim, made, png("same"))
    assert offenders(await refused(kim, unchanged, number)) == {("attachment", second["id"])}


async def test_a_receipt_whose_file_is_gone_for_good_does_not_come_back(
    kim: Person, unchanged: Unchanged, owner_database: Database
) -> None:
    account = await kim.account()
    made = await kim.add(account_id=account["id"])
    receipt = await attach(kim, made, png("old"))
    expect(await kim.http.delete(f"/attachments/{receipt['id']}"), 204)
    async with owner_database.begin() as connection:
        await connection.execute(text("DELETE FROM files WHERE book_id = :book"), {"book": kim.book_id})
    await refused(kim, unchanged, await revision(kim), "not_undoable")


async def test_a_move_that_a_later_move_makes_a_cycle_is_refused(kim: Person, unchanged: Unchanged) -> None:
    top, low = await kim.category("Top"), await kim.category("Low")
    expect(await kim.http.post(f"/categories/{low['id']}/move", json={"parent_id": top["id"]}), 200)
    expect(await kim.http.post(f"/categories/{low['id']}/move", json={"parent_id": None}), 200)
    number = await revision(kim)
    expect(await kim.http.post(f"/categories/{top['id']}/move", json={"parent_id": low["id"]}), 200)
    answer = await refused(kim, unchanged, number)
    assert offenders(answer) == {("category", top["id"]), ("category", low["id"])}
    await undo_last(kim)
    await undo(kim, number)


async def test_the_base_currency_stays_where_accounts_count_in_it(kim: Person, unchanged: Unchanged) -> None:
    expect(await kim.http.patch(f"/books/{kim.book_id}", json={"base_currency": "USD"}), 200)
    chosen = await revision(kim)
    account = await kim.account(currency="USD", opening_balance="5.00", opening_date="2026-01-01")
    opened = await revision(kim)
    assert offenders(await refused(kim, unchanged, chosen)) == {("account", account["id"])}
    await undo(kim, opened)
    await undo(kim, chosen)
    assert (await kim.read(f"/books/{kim.book_id}"))["base_currency"] == "EUR"


async def test_the_first_account_stays_where_others_count_in_its_currency(kim: Person, unchanged: Unchanged) -> None:
    await kim.account()
    number = await revision(kim)
    other = await kim.account("Other")
    assert offenders(await refused(kim, unchanged, number)) == {("account", other["id"])}


async def test_a_new_name_of_the_book_is_undone_after_the_currency_was_adopted(kim: Person) -> None:
    before = await kim.read(f"/books/{kim.book_id}")
    expect(await kim.http.patch(f"/books/{kim.book_id}", json={"name": "Ours"}), 200)
    number = await revision(kim)
    await kim.account(currency="JPY")
    await undo(kim, number)
    after = await kim.read(f"/books/{kim.book_id}")
    assert (after["name"], after["base_currency"]) == (before["name"], "JPY")


# Imports


async def test_an_import_with_later_changes_is_undone_when_those_are(kim: Person, unchanged: Unchanged) -> None:
    """Changes of every kind, one over the other, then each undone; the load compares with what each left."""
    account, heir = await kim.account(), await kim.account("Heir")
    first, second = await kim.category("First"), await kim.category("Second")
    before = await state(kim)
    preview = await upload(kim, account, with_ids("2026-01-05,Shop,a,-4.00,1", "2026-01-06,Kiosk,b,-6.00,2"))
    previewed = await state(kim)
    await commit(kim, preview)
    number = await revision(kim)
    after = await state(kim)
    one, two = (await kim.read("/transactions", import_id=preview["id"]))["items"]
    steps: list[Callable[[], Awaitable[Any]]] = [
        lambda: kim.http.patch(f"/transactions/{one['id']}", json={"category_id": first["id"], "payee": "X"}),
        lambda: kim.http.delete(f"/categories/{first['id']}", params={"reassign_to": second["id"]}),
        lambda: kim.http.post(f"/payees/{two['payee_id']}/merge", json={"payee_ids": [one["payee_id"]]}),
        lambda: kim.http.patch(f"/transactions/{two['id']}", json={"tags": ["t", "u"], "payee": "Y"}),
        lambda: kim.http.delete(f"/accounts/{account['id']}", params={"reassign_to": heir["id"]}),
        lambda: kim.http.patch(f"/transactions/{two['id']}", json={"notes": "n"}),
        lambda: kim.http.post(
            f"/accounts/{heir['id']}/reconcile",
            json={"statement_date": "2026-01-31", "statement_balance": "-9.00", "adjust": True},
        ),
        lambda: kim.http.post(
            "/transactions/recategorise", json={"filter": {"uncategorised": True}, "category_id": second["id"]}
        ),
    ]
    numbers = []
    for step in steps:
        answer = await step()
        assert answer.is_success, answer.text
        numbers.append(await revision(kim))
        await refused(kim, unchanged, number)
    for done in reversed(numbers):
        await undo(kim, done)
    same(await state(kim), after)
    await undo(kim, number)
    same(await state(kim), previewed)
    assert previewed["balances"] == before["balances"]


@pytest.mark.parametrize("later", ["delete", "attach", "refund", "edit"])
async def test_an_import_with_a_later_change_stays(kim: Person, unchanged: Unchanged, later: str) -> None:
    account = await kim.account()
    done = await bring_in(kim, account, statement("2026-01-05,Shop,a,-4.00", "2026-01-06,Kiosk,b,-6.00"))
    number = await revision(kim)
    row = (await kim.read("/transactions", import_id=done["id"]))["items"][0]
    named = {("transaction", row["id"])}
    if later == "delete":
        expect(await kim.http.delete(f"/transactions/{row['id']}"), 204)
        named = {("import", done["id"])}
    elif later == "attach":
        await attach(kim, row, png("x"))
    elif later == "refund":
        made = await kim.add(type="income", account_id=account["id"], amount="1.00", refund_of_id=row["id"])
        named = {("transaction", made["id"])}
    else:
        expect(await kim.http.patch(f"/transactions/{row['id']}", json={"amount": "4.44"}), 200)
    assert offenders(await refused(kim, unchanged, number)) == named
    async with unchanged(kim):
        answer = await kim.http.post(f"/books/{kim.book_id}/undo", json={"import_id": done["id"]})
        problem(answer, 409, "later_changes")


async def test_a_discarded_preview_does_not_come_back_and_holds_nothing_up(kim: Person, unchanged: Unchanged) -> None:
    account, heir = await kim.account(), await kim.account("Heir")
    made = await kim.add(account_id=account["id"])
    preview = await upload(kim, account, statement("2026-01-05,Shop,a,-4.00"))
    expect(await kim.http.delete(f"/accounts/{account['id']}", params={"reassign_to": heir["id"]}), 204)
    number = await revision(kim)
    expect(await kim.http.delete(f"/imports/{preview['id']}"), 204)
    await refused(kim, unchanged, await revision(kim), "not_undoable")
    await undo(kim, number)
    assert (await kim.read(f"/transactions/{made['id']}"))["account_id"] == account["id"]


# What the log cannot bring back


REASSIGNED = f'{{"reassigned_to": "{UNKNOWN}"}}'
OLD = text(
    """
    WITH opened AS (UPDATE books SET revision = revision + 1 WHERE id = CAST(:book AS uuid) RETURNING id, revision)
    INSERT INTO events (book_id, revision, position, entity, entity_id, action, before, after)
    SELECT id, revision, 0, :entity, CAST(:id AS uuid), :action, CAST(:before AS jsonb), CAST(:after AS jsonb)
    FROM opened
    """
)


@pytest.mark.parametrize(
    ("entity", "action", "before", "after"),
    [
        ("transaction", "deleted", '{"type": "expense", "amount": "1.00", "tags": []}', None),
        ("transaction", "created", None, '{"type": "expense", "amount": "1.00", "tags": []}'),
        ("category", "deleted", '{"name": "C", "kind": "expense"}', REASSIGNED),
        ("account", "deleted", '{"name": "A", "currency": "EUR"}', REASSIGNED),
        ("import", "undone", '{"status": "committed"}', '{"status": "undone"}'),
        ("import", "discarded", '{"status": "previewed"}', None),
        ("book", "created", None, '{"name": "B"}'),
        ("something else", "updated", "{}", "{}"),
    ],
)
async def test_events_of_an_older_version_are_not_undone(
    kim: Person,
    unchanged: Unchanged,
    owner_database: Database,
    entity: str,
    action: str,
    before: str | None,
    after: str | None,
) -> None:
    async with owner_database.begin() as connection:
        parameters = {"book": kim.book_id, "entity": entity, "id": UNKNOWN, "action": action}
        await connection.execute(OLD, {**parameters, "before": before, "after": after})
    answer = await refused(kim, unchanged, await revision(kim), "not_undoable")
    assert (answer.json()["entity"], answer.json()["action"]) == (entity, action)


async def test_the_default_categories_are_not_undone(kim: Person, unchanged: Unchanged) -> None:
    """They came with the book."""
    first = (await kim.read(f"/books/{kim.book_id}/activity"))["items"][-1]["revision"]
    await refused(kim, unchanged, first, "not_undoable")


# Closed periods


async def _imported(kim: Person, w: Document) -> Document:
    return await bring_in(kim, w["account"], statement("2026-01-05,Shop,a,-4.00", "2026-02-05,Shop,a,-4.00"))


async def _import_undone(kim: Person, w: Document) -> None:
    done = await _imported(kim, w)
    expect(await kim.http.post(f"/imports/{done['id']}/undo", json={}), 200)


async def _detached(kim: Person, w: Document) -> None:
    receipt = await attach(kim, w["made"], png("detached"))
    expect(await kim.http.delete(f"/attachments/{receipt['id']}"), 204)


async def _reconciled(kim: Person, account: Document, balance: str) -> None:
    body = {"statement_date": "2026-01-31", "statement_balance": balance}
    expect(await kim.http.post(f"/accounts/{account['id']}/reconcile", json=body), 201)


IN_JANUARY: dict[str, Callable[[Person, Document], Awaitable[Any]]] = {
    "created": lambda kim, w: kim.add(account_id=w["account"]["id"], date="2026-01-31"),
    "updated": lambda kim, w: kim.http.patch(f"/transactions/{w['made']['id']}", json={"date": "2026-02-15"}),
    "deleted": lambda kim, w: kim.http.delete(f"/transactions/{w['made']['id']}"),
    "reassigned": lambda kim, w: kim.http.delete(
        f"/categories/{w['food']['id']}", params={"reassign_to": w["drink"]["id"]}
    ),
    "payee": lambda kim, w: kim.http.post(
        f"/payees/{w['other']['id']}/merge", json={"payee_ids": [w["made"]["payee_id"]]}
    ),
    "tags": lambda kim, w: kim.http.delete(f"/tags/{w['marker']['id']}", params={"force": True}),
    "sealed": lambda kim, w: _reconciled(kim, w["account"], "-10.00"),
    "statement": lambda kim, w: _reconciled(kim, w["empty"], "0.00"),
    "attached": lambda kim, w: attach(kim, w["made"], png("attached")),
    "detached": _detached,
    "imported": _imported,
    "import undone": _import_undone,
    "opening": lambda kim, _: kim.account("Opened", opening_balance="3.00", opening_date="2026-01-31"),
}


@pytest.mark.parametrize("path", IN_JANUARY)
async def test_nothing_in_a_closed_period_is_undone(
    kim: Person, unchanged: Unchanged, owner_database: Database, path: str
) -> None:
    w = {"account": await kim.account(), "food": await kim.category("Fd"), "drink": await kim.category("Dr")}
    w["made"] = await kim.add(account_id=w["account"]["id"], category_id=w["food"]["id"], payee="P", tags=["t"])
    w["other"] = await payee(kim, "Other")
    w["empty"] = await kim.account("Empty")
    w["marker"] = (await kim.read("/tags"))["items"][0]
    before = await revision(kim)
    await IN_JANUARY[path](kim, w)
    number = await revision(kim)
    assert number > before
    await lock(owner_database, kim, "2026-01-31")
    await refused(kim, unchanged, number, "period_locked")
    await lock(owner_database, kim, "2025-12-31")
    await undo(kim, number)


async def test_a_lock_is_undone_by_the_owner(kim: Person) -> None:
    account = await kim.account()
    expect(await kim.http.put(f"/books/{kim.book_id}/lock", json={"locked_until": "2026-01-31"}), 200)
    problem(await kim.try_add(account_id=account["id"]), 409, "period_locked")
    await undo_last(kim)
    await kim.add(account_id=account["id"])


# Who, which, and how often


@pytest.mark.parametrize("number", [10**6, 2**62])
async def test_returns_404_for_a_revision_that_is_not_there(kim: Person, unchanged: Unchanged, number: int) -> None:
    async with unchanged(kim):
        problem(await try_undo(kim, number), 404, "revision_not_found")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"revision": None},
        {"revision": 0},
        {"revision": -1},
        {"revision": 2**63},
        {"revision": 1.5},
        {"revision": "x\x00"},
        {"revision": True},
        {"import_id": "nothing"},
        {"revision": 1, "import_id": UNKNOWN},
        {"revision": 1, "more": 1},
        [],
        None,
    ],
)
async def test_returns_422_for_what_says_nothing_to_undo(kim: Person, unchanged: Unchanged, body: Any) -> None:
    async with unchanged(kim):
        answer = await kim.http.post(f"/books/{kim.book_id}/undo", json=body)
        assert fields(problem(answer, 422, "invalid_input"))


async def test_returns_404_for_an_import_that_was_not_committed(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    preview = await upload(kim, account, statement("2026-01-05,Shop,a,-4.00"))
    async with unchanged(kim):
        for import_id in (preview["id"], UNKNOWN):
            answer = await kim.http.post(f"/books/{kim.book_id}/undo", json={"import_id": import_id})
            problem(answer, 404, "not_found")


async def test_another_books_revisions_and_imports_are_out_of_reach(
    kim: Person, robin: Person, unchanged: Unchanged
) -> None:
    account = await kim.account()
    done = await bring_in(kim, account, statement("2026-01-05,Shop,a,-4.00"))
    number = await revision(kim)
    assert number > await revision(robin)
    async with unchanged(kim), unchanged(robin):
        problem(await robin.http.post(f"/books/{kim.book_id}/undo", json={"revision": number}), 404, "not_found")
        problem(await try_undo(robin, number), 404, "revision_not_found")
        answer = await robin.http.post(f"/books/{robin.book_id}/undo", json={"import_id": done["id"]})
        problem(answer, 404, "not_found")


async def test_two_undos_of_one_revision_happen_once(kim: Person) -> None:
    account = await kim.account()
    await kim.add(account_id=account["id"])
    number = await revision(kim)
    answers = await asyncio.gather(*(try_undo(kim, number) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert await revision(kim) == number + 1


async def test_an_undo_meets_an_edit_in_one_order_or_the_other(kim: Person) -> None:
    account = await kim.account()
    for _ in range(5):
        made = await kim.add(account_id=account["id"])
        number = await revision(kim)
        edited, undone = await asyncio.gather(
            kim.http.patch(f"/transactions/{made['id']}", json={"amount": "3.00"}), try_undo(kim, number)
        )
        assert (edited.status_code, undone.status_code) in {(200, 409), (404, 200)}


async def test_an_undo_with_a_key_happens_once(kim: Person) -> None:
    account = await kim.account()
    await kim.add(account_id=account["id"])
    number = await revision(kim)
    headers = {"Idempotency-Key": "undo-1"}
    first, again = await try_undo(kim, number, **headers), await try_undo(kim, number, **headers)
    assert (first.status_code, again.json()) == (200, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert await revision(kim) == number + 1


async def test_a_viewer_does_not_undo_and_an_editor_leaves_the_book_itself_alone(
    kim: Person, robin: Person, unchanged: Unchanged, owner_database: Database
) -> None:
    await kim.account()
    first = await revision(kim)
    expect(await kim.http.put(f"/books/{kim.book_id}/lock", json={"locked_until": "2020-01-01"}), 200)
    locked = await revision(kim)
    await kim.category("Mine")
    made = await revision(kim)
    url = f"/books/{kim.book_id}/undo"
    await join(owner_database, kim, robin, "viewer")
    async with unchanged(kim):
        problem(await robin.http.post(url, json={"revision": made}), 403, "forbidden")
    await join(owner_database, kim, robin, "editor")
    async with unchanged(kim):
        for number in (locked, first):
            problem(await robin.http.post(url, json={"revision": number}), 403, "forbidden")
    expect(await robin.http.post(url, json={"revision": made}), 200)
    newest = (await kim.read(f"/books/{kim.book_id}/activity"))["items"][0]
    assert newest["actor"]["id"] == robin.user["id"]


async def test_what_was_sealed_since_is_not_moved_back(kim: Person, unchanged: Unchanged) -> None:
    account, heir = await kim.account(), await kim.account("Heir")
    await kim.add(account_id=account["id"])
    expect(await kim.http.delete(f"/accounts/{account['id']}", params={"reassign_to": heir["id"]}), 204)
    number = await revision(kim)
    body = {"statement_date": "2026-01-31", "statement_balance": "-10.00"}
    expect(await kim.http.post(f"/accounts/{heir['id']}/reconcile", json=body), 201)
    await refused(kim, unchanged, number, "sealed")
    await undo_last(kim)
    await undo(kim, number)


async def test_a_statement_that_was_undone_is_reconciled_again(kim: Person) -> None:
    """What became cleared again is looked at by the next statement, though an earlier one covered its day."""
    account = await kim.account()
    first = await kim.add(account_id=account["id"])
    url = f"/accounts/{account['id']}/reconcile"
    expect(await kim.http.post(url, json={"statement_date": "2026-01-31", "statement_balance": "-10.00"}), 201)
    number = await revision(kim)
    await kim.add(account_id=account["id"], date="2026-02-15")
    expect(await kim.http.post(url, json={"statement_date": "2026-02-28", "statement_balance": "-20.00"}), 201)
    await undo(kim, number)
    assert (await kim.read(f"/transactions/{first['id']}"))["status"] == "cleared"
    done = expect(await kim.http.post(url, json={"statement_date": "2026-03-31", "statement_balance": "-20.00"}), 201)
    assert done["sealed_count"] == 1


async def test_what_was_added_while_a_statement_was_undone_is_sealed_by_the_next(kim: Person) -> None:
    account = await kim.account()
    await kim.add(account_id=account["id"])
    url = f"/accounts/{account['id']}/reconcile"
    expect(await kim.http.post(url, json={"statement_date": "2026-01-31", "statement_balance": "-10.00"}), 201)
    undone = await undo_last(kim)
    late = await kim.add(account_id=account["id"], date="2026-01-10")
    await undo(kim, undone + 1)
    done = expect(await kim.http.post(url, json={"statement_date": "2026-02-28", "statement_balance": "-20.00"}), 201)
    assert done["sealed_count"] == 1
    assert (await kim.read(f"/transactions/{late['id']}"))["status"] == "reconciled"

"""What the model has found once, said in few words."""

from tests.conftest import Unchanged
from tests.people import Person, expect, problem

CSV = b"Date,Payee,Amount\n2026-01-02,Shop,-3.00\n2026-01-03,Shop,-4.00\n"


async def upload(kim: Person, account: str) -> str:
    files = {"file": ("bank.csv", CSV, "text/csv")}
    preview = expect(await kim.http.post("/imports", files=files, data={"account_id": account}), 201)
    return str(preview["id"])


async def revision(kim: Person) -> int:
    return int((await kim.read(f"/books/{kim.book_id}"))["revision"])


async def undo(kim: Person, of: int) -> None:
    expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": of}), 200)


async def test_handing_an_account_over_keeps_a_journals_amount_right(kim: Person) -> None:
    """Both lines are on one account then, and the amount is what moves on it in all."""
    old, heir = await kim.account("Old"), await kim.account("Heir")
    postings = [
        {"account_id": old["id"], "role": "flow", "amount": "-10.00"},
        {"account_id": heir["id"], "role": "flow", "amount": "4.00"},
    ]
    body = {"type": "journal", "date": "2026-01-15", "postings": postings}
    journal = expect(await kim.http.post("/transactions", json=body), 201)
    expect(await kim.http.delete(f"/accounts/{old['id']}", params={"reassign_to": heir["id"]}), 204)
    assert (await kim.read(f"/transactions/{journal['id']}"))["amount"] == "6.00"
    await undo(kim, await revision(kim))
    assert (await kim.read(f"/transactions/{journal['id']}"))["amount"] == "10.00"


async def test_undoing_the_same_commit_twice_is_refused(kim: Person, unchanged: Unchanged) -> None:
    import_id = await upload(kim, (await kim.account())["id"])
    expect(await kim.http.post(f"/imports/{import_id}/commit"), 200)
    committed = await revision(kim)
    await undo(kim, committed)
    async with unchanged(kim):
        again = await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": committed})
        problem(again, 409, "already_undone")


async def test_the_feed_tells_of_an_import_from_its_commit_on(kim: Person) -> None:
    """A preview is no change of the book: a client that keeps up and one that begins anew have the same."""

    async def imports(since: int) -> list[tuple[str, bool]]:
        page = await kim.read(f"/books/{kim.book_id}/changes", since=since, limit=500)
        return [(row["id"], row["deleted"]) for row in page["items"] if row["entity"] == "import"]

    account = await kim.account()
    before = await revision(kim)
    import_id = await upload(kim, account["id"])
    assert (await imports(before), await imports(0)) == ([], [(import_id, True)])
    expect(await kim.http.post(f"/imports/{import_id}/commit"), 200)
    assert await imports(before) == [(import_id, False)]
    committed = await revision(kim)
    await undo(kim, committed)
    assert await imports(committed) == [(import_id, True)]


async def test_an_operation_that_fails_for_a_seal_leaves_no_payee_behind(kim: Person) -> None:
    account = await kim.account()
    sealed = await kim.add(account_id=account["id"], status="reconciled")
    changes = {"amount": "11.00", "payee": "Nobody", "tags": ["nothing"]}
    operations = [{"op": "patch", "id": sealed["id"], "changes": changes}]
    body = {"mode": "per_item", "operations": operations}
    answer = expect(await kim.http.post("/transactions/bulk", json=body), 200)
    assert [result["error"]["code"] for result in answer["results"]] == ["sealed"]
    assert (await kim.read("/payees"))["items"] == []
    assert (await kim.read("/tags"))["items"] == []


async def test_a_statement_seals_what_an_earlier_one_left_in_a_closed_period(kim: Person) -> None:
    """Closed, it could not be sealed; open again, it is cleared and the statement confirms it."""
    account = await kim.account()
    early = await kim.add(account_id=account["id"], date="2025-12-10")
    expect(await kim.http.put(f"/books/{kim.book_id}/lock", json={"locked_until": "2025-12-15"}), 200)
    path, body = f"/accounts/{account['id']}/reconcile", {"statement_date": "2025-12-20", "statement_balance": "-10"}
    assert expect(await kim.http.post(path, json=body), 201)["sealed_count"] == 0
    expect(await kim.http.put(f"/books/{kim.book_id}/lock", json={"locked_until": None}), 200)
    assert expect(await kim.http.post(path, json=body), 201)["sealed_count"] == 1
    assert (await kim.read(f"/transactions/{early['id']}"))["status"] == "reconciled"


async def test_the_undo_of_a_merge_can_be_undone_though_a_payee_had_a_default_category(kim: Person) -> None:
    account, food = await kim.account(), await kim.category("Lunch")
    one = expect(await kim.http.post("/payees", json={"name": "One"}), 201)
    body = {"name": "Two", "default_category_id": food["id"]}
    two = expect(await kim.http.post("/payees", json=body), 201)
    bought = await kim.add(account_id=account["id"], payee="Two")
    expect(await kim.http.post(f"/payees/{one['id']}/merge", json={"payee_ids": [two["id"]]}), 200)
    await undo(kim, await revision(kim))
    await undo(kim, await revision(kim))
    assert (await kim.read(f"/transactions/{bought['id']}"))["payee_id"] == one["id"]
    assert (await kim.read(f"/payees/{one['id']}"))["aliases"] == ["Two"]


async def test_a_preview_follows_its_account_back_when_its_handing_over_is_undone(kim: Person) -> None:
    old, heir = await kim.account("Old"), await kim.account("Heir")
    import_id = await upload(kim, old["id"])
    expect(await kim.http.delete(f"/accounts/{old['id']}", params={"reassign_to": heir["id"]}), 204)
    await undo(kim, await revision(kim))
    expect(await kim.http.post(f"/imports/{import_id}/commit"), 200)
    assert (await kim.balance(old), await kim.balance(heir)) == ("-7.00", "0.00")


async def test_a_file_is_known_again_after_its_account_was_handed_over_and_back(kim: Person) -> None:
    """A row whose transaction was deleted is a row that was imported all the same."""
    old, heir = await kim.account("Old"), await kim.account("Heir")
    import_id = await upload(kim, old["id"])
    expect(await kim.http.post(f"/imports/{import_id}/commit"), 200)
    listed = (await kim.read("/transactions"))["items"]
    expect(await kim.http.delete(f"/transactions/{listed[0]['id']}"), 204)
    expect(await kim.http.delete(f"/accounts/{old['id']}", params={"reassign_to": heir["id"]}), 204)
    await undo(kim, await revision(kim))
    again = await upload(kim, old["id"])
    assert expect(await kim.http.post(f"/imports/{again}/commit"), 200)["created"] == 0


async def test_what_was_skipped_is_not_skipped_when_the_commit_is_undone_and_done_again(kim: Person) -> None:
    account = await kim.account()
    import_id = await upload(kim, account["id"])
    expect(await kim.http.post(f"/imports/{import_id}/commit", json={"skip": [1]}), 200)
    await undo(kim, await revision(kim))
    assert expect(await kim.http.post(f"/imports/{import_id}/commit"), 200)["created"] == 2
    assert await kim.balance(account) == "-7.00"


async def test_a_bulk_keeps_a_purchase_whose_refund_cannot_go(kim: Person) -> None:
    """Each by itself: the refund is sealed and stays, so the purchase stays, and the rest is done."""
    account = await kim.account()
    bought = await kim.add(account_id=account["id"])
    back = await kim.add(account_id=account["id"], type="income", refund_of_id=bought["id"], status="reconciled")
    other = await kim.add(account_id=account["id"])
    operations = [{"op": "delete", "id": row["id"]} for row in (bought, back, other)]
    body = {"mode": "per_item", "operations": operations}
    answer = expect(await kim.http.post("/transactions/bulk", json=body), 200)
    codes = [result["error"] and result["error"]["code"] for result in answer["results"]]
    assert codes == ["refunded", "sealed", None]


async def test_a_bulk_refuses_a_refund_of_what_it_deletes(kim: Person) -> None:
    account = await kim.account()
    bought = await kim.add(account_id=account["id"])
    refund = {"type": "income", "date": "2026-01-20", "amount": "1", "account_id": account["id"]}
    operations = [
        {"op": "delete", "id": bought["id"]},
        {"op": "create", "transaction": {**refund, "refund_of_id": bought["id"]}},
        {"op": "create", "transaction": refund},
    ]
    body = {"mode": "per_item", "operations": operations}
    answer = expect(await kim.http.post("/transactions/bulk", json=body), 200)
    assert [result["ok"] for result in answer["results"]] == [True, False, True]


async def test_a_bulk_keeps_a_purchase_a_purchase_for_its_new_refund(kim: Person) -> None:
    account, savings = await kim.account(), await kim.account("Savings")
    bought, other = await kim.add(account_id=account["id"]), await kim.add(account_id=account["id"])
    refund = {"type": "income", "date": "2026-01-20", "amount": "1", "account_id": account["id"]}
    away = {"type": "transfer", "to_account_id": savings["id"]}
    operations = [
        {"op": "create", "transaction": {**refund, "refund_of_id": bought["id"]}},
        {"op": "patch", "id": bought["id"], "changes": away},
        {"op": "patch", "id": other["id"], "changes": away},
        {"op": "create", "transaction": {**refund, "refund_of_id": other["id"]}},
    ]
    body = {"mode": "per_item", "operations": operations}
    answer = expect(await kim.http.post("/transactions/bulk", json=body), 200)
    assert [result["ok"] for result in answer["results"]] == [True, False, True, False]

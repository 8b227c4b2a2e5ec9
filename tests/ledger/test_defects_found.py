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
        problem(again, 409, "later_changes")


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

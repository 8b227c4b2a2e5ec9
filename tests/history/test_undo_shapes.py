"""What changed its type between a set-based move and its undo: no half of it goes back."""

from typing import Any

from tests.conftest import Unchanged
from tests.people import Person, expect, problem


async def undo_refused(person: Person, unchanged: Unchanged, revision: int) -> None:
    async with unchanged(person):
        answer = await person.http.post(f"/books/{person.book_id}/undo", json={"revision": revision})
        problem(answer, 409, "later_changes")


async def revision_of(person: Person) -> int:
    found: int = (await person.read(f"/books/{person.book_id}"))["revision"]
    return found


async def hand_over(person: Person, account: dict[str, Any], heir: dict[str, Any]) -> int:
    expect(await person.http.delete(f"/accounts/{account['id']}", params={"reassign_to": heir["id"]}), 204)
    return await revision_of(person)


async def test_a_split_made_on_the_heir_stays_whole(kim: Person, unchanged: Unchanged) -> None:
    account, heir = await kim.account("X"), await kim.account("Y")
    made = await kim.add(account_id=account["id"])
    revision = await hand_over(kim, account, heir)
    body = {"splits": [{"amount": "4"}, {"amount": "6"}]}
    expect(await kim.http.patch(f"/transactions/{made['id']}", json=body), 200)
    await undo_refused(kim, unchanged, revision)


async def test_a_transfer_made_on_the_heir_keeps_its_fee(kim: Person, unchanged: Unchanged) -> None:
    account, heir, third = await kim.account("X"), await kim.account("Y"), await kim.account("Z")
    made = await kim.add(account_id=account["id"])
    revision = await hand_over(kim, account, heir)
    body = {"type": "transfer", "to_account_id": third["id"], "fee_amount": "1"}
    expect(await kim.http.patch(f"/transactions/{made['id']}", json=body), 200)
    await undo_refused(kim, unchanged, revision)


async def test_a_transfer_to_the_heir_does_not_become_one_to_itself(kim: Person, unchanged: Unchanged) -> None:
    account, heir = await kim.account("X"), await kim.account("Y")
    made = await kim.add(account_id=account["id"])
    revision = await hand_over(kim, account, heir)
    undone = expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": revision}), 200)
    body = {"type": "transfer", "to_account_id": heir["id"]}
    expect(await kim.http.patch(f"/transactions/{made['id']}", json=body), 200)
    await undo_refused(kim, unchanged, undone["revision"])


async def test_what_became_an_expense_does_not_get_an_income_category(kim: Person, unchanged: Unchanged) -> None:
    account, food, pay = await kim.account(), await kim.category(), await kim.category("My pay", kind="income")
    made = await kim.add(type="income", account_id=account["id"], category_id=pay["id"])
    wanted = {"filter": {"category_id": [pay["id"]]}, "category_id": food["id"]}
    done = expect(await kim.http.post("/transactions/recategorise", json=wanted), 200)
    expect(await kim.http.patch(f"/transactions/{made['id']}", json={"type": "expense"}), 200)
    await undo_refused(kim, unchanged, done["revision"])


async def test_a_tree_does_not_grow_too_deep(kim: Person, unchanged: Unchanged) -> None:
    chain = [await kim.category("Level 0")]
    for level in range(1, 32):
        chain.append(await kim.category(f"Level {level}", parent_id=chain[-1]["id"]))
    expect(await kim.http.patch(f"/categories/{chain[16]['id']}", json={"parent_id": None}), 200)
    revision = await revision_of(kim)
    await kim.category("Below", parent_id=chain[-1]["id"])
    await undo_refused(kim, unchanged, revision)


async def test_an_undone_revision_says_what_undid_it(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    made = await kim.add(account_id=account["id"])
    path = f"/books/{kim.book_id}/undo"
    done = expect(await kim.http.post(path, json={"revision": made["revision"]}), 200)
    async with unchanged(kim):
        answer = await kim.http.post(path, json={"revision": made["revision"]})
        assert problem(answer, 409, "already_undone")["undone_by"] == done["revision"]


async def test_a_refusal_names_the_revision_that_stands_in_the_way(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    made = await kim.add(account_id=account["id"])
    changed = expect(await kim.http.patch(f"/transactions/{made['id']}", json={"notes": "Later"}), 200)
    async with unchanged(kim):
        answer = await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": made["revision"]})
        refusal = problem(answer, 409, "later_changes")
    assert refusal["offenders"] == [{"entity": "transaction", "id": made["id"], "revision": changed["revision"]}]
    assert f"Undo revision {changed['revision']} first" in refusal["detail"]

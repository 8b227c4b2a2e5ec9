"""An undo takes a whole import back: afterwards the book is as if it had never been."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from app.core.database import Database
from tests.conftest import Unchanged
from tests.imports.test_commit import events
from tests.imports.uploads import (
    bring_in,
    commit,
    csv_of,
    ledger,
    listed,
    of_interest,
    rows_of,
    statement,
    try_commit,
    undo,
    upload,
)
from tests.people import Person, expect, problem

FILE = statement("2025-03-03,Bakery,Rolls,-4.50", "2025-03-04,Work,Pay,99.00", "2025-04-01,Bakery,Cake,-5.00")

MONTHS = text(
    """
    SELECT month, account_id, category_id, role, inflow, outflow, base_inflow, base_outflow, count
    FROM monthly_totals WHERE book_id = :book AND count <> 0 ORDER BY 1, 2, 3, 4
    """
)


async def totals(owner: Database, person: Person) -> list[Any]:
    async with owner.begin() as connection:
        return list((await connection.execute(MONTHS, {"book": person.book_id})).all())


async def try_undo(person: Person, imported: Any, **body: Any) -> Any:
    return await person.http.post(f"/imports/{imported['id']}/undo", json=body)


async def test_everything_is_as_it_was(kim: Person, owner_database: Database) -> None:
    account = await kim.account(opening_balance="10.00", opening_date="2025-01-01")
    food = await kim.category("Undo food")
    await kim.add(account_id=account["id"], date="2025-03-03", payee="Bakery", category_id=food["id"], amount="4.50")
    before, before_totals = await ledger(kim), await totals(owner_database, kim)
    done = await bring_in(
        kim, account, csv_of("Date,Payee,Amount,Category", "2025-03-03,bakery,-4.50,Undo food", "2025-05-01,New,7,")
    )
    assert await ledger(kim) != before
    undone = await undo(kim, done)
    assert of_interest(undone, "status", "created", "skipped") == ("undone", 2, 0)
    assert undone["undone_at"] is not None
    assert await ledger(kim) == before
    assert await totals(owner_database, kim) == before_totals
    assert await listed(kim, import_id=done["id"]) == []
    assert {row["transaction_id"] for row in await rows_of(kim, done)} == {None}


async def test_payees_that_something_else_uses_by_now_stay(kim: Person) -> None:
    account = await kim.account()
    done = await bring_in(kim, account, FILE)
    await kim.add(account_id=account["id"], payee="bakery")
    await undo(kim, done)
    assert [payee["name"] for payee in (await kim.read("/payees"))["items"]] == ["Bakery"]


@pytest.mark.parametrize("change", [{"notes": "Checked"}, {"amount": "5.00"}, {"status": "pending"}])
async def test_what_was_changed_since_is_not_lost_unless_forced(
    kim: Person, unchanged: Unchanged, change: dict[str, str]
) -> None:
    account = await kim.account()
    done = await bring_in(kim, account, FILE)
    victim = (await listed(kim))[0]
    expect(await kim.http.patch(f"/transactions/{victim['id']}", json=change), 200)
    async with unchanged(kim):
        for body in ({}, {"force": False}):
            assert problem(await try_undo(kim, done, **body), 409, "import_edited")["edited"] == 1
    await undo(kim, done, force=True)
    assert await listed(kim) == []
    assert await kim.balance(account) == "0.00"


async def test_what_was_deleted_since_is_no_obstacle(kim: Person) -> None:
    account = await kim.account()
    done = await bring_in(kim, account, FILE)
    for item in (await listed(kim))[:2]:
        expect(await kim.http.delete(f"/transactions/{item['id']}"), 204)
    await undo(kim, done)
    assert await kim.balance(account) == "0.00"


async def test_only_a_committed_import_can_be_undone(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    preview = await upload(kim, account, FILE)
    async with unchanged(kim):
        problem(await try_undo(kim, preview), 409, "import_state")
    await commit(kim, preview)
    await undo(kim, preview)
    async with unchanged(kim):
        assert "undone" in problem(await try_undo(kim, preview), 409, "import_state")["detail"]
        assert "undone" in problem(await try_undo(kim, preview, force=True), 409, "import_state")["detail"]
        problem(await try_commit(kim, preview), 409, "import_state")
        problem(await kim.http.delete(f"/imports/{preview['id']}"), 409, "import_state")
        problem(await try_undo(kim, preview, force="yes please"), 422, "invalid_input")


async def test_an_empty_import_can_be_undone(kim: Person) -> None:
    account = await kim.account()
    assert (await undo(kim, await bring_in(kim, account, statement())))["status"] == "undone"


async def test_an_undo_logs_what_it_removes(kim: Person, owner_database: Database) -> None:
    account = await kim.account()
    done = await bring_in(kim, account, FILE)
    made = {payee["name"]: payee for payee in (await kim.read("/payees"))["items"]}
    before = len(await events(owner_database, kim))
    await undo(kim, done)
    found = (await events(owner_database, kim))[before:]
    assert [(event.entity, event.action) for event in found] == [
        ("import", "undone"),
        *[("transaction", "deleted")] * 3,
        *[("payee", "deleted")] * 2,
    ]
    assert str(found[0].entity_id) == done["id"]
    for event, name in zip(found[4:], ("Bakery", "Work"), strict=True):
        assert (str(event.entity_id), event.after) == (made[name]["id"], None)
        since = datetime.fromisoformat(event.before.pop("created_at"))
        assert since == datetime.fromisoformat(made[name]["created_at"])
        assert event.before == {"name": name, "default_category_id": None}


async def test_what_still_means_a_payee_goes_with_it(kim: Person, owner_database: Database) -> None:
    """An alias normally raises its payee's revision, which keeps the payee; one that did not is no obstacle."""
    account = await kim.account()
    done = await bring_in(kim, account, FILE)
    bakery = (await kim.read("/payees", q="bakery"))["items"][0]
    async with owner_database.begin() as connection:
        add = text("INSERT INTO payee_aliases (book_id, payee_id, alias) VALUES (:book, :payee, 'Boulangerie')")
        await connection.execute(add, {"book": kim.book_id, "payee": bakery["id"]})
    await undo(kim, done)
    assert (await kim.read("/payees"))["items"] == []
    gone = [event for event in await events(owner_database, kim) if event.action == "deleted"][3:]
    assert [event.entity for event in gone] == ["payee_alias", "payee", "payee"]
    assert gone[0].before == {"payee_id": bakery["id"], "alias": "Boulangerie"}


async def test_a_payee_that_was_given_an_alias_stays(kim: Person) -> None:
    account = await kim.account()
    done = await bring_in(kim, account, FILE)
    bakery = (await kim.read("/payees", q="bakery"))["items"][0]
    expect(await kim.http.patch(f"/payees/{bakery['id']}", json={"aliases": ["Boulangerie"]}), 200)
    await undo(kim, done)
    assert [payee["name"] for payee in (await kim.read("/payees"))["items"]] == ["Bakery"]


async def test_an_account_with_an_undone_import_can_be_deleted(kim: Person) -> None:
    account = await kim.account()
    done = await bring_in(kim, account, FILE)
    assert (await kim.http.delete(f"/accounts/{account['id']}")).status_code == 409
    await undo(kim, done)
    expect(await kim.http.delete(f"/accounts/{account['id']}"), 204)


async def test_an_account_that_was_handed_over_hides_no_edit(kim: Person, unchanged: Unchanged) -> None:
    account, heir = await kim.account(), await kim.account("Heir")
    done = await bring_in(kim, account, FILE)
    victim = (await listed(kim))[0]
    expect(await kim.http.patch(f"/transactions/{victim['id']}", json={"notes": "Checked"}), 200)
    expect(await kim.http.delete(f"/accounts/{account['id']}", params={"reassign_to": heir["id"]}), 204)
    async with unchanged(kim):
        problem(await try_undo(kim, done), 409, "import_edited")
    await undo(kim, done, force=True)
    assert await listed(kim) == []
    assert (await kim.read("/payees"))["items"] == []

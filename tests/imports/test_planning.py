"""One bank file that rules sort, that pays a bill and that spends a budget: one revision, taken back as one."""

import pytest
from sqlalchemy import text

from app.core.database import Database
from tests.bills.acting import bill, bills, revision_of
from tests.budgets.helpers import budget, today_is
from tests.imports.uploads import commit, statement, undo, upload
from tests.people import Person
from tests.rules.making import category, rule, says


async def told(database: Database, person: Person) -> list[tuple[str, str]]:
    statement = text("SELECT kind, title FROM notifications WHERE user_id = :user ORDER BY id")
    async with database.begin() as connection:
        return [(row.kind, row.title) for row in await connection.execute(statement, {"user": person.user["id"]})]


async def test_what_an_import_sets_off_goes_with_it(
    kim: Person, owner_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    today_is(monkeypatch, "2026-03-01")
    account, fun = await kim.account(), await kim.category("Fun")
    await rule(kim, category(fun), when=says("payee", "starts_with", "Films"), name="Fun")
    await bill(kim, account, starts_on="2026-03-10")
    made = await budget(kim, "Fun", category_ids=[fun["id"]], amount="25.00", thresholds=["80", "100"])
    today_is(monkeypatch, "2026-03-12")
    before = await revision_of(kim)
    preview = await upload(kim, account, statement("2026-03-10,Films,,-20.00", "2026-03-11,Baker,,-3.00"))
    done = await commit(kim, preview)
    assert await revision_of(kim) == before + 1
    [paid] = await bills(kim, last="2026-03-31")
    first = next(t for t in (await kim.read("/transactions"))["items"] if t["date"] == "2026-03-10")
    assert (paid["status"], paid["transaction_id"], first["category_id"]) == ("paid", first["id"], fun["id"])
    status = await kim.read(f"/budgets/{made['id']}/status", date="2026-03-12")
    assert status["spent"] == "20.00"
    assert [kind for kind, _ in await told(owner_database, kim)] == ["budget_threshold"]
    assert len((await kim.read("/rules/history"))["items"]) == 1

    await undo(kim, done)
    assert await revision_of(kim) == before + 2
    [open_again] = await bills(kim, last="2026-03-31")
    assert (open_again["status"], open_again["transaction_id"]) == ("overdue", None)
    status = await kim.read(f"/budgets/{made['id']}/status", date="2026-03-12")
    assert status["spent"] == "0.00"
    assert await told(owner_database, kim) == []
    assert (await kim.read("/transactions"))["items"] == []

    await commit(kim, await upload(kim, account, statement("2026-03-10,Films,,-20.00")))
    assert [kind for kind, _ in await told(owner_database, kim)] == ["budget_threshold"]
    assert [each["status"] for each in await bills(kim, last="2026-03-31")] == ["paid"]

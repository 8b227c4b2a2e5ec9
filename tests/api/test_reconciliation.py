"""Reconciling: an account is held against its statement, and what agrees is sealed."""

import asyncio

import pytest

from app.core.database import Database
from tests.api.statements import UNKNOWN, Document, events, reconcile, seals, try_reconcile, unseal
from tests.conftest import Unchanged
from tests.people import Person, expect, fields, problem


@pytest.fixture
async def account(kim: Person) -> Document:
    """100.00 at New Year and nothing else."""
    return await kim.account(opening_balance="100.00", opening_date="2026-01-01")


async def test_what_agrees_is_sealed(kim: Person, account: Document) -> None:
    spent = await kim.add(account_id=account["id"], amount="20", date="2026-01-31")
    later = await kim.add(account_id=account["id"], amount="5", date="2026-02-01")
    pending = await kim.add(account_id=account["id"], amount="7", date="2026-01-30", status="pending")
    elsewhere = await kim.add(account_id=(await kim.account("Other"))["id"])
    done = await reconcile(kim, account, "2026-01-31", "80")
    assert {name: done[name] for name in done if name != "id"} == {
        "account_id": account["id"],
        "currency": "EUR",
        "statement_date": "2026-01-31",
        "statement_balance": "80.00",
        "cleared_balance": "80.00",
        "difference": "0.00",
        "pending_count": 1,
        "pending_amount": "-7.00",
        "sealed_count": 2,
        "adjustment_id": None,
        "dry_run": False,
    }
    found = await seals(kim)
    assert found.pop(spent["id"]) == ("reconciled", done["id"])
    assert found.pop(later["id"]) == found.pop(elsewhere["id"]) == ("cleared", None)
    assert found.pop(pending["id"]) == ("pending", None)
    assert list(found.values()) == [("reconciled", done["id"])]  # the opening balance
    (row,) = (await kim.read(f"/accounts/{account['id']}/reconciliations"))["items"]
    assert (row["id"], row["statement_date"], row["statement_balance"]) == (done["id"], "2026-01-31", "80.00")
    assert (row["sealed_count"], row["account_id"]) == (2, account["id"])
    assert len((await kim.read("/transactions", status="reconciled"))["items"]) == 2


async def test_each_sealed_transaction_tells_its_story(
    kim: Person, account: Document, owner_database: Database
) -> None:
    spent = await kim.add(account_id=account["id"], amount="20", date="2026-01-31")
    done = await reconcile(kim, account, "2026-01-31", "80.01", adjust=True)
    sealed = await events(owner_database, kim, "sealed")
    assert {event.entity_id for event in sealed} > {spent["id"], done["adjustment_id"]}
    assert len(sealed) == done["sealed_count"] == 3
    for event in sealed:
        assert event.before == {"status": "cleared", "reconciliation_id": None}
        assert event.after == {"status": "reconciled", "reconciliation_id": done["id"]}
    assert (await kim.read(f"/transactions/{spent['id']}"))["revision"] == sealed[0].revision
    of_statement = [event for event in await events(owner_database, kim, "created") if event.entity == "reconciliation"]
    assert [event.after["sealed_count"] for event in of_statement] == [3]
    every = await events(owner_database, kim, "created", "sealed")
    positions = [event.position for event in every if event.revision == sealed[0].revision]
    assert positions == list(range(5))  # the adjustment, three seals, the reconciliation


async def test_a_difference_is_409_with_its_numbers(kim: Person, account: Document, unchanged: Unchanged) -> None:
    await kim.add(account_id=account["id"], amount="7", date="2026-01-30", status="pending")
    async with unchanged(kim):
        found = problem(await try_reconcile(kim, account, "2026-01-31", "93"), 409, "statement_differs")
    assert (found["difference"], found["cleared_balance"]) == ("-7.00", "100.00")
    assert (found["pending_count"], found["pending_amount"]) == (1, "-7.00")
    assert "93.00" in found["detail"]


async def test_a_dry_run_only_reports(kim: Person, account: Document, unchanged: Unchanged) -> None:
    async with unchanged(kim):
        for balance, difference, more in (
            ("80", "-20.00", {}),
            ("100", "0.00", {}),
            ("80", "-20.00", {"adjust": True}),
        ):
            answer = await try_reconcile(kim, account, "2026-01-31", balance, dry_run=True, **more)
            report = expect(answer, 200)
            assert (report["id"], report["difference"], report["sealed_count"]) == (None, difference, 0)
            assert (report["adjustment_id"], report["dry_run"]) == (None, True)


async def test_a_difference_can_be_posted(kim: Person, account: Document) -> None:
    pending = await kim.add(account_id=account["id"], amount="7", date="2026-01-30", status="pending")
    done = await reconcile(kim, account, "2026-01-31", "98.50", adjust=True)
    made = await kim.read(f"/transactions/{done['adjustment_id']}")
    assert (made["type"], made["date"], made["description"]) == ("adjustment", "2026-01-31", "Reconciliation")
    assert (made["postings"][0]["amount"], made["reconciliation_id"]) == ("-1.50", done["id"])
    assert (done["difference"], done["cleared_balance"], done["sealed_count"]) == ("-1.50", "100.00", 2)
    assert await kim.balance(account) == "91.50"
    # What was pending arrives and the next statement agrees by itself.
    expect(await kim.http.patch(f"/transactions/{pending['id']}", json={"status": "cleared"}), 200)
    assert (await reconcile(kim, account, "2026-02-28", "91.50", adjust=True))["adjustment_id"] is None


async def test_a_difference_greater_than_any_amount_can_be_posted(kim: Person) -> None:
    account = await kim.account()
    for _ in range(3):
        status = {"status": "pending"}
        await kim.add(account_id=account["id"], type="income", amount="999999999999999.99", **status)
    done = await reconcile(kim, account, "2026-01-31", "999999999999999.99", adjust=True)
    assert done["difference"] == "999999999999999.99"
    assert await kim.balance(account) == "3999999999999999.96"


async def test_the_next_statement_seals_what_came_since_and_what_changed(kim: Person, account: Document) -> None:
    """Late entries before the first statement's day, what was pending then, and what was unsealed and corrected."""
    sealed = await kim.add(account_id=account["id"], amount="10", date="2026-01-10")
    pending = await kim.add(account_id=account["id"], amount="1", date="2026-01-11", status="pending")
    first = await reconcile(kim, account, "2026-01-31", "90")
    late = await kim.add(account_id=account["id"], amount="2", date="2026-01-05")
    expect(await kim.http.patch(f"/transactions/{pending['id']}", json={"status": "cleared"}), 200)
    await unseal(kim, sealed)
    expect(await kim.http.patch(f"/transactions/{sealed['id']}", json={"amount": "11"}), 200)
    other = await kim.account("Other")
    moved_here = await kim.add(account_id=other["id"], amount="3", date="2026-01-02")
    expect(await kim.http.patch(f"/transactions/{moved_here['id']}", json={"account_id": account["id"]}), 200)
    fresh = await kim.add(account_id=account["id"], amount="4", date="2026-02-28")
    assert (await try_reconcile(kim, account, "2026-01-31", "90")).status_code == 409
    second = await reconcile(kim, account, "2026-02-28", "79")
    assert second["sealed_count"] == 5
    found = await seals(kim)
    for row in (sealed, pending, late, moved_here, fresh):
        assert found[row["id"]] == ("reconciled", second["id"])
    assert first["id"] in {reconciliation for _, reconciliation in found.values()}
    assert (await reconcile(kim, account, "2026-02-28", "79"))["sealed_count"] == 0
    items = (await kim.read(f"/accounts/{account['id']}/reconciliations"))["items"]
    assert [item["statement_date"] for item in items] == ["2026-02-28", "2026-02-28", "2026-01-31"]


async def test_what_an_account_took_over_is_sealed_with_its_next_statement(kim: Person, account: Document) -> None:
    old = await kim.account("Old")
    taken = await kim.add(account_id=old["id"], amount="5", date="2026-01-05")
    await reconcile(kim, account, "2026-01-31", "100")
    expect(await kim.http.delete(f"/accounts/{old['id']}", params={"reassign_to": account["id"]}), 204)
    done = await reconcile(kim, account, "2026-02-28", "95")
    assert (await seals(kim))[taken["id"]] == ("reconciled", done["id"])


async def test_a_statement_from_before_the_last_one_may_come_late(kim: Person, account: Document) -> None:
    await kim.add(account_id=account["id"], amount="10", date="2026-01-10")
    february = await kim.add(account_id=account["id"], amount="4", date="2026-02-10")
    await reconcile(kim, account, "2026-02-28", "86")
    assert (await reconcile(kim, account, "2026-01-31", "90"))["sealed_count"] == 0
    late = await kim.add(account_id=account["id"], amount="1", date="2026-01-12")
    done = await reconcile(kim, account, "2026-01-31", "89")
    found = await seals(kim)
    assert found[late["id"]] == ("reconciled", done["id"])
    assert found[february["id"]][0] == "reconciled"
    assert (await reconcile(kim, account, "2026-02-28", "85"))["sealed_count"] == 0


async def test_a_transfer_is_sealed_for_both_sides(kim: Person, account: Document, unchanged: Unchanged) -> None:
    other = await kim.account("Other")
    moved = await kim.add(type="transfer", account_id=account["id"], to_account_id=other["id"], amount="30")
    done = await reconcile(kim, other, "2026-01-31", "30")
    assert (await seals(kim))[moved["id"]] == ("reconciled", done["id"])
    async with unchanged(kim):
        problem(await kim.http.patch(f"/transactions/{moved['id']}", json={"amount": "31"}), 409, "sealed")
    there = await reconcile(kim, account, "2026-01-31", "70")
    assert there["sealed_count"] == 1  # the opening balance; the transfer counts, and keeps its seal
    assert (await seals(kim))[moved["id"]] == ("reconciled", done["id"])
    # It stays with the statement that sealed it: deleting the other account is refused as ever.
    problem(await kim.http.delete(f"/accounts/{account['id']}"), 409, "account_in_use")


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"statement_date": "9998-01-01"}, {("statement_date", "date_in_future")}),
        ({"statement_date": None}, {("statement_date", "value_error")}),
        ({"statement_balance": "1.001"}, {("statement_balance", "too_many_decimals")}),
        ({"statement_balance": "NaN"}, {("statement_balance", "value_error")}),
        ({"statement_balance": None}, {("statement_balance", "decimal_type")}),
        ({"dry_run": "yes"}, {("dry_run", "bool_type")}),
        ({"adjust": 1}, {("adjust", "bool_type")}),
        ({"amount": "1"}, {("amount", "extra_forbidden")}),
    ],
)
@pytest.mark.parametrize("dry_run", [True, False])
async def test_returns_422_for_what_is_no_statement(
    kim: Person,
    account: Document,
    unchanged: Unchanged,
    changes: Document,
    wanted: set[tuple[str, str]],
    dry_run: bool,
) -> None:
    async with unchanged(kim):
        answer = await try_reconcile(
            kim, account, **{"day": "2026-01-31", "balance": "1", "dry_run": dry_run, **changes}
        )
        assert fields(problem(answer, 422, "invalid_input")) == wanted


async def test_returns_404_for_an_account_that_is_not_there(kim: Person, robin: Person, unchanged: Unchanged) -> None:
    theirs = await robin.account()
    async with unchanged(kim), unchanged(robin):
        for other in (theirs, {"id": UNKNOWN}):
            for more in ({}, {"dry_run": True}):
                problem(await try_reconcile(kim, other, "2026-01-31", "0", **more), 404, "account_not_found")
            problem(await kim.get(f"/accounts/{other['id']}/reconciliations"), 404, "account_not_found")


async def test_a_repeated_key_reconciles_once(kim: Person, account: Document) -> None:
    body = {"statement_date": "2026-01-31", "statement_balance": "90", "adjust": True}
    path, key = f"/accounts/{account['id']}/reconcile", {"Idempotency-Key": "january"}
    first = await kim.http.post(path, json=body, headers=key)
    again = await kim.http.post(path, json=body, headers=key)
    assert (expect(again, 201), again.headers["idempotency-replayed"]) == (expect(first, 201), "true")
    assert len((await kim.read(f"/accounts/{account['id']}/reconciliations"))["items"]) == 1


async def test_two_at_once_post_the_difference_once(kim: Person, account: Document) -> None:
    answers = await asyncio.gather(
        *(try_reconcile(kim, account, "2026-01-31", "90", adjust=True) for _ in range(4)),
        *(kim.try_add(account_id=account["id"], amount="1", date="2026-02-05") for _ in range(4)),
    )
    done = [expect(answer, 201) for answer in answers[:4]]
    assert len([report for report in done if report["adjustment_id"]]) == 1
    assert sum(report["sealed_count"] for report in done) == 2
    assert await kim.balance(account) == "86.00"


async def test_an_account_goes_with_its_reconciliations(
    kim: Person, account: Document, owner_database: Database
) -> None:
    done = await reconcile(kim, account, "2026-01-31", "100")
    (opening,) = (await kim.read("/transactions"))["items"]
    await unseal(kim, opening)
    heir = await kim.account("Heir")
    expect(await kim.http.delete(f"/accounts/{account['id']}", params={"reassign_to": heir["id"]}), 204)
    gone = [event for event in await events(owner_database, kim, "deleted") if event.entity == "reconciliation"]
    assert [(event.entity_id, event.before["statement_balance"]) for event in gone] == [(done["id"], "100.00")]
    assert (await kim.read(f"/accounts/{heir['id']}/reconciliations"))["items"] == []


async def test_the_list_carries_the_books_tag(kim: Person, account: Document) -> None:
    path = f"/accounts/{account['id']}/reconciliations"
    tag = {"If-None-Match": (await kim.get(path)).headers["etag"]}
    assert (await kim.http.get(path, headers=tag)).status_code == 304
    await reconcile(kim, account, "2026-01-31", "100")
    assert len(expect(await kim.http.get(path, headers=tag), 200)["items"]) == 1

"""Unsealing: one reconciled transaction is opened again, with a reason that the log keeps."""

from app.core.database import Database
from tests.api.statements import UNKNOWN, events, reconcile, unseal
from tests.conftest import Unchanged
from tests.people import Person, expect, fields, problem


async def test_an_unsealed_transaction_is_free_and_says_why(
    kim: Person, unchanged: Unchanged, owner_database: Database
) -> None:
    account = await kim.account(opening_balance="100.00", opening_date="2026-01-01")
    spent = await kim.add(account_id=account["id"], amount="20", date="2026-01-31", payee="P", tags=["t"])
    done = await reconcile(kim, account, "2026-01-31", "80")
    path = f"/transactions/{spent['id']}"
    held = await kim.read(path)
    async with unchanged(kim):
        stale = {"If-Match": f'"{spent["revision"]}"'}
        answer = await kim.http.post(f"{path}/unseal", json={"reason": "R"}, headers=stale)
        problem(answer, 412, "revision_mismatch")
        for reason in (None, "", " \t", "\x00", "x" * 501, 7):
            answer = await kim.http.post(f"{path}/unseal", json={"reason": reason})
            assert {name for name, _ in fields(problem(answer, 422, "invalid_input"))} == {"reason"}
        answer = await kim.http.post(f"{path}/unseal", json={})
        assert fields(problem(answer, 422, "invalid_input")) == {("reason", "missing")}
        answer = await kim.http.post(f"/transactions/{UNKNOWN}/unseal", json={"reason": "R"})
        problem(answer, 404, "transaction_not_found")
    fresh = {"If-Match": f'"{held["revision"]}"'}
    answer = await kim.http.post(f"{path}/unseal", json={"reason": " They\nerred. "}, headers=fresh)
    opened = expect(answer, 200)
    changed = {"status", "reconciliation_id", "revision", "updated_at"}
    assert {k: v for k, v in opened.items() if k not in changed} == {k: v for k, v in held.items() if k not in changed}
    assert (opened["status"], opened["reconciliation_id"]) == ("cleared", None)
    assert opened["revision"] > held["revision"]
    assert answer.headers["etag"] == f'"{opened["revision"]}"'
    assert await kim.read(path) == opened
    (event,) = await events(owner_database, kim, "unsealed")
    assert (event.entity, event.entity_id) == ("transaction", spent["id"])
    assert event.before == {"status": "reconciled", "reconciliation_id": done["id"]}
    assert event.after == {"status": "cleared", "reconciliation_id": None, "reason": "They erred."}
    async with unchanged(kim):
        problem(await kim.http.post(f"{path}/unseal", json={"reason": "R"}), 409, "not_sealed")
    expect(await kim.http.patch(path, json={"amount": "21"}), 200)


async def test_an_opening_balance_is_sealed_and_unsealed_like_the_rest(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account(opening_balance="100.00", opening_date="2026-01-01")
    await reconcile(kim, account, "2026-01-31", "100")
    (opening,) = (await kim.read("/transactions", type="opening_balance"))["items"]
    path = f"/accounts/{account['id']}"
    async with unchanged(kim):
        for change in (
            {"opening_balance": "99"},
            {"opening_date": "2025-12-31"},
            {"opening_balance": None},
            {"opening_balance": "0"},
        ):
            assert problem(await kim.http.patch(path, json=change), 409, "sealed")["transaction_id"] == opening["id"]
        whole = {"name": "A", "type": "cash", "opening_balance": "99"}
        problem(await kim.http.put(path, json=whole), 409, "sealed")
        problem(await kim.http.delete(path), 409, "sealed")
    expect(await kim.http.patch(path, json={"name": "Renamed", "opening_balance": "100.00"}), 200)
    assert (await kim.read(f"/transactions/{opening['id']}"))["status"] == "reconciled"
    await unseal(kim, opening)
    expect(await kim.http.patch(path, json={"opening_balance": "99"}), 200)
    expect(await kim.http.delete(path), 204)

"""What a request costs in statements: a count that grows unseen is a route that got slow."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from sqlalchemy import text

from app.core.config import Settings
from app.core.database import Database
from tests.counting import counting
from tests.factors import confirm
from tests.people import Person, expect

Counted = tuple[Person, list[str]]


@pytest.fixture
async def counted(settings: Settings) -> AsyncIterator[Counted]:
    async with counting(settings) as found:
        yield found


async def test_requests_cost_few_statements(counted: Counted) -> None:
    person, seen = counted
    account, other, food = await person.account(), await person.account("Other"), await person.category()
    made = await person.add(account_id=account["id"], category_id=food["id"], payee="P", tags=["t"])
    path = f"/transactions/{made['id']}"
    body = {"type": "expense", "date": "2026-01-15", "amount": "1", "account_id": account["id"], "payee": "P"}
    transfer = {**body, "type": "transfer", "to_account_id": other["id"]}
    split = {**body, "splits": [{"amount": "0.10", "category_id": food["id"]}] * 10, "tags": ["t", "new"]}
    lines = [{"account_id": account["id"], "role": "flow", "amount": "-1", "category_id": food["id"]}] * 100
    journal = {"type": "journal", "date": "2026-01-15", "postings": lines, "payee": "P", "tags": ["newer"]}
    adjustment = {"type": "adjustment", "date": "2026-01-15", "account_id": account["id"], "balance": "77"}
    noted = expect(await person.http.post("/transactions", json=journal), 201)
    changes = [{"line": line, "amount": "-2"} for line in range(100)]
    refund = {**body, "type": "income", "refund_of_id": made["id"]}
    calls: dict[str, tuple[int, Callable[[], Any]]] = {
        "create": (6, lambda: person.http.post("/transactions", json=body)),
        "create split": (6, lambda: person.http.post("/transactions", json=split)),
        "create transfer": (6, lambda: person.http.post("/transactions", json=transfer)),
        "create a journal": (6, lambda: person.http.post("/transactions", json=journal)),
        "create a refund": (6, lambda: person.http.post("/transactions", json=refund)),
        "create an adjustment": (7, lambda: person.http.post("/transactions", json=adjustment)),
        "create with a key": (
            8,
            lambda: person.http.post("/transactions", json=body, headers={"Idempotency-Key": "k"}),
        ),
        "list": (5, lambda: person.get("/transactions", limit=50)),
        "list with a total": (5, lambda: person.get("/transactions", include_total=True, tag="t")),
        "search": (5, lambda: person.get("/transactions", q="x payee:p -tag:t >1")),
        "search by what needs no looking up": (4, lambda: person.get("/transactions", q=">1 on:2026")),
        "search with a total": (6, lambda: person.get("/transactions", include_total=True, q="x", tag="t")),
        "complete a payee": (4, lambda: person.get("/payees/autocomplete", q="p")),
        "accounts": (4, lambda: person.get("/accounts")),
        "balance": (5, lambda: person.get(f"/accounts/{account['id']}/balance", at="2026-01-20")),
        "balance now": (4, lambda: person.get(f"/accounts/{account['id']}/balance")),
        "get": (4, lambda: person.get(path)),
        "update": (7, lambda: person.http.patch(path, json={"amount": "2"})),
        "update a journal": (
            7,
            lambda: person.http.patch(f"/transactions/{noted['id']}", json={"postings": changes}),
        ),
        "close a period": (7, lambda: person.http.put(f"/books/{person.book_id}/lock", json={"locked_until": None})),
        "delete": (6, lambda: person.http.delete(f"/transactions/{noted['id']}")),
    }
    for name, (limit, call) in calls.items():
        seen.clear()
        answer = await call()
        assert answer.is_success, answer.text
        assert seen[0].startswith("BEGIN"), name
        assert seen[-1].startswith("COMMIT"), name
        assert len(seen) <= limit, (name, seen)


async def test_merging_costs_the_same_however_many_transactions_there_are(counted: Counted) -> None:
    person, seen = counted
    account = await person.account()
    costs = []
    for count in (1, 20):
        into = expect(await person.http.post("/payees", json={"name": f"Into {count}"}), 201)
        tag = expect(await person.http.post("/tags", json={"name": f"into {count}"}), 201)
        named = {"account_id": account["id"], "payee": f"From {count}", "tags": [f"from {count}"]}
        spent = [await person.add(**named) for _ in range(count)]
        (old,) = (await person.read("/tags", q=f"from {count}"))["items"]
        seen.clear()
        body = {"payee_ids": [spent[0]["payee_id"]]}
        expect(await person.http.post(f"/payees/{into['id']}/merge", json=body), 200)
        expect(await person.http.post(f"/tags/{tag['id']}/merge", json={"tag_ids": [old["id"]]}), 200)
        costs.append(len(seen))
    assert costs[0] == costs[1] <= 40


async def test_reconciling_costs_the_same_however_much_it_seals(counted: Counted) -> None:
    person, seen = counted
    costs = {}
    for month, count in ((1, 1), (2, 40)):
        account = await person.account()
        days = [f"2026-{month:02}-{day % 28 + 1:02}" for day in range(count)]
        made = [await person.add(account_id=account["id"], date=day, amount="1") for day in days]
        body = {"statement_date": f"2026-{month:02}-28", "statement_balance": f"-{count}"}
        path = f"/accounts/{account['id']}/reconcile"
        for name, more in (("dry run", {"dry_run": True}), ("real", {})):
            seen.clear()
            report = (await person.http.post(path, json={**body, **more})).raise_for_status().json()
            assert report["sealed_count"] == (count if name == "real" else 0)
            costs[name, count] = len(seen)
        seen.clear()
        reason = {"reason": "R"}
        assert (await person.http.post(f"/transactions/{made[0]['id']}/unseal", json=reason)).is_success
        costs["unseal", count] = len(seen)
    assert costs["dry run", 1] == costs["dry run", 40] <= 6
    assert costs["real", 1] == costs["real", 40] <= 11
    assert costs["unseal", 1] == costs["unseal", 40] <= 8


async def test_an_unchanged_list_is_not_computed(counted: Counted) -> None:
    person, seen = counted
    tag = {"If-None-Match": (await person.get("/transactions")).headers["etag"]}
    seen.clear()
    assert (await person.http.get("/transactions", headers=tag)).status_code == 304
    assert len(seen) == 3


async def test_a_request_without_a_token_never_reaches_the_database(counted: Counted) -> None:
    person, seen = counted
    seen.clear()
    answer = await person.http.get("/accounts", headers={"Authorization": ""})
    assert (answer.status_code, seen) == (401, [])
    expect(await person.get("/accounts"), 200)


async def test_who_comes_by_a_personal_token_costs_the_same(counted: Counted) -> None:
    person, seen = counted
    await confirm(person)
    made = expect(await person.http.post("/auth/tokens", json={"name": "T", "scopes": ["profile:read"]}), 201)
    for token in (person.tokens["access_token"], made["token"]):
        seen.clear()
        expect(await person.http.get("/users/me", headers={"Authorization": f"Bearer {token}"}), 200)
        assert len(seen) == 4, seen


async def test_what_changed_about_a_user_holds_at_once_and_costs_nothing(
    counted: Counted, owner_database: Database
) -> None:
    person, seen = counted
    await confirm(person)
    made = expect(await person.http.post("/auth/tokens", json={"name": "T", "scopes": ["profile:read"]}), 201)
    tokens = {"session": person.tokens["access_token"], "personal": made["token"]}
    lost = {"role": "moderator", "permission": "profile:read"}
    changes = {
        "UPDATE users SET role = 'moderator' WHERE id = :user": 200,
        "DELETE FROM role_permissions WHERE role = :role AND permission = :permission": 403,
        "INSERT INTO role_permissions VALUES (:role, :permission)": 200,
        "UPDATE users SET banned_at = now() WHERE id = :user": 401,
        "UPDATE users SET banned_at = NULL WHERE id = :user": 200,
    }
    for change, status in changes.items():
        async with owner_database.begin() as connection:
            await connection.execute(text(change), {"user": person.user["id"], **lost})
        for way, token in tokens.items():
            seen.clear()
            answer = await person.http.get("/users/me", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == status, (change, way)
            assert len(seen) == (4 if status == 200 else 3), seen  # a refusal reads nothing more
            assert status != 200 or answer.json()["role"] == "moderator"


async def test_renewing_and_what_is_about_sessions_cost_few_statements(counted: Counted) -> None:
    person, seen = counted
    renewed = person.tokens["refresh_token"]
    for limit in (7, 8, 8):  # the second and third tell the one before that its successor was used
        seen.clear()
        tokens = expect(await person.http.post("/auth/refresh", json={"refresh_token": renewed}), 200)
        renewed = tokens["refresh_token"]
        assert len(seen) <= limit, seen
    for path in ("/auth/sessions", "/auth/tokens", "/auth/scopes"):
        seen.clear()
        expect(await person.get(path), 200)
        assert len(seen) == 4, seen

"""What a request costs in statements: a count that grows unseen is a route that got slow."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from app.core.config import Settings
from tests.conftest import fresh_email
from tests.people import Person, expect, register
from tests.servers import serving

Counted = tuple[Person, list[str]]


@pytest.fixture
async def counted(settings: Settings) -> AsyncIterator[Counted]:
    """Somebody on a server of one connection, and the statements it has seen."""
    async with serving(settings, database_pool_size=1) as (app, _):
        seen: list[str] = []
        app.state.database.count_statements(seen.append)
        person = await register(app, fresh_email())
        yield person, seen
        await person.check_integrity()
        await person.http.aclose()


async def test_requests_cost_few_statements(counted: Counted) -> None:
    person, seen = counted
    account, other, food = await person.account(), await person.account("Other"), await person.category()
    made = await person.add(account_id=account["id"], category_id=food["id"], payee="P", tags=["t"])
    path = f"/transactions/{made['id']}"
    body = {"type": "expense", "date": "2026-01-15", "amount": "1", "account_id": account["id"], "payee": "P"}
    transfer = {**body, "type": "transfer", "to_account_id": other["id"]}
    split = {**body, "splits": [{"amount": "0.10", "category_id": food["id"]}] * 10, "tags": ["t", "new"]}
    calls: dict[str, tuple[int, Callable[[], Any]]] = {
        "create": (6, lambda: person.http.post("/transactions", json=body)),
        "create split": (6, lambda: person.http.post("/transactions", json=split)),
        "create transfer": (6, lambda: person.http.post("/transactions", json=transfer)),
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
        "delete": (6, lambda: person.http.delete(path)),
    }
    for name, (limit, call) in calls.items():
        seen.clear()
        answer = await call()
        assert answer.is_success, answer.text
        assert seen[0].startswith("BEGIN"), name
        assert seen[-1].startswith("COMMIT"), name
        assert len(seen) <= limit, (name, seen)


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

"""Many clients over several books at once: no deadlock reaches a client, no update is lost.

TOGETHER_SECONDS=60 pytest tests/stress/test_together.py for the long run.
"""

import asyncio
import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.people import API, PASSWORD
from tests.system import programs
from tests.system.conftest import place, server, start

# The rest of the suite goes through the same lines; measuring them here would cost minutes.
pytestmark = pytest.mark.no_cover

__all__ = ["place", "server", "start"]

SECONDS = float(os.environ.get("TOGETHER_SECONDS", "6"))
BOOKS = 10
CLIENTS = 50

# What an operation that lost a race may hear; 500, 503 and a deadlock are not among it.
ALLOWED = {200, 201, 204, 404, 409, 412}


@dataclass
class Shared:
    """What the clients of one book share."""

    email: str
    token: str
    book: str
    accounts: list[str]
    categories: list[str]
    counter: str
    """A transaction that all of them count up, each knowing what it read (`If-Match`)."""
    counted: int = 0
    moved: dict[str, Decimal] = field(default_factory=dict)
    rows: list[str] = field(default_factory=list)
    seen: Counter[int] = field(default_factory=Counter)


class Client:
    """One of the clients of a book."""

    def __init__(self, http: httpx.AsyncClient, shared: Shared, chance: random.Random) -> None:
        self.http, self.shared, self.chance = http, shared, chance

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.shared.token}", **more.pop("headers", {})}
        answer = await self.http.request(method, path, headers=headers, **more)
        self.shared.seen[answer.status_code] += 1
        assert answer.status_code in ALLOWED, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    async def step(self) -> None:
        steps = [self.create, self.create, self.transfer, self.count, self.count, self.change, self.delete]
        steps += [self.bulk, self.read, self.read, self.recategorise, self.rename, self.undo, self.reconcile]
        await self.chance.choice(steps)()

    async def create(self) -> None:
        body = self.body()
        made = (await self.ask("POST", "/transactions", json=body)).json()
        self.shared.rows.append(made["id"])

    def body(self) -> dict[str, Any]:
        return {
            "type": self.chance.choice(["expense", "income"]),
            "date": f"2026-0{self.chance.randrange(1, 7)}-15",
            "amount": str(self.chance.randrange(1, 1000)),
            "account_id": self.chance.choice(self.shared.accounts),
            "payee": self.chance.choice(["Shop", "Baker", "Café"]),
            "tags": self.chance.sample(["a", "b", "c"], 2),
        }

    async def transfer(self) -> None:
        source, target = self.chance.sample(self.shared.accounts, 2)
        body = self.body() | {"type": "transfer", "account_id": source, "to_account_id": target}
        await self.ask("POST", "/transactions", json=body)

    async def count(self) -> None:
        """One more, unless somebody else was faster."""
        path = f"/transactions/{self.shared.counter}"
        read = await self.ask("GET", path)
        amount = Decimal(read.json()["amount"]) + 1
        answer = await self.ask("PATCH", path, json={"amount": str(amount)}, headers={"If-Match": read.headers["ETag"]})
        assert answer.status_code in {200, 412}, answer.text
        self.shared.counted += answer.status_code == 200

    async def change(self) -> None:
        if self.shared.rows:
            row = self.chance.choice(self.shared.rows)
            await self.ask(
                "PATCH", f"/transactions/{row}", json={"notes": "x", "account_id": self.body()["account_id"]}
            )

    async def delete(self) -> None:
        if self.shared.rows:
            await self.ask("DELETE", f"/transactions/{self.shared.rows.pop(0)}")

    async def bulk(self) -> None:
        operations: list[dict[str, Any]] = [{"op": "create", "transaction": self.body()} for _ in range(10)]
        operations += [
            {"op": "delete", "id": row} for row in self.chance.sample(self.shared.rows, min(2, len(self.shared.rows)))
        ]
        await self.ask("POST", "/transactions/bulk", json={"operations": operations, "mode": "per_item"})

    async def read(self) -> None:
        path, params = self.chance.choice(
            [
                ("/transactions", {"q": "shop"}),
                ("/reports/monthly", {"year": "2026", "month": "3"}),
                (f"/books/{self.shared.book}/changes", {"limit": "20"}),
                ("/accounts", {}),
            ]
        )
        await self.ask("GET", path, params=params)

    async def recategorise(self) -> None:
        wanted = {"filter": {"q": "baker"}, "category_id": self.chance.choice(self.shared.categories)}
        await self.ask("POST", "/transactions/recategorise", json=wanted)

    async def rename(self) -> None:
        payees = (await self.ask("GET", "/payees", params={"q": "caf"})).json()["items"]
        if payees:
            name = f"Café {self.chance.randrange(1000)}"
            await self.ask("PATCH", f"/payees/{payees[0]['id']}", json={"name": name})

    async def undo(self) -> None:
        page = (await self.ask("GET", f"/books/{self.shared.book}/activity", params={"limit": 1})).json()
        last = page["items"][0]
        if last["entity_id"] != self.shared.counter:
            await self.ask("POST", f"/books/{self.shared.book}/undo", json={"revision": last["revision"]})

    async def reconcile(self) -> None:
        body = {"statement_date": "2026-02-28", "statement_balance": "0", "dry_run": True}
        await self.ask("POST", f"/accounts/{self.shared.accounts[0]}/reconcile", json=body)


async def open_books(http: httpx.AsyncClient) -> list[Shared]:
    found = []
    for number in range(BOOKS):
        email = f"together{number}@example.com"
        user = (
            (await http.post("/auth/register", json={"email": email, "password": PASSWORD})).raise_for_status().json()
        )
        login = (await http.post("/auth/login", json={"email": email, "password": PASSWORD})).raise_for_status().json()
        headers = {"Authorization": f"Bearer {login['access_token']}"}
        accounts = []
        for name in ("One", "Two", "Three"):
            body = {"name": name, "type": "checking", "currency": "EUR"}
            accounts.append((await http.post("/accounts", json=body, headers=headers)).raise_for_status().json()["id"])
        listed = (await http.get("/categories", headers=headers)).raise_for_status().json()["items"]
        expenses = [row["id"] for row in listed if row["kind"] == "expense"][:4]
        counter = {"type": "income", "date": "2026-01-01", "amount": "1", "account_id": accounts[0]}
        made = (await http.post("/transactions", json=counter, headers=headers)).raise_for_status().json()
        book = user["default_book_id"]
        found.append(Shared(email, login["access_token"], book, accounts, expenses, made["id"]))
    return found


@pytest.mark.timeout(600 + 3 * SECONDS)
async def test_no_deadlock_reaches_a_client_and_no_update_is_lost(server: programs.Running) -> None:
    limits = httpx.Limits(max_connections=CLIENTS + 10)
    async with httpx.AsyncClient(base_url=server.url + API, timeout=60, limits=limits) as http:
        books = await open_books(http)
        clients = [Client(http, books[n % BOOKS], random.Random(n)) for n in range(CLIENTS)]
        until = time.monotonic() + SECONDS

        async def work(client: Client) -> None:
            while time.monotonic() < until:
                await client.step()

        await asyncio.gather(*(work(client) for client in clients))
        for shared in books:
            client = Client(http, shared, random.Random(0))
            counter = (await client.ask("GET", f"/transactions/{shared.counter}")).json()
            assert Decimal(counter["amount"]) == 1 + shared.counted
            report = (await client.ask("GET", f"/books/{shared.book}/integrity")).json()
            assert report["ok"], report
    seen = sum((shared.seen for shared in books), Counter())
    answers = dict(sorted(seen.items()))
    print(f"{CLIENTS} clients, {BOOKS} books, {SECONDS} s: {sum(seen.values())} answers, {answers}")
    assert sum(shared.counted for shared in books) > 0

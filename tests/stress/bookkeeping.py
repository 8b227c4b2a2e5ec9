"""A writer that keeps its own books of what the server acknowledged, and asks again until it has an answer."""

import asyncio
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx

from tests.people import API, PASSWORD

FINAL = {200, 201, 204, 404}


@dataclass
class Writer:
    """Writes to one account, alone among its transactions; several writers share a book."""

    name: str
    address: Callable[[], str]
    email: str
    chance: random.Random
    account: str = ""
    other: str = ""
    expected: dict[str, Decimal] = field(default_factory=dict)
    """What each acknowledged transaction moves on the account."""
    settled: dict[str, str] = field(default_factory=dict)
    """Transactions that nobody touches again, with their amounts."""
    acknowledged: int = 0
    repeated: int = 0
    token: str = ""

    async def ask(self, method: str, path: str, *, key: str | None = None, **more: Any) -> httpx.Response:
        """Repeat the request, under the same key, until the server says what became of it."""
        for attempt in range(2000):
            try:
                async with httpx.AsyncClient(base_url=self.address() + API, timeout=60) as http:
                    if not self.token:
                        await self._log_in(http)
                    headers = {"Authorization": f"Bearer {self.token}"}
                    if key is not None:
                        headers["Idempotency-Key"] = key
                    answer = await http.request(method, path, headers=headers, **more)
            except httpx.TransportError:
                await asyncio.sleep(0.05)
                continue
            if answer.status_code == 401:
                self.token = ""
            elif answer.status_code in FINAL:
                self.repeated += attempt > 0
                return answer
            # A twin that is still running (409), a database on its way up (503): the same question again.
            elif answer.status_code not in {409, 503}:
                raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text}")
            await asyncio.sleep(0.05)
        raise AssertionError(f"{method} {path}: no answer")

    async def _log_in(self, http: httpx.AsyncClient) -> None:
        answer = await http.post("/auth/login", json={"email": self.email, "password": PASSWORD})
        if answer.status_code == 200:
            self.token = answer.json()["access_token"]

    async def step(self) -> None:
        kind = self.chance.choice(["create", "create", "create", "transfer", "bulk", "change", "delete"])
        await getattr(self, f"_{kind}")()
        self.acknowledged += 1

    def _amount(self) -> str:
        return f"{self.chance.randrange(1, 100_000)}.{self.chance.randrange(100):02}"

    def _body(self) -> dict[str, Any]:
        kind = self.chance.choice(["expense", "income"])
        return {"type": kind, "date": "2026-01-15", "amount": self._amount(), "account_id": self.account}

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer = await self.ask("POST", path, key=uuid.UUID(int=self.chance.getrandbits(128)).hex, json=body)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    async def _create(self) -> None:
        body = self._body()
        made = await self._post("/transactions", body)
        self._keep(made, body)
        if self.chance.random() < 0.3:
            self.settled[made["id"]] = made["amount"]

    async def _transfer(self) -> None:
        body = self._body() | {"type": "transfer", "to_account_id": self.other}
        made = await self._post("/transactions", body)
        self.expected[made["id"]] = -Decimal(body["amount"])

    async def _bulk(self) -> None:
        bodies = [self._body() for _ in range(5)]
        operations = [{"op": "create", "transaction": body} for body in bodies]
        done = await self._post("/transactions/bulk", {"operations": operations})
        for result, body in zip(done["results"], bodies, strict=True):
            self._keep(result["transaction"], body)

    def _keep(self, made: dict[str, Any], body: dict[str, Any]) -> None:
        assert made["id"] not in self.expected
        self.expected[made["id"]] = Decimal(body["amount"]) * (1 if body["type"] == "income" else -1)

    def _own(self) -> str | None:
        free = [row for row in self.expected if row not in self.settled]
        return self.chance.choice(free) if free else None

    async def _change(self) -> None:
        if row := self._own():
            amount = self._amount()
            answer = await self.ask("PATCH", f"/transactions/{row}", json={"amount": amount})
            assert answer.status_code == 200, answer.text
            self.expected[row] = Decimal(amount) * (1 if self.expected[row] > 0 else -1)

    async def _delete(self) -> None:
        if row := self._own():
            # Asked again after an answer that was lost, it is gone already.
            await self.ask("DELETE", f"/transactions/{row}")
            del self.expected[row]

    async def check(self) -> None:
        """Nothing that was acknowledged is missing, nothing is there twice."""
        page: dict[str, Any] = {"next_cursor": None}
        found: dict[str, Decimal] = {}
        while True:
            params = {"account_id": self.account, "limit": 500}
            if page["next_cursor"]:
                params["cursor"] = page["next_cursor"]
            page = (await self.ask("GET", "/transactions", params=params)).json()
            for item in page["items"]:
                own = [Decimal(p["amount"]) for p in item["postings"] if p["account_id"] == self.account]
                found[item["id"]] = sum(own, Decimal(0))
            if page["next_cursor"] is None:
                break
        assert found == self.expected, self.name
        balance = (await self.ask("GET", f"/accounts/{self.account}")).json()["balance"]
        assert Decimal(balance) == sum(self.expected.values(), Decimal(0))

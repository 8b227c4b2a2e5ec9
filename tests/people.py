"""People who use the API in tests: a logged-in client with short ways to do common things."""

from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

API = "/api/v1"
PASSWORD = "plume-Kq7-wet"


@dataclass
class Person:
    """A registered, logged-in user."""

    http: AsyncClient
    email: str
    user: dict[str, Any]
    tokens: dict[str, Any]

    @property
    def book_id(self) -> str:
        return str(self.user["default_book_id"])

    async def get(self, path: str, **params: Any) -> Response:
        return await self.http.get(path, params=params)

    async def read(self, path: str, **params: Any) -> Any:
        return expect(await self.http.get(path, params=params), 200)

    async def account(self, name: str = "Checking", **fields: Any) -> dict[str, Any]:
        body = {"name": name, "type": "checking", "currency": "EUR", **fields}
        made: dict[str, Any] = expect(await self.http.post("/accounts", json=body), 201)
        return made

    async def category(self, name: str = "Food", **fields: Any) -> dict[str, Any]:
        body = {"name": name, "kind": "expense", **fields}
        made: dict[str, Any] = expect(await self.http.post("/categories", json=body), 201)
        return made

    async def add(self, **fields: Any) -> dict[str, Any]:
        """A transaction, an expense of today's month unless said otherwise."""
        made: dict[str, Any] = expect(await self.try_add(**fields), 201)
        return made

    async def try_add(self, **fields: Any) -> Response:
        body = {"type": "expense", "date": "2026-01-15", "amount": "10.00", **fields}
        return await self.http.post("/transactions", json=body)

    async def balance(self, account: dict[str, Any], at: str | None = None) -> str:
        params = {"at": at} if at else {}
        answer = expect(await self.http.get(f"/accounts/{account['id']}/balance", params=params), 200)
        return str(answer["balance"])

    async def check_integrity(self) -> None:
        for book in expect(await self.http.get("/books"), 200)["items"]:
            if book["role"] != "owner":
                continue
            report = expect(await self.http.get(f"/books/{book['id']}/integrity"), 200)
            assert report["ok"], [check for check in report["checks"] if not check["ok"]]


def expect(response: Response, status: int) -> Any:
    """The body of an answer of this status; the whole answer in the failure when it is another."""
    assert response.status_code == status, f"{response.request.method} {response.request.url}: {response.text}"
    return response.json() if response.content else None


def fields(body: dict[str, Any]) -> set[tuple[str, str]]:
    """Which fields a problem names, each with its code."""
    return {(item["field"], item["code"]) for item in body["errors"]}


def problem(response: Response, status: int, code: str) -> dict[str, Any]:
    """The body of an error: the status, the media type and the code are right, and it has all it must have."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["code"] == code, body
    assert {"type", "title", "status", "detail", "instance", "request_id"} <= body.keys()
    assert body["status"] == status
    assert body["request_id"] == response.headers["x-request-id"]
    return body


async def register(app: FastAPI, email: str, **fields: Any) -> Person:
    http = AsyncClient(transport=ASGITransport(app, raise_app_exceptions=False), base_url=f"http://test{API}")
    user = expect(await http.post("/auth/register", json={"email": email, "password": PASSWORD, **fields}), 201)
    tokens = expect(await http.post("/auth/login", json={"email": email, "password": PASSWORD}), 200)
    http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    return Person(http, email, user, tokens)

"""A browser that walks to a provider and back, and what a page in it does with the code."""

from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import httpx
from fastapi import FastAPI
from httpx import AsyncClient, Response

from tests.people import API, Person, expect
from tests.servers import client_of


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


class Browser:
    """Keeps cookies of ours; at the provider it is whom `sub` says."""

    def __init__(self, app: FastAPI, base_url: str = "http://test") -> None:
        self.http: AsyncClient = client_of(app, f"{base_url}{API}")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    def sign_in(self, person: Person) -> None:
        self.http.headers["Authorization"] = person.http.headers["Authorization"]

    async def start(self, **params: str) -> str:
        """Where the provider is to be asked."""
        answer = await self.http.get("/auth/oidc/start", params=params)
        expect(answer, 302)
        return answer.headers["location"]

    async def ask(self, url: str, sub: str | None = None) -> str:
        """Log in at the provider (or be there already); returns where it sends the browser."""
        async with AsyncClient(verify=False) as client:
            form = {"data": {"sub": sub}} if sub else {}
            answer = await client.request("POST" if sub else "GET", url, **form)  # type: ignore[arg-type]
        assert answer.status_code == httpx.codes.FOUND, answer.text
        return answer.headers["location"]

    async def come_back(self, location: str, **changes: str) -> Response:
        parts = urlsplit(location)
        assert parts.path == f"{API}/auth/oidc/callback"
        return await self.http.get("/auth/oidc/callback", params={**query_of(location), **changes})

    async def walk(self, sub: str | None = None, **params: str) -> Response:
        """There and back: the answer of our callback."""
        return await self.come_back(await self.ask(await self.start(**params), sub))

    async def exchange(self, code: str, **more: str) -> Response:
        return await self.http.post("/auth/oidc/exchange", json={"code": code, **more})

    async def log_in(self, sub: str | None = None) -> dict[str, Any]:
        """Who one is after logging in; this browser is signed in then."""
        arrived = expect(await self.walk(sub), 200)
        tokens = expect(await self.exchange(arrived["code"]), 200)
        self.http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        me: dict[str, Any] = expect(await self.http.get("/users/me"), 200)
        return me

    async def begin(self, intent: str, **body: str) -> Response:
        """POST to `link` or `confirm`, and walk from there; the answer of our callback."""
        begun = expect(await self.http.post(f"/auth/oidc/{intent}", json=body), 200)
        return await self.walk(**query_of(begun["url"]))

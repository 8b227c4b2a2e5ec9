"""The loop in docs/history.md keeps a copy, as it stands there."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.test_schemathesis import Served, served
from tests.people import API

__all__ = ["served"]

DOCS = Path(__file__).parents[2] / "docs" / "history.md"


def test_the_documented_loop_follows_a_book(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    definitions, _, loop = code.partition("\nwhile True:\n    catch_up()")
    assert "time.sleep" in loop
    with httpx.Client(base_url=f"{served.url}{API}", headers=served.headers) as client:
        book = client.get("/users/me").raise_for_status().json()["default_book_id"]
        monkeypatch.setenv("API", f"{served.url}{API}")
        monkeypatch.setenv("BOOK", book)
        monkeypatch.setenv("TOKEN", served.headers["Authorization"].removeprefix("Bearer "))
        names: dict[str, Any] = {}
        exec(definitions, names)
        names["catch_up"]()
        before = len(names["copy"])
        body = {"name": "Checking", "type": "checking", "currency": "EUR"}
        made = client.post("/accounts", json=body).raise_for_status().json()
        names["catch_up"]()
        assert names["copy"]["account", made["id"]]["name"] == "Checking"
        client.delete(f"/accounts/{made['id']}").raise_for_status()
        names["catch_up"]()
        assert len(names["copy"]) == before
        assert names["since"] == client.get(f"/books/{book}").json()["revision"]

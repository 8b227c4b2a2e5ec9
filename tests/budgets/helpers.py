"""Short ways to do common things with budgets, and a day to do them on."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.people import Person, expect


def today_is(monkeypatch: pytest.MonkeyPatch, day: str) -> None:
    """Noon of a day, in UTC, for everybody."""
    at = datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC)
    monkeypatch.setattr("app.access.context.now", lambda: at)


async def budget(person: Person, name: str = "Budget", **fields: Any) -> dict[str, Any]:
    """A monthly budget of 100 over all spending from 2026-01-01, unless said otherwise."""
    body = {"name": name, "amount": "100.00", "period": "monthly", "start_date": "2026-01-01", **fields}
    made: dict[str, Any] = expect(await person.http.post("/budgets", json=body), 201)
    return made


async def status(person: Person, made: dict[str, Any], date: str) -> dict[str, Any]:
    found: dict[str, Any] = await person.read(f"/budgets/{made['id']}/status", date=date)
    return found


async def assign(person: Person, made: dict[str, Any], amount: str, date: str) -> dict[str, Any]:
    body = {"amount": amount, "date": date}
    put: dict[str, Any] = expect(await person.http.post(f"/budgets/{made['id']}/assign", json=body), 201)
    return put


async def undo(person: Person, revision: int | None = None) -> None:
    """The newest revision, unless another one is named."""
    if revision is None:
        revision = (await person.read(f"/books/{person.book_id}"))["revision"]
    expect(await person.http.post(f"/books/{person.book_id}/undo", json={"revision": revision}), 200)


def figures(found: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(found[name] for name in names)

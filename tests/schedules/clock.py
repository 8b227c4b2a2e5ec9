"""The clock that tests of schedules drive, and the scheduler run by hand at its time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from app.access import context
from app.core.config import Settings
from app.core.database import Database
from app.core.jobs.tasks import Work
from app.schedules.tasks import TASKS
from tests.people import Person, expect

Document = dict[str, Any]
HANDLERS = {task.name: task.handler for task in TASKS}


@dataclass
class Clock:
    """The instant it is, for people (their today) and for jobs."""

    monkeypatch: pytest.MonkeyPatch
    at: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __post_init__(self) -> None:
        self.monkeypatch.setattr(context, "now", lambda: self.at)

    def set(self, day: str, hour: int = 12) -> None:
        self.at = datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC)


@dataclass
class Scheduler:
    """Runs the jobs of schedules as the queue would: each in one transaction."""

    database: Database
    settings: Settings
    clock: Clock

    async def run(self, name: str, payload: Mapping[str, Any]) -> None:
        async with self.database.begin() as connection:
            await HANDLERS[name](Work(connection, self.database, self.settings, self.clock.at), payload)

    async def work(self, person: Person, user_id: str | None = None) -> None:
        """Do what is due in the person's book by their own schedules."""
        payload = {"book_id": person.book_id, "user_id": user_id or person.user["id"]}
        UUID(payload["user_id"])
        await self.run("schedules.post", payload)


async def schedule(person: Person, account: Document, **fields: Any) -> Document:
    """A monthly expense on the first that is posted by itself, unless said otherwise."""
    template = {"type": "expense", "account_id": account["id"], "payee": "Landlord", **fields.pop("template", {})}
    body = {
        "name": "Rent",
        "template": template,
        "rrule": "FREQ=MONTHLY;BYMONTHDAY=1",
        "starts_on": "2026-01-01",
        "mode": "post",
        **({} if "amount_kind" in fields or template["type"] == "journal" else {"amount": "850.00"}),
        **fields,
    }
    made: Document = expect(await person.http.post("/schedules", json=body), 201)
    return made


async def states(person: Person, made: Document, first: str, last: str) -> list[tuple[str, str]]:
    """Each occurrence's `due_on` and status."""
    path = f"/schedules/{made['id']}/occurrences"
    return [(o["due_on"], o["status"]) for o in (await person.read(path, **{"from": first, "to": last}))["items"]]


async def posted(person: Person) -> list[tuple[str, str]]:
    """Date and amount of every transaction, the oldest first."""
    items = (await person.read("/transactions", limit=500))["items"]
    return sorted((t["date"], t["amount"]) for t in items)


async def told(database: Database, person: Person) -> list[tuple[str, str]]:
    """Kind and title of what the person was told of, in its order."""
    from sqlalchemy import text

    statement = text("SELECT kind, title FROM notifications WHERE user_id = :user ORDER BY id")
    async with database.begin() as connection:
        return [(row.kind, row.title) for row in await connection.execute(statement, {"user": person.user["id"]})]

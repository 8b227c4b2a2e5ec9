"""A clock to drive, and the jobs of bills and subscriptions run at its time."""

from collections.abc import Awaitable, Callable

import pytest

from app.core.config import Settings
from app.core.database import Database
from app.core.jobs.tasks import Work
from app.schedules.bills_tasks import TASKS as BILLS
from app.subscriptions.tasks import TASKS as SUBSCRIPTIONS
from tests.people import Person
from tests.schedules.clock import Clock

Run = Callable[[str, Person], Awaitable[None]]
HANDLERS = {task.name: task.handler for task in (*BILLS, *SUBSCRIPTIONS)}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def run(app_database: Database, settings: Settings, clock: Clock) -> Run:
    """Run one of the jobs for a person's book, in one transaction as the queue does."""

    async def run(name: str, person: Person) -> None:
        async with app_database.begin() as connection:
            work = Work(connection, app_database, settings, clock.at)
            await HANDLERS[name](work, {"book_id": person.book_id})

    return run

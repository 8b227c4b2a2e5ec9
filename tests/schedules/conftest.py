"""A clock to drive, and the scheduler."""

import pytest

from app.core.config import Settings
from app.core.database import Database
from tests.schedules.clock import Clock, Scheduler


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def scheduler(app_database: Database, settings: Settings, clock: Clock) -> Scheduler:
    return Scheduler(app_database, settings, clock)

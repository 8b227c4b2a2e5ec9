"""A portfolio for each test."""

from collections.abc import AsyncIterator

import pytest

from app.core.database import Database
from tests.people import Person
from tests.performance.world import World, world_of


@pytest.fixture
async def world(kim: Person, owner_database: Database) -> AsyncIterator[World]:
    async with world_of(owner_database, kim) as found:
        yield found

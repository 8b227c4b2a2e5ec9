"""People who look after the server."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from app.core.database import Database
from tests.conftest import fresh_email
from tests.people import Person, register
from tests.staff import appoint, confirm


@pytest.fixture
async def admin(app: FastAPI, owner_database: Database) -> AsyncIterator[Person]:
    """An admin, one of several, who has just proved who they are."""
    person = await register(app, fresh_email(), full_name="Ada Admin")
    await appoint(owner_database, person, "admin")
    await confirm(owner_database, person)
    yield person
    await appoint(owner_database, person, "user")
    await person.http.aclose()


@pytest.fixture
async def moderator(app: FastAPI, owner_database: Database) -> AsyncIterator[Person]:
    person = await register(app, fresh_email(), full_name="Mo Moderator")
    await appoint(owner_database, person, "moderator")
    yield person
    await appoint(owner_database, person, "user")
    await person.http.aclose()

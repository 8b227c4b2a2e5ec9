"""Counting what a request costs: its statements, whatever the machine takes for them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.core.config import Settings, load_settings
from app.main import create_app
from tests.conftest import fresh_email
from tests.people import Person, register


@asynccontextmanager
async def counting(settings: Settings) -> AsyncIterator[tuple[Person, list[str]]]:
    """Somebody on a server of one connection, and the statements it has seen.

    Its lifespan is not run: the statements of its chores would be counted with those of a request.
    """
    app = create_app(load_settings(_env_file=None, **{**settings.model_dump(), "database_pool_size": 1}))
    seen: list[str] = []
    app.state.database.count_statements(seen.append)
    person = await register(app, fresh_email())
    yield person, seen
    await person.check_integrity()
    await person.http.aclose()
    await app.state.database.dispose()

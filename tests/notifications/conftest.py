"""A server that sends its mail to a real SMTP server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.core.config import Settings
from app.core.database import Database
from app.core.embedded import EmbeddedPostgres
from tests.databases import migrated_database
from tests.notifications.smtp import Letterbox
from tests.servers import serving


@dataclass
class PostOffice:
    """How to start a server of ours that sends to a letterbox; its mails are in a database of its own.

    The suite's server would send them itself.
    """

    settings: Settings
    owner: Database

    @asynccontextmanager
    async def serving(self, box: Letterbox) -> AsyncIterator[tuple[FastAPI, AsyncClient]]:
        changes = {"smtp_host": "127.0.0.1", "smtp_port": box.port, "smtp_security": "none", "mail_folder": None}
        async with serving(self.settings, **changes) as served:
            yield served


@pytest.fixture(scope="session")
async def post_office(
    postgres: EmbeddedPostgres, settings: Settings, app_database: Database
) -> AsyncIterator[PostOffice]:
    await migrated_database(postgres, "letters")
    # The login of the suite's own server serves, for its password is new at each start.
    url = app_database.engine.url.set(database="letters").render_as_string(hide_password=False)
    owner = Database(postgres.url("letters"), pool_size=2, role=None)
    yield PostOffice(settings.model_copy(update={"database_url": url}), owner)
    await owner.dispose()

"""Further instances of the application, with other settings than the suite's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from app.core.config import Settings, load_settings
from app.main import create_app


def client_of(app: FastAPI, base_url: str = "http://test", *, address: str = "127.0.0.1") -> AsyncClient:
    """A client without a token that connects from this address."""
    transport = ASGITransport(app, raise_app_exceptions=False, client=(address, 50_000))
    return AsyncClient(transport=transport, base_url=base_url)


@asynccontextmanager
async def serving(settings: Settings, **changes: Any) -> AsyncIterator[tuple[FastAPI, AsyncClient]]:
    """An application with these settings changed, and an anonymous client of it."""
    app = create_app(load_settings(_env_file=None, **{**settings.model_dump(), **changes}))
    async with app.router.lifespan_context(app), client_of(app) as client:
        yield app, client


@asynccontextmanager
async def quiet(settings: Settings) -> AsyncIterator[FastAPI]:
    """An application of one connection that does nothing by itself: the statements it is counted are its requests'."""
    app = create_app(load_settings(_env_file=None, **{**settings.model_dump(), "database_pool_size": 1}))
    yield app
    await app.state.database.dispose()

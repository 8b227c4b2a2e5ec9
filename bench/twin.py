"""The bare twin: Starlette over asyncpg, doing what the application does in the database and nothing else.

It sends the recorded statements in a transaction and answers JSON of the same size. It checks no token, validates no
input and knows no rules: what the application costs beside it is the price of everything else.
"""

import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.core.ids import new_id
from bench.recorded import Recorded, Recording

POOL_SIZE = 10

Endpoint = Callable[[Request], Awaitable[Response]]


class Fit:
    """Makes an answer of a given size out of rows: fewer rows or padding, worked out once."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._rows: int | None = None
        self._padding = ""

    def body(self, rows: list[Any], **more: Any) -> bytes:
        if self._rows is None:
            length = len(_dump({"rows": [dict(row) for row in rows], **more}))
            self._rows = len(rows) if length <= self._size else len(rows) * self._size // length
            shown = [dict(row) for row in rows[: self._rows]]
            self._padding = " " * (self._size - len(_dump({"rows": shown, "padding": "", **more})))
        shown = [dict(row) for row in rows[: self._rows]]
        return _dump({"rows": shown, "padding": self._padding, **more})


def _dump(value: Any) -> bytes:
    return orjson.dumps(value, default=str)


def reads(recorded: Recorded) -> Endpoint:
    fit = Fit(recorded.size)

    async def endpoint(request: Request) -> Response:
        rows: list[Any] = []
        async with request.app.state.pool.acquire() as connection, connection.transaction():
            for statement, arguments in recorded.statements:
                rows = await connection.fetch(statement, *arguments)
        return Response(fit.body(rows), media_type="application/json")

    return endpoint


def creates(recorded: Recorded) -> Endpoint:
    """As recorded, with an id of its own and with the revision that taking the book gave."""
    assert recorded.created is not None
    old_id, old_revision = recorded.created
    fit = Fit(recorded.size)

    def renewed(value: Any, fresh: str, revision: int) -> Any:
        if isinstance(value, str):
            return value.replace(old_id, fresh).replace(f'"revision":{old_revision}', f'"revision":{revision}')
        return revision if value == old_revision and isinstance(value, int) else value

    async def endpoint(request: Request) -> Response:
        body = orjson.loads(await request.body())
        fresh = str(new_id())
        revision = old_revision
        rows: list[Any] = []
        async with request.app.state.pool.acquire() as connection, connection.transaction():
            for statement, arguments in recorded.statements:
                rows = await connection.fetch(statement, *(renewed(value, fresh, revision) for value in arguments))
                if "UPDATE books" in statement:
                    revision = rows[0]["revision"]
        return Response(fit.body(rows, id=fresh, body=body), 201, media_type="application/json")

    return endpoint


async def _keep_as_is(_connection: Any) -> None:
    """The application resets nothing between requests either: all it sets ends with the transaction."""


async def _read_json_raw(connection: Any) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(kind, schema="pg_catalog", encoder=str, decoder=orjson.Fragment)


def create_twin(recording: Recording) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with asyncpg.create_pool(
            **recording.connection,
            min_size=POOL_SIZE,
            max_size=POOL_SIZE,
            statement_cache_size=500,
            init=_read_json_raw,
            reset=_keep_as_is,
        ) as pool:
            app.state.pool = pool
            yield

    routes = [
        Route(recorded.path, creates(recorded), methods=["POST"])
        if recorded.created
        else Route(recorded.path, reads(recorded))
        for recorded in recording.requests
    ]
    return Starlette(routes=routes, lifespan=lifespan)


class _Server(uvicorn.Server):
    """Says where it listens once it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            print(f"http://127.0.0.1:{sockets[0].getsockname()[1]}", flush=True)


def main() -> None:
    app = create_twin(Recording.load(Path(sys.argv[1])))
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", log_config=None, access_log=False, server_header=False
    )
    _Server(config).run(sockets=[socket.create_server(("127.0.0.1", 0))])


if __name__ == "__main__":
    main()

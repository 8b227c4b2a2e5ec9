"""What the real application sends to the database for a request, for the twin to send the same.

The application runs in this process for it, on the database that is measured. SQLAlchemy tells each statement as it
goes to the driver (asyncpg's own query log leaves prepared statements out, and these all are).
"""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import httpx
from sqlalchemy import event, make_url

from app.core.config import load_settings
from app.core.database import APP_ROLE
from app.main import create_app
from bench.load import Ask
from bench.recorded import Recorded, Recording
from bench.server import Server


def record(server: Server, asks: Sequence[Ask]) -> Recording:
    """Each request's statements, under the paths `/0`, `/1`, ... of the twin."""
    return Recording(_connection(server.database_url), asyncio.run(_record(server, asks)))


def _connection(url: str) -> dict[str, Any]:
    parsed = make_url(url)
    return {
        "host": parsed.query["host"],
        "port": int(str(parsed.query["port"])),
        "user": parsed.username,
        "password": parsed.password,
        "database": parsed.database,
        "server_settings": {
            "application_name": "finance-bench-twin",
            "timezone": "UTC",
            "jit": "off",
            "role": APP_ROLE,
        },
    }


async def _record(server: Server, asks: Sequence[Ask]) -> tuple[Recorded, ...]:
    settings = load_settings(
        _env_file=None, database_url=server.database_url, data_dir=server.data_dir, log_level="WARNING"
    )
    app = create_app(settings)
    seen: list[tuple[str, tuple[Any, ...]]] = []

    @event.listens_for(app.state.database.engine.sync_engine, "before_cursor_execute")
    def _listen(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: Any) -> None:
        seen.append((statement, tuple(_plain(value) for value in parameters)))

    found = []
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://bench") as http:
        for number, ask in enumerate(asks):
            await _send(http, ask)  # the first time, names are made
            seen.clear()
            answer = await _send(http, ask)
            recorded = Recorded(f"/{number}", tuple(seen), len(answer.content))
            if ask.method == "POST":
                recorded = replace(recorded, created=(answer.json()["id"], answer.json()["revision"]))
            found.append(recorded)
    await app.state.database.dispose()
    return tuple(found)


async def _send(http: httpx.AsyncClient, ask: Ask) -> httpx.Response:
    headers = {**ask.headers, **({} if ask.body is None else {"Content-Type": "application/json"})}
    answer = await http.request(ask.method, ask.path, headers=headers, content=ask.body)
    return answer.raise_for_status()


def _plain(value: Any) -> Any:
    """The driver's own UUIDs as the standard library's."""
    return uuid.UUID(int=value.int) if isinstance(value, uuid.UUID) else value

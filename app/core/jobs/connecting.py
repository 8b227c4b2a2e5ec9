"""How a worker reaches the queue: by the same URL as everything else, through the queue's own driver."""

import asyncio
from typing import Any, LiteralString

from procrastinate import PsycopgConnector
from procrastinate.exceptions import ConnectorException
from psycopg import InterfaceError, OperationalError
from sqlalchemy import make_url

from app.core.jobs.schema import SCHEMA, WORKER_ROLE

CONNECT_SECONDS = 10
PAUSES = (0.1, 0.5, 2.0)
LOST = (OperationalError, InterfaceError)


def connection_parameters(url: str) -> dict[str, Any]:
    """What libpq calls the parts of this URL; the role and the schema go in the connection's first packet."""
    parsed = make_url(url)
    query = {name: ",".join(value) if isinstance(value, tuple) else value for name, value in parsed.query.items()}
    given = {
        "host": query.get("host") or parsed.host,
        "port": query.get("port") or parsed.port,
        "user": parsed.username,
        "password": parsed.password,
        "dbname": parsed.database,
        "sslmode": query.get("ssl"),
        "passfile": query.get("passfile"),
        "target_session_attrs": query.get("target_session_attrs"),
        "connect_timeout": CONNECT_SECONDS,
        # Restoring a backup asks by this name whether somebody works with the database.
        "application_name": "finance-tracker",
        "options": f"-c role={WORKER_ROLE} -c search_path={SCHEMA} -c timezone=UTC -c lock_timeout=30s",
    }
    return {name: value for name, value in given.items() if value is not None}


class Connector(PsycopgConnector):
    """The queue's connector, which says again what the server may not have heard.

    What a job came to is told to the server once, when the job has ended: were it lost with a connection, the job
    would count as running for as long as its worker lives.
    """

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        for pause in PAUSES:
            try:
                await super().execute_query_async(query, **arguments)
            except ConnectorException as error:
                if not isinstance(error.__cause__, LOST):
                    raise
                await asyncio.sleep(pause)
            else:
                return
        await super().execute_query_async(query, **arguments)


def connector_to(url: str) -> Connector:
    """Three connections at most, and one that listens."""
    return Connector(kwargs=connection_parameters(url), min_size=1, max_size=3, timeout=CONNECT_SECONDS)

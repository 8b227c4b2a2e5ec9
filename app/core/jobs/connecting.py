"""How a worker reaches the queue: by the same URL as everything else, through the queue's own driver."""

from typing import Any

from procrastinate import PsycopgConnector
from sqlalchemy import make_url

from app.core.jobs.schema import SCHEMA, WORKER_ROLE

CONNECT_SECONDS = 10


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


def connector_to(url: str) -> PsycopgConnector:
    """Three connections at most, and one that listens."""
    return PsycopgConnector(kwargs=connection_parameters(url), min_size=1, max_size=3, timeout=CONNECT_SECONDS)

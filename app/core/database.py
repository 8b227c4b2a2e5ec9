"""The engine, the one commit point, and what the database's own refusals mean."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from sqlalchemy import MetaData, Row, Select, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from app.core.errors import BusyError, DomainError

APP_ROLE = "finance_app"
"""The role every request works under: it owns nothing and cannot bypass row-level security."""

REQUEST_LIMITS = {
    # Who waits for a book longer than this hears that it is busy.
    "lock_timeout": "30s",
    "statement_timeout": "10min",
    # Reading a big upload happens inside the request's transaction and takes seconds, not minutes.
    "idle_in_transaction_session_timeout": "5min",
}
"""What no request may exceed, whatever it runs into."""

TRANSACTION_CONTROL = ("BEGIN", "COMMIT", "ROLLBACK")

CONVENTION = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}


AnyRow = Row[*tuple[Any, ...]]
"""A row whose columns the statement decides."""

AnySelect = Select[*tuple[Any, ...]]
"""A SELECT whose columns are put together at run time."""


class Base(DeclarativeBase):
    """Tables for typed statements and for migrations; rows are read as rows, never as entities."""

    metadata = MetaData(naming_convention=CONVENTION)


class Database:
    """A pool of connections; `begin()` is the only place that commits."""

    def __init__(self, url: str, *, pool_size: int = 10, role: str | None = APP_ROLE) -> None:
        server_settings = {"application_name": "finance-tracker", "timezone": "UTC", "jit": "off"}
        if role is not None:
            # Sent in the connection's first packet: no round trip, and RESET ROLE comes back to it.
            server_settings |= {"role": role, **REQUEST_LIMITS}
        self.engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=10,
            pool_recycle=1800,
            pool_use_lifo=True,
            # An error's text goes to the log; what was sent, amounts and names, does not.
            hide_parameters=True,
            connect_args={
                "server_settings": server_settings,
                "timeout": 10,
                "prepared_statement_cache_size": 500,
            },
            json_serializer=lambda value: orjson.dumps(value, default=str).decode(),
            json_deserializer=orjson.loads,
        )

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed when the block ends, rolled back whole when it raises."""
        async with self.engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads, and sees one state of the database from its first statement to its last."""
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        async with self.engine.execution_options(**options).begin() as connection:
            yield connection

    def count_statements(self, seen: Callable[[str], None]) -> None:
        """Call `seen` with each statement the server executes on new connections, BEGIN and COMMIT included.

        The driver's log has what begins and ends a transaction and lacks all that is prepared, which is the rest.
        """

        @event.listens_for(self.engine.sync_engine, "connect")
        def _listen(connection: DBAPIConnection, _record: object) -> None:
            driver = connection.driver_connection
            driver.add_query_logger(
                lambda query: seen(query.query) if query.query.startswith(TRANSACTION_CONTROL) else None
            )

        @event.listens_for(self.engine.sync_engine, "after_cursor_execute")
        def _count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            seen(statement)

    async def dispose(self) -> None:
        await self.engine.dispose()


_NESTED_LOOPS = text(
    """
    SELECT before.former, set_config('enable_nestloop', :value, true)
    FROM (SELECT current_setting('enable_nestloop') AS former OFFSET 0) AS before
    """
)


@asynccontextmanager
async def without_nested_loops(connection: AsyncConnection) -> AsyncIterator[None]:
    """Have statements over many rows join without comparing each with each.

    The planner takes what comes out of a common table expression, or was written a moment ago, for a handful of rows.
    Big tables are reached by arrays of ids then. An error in the block ends the transaction, and this with it.
    """
    former = (await connection.execute(_NESTED_LOOPS, {"value": "off"})).scalar_one()
    yield
    await connection.execute(_NESTED_LOOPS, {"value": former})


_meanings: dict[str, Callable[[], DomainError]] = {}


def constraint_means(name: str, make: Callable[[], DomainError]) -> None:
    """Say once, beside the domain that owns it, which error a violated constraint is.

    Services check what they can before they write; this answers for two requests that met in between.
    """
    _meanings[name] = make


_states: dict[str, Callable[[], DomainError]] = {}


def state_means(state: str, make: Callable[[], DomainError]) -> None:
    """The same for an error class of our own, which triggers raise."""
    _states[state] = make


def constraint_name(error: DBAPIError) -> str | None:
    """The violated constraint's name as PostgreSQL reports it, None for other errors."""
    cause = getattr(error, "driver_exception", None) or error.orig
    for candidate in (cause, getattr(cause, "__cause__", None)):
        name = getattr(candidate, "constraint_name", None)
        if isinstance(name, str):
            return name
    return None


def sqlstate(error: DBAPIError) -> str | None:
    """PostgreSQL's five-letter error class, None when the server never answered."""
    value = getattr(error.orig, "sqlstate", None)
    return value if isinstance(value, str) else None


def domain_error_of(error: DBAPIError) -> DomainError | None:
    """The domain error that a refusal of the database stands for, None when it has no such meaning."""
    if isinstance(error, IntegrityError):
        make = _meanings.get(constraint_name(error) or "")
        return make() if make else None
    if (refused := _states.get(sqlstate(error) or "")) is not None:
        return refused()
    if sqlstate(error) in {"40001", "40P01", "55P03", "57014"}:
        return BusyError("The book is busy with another change; try again in a moment.")
    return None


def is_disconnect(error: DBAPIError) -> bool:
    """Whether the server went away: stopping, starting, killed, too many connections, or it does not let us in."""
    while_connecting = error.statement is None and not isinstance(error, IntegrityError)
    state = sqlstate(error)
    return while_connecting or error.connection_invalidated or (state is not None and state[:2] in {"08", "53", "57"})

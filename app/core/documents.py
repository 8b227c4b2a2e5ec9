"""JSON on its way to PostgreSQL: exact, and the same everywhere."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from decimal import Decimal
from typing import Any, ParamSpec, TypeVar

import orjson
from anyio import to_thread
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import without_nested_loops

MANY = 500
"""Of so many things at once, what is computed about them is computed beside the event loop."""

Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")


async def aside(
    count: int, work: Callable[Parameters, Answer], *given: Parameters.args, **named: Parameters.kwargs
) -> Answer:
    """What `work` answers; about more than `MANY` things it works in a thread, and others are answered meanwhile."""
    if count <= MANY:
        return work(*given, **named)
    return await to_thread.run_sync(lambda: work(*given, **named))


def joining(connection: AsyncConnection, count: int) -> AbstractAsyncContextManager[None]:
    """For statements about so many things that a plan made for a few would take hours: see `without_nested_loops`."""
    return without_nested_loops(connection) if count > MANY else nullcontext()


def dump(value: Any) -> str:
    """JSON text in which a decimal is its plain digits as a string, so that nothing reads it as a float."""
    return orjson.dumps(value, default=_plain).decode()


def _plain(value: object) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)

"""JSON on its way to PostgreSQL: exact, and the same everywhere."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, ParamSpec, TypeVar

import orjson
from anyio import to_thread

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


def dump(value: Any) -> str:
    """JSON text in which a decimal is its plain digits as a string, so that nothing reads it as a float."""
    return orjson.dumps(value, default=_plain).decode()


def _plain(value: object) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)

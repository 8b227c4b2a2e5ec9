"""JSON on its way to PostgreSQL: exact, and the same everywhere."""

from decimal import Decimal
from typing import Any

import orjson


def dump(value: Any) -> str:
    """JSON text in which a decimal is its plain digits as a string, so that nothing reads it as a float."""
    return orjson.dumps(value, default=_plain).decode()


def _plain(value: object) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)

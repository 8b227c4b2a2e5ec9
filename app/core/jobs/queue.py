"""Putting a job into the queue, in the transaction of its cause: rolled back, it never existed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import bindparam

from app.core.documents import dump

_DEFER = text("SELECT defer_job(:task, CAST(:payload AS jsonb), :key, :at)").bindparams(
    bindparam("at", type_=TIMESTAMP(timezone=True))
)


async def defer(
    connection: AsyncConnection,
    task: str,
    payload: Mapping[str, Any],
    *,
    key: str | None = None,
    at: datetime | None = None,
) -> None:
    """Have the task run once this transaction is committed, not before `at` where that is given.

    While a job with the same `key` waits, another is not added. Jobs of one key never run at the same time.
    """
    await connection.execute(_DEFER, {"task": task, "payload": dump(dict(payload)), "key": key, "at": at})

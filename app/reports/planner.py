"""What the planner has to be told of statements over many rows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_LARGER_HASHES = text("SELECT set_config('hash_mem_multiplier', '32', true)")
_SET = text("SELECT set_config('enable_nestloop', :value, true), set_config('enable_sort', :value, true)")


@asynccontextmanager
async def for_many_rows(connection: AsyncConnection) -> AsyncIterator[None]:
    """Have a statement join and group by hashes.

    It takes the postings of some days for a handful, and would look up the transaction of each and sort them all to
    group them. For a statement that finds what it shows of big tables by arrays of ids, or shows none of them.
    """
    await connection.execute(_SET, {"value": "off"})
    yield
    await connection.execute(_SET, {"value": "on"})


async def for_many_splits(connection: AsyncConnection) -> None:
    """Let a set of transactions be hashed however many the planner takes it for; else each row would be sought in all.

    It is of this transaction, in which no other statement has a use for it.
    """
    await connection.execute(_LARGER_HASHES)

"""Which currencies there are and how fine they count."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow
from app.core.errors import invalid
from app.currencies import repository


async def every(connection: AsyncConnection) -> Sequence[AnyRow]:
    return await repository.every(connection)


async def exponent_of(connection: AsyncConnection, code: str, field: str) -> int:
    """The decimals of a currency; raises `InvalidError` on `field` for one that is not known."""
    found = await repository.exponent(connection, code)
    if found is None:
        raise invalid(field, "unknown_currency", f"{code} is not known; GET /currencies lists those that are")
    return found

"""A round of the housekeeping, as the worker does it by the clock."""

from app.core.database import Database
from app.system.housekeeping import forget


async def keep_house(database: Database) -> None:
    async with database.begin() as connection:
        await forget(connection)

"""Taking second factors away from somebody who lost all of them."""

from app.auth.factors import reset as reset_factors
from app.core.config import Settings
from app.core.database import Database
from app.core.failures import StartupError


async def reset(url: str, settings: Settings, email: str) -> None:
    """As the database's owner; `StartupError` where nobody has this address."""
    database = Database(url, pool_size=1, role=None)
    try:
        async with database.begin() as connection:
            if not await reset_factors(connection, settings.public_url, email):
                raise StartupError(f"Nobody is registered with the address {email}.")
    finally:
        await database.dispose()

"""Which currencies there are, how fine they count, and those that a server has of its own."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit
from app.access.context import Actor
from app.core.database import AnyRow
from app.core.errors import ConflictError, NotFoundError, invalid
from app.currencies import repository
from app.currencies.schemas import CurrencyIn, CurrencyPatch

CUSTOM = "custom"


class CurrencyNotFoundError(NotFoundError):
    code = "currency_not_found"


class CurrencyTakenError(ConflictError):
    code = "currency_taken"
    title = "There is such a currency"


class CurrencyInUseError(ConflictError):
    code = "currency_in_use"
    title = "The currency is in use"


class BuiltInCurrencyError(ConflictError):
    code = "built_in_currency"
    title = "The currency is not the server's own"


async def every(connection: AsyncConnection) -> Sequence[AnyRow]:
    return await repository.every(connection)


async def exponent_of(connection: AsyncConnection, code: str, field: str) -> int:
    """The decimals of a currency; raises `InvalidError` on `field` for one that is not known."""
    found = await repository.exponent(connection, code)
    if found is None:
        raise invalid(field, "unknown_currency", f"{code} is not known; GET /currencies lists those that are")
    return found


async def add(actor: Actor, body: CurrencyIn, address: str | None) -> AnyRow:
    """A currency for everybody on the server; raises `CurrencyTakenError`."""
    if not await repository.add(actor.connection, body.code, body.name, body.exponent):
        raise CurrencyTakenError(f"There is a currency {body.code} already: GET /currencies lists them.")
    await _tell(actor, "currency_added", body.code, address)
    return await get(actor.connection, body.code)


async def patch(actor: Actor, code: str, body: CurrencyPatch, address: str | None) -> AnyRow:
    """Raises `CurrencyInUseError` where amounts would have other decimals than they were written with."""
    before = await _own(actor.connection, code)
    name = before.name if body.name is None else body.name
    exponent = before.exponent if body.exponent is None else body.exponent
    if await repository.change(actor.connection, code, name, exponent) != "done":
        raise CurrencyInUseError(f"There are amounts in {code} with {before.exponent} decimals: they stay as they are.")
    await _tell(actor, "currency_changed", code, address)
    return await get(actor.connection, code)


async def remove(actor: Actor, code: str, address: str | None) -> None:
    """Raises `CurrencyInUseError` where an account, a book, a rate or anything else is in it."""
    await _own(actor.connection, code)
    if await repository.remove(actor.connection, code) != "done":
        raise CurrencyInUseError(f"Accounts, books, rates or transactions on this server are in {code}: it stays.")
    await _tell(actor, "currency_removed", code, address)


async def get(connection: AsyncConnection, code: str) -> AnyRow:
    row = await repository.get(connection, code)
    if row is None:
        raise CurrencyNotFoundError(f"There is no currency {code}.")
    return row


async def _own(connection: AsyncConnection, code: str) -> AnyRow:
    row = await get(connection, code)
    if row.kind != CUSTOM:
        raise BuiltInCurrencyError(f"{code} is not one of the server's own currencies: it stays as it is.")
    return row


async def _tell(actor: Actor, action: str, code: str, address: str | None) -> None:
    await audit.tell(actor.connection, action, actor_id=actor.user_id, address=address, currency=code)

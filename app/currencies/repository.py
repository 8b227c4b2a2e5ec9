"""Statements about currencies."""

from collections.abc import Sequence

from sqlalchemy import SmallInteger, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow
from app.currencies.models import Currency


async def every(connection: AsyncConnection) -> Sequence[AnyRow]:
    statement = select(Currency.code, Currency.name, Currency.exponent, Currency.kind).order_by(Currency.code)
    return (await connection.execute(statement)).all()


async def exponent(connection: AsyncConnection, code: str) -> int | None:
    found: int | None = await connection.scalar(select(Currency.exponent).where(Currency.code == code))
    return found


async def get(connection: AsyncConnection, code: str) -> AnyRow | None:
    statement = select(Currency.code, Currency.name, Currency.exponent, Currency.kind).where(Currency.code == code)
    return (await connection.execute(statement)).one_or_none()


# The role of requests cannot write the table: these functions do it for who may, and know what uses a currency.
_EXPONENT = bindparam("exponent", type_=SmallInteger)
_ADD = text("SELECT add_currency(:code, :name, :exponent)").bindparams(_EXPONENT)
_CHANGE = text("SELECT change_currency(:code, :name, :exponent)").bindparams(_EXPONENT)
_REMOVE = text("SELECT remove_currency(:code)")


async def add(connection: AsyncConnection, code: str, name: str, exponent: int) -> bool:
    """False where there is one of this code."""
    return bool(await connection.scalar(_ADD, {"code": code, "name": name, "exponent": exponent}))


async def change(connection: AsyncConnection, code: str, name: str, exponent: int) -> str:
    """`done`, or `in_use` where the decimals would change of what is used, or `missing`."""
    done: str = (await connection.execute(_CHANGE, {"code": code, "name": name, "exponent": exponent})).scalar_one()
    return done


async def remove(connection: AsyncConnection, code: str) -> str:
    """`done`, `in_use` or `missing`."""
    done: str = (await connection.execute(_REMOVE, {"code": code})).scalar_one()
    return done

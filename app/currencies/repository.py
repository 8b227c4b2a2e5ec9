"""Statements about currencies."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow
from app.currencies.models import Currency


async def every(connection: AsyncConnection) -> Sequence[AnyRow]:
    statement = select(Currency.code, Currency.name, Currency.exponent, Currency.kind).order_by(Currency.code)
    return (await connection.execute(statement)).all()


async def exponent(connection: AsyncConnection, code: str) -> int | None:
    found: int | None = await connection.scalar(select(Currency.exponent).where(Currency.code == code))
    return found

"""Statements about the terms of loans."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts.models import Account
from app.core.database import AnyRow, AnySelect
from app.currencies.models import Currency
from app.goals.models import Loan


def _whole(book_id: UUID) -> AnySelect:
    own = [column for column in Loan.__table__.columns if column.name != "book_id"]
    return (
        select(
            *own,
            Account.name.label("account_name"),
            Account.currency,
            Currency.exponent,
            Account.balance,
            Account.archived_at.is_not(None).label("account_archived"),
        )
        .join(Account, (Account.book_id == Loan.book_id) & (Account.id == Loan.account_id))
        .join(Currency, Currency.code == Account.currency)
        .where(Loan.book_id == book_id)
    )


async def every(connection: AsyncConnection, book_id: UUID) -> Sequence[AnyRow]:
    """All loans with their accounts, in the order in which they were made."""
    return (await connection.execute(_whole(book_id).order_by(Loan.created_at, Loan.id))).all()


async def get(connection: AsyncConnection, book_id: UUID, loan_id: UUID) -> AnyRow | None:
    return (await connection.execute(_whole(book_id).where(Loan.id == loan_id))).one_or_none()


async def add(connection: AsyncConnection, values: dict[str, Any]) -> None:
    await connection.execute(insert(Loan).values(values))


async def change(connection: AsyncConnection, book_id: UUID, loan_id: UUID, values: dict[str, Any]) -> None:
    statement = update(Loan).where(Loan.book_id == book_id, Loan.id == loan_id)
    await connection.execute(statement.values({**values, "updated_at": func.now()}))


async def remove(connection: AsyncConnection, book_id: UUID, loan_id: UUID) -> None:
    await connection.execute(delete(Loan).where(Loan.book_id == book_id, Loan.id == loan_id))

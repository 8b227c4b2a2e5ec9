"""Statements behind reconciliations: one row for each time an account agreed with its bank's."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts.models import Reconciliation
from app.core.database import AnyRow

_PUBLIC = (
    Reconciliation.id,
    Reconciliation.account_id,
    Reconciliation.statement_date,
    Reconciliation.statement_balance,
    Reconciliation.sealed_count,
    Reconciliation.revision,
    Reconciliation.created_at,
)


async def add(connection: AsyncConnection, values: dict[str, Any]) -> None:
    await connection.execute(insert(Reconciliation).values(values))


async def of_account(connection: AsyncConnection, book_id: UUID, account_id: UUID) -> Sequence[AnyRow]:
    """All of them, the newest statement first."""
    statement = select(*_PUBLIC).where(Reconciliation.book_id == book_id, Reconciliation.account_id == account_id)
    ordered = statement.order_by(Reconciliation.statement_date.desc(), Reconciliation.id.desc())
    return (await connection.execute(ordered)).all()


async def last(connection: AsyncConnection, book_id: UUID, account_id: UUID, until: date) -> AnyRow | None:
    """The newest statement of the account that is not after this day."""
    statement = (
        select(*_PUBLIC)
        .where(
            Reconciliation.book_id == book_id,
            Reconciliation.account_id == account_id,
            Reconciliation.statement_date <= until,
        )
        .order_by(Reconciliation.statement_date.desc(), Reconciliation.id.desc())
        .limit(1)
    )
    return (await connection.execute(statement)).one_or_none()


async def remove_of_account(connection: AsyncConnection, book_id: UUID, account_id: UUID) -> Sequence[AnyRow]:
    """Remove and return them; a transaction that is sealed by one keeps it, and the account, where it is."""
    statement = (
        delete(Reconciliation)
        .where(Reconciliation.book_id == book_id, Reconciliation.account_id == account_id)
        .returning(*_PUBLIC)
    )
    return (await connection.execute(statement)).all()

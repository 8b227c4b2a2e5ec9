"""Statements behind reconciliations: one row for each time an account agreed with its bank's."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Uuid, bindparam, delete, insert, select, text
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


# A reconciliation that an undo brought back has the undo's revision; what it covered, it covered when it was made.
_LAST = text(
    """
    SELECT r.statement_date, r.confirmed AS revision
    FROM (
        SELECT id, statement_date, coalesce(
                   (SELECT min(e.revision) FROM events e
                    WHERE e.book_id = :book AND e.entity = 'reconciliation' AND e.entity_id = s.id),
                   revision) AS confirmed
        FROM reconciliations s
        WHERE book_id = :book AND account_id = :account AND statement_date <= :until
    ) AS r
    -- Of what lay in a closed period nothing was sealed: since one was opened, no statement speaks for it.
    WHERE NOT EXISTS (SELECT 1 FROM events o
                      WHERE o.book_id = :book AND o.entity = 'book' AND o.entity_id = :book
                        AND o.before ->> 'locked_until' IS NOT NULL AND o.revision > r.confirmed)
    ORDER BY r.statement_date DESC, r.id DESC LIMIT 1
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("account", type_=Uuid), bindparam("until", type_=Date))


async def last(connection: AsyncConnection, book_id: UUID, account_id: UUID, until: date) -> AnyRow | None:
    """The day of the account's newest statement that is not after this one, and the revision that confirmed it.

    None when a closed period was opened since: what it kept from being sealed is behind every statement.
    """
    parameters = {"book": book_id, "account": account_id, "until": until}
    return (await connection.execute(_LAST, parameters)).one_or_none()


async def remove_of_account(connection: AsyncConnection, book_id: UUID, account_id: UUID) -> Sequence[AnyRow]:
    """Remove and return them; a transaction that is sealed by one keeps it, and the account, where it is."""
    statement = (
        delete(Reconciliation)
        .where(Reconciliation.book_id == book_id, Reconciliation.account_id == account_id)
        .returning(*_PUBLIC)
    )
    return (await connection.execute(statement)).all()

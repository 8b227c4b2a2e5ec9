"""Statements about accounts."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, literal_column, select, text, update
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.private_models import AccountViewer
from app.accounts.models import Account
from app.core.database import AnyRow, AnySelect
from app.currencies.models import Currency
from app.transactions.models import Posting, Transaction

# Written out: with a parameter in its place a prepared plan could not use the index of opening balances.
IS_OPENING = Transaction.type == literal_column("'opening_balance'")


def _whole(book_id: UUID) -> AnySelect:
    # The ids first and as an array: whatever the planner believes of a young table, each is found by its key.
    ids = select(Transaction.id).where(Transaction.book_id == book_id, Transaction.account_id == Account.id, IS_OPENING)
    opening = (
        select(func.sum(Posting.amount).label("amount"), func.min(Posting.date).label("date"))
        .where(
            Posting.book_id == book_id,
            Posting.account_id == Account.id,
            Posting.transaction_id == func.any(func.array(ids.correlate(Account).scalar_subquery())),
        )
        .lateral("opening")
    )
    viewers = (
        select(func.array_agg(aggregate_order_by(AccountViewer.user_id, AccountViewer.user_id)))
        .where(AccountViewer.book_id == book_id, AccountViewer.account_id == Account.id)
        .correlate(Account)
        .scalar_subquery()
    )
    return (
        select(
            Account.id,
            Account.name,
            Account.type,
            Account.currency,
            Currency.exponent,
            Account.balance,
            opening.c.amount.label("opening_balance"),
            opening.c.date.label("opening_date"),
            Account.institution,
            Account.notes,
            Account.sort,
            Account.archived_at,
            viewers.label("visible_to"),
            Account.revision,
            Account.created_at,
            Account.updated_at,
        )
        .join(Currency, Currency.code == Account.currency)
        .join(opening, text("true"))
        .where(Account.book_id == book_id)
    )


async def every(connection: AsyncConnection, book_id: UUID, *, archived: bool | None) -> Sequence[AnyRow]:
    """All accounts, or only those that are (or are not) archived."""
    statement = _whole(book_id).order_by(Account.sort, func.lower(Account.name), Account.id)
    if archived is not None:
        statement = statement.where(Account.archived_at.is_not(None) if archived else Account.archived_at.is_(None))
    return (await connection.execute(statement)).all()


async def get(connection: AsyncConnection, book_id: UUID, account_id: UUID) -> AnyRow | None:
    return (await connection.execute(_whole(book_id).where(Account.id == account_id))).one_or_none()


async def add(connection: AsyncConnection, values: dict[str, Any]) -> None:
    await connection.execute(insert(Account).values(values))


async def change(connection: AsyncConnection, book_id: UUID, account_id: UUID, values: dict[str, Any]) -> None:
    statement = update(Account).where(Account.book_id == book_id, Account.id == account_id)
    await connection.execute(statement.values({**values, "updated_at": func.now()}))


async def remove(connection: AsyncConnection, book_id: UUID, account_id: UUID) -> None:
    await connection.execute(delete(Account).where(Account.book_id == book_id, Account.id == account_id))


async def opening_ids(connection: AsyncConnection, book_id: UUID, account_id: UUID) -> Sequence[UUID]:
    statement = select(Transaction.id).where(
        Transaction.book_id == book_id,
        Transaction.account_id == account_id,
        IS_OPENING,
    )
    statement = statement.order_by(Transaction.date, Transaction.id)
    return (await connection.execute(statement)).scalars().all()


_USE = text(
    """
    SELECT count(DISTINCT p.transaction_id)
    FROM postings p JOIN transactions t ON t.book_id = p.book_id AND t.id = p.transaction_id
    WHERE p.book_id = :book AND p.account_id = :account AND t.type <> 'opening_balance'
    """
)


async def use(connection: AsyncConnection, book_id: UUID, account_id: UUID) -> int:
    """How many transactions touch the account, its opening balance aside."""
    return int(await connection.scalar(_USE, {"book": book_id, "account": account_id}) or 0)

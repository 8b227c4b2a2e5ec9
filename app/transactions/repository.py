"""Reading transactions: one by id, a page of a list, payees and tags."""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import JSON, Text, and_, column, func, literal_column, select, table, tuple_
from sqlalchemy import Uuid as UuidType
from sqlalchemy import cast as as_type
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow, AnySelect
from app.transactions.filters import Sort, TransactionFilter
from app.transactions.models import Payee, Posting, Tag, Transaction, TransactionTag

# The accounts package stands above this one; its table is named, not imported.
accounts = table("accounts", column("book_id", UuidType), column("id", UuidType), column("currency", Text))


def _whole(book_id: UUID) -> AnySelect:
    """A transaction with its payee, tags and postings in one row: children are aggregated in the same statement."""
    lines = (
        select(
            func.json_agg(
                aggregate_order_by(
                    func.json_build_array(
                        Posting.line,
                        Posting.account_id,
                        Posting.category_id,
                        Posting.role,
                        as_type(Posting.amount, Text),
                        accounts.c.currency,
                        as_type(Posting.base_amount, Text),
                        Posting.memo,
                    ),
                    Posting.line,
                ),
                type_=JSON,
            )
        )
        .join(accounts, and_(accounts.c.book_id == book_id, accounts.c.id == Posting.account_id))
        .where(Posting.book_id == book_id, Posting.transaction_id == Transaction.id)
        .correlate(Transaction)
        .scalar_subquery()
    )
    tags = (
        select(
            func.coalesce(
                func.json_agg(aggregate_order_by(Tag.name, Tag.name_key)), literal_column("'[]'::json"), type_=JSON
            )
        )
        .join(TransactionTag, and_(TransactionTag.book_id == book_id, TransactionTag.tag_id == Tag.id))
        .where(Tag.book_id == book_id, TransactionTag.transaction_id == Transaction.id)
        .correlate(Transaction)
        .scalar_subquery()
    )
    return select(
        Transaction.id,
        Transaction.type,
        Transaction.date,
        Transaction.amount,
        Transaction.amount_key,
        Transaction.account_id,
        Transaction.payee_id,
        Payee.name.label("payee"),
        Transaction.description,
        Transaction.notes,
        Transaction.status,
        Transaction.external_id,
        Transaction.original_amount,
        Transaction.original_currency,
        Transaction.import_id,
        Transaction.revision,
        Transaction.created_at,
        Transaction.updated_at,
        lines.label("lines"),
        tags.label("tags"),
    ).outerjoin(Payee, and_(Payee.book_id == book_id, Payee.id == Transaction.payee_id))


async def get(connection: AsyncConnection, book_id: UUID, transaction_id: UUID) -> AnyRow | None:
    statement = _whole(book_id).where(Transaction.book_id == book_id, Transaction.id == transaction_id)
    return (await connection.execute(statement)).one_or_none()


async def page(
    connection: AsyncConnection,
    book_id: UUID,
    wanted: TransactionFilter,
    sort: Sort,
    *,
    limit: int,
    skip: int,
    after: tuple[Any, UUID] | None,
) -> Sequence[AnyRow]:
    """Up to `limit` rows in order, from behind `after` (the sort key and id of the last row seen)."""
    key = tuple_(sort.column, Transaction.id)
    statement = _whole(book_id).where(*wanted.conditions(book_id))
    if after is not None:
        statement = statement.where(key < after if sort.descending else key > after)
    order = [sort.column, Transaction.id]
    statement = statement.order_by(*(o.desc() if sort.descending else o.asc() for o in order)).limit(limit)
    if skip:
        statement = statement.offset(skip)
    return (await connection.execute(statement)).all()


async def count(connection: AsyncConnection, book_id: UUID, wanted: TransactionFilter) -> int:
    statement = select(func.count()).select_from(Transaction).where(*wanted.conditions(book_id))
    return cast("int", await connection.scalar(statement))


async def named_page(
    connection: AsyncConnection,
    book_id: UUID,
    model: type[Payee] | type[Tag],
    *,
    q: str | None,
    limit: int,
    skip: int,
    after: str | None,
) -> Sequence[AnyRow]:
    """Payees or tags by name; `after` is the key of the last one seen."""
    statement = select(model.id, model.name, model.name_key, model.revision).where(model.book_id == book_id)
    if q:
        statement = statement.where(model.name.icontains(q, autoescape=True))
    if after is not None:
        statement = statement.where(model.name_key > after)
    return (await connection.execute(statement.order_by(model.name_key).offset(skip).limit(limit))).all()


async def named_count(connection: AsyncConnection, book_id: UUID, model: type[Payee] | type[Tag], q: str | None) -> int:
    statement = select(func.count()).select_from(model).where(model.book_id == book_id)
    if q:
        statement = statement.where(model.name.icontains(q, autoescape=True))
    return cast("int", await connection.scalar(statement))

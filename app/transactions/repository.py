"""Reading transactions: one by id, a page of a list."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    JSON,
    Boolean,
    ColumnElement,
    Integer,
    Text,
    and_,
    bindparam,
    column,
    func,
    literal,
    literal_column,
    select,
    table,
    tuple_,
)
from sqlalchemy import Uuid as UuidType
from sqlalchemy import cast as as_type
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow, AnySelect
from app.transactions.filters import EVERYTHING, Sort, TransactionFilter
from app.transactions.models import Posting, Transaction
from app.transactions.name_models import Payee, Tag, TransactionTag

BOOK = bindparam("book", type_=UuidType)

# The accounts package stands above this one; its table is named, not imported.
accounts = table("accounts", column("book_id", UuidType), column("id", UuidType), column("currency", Text))


# For who sees all it is false, and nothing is looked up.
_OTHER_SIDE_PRIVATE = literal_column(
    "CASE WHEN (SELECT nullif(current_setting('app.hidden_accounts', true), '')) IS NULL THEN false "
    "ELSE transactions.id IN (SELECT partial_transactions()) END",
    Boolean,
).label("other_side_private")


_TEXT_OF_LINES = (
    Posting.line,
    Posting.account_id,
    Posting.category_id,
    Posting.role,
    as_type(Posting.amount, Text),
)


def _build_flat() -> AnySelect:
    """What a row of a file is made from, ids and amounts as text: reading a value into a type costs more than it does.

    Without what names tell (currencies of accounts), and without an array where there are no tags.
    """
    parts = func.json_build_array(*_TEXT_OF_LINES, as_type(Posting.base_amount, Text), Posting.memo)
    lines = (
        select(as_type(func.json_agg(aggregate_order_by(parts, Posting.line)), Text))
        .where(Posting.book_id == BOOK, Posting.transaction_id == Transaction.id)
        .correlate(Transaction)
        .scalar_subquery()
    )
    tags = (
        select(as_type(func.json_agg(aggregate_order_by(Tag.name, Tag.name_key)), Text))
        .join(TransactionTag, and_(TransactionTag.book_id == BOOK, TransactionTag.tag_id == Tag.id))
        .where(Tag.book_id == BOOK, TransactionTag.transaction_id == Transaction.id)
        .correlate(Transaction)
        .scalar_subquery()
    )
    return select(
        as_type(Transaction.id, Text).label("id"),
        Transaction.type,
        Transaction.date,
        Transaction.amount_key,
        as_type(Transaction.account_id, Text).label("account_id"),
        Payee.name.label("payee"),
        Transaction.description,
        Transaction.notes,
        Transaction.status,
        Transaction.external_id,
        as_type(Transaction.original_amount, Text).label("original_amount"),
        Transaction.original_currency,
        lines.label("lines"),
        tags.label("tags"),
        _OTHER_SIDE_PRIVATE,
    ).outerjoin(Payee, and_(Payee.book_id == BOOK, Payee.id == Transaction.payee_id))


def _build_whole() -> AnySelect:
    """A transaction with its payee, tags and postings in one row: children are aggregated in the same statement."""
    lines = (
        select(
            func.json_agg(
                aggregate_order_by(
                    func.json_build_array(
                        *_TEXT_OF_LINES,
                        # Not a join: with one, the planner may look for the account's postings instead of the line's.
                        select(accounts.c.currency)
                        .where(accounts.c.book_id == BOOK, accounts.c.id == Posting.account_id)
                        .scalar_subquery(),
                        as_type(Posting.base_amount, Text),
                        Posting.memo,
                    ),
                    Posting.line,
                ),
                type_=JSON,
            )
        )
        .where(Posting.book_id == BOOK, Posting.transaction_id == Transaction.id)
        .correlate(Transaction)
        .scalar_subquery()
    )
    tags = (
        select(
            func.coalesce(
                func.json_agg(aggregate_order_by(func.json_build_array(Tag.id, Tag.name), Tag.name_key)),
                literal_column("'[]'::json"),
                type_=JSON,
            )
        )
        .join(TransactionTag, and_(TransactionTag.book_id == BOOK, TransactionTag.tag_id == Tag.id))
        .where(Tag.book_id == BOOK, TransactionTag.transaction_id == Transaction.id)
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
        Transaction.refund_of_id,
        Transaction.reconciliation_id,
        Transaction.revision,
        Transaction.created_at,
        Transaction.updated_at,
        lines.label("lines"),
        tags.label("tags"),
        _OTHER_SIDE_PRIVATE,
    ).outerjoin(Payee, and_(Payee.book_id == BOOK, Payee.id == Transaction.payee_id))


# Built once: putting a statement of this size together costs as much as running it.
WHOLE = _build_whole()
FLAT = _build_flat()
_ONE = WHOLE.where(Transaction.book_id == BOOK, Transaction.id == bindparam("id", type_=UuidType))


async def get(connection: AsyncConnection, book_id: UUID, transaction_id: UUID) -> AnyRow | None:
    return (await connection.execute(_ONE, {"book": book_id, "id": transaction_id})).one_or_none()


_MANY = WHOLE.where(Transaction.book_id == BOOK, Transaction.id == func.any(bindparam("ids", type_=ARRAY(UuidType))))


async def get_many(connection: AsyncConnection, book_id: UUID, ids: Sequence[UUID]) -> dict[UUID, AnyRow]:
    """Those of these transactions that the book has."""
    found = (await connection.execute(_MANY, {"book": book_id, "ids": list(ids)})).all()
    return {row.id: row for row in found}


def _any(column: Any, ids: Sequence[UUID]) -> ColumnElement[bool]:
    found: ColumnElement[bool] = column == func.any(literal(list(ids), ARRAY(UuidType)))
    return found


async def refunds_of(connection: AsyncConnection, book_id: UUID, ids: Sequence[UUID]) -> dict[UUID, set[UUID]]:
    """The refunds of each of these transactions that has any."""
    statement = select(Transaction.refund_of_id, Transaction.id).where(
        Transaction.book_id == book_id, _any(Transaction.refund_of_id, ids)
    )
    found: dict[UUID, set[UUID]] = {}
    for row in (await connection.execute(statement)).all():
        found.setdefault(row.refund_of_id, set()).add(row.id)
    return found


async def present(connection: AsyncConnection, book_id: UUID, ids: Sequence[UUID]) -> set[UUID]:
    """Those of these ids that are taken."""
    statement = select(Transaction.id).where(Transaction.book_id == book_id, _any(Transaction.id, ids))
    return set((await connection.execute(statement)).scalars())


async def external_ids(
    connection: AsyncConnection, book_id: UUID, wanted: Sequence[str]
) -> dict[tuple[UUID, str], UUID]:
    """Which transaction of which account has each of these external ids."""
    every = select(accounts.c.id).where(accounts.c.book_id == book_id).scalar_subquery()
    statement = select(Transaction.account_id, Transaction.external_id, Transaction.id).where(
        Transaction.book_id == book_id,
        Transaction.account_id == func.any(func.array(every)),
        Transaction.external_id == func.any(literal(list(wanted), ARRAY(Text))),
        Transaction.external_id.is_not(None),
    )
    return {
        (row.account_id, row.external_id): row.id
        for row in (await connection.execute(statement)).all()
        if row.external_id is not None
    }


async def page(
    connection: AsyncConnection,
    book_id: UUID,
    wanted: TransactionFilter,
    sort: Sort,
    *,
    limit: int,
    skip: int,
    after: tuple[Any, UUID] | None,
    columns: AnySelect = WHOLE,
) -> Sequence[AnyRow]:
    """Up to `limit` rows in order, from behind `after` (the sort key and id of the last row seen).

    `columns` is `WHOLE`, for documents, or `FLAT`, for rows of files.
    """
    parameters = {"book": book_id, "limit": limit, "skip": skip}
    if after is not None:
        parameters |= {"after_key": after[0], "after_id": after[1]}
    if wanted == EVERYTHING:
        statement = _plain_page(columns, sort, after is not None)
    elif sort.name == "date" and len(wanted.account_ids) == 1 and not wanted.is_short:
        statement = _page_of(_keys_of_account(book_id, wanted, sort, behind=after is not None), sort, columns)
    else:
        statement = _page_of(_keys(wanted.conditions(book_id), sort, behind=after is not None), sort, columns)
    return (await connection.execute(statement, parameters)).all()


@cache
def _plain_page(columns: AnySelect, sort: Sort, behind: bool) -> AnySelect:  # cached by its arguments
    """The list without filters, which is asked for most: its few forms are put together once."""
    return _page_of(_keys([Transaction.book_id == BOOK], sort, behind=behind), sort, columns)


def _page_of(keys: AnySelect, sort: Sort, columns: AnySelect) -> AnySelect:
    """The rows behind these keys. What belongs to a row is gathered for the page alone, not for rows passed over."""
    page = keys.limit(bindparam("limit", type_=Integer)).offset(bindparam("skip", type_=Integer)).subquery("page")
    whole = columns.join(page, page.c.id == Transaction.id).where(Transaction.book_id == BOOK)
    return whole.order_by(*_directed([page.c.key, page.c.id], sort))


def _keys(conditions: Sequence[ColumnElement[bool]], sort: Sort, *, behind: bool) -> AnySelect:
    """The sort key and id of what fits, in order."""
    key = [sort.column, Transaction.id]
    found: AnySelect = select(sort.column.label("key"), Transaction.id).where(
        *conditions, *_behind(key, sort, behind=behind)
    )
    return found.order_by(*_directed(key, sort))


def _keys_of_account(book_id: UUID, wanted: TransactionFilter, sort: Sort, *, behind: bool) -> AnySelect:
    """The same for one account by date, in the order of the index of its postings.

    Left to itself the planner may walk the whole book by date and look for the account: slow for an old, small one.
    """
    key = [Posting.date, Posting.transaction_id]
    history = (
        select(*key)
        .where(Posting.book_id == book_id, Posting.account_id == wanted.account_ids[0])
        .where(*_behind(key, sort, behind=behind))
        .distinct()
        .order_by(*_directed(key, sort))
        .subquery("history")
    )
    rest = replace(wanted, account_ids=())
    ordered = [history.c.date, history.c.transaction_id]
    return (
        select(history.c.date.label("key"), Transaction.id)
        .join(history, history.c.transaction_id == Transaction.id)
        .where(*rest.conditions(book_id))
        .order_by(*_directed(ordered, sort))
    )


def _behind(key: Sequence[Any], sort: Sort, *, behind: bool) -> list[ColumnElement[bool]]:
    if not behind:
        return []
    last = tuple_(bindparam("after_key", type_=key[0].type), bindparam("after_id", type_=UuidType))
    return [tuple_(*key) < last if sort.descending else tuple_(*key) > last]


def _directed(columns: Sequence[Any], sort: Sort) -> list[ColumnElement[Any]]:
    return [column.desc() if sort.descending else column.asc() for column in columns]


async def count(connection: AsyncConnection, book_id: UUID, wanted: TransactionFilter) -> int:
    statement = select(func.count()).select_from(Transaction).where(*wanted.conditions(book_id))
    return cast("int", await connection.scalar(statement))

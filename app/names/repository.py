"""Statements about payees, their aliases and tags."""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Text, delete, func, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow, AnySelect
from app.transactions.models import Transaction
from app.transactions.name_models import Payee, PayeeAlias, Tag, TransactionTag

Rows = Sequence[dict[str, Any]]


def _payees(book_id: UUID, page: AnySelect) -> AnySelect:
    """These payees by name, with what belongs to each: it is gathered for the page alone, not for rows passed over."""
    payee = page.subquery("payee")
    aliases = (
        select(PayeeAlias.alias)
        .where(PayeeAlias.book_id == book_id, PayeeAlias.payee_id == payee.c.id)
        .order_by(PayeeAlias.alias_key)
        .scalar_subquery()
    )
    # A range of one payee and an order that begins with it: only the index of payees has both, so that the planner
    # cannot walk the whole book by date and look for the payee.
    last_used = (
        select(Transaction.date)
        .where(Transaction.book_id == book_id, Transaction.payee_id.between(payee.c.id, payee.c.id))
        .order_by(Transaction.payee_id.desc(), Transaction.date.desc())
        .limit(1)
        .scalar_subquery()
    )
    return select(
        payee.c.id,
        payee.c.name,
        payee.c.name_key,
        func.array(aliases, type_=ARRAY(Text)).label("aliases"),
        payee.c.default_category_id,
        last_used.label("last_used"),
        payee.c.revision,
        payee.c.created_at,
        payee.c.updated_at,
    ).order_by(payee.c.name_key)


async def payee(connection: AsyncConnection, book_id: UUID, payee_id: UUID) -> AnyRow | None:
    one = select(Payee).where(Payee.book_id == book_id, Payee.id == payee_id)
    return (await connection.execute(_payees(book_id, one))).one_or_none()


async def payees(connection: AsyncConnection, book_id: UUID, payee_ids: Sequence[UUID]) -> Sequence[AnyRow]:
    """Those that exist, without their aliases."""
    statement = select(Payee.id, Payee.name, Payee.default_category_id, Payee.created_at)
    return (await connection.execute(statement.where(Payee.book_id == book_id, Payee.id.in_(payee_ids)))).all()


async def payee_page(
    connection: AsyncConnection, book_id: UUID, *, q: str, limit: int, skip: int, after: str | None
) -> Sequence[AnyRow]:
    """Payees by name whose name or an alias has `q` in it; `after` is the key of the last one seen."""
    page = select(Payee).where(*_payees_like(book_id, q))
    if after is not None:
        page = page.where(Payee.name_key > after)
    page = page.order_by(Payee.name_key).offset(skip).limit(limit)
    return (await connection.execute(_payees(book_id, page))).all()


async def payee_count(connection: AsyncConnection, book_id: UUID, q: str) -> int:
    statement = select(func.count()).select_from(Payee).where(*_payees_like(book_id, q))
    return cast("int", await connection.scalar(statement))


def _payees_like(book_id: UUID, q: str) -> list[ColumnElement[bool]]:
    if not q:
        return [Payee.book_id == book_id]
    by_alias = select(PayeeAlias.payee_id).where(
        PayeeAlias.book_id == book_id, PayeeAlias.alias.icontains(q, autoescape=True)
    )
    return [Payee.book_id == book_id, or_(Payee.name.icontains(q, autoescape=True), Payee.id.in_(by_alias))]


async def payee_use(connection: AsyncConnection, book_id: UUID, payee_id: UUID) -> int:
    """Of how many transactions it is the payee."""
    statement = select(func.count()).where(Transaction.book_id == book_id, Transaction.payee_id == payee_id)
    return cast("int", await connection.scalar(statement))


async def add_payee(connection: AsyncConnection, values: dict[str, Any]) -> None:
    await connection.execute(insert(Payee).values(values))


async def change_payee(connection: AsyncConnection, book_id: UUID, payee_id: UUID, values: dict[str, Any]) -> None:
    statement = update(Payee).where(Payee.book_id == book_id, Payee.id == payee_id)
    await connection.execute(statement.values({**values, "updated_at": func.now()}))


async def remove_payees(connection: AsyncConnection, book_id: UUID, payee_ids: Sequence[UUID]) -> None:
    await connection.execute(delete(Payee).where(Payee.book_id == book_id, Payee.id.in_(payee_ids)))


async def aliases(connection: AsyncConnection, book_id: UUID, payee_ids: Sequence[UUID]) -> Sequence[AnyRow]:
    statement = (
        select(PayeeAlias.id, PayeeAlias.payee_id, PayeeAlias.alias, PayeeAlias.alias_key)
        .where(PayeeAlias.book_id == book_id, PayeeAlias.payee_id.in_(payee_ids))
        .order_by(PayeeAlias.alias_key)
    )
    return (await connection.execute(statement)).all()


async def add_aliases(connection: AsyncConnection, rows: Rows) -> None:
    if rows:
        await connection.execute(insert(PayeeAlias).values(rows))


async def move_aliases(connection: AsyncConnection, book_id: UUID, payee_ids: Sequence[UUID], into: UUID) -> None:
    """Make the aliases of these payees another's."""
    statement = update(PayeeAlias).where(PayeeAlias.book_id == book_id, PayeeAlias.payee_id.in_(payee_ids))
    await connection.execute(statement.values(payee_id=into))


async def remove_aliases(connection: AsyncConnection, book_id: UUID, alias_ids: Sequence[UUID]) -> None:
    if alias_ids:
        await connection.execute(delete(PayeeAlias).where(PayeeAlias.book_id == book_id, PayeeAlias.id.in_(alias_ids)))


_TAG = (Tag.id, Tag.name, Tag.name_key, Tag.revision, Tag.created_at, Tag.updated_at)


async def tag(connection: AsyncConnection, book_id: UUID, tag_id: UUID) -> AnyRow | None:
    return (await connection.execute(select(*_TAG).where(Tag.book_id == book_id, Tag.id == tag_id))).one_or_none()


async def tags(connection: AsyncConnection, book_id: UUID, tag_ids: Sequence[UUID]) -> Sequence[AnyRow]:
    return (await connection.execute(select(*_TAG).where(Tag.book_id == book_id, Tag.id.in_(tag_ids)))).all()


async def tag_page(
    connection: AsyncConnection, book_id: UUID, *, q: str, limit: int, skip: int, after: str | None
) -> Sequence[AnyRow]:
    """Tags by name; `after` is the key of the last one seen."""
    page = select(*_TAG).where(*_tags_like(book_id, q))
    if after is not None:
        page = page.where(Tag.name_key > after)
    return (await connection.execute(page.order_by(Tag.name_key).offset(skip).limit(limit))).all()


async def tag_count(connection: AsyncConnection, book_id: UUID, q: str) -> int:
    statement = select(func.count()).select_from(Tag).where(*_tags_like(book_id, q))
    return cast("int", await connection.scalar(statement))


def _tags_like(book_id: UUID, q: str) -> list[ColumnElement[bool]]:
    return [Tag.book_id == book_id, *([Tag.name.icontains(q, autoescape=True)] if q else [])]


_TAG_NAMED = text("SELECT id, name FROM tags WHERE book_id = :book AND name_key = ANY(ARRAY(SELECT lower(:name)))")


async def tag_named(connection: AsyncConnection, book_id: UUID, name: str) -> AnyRow | None:
    return (await connection.execute(_TAG_NAMED, {"book": book_id, "name": name})).one_or_none()


async def tag_use(connection: AsyncConnection, book_id: UUID, tag_id: UUID) -> int:
    """How many transactions have it."""
    statement = select(func.count()).where(TransactionTag.book_id == book_id, TransactionTag.tag_id == tag_id)
    return cast("int", await connection.scalar(statement))


async def add_tag(connection: AsyncConnection, values: dict[str, Any]) -> None:
    await connection.execute(insert(Tag).values(values))


async def change_tag(connection: AsyncConnection, book_id: UUID, tag_id: UUID, values: dict[str, Any]) -> None:
    statement = update(Tag).where(Tag.book_id == book_id, Tag.id == tag_id)
    await connection.execute(statement.values({**values, "updated_at": func.now()}))


async def remove_tags(connection: AsyncConnection, book_id: UUID, tag_ids: Sequence[UUID]) -> None:
    await connection.execute(delete(Tag).where(Tag.book_id == book_id, Tag.id.in_(tag_ids)))

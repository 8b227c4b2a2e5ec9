"""Statements about rules and what they did."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Integer,
    Text,
    Uuid,
    any_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow
from app.core.documents import dump
from app.rules.models import Rule, RuleApplication

_PUBLIC = (
    Rule.id,
    Rule.name,
    Rule.position,
    Rule.enabled,
    Rule.triggers,
    Rule.condition,
    Rule.actions,
    Rule.account_ids,
    Rule.written_by,
    Rule.last_error,
    Rule.last_error_at,
    Rule.revision,
    Rule.created_at,
    Rule.updated_at,
)
_ORDER = (Rule.position, Rule.id)


async def every(connection: AsyncConnection, book_id: UUID) -> Sequence[AnyRow]:
    """All that the member sees, in their order."""
    return (await connection.execute(select(*_PUBLIC).where(Rule.book_id == book_id).order_by(*_ORDER))).all()


async def get(connection: AsyncConnection, book_id: UUID, rule_id: UUID) -> AnyRow | None:
    """With `rank`: which one it is of those that the member sees, from 1."""
    ranked = (
        select(*_PUBLIC, func.row_number().over(order_by=_ORDER).label("rank"))
        .where(Rule.book_id == book_id)
        .subquery()
    )
    return (await connection.execute(select(ranked).where(ranked.c.id == rule_id))).one_or_none()


# Enabled or not: what is switched off and on again has another revision.
_VERSION = text(
    """
    SELECT coalesce(md5(string_agg(concat_ws(' ', id, revision, position), ',' ORDER BY position, id)), '')
    FROM rules WHERE book_id = :book AND enabled AND :cause = ANY(triggers)
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("cause", type_=Text))


async def version(connection: AsyncConnection, book_id: UUID, cause: str) -> str:
    """A digest that changes when a rule that is asked on this occasion does, or their order."""
    return str(await connection.scalar(_VERSION, {"book": book_id, "cause": cause}))


async def asked(connection: AsyncConnection, book_id: UUID, cause: str) -> Sequence[AnyRow]:
    """The rules that are asked on this occasion, in their order."""
    statement = select(*_PUBLIC).where(
        Rule.book_id == book_id, Rule.enabled, literal(cause, Text) == any_(Rule.triggers)
    )
    return (await connection.execute(statement.order_by(*_ORDER))).all()


_VIEWERS = text(
    "SELECT account_id, array_agg(user_id) AS users FROM account_viewers WHERE book_id = :book GROUP BY account_id"
).bindparams(bindparam("book", type_=Uuid))


async def viewers(connection: AsyncConnection, book_id: UUID) -> dict[UUID, frozenset[UUID]]:
    """Who sees each private account."""
    rows = await connection.execute(_VIEWERS, {"book": book_id})
    return {row.account_id: frozenset(row.users) for row in rows}


async def last_position(connection: AsyncConnection, book_id: UUID) -> tuple[int, int]:
    """The last position, and how many there are."""
    statement = select(func.coalesce(func.max(Rule.position), 0), func.count()).where(Rule.book_id == book_id)
    row = (await connection.execute(statement)).one()
    return row[0], row[1]


async def add(connection: AsyncConnection, values: dict[str, Any]) -> None:
    await connection.execute(insert(Rule).values(values))


async def change(connection: AsyncConnection, book_id: UUID, rule_id: UUID, values: dict[str, Any]) -> None:
    statement = update(Rule).where(Rule.book_id == book_id, Rule.id == rule_id)
    await connection.execute(statement.values({**values, "updated_at": func.now()}))


_REORDER = text(
    """
    UPDATE rules r SET position = w.position, revision = :revision, updated_at = now()
    FROM unnest(CAST(:ids AS uuid[]), CAST(:positions AS integer[])) AS w(id, position)
    WHERE r.book_id = :book AND r.id = w.id
    """
).bindparams(
    bindparam("book", type_=Uuid), bindparam("ids", type_=ARRAY(Uuid)), bindparam("positions", type_=ARRAY(Integer))
)


async def reorder(connection: AsyncConnection, book_id: UUID, revision: int, places: dict[UUID, int]) -> None:
    parameters = {"book": book_id, "revision": revision, "ids": list(places), "positions": list(places.values())}
    await connection.execute(_REORDER, parameters)


async def remove(connection: AsyncConnection, book_id: UUID, rule_id: UUID) -> None:
    await connection.execute(delete(Rule).where(Rule.book_id == book_id, Rule.id == rule_id))


_FAILED = text(
    """
    UPDATE rules r SET last_error = w.error, last_error_at = :at
    FROM unnest(CAST(:ids AS uuid[]), CAST(:errors AS text[])) AS w(id, error)
    WHERE r.book_id = :book AND r.id = w.id
    """
).bindparams(
    bindparam("book", type_=Uuid),
    bindparam("ids", type_=ARRAY(Uuid)),
    bindparam("errors", type_=ARRAY(Text)),
    bindparam("at", type_=TIMESTAMP(timezone=True)),
)


async def note_errors(connection: AsyncConnection, book_id: UUID, errors: dict[UUID, str], at: datetime) -> None:
    """Say what kept rules from their work; that is no change of them."""
    parameters = {"book": book_id, "ids": list(errors), "errors": list(errors.values()), "at": at}
    await connection.execute(_FAILED, parameters)


_APPLIED = text(
    """
    INSERT INTO rule_applications (book_id, transaction_id, revision, rule_id, rule_name, cause, changes, account_ids)
    SELECT :book, a.transaction_id, :revision, a.rule_id, a.rule_name, :cause, a.changes, a.account_ids
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
        AS a(transaction_id uuid, rule_id uuid, rule_name text, changes jsonb, account_ids uuid[])
    """
).bindparams(bindparam("book", type_=Uuid))


async def note_applied(
    connection: AsyncConnection, book_id: UUID, revision: int, cause: str, rows: list[dict[str, Any]]
) -> None:
    """Keep which rule did what, in one statement."""
    parameters = {"book": book_id, "revision": revision, "cause": cause, "rows": dump(rows)}
    await connection.execute(_APPLIED, parameters)


Place = tuple[int, UUID, UUID]
"""Where a page of applications begins: behind this revision, transaction and rule."""


async def applications(
    connection: AsyncConnection,
    book_id: UUID,
    *,
    rule_id: UUID | None,
    transaction_id: UUID | None,
    before: Place | None,
    limit: int,
) -> Sequence[AnyRow]:
    """What rules did, the newest first."""
    key = (RuleApplication.revision, RuleApplication.transaction_id, RuleApplication.rule_id)
    statement = select(
        *key, RuleApplication.rule_name, RuleApplication.cause, RuleApplication.changes, RuleApplication.at
    ).where(RuleApplication.book_id == book_id)
    if rule_id is not None:
        statement = statement.where(RuleApplication.rule_id == rule_id)
    if transaction_id is not None:
        statement = statement.where(RuleApplication.transaction_id == transaction_id)
    if before is not None:
        statement = statement.where(tuple_(*key) < tuple_(*before))
    ordered = statement.order_by(*(column.desc() for column in key)).limit(limit)
    return (await connection.execute(ordered)).all()


# The imports package stands above this one; its table is named, not imported.
_FORMATS = text("SELECT id, format FROM imports WHERE book_id = :book").bindparams(bindparam("book", type_=Uuid))
_LOCKED = text("SELECT locked_until FROM books WHERE id = :book").bindparams(bindparam("book", type_=Uuid))


async def formats(connection: AsyncConnection, book_id: UUID) -> dict[UUID, str]:
    """The format of each import of the book."""
    return {row.id: row.format for row in (await connection.execute(_FORMATS, {"book": book_id})).all()}


async def locked_until(connection: AsyncConnection, book_id: UUID) -> date | None:
    """The last day of what is closed."""
    found: date | None = await connection.scalar(_LOCKED, {"book": book_id})
    return found

"""Statements about deleting, and about all that somebody has."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow
from app.core.documents import dump
from app.users.models import User

BATCH = 500

_DELETE_BOOK = text("SELECT * FROM delete_book()")
_DELETE_PERSON = text("SELECT * FROM delete_person(:user)").bindparams(bindparam("user", type_=Uuid))
# The columns that a request's role may read, of every table that has the wanted one.
_COLUMNS = text(
    """
    SELECT c.relname AS table_name, a.attname AS name, format_type(a.atttypid, NULL) AS kind,
           quote_ident(a.attname) AS quoted
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
      AND has_column_privilege(c.oid, a.attnum, 'SELECT')
      AND EXISTS (SELECT FROM pg_attribute k WHERE k.attrelid = c.oid AND k.attname = :key AND NOT k.attisdropped)
    ORDER BY c.relname, a.attnum
    """
)
TRANSACTIONS = text(
    """
    SELECT json_build_object(
        'id', t.id, 'type', t.type, 'date', t.date, 'status', t.status, 'account_id', t.account_id,
        'payee_id', t.payee_id,
        'payee', (SELECT y.name FROM payees y WHERE y.book_id = :id AND y.id = t.payee_id),
        'description', t.description, 'notes', t.notes, 'external_id', t.external_id,
        'original_amount', t.original_amount::text, 'original_currency', t.original_currency,
        'refund_of_id', t.refund_of_id, 'import_id', t.import_id, 'reconciliation_id', t.reconciliation_id,
        'tags', (SELECT coalesce(json_agg(g.name ORDER BY g.name), '[]')
                 FROM transaction_tags x JOIN tags g ON g.book_id = x.book_id AND g.id = x.tag_id
                 WHERE x.book_id = :id AND x.transaction_id = t.id),
        'postings', (SELECT json_agg(json_build_object(
                         'line', p.line, 'account_id', p.account_id, 'category_id', p.category_id, 'role', p.role,
                         'amount', p.amount::text, 'currency', a.currency,
                         'base_amount', p.base_amount::text, 'memo', p.memo) ORDER BY p.line)
                     FROM postings p JOIN accounts a ON a.book_id = p.book_id AND a.id = p.account_id
                     WHERE p.book_id = :id AND p.transaction_id = t.id),
        'revision', t.revision, 'created_at', t.created_at, 'updated_at', t.updated_at)::text
    FROM transactions t WHERE t.book_id = :id ORDER BY t.date, t.id
    """
).bindparams(bindparam("id", type_=Uuid))
AUDIT = text(
    """
    SELECT json_build_object(
        'id', id, 'at', at, 'action', action, 'actor_id', actor_id, 'subject_id', subject_id,
        'address', CASE WHEN actor_id = :id THEN address END, 'details', details)::text
    FROM audit WHERE subject_id = :id OR actor_id = :id ORDER BY id
    """
).bindparams(bindparam("id", type_=Uuid))
PROFILE = text(
    """
    SELECT json_build_object(
        'id', id, 'email', email, 'full_name', full_name, 'role', role, 'time_zone', time_zone,
        'default_book_id', default_book_id, 'email_verified_at', email_verified_at, 'banned_at', banned_at,
        'banned_until', banned_until, 'ban_reason', ban_reason, 'created_at', created_at,
        'updated_at', updated_at)::text
    FROM users WHERE id = :id
    """
).bindparams(bindparam("id", type_=Uuid))
BOOK = text(
    """
    SELECT json_build_object(
        'id', b.id, 'name', b.name, 'base_currency', b.base_currency,
        'rate_window_days', b.rate_window_days, 'locked_until', b.locked_until,
        'revision', b.revision, 'your_role', m.role, 'created_at', b.created_at, 'updated_at', b.updated_at)::text
    FROM books b
    JOIN book_members m ON m.book_id = b.id
        AND m.user_id = nullif(current_setting('app.user_id', true), '')::uuid
    WHERE b.id = :id
    """
).bindparams(bindparam("id", type_=Uuid))


async def delete_book(connection: AsyncConnection) -> AnyRow:
    """Delete the open book with everything in it: `outcome` (deleted, gone, forbidden) and `digests` of its files."""
    return (await connection.execute(_DELETE_BOOK)).one()


async def delete_person(connection: AsyncConnection, user_id: UUID) -> AnyRow:
    """Delete a person and what is theirs alone, and pass on what is not.

    `outcome` is deleted, gone, forbidden or last_admin; a deletion tells of the person's address, the books that went,
    those that were passed on (to whom), and the files of those that went.
    """
    return (await connection.execute(_DELETE_PERSON, {"user": user_id})).one()


async def person(connection: AsyncConnection, user_id: UUID) -> AnyRow:
    return (await connection.execute(select(User.email).where(User.id == user_id))).one()


async def columns(connection: AsyncConnection, key: str) -> Sequence[AnyRow]:
    """Name, type and quoted name of what may be read of each table that has a column `key`."""
    return (await connection.execute(_COLUMNS, {"key": key})).all()


def rows_of(table: str, key: str, names: Sequence[AnyRow]) -> Any:
    """The rows of a table whose `key` is the parameter `id`, as JSON texts: exact numbers and digests as strings.

    Table and columns come from the database's own catalogue.
    """
    pairs = ", ".join(f"'{column.name}', {_as_json(column)}" for column in names)
    order = ", ".join(column.quoted for column in names if column.name in {"revision", "position", "id"}) or key
    return text(
        f'SELECT json_build_object({pairs})::text FROM "{table}" t WHERE t.{key} = :id ORDER BY {order}'  # noqa: S608  # nosec B608
    ).bindparams(bindparam("id", type_=Uuid))


def _as_json(column: AnyRow) -> str:
    if column.kind == "numeric":
        return f"t.{column.quoted}::text"
    if column.kind == "numeric[]":
        return f"t.{column.quoted}::text[]"
    if column.kind == "bytea":
        return f"encode(t.{column.quoted}, 'hex')"
    return f"t.{column.quoted}"


async def stream(connection: AsyncConnection, statement: Any, row_id: UUID) -> AsyncIterator[Sequence[str]]:
    """JSON texts, some at a time: the database keeps the place."""
    result = await connection.stream(statement, {"id": row_id}, execution_options={"max_row_buffer": BATCH})
    async for rows in result.partitions(BATCH):
        yield [row[0] for row in rows]


async def listed(rows: Sequence[AnyRow]) -> AsyncIterator[Sequence[str]]:
    """The same of rows that are here already, one at least."""
    yield [dump(dict(row._mapping)) for row in rows]  # noqa: SLF001  # the documented way to a row's mapping

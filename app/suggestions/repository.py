"""Statements about what there is to learn from, and the book's choice."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow
from app.suggestions.models import SuggestionSettings

MOST_EXAMPLES = 20_000

# The newest first, whatever their number: the header's index by date leads, each line is found by its key.
_EXAMPLES = text(
    """
    SELECT t.type, y.name AS payee, t.description, abs(p.amount) AS amount, p.account_id, p.category_id
    FROM (
        SELECT id, type, payee_id, description FROM transactions
        WHERE book_id = :book AND type IN ('expense', 'income') AND refund_of_id IS NULL
        ORDER BY date DESC, id DESC LIMIT :most
    ) AS t
    JOIN postings p ON p.book_id = :book AND p.transaction_id = t.id AND p.role = 'flow' AND p.category_id IS NOT NULL
    LEFT JOIN payees y ON y.book_id = :book AND y.id = t.payee_id
    """
).bindparams(bindparam("book", type_=Uuid))


async def examples(connection: AsyncConnection, book_id: UUID) -> Sequence[AnyRow]:
    """The latest parts that have a category."""
    return (await connection.execute(_EXAMPLES, {"book": book_id, "most": MOST_EXAMPLES})).all()


_KINDS = text("SELECT id, kind FROM categories WHERE book_id = :book AND archived_at IS NULL").bindparams(
    bindparam("book", type_=Uuid)
)


async def kinds(connection: AsyncConnection, book_id: UUID) -> dict[UUID, str]:
    """The kind of each category in use."""
    return {row.id: row.kind for row in (await connection.execute(_KINDS, {"book": book_id})).all()}


_HIDDEN = text("SELECT current_setting('app.hidden_accounts', true)")


async def hidden(connection: AsyncConnection) -> str:
    """The accounts that the member does not see, as one text."""
    return str(await connection.scalar(_HIDDEN) or "")


_ACCOUNT = text("SELECT EXISTS (SELECT FROM accounts WHERE book_id = :book AND id = :account)").bindparams(
    bindparam("book", type_=Uuid), bindparam("account", type_=Uuid)
)


async def has_account(connection: AsyncConnection, book_id: UUID, account_id: UUID) -> bool:
    return bool(await connection.scalar(_ACCOUNT, {"book": book_id, "account": account_id}))


async def settings(connection: AsyncConnection, book_id: UUID) -> AnyRow | None:
    columns = SuggestionSettings
    statement = select(
        columns.id, columns.auto_categorise, columns.minimum_confidence, columns.revision, columns.created_at
    ).where(columns.book_id == book_id)
    return (await connection.execute(statement)).one_or_none()


async def add_settings(connection: AsyncConnection, values: dict[str, Any]) -> None:
    await connection.execute(insert(SuggestionSettings).values(values))


async def change_settings(connection: AsyncConnection, book_id: UUID, values: dict[str, Any]) -> None:
    statement = update(SuggestionSettings).where(SuggestionSettings.book_id == book_id)
    await connection.execute(statement.values({**values, "updated_at": func.now()}))

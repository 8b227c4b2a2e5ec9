"""Statements about goals."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Date, Uuid, bindparam, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow
from app.goals.models import Goal, GoalSource

_EVERY = (
    text(
        """
    SELECT g.id, g.name, g.kind, g.currency, g.target_amount, g.target_date, g.start_amount, g.start_date, g.notes,
           g.archived_at, g.reached_at, g.revision, g.created_at, g.updated_at, c.exponent, s.sources
    FROM goals g
    JOIN currencies c ON c.code = g.currency
    CROSS JOIN LATERAL (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'id', s.id, 'account_id', s.account_id, 'budget_id', s.budget_id, 'share', s.share::text,
            'earmark', s.earmark::text
        ) ORDER BY s.line), '[]') AS sources
        FROM goal_sources s WHERE s.book_id = :book AND s.goal_id = g.id
    ) AS s
    WHERE g.book_id = :book
    ORDER BY g.created_at, g.id
    """
    )
    .bindparams(bindparam("book", type_=Uuid))
    .columns(sources=JSONB)
)


async def every(connection: AsyncConnection, book_id: UUID) -> Sequence[AnyRow]:
    """All goals with their sources, in the order in which they were made."""
    return (await connection.execute(_EVERY, {"book": book_id})).all()


# Past balances are today's less what the totals of the months since then say.
_HOLDINGS = text(
    """
    SELECT a.id, a.type, a.currency, c.exponent, a.balance, a.archived_at, since.*
    FROM accounts a
    JOIN currencies c ON c.code = a.currency
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(m.inflow - m.outflow) FILTER (WHERE m.month >= :m0), 0) AS since0,
               coalesce(sum(m.inflow - m.outflow) FILTER (WHERE m.month >= :m1), 0) AS since1,
               coalesce(sum(m.inflow - m.outflow) FILTER (WHERE m.month >= :m2), 0) AS since2,
               coalesce(sum(m.inflow - m.outflow), 0) AS since3
        FROM monthly_totals m WHERE m.book_id = :book AND m.account_id = a.id AND m.month >= :m3
    ) AS since
    WHERE a.book_id = :book AND a.id = ANY(:accounts)
    """
).bindparams(
    bindparam("book", type_=Uuid),
    bindparam("accounts", type_=ARRAY(Uuid)),
    *(bindparam(name, type_=Date) for name in ("m0", "m1", "m2", "m3")),
)


async def holdings(
    connection: AsyncConnection, book_id: UUID, accounts: Collection[UUID], months: Sequence[date]
) -> Sequence[AnyRow]:
    """These accounts with their balance, and what they moved from each of these four months on, the newest first."""
    names = {f"m{number}": month for number, month in enumerate(months)}
    return (await connection.execute(_HOLDINGS, {"book": book_id, "accounts": list(accounts), **names})).all()


async def add(connection: AsyncConnection, values: dict[str, Any]) -> None:
    await connection.execute(insert(Goal).values(values))


async def add_sources(connection: AsyncConnection, rows: list[dict[str, Any]]) -> None:
    await connection.execute(insert(GoalSource).values(rows))


async def change(connection: AsyncConnection, book_id: UUID, goal_id: UUID, values: dict[str, Any]) -> None:
    statement = update(Goal).where(Goal.book_id == book_id, Goal.id == goal_id)
    await connection.execute(statement.values({**values, "updated_at": func.now()}))


async def remove_sources(connection: AsyncConnection, book_id: UUID, goal_id: UUID) -> None:
    await connection.execute(delete(GoalSource).where(GoalSource.book_id == book_id, GoalSource.goal_id == goal_id))


async def sources_on(connection: AsyncConnection, book_id: UUID, accounts: Collection[UUID]) -> Sequence[AnyRow]:
    """What goals claim of these accounts."""
    columns = [column for column in GoalSource.__table__.columns if column.name != "book_id"]
    statement = select(*columns).where(GoalSource.book_id == book_id, GoalSource.account_id.in_(accounts))
    return (await connection.execute(statement.order_by(GoalSource.goal_id, GoalSource.line))).all()


async def change_source(connection: AsyncConnection, book_id: UUID, source_id: UUID, values: dict[str, Any]) -> None:
    statement = update(GoalSource).where(GoalSource.book_id == book_id, GoalSource.id == source_id)
    await connection.execute(statement.values(values))


async def remove_source(connection: AsyncConnection, book_id: UUID, source_id: UUID) -> None:
    await connection.execute(delete(GoalSource).where(GoalSource.book_id == book_id, GoalSource.id == source_id))


async def remove(connection: AsyncConnection, book_id: UUID, goal_id: UUID) -> None:
    await connection.execute(delete(Goal).where(Goal.book_id == book_id, Goal.id == goal_id))


_NOTE_REACHED = text(
    """
    UPDATE goals SET reached_at = CASE WHEN id = ANY(:reached) THEN now() END
    WHERE book_id = :book AND (id = ANY(:reached) OR id = ANY(:behind))
    """
).bindparams(
    bindparam("book", type_=Uuid),
    bindparam("reached", type_=ARRAY(Uuid)),
    bindparam("behind", type_=ARRAY(Uuid)),
)


async def note_reached(
    connection: AsyncConnection, book_id: UUID, reached: Collection[UUID], behind: Collection[UUID]
) -> None:
    """Say of these goals that they are reached, and of those that they are not, or not any more."""
    await connection.execute(_NOTE_REACHED, {"book": book_id, "reached": list(reached), "behind": list(behind)})


async def books_with_goals(connection: AsyncConnection) -> Sequence[UUID]:
    return (await connection.execute(text("SELECT books_with_goals()"))).scalars().all()

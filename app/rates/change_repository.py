"""Statements about changes of the base currency."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Integer, Numeric, Uuid, bindparam, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.context import BookWriter
from app.core.database import AnyRow, AnySelect
from app.rates.models import BaseCurrencyChange as Change

OPEN = ("queued", "running")


def _select() -> AnySelect:
    return select(
        Change.id,
        Change.from_currency,
        Change.to_currency,
        Change.convert_budgets,
        Change.status,
        Change.done,
        Change.total,
        Change.reason,
        Change.created_at,
        Change.finished_at,
    )


async def add(connection: AsyncConnection, values: dict[str, Any]) -> None:
    await connection.execute(insert(Change).values(values))


async def get(connection: AsyncConnection, book_id: UUID, change_id: UUID) -> AnyRow:
    statement = _select().where(Change.book_id == book_id, Change.id == change_id)
    return (await connection.execute(statement)).one()


async def newest(connection: AsyncConnection, book_id: UUID) -> AnyRow | None:
    statement = _select().where(Change.book_id == book_id).order_by(Change.id.desc()).limit(1)
    return (await connection.execute(statement)).one_or_none()


async def open_change(connection: AsyncConnection, book_id: UUID) -> AnyRow | None:
    statement = _select().where(Change.book_id == book_id, Change.status.in_(OPEN))
    return (await connection.execute(statement)).one_or_none()


async def change(connection: AsyncConnection, book_id: UUID, change_id: UUID, values: dict[str, Any]) -> bool:
    """False where it is done, or failed and another one is on its way."""
    others = select(Change.id).where(Change.book_id == book_id, Change.id != change_id, Change.status.in_(OPEN))
    free = or_(Change.status.in_(OPEN), ~others.exists())
    statement = (
        update(Change)
        .where(Change.book_id == book_id, Change.id == change_id, Change.status != "done", free)
        .values(values)
        .returning(Change.id)
    )
    return (await connection.execute(statement)).one_or_none() is not None


async def is_open(connection: AsyncConnection, book_id: UUID, change_id: UUID) -> bool:
    found = select(Change.id).where(Change.book_id == book_id, Change.id == change_id, Change.status.in_(OPEN))
    return await connection.scalar(found) is not None


async def give_up(connection: AsyncConnection, book_id: UUID, change_id: UUID, reason: str, at: datetime) -> None:
    """End one that is open as failed; any other stays as it is."""
    mine = (Change.book_id == book_id) & (Change.id == change_id) & Change.status.in_(OPEN)
    values = {"status": "failed", "reason": reason, "finished_at": at}
    await connection.execute(update(Change).where(mine).values(values))


async def has_budgets(connection: AsyncConnection, book_id: UUID) -> bool:
    """Whether the open book has any, those in use that the member does not see included."""
    statement = text("SELECT book_has_budgets() OR EXISTS (SELECT FROM budgets WHERE book_id = :book)")
    return bool(await connection.scalar(statement.bindparams(bindparam("book", type_=Uuid)), {"book": book_id}))


async def budget_names(connection: AsyncConnection, book_id: UUID) -> list[str]:
    statement = text("SELECT name FROM budgets WHERE book_id = :book ORDER BY sort, created_at, id LIMIT 50")
    return list(
        (await connection.execute(statement.bindparams(bindparam("book", type_=Uuid)), {"book": book_id})).scalars()
    )


_TORN = text(
    """
    SELECT g.name FROM goals g
    WHERE g.book_id = :book AND g.currency = :currency AND g.archived_at IS NULL
      AND EXISTS (SELECT FROM goal_sources s WHERE s.book_id = :book AND s.goal_id = g.id AND s.budget_id IS NOT NULL)
      AND EXISTS (SELECT FROM goal_sources s WHERE s.book_id = :book AND s.goal_id = g.id AND s.account_id IS NOT NULL)
    ORDER BY g.created_at, g.id LIMIT 50
    """
).bindparams(bindparam("book", type_=Uuid))


async def torn_goals(connection: AsyncConnection, book_id: UUID, currency: str) -> list[str]:
    """The names of goals in this currency that count accounts and envelopes together."""
    return list((await connection.execute(_TORN, {"book": book_id, "currency": currency})).scalars())


async def set_base_currency(connection: AsyncConnection, book_id: UUID, currency: str) -> None:
    statement = text("UPDATE books SET base_currency = :currency, base_currency_chosen = true WHERE id = :book")
    await connection.execute(
        statement.bindparams(bindparam("book", type_=Uuid)), {"book": book_id, "currency": currency}
    )


async def months(connection: AsyncConnection, book_id: UUID) -> Sequence[date]:
    statement = text("SELECT DISTINCT month FROM monthly_totals WHERE book_id = :book ORDER BY month")
    return (
        (await connection.execute(statement.bindparams(bindparam("book", type_=Uuid)), {"book": book_id}))
        .scalars()
        .all()
    )


_ROUNDED = "round({column} * :rate, :exponent)"
_BUDGETS = tuple(
    text(statement).bindparams(
        bindparam("book", type_=Uuid), bindparam("rate", type_=Numeric), bindparam("exponent", type_=Integer)
    )
    for statement in (
        f"UPDATE budget_amounts SET amount = {_ROUNDED.format(column='amount')} WHERE book_id = :book",  # noqa: S608  # nosec B608
        f"UPDATE budget_assignments SET amount = {_ROUNDED.format(column='amount')} WHERE book_id = :book",  # noqa: S608  # nosec B608
        f"""
        UPDATE goal_sources SET earmark = {_ROUNDED.format(column="earmark")}
        WHERE book_id = :book AND budget_id IS NOT NULL AND earmark IS NOT NULL
        """,  # noqa: S608  # nosec B608  # constants
    )
)
_TOUCHED = tuple(
    text(statement).bindparams(bindparam("book", type_=Uuid), bindparam("revision", type_=BigInteger))
    for statement in (
        "UPDATE budgets SET revision = :revision, updated_at = now() WHERE book_id = :book",
        """
        UPDATE goals g SET revision = :revision, updated_at = now()
        WHERE g.book_id = :book AND EXISTS (
            SELECT FROM goal_sources s WHERE s.book_id = :book AND s.goal_id = g.id AND s.budget_id IS NOT NULL)
        """,
    )
)


_GOALS = text(
    """
    UPDATE goals g SET currency = :to, target_amount = round(g.target_amount * :rate, :exponent),
                       start_amount = round(g.start_amount * :rate, :exponent)
    WHERE g.book_id = :book AND g.currency = :former
      AND EXISTS (SELECT FROM goal_sources s WHERE s.book_id = :book AND s.goal_id = g.id AND s.budget_id IS NOT NULL)
      AND NOT EXISTS (SELECT FROM goal_sources s
                      WHERE s.book_id = :book AND s.goal_id = g.id AND s.account_id IS NOT NULL)
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("rate", type_=Numeric), bindparam("exponent", type_=Integer))


async def convert_budgets(book: BookWriter, rate: Decimal, currency: str, exponent: int) -> None:
    """Turn the amounts of budgets, and of goals that draw on nothing but them, into another currency at one rate."""
    values = {"book": book.book_id, "rate": rate, "exponent": exponent}
    await book.connection.execute(_GOALS, {**values, "former": book.base_currency, "to": currency})
    for statement in _BUDGETS:
        await book.connection.execute(statement, {"book": book.book_id, "rate": rate, "exponent": exponent})
    for statement in _TOUCHED:
        await book.connection.execute(statement, {"book": book.book_id, "revision": book.revision})

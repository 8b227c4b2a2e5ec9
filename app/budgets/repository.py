"""Statements about budgets, their groups, amounts and assignments."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, Date, Text, Uuid, bindparam, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.budgets.calculation import DEFAULT_THRESHOLDS, Budget
from app.budgets.models import Budget as BudgetRow
from app.budgets.models import BudgetAmount, BudgetAssignment, BudgetGroup
from app.budgets.periods import Cadence
from app.core.database import AnyRow
from app.core.documents import dump

Values = dict[str, Any]

_IDS = bindparam("ids", type_=ARRAY(Uuid))
_BUDGETS = text(
    """
    SELECT b.id, b.name, b.kind, b.group_id, b.period, b.every, b.unit, b.start_date, b.end_date, b.rollover,
           b.rollover_since, b.category_ids, b.account_ids, b.tag_ids, b.thresholds, b.notes, b.sort, b.archived_at,
           b.revision, b.created_at, b.updated_at, a.amounts, s.assigned, l.reached,
           k.period_start AS kept_start, k.carried AS kept
    FROM budgets b
    LEFT JOIN (SELECT budget_id, array_agg(from_date ORDER BY from_date) AS days,
                      array_agg(ARRAY[CAST(from_date AS text), CAST(amount AS text)] ORDER BY from_date) AS amounts
               FROM budget_amounts WHERE book_id = :book AND (:every OR budget_id = ANY (:ids)) GROUP BY 1) a
        ON a.budget_id = b.id
    LEFT JOIN (SELECT budget_id, array_agg(ARRAY[CAST(date AS text), CAST(amount AS text)]) AS assigned
               FROM (SELECT budget_id, date, sum(amount) AS amount FROM budget_assignments
                     WHERE book_id = :book AND (:every OR budget_id = ANY (:ids)) GROUP BY 1, 2) AS days GROUP BY 1) s
        ON s.budget_id = b.id
    LEFT JOIN (SELECT budget_id, array_agg(ARRAY[CAST(period_start AS text), CAST(threshold AS text)]) AS reached
               FROM budget_alerts WHERE book_id = :book AND (:every OR budget_id = ANY (:ids)) GROUP BY 1) l
        ON l.budget_id = b.id
    LEFT JOIN budget_carries k ON k.book_id = b.book_id AND k.budget_id = b.id
    WHERE b.book_id = :book AND (:every OR b.id = ANY (:ids)) AND (b.archived_at IS NULL OR NOT :live)
    ORDER BY b.sort, lower(b.name), b.id
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("every", type_=Boolean), bindparam("live", type_=Boolean), _IDS)


async def budgets(
    connection: AsyncConnection, book_id: UUID, ids: Collection[UUID] | None = None, *, live: bool = False
) -> Sequence[AnyRow]:
    """Those that are seen, by `sort` and name: all, or these; `live` leaves archived ones out."""
    parameters = {"book": book_id, "every": ids is None, "live": live, "ids": list(ids or ())}
    return (await connection.execute(_BUDGETS, parameters)).all()


def budget_of(row: AnyRow) -> Budget:
    """What is calculated with."""
    return Budget(
        id=row.id,
        name=row.name,
        kind=row.kind,
        group_id=row.group_id,
        cadence=Cadence.of(row.start_date, row.every, row.unit),
        end_date=row.end_date,
        rollover=row.rollover,
        rollover_since=row.rollover_since,
        category_ids=tuple(row.category_ids),
        account_ids=tuple(row.account_ids),
        tag_ids=tuple(row.tag_ids),
        thresholds=DEFAULT_THRESHOLDS if row.thresholds is None else tuple(row.thresholds),
        amounts=_dated(row.amounts),
        assigned=_dated(row.assigned),
        reached=frozenset(_dated(row.reached)),
        kept=None if row.kept is None else (row.kept_start, row.kept),
    )


def _dated(pairs: Sequence[Sequence[str]] | None) -> tuple[tuple[date, Decimal], ...]:
    return tuple((date.fromisoformat(day), Decimal(number)) for day, number in pairs or ())


async def add(connection: AsyncConnection, values: Values) -> None:
    await connection.execute(insert(BudgetRow).values(values))


async def change(connection: AsyncConnection, book_id: UUID, budget_id: UUID, values: Values) -> None:
    statement = update(BudgetRow).where(BudgetRow.book_id == book_id, BudgetRow.id == budget_id)
    await connection.execute(statement.values({**values, "updated_at": func.now()}))


async def remove(connection: AsyncConnection, book_id: UUID, budget_id: UUID) -> None:
    """With what hangs on it."""
    await connection.execute(delete(BudgetRow).where(BudgetRow.book_id == book_id, BudgetRow.id == budget_id))


async def count(connection: AsyncConnection, book_id: UUID) -> int:
    statement = select(func.count()).select_from(BudgetRow).where(BudgetRow.book_id == book_id)
    return await connection.scalar(statement) or 0


_KNOWN = text(
    """
    SELECT 'category' AS what, id, kind, archived_at FROM categories WHERE book_id = :book AND id = ANY (:categories)
    UNION ALL
    SELECT 'account', id, type, archived_at FROM accounts WHERE book_id = :book AND id = ANY (:accounts)
    UNION ALL
    SELECT 'tag', id, NULL, NULL FROM tags WHERE book_id = :book AND id = ANY (:tags)
    UNION ALL
    SELECT 'group', id, NULL, NULL FROM budget_groups WHERE book_id = :book AND id = ANY (:groups)
    """
).bindparams(
    bindparam("book", type_=Uuid),
    *(bindparam(name, type_=ARRAY(Uuid)) for name in ("categories", "accounts", "tags", "groups")),
)


async def known(connection: AsyncConnection, book_id: UUID, **ids: Sequence[UUID]) -> Sequence[AnyRow]:
    """Of these categories, accounts, tags and groups those that the book has and this member sees."""
    return (await connection.execute(_KNOWN, {"book": book_id, **{k: list(v) for k, v in ids.items()}})).all()


async def amounts(connection: AsyncConnection, book_id: UUID, budget_id: UUID) -> Sequence[AnyRow]:
    statement = select(BudgetAmount.id, BudgetAmount.budget_id, BudgetAmount.from_date, BudgetAmount.amount)
    wanted = statement.where(BudgetAmount.book_id == book_id, BudgetAmount.budget_id == budget_id)
    return (await connection.execute(wanted.order_by(BudgetAmount.from_date))).all()


async def add_amount(connection: AsyncConnection, values: Values) -> None:
    await connection.execute(insert(BudgetAmount).values(values))


async def change_amount(connection: AsyncConnection, book_id: UUID, amount_id: UUID, values: Values) -> None:
    statement = update(BudgetAmount).where(BudgetAmount.book_id == book_id, BudgetAmount.id == amount_id)
    await connection.execute(statement.values(values))


async def remove_amount(connection: AsyncConnection, book_id: UUID, amount_id: UUID) -> None:
    await connection.execute(delete(BudgetAmount).where(BudgetAmount.book_id == book_id, BudgetAmount.id == amount_id))


_ASSIGNMENT = (
    BudgetAssignment.id,
    BudgetAssignment.budget_id,
    BudgetAssignment.date,
    BudgetAssignment.amount,
    BudgetAssignment.move_id,
    BudgetAssignment.created_at,
)


async def assignments(
    connection: AsyncConnection, book_id: UUID, budget_id: UUID, *, limit: int, before: tuple[date, UUID] | None
) -> Sequence[AnyRow]:
    """The newest first, from behind a (date, id)."""
    mine = (BudgetAssignment.book_id == book_id, BudgetAssignment.budget_id == budget_id)
    statement = select(*_ASSIGNMENT).where(*mine)
    if before is not None:
        statement = statement.where(
            text("(date, id) < (:before_day, :before_id)").bindparams(
                bindparam("before_day", before[0], type_=Date), bindparam("before_id", before[1], type_=Uuid)
            )
        )
    ordered = statement.order_by(BudgetAssignment.date.desc(), BudgetAssignment.id.desc()).limit(limit)
    return (await connection.execute(ordered)).all()


async def every_assignment(connection: AsyncConnection, book_id: UUID, budget_id: UUID) -> Sequence[AnyRow]:
    mine = (BudgetAssignment.book_id == book_id, BudgetAssignment.budget_id == budget_id)
    return (await connection.execute(select(*_ASSIGNMENT).where(*mine).order_by(BudgetAssignment.id))).all()


async def parts(
    connection: AsyncConnection, book_id: UUID, ids: Collection[UUID]
) -> tuple[Sequence[AnyRow], Sequence[AnyRow]]:
    """All amounts and all assignments of these budgets, each by day."""
    amounts = select(BudgetAmount.id, BudgetAmount.budget_id, BudgetAmount.from_date, BudgetAmount.amount)
    amounts = amounts.where(BudgetAmount.book_id == book_id, BudgetAmount.budget_id.in_(ids))
    assigned = select(*_ASSIGNMENT).where(BudgetAssignment.book_id == book_id, BudgetAssignment.budget_id.in_(ids))
    return (
        (await connection.execute(amounts.order_by(BudgetAmount.from_date))).all(),
        (await connection.execute(assigned.order_by(BudgetAssignment.date, BudgetAssignment.id))).all(),
    )


async def add_assignments(connection: AsyncConnection, rows: list[Values]) -> Sequence[AnyRow]:
    return (await connection.execute(insert(BudgetAssignment).values(rows).returning(*_ASSIGNMENT))).all()


_GROUP = (
    BudgetGroup.id,
    BudgetGroup.name,
    BudgetGroup.sort,
    BudgetGroup.revision,
    BudgetGroup.created_at,
    BudgetGroup.updated_at,
)


async def groups(connection: AsyncConnection, book_id: UUID) -> Sequence[AnyRow]:
    statement = select(*_GROUP).where(BudgetGroup.book_id == book_id)
    ordered = statement.order_by(BudgetGroup.sort, func.lower(BudgetGroup.name), BudgetGroup.id)
    return (await connection.execute(ordered)).all()


async def group(connection: AsyncConnection, book_id: UUID, group_id: UUID) -> AnyRow | None:
    statement = select(*_GROUP).where(BudgetGroup.book_id == book_id, BudgetGroup.id == group_id)
    return (await connection.execute(statement)).one_or_none()


async def add_group(connection: AsyncConnection, values: Values) -> None:
    await connection.execute(insert(BudgetGroup).values(values))


async def change_group(connection: AsyncConnection, book_id: UUID, group_id: UUID, values: Values) -> None:
    statement = update(BudgetGroup).where(BudgetGroup.book_id == book_id, BudgetGroup.id == group_id)
    await connection.execute(statement.values({**values, "updated_at": func.now()}))


async def remove_group(connection: AsyncConnection, book_id: UUID, group_id: UUID) -> None:
    await connection.execute(delete(BudgetGroup).where(BudgetGroup.book_id == book_id, BudgetGroup.id == group_id))


async def leave_group(connection: AsyncConnection, book_id: UUID, group_id: UUID, revision: int) -> Sequence[AnyRow]:
    """Take every budget that is seen out of the group; returns which, with the accounts that they name."""
    statement = update(BudgetRow).where(BudgetRow.book_id == book_id, BudgetRow.group_id == group_id)
    changed = statement.values(group_id=None, revision=revision, updated_at=func.now())
    return (await connection.execute(changed.returning(BudgetRow.id, BudgetRow.account_ids))).all()


_NOTE_REACHED = text(
    """
    WITH gone AS (
        DELETE FROM budget_alerts a
        USING jsonb_to_recordset(CAST(:gone AS jsonb)) AS g(budget_id uuid, period_start date, threshold numeric)
        WHERE a.book_id = :book AND a.budget_id = g.budget_id AND a.period_start = g.period_start
          AND a.threshold = g.threshold
    )
    INSERT INTO budget_alerts (book_id, budget_id, period_start, threshold)
    SELECT :book, f.budget_id, f.period_start, f.threshold
    FROM jsonb_to_recordset(CAST(:fresh AS jsonb)) AS f(budget_id uuid, period_start date, threshold numeric)
    ON CONFLICT DO NOTHING
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("gone", type_=Text), bindparam("fresh", type_=Text))


async def note_reached(
    connection: AsyncConnection,
    book_id: UUID,
    *,
    fresh: Collection[tuple[UUID, date, Decimal]],
    gone: Collection[tuple[UUID, date, Decimal]],
) -> None:
    """Keep which thresholds of which periods are reached, and forget which are no more."""
    names = ("budget_id", "period_start", "threshold")

    def rows(entries: Collection[tuple[UUID, date, Decimal]]) -> str:
        return dump([dict(zip(names, entry, strict=True)) for entry in entries])

    await connection.execute(_NOTE_REACHED, {"book": book_id, "fresh": rows(fresh), "gone": rows(gone)})


_KEEP_CARRIED = text(
    """
    WITH gone AS (
        DELETE FROM budget_carries c
        USING jsonb_to_recordset(CAST(:carried AS jsonb)) AS k(budget_id uuid, carried numeric)
        WHERE c.book_id = :book AND c.budget_id = k.budget_id AND k.carried IS NULL
    )
    INSERT INTO budget_carries AS c (book_id, budget_id, period_start, carried)
    SELECT :book, k.budget_id, k.period_start, k.carried
    FROM jsonb_to_recordset(CAST(:carried AS jsonb)) AS k(budget_id uuid, period_start date, carried numeric)
    WHERE k.carried IS NOT NULL
    ON CONFLICT (book_id, budget_id) DO UPDATE SET period_start = excluded.period_start, carried = excluded.carried
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("carried", type_=Text))


async def keep_carried(
    connection: AsyncConnection, book_id: UUID, carried: Mapping[UUID, tuple[date, Decimal] | None]
) -> None:
    """Keep what budgets carry into a period, each with its first day, or with None forget it."""
    rows = [
        {"budget_id": budget_id, "period_start": kept and kept[0], "carried": kept and str(kept[1])}
        for budget_id, kept in carried.items()
    ]
    await connection.execute(_KEEP_CARRIED, {"book": book_id, "carried": dump(rows)})


_SEEN = text("SELECT id FROM budgets WHERE book_id = :book").bindparams(bindparam("book", type_=Uuid))


async def seen(connection: AsyncConnection, book_id: UUID) -> set[UUID]:
    """Which budgets this member sees."""
    return set((await connection.execute(_SEEN, {"book": book_id})).scalars())

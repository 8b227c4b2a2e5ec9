"""Statements about bills: schedules of kind bill, the payments that may be theirs, and which were refused."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Date, Uuid, bindparam, insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow
from app.core.documents import dump
from app.schedules.bills_models import BillRejection
from app.schedules.reading import SCHEDULE_COLUMNS, SCHEDULE_SOURCE

BOOK = bindparam("book", type_=Uuid)

# Of single occurrences that somebody gave an amount of their own.
OWN_AMOUNTS = """
    LEFT JOIN LATERAL (
        SELECT min(x.amount) AS least, max(x.amount) AS most FROM schedule_occurrences x
        WHERE x.book_id = s.book_id AND x.schedule_id = s.id AND x.amount IS NOT NULL
    ) AS own ON true
"""
_BILLS = text(
    f"""
    SELECT {SCHEDULE_COLUMNS}, own.least AS own_least, own.most AS own_most
    {SCHEDULE_SOURCE.replace("WHERE", OWN_AMOUNTS + " WHERE")}
      AND s.kind = 'bill' AND s.paused_at IS NULL AND s.archived_at IS NULL
      AND s.starts_on <= :last AND (s.ends_before IS NULL OR s.ends_before > :first)
      AND s.template ->> 'type' IN ('expense', 'income')
    ORDER BY s.id
    """  # nosec B608  # constants
).bindparams(BOOK, bindparam("first", type_=Date), bindparam("last", type_=Date))


async def bills(connection: AsyncConnection, book_id: UUID, first: date, last: date) -> Sequence[AnyRow]:
    """The bills that may have an occurrence in these days: neither paused nor archived."""
    return (await connection.execute(_BILLS, {"book": book_id, "first": first, "last": last})).all()


_BILL = text(
    f"""
    SELECT {SCHEDULE_COLUMNS} {SCHEDULE_SOURCE}
      AND s.id = :id AND s.kind = 'bill' AND s.template ->> 'type' IN ('expense', 'income')
    """  # nosec B608  # constants
).bindparams(BOOK, bindparam("id", type_=Uuid))


async def bill(connection: AsyncConnection, book_id: UUID, schedule_id: UUID) -> AnyRow | None:
    """One bill, paused and archived ones too."""
    return (await connection.execute(_BILL, {"book": book_id, "id": schedule_id})).one_or_none()


_PAYMENT = "t.id, t.type, t.date, t.account_id, t.amount, t.description, p.name AS payee"
# What is partly hidden from a member is no payment to them. The texts are compared by the caller.
_CAME = text(
    f"""
    WITH wanted AS (
        SELECT * FROM jsonb_to_recordset(CAST(:wanted AS jsonb))
            AS w(account_id uuid, type text, least numeric, most numeric, first date, last date)
    )
    SELECT {_PAYMENT}, o.schedule_id, o.due_on, o.status, o.reason_code
    FROM public.transactions t
    LEFT JOIN payees p ON p.book_id = t.book_id AND p.id = t.payee_id
    LEFT JOIN schedule_occurrences o ON o.book_id = t.book_id AND o.transaction_id = t.id
    WHERE t.book_id = :book AND t.revision = :revision AND t.date BETWEEN :first AND :last
      AND (o.id IS NOT NULL OR EXISTS (
          SELECT FROM wanted w
          WHERE w.account_id = t.account_id AND w.type = t.type AND t.date BETWEEN w.first AND w.last
            AND t.amount BETWEEN w.least AND w.most))
    ORDER BY t.date, t.id
    """  # noqa: S608  # nosec B608  # constants
).bindparams(
    BOOK, bindparam("revision", type_=BigInteger), bindparam("first", type_=Date), bindparam("last", type_=Date)
)


async def came(
    connection: AsyncConnection, book_id: UUID, revision: int, first: date, last: date, wanted: list[dict[str, Any]]
) -> Sequence[AnyRow]:
    """Transactions that this revision wrote and that may pay one of the wanted, or are linked to an occurrence."""
    parameters = {"book": book_id, "revision": revision, "first": first, "last": last, "wanted": dump(wanted)}
    return (await connection.execute(_CAME, parameters)).all()


_PAYMENT_OF = text(
    f"""
    SELECT {_PAYMENT}, EXISTS (
        SELECT FROM schedule_occurrences o WHERE o.book_id = t.book_id AND o.transaction_id = t.id) AS linked
    FROM public.transactions t
    LEFT JOIN payees p ON p.book_id = t.book_id AND p.id = t.payee_id
    WHERE t.book_id = :book AND t.id = :id
    """  # noqa: S608  # nosec B608  # constants
).bindparams(BOOK, bindparam("id", type_=Uuid))


async def payment(connection: AsyncConnection, book_id: UUID, transaction_id: UUID) -> AnyRow | None:
    """One transaction, whatever its type, and whether an occurrence has it."""
    return (await connection.execute(_PAYMENT_OF, {"book": book_id, "id": transaction_id})).one_or_none()


_TAKEN = text(
    "SELECT transaction_id FROM schedule_occurrences WHERE book_id = :book AND transaction_id = ANY(:transactions)"
).bindparams(BOOK, bindparam("transactions", type_=ARRAY(Uuid)))


async def taken(connection: AsyncConnection, book_id: UUID, transactions: Collection[UUID]) -> set[UUID]:
    """Which of these transactions stand for an occurrence already, of a schedule that may be seen here."""
    rows = await connection.execute(_TAKEN, {"book": book_id, "transactions": list(transactions)})
    return set(rows.scalars())


_REJECTED = text(
    "SELECT schedule_id, due_on, transaction_id FROM bill_rejections "
    "WHERE book_id = :book AND transaction_id = ANY(:transactions)"
).bindparams(BOOK, bindparam("transactions", type_=ARRAY(Uuid)))


async def rejected(
    connection: AsyncConnection, book_id: UUID, transactions: Collection[UUID]
) -> set[tuple[UUID, date, UUID]]:
    """Which of these transactions somebody said do not pay an occurrence."""
    rows = await connection.execute(_REJECTED, {"book": book_id, "transactions": list(transactions)})
    return {(row.schedule_id, row.due_on, row.transaction_id) for row in rows}


async def reject(connection: AsyncConnection, values: dict[str, Any]) -> None:
    await connection.execute(insert(BillRejection).values(values))


_LINK = text(
    """
    INSERT INTO schedule_occurrences (book_id, schedule_id, due_on, id, date, status, transaction_id, reason_code,
                                      revision)
    SELECT :book, l.schedule_id, l.due_on, l.id, l.date, 'matched', l.transaction_id, l.reason_code, :revision
    FROM jsonb_to_recordset(CAST(:links AS jsonb))
        AS l(schedule_id uuid, due_on date, id uuid, date date, transaction_id uuid, reason_code text)
    ON CONFLICT (book_id, schedule_id, due_on) DO UPDATE
    SET status = 'matched', transaction_id = excluded.transaction_id, reason = NULL,
        reason_code = excluded.reason_code, revision = excluded.revision, updated_at = now()
    """
).bindparams(BOOK, bindparam("revision", type_=BigInteger))


async def link(connection: AsyncConnection, book_id: UUID, revision: int, links: list[dict[str, Any]]) -> None:
    """Mark occurrences as paid; a row that is there keeps its own date and amount."""
    await connection.execute(_LINK, {"book": book_id, "revision": revision, "links": dump(links)})


_REOPEN = text(
    """
    UPDATE schedule_occurrences SET status = 'planned', transaction_id = NULL, reason = NULL, reason_code = NULL,
                                    revision = :revision, updated_at = now()
    WHERE book_id = :book AND id = ANY(:ids)
    """
).bindparams(BOOK, bindparam("revision", type_=BigInteger), bindparam("ids", type_=ARRAY(Uuid)))


async def reopen(connection: AsyncConnection, book_id: UUID, revision: int, ids: Collection[UUID]) -> None:
    await connection.execute(_REOPEN, {"book": book_id, "revision": revision, "ids": list(ids)})


_PAID = text(
    """
    SELECT s.id AS schedule_id, o.due_on, t.id AS transaction_id, t.amount
    FROM unnest(CAST(:schedules AS uuid[])) AS s(id)
    CROSS JOIN LATERAL (
        SELECT x.due_on, x.transaction_id FROM schedule_occurrences x
        WHERE x.book_id = :book AND x.schedule_id = s.id AND x.transaction_id IS NOT NULL
        ORDER BY x.due_on DESC LIMIT 12) AS o
    JOIN public.transactions t ON t.book_id = :book AND t.id = o.transaction_id
    ORDER BY s.id, o.due_on
    """
).bindparams(BOOK, bindparam("schedules", type_=ARRAY(Uuid)))


async def paid(connection: AsyncConnection, book_id: UUID, schedules: Collection[UUID]) -> Sequence[AnyRow]:
    """What was paid for the last 12 occurrences of each schedule, by `due_on`."""
    return (await connection.execute(_PAID, {"book": book_id, "schedules": list(schedules)})).all()


_AMOUNTS = text(
    "SELECT t.id, t.amount, t.date FROM public.transactions t WHERE t.book_id = :book AND t.id = ANY(:ids)"
).bindparams(BOOK, bindparam("ids", type_=ARRAY(Uuid)))


async def amounts(connection: AsyncConnection, book_id: UUID, ids: Collection[UUID]) -> dict[UUID, AnyRow]:
    """What these transactions moved, and when."""
    rows = await connection.execute(_AMOUNTS, {"book": book_id, "ids": list(ids)})
    return {row.id: row for row in rows}


# What was paid before "this and all that follow" was changed is with the schedules that this one follows.
_LINKED = text(
    """
    WITH RECURSIVE chain AS (
        SELECT s.id, s.id AS last_id FROM schedules s
        WHERE s.book_id = :book AND s.archived_at IS NULL AND s.ends_before IS NULL
        UNION
        SELECT s.follows_id, c.last_id FROM chain c
        JOIN schedules s ON s.book_id = :book AND s.id = c.id
        WHERE s.follows_id IS NOT NULL
    )
    SELECT s.id, s.name, s.kind, s.account_id, s.payee, s.template ->> 'type' AS direction, s.amount,
           ARRAY(SELECT o.transaction_id FROM chain c
                 JOIN schedule_occurrences o ON o.book_id = s.book_id AND o.schedule_id = c.id
                 WHERE c.last_id = s.id AND o.date >= :since AND o.transaction_id IS NOT NULL) AS transaction_ids
    FROM schedules s
    WHERE s.book_id = :book AND s.archived_at IS NULL AND s.ends_before IS NULL
    ORDER BY s.id
    """
).bindparams(BOOK, bindparam("since", type_=Date))


async def linked(connection: AsyncConnection, book_id: UUID, since: date) -> Sequence[AnyRow]:
    """Live schedules with the transactions that pay their occurrences since a day."""
    return (await connection.execute(_LINKED, {"book": book_id, "since": since})).all()


_EVERY_BOOK = text("SELECT book_id FROM books_with_bills()")


async def books_with_bills(connection: AsyncConnection) -> Sequence[UUID]:
    return (await connection.execute(_EVERY_BOOK)).scalars().all()

"""Sealing what an account's statement confirms, and unsealing one transaction, with their events, set-based."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, Date, Integer, Uuid, bindparam, text

from app.access.context import BookReader, BookWriter, Event
from app.access.opening import run_telling
from app.access.private import check_sealable, check_whole
from app.core.conditional import check_revision
from app.core.errors import ConflictError
from app.transactions import posting, service
from app.transactions.batch import ENTITY
from app.transactions.documents import Document


class NotSealedError(ConflictError):
    code = "not_sealed"
    title = "The transaction is not reconciled"


# What an earlier statement of the account covered is sealed, but for what was changed since: `:since` and
# `:since_revision` say which, so that a yearly or a monthly statement costs what lies between, not the whole history.
_SEAL = text(
    """
    WITH candidate AS MATERIALIZED (
        SELECT p.transaction_id AS id FROM postings p
        WHERE p.book_id = :book AND p.account_id = :account AND p.date > :since AND p.date <= :until
        UNION
        SELECT t.id FROM transactions t
        WHERE t.book_id = :book AND t.revision > :since_revision AND t.date <= :since AND t.date > :closed
          AND EXISTS (SELECT 1 FROM postings p
                      WHERE p.book_id = :book AND p.transaction_id = t.id AND p.account_id = :account)
    ),
    sealed AS (
        UPDATE public.transactions t
        SET status = 'reconciled', reconciliation_id = :reconciliation, revision = :revision, updated_at = now()
        WHERE t.book_id = :book AND t.id = ANY(ARRAY(SELECT id FROM candidate)) AND t.status = 'cleared'
          AND t.date > :closed
        RETURNING t.id
    ),
    told AS (
        INSERT INTO public.events (book_id, revision, position, entity, entity_id, action, actor_id, before, after)
        SELECT :book, :revision, :position + row_number() OVER (ORDER BY id) - 1, 'transaction', id, 'sealed', :actor,
               jsonb_build_object('status', 'cleared', 'reconciliation_id', NULL),
               jsonb_build_object('status', 'reconciled', 'reconciliation_id', CAST(:reconciliation AS uuid))
        FROM sealed
    ),
    counted AS (
        UPDATE reconciliations SET sealed_count = (SELECT count(*) FROM sealed)
        WHERE book_id = :book AND id = :reconciliation
    )
    SELECT count(*) FROM sealed
    """
).bindparams(
    bindparam("book", type_=Uuid),
    bindparam("account", type_=Uuid),
    bindparam("since", type_=Date),
    bindparam("until", type_=Date),
    bindparam("closed", type_=Date),
    bindparam("since_revision", type_=BigInteger),
    bindparam("reconciliation", type_=Uuid),
    bindparam("revision", type_=BigInteger),
    bindparam("position", type_=Integer),
    bindparam("actor", type_=Uuid),
)
_PENDING = text(
    """
    SELECT count(DISTINCT t.id) AS waiting, coalesce(sum(p.amount), 0) AS amount
    FROM transactions t JOIN postings p ON p.book_id = t.book_id AND p.transaction_id = t.id
    WHERE t.book_id = :book AND t.status = 'pending' AND t.date <= :until AND p.account_id = :account
    """
)
_UNSEAL = text(
    """
    UPDATE public.transactions
    SET status = 'cleared', reconciliation_id = NULL, revision = :revision, updated_at = now()
    WHERE book_id = :book AND id = :id
    """
).bindparams(bindparam("id", type_=Uuid), bindparam("book", type_=Uuid), bindparam("revision", type_=BigInteger))

BEGINNING = date(1, 1, 1)


async def pending(book: BookReader, account_id: UUID, until: date) -> tuple[int, Decimal]:
    """How many transactions up to a day are pending, and what they move on the account."""
    row = (await book.connection.execute(_PENDING, {"book": book.book_id, "account": account_id, "until": until})).one()
    return row.waiting, row.amount


async def seal(
    book: BookWriter, account_id: UUID, until: date, reconciliation_id: UUID, last: tuple[date, int] | None
) -> int:
    """Seal every cleared transaction of the account up to a day; returns how many.

    `last` is the date and revision of the account's reconciliation before this day. What lies in a closed period stays
    as it is: it cannot change anyway.
    """
    await check_sealable(book, account_id, until)
    since, since_revision = last or (BEGINNING, 0)
    return await run_telling(
        book,
        _SEAL,
        {
            "account": account_id,
            "since": since,
            "until": until,
            "closed": book.locked_until or BEGINNING,
            "since_revision": since_revision,
            "reconciliation": reconciliation_id,
        },
    )


async def unseal(book: BookWriter, transaction_id: UUID, reason: str, expected: int | None) -> Document:
    """Make a reconciled transaction a cleared one again; the log keeps the reason."""
    before = await service.get(book, transaction_id)
    check_whole(before)
    check_revision(expected, before["revision"])
    if before["status"] != "reconciled":
        raise NotSealedError(f"It is {before['status']}: there is nothing to unseal.")
    posting.check_open(book, before["date"])
    await book.connection.execute(_UNSEAL, {"book": book.book_id, "id": transaction_id, "revision": book.revision})
    was = {"status": "reconciled", "reconciliation_id": before["reconciliation_id"]}
    now = {"status": "cleared", "reconciliation_id": None, "reason": reason}
    book.record(Event(ENTITY, transaction_id, "unsealed", before=was, after=now))
    return await service.get(book, transaction_id)

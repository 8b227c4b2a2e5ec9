"""Reconciling: an account is held against its statement, and what the statement confirms is sealed."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from app.access.context import BookReader, BookWriter, Event
from app.accounts import statements
from app.accounts.errors import StatementDiffersError
from app.accounts.schemas import ReconcileIn
from app.core.database import AnyRow
from app.core.errors import invalid
from app.core.ids import new_id
from app.core.money import decimals, plain, quantum
from app.transactions import balances, posting, sealing
from app.transactions import service as transactions
from app.transactions.batch import Adjusting
from app.transactions.schemas import AdjustmentIn

ENTITY = "reconciliation"

Document = dict[str, Any]


async def compare(book: BookReader, account: Document, body: ReconcileIn) -> Document:
    """How the statement and what is cleared up to its day compare; nothing changes.

    `difference` is the statement's balance minus the cleared one, in the account's currency.
    """
    _check(book, account, body)
    unit = quantum(account["exponent"])
    found = await balances.at(book.connection, book.book_id, [(account["id"], body.statement_date)])
    count, waiting = await sealing.pending(book, account["id"], body.statement_date)
    cleared = (found[account["id"], body.statement_date] - waiting).quantize(unit)
    return {
        "id": None,
        "account_id": account["id"],
        "currency": account["currency"],
        "statement_date": body.statement_date,
        "statement_balance": body.statement_balance.quantize(unit),
        "cleared_balance": cleared,
        "difference": (body.statement_balance - cleared).quantize(unit),
        "pending_count": count,
        "pending_amount": waiting.quantize(unit),
        "sealed_count": 0,
        "adjustment_id": None,
        "dry_run": body.dry_run,
    }


async def reconcile(book: BookWriter, account: Document, body: ReconcileIn) -> Document:
    """Seal what is cleared up to the statement's day, when the two agree; with `adjust` they are made to agree first.

    Raises `StatementDiffersError` for a difference, and `PeriodLockedError` for a statement in a closed period.
    """
    posting.check_open(book, body.statement_date)
    report = await compare(book, account, body)
    difference: Decimal = report["difference"]
    if difference and not body.adjust:
        raise StatementDiffersError(
            f"The statement says {plain(report['statement_balance'])} {account['currency']}, the cleared transactions "
            f"say {plain(report['cleared_balance'])}: the difference is {plain(difference)}. Find it, or send "
            '"adjust": true to post it.',
            difference=plain(difference),
            cleared_balance=plain(report["cleared_balance"]),
            pending_count=report["pending_count"],
            pending_amount=plain(report["pending_amount"]),
        )
    if difference:
        report["adjustment_id"] = await _adjust(book, account, body, difference)
    return {**report, **await _seal(book, account, body)}


def _check(book: BookReader, account: Document, body: ReconcileIn) -> None:
    if body.statement_date > book.actor.today():
        raise invalid("statement_date", "date_in_future", "a statement is not of a day to come")
    if decimals(body.statement_balance) > account["exponent"]:
        detail = f"{account['currency']} has {account['exponent']} decimals"
        raise invalid("statement_balance", "too_many_decimals", detail)


async def _adjust(book: BookWriter, account: Document, body: ReconcileIn, difference: Decimal) -> UUID:
    """Post what is missing; pending transactions stay beside it."""
    wanted = AdjustmentIn(
        type="adjustment",
        account_id=account["id"],
        date=body.statement_date,
        balance=body.statement_balance,
        description="Reconciliation",
    )
    made = await transactions.create(book, Adjusting(wanted, difference))
    adjustment_id: UUID = made["id"]
    return adjustment_id


async def _seal(book: BookWriter, account: Document, body: ReconcileIn) -> Document:
    last = await statements.last(book.connection, book.book_id, account["id"], body.statement_date)
    reconciliation_id = new_id()
    image = {
        "account_id": account["id"],
        "statement_date": body.statement_date,
        "statement_balance": body.statement_balance.quantize(quantum(account["exponent"])),
        "sealed_count": 0,
    }
    row = {**image, "book_id": book.book_id, "id": reconciliation_id, "revision": book.revision}
    await statements.add(book.connection, row)
    since = (last.statement_date, last.revision) if last is not None else None
    sealed = await sealing.seal(book, account["id"], body.statement_date, reconciliation_id, since)
    book.record(Event(ENTITY, reconciliation_id, "created", after={**image, "sealed_count": sealed}))
    return {"id": reconciliation_id, "sealed_count": sealed}


async def of_account(book: BookReader, account: Document) -> list[Document]:
    """The account's reconciliations, the newest statement first."""
    rows = await statements.of_account(book.connection, book.book_id, account["id"])
    return [{**_image(row), "id": row.id, "revision": row.revision, "created_at": row.created_at} for row in rows]


async def forget(book: BookWriter, account_id: UUID) -> None:
    """Remove the reconciliations of an account that goes; none of its transactions may be sealed any more.

    Raises `PeriodLockedError` for a statement in a closed period.
    """
    for row in await statements.remove_of_account(book.connection, book.book_id, account_id):
        posting.check_open(book, row.statement_date)
        image = {**_image(row), "created_at": row.created_at}
        book.record(Event(ENTITY, row.id, "deleted", before=image))


def _image(row: AnyRow) -> Document:
    names = ("account_id", "statement_date", "statement_balance", "sealed_count")
    return {name: getattr(row, name) for name in names}

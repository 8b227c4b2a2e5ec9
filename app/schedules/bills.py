"""Bills: what is to be paid or to come, by when, what was, and putting payments to them by hand."""

from collections.abc import Collection
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.access.context import BookReader, BookWriter, Event
from app.access.private import seeing_all
from app.core.database import AnyRow
from app.core.ids import new_id
from app.schedules import bills_repository as repository
from app.schedules import reading
from app.schedules.bills_errors import (
    BillNotFoundError,
    BillNotOpenError,
    BillNotPaidError,
    BillOccurrenceNotFoundError,
    PaymentMismatchError,
    PaymentTakenError,
)
from app.schedules.bills_fitting import Payment, may_pay
from app.schedules.bills_matching import REACH
from app.schedules.bills_writing import BY_HAND, mark_paid, reopen
from app.schedules.calendar import shifted
from app.schedules.planned import OPEN, Occurrence, occurrence, occurrences_of, recurrence
from app.transactions.errors import TransactionNotFoundError

REJECTION = "bill_rejection"
PAID = {"posted", "matched"}
Document = dict[str, Any]


async def listed(book: BookReader, first: date, last: date, statuses: Collection[str] = ()) -> Document:
    """The bills dated in these days and what is ahead of them; in three statements however many there are.

    `totals` are of what is not paid and not skipped, by currency and direction, whatever `statuses` asks for.
    """
    schedules = await repository.bills(book.connection, book.book_id, first, shifted(last, REACH))
    found = await _documents(book, [one for one in await occurrences_of(book, schedules, first, last) if is_bill(one)])
    items = [item for item in found if not statuses or item["status"] in statuses]
    return {"items": items, "total": len(items), "totals": _totals(found)}


def is_bill(one: Occurrence) -> bool:
    """Whether it ever was to be paid here: what lies before the bill's beginning was not."""
    return one.kept is not None or one.due_on >= one.schedule.active_from


def status_of(one: Occurrence, today: date) -> str:
    """`due` is today, or soon enough to be reminded of; without a payment by the end of the day it is overdue."""
    if one.status in PAID:
        return "paid"
    if one.status == "skipped":
        return "skipped"
    if one.date < today:
        return "overdue"
    return "due" if one.date - timedelta(days=one.schedule.remind_days or 0) <= today else "upcoming"


async def match(book: BookWriter, schedule_id: UUID, due_on: date, transaction_id: UUID) -> Document:
    """Say that a transaction pays a bill, whatever its day and amount are.

    Raises `BillNotOpenError` for one that is paid or skipped, `PaymentTakenError` for a transaction that another
    occurrence has, and `PaymentMismatchError` for one of the other direction or on another account.
    """
    bill = await _bill(book, schedule_id, due_on)
    if bill.status not in OPEN:
        raise BillNotOpenError(f"It is {bill.status} already; take its payment away or restore it first.")
    row = await repository.payment(book.connection, book.book_id, transaction_id)
    if row is None:
        raise TransactionNotFoundError(transaction_id)
    if row.linked or await _is_taken(book, transaction_id):
        raise PaymentTakenError("This transaction belongs to another occurrence; take it away from there first.")
    if not may_pay(bill, Payment.of(row)):
        raise PaymentMismatchError(
            f"A payment of it is an {bill.schedule.template['type']} on the bill's own account; change the bill first "
            "where it is paid from another one now."
        )
    await mark_paid(book, [(bill, Payment.of(row))], BY_HAND)
    return await read(book, schedule_id, due_on)


async def _is_taken(book: BookWriter, transaction_id: UUID) -> bool:
    """Whether it stands for an occurrence of a schedule that this member does not see."""
    if not book.hides:
        return False
    async with seeing_all(book):
        return bool(await repository.taken(book.connection, book.book_id, [transaction_id]))


async def unmatch(book: BookWriter, schedule_id: UUID, due_on: date) -> Document:
    """Take a bill's payment away; the two are not put together again by themselves.

    Raises `BillNotPaidError` where it has none that was matched.
    """
    bill = await _bill(book, schedule_id, due_on)
    if bill.kept is None or bill.status != "matched":
        raise BillNotPaidError("No transaction was matched with it.")
    rejection = {
        "id": new_id(),
        "schedule_id": schedule_id,
        "due_on": due_on,
        "transaction_id": bill.kept.transaction_id,
    }
    await repository.reject(book.connection, {"book_id": book.book_id, **rejection})
    book.record(Event(REJECTION, rejection["id"], "created", after=rejection))
    await reopen(book, [bill])
    return await read(book, schedule_id, due_on)


async def read(book: BookReader, schedule_id: UUID, due_on: date) -> Document:
    """One bill; raises `BillNotFoundError` and `BillOccurrenceNotFoundError`."""
    return (await _documents(book, [await _bill(book, schedule_id, due_on)]))[0]


async def _bill(book: BookReader, schedule_id: UUID, due_on: date) -> Occurrence:
    schedule = await repository.bill(book.connection, book.book_id, schedule_id)
    if schedule is None:
        raise BillNotFoundError(schedule_id)
    rows = await reading.kept(book.connection, book.book_id, [schedule_id], due_on, due_on)
    kept = next((row for row in rows if row.due_on == due_on), None)
    if kept is None and (due_on < schedule.active_from or not recurrence(schedule).includes(due_on)):
        raise BillOccurrenceNotFoundError(due_on)
    return occurrence(schedule, due_on, kept, book.actor.today())


async def _documents(book: BookReader, bills: list[Occurrence]) -> list[Document]:
    payments = [one.kept.transaction_id for one in bills if one.kept is not None and one.kept.transaction_id]
    paid = await repository.amounts(book.connection, book.book_id, payments) if payments else {}
    today = book.actor.today()
    return [_document(one, today, paid) for one in bills]


def _document(one: Occurrence, today: date, paid: dict[UUID, AnyRow]) -> Document:
    schedule, about, kept = one.schedule, one.estimate, one.kept
    payment = paid.get(kept.transaction_id) if kept is not None and one.status in PAID else None
    return {
        "schedule_id": schedule.id,
        "name": schedule.name,
        "direction": schedule.template["type"],
        "due_on": one.due_on,
        "date": one.date,
        "status": status_of(one, today),
        "days_left": (one.date - today).days,
        "account_id": schedule.account_id,
        "category_id": schedule.category_id,
        "payee": schedule.payee,
        "currency": schedule.currency,
        "amount": about.expected if about else Decimal(0),
        "amount_min": about.least if about else Decimal(0),
        "amount_max": about.most if about else Decimal(0),
        "transaction_id": payment.id if payment else None,
        "paid_amount": payment.amount if payment else None,
        "paid_on": payment.date if payment else None,
        "matched_by_hand": kept is not None and payment is not None and kept.reason_code == BY_HAND,
    }


def _totals(items: list[Document]) -> list[Document]:
    found: dict[tuple[str, str], Document] = {}
    for item in items:
        if item["status"] in {"paid", "skipped"}:
            continue
        key = item["currency"], item["direction"]
        total = found.setdefault(
            key,
            {
                "currency": item["currency"],
                "direction": item["direction"],
                "count": 0,
                **dict.fromkeys(("amount", "amount_min", "amount_max", "overdue"), Decimal(0)),
            },
        )
        total["count"] += 1
        for name in ("amount", "amount_min", "amount_max"):
            total[name] += item[name]
        total["overdue"] += item["amount"] if item["status"] == "overdue" else 0 * item["amount"]
    return [found[key] for key in sorted(found)]

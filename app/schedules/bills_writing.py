"""Marking bills as paid and opening them again, with their events and with what people are told."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.access.context import BookWriter, Event
from app.access.watching import Warnings
from app.core.database import AnyRow
from app.core.ids import new_id
from app.core.money import plain, quantum
from app.notifications.notices import Kind, Notice, notify_members, withdraw
from app.schedules import bills_repository as repository
from app.schedules.bills_fitting import Link, Payment
from app.schedules.planned import Occurrence, recurrence
from app.schedules.prices import PriceChange, price_change, times_a_year

ENTITY = "schedule_occurrence"
BY_HAND = "by_hand"
"""The reason code of a match that somebody made: an edit of the transaction does not take it back."""
MOST_WARNINGS = 20

Pair = tuple[Occurrence, Payment]


def due_key(link: Link) -> str:
    """The key of the reminder before a bill is due."""
    return f"bill_due:{link[0]}:{link[1]}"


def overdue_key(link: Link) -> str:
    return f"bill_overdue:{link[0]}:{link[1]}"


async def mark_paid(book: BookWriter, found: Sequence[Pair], reason_code: str | None = None) -> Warnings:
    """Link payments to the occurrences they pay, take reminders back, and tell of changed prices.

    Returns a warning `bill_paid` for each, 20 at most.
    """
    if not found:
        return []
    links = [_link(bill, payment, reason_code) for bill, payment in found]
    past = await _paid_before(book, [bill.schedule.id for bill, _ in found])
    await repository.link(book.connection, book.book_id, book.revision, links)
    for (bill, _), link in zip(found, links, strict=True):
        _record(book, bill, link)
    keys = [key((bill.schedule.id, bill.due_on)) for bill, _ in found for key in (due_key, overdue_key)]
    await withdraw(book.connection, keys)
    for bill, payment in sorted(found, key=lambda pair: pair[0].due_on):
        await _tell_of_price(book, bill, payment, past.setdefault(bill.schedule.id, []))
    return [_warning(bill, payment) for bill, payment in found[:MOST_WARNINGS]]


async def reopen(book: BookWriter, bills: Sequence[Occurrence]) -> None:
    """Take payments away from their bills."""
    kept = [bill.kept for bill in bills if bill.kept is not None]
    if not kept:
        return
    await repository.reopen(book.connection, book.book_id, book.revision, [row.id for row in kept])
    for bill in bills:
        _record(book, bill, None)
    await withdraw(book.connection, [_price_key(row.schedule_id, row.linked_id) for row in kept])


def price_notice(schedule: AnyRow, transaction_id: UUID, change: PriceChange) -> Notice:
    """What is told of a changed price, once for the first payment of it."""
    unit = quantum(schedule.exponent)
    yearly = (change.difference * times_a_year(recurrence(schedule))).quantize(unit)
    before, after = (f"{plain(amount.quantize(unit))} {schedule.currency}" for amount in (change.before, change.after))
    return Notice(
        Kind.PRICE_CHANGED,
        _price_key(schedule.id, transaction_id),
        f"{schedule.name}: {after} instead of {before}",
        f"That makes {plain(abs(yearly))} {schedule.currency} {'more' if yearly > 0 else 'less'} a year.",
        {
            "schedule_id": schedule.id,
            "transaction_id": transaction_id,
            "before": plain(change.before.quantize(unit)),
            "after": plain(change.after.quantize(unit)),
            "per_year": plain(yearly),
            "currency": schedule.currency,
        },
        schedule.account_ids,
    )


def _price_key(schedule_id: UUID, transaction_id: UUID) -> str:
    return f"price_changed:{schedule_id}:{transaction_id}"


def _link(bill: Occurrence, payment: Payment, reason_code: str | None) -> dict[str, Any]:
    return {
        "schedule_id": bill.schedule.id,
        "due_on": bill.due_on,
        "id": bill.kept.id if bill.kept is not None else new_id(),
        "date": bill.date,
        "transaction_id": payment.id,
        "reason_code": reason_code,
    }


def _record(book: BookWriter, bill: Occurrence, link: dict[str, Any] | None) -> None:
    """The event of an occurrence that becomes paid, or with None open."""
    kept = bill.kept
    before = None
    if kept is not None:
        before = _image(bill, kept.id, kept.kept_status, kept.linked_id, kept.reason_code, kept.reason)
    if link is None:
        after = _image(bill, kept.id if kept else None, "planned", None, None)
    else:
        after = _image(bill, link["id"], "matched", link["transaction_id"], link["reason_code"])
    book.record(Event(ENTITY, after["id"], "updated" if before else "created", before=before, after=after))


def _image(
    bill: Occurrence, row_id: Any, status: str, transaction_id: UUID | None, code: str | None, reason: str | None = None
) -> dict[str, Any]:
    own = bill.kept.amount if bill.kept is not None else None
    return {
        "id": row_id,
        "schedule_id": bill.schedule.id,
        "account_ids": bill.schedule.account_ids,
        "due_on": bill.due_on,
        "date": bill.date,
        "status": status,
        "amount": own,
        "transaction_id": transaction_id,
        "reason": reason,
        "reason_code": code,
    }


def _warning(bill: Occurrence, payment: Payment) -> dict[str, Any]:
    return {
        "code": "bill_paid",
        "detail": f"It pays {bill.schedule.name}, due on {bill.date}.",
        "schedule_id": bill.schedule.id,
        "due_on": bill.due_on,
        "transaction_id": payment.id,
    }


async def _paid_before(book: BookWriter, schedules: Sequence[UUID]) -> dict[UUID, list[tuple[Any, Decimal]]]:
    """By schedule what was paid for which day, in their order."""
    found: dict[UUID, list[tuple[Any, Decimal]]] = {}
    for row in await repository.paid(book.connection, book.book_id, schedules):
        found.setdefault(row.schedule_id, []).append((row.due_on, row.amount))
    return found


async def _tell_of_price(book: BookWriter, bill: Occurrence, payment: Payment, past: list[tuple[Any, Decimal]]) -> None:
    """Tell of a price that is another than before, unless a later bill was paid already: that is the price now."""
    is_latest = not past or past[-1][0] < bill.due_on
    before = [amount for _, amount in past]
    if not before and bill.schedule.amount_kind == "fixed":
        before = [bill.schedule.amount]
    change = price_change(before, payment.amount) if is_latest else None
    if change is not None:
        await notify_members(book.connection, price_notice(bill.schedule, payment.id, change))
    if is_latest:
        past.append((bill.due_on, payment.amount))

"""Payments that came, put to the bills they pay, in the transaction that wrote them."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from anyio import to_thread

from app.access.context import BookWriter, Days
from app.access.private import seeing_all
from app.access.watching import Warnings, watches
from app.core.database import AnyRow
from app.core.fields import LATEST
from app.schedules import bills_repository as repository
from app.schedules.amounts import estimate, exactly
from app.schedules.bills_fitting import Payment, bounds, fit, may_pay, pairs, window_of
from app.schedules.bills_writing import BY_HAND, mark_paid, reopen
from app.schedules.calendar import FURTHEST_MOVE, shifted
from app.schedules.planned import OPEN, Occurrence, occurrences_of

FEW_PAIRS = 10_000
"""Up to so many are compared where they are; more of them in a thread."""
REACH = timedelta(days=65)
"""As far as a window and a weekend can lie between a payment and its bill."""


@watches("bills")
async def match(book: BookWriter, days: Days) -> Warnings:
    """Mark the bills that what came pays, and open again those whose payment was changed into something else.

    Two statements where nothing fits, however much came; a few more where something does.
    """
    around = shifted(days.first, -REACH), shifted(days.last, REACH)
    schedules = await repository.bills(book.connection, book.book_id, *around)
    if not schedules:
        return []
    wanted = [_wanted(row) for row in schedules]
    came = await repository.came(book.connection, book.book_id, book.revision, days.first, days.last, wanted)
    came = await _free(book, came)
    if not came:
        return []
    # What was matched by hand may have been due long before.
    touched = [day for row in came for day in (row.date, row.due_on) if day is not None]
    first, last = shifted(min(touched), -REACH), shifted(max(touched), REACH)
    spans = _spans(touched)
    bills = await occurrences_of(book, schedules, first, last, spans)
    freed = await _reopen_changed(book, bills, came)
    if freed:  # what paid another bill before its edit may pay one of these now
        bills = await occurrences_of(book, schedules, first, last, spans)
    rejected = await repository.rejected(book.connection, book.book_id, [row.id for row in came])
    open_ones = [bill for bill in bills if bill.status in OPEN]
    payments = [Payment.of(row) for row in came if row.schedule_id is None or row.id in freed]

    def paired() -> list[tuple[Occurrence, Payment]]:
        return pairs(open_ones, payments, lambda bill, paid: (bill.schedule.id, bill.due_on, paid.id) not in rejected)

    few = len(open_ones) * len(payments) <= FEW_PAIRS
    return await mark_paid(book, paired() if few else await to_thread.run_sync(paired))


def _spans(touched: Iterable[date]) -> list[tuple[date, date]]:
    """The days around these, without those between that no payment is near to."""
    spans: list[tuple[date, date]] = []
    for day in sorted(set(touched)):
        first, last = shifted(day, -REACH), shifted(day, REACH)
        if spans and first <= spans[-1][1]:
            spans[-1] = (spans[-1][0], last)
        else:
            spans.append((first, last))
    return spans


async def _free(book: BookWriter, came: Sequence[AnyRow]) -> Sequence[AnyRow]:
    """Without what stands for an occurrence of a schedule that this member does not see: it pays nothing else."""
    loose = [row.id for row in came if row.schedule_id is None]
    if not (book.hides and loose):
        return came
    async with seeing_all(book):
        taken = await repository.taken(book.connection, book.book_id, loose)
    return [row for row in came if row.schedule_id is not None or row.id not in taken]


def _wanted(schedule: AnyRow) -> dict[str, Any]:
    """What a payment of any occurrence of it must be like, for the statement that looks among what came."""
    abouts = [estimate(schedule, None, schedule.past)]
    abouts += [exactly(own) for own in (schedule.own_least, schedule.own_most) if own is not None]
    limits = [bounds(schedule, about) for about in abouts if about is not None]
    slack = timedelta(days=window_of(schedule)) + FURTHEST_MOVE
    return {
        "account_id": schedule.account_id,
        "type": schedule.template["type"],
        "least": min((low for low, _ in limits), default=Decimal(0)),
        "most": max((high for _, high in limits), default=Decimal(0)),
        "first": shifted(max(schedule.active_from, schedule.starts_on), -slack),
        "last": shifted(schedule.ends_before, slack) if schedule.ends_before else LATEST,
    }


async def _reopen_changed(book: BookWriter, bills: Sequence[Occurrence], came: Sequence[AnyRow]) -> set[UUID]:
    """Open the bills whose payment fits no more, and returns the payments.

    What was matched by hand stays while it could pay the bill at all.
    """
    by_link = {(bill.schedule.id, bill.due_on): bill for bill in bills}
    changed = {}
    for row in came:
        bill, payment = by_link.get((row.schedule_id, row.due_on)), Payment.of(row)
        if bill is None or row.status != "matched":
            continue
        stays = may_pay(bill, payment) if row.reason_code == BY_HAND else fit(bill, payment) is not None
        if not stays:
            changed[row.id] = bill
    await reopen(book, list(changed.values()))
    return set(changed)

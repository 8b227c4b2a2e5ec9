"""Which payment pays which bill: by account, direction, amount, day and name. The best fit wins, one pays one."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.core.database import AnyRow
from app.schedules.amounts import Estimate
from app.schedules.planned import Occurrence

DEFAULT_TOLERANCE = Decimal(10)
"""In percent, for a bill that says none."""
DEFAULT_WINDOW = 5
"""In days before and after the date, for a bill that says none."""
_NO_WORD = re.compile(r"[\W_]+")
_NO_LETTER = re.compile(r"[\W\d_]+")

Link = tuple[UUID, date]
"""An occurrence: its schedule and `due_on`."""


@dataclass(frozen=True)
class Payment:
    """An expense or income of the ledger; `amount` is a magnitude in the account's currency."""

    id: UUID
    type: str
    date: date
    account_id: UUID
    amount: Decimal
    payee: str | None
    description: str | None

    @classmethod
    def of(cls, row: AnyRow) -> "Payment":
        return cls(row.id, row.type, row.date, row.account_id, row.amount, row.payee, row.description)


def words_of(text: str | None) -> str:
    """A text in lower case, its words parted by one space."""
    return _NO_WORD.sub(" ", (text or "").casefold()).strip()


def _letters(text: str | None) -> str:
    """The same without numbers: a description that counts its months is still the same one."""
    return _NO_LETTER.sub(" ", (text or "").casefold()).strip()


def names_of(schedule: AnyRow) -> str:
    """What a payment of this bill must say: its payee, else its description; empty where it says neither."""
    return words_of(schedule.payee) or words_of(schedule.template.get("description"))


def window_of(schedule: AnyRow) -> int:
    return DEFAULT_WINDOW if schedule.window_days is None else int(schedule.window_days)


def bounds(schedule: AnyRow, about: Estimate) -> tuple[Decimal, Decimal]:
    """The least and the most that a payment of it may be: what is expected, widened by the tolerance.

    An average is widened around its mean: what was paid before says nothing of the extremes to come.
    """
    tolerance = DEFAULT_TOLERANCE if schedule.tolerance is None else schedule.tolerance
    ranged = schedule.amount_kind == "range"
    least, most = (about.least, about.most) if ranged else (about.expected, about.expected)
    return least * (100 - tolerance) / 100, most * (100 + tolerance) / 100


def may_pay(bill: Occurrence, payment: Payment) -> bool:
    """Whether it could pay the bill at all, whatever its day, amount and name are."""
    schedule = bill.schedule
    return (payment.account_id, payment.type) == (schedule.account_id, schedule.template["type"])


def fit(bill: Occurrence, payment: Payment) -> tuple[Any, ...] | None:
    """How well they fit, the least first; None where they do not."""
    schedule, about = bill.schedule, bill.estimate
    apart = abs((payment.date - bill.date).days)
    if about is None or not may_pay(bill, payment) or apart > window_of(schedule):
        return None
    least, most = bounds(schedule, about)
    if not least <= payment.amount <= most:
        return None
    wanted = names_of(schedule)
    said = f" {words_of(payment.payee)} {words_of(payment.description)} {_letters(payment.description)} "
    if wanted and f" {wanted} " not in said:
        return None
    off = abs(payment.amount - about.expected) / about.expected
    return (not wanted, apart, off, bill.due_on, schedule.id, payment.date, payment.id)


def pairs(
    bills: Sequence[Occurrence], payments: Iterable[Payment], may: Callable[[Occurrence, Payment], bool]
) -> list[tuple[Occurrence, Payment]]:
    """Who pays what. Each bill and each payment is in one pair at most; `may` says which never are together."""
    by_side: dict[tuple[UUID, str], list[Occurrence]] = {}
    for bill in sorted(bills, key=lambda one: one.date):
        by_side.setdefault((bill.schedule.account_id, bill.schedule.template["type"]), []).append(bill)
    widest = timedelta(days=max((window_of(bill.schedule) for bill in bills), default=0))
    fitting = []
    for payment in payments:
        near = by_side.get((payment.account_id, payment.type), [])
        begin = bisect_left(near, payment.date, key=lambda one: one.date + widest)
        for bill in near[begin:]:
            if bill.date - payment.date > widest:
                break
            how = fit(bill, payment)
            if how is not None and may(bill, payment):
                fitting.append((how, bill, payment))
    fitting.sort(key=lambda found: found[0])
    paid: set[Link] = set()
    used: set[UUID] = set()
    found = []
    for _, bill, payment in fitting:
        link = (bill.schedule.id, bill.due_on)
        if link not in paid and payment.id not in used:
            paid.add(link)
            used.add(payment.id)
            found.append((bill, payment))
    return found

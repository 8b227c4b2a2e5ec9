"""From a book's history to what comes again in it: reading, detection off the event loop, and what is known of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from anyio import to_thread

from app.access.context import BookReader
from app.core.database import AnyRow
from app.core.money import quantum
from app.schedules import bills_links
from app.schedules.bills_links import Linked
from app.subscriptions import repository
from app.subscriptions.detection import Found, Source, find
from app.subscriptions.series import Payment, words_of

HISTORY = timedelta(days=25 * 31)
"""How far back is looked: 25 months, so that what comes once a year came twice at least."""
AVERAGE_OF = 6
ALIKE = Decimal("0.1")
"""By how much a schedule's amount may differ from a series that it is taken to stand for."""

Document = dict[str, Any]


@dataclass(frozen=True)
class Subscription:
    """A series, its currency, and what people made of it."""

    found: Found
    currency: str
    exponent: int
    category_id: UUID | None
    schedule: Linked | None
    dismissal_id: UUID | None

    @property
    def status(self) -> str:
        if self.schedule is not None:
            return "accepted"
        return "dismissed" if self.dismissal_id is not None else "suggested"

    @property
    def fixed(self) -> bool:
        """Whether the price stays the same between its changes."""
        return self.found.series.spread == 0

    @property
    def average(self) -> Decimal:
        """Of the last 6 payments, rounded to the currency's decimals."""
        amounts = [payment.amount for payment in self.found.series.payments[-AVERAGE_OF:]]
        return (sum(amounts, Decimal(0)) / len(amounts)).quantize(quantum(self.exponent))

    @property
    def per_year(self) -> Decimal:
        return self._yearly(self.found.series.amount if self.fixed else self.average)

    @property
    def document(self) -> Document:
        """As the API tells it."""
        series, rhythm, source = self.found.series, self.found.rhythm, self.found.source
        return {
            "key": self.found.key,
            "status": self.status,
            "direction": source.direction,
            "name": source.name,
            "payee_id": source.payee_id,
            "account_id": source.account_id,
            "category_id": self.category_id,
            "currency": self.currency,
            "interval": {"unit": rhythm.interval.unit, "every": rhythm.interval.every},
            "amount_kind": "fixed" if self.fixed else "average",
            "amount": series.amount,
            "average": self.average,
            "per_month": (self.per_year / 12).quantize(quantum(self.exponent)),
            "per_year": self.per_year,
            "first_on": series.payments[0].day,
            "last_on": series.payments[-1].day,
            "next_on": rhythm.next_on,
            "count": len(series.payments),
            "missed": rhythm.missed,
            "confidence": self.found.confidence,
            "reasons": self.found.reasons,
            "price_change": self.price_change,
            "schedule_id": self.schedule.id if self.schedule else None,
            "transaction_ids": [payment.id for payment in series.payments],
        }

    @property
    def price_change(self) -> Document | None:
        change = self.found.price_change
        if change is None:
            return None
        before, after = change
        per_year = self._yearly(after.amount - before.amount)
        return {"changed_on": after.day, "before": before.amount, "after": after.amount, "per_year": per_year}

    def _yearly(self, amount: Decimal) -> Decimal:
        return (amount * self.found.rhythm.interval.times_a_year).quantize(quantum(self.exponent))


async def subscriptions_of(book: BookReader, today: date) -> list[Subscription]:
    """All that comes again in the book, the surest first, whatever people made of it."""
    since = today - HISTORY
    rows = await repository.groups(book.connection, book.book_id, since)
    found = await to_thread.run_sync(lambda: find(_groups(rows), today))
    latest = [each.series.payments[-1].id for each in found]
    categories = await repository.categories(book.connection, book.book_id, latest)
    dismissals = await repository.dismissals(book.connection, book.book_id)
    linked = await bills_links.linked(book, since)
    money = {row.account_id: (row.currency, row.exponent) for row in rows}
    return [
        Subscription(
            each,
            *money[each.source.account_id],
            categories.get(each.series.payments[-1].id),
            _schedule_of(each, linked),
            next((dismissals[p.id] for p in each.series.payments if p.id in dismissals), None),
        )
        for each in found
    ]


def _groups(rows: Sequence[AnyRow]) -> Iterator[tuple[Source, list[Payment]]]:
    for row in rows:
        payments = [
            Payment(row_id, day, amount, words_of(text))
            for row_id, day, amount, text in zip(row.ids, row.days, row.amounts, row.descriptions, strict=True)
        ]
        if row.payee_id is not None:
            yield Source(row.account_id, row.type, row.payee_id, row.name), payments
            continue
        said = dict(zip(row.ids, row.descriptions, strict=True))
        by_words: dict[str, list[Payment]] = {}
        for payment in sorted(payments, key=lambda each: (each.day, each.id)):
            by_words.setdefault(payment.text, []).append(payment)
        for words, same in by_words.items():
            if words:
                yield Source(row.account_id, row.type, None, said[same[-1].id], words), same


def _schedule_of(found: Found, linked: Sequence[Linked]) -> Linked | None:
    """The schedule that some of its payments belong to, or one for the same payee and about the same amount."""
    ids = {payment.id for payment in found.series.payments}
    source, last = found.source, [payment.amount for payment in found.series.payments[-AVERAGE_OF:]]
    amounts = (found.series.amount, sum(last, Decimal(0)) / len(last))
    for schedule in linked:
        if not ids.isdisjoint(schedule.transaction_ids):
            return schedule
    for schedule in linked:
        if (
            not schedule.transaction_ids
            and (schedule.account_id, schedule.direction) == (source.account_id, source.direction)
            and (schedule.payee or schedule.name).casefold() == source.name.casefold()
            and schedule.amount is not None
            and any(abs(schedule.amount - amount) <= ALIKE * amount for amount in amounts)
        ):
            return schedule
    return None

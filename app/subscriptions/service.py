"""Suggestions to accept or dismiss, and what all that comes again makes in a month and a year."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from app.access.context import BookReader, BookWriter, Event
from app.core.errors import ConflictError, NotFoundError
from app.core.ids import new_id
from app.core.money import quantum
from app.schedules import bills_links
from app.schedules import service as schedules
from app.schedules.schemas import ScheduleIn
from app.subscriptions import repository
from app.subscriptions.detection import Found
from app.subscriptions.finding import AVERAGE_OF, Document, Subscription, subscriptions_of
from app.subscriptions.rhythm import LAST_DAY
from app.subscriptions.schemas import AcceptIn

ENTITY = "subscription_dismissal"
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
YEAR = timedelta(days=365)
TOLERANCES = {True: Decimal(25), False: Decimal(60)}
"""In percent, for a price that stays and for amounts that vary: it has the payee's name to go by besides."""


class SuggestionNotFoundError(NotFoundError):
    code = "subscription_not_found"

    def __init__(self) -> None:
        super().__init__("Nothing of this key is found now; list the subscriptions again.")


class AlreadyAcceptedError(ConflictError):
    """It is followed by a schedule."""

    code = "subscription_accepted"
    title = "It is accepted already"


async def every(book: BookReader, min_confidence: Decimal, status: str | None) -> list[Document]:
    """What comes again, the surest first."""
    found = await subscriptions_of(book, book.actor.today())
    return [
        each.document
        for each in found
        if each.found.confidence >= min_confidence and (status is None or each.status == status)
    ]


async def accept(book: BookWriter, body: AcceptIn) -> Document:
    """Make a bill of a suggestion and give it the payments that were found; returns the subscription as it is then.

    The bill is fixed at the last amount, or the average of 6 where amounts vary, on the day that fits the payments
    best. Raises `SuggestionNotFoundError`, `AlreadyAcceptedError`, and what making a schedule raises.
    """
    subscription = await _found(book, body.key)
    if subscription.schedule is not None:
        raise AlreadyAcceptedError(f"The schedule {subscription.schedule.id} follows it.")
    source, rhythm = subscription.found.source, subscription.found.rhythm
    days = _due_days(subscription.found)
    made = await schedules.create(
        book,
        ScheduleIn(
            name=body.name or source.name[:200],
            kind="bill",
            template={
                "type": source.direction,
                "account_id": str(source.account_id),
                "category_id": str(body.category_id or subscription.category_id or "") or None,
                "payee": source.name if source.payee_id else None,
                "description": None if source.payee_id else source.words,
            },
            rrule=rule_of(subscription.found),
            starts_on=days[0],
            active_from=rhythm.next_on,
            amount_kind="fixed" if subscription.fixed else "average",
            amount=subscription.found.series.amount if subscription.fixed else subscription.average,
            average_of=None if subscription.fixed else AVERAGE_OF,
            tolerance=TOLERANCES[subscription.fixed],
            window_days=min(rhythm.interval.tolerance + 1, int(rhythm.interval.days) // 2),
            remind_days=body.remind_days,
        ),
    )
    payments = [payment.id for payment in subscription.found.series.payments]
    await bills_links.link_history(book, made["id"], list(zip(days, payments, strict=True)))
    return (await _found(book, body.key)).document


async def dismiss(book: BookWriter, key: str) -> Document:
    """Remember that it is none, by its last payment; one that was dismissed stays so. Raises as `accept` does."""
    subscription = await _found(book, key)
    if subscription.schedule is not None:
        raise AlreadyAcceptedError(f"The schedule {subscription.schedule.id} follows it; archive that.")
    if subscription.dismissal_id is None:
        source, series = subscription.found.source, subscription.found.series
        row: Document = {
            "id": new_id(),
            "account_id": source.account_id,
            "direction": source.direction,
            "name": source.name,
            "unit": series.rhythm.interval.unit,
            "every": series.rhythm.interval.every,
            "amount": series.amount,
            "transaction_id": series.payments[-1].id,
        }
        await repository.add_dismissal(book.connection, {"book_id": book.book_id, **row})
        book.record(Event(ENTITY, row["id"], "created", after=row))
    return {**subscription.document, "status": "dismissed"}


async def summary(book: BookReader, min_confidence: Decimal) -> Document:
    """What the next twelve months bring by schedules, and what suggestions would add, by direction and currency."""
    today = book.actor.today()
    known = [
        _known(each.id, each.name, each.direction, each.currency, each.total, each.exponent)
        for each in await bills_links.yearly(book, today + timedelta(days=1), today + YEAR)
    ]
    suggested = [
        {"direction": each.found.source.direction, "currency": each.currency, "exponent": each.exponent,
         "per_year": each.per_year}
        for each in await subscriptions_of(book, today)
        if each.status == "suggested" and each.found.confidence >= min_confidence
    ]  # fmt: skip
    known.sort(key=lambda each: (each["direction"], -each["per_year"], each["name"]))
    return {"known": known, "totals": _totals(known), "suggested": _totals(suggested)}


def rule_of(found: Found) -> str:
    """The recurrence rule of a rhythm. A day that a month lacks is its last one, as schedules clamp it."""
    interval, anchor = found.rhythm.interval, found.rhythm.anchor
    every = "" if interval.every == 1 else f";INTERVAL={interval.every}"
    if interval.unit == "week":
        return f"FREQ=WEEKLY{every};BYDAY={WEEKDAYS[anchor]}"
    day = -1 if anchor == LAST_DAY else anchor
    if interval.unit == "month":
        return f"FREQ=MONTHLY{every};BYMONTHDAY={day}"
    return f"FREQ=YEARLY;BYMONTH={found.rhythm.next_on.month};BYMONTHDAY={day}"


def _due_days(found: Found) -> list[date]:
    """For each payment the day of the rule that it was paid for."""
    return list(found.rhythm.due_days([payment.day for payment in found.series.payments]))


async def _found(book: BookReader, key: str) -> Subscription:
    for each in await subscriptions_of(book, book.actor.today()):
        if each.found.key == key:
            return each
    raise SuggestionNotFoundError


def _known(schedule_id: Any, name: str, direction: str, currency: str, per_year: Decimal, exponent: int) -> Document:
    return {
        "schedule_id": schedule_id,
        "name": name,
        "direction": direction,
        "currency": currency,
        "exponent": exponent,
        "per_month": (per_year / 12).quantize(quantum(exponent)),
        "per_year": per_year,
    }


def _totals(items: Iterable[Document]) -> list[Document]:
    found: dict[tuple[str, str], Document] = {}
    for item in items:
        total = found.setdefault(
            (item["direction"], item["currency"]),
            {"direction": item["direction"], "currency": item["currency"], "count": 0, "per_year": Decimal(0)},
        )
        total["count"] += 1
        total["per_year"] += item["per_year"]
        total["per_month"] = (total["per_year"] / 12).quantize(quantum(item["exponent"]))
    return [found[key] for key in sorted(found)]

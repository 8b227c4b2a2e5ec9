"""The weekly report by mail: planned for each person's own Monday morning, and sent by a job for each book."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.acting import open_as
from app.access.context import BookReader
from app.access.repository import act_as
from app.core.config import Settings
from app.core.database import AnyRow
from app.core.errors import ConflictError, NotFoundError
from app.core.jobs.queue import defer
from app.core.secret import signing_secret
from app.mail.outbox import post
from app.notifications import planning, preferences, repository, unsubscribing
from app.notifications.notices import Kind
from app.notifications.sending import for_each
from app.weekly import chart, mails, service

PEOPLE_AT_ONCE = 200
MOMENT = timedelta(seconds=1)
SEND = "weekly.send"


class AddressNotConfirmedError(ConflictError):
    code = "address_not_confirmed"
    title = "Your address is not confirmed"


async def plan_due(connection: AsyncConnection, at: datetime) -> int:
    """Have a report made for everybody whose is due at this instant, and plan the next; returns how many were.

    Who was never planned for is: their first report is that of the next week that ends.
    """
    people = await repository.people_to_report_to(connection, at, PEOPLE_AT_ONCE)
    return await for_each(connection, people, lambda user_id: _plan(connection, user_id, at))


async def _plan(connection: AsyncConnection, user_id: UUID, at: datetime) -> int:
    await act_as(connection, user_id)
    await repository.hold_settings(connection, user_id)  # who plans at the same time waits, and finds it done
    person = await planning.person(connection, user_id)
    if person.report_due_at is not None and person.report_due_at > at:
        return 0
    chosen, zone = preferences.of(person.settings), ZoneInfo(person.time_zone)
    first = service.last_whole_week(at.astimezone(zone).date())
    wanted = person.report_due_at is not None and chosen.weekly_report.enabled and person.reported_week != first
    books = _books(chosen.weekly_report.book_ids, person) if wanted else ()
    for book_id in books:
        payload = {"user_id": str(user_id), "book_id": str(book_id), "week": str(first)}
        await defer(connection, SEND, payload, key=f"{SEND}:{user_id}:{book_id}:{first}")
    await repository.plan_report(connection, user_id, chosen.report_due(at + MOMENT, zone), first if wanted else None)
    return len(books)


def _books(chosen: Sequence[UUID] | None, person: AnyRow) -> Sequence[UUID]:
    if chosen is not None:
        return chosen
    return [person.default_book_id] if person.default_book_id is not None else []


async def send_of_job(
    connection: AsyncConnection, settings: Settings, user_id: UUID, book_id: UUID, first: date
) -> bool:
    """Post the report of a week to a member, as they see the book; False where there is nothing to report or to send.

    That is so too where they have left the book since, or turned the report off.
    """
    await act_as(connection, user_id)
    person = await repository.settings(connection, user_id)
    if person is None or person.email_verified_at is None:
        return False
    if not preferences.of(person.settings).weekly_report.enabled:
        return False
    try:
        book = await open_as(connection, book_id, user_id)
    except NotFoundError:
        return False
    return await _send(book, settings, person.email, first, empty_too=False)


async def send_now(book: BookReader, settings: Settings, first: date) -> str:
    """Post the report to who asks; returns the address. Raises `AddressNotConfirmedError`."""
    person = await planning.person(book.connection, book.actor.user_id)
    if person.email_verified_at is None:
        raise AddressNotConfirmedError(
            "Mail goes to confirmed addresses alone: ask for another mail with POST /auth/verify-email/resend."
        )
    await _send(book, settings, person.email, first, empty_too=True)
    return str(person.email)


async def _send(book: BookReader, settings: Settings, address: str, first: date, *, empty_too: bool) -> bool:
    report = await service.weekly(book, first)
    if not empty_too and service.is_empty(report):
        return False
    picture = await chart.spending(report["days"], report["currency"])
    secret = signing_secret(settings)
    url = unsubscribing.link(settings.public_url, secret, book.actor.user_id, Kind.WEEKLY_REPORT.value)
    mail = mails.weekly(report, settings.public_url, url)
    await post(
        book.connection,
        address,
        mail.subject,
        mail.text,
        html=mail.html,
        headers=unsubscribing.headers(url),
        pictures=[picture],
    )
    return True

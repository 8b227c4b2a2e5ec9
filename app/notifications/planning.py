"""Choosing how one is told, and what follows from it for mail that waits."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.clock import now
from app.core.conditional import check_revision
from app.core.database import AnyRow
from app.core.errors import NotFoundError, invalid
from app.notifications import preferences, repository
from app.notifications.notices import Kind
from app.notifications.preferences import MAILED, Channel, Preferences

MOST_AT_ONCE = 10_000
"""More than anybody has waiting; a bound all the same."""


async def person(connection: AsyncConnection, user_id: UUID) -> AnyRow:
    """Whom this transaction acts as, with their settings; raises `NotFoundError` where they are gone."""
    row = await repository.settings(connection, user_id)
    if row is None:
        raise NotFoundError("This user does not exist any more.")
    return row


async def budget_thresholds(connection: AsyncConnection, user_id: UUID) -> list[Decimal]:
    """At which shares of a budget, in percent, the person whom this transaction acts as wants to be told."""
    return preferences.of((await person(connection, user_id)).settings).budget_thresholds


async def replace(connection: AsyncConnection, user_id: UUID, wanted: Preferences, expected: int | None) -> AnyRow:
    """Have the person be told so from now on, what waits to be mailed included.

    Raises `RevisionMismatchError`, and `InvalidError` for a book they are no member of.
    """
    await repository.hold_settings(connection, user_id)
    check_revision(expected, (await person(connection, user_id)).revision)
    books = wanted.weekly_report.book_ids
    if books and await repository.strange_books(connection, user_id, books):
        raise invalid("weekly_report.book_ids", "unknown_book", "names a book that you are no member of")
    return await _store(connection, user_id, wanted)


async def stop_mail(connection: AsyncConnection, user_id: UUID, scope: str) -> None:
    """Turn mail off for a kind, or for all that comes in a digest (`daily`, `weekly`), as one click in a mail does."""
    await repository.hold_settings(connection, user_id)
    wanted = preferences.of((await person(connection, user_id)).settings)
    if scope == Kind.WEEKLY_REPORT:
        wanted.weekly_report = wanted.weekly_report.model_copy(update={"enabled": False})
    else:
        wanted.channels = {
            kind: Channel.OFF if scope in {kind.value, channel.value} else channel
            for kind, channel in wanted.channels.items()
        }
    await _store(connection, user_id, wanted)


async def _store(connection: AsyncConnection, user_id: UUID, wanted: Preferences) -> AnyRow:
    await repository.change_settings(connection, user_id, wanted.document(), now())
    await replan(connection, user_id)
    return await person(connection, user_id)


async def replan(connection: AsyncConnection, user_id: UUID) -> None:
    """After a change of the settings or of the time zone: have what waits leave when it should now."""
    row = await person(connection, user_id)
    chosen, zone, present = preferences.of(row.settings), ZoneInfo(row.time_zone), now()
    waiting = await repository.take_open(connection, user_id, None, MOST_AT_ONCE)
    dues = {each.id: due(chosen, each.kind, present, zone) for each in waiting}
    await repository.settle(connection, user_id, [one for one, when in dues.items() if when is None], [], present)
    await repository.plan(connection, user_id, {one: when for one, when in dues.items() if when is not None})
    if row.report_due_at is not None:
        await repository.plan_report(connection, user_id, chosen.report_due(present, zone))


def due(chosen: Preferences, kind: str, since: datetime, zone: ZoneInfo) -> datetime | None:
    """When mail of a stored kind leaves; None where none does, or where the kind is no more."""
    return chosen.due(Kind(kind), since, zone) if kind in set(MAILED) else None

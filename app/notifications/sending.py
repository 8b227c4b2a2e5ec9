"""Mail about what people were told: posted in the transaction that notes that it was, so never twice and never lost."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.repository import act_as
from app.core.config import Settings
from app.core.database import AnyRow, is_disconnect
from app.core.secret import signing_secret
from app.mail.outbox import post
from app.notifications import mails, planning, preferences, repository, unsubscribing
from app.notifications.preferences import Channel, Preferences

PEOPLE_AT_ONCE = 200
MOST_OF_ONE = 500

log = structlog.get_logger("finance.notifications")


async def mail_due(connection: AsyncConnection, settings: Settings, at: datetime) -> int:
    """Post the mail that is due at this instant, and plan that of what was told since; returns how many were posted.

    Everybody has a savepoint of their own: who cannot be mailed keeps nobody else's waiting. Any number of these may
    run at once: each passes over what another holds.
    """
    people = await repository.people_to_mail(connection, at, PEOPLE_AT_ONCE)
    return await for_each(connection, people, lambda user_id: _mail(connection, settings, user_id, at))


async def for_each(connection: AsyncConnection, people: Sequence[UUID], act: Callable[[UUID], Awaitable[int]]) -> int:
    """The sum of what the act answers for each; where it fails for one, that is logged and taken back alone."""
    done = 0
    for user_id in people:
        try:
            async with connection.begin_nested():
                done += await act(user_id)
        except (DBAPIError, ValueError) as error:
            if isinstance(error, DBAPIError) and is_disconnect(error):
                raise
            log.exception("person_passed_over", user_id=str(user_id))
    return done


async def _mail(connection: AsyncConnection, settings: Settings, user_id: UUID, at: datetime) -> int:
    await act_as(connection, user_id)
    open_ones = await repository.take_open(connection, user_id, at, MOST_OF_ONE)
    if not open_ones:
        return 0
    person = await planning.person(connection, user_id)
    chosen, zone = preferences.of(person.settings), ZoneInfo(person.time_zone)
    reachable = person.email_verified_at is not None and not person.banned
    due: dict[str, list[AnyRow]] = {}
    later: dict[UUID, datetime] = {}
    for each in open_ones:
        leaves = each.mail_due_at or planning.due(chosen, each.kind, each.created_at, zone)
        # What was read before its mail was due needs none.
        if leaves is None or each.read_at is not None or not reachable:
            continue
        if leaves > at:
            later[each.id] = leaves
        else:
            due.setdefault(_scope(chosen, each.kind), []).append(each)
    for scope, rows in due.items():
        await _post(connection, settings, person, zone, scope, rows)
    await repository.plan(connection, user_id, later)
    mailed = [each.id for rows in due.values() for each in rows]
    await repository.settle(connection, user_id, [each.id for each in open_ones if each.id not in later], mailed, at)
    return len(due)


def _scope(chosen: Preferences, kind: str) -> str:
    """What shares a mail, and what its unsubscribe link is of: the digest, or the kind."""
    channel = next((channel for name, channel in chosen.channels.items() if name.value == kind), Channel.IMMEDIATELY)
    return channel.value if channel in {Channel.DAILY, Channel.WEEKLY} else kind


async def _post(
    connection: AsyncConnection,
    settings: Settings,
    person: AnyRow,
    zone: ZoneInfo,
    scope: str,
    rows: Sequence[AnyRow],
) -> None:
    items = [mails.Item(row.title, row.body, row.book_name, row.created_at.astimezone(zone)) for row in rows]
    url = unsubscribing.link(settings.public_url, signing_secret(settings), person.user_id, scope)
    mail = mails.notices(scope, items, settings.public_url, url)
    headers = unsubscribing.headers(url)
    await post(connection, person.email, mail.subject, mail.text, html=mail.html, headers=headers)
